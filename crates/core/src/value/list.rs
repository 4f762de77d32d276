//! Lists, shared until they are changed.

use std::fmt;
use std::ops::{Deref, DerefMut};

use servo_arc::{Arc, ThinArc};

use super::Value;
use super::block::{filled, set, values_mut};

/// A list of [`Value`]s, shared until changed. Dereferences to a slice.
#[derive(Clone, Default)]
pub struct List(Option<ThinArc<(), Value>>);

impl List {
    /// An empty list. Allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value at the end. Costs a copy of the list: build a `Vec` where many are added.
    pub fn push(&mut self, value: impl Into<Value>) {
        let mut items = std::mem::take(self).into_vec();
        items.push(value.into());
        *self = items.into();
    }

    /// The values as a vector: moved out if nobody shares them, else copied.
    pub fn into_vec(mut self) -> Vec<Value> {
        match self.0.as_mut().map(Arc::get_mut) {
            Some(Some(block)) => block.slice_mut().iter_mut().map(std::mem::take).collect(),
            _ => self.to_vec(),
        }
    }

    /// Whether both are one allocation, or none: equal without looking.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    /// The list of so many values, made at their places.
    #[inline]
    pub(super) fn filled<R>(count: usize, fill: impl FnOnce(&mut [Value]) -> R) -> (Self, R) {
        if count == 0 {
            return (Self::new(), fill(&mut []));
        }
        let (block, result) = filled((), count, fill);
        (Self(Some(block)), result)
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.len() == other.len() && self.iter().zip(&**other).all(|(a, b)| a == b)
    }
}

impl Eq for List {}

impl Deref for List {
    type Target = [Value];
    #[inline]
    fn deref(&self) -> &[Value] {
        self.0.as_ref().map_or(&[], |block| block.slice())
    }
}

impl DerefMut for List {
    /// The values, to change in place. Copies them first if the list is shared.
    fn deref_mut(&mut self) -> &mut [Value] {
        self.0.as_mut().map_or(&mut [], values_mut)
    }
}

impl<V: Into<Value>> FromIterator<V> for List {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        let mut items = items.into_iter();
        let (least, most) = items.size_hint();
        if most != Some(least) {
            return items.map(Into::into).collect::<Vec<Value>>().into();
        }
        let (list, made) = Self::filled(least, |places| {
            let fill = |(place, item): (&mut Value, V)| set(place, item.into());
            places.iter_mut().zip(&mut items).map(fill).count()
        });
        match items.next() {
            None if made == least => list,
            // It told its length wrong.
            more => {
                let mut all = list.into_vec();
                all.truncate(made);
                all.extend(more.into_iter().chain(items).map(Into::into));
                all.into()
            }
        }
    }
}

impl From<Vec<Value>> for List {
    fn from(items: Vec<Value>) -> Self {
        let mut items = items;
        Self::filled(items.len(), |places| places.swap_with_slice(&mut items)).0
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
        self.iter()
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
