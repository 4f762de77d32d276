//! Lists, shared until they are changed.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::Value;

/// A list of [`Value`]s, shared until changed. Dereferences to a slice.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct List(Arc<[Value]>);

impl List {
    /// An empty list. Allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value at the end. Costs a copy of the list: build a `Vec` where many are added.
    pub fn push(&mut self, value: impl Into<Value>) {
        let mut items = self.take();
        items.push(value.into());
        self.0 = items.into();
    }

    /// The values as a vector: moved out if nobody shares them, else copied.
    pub fn into_vec(mut self) -> Vec<Value> {
        self.take()
    }

    /// Whether both are one allocation: equal without looking.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn take(&mut self) -> Vec<Value> {
        let mut shared = std::mem::take(&mut self.0);
        match Arc::get_mut(&mut shared) {
            Some(items) => items.iter_mut().map(std::mem::take).collect(),
            None => shared.to_vec(),
        }
    }
}

impl Deref for List {
    type Target = [Value];
    #[inline]
    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl DerefMut for List {
    /// The values, to change in place. Copies them first if the list is shared.
    fn deref_mut(&mut self) -> &mut [Value] {
        Arc::make_mut(&mut self.0)
    }
}

impl<V: Into<Value>> FromIterator<V> for List {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        Self(items.into_iter().map(Into::into).collect())
    }
}

impl From<Vec<Value>> for List {
    fn from(items: Vec<Value>) -> Self {
        Self(items.into())
    }
}

impl IntoIterator for List {
    type Item = Value;
    type IntoIter = std::vec::IntoIter<Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
