//! Maps with sorted keys, shared until they are changed.

use std::fmt;
use std::sync::Arc;

use super::key::find as known;
use super::{Key, Value};

/// Maps up to this length are looked through from the front: that is faster than a search.
const SHORT: usize = 16;

/// A map from [`Key`] to [`Value`], sorted by key text, shared until changed.
///
/// Cloning is a reference count. Changing a shared map copies its entries once (their values stay shared).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Map(Arc<[(Key, Value)]>);

impl Map {
    /// An empty map. Allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value at a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(self.place(key)?).map(|(_, v)| v)
    }

    /// [`Map::get`] by a key: names of the table compare as numbers.
    #[inline]
    pub fn get_key(&self, key: &Key) -> Option<&Value> {
        if self.0.len() <= SHORT {
            let found = match key.known_id() {
                Some(id) => self.0.iter().find(|(k, _)| k.is_known_as(id)),
                None => self.0.iter().find(|(k, _)| k.is_other(key)),
            };
            return found.map(|(_, v)| v);
        }
        let i = self.0.binary_search_by(|(k, _)| k.cmp(key)).ok()?;
        self.0.get(i).map(|(_, v)| v)
    }

    /// The value at a key, to change in place. Copies the entries first if the map is shared.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let i = self.place(key)?;
        Arc::make_mut(&mut self.0).get_mut(i).map(|(_, v)| v)
    }

    /// Whether the map has the key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// Sets a key's value and returns the one it had.
    pub fn insert(&mut self, key: impl Into<Key>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.0.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(i) => Arc::make_mut(&mut self.0).get_mut(i).map(|(_, v)| std::mem::replace(v, value)),
            Err(i) => {
                self.put_at(i, (key, value));
                None
            }
        }
    }

    /// Both maps side by side: each key once, in order, with its value in either.
    #[inline]
    pub fn zip<'m>(
        &'m self,
        other: &'m Self,
    ) -> impl Iterator<Item = (&'m Key, Option<&'m Value>, Option<&'m Value>)> {
        Zip { a: &self.0, b: &other.0 }
    }

    /// Removes a key and returns the value it had.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let i = self.place(key)?;
        let mut shared = std::mem::take(&mut self.0);
        let removed;
        self.0 = match Arc::get_mut(&mut shared) {
            Some(entries) => {
                removed = entries.get_mut(i).map(|(_, value)| std::mem::take(value));
                let (before, rest) = entries.split_at_mut(i);
                let [before, after] = [before, rest.get_mut(1..).unwrap_or_default()]
                    .map(|part| part.iter_mut().map(std::mem::take));
                before.chain(after).collect()
            }
            None => {
                removed = shared.get(i).map(|(_, value)| value.clone());
                let (before, rest) = shared.split_at(i);
                before.iter().chain(rest.get(1..).unwrap_or_default()).cloned().collect()
            }
        };
        removed
    }

    /// The map at a key, to change in place; put there empty if the key is absent or no map.
    pub fn map_at(&mut self, key: &str) -> &mut Map {
        if !matches!(self.get(key), Some(Value::Map(_))) {
            self.insert(key, Value::Map(Map::new()));
        }
        match self.get_mut(key) {
            Some(Value::Map(map)) => map,
            _ => unreachable!("a map was just put there"),
        }
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Key, &Value) -> bool) {
        if self.0.iter().all(|(k, v)| keep(k, v)) {
            return;
        }
        let mut entries = self.take();
        entries.retain(|(k, v)| keep(k, v));
        self.0 = entries.into();
    }

    /// The entries in key order.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Value)> + ExactSizeIterator + Clone {
        self.0.iter().map(|(k, v)| (k, v))
    }

    /// The entries in key order, with values to change in place.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Key, &mut Value)> {
        Arc::make_mut(&mut self.0).iter_mut().map(|(k, v)| (&*k, v))
    }

    /// The keys in order.
    #[inline]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.0.iter().map(|(k, _)| k)
    }

    /// The values in key order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.iter().map(|(_, v)| v)
    }

    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both are one allocation: equal without looking.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes entries that are sorted by key and free of duplicates, as a decoder's scratch stack has them.
    pub(super) fn from_sorted(entries: impl ExactSizeIterator<Item = (Key, Value)>) -> Self {
        if entries.len() == 0 {
            return Self::new();
        }
        Self(entries.collect())
    }

    /// Takes the entries of a stack from `base` on, in any order; of equal keys the last wins. Costs one allocation, for
    /// the map, where no key is there twice.
    pub fn taken_from(stack: &mut Vec<(Key, Value)>, base: usize) -> Self {
        let Some(entries) = stack.get_mut(base..) else { return Self::new() };
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            if entries.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0)) {
                return Self::from_entries(stack.split_off(base));
            }
        }
        Self::from_sorted(stack.drain(base..))
    }

    /// Takes entries in any order; of equal keys the last wins.
    pub(super) fn from_entries(mut entries: Vec<(Key, Value)>) -> Self {
        if entries.is_empty() {
            return Self::new();
        }
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            // `dedup_by` drops its first argument, the later entry, so its value is swapped in first.
            entries.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    std::mem::swap(&mut later.1, &mut earlier.1);
                }
                same
            });
        }
        Self(entries.into())
    }

    /// The entries in key order, as they lie in memory.
    #[inline]
    pub fn entries(&self) -> &[(Key, Value)] {
        &self.0
    }

    /// Puts an entry at its place: moves the others if nobody shares them, else copies them, each once.
    fn put_at(&mut self, at: usize, entry: (Key, Value)) {
        let mut shared = std::mem::take(&mut self.0);
        self.0 = match Arc::get_mut(&mut shared) {
            Some(entries) => {
                let (before, after) = entries.split_at_mut(at);
                let [before, after] = [before, after].map(|part| part.iter_mut().map(std::mem::take));
                before.chain(std::iter::once(entry)).chain(after).collect()
            }
            None => {
                let (before, after) = shared.split_at(at);
                before.iter().cloned().chain(std::iter::once(entry)).chain(after.iter().cloned()).collect()
            }
        };
    }

    /// Where a key is. A name of the table is looked for by its number.
    fn place(&self, key: &str) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        let is_short = self.0.len() <= SHORT;
        match known(key) {
            Some(id) if is_short => self.0.iter().position(|(k, _)| k.is_known_as(id)),
            None if is_short => self.0.iter().position(|(k, _)| k.is_other(key)),
            Some(id) => {
                let key = Key::from_known_id(id)?;
                self.0.binary_search_by(|(k, _)| k.cmp(&key)).ok()
            }
            None => self.0.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok(),
        }
    }

    /// The entries as a vector: moved out if nobody shares them, else copied.
    fn take(&mut self) -> Vec<(Key, Value)> {
        let mut shared = std::mem::take(&mut self.0);
        match Arc::get_mut(&mut shared) {
            Some(entries) => entries.iter_mut().map(std::mem::take).collect(),
            None => shared.to_vec(),
        }
    }
}

/// What is left of two maps that are walked side by side.
struct Zip<'m> {
    a: &'m [(Key, Value)],
    b: &'m [(Key, Value)],
}

impl<'m> Iterator for Zip<'m> {
    type Item = (&'m Key, Option<&'m Value>, Option<&'m Value>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match (self.a, self.b) {
            ([(x, old), a @ ..], [(y, new), b @ ..]) => Some(match x.cmp(y) {
                std::cmp::Ordering::Equal => {
                    (self.a, self.b) = (a, b);
                    (x, Some(old), Some(new))
                }
                std::cmp::Ordering::Less => {
                    self.a = a;
                    (x, Some(old), None)
                }
                std::cmp::Ordering::Greater => {
                    self.b = b;
                    (y, None, Some(new))
                }
            }),
            ([(x, old), a @ ..], []) => {
                self.a = a;
                Some((x, Some(old), None))
            }
            ([], [(y, new), b @ ..]) => {
                self.b = b;
                Some((y, None, Some(new)))
            }
            ([], []) => None,
        }
    }
}

impl<K: Into<Key>, V: Into<Value>> FromIterator<(K, V)> for Map {
    /// Collects entries in any order; of equal keys the last wins.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::from_entries(entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl<K: Into<Key>, V: Into<Value>> Extend<(K, V)> for Map {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        let mut all = self.take();
        all.extend(entries.into_iter().map(|(k, v)| (k.into(), v.into())));
        *self = all.into_iter().collect();
    }
}

impl IntoIterator for Map {
    type Item = (Key, Value);
    type IntoIter = std::vec::IntoIter<(Key, Value)>;
    fn into_iter(mut self) -> Self::IntoIter {
        self.take().into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Key, &'a Value);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (Key, Value)>, fn(&'a (Key, Value)) -> Self::Item>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(k, v)| (k, v))
    }
}

impl fmt::Debug for Map {
    /// Prints the shape, never a scalar: a map may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_keys_wins() {
        let entry = |key: &str, n: i64| (Key::new(key), Value::Int(n));
        for stack in [
            vec![entry("z", 0), entry("b", 1), entry("a", 2), entry("b", 3)],
            vec![entry("z", 0), entry("a", 2), entry("b", 3)],
        ] {
            let mut stack = stack;
            let map = Map::taken_from(&mut stack, 1);
            assert_eq!(map, [("a", 2), ("b", 3)].into_iter().collect::<Map>());
            assert_eq!(stack, [entry("z", 0)]);
        }

        let map: Map = [("b", 1), ("a", 2), ("b", 3), ("b", 4)].into_iter().collect();
        assert_eq!(map.len(), 2);
        assert_eq!(map.get("b"), Some(&Value::Int(4)));
    }

    #[test]
    fn changing_a_shared_map_leaves_the_other() {
        let mut a: Map = [("x", 1)].into_iter().collect();
        let b = a.clone();
        a.insert("y", 2);
        a.map_at("spec").insert("replicas", 3);
        assert_eq!(b.len(), 1);
        assert_eq!(a.remove("x"), Some(Value::Int(1)));
        assert_eq!(a.keys().map(Key::as_str).collect::<Vec<_>>(), ["spec", "y"]);
    }
}
