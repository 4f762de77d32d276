//! [`MapDraft`]: a map that is mostly like another one.

use std::ops::Range;

use super::{Key, Map, Value};

/// Makes a map out of another one, entry by entry in key order. Nothing is copied before the first difference, and
/// without any the result is the other map itself, at its place in memory.
///
/// ```
/// use tautline_core::{MapDraft, Map, Value};
/// let ports: Map = [("http", 80), ("https", 443)].into_iter().collect();
/// let mut draft = MapDraft::of(&ports);
/// draft.keep();
/// draft.replace(Value::Int(8443));
/// assert_eq!(draft.finish().get("https"), Some(&Value::Int(8443)));
/// ```
#[derive(Debug)]
pub struct MapDraft<'m> {
    from: &'m Map,
    /// How many entries of `from` were dealt with.
    done: usize,
    out: Out,
}

#[derive(Debug)]
enum Out {
    /// Nothing differs yet.
    Same,
    /// The other map with other values: its keys stay, and what was not dealt with.
    Values(Map),
    /// The entries, and how many of the other map's they account for: those that are kept after that are copied when the
    /// next one differs.
    Entries(Vec<(Key, Value)>, usize),
}

impl<'m> MapDraft<'m> {
    /// A draft of which nothing is decided.
    #[inline]
    pub fn of(from: &'m Map) -> Self {
        Self { from, done: 0, out: Out::Same }
    }

    /// Keeps the next entry as it is.
    #[inline]
    pub fn keep(&mut self) {
        self.done += 1;
    }

    /// Keeps the next entry's key and gives it another value.
    pub fn replace(&mut self, value: Value) {
        if let Out::Same = self.out {
            self.out = Out::Values(self.from.clone());
        }
        match &mut self.out {
            Out::Values(map) => {
                if let Some(place) = map.values_mut().nth(self.done) {
                    *place = value;
                }
            }
            _ => {
                if let Some((key, _)) = self.from.iter().get(self.done) {
                    self.entries().push((key.clone(), value));
                }
            }
        }
        self.pass();
    }

    /// Leaves the next entry out.
    pub fn skip(&mut self) {
        self.entries();
        self.pass();
    }

    /// Puts an entry of its own before the next one.
    pub fn put(&mut self, key: Key, value: Value) {
        self.entries().push((key, value));
    }

    /// The map. Entries that were not dealt with are left out.
    #[inline]
    pub fn finish(self) -> Map {
        let from = self.from;
        self.changed().unwrap_or_else(|| from.clone())
    }

    /// The map, if it is another one than the draft was made of: counts no reference where it is not.
    #[inline]
    pub fn changed(mut self) -> Option<Map> {
        let is_whole = self.done >= self.from.len();
        match self.out {
            Out::Same if is_whole => None,
            Out::Values(map) if is_whole => Some(map),
            _ => Some(Map::from_entries(std::mem::take(self.entries()))),
        }
    }

    #[inline]
    fn pass(&mut self) {
        self.done += 1;
        if let Out::Entries(_, copied) = &mut self.out {
            *copied = self.done;
        }
    }

    /// The entries up to the next one.
    fn entries(&mut self) -> &mut Vec<(Key, Value)> {
        if !matches!(self.out, Out::Entries(..)) {
            let mut entries = Vec::with_capacity(self.from.len() + 1);
            let made = match std::mem::replace(&mut self.out, Out::Same) {
                Out::Values(map) => map,
                _ => self.from.clone(),
            };
            copy(&made, 0..self.done, &mut entries);
            self.out = Out::Entries(entries, self.done);
        }
        let Out::Entries(entries, copied) = &mut self.out else { unreachable!("they were just made") };
        copy(self.from, *copied..self.done, entries);
        *copied = self.done;
        entries
    }
}

fn copy(from: &Map, range: Range<usize>, to: &mut Vec<(Key, Value)>) {
    for (key, value) in from.iter().skip(range.start).take(range.len()) {
        to.push((key.clone(), value.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_the_same_is_the_map_itself() {
        let map: Map = [("a", 1), ("b", 2), ("c", 3)].into_iter().collect();
        let mut draft = MapDraft::of(&map);
        (0..3).for_each(|_| draft.keep());
        assert!(draft.finish().is_same(&map));
        let mut draft = MapDraft::of(&map);
        (0..3).for_each(|_| draft.keep());
        assert_eq!(draft.changed(), None);

        let mut draft = MapDraft::of(&map);
        draft.keep();
        draft.put(Key::new("aa"), Value::Int(9));
        draft.skip();
        draft.replace(Value::Int(4));
        let changed: Map = [("a", 1), ("aa", 9), ("c", 4)].into_iter().collect();
        assert_eq!(draft.changed(), Some(changed));
        assert_eq!(MapDraft::of(&map).finish(), Map::new());
    }
}
