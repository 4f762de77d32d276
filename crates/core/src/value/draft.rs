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
    /// How many entries of `from` `out` accounts for: those that are kept after that are copied when the next one differs.
    copied: usize,
}

impl<'m> MapDraft<'m> {
    /// A draft of which nothing is decided.
    #[inline]
    pub fn of(from: &'m Map) -> Self {
        Self { from, done: 0, out: None, copied: 0 }
    }

    /// Keeps the next entry as it is.
    #[inline]
    pub fn keep(&mut self) {
        self.done += 1;
    }

    /// Keeps the next entry's key and gives it another value.
    pub fn replace(&mut self, value: Value) {
        if let Some((key, _)) = self.from.iter().get(self.done) {
            self.differing().push((key.clone(), value));
        }
        self.pass();
    }

    /// Leaves the next entry out.
    pub fn skip(&mut self) {
        self.differing();
        self.pass();
    }

    /// Puts an entry of its own before the next one.
    pub fn put(&mut self, key: Key, value: Value) {
        self.differing().push((key, value));
    }

    /// The map. Entries that were not dealt with are left out.
    #[inline]
    pub fn finish(mut self) -> Map {
        if self.out.is_none() && self.done >= self.from.len() {
            return self.from.clone();
        }
        self.differing();
        Map::from_entries(self.out.unwrap_or_default())
    }

    /// The map, if it is another one than the draft was made of: counts no reference where it is not.
    #[inline]
    pub fn changed(self) -> Option<Map> {
        let is_changed = self.out.is_some() || self.done < self.from.len();
        is_changed.then(|| self.finish())
    }

    fn pass(&mut self) {
        self.done += 1;
        self.copied = self.done;
    }

    fn differing(&mut self) -> &mut Vec<(Key, Value)> {
        let out = self.out.get_or_insert_with(|| Vec::with_capacity(self.from.len() + 1));
        let kept = self.from.iter().skip(self.copied).take(self.done - self.copied);
        out.extend(kept.map(|(key, value)| (key.clone(), value.clone())));
        self.copied = self.done;
        out
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
