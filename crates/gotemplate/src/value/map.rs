//! [`Map`]: Go's maps, shared by reference.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use super::{Elem, Str, Value, take_apart};

/// A map from strings. Clones are the same map: what one changes, all see, as in Go.
///
/// Entries are kept sorted by key bytes. The lock is held for one access only, so that two maps never wait
/// for each other.
#[derive(Clone)]
pub struct Map(Arc<Inner>, Option<&'static str>);

struct Inner {
    entries: RwLock<BTreeMap<Str, Value>>,
    elem: Elem,
    nil: bool,
}

/// A map that does not keep itself alive.
#[derive(Clone)]
pub(crate) struct WeakMap(Weak<Inner>);

impl WeakMap {
    pub(crate) fn upgrade(&self) -> Option<Map> {
        self.0.upgrade().map(|inner| Map(inner, None))
    }
}

impl Map {
    /// An empty `map[string]interface {}`.
    pub fn new() -> Self {
        Self::typed(Elem::Any, None)
    }

    /// An empty map with elements of a type, under a type name of its own if one is given.
    pub fn typed(elem: Elem, name: Option<&'static str>) -> Self {
        Self(Arc::new(Inner { entries: RwLock::default(), elem, nil: false }), name)
    }

    /// A new map of a defined type, such as `common.Values`, with the same values.
    pub fn named(&self, name: &'static str) -> Self {
        let copy = Self::typed(self.0.elem, Some(name));
        copy.write().clone_from(&self.read());
        copy
    }

    /// The same map seen as one of a defined type: what one changes, the other sees, as in a Go conversion.
    #[must_use]
    pub fn view(&self, name: &'static str) -> Self {
        Self(self.0.clone(), Some(name))
    }

    /// Go's nil map: empty, and it stays so. Functions that would write to it fail.
    pub fn nil() -> Self {
        Self(Arc::new(Inner { entries: RwLock::default(), elem: Elem::Any, nil: true }), None)
    }

    /// Whether it is Go's nil map.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// The type of its elements.
    pub fn elem(&self) -> Elem {
        self.0.elem
    }

    /// The name of its defined type, if it has one.
    pub fn type_name(&self) -> Option<&'static str> {
        self.1
    }

    /// Whether it is exactly `map[string]interface {}`, which Go's type assertions ask for.
    pub fn is_plain(&self) -> bool {
        self.0.elem == Elem::Any && self.1.is_none()
    }

    /// The value at a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.read().get(key).cloned()
    }

    /// Whether the key is there.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.read().contains_key(key)
    }

    /// Sets a key. Everyone who holds the map sees it. A nil map stays empty.
    pub fn set(&self, key: impl Into<Str>, value: impl Into<Value>) {
        if self.0.nil {
            return;
        }
        let old = self.write().insert(key.into(), value.into());
        drop(old);
    }

    /// Takes a key out.
    pub fn unset(&self, key: &[u8]) {
        let old = self.write().remove(key);
        drop(old);
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// The entries as they are now, in key order.
    pub fn entries(&self) -> Vec<(Str, Value)> {
        self.read().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// The keys as they are now, in order.
    pub fn keys(&self) -> Vec<Str> {
        self.read().keys().cloned().collect()
    }

    /// Whether both are one map.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn downgrade(&self) -> WeakMap {
        WeakMap(Arc::downgrade(&self.0))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Str, Value>> {
        self.0.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Str, Value>> {
        self.0.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries: BTreeMap<Str, Value> =
            entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self(Arc::new(Inner { entries: RwLock::new(entries), elem: Elem::Any, nil: false }), None)
    }
}

impl std::fmt::Debug for Map {
    /// Prints the number of entries only: a map may hold itself, and secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<map of {} entries>", self.len())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        if entries.values().any(Value::is_container) {
            take_apart(&mut std::mem::take(entries).into_values().collect());
        }
    }
}

impl Map {
    /// Takes the entries out if nobody else holds the map.
    pub(super) fn into_last_entries(self) -> Option<BTreeMap<Str, Value>> {
        let mut inner = self.0;
        let inner = Arc::get_mut(&mut inner)?;
        Some(std::mem::take(inner.entries.get_mut().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Whether it is reached from itself. Looks at a bounded number of containers.
    pub(crate) fn holds_itself(&self) -> bool {
        const LOOKED_AT: usize = 100_000;
        let mut seen = HashSet::new();
        let mut pending: Vec<Value> = self.entries().into_iter().map(|(_, v)| v).collect();
        while let Some(value) = pending.pop() {
            if seen.len() > LOOKED_AT {
                return true;
            }
            match value {
                Value::Map(map) if map.is_same(self) => return true,
                Value::Map(map) => {
                    if seen.insert(Arc::as_ptr(&map.0) as usize) {
                        pending.extend(map.entries().into_iter().map(|(_, v)| v).filter(Value::is_container));
                    }
                }
                Value::List(list) => {
                    if seen.insert(list.as_ptr() as usize) {
                        pending.extend(list.iter().filter(|v| v.is_container()).cloned());
                    }
                }
                _ => {}
            }
        }
        false
    }
}
