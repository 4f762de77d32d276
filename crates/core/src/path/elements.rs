//! [`Elements`]: going along a path.

use std::iter::{Chain, FusedIterator};
use std::slice::Iter;

use super::PathElement;

/// The steps of a path, from the root.
#[derive(Clone, Debug)]
pub struct Elements<'p>(Chain<Iter<'p, PathElement>, Iter<'p, PathElement>>);

impl<'p> Elements<'p> {
    #[inline]
    pub(super) fn of(first: &'p [PathElement], then: &'p [PathElement]) -> Self {
        Self(first.iter().chain(then))
    }

    /// The step that comes next, without going on.
    pub fn first(&self) -> Option<&'p PathElement> {
        self.clone().next()
    }

    /// Whether there is no step left.
    pub fn is_empty(&self) -> bool {
        self.first().is_none()
    }
}

impl<'p> Iterator for Elements<'p> {
    type Item = &'p PathElement;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Elements<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}

impl ExactSizeIterator for Elements<'_> {}
impl FusedIterator for Elements<'_> {}
