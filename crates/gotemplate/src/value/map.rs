//! [`Map`]: Go's maps, shared by reference.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use super::{Elem, Str, Value, take_apart};

/// A map from strings. Clones are the same map: what one changes, all see, as in Go.
///
/// Entries are kept sorted by key bytes. The lock is held for one access only, so that two maps never wait
/// for each other.
#[derive(Clone)]
pub struct Map {
    inner: Arc<Inner>,
    /// A defined type, such as `common.Values`. It belongs to the view: Go converts a map to another type
    /// without copying it.
    named: Option<&'static MapType>,
}

/// A defined map type: a map under it is not a plain `map[string]interface {}` to Go's type assertions, but is
/// taken by every parameter that wants one.
#[derive(Debug, PartialEq, Eq)]
pub struct MapType {
    /// Its name, such as `common.Values`.
    pub name: &'static str,
}

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
        self.0.upgrade().map(|inner| Map { inner, named: None })
    }
}

impl Map {
    /// An empty `map[string]interface {}`.
    pub fn new() -> Self {
        Self::typed(Elem::Any)
    }

    /// An empty map with elements of a type.
    pub fn typed(elem: Elem) -> Self {
        Self::with(BTreeMap::new(), elem, false)
    }

    /// Go's nil map: empty, and it stays so. Functions that would write to it fail.
    pub fn nil() -> Self {
        Self::with(BTreeMap::new(), Elem::Any, true)
    }

    fn with(entries: BTreeMap<Str, Value>, elem: Elem, nil: bool) -> Self {
        Self { inner: Arc::new(Inner { entries: RwLock::new(entries), elem, nil }), named: None }
    }

    /// The same map under a defined type.
    #[must_use]
    pub fn named(&self, named: &'static MapType) -> Self {
        Self { inner: self.inner.clone(), named: Some(named) }
    }

    /// The same map as a plain `map[string]…`.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { inner: self.inner.clone(), named: None }
    }

    /// Whether it is Go's nil map.
    pub fn is_nil(&self) -> bool {
        self.inner.nil
    }

    /// The type of its elements.
    pub fn elem(&self) -> Elem {
        self.inner.elem
    }

    /// The name of its defined type, if it has one.
    pub fn type_name(&self) -> Option<&'static str> {
        self.named.map(|named| named.name)
    }

    /// Its defined type, if it has one.
    pub fn named_type(&self) -> Option<&'static MapType> {
        self.named
    }

    /// Whether it is exactly `map[string]interface {}`, which Go's type assertions ask for.
    pub fn is_plain(&self) -> bool {
        self.inner.elem == Elem::Any && self.named.is_none()
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
        if self.inner.nil {
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
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub(crate) fn downgrade(&self) -> WeakMap {
        WeakMap(Arc::downgrade(&self.inner))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Str, Value>> {
        self.inner.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Str, Value>> {
        self.inner.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        // Most maps are small: putting one entry after another is cheaper than sorting them first.
        let mut sorted = BTreeMap::new();
        for (key, value) in entries {
            sorted.insert(key.into(), value.into());
        }
        Self::with(sorted, Elem::Any, false)
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
        let mut inner = self.inner;
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
                Value::Map(map) if seen.insert(Arc::as_ptr(&map.inner) as usize) => {
                    pending.extend(map.entries().into_iter().map(|(_, v)| v).filter(Value::is_container));
                }
                Value::List(list) if seen.insert(list.as_ptr() as usize) => {
                    pending.extend(list.iter().filter(|v| v.is_container()).cloned());
                }
                _ => {}
            }
        }
        false
    }
}
