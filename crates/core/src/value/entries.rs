//! Going through maps: [`Entries`], and two maps side by side.

use std::cmp::Ordering;
use std::fmt;
use std::iter::FusedIterator;

use super::block::Keys;
use super::{Key, Value};

/// The entries of a map in key order: an iterator that can be looked into.
#[derive(Clone)]
pub struct Entries<'m> {
    pub(super) keys: Keys<'m>,
    pub(super) values: &'m [Value],
}

impl<'m> Entries<'m> {
    /// Those of an empty map.
    pub const NONE: Entries<'static> = Entries { keys: Keys::NONE, values: &[] };

    /// The entry that comes next, without moving on.
    #[inline]
    pub fn first(&self) -> Option<(&'m Key, &'m Value)> {
        self.get(0)
    }

    /// The entry so many places behind the next one, without moving on.
    #[inline]
    pub fn get(&self, at: usize) -> Option<(&'m Key, &'m Value)> {
        Some((self.keys.get(at)?, self.values.get(at)?))
    }

    /// Whether the next key comes before, is or comes after another's; of no key nothing is said.
    #[inline]
    fn next_beside(&self, other: &Self) -> Option<Ordering> {
        match (self.keys, other.keys) {
            (Keys::Known([a, ..]), Keys::Known([b, ..])) => Some(a.cmp(b)),
            (a, b) => Some(a.get(0)?.cmp(b.get(0)?)),
        }
    }
}

impl<'m> Iterator for Entries<'m> {
    type Item = (&'m Key, &'m Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let key = match &mut self.keys {
            Keys::Known(numbers) => Key::of_number(*numbers.split_off_first()?),
            Keys::Mixed(keys) => keys.split_off_first()?,
        };
        Some((key, self.values.split_off_first()?))
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        let n = n.min(self.values.len());
        match &mut self.keys {
            Keys::Known(numbers) => _ = numbers.split_off(..n),
            Keys::Mixed(keys) => _ = keys.split_off(..n),
        }
        _ = self.values.split_off(..n);
        self.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.values.len(), Some(self.values.len()))
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let key = match &mut self.keys {
            Keys::Known(numbers) => Key::of_number(*numbers.split_off_last()?),
            Keys::Mixed(keys) => keys.split_off_last()?,
        };
        Some((key, self.values.split_off_last()?))
    }
}

impl ExactSizeIterator for Entries<'_> {}
impl FusedIterator for Entries<'_> {}

impl fmt::Debug for Entries<'_> {
    /// Prints the shape, never a scalar: a map may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

/// What is left of two maps that are walked side by side.
pub(super) struct Zip<'m> {
    pub(super) a: Entries<'m>,
    pub(super) b: Entries<'m>,
}

impl<'m> Iterator for Zip<'m> {
    type Item = (&'m Key, Option<&'m Value>, Option<&'m Value>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.a.next_beside(&self.b) {
            Some(Ordering::Equal) => {
                let ((key, old), (_, new)) = (self.a.next()?, self.b.next()?);
                (key, Some(old), Some(new))
            }
            Some(Ordering::Less) => self.a.next().map(|(key, old)| (key, Some(old), None))?,
            Some(Ordering::Greater) => self.b.next().map(|(key, new)| (key, None, Some(new)))?,
            None => match self.a.next() {
                Some((key, old)) => (key, Some(old), None),
                None => self.b.next().map(|(key, new)| (key, None, Some(new)))?,
            },
        })
    }
}
