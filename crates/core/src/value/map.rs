//! Maps with sorted keys, shared until they are changed.

use std::cmp::Ordering;
use std::fmt;

use servo_arc::{Arc, ThinArc};

use super::block::{Block, Keys, are_same, filled_with, parts, read_mixed, values_mut};
use super::entries::{Entries, Zip};
use super::key::find as known;
use super::{Key, Value};

/// Maps up to this length are looked through from the front: that is faster than a search.
const SHORT: usize = 16;

/// A map from [`Key`] to [`Value`], sorted by key text, shared until changed.
///
/// Cloning is a reference count. Changing a shared map copies its entries once (their values stay shared).
#[derive(Clone, Default)]
pub struct Map(Option<Block>);

impl Map {
    /// An empty map. Allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value at a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let (keys, values) = self.parts();
        values.get(place(keys, key)?)
    }

    /// [`Map::get`] by a key: names of the table compare as numbers.
    #[inline]
    pub fn get_key(&self, key: &Key) -> Option<&Value> {
        let (keys, values) = self.parts();
        let at = match (keys, key.known_id()) {
            (Keys::Known(numbers), Some(id)) => place_of_number(numbers, id)?,
            (Keys::Known(_), None) => return None,
            (Keys::Mixed(keys), Some(id)) if keys.len() <= SHORT => {
                keys.iter().position(|k| k.is_known_as(id))?
            }
            (Keys::Mixed(keys), None) if keys.len() <= SHORT => keys.iter().position(|k| k.is_other(key))?,
            (Keys::Mixed(keys), _) => keys.binary_search(key).ok()?,
        };
        values.get(at)
    }

    /// The value at a key, to change in place. Copies the entries first if the map is shared.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = place(self.parts().0, key)?;
        self.value_at(at)
    }

    /// Whether the map has the key.
    pub fn contains_key(&self, key: &str) -> bool {
        place(self.parts().0, key).is_some()
    }

    /// Sets a key's value and returns the one it had.
    pub fn insert(&mut self, key: impl Into<Key>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        let found = match (self.parts().0, key.known_id()) {
            (Keys::Known(numbers), Some(id)) => numbers.binary_search(&id),
            (Keys::Known(numbers), None) => numbers.binary_search_by(|n| Key::of_number(*n).cmp(&key)),
            (Keys::Mixed(keys), _) => keys.binary_search(&key),
        };
        match found {
            Ok(at) => self.value_at(at).map(|held| std::mem::replace(held, value)),
            Err(at) => {
                self.put_at(at, &key, value);
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
        Zip { a: self.iter(), b: other.iter(), have_same_keys: self.has_same_keys(other) }
    }

    /// Removes a key and returns the value it had.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = place(self.parts().0, key)?;
        let mut entries = self.take();
        let (_, removed) = entries.remove(at);
        *self = Self::moved_in_order(&mut entries);
        Some(removed)
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
        if self.iter().all(|(k, v)| keep(k, v)) {
            return;
        }
        let mut entries = self.take();
        entries.retain(|(k, v)| keep(k, v));
        *self = Self::moved_in_order(&mut entries);
    }

    /// The entries in key order.
    #[inline]
    pub fn iter(&self) -> Entries<'_> {
        Entries::of(self.parts())
    }

    /// The values in key order, to change in place. Copies the entries first if the map is shared.
    pub fn values_mut(&mut self) -> std::slice::IterMut<'_, Value> {
        self.0.as_mut().map_or(&mut [][..], values_mut).iter_mut()
    }

    /// Hands out each entry in key order, its value to change in place. Copies the entries first if the map is shared.
    pub fn for_each_mut(&mut self, mut change: impl FnMut(&Key, &mut Value)) {
        let Some(block) = &mut self.0 else { return };
        let held = block.header.clone();
        let values = values_mut(block);
        let keys = held.keys(values.len());
        for (at, value) in values.iter_mut().enumerate() {
            if let Some(key) = keys.get(at) {
                change(key, value);
            }
        }
    }

    /// The keys in order.
    #[inline]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.iter().map(|(k, _)| k)
    }

    /// The values in key order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.parts().1.iter()
    }

    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.parts().1.len()
    }

    /// Whether there is no entry.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether both are one allocation, or none: equal without looking.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    /// A map with keys of these numbers in order, its values made at their places; where a key has no number, keys are
    /// asked for.
    #[inline]
    pub(super) fn filled<N, R>(
        numbers: N,
        mixed: impl FnOnce() -> ThinArc<(), Key>,
        fill: impl FnOnce(&mut [Value]) -> R,
    ) -> (Self, R)
    where
        N: ExactSizeIterator<Item = Option<u16>> + Clone,
    {
        if numbers.len() == 0 {
            return (Self::new(), fill(&mut []));
        }
        let (block, result) = filled_with(numbers, mixed, fill);
        (Self(Some(block)), result)
    }

    /// A map that is read, its keys and then its values made at their places. `None` where the keys are not in order or all
    /// in the table.
    pub(super) fn of_mixed<S, R>(
        count: usize,
        from: &mut S,
        key: impl FnMut(&mut S, &mut Key) -> Option<()>,
        values: impl FnOnce(&mut S, &mut [Value]) -> R,
    ) -> Option<(Self, R)> {
        let (block, result) = read_mixed(count, from, key, values)?;
        Some((Self(Some(block)), result))
    }

    /// The numbers of the keys, if the table has all of them.
    pub(super) fn numbers(&self) -> Option<&[u16]> {
        match self.parts().0 {
            Keys::Known(numbers) => Some(numbers),
            Keys::Mixed(_) => None,
        }
    }

    /// Moves entries out that are sorted by key and free of duplicates.
    fn moved_in_order(entries: &mut [(Key, Value)]) -> Self {
        if entries.iter().all(|(key, _)| key.known_id().is_some()) {
            let numbers = entries.iter().map(|(key, _)| key.known_id());
            let (mut map, ()) = Self::filled(numbers, || unreachable!("all have one"), |_| ());
            if let Some(values) = map.unshared() {
                move_in(values, entries);
            }
            return map;
        }
        let keys = entries.iter_mut().map(|(key, _)| std::mem::take(key));
        let keys = ThinArc::from_header_and_iter((), keys);
        let none = std::iter::repeat_n(None, entries.len());
        Self::filled(none, || keys, |values| move_in(values, entries)).0
    }

    /// Moves entries out of their places, in any order; of equal keys the last wins. Costs one allocation, for the map,
    /// where no key is there twice, and one more for keys where they are many or the table lacks one.
    pub(super) fn moved(entries: &mut [(Key, Value)]) -> Self {
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            if entries.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0)) {
                let mut entries: Vec<_> = entries.iter_mut().map(std::mem::take).collect();
                // `dedup_by` drops its first argument, the later entry, so its value is swapped in first.
                entries.dedup_by(|later, earlier| {
                    let same = later.0 == earlier.0;
                    if same {
                        std::mem::swap(&mut later.1, &mut earlier.1);
                    }
                    same
                });
                return Self::moved_in_order(&mut entries);
            }
        }
        Self::moved_in_order(entries)
    }

    /// Takes the entries of a stack from `base` on, in any order; of equal keys the last wins.
    pub fn taken_from(stack: &mut Vec<(Key, Value)>, base: usize) -> Self {
        let map = stack.get_mut(base..).map(Self::moved).unwrap_or_default();
        stack.truncate(base);
        map
    }

    /// Takes entries in any order; of equal keys the last wins.
    pub(super) fn from_entries(mut entries: Vec<(Key, Value)>) -> Self {
        Self::moved(&mut entries)
    }

    #[inline]
    fn has_same_keys(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => a.len() == b.len() && are_same(&a.header, &b.header, a.len()),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    /// The texts of the keys, with the values.
    #[inline]
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &Value)> {
        let (keys, values) = self.parts();
        values.iter().enumerate().map(move |(at, value)| (keys.text(at), value))
    }

    #[inline]
    fn parts(&self) -> (Keys<'_>, &[Value]) {
        self.0.as_ref().map_or((Keys::NONE, &[]), parts)
    }

    fn value_at(&mut self, at: usize) -> Option<&mut Value> {
        values_mut(self.0.as_mut()?).get_mut(at)
    }

    /// Puts an entry at its place: moves the other values if nobody shares them, else copies them, each once.
    fn put_at(&mut self, at: usize, key: &Key, put: Value) {
        let mut old = std::mem::take(self);
        let (keys, values) = old.parts();
        let count = values.len() + 1;
        let key_at = |i: usize| match i.cmp(&at) {
            Ordering::Less => keys.get(i).unwrap_or(key),
            Ordering::Equal => key,
            Ordering::Greater => keys.get(i - 1).unwrap_or(key),
        };
        let numbers = (0..count).map(|i| key_at(i).known_id());
        let all = || ThinArc::from_header_and_iter((), (0..count).map(|i| key_at(i).clone()));
        let (mut map, ()) = Self::filled(numbers, all, |_| ());
        let places = map.unshared().unwrap_or_default();
        if let Some((before, [place, after @ ..])) = places.split_at_mut_checked(at) {
            *place = put;
            match old.unshared() {
                Some(values) => {
                    let (front, back) = values.split_at_mut(at);
                    before.swap_with_slice(front);
                    after.swap_with_slice(back);
                }
                None => {
                    let (front, back) = old.parts().1.split_at(at);
                    before.clone_from_slice(front);
                    after.clone_from_slice(back);
                }
            }
        }
        *self = map;
    }

    /// The entries as a vector: moved out if nobody shares them, else copied.
    fn take(&mut self) -> Vec<(Key, Value)> {
        let mut old = std::mem::take(self);
        let keys: Vec<Key> = old.keys().cloned().collect();
        match old.unshared() {
            Some(values) => keys.into_iter().zip(values.iter_mut().map(std::mem::take)).collect(),
            None => keys.into_iter().zip(old.parts().1.iter().cloned()).collect(),
        }
    }

    /// The values, if nobody shares them.
    fn unshared(&mut self) -> Option<&mut [Value]> {
        Some(Arc::get_mut(self.0.as_mut()?)?.slice_mut())
    }
}

/// Moves values to places where nulls are.
#[inline]
fn move_in(places: &mut [Value], entries: &mut [(Key, Value)]) {
    places.iter_mut().zip(entries).for_each(|(place, (_, value))| std::mem::swap(place, value));
}

/// Where a key is. A name of the table is looked for by its number.
fn place(keys: Keys<'_>, key: &str) -> Option<usize> {
    match keys {
        Keys::Known([]) => None,
        Keys::Known(numbers) => place_of_number(numbers, known(key)?),
        Keys::Mixed(keys) if keys.len() <= SHORT => match known(key) {
            Some(id) => keys.iter().position(|k| k.is_known_as(id)),
            None => keys.iter().position(|k| k.is_other(key)),
        },
        Keys::Mixed(keys) => keys.binary_search_by(|k| k.as_str().cmp(key)).ok(),
    }
}

#[inline]
fn place_of_number(numbers: &[u16], id: u16) -> Option<usize> {
    match numbers.len() {
        ..=SHORT => numbers.iter().position(|number| *number == id),
        _ => numbers.binary_search(&id).ok(),
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
            || self.has_same_keys(other) && self.values().zip(other.values()).all(|(a, b)| a == b)
    }
}

impl Eq for Map {}

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
    type IntoIter = Entries<'a>;
    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
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
