//! [`MapDraft`]: a map that is mostly like another one.

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
    /// The entries, once they differ.
    out: Option<Vec<(Key, Value)>>,
}

impl<'m> MapDraft<'m> {
    /// A draft of which nothing is decided.
    pub fn of(from: &'m Map) -> Self {
        Self { from, done: 0, out: None }
    }

    /// Keeps the next entry as it is.
    #[inline]
    pub fn keep(&mut self) {
        if let (Some(out), Some(entry)) = (&mut self.out, self.from.entries().get(self.done)) {
            out.push(entry.clone());
        }
        self.done += 1;
    }

    /// Keeps the next entry's key and gives it another value.
    pub fn replace(&mut self, value: Value) {
        if let Some((key, _)) = self.from.entries().get(self.done) {
            let key = key.clone();
            self.differing().push((key, value));
        }
        self.done += 1;
    }

    /// Leaves the next entry out.
    pub fn skip(&mut self) {
        self.differing();
        self.done += 1;
    }

    /// Puts an entry of its own before the next one.
    pub fn put(&mut self, key: Key, value: Value) {
        self.differing().push((key, value));
    }

    /// The map. Entries that were not dealt with are left out.
    pub fn finish(self) -> Map {
        match self.out {
            Some(out) => out.into_iter().collect(),
            None if self.done >= self.from.len() => self.from.clone(),
            None => self.from.entries().iter().take(self.done).cloned().collect(),
        }
    }

    fn differing(&mut self) -> &mut Vec<(Key, Value)> {
        let (from, done) = (self.from, self.done);
        self.out.get_or_insert_with(|| {
            let mut out = Vec::with_capacity(from.len() + 1);
            out.extend(from.entries().iter().take(done).cloned());
            out
        })
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
        draft.keep();
        draft.put(Key::new("aa"), Value::Int(9));
        draft.skip();
        draft.replace(Value::Int(4));
        let changed: Map = [("a", 1), ("aa", 9), ("c", 4)].into_iter().collect();
        assert_eq!(draft.finish(), changed);
        assert_eq!(MapDraft::of(&map).finish(), Map::new());
    }
}
