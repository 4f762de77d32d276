//! Going through maps: [`Entries`], and two maps side by side.

use std::cmp::Ordering;
use std::fmt;
use std::iter::FusedIterator;
use std::slice::Iter;

use super::block::Keys;
use super::{Key, Value};

/// The entries of a map in key order: an iterator that can be looked into.
#[derive(Clone)]
pub struct Entries<'m> {
    keys: KeysLeft<'m>,
    values: Iter<'m, Value>,
}

#[derive(Clone)]
enum KeysLeft<'m> {
    Known(Iter<'m, u16>),
    Mixed(Iter<'m, Key>),
}

impl<'m> Entries<'m> {
    /// Those of an empty map.
    pub fn none() -> Self {
        Self::of((Keys::NONE, &[]))
    }

    #[inline]
    pub(super) fn of((keys, values): (Keys<'m>, &'m [Value])) -> Self {
        let keys = match keys {
            Keys::Known(numbers) => KeysLeft::Known(numbers.iter()),
            Keys::Mixed(keys) => KeysLeft::Mixed(keys.iter()),
        };
        Self { keys, values: values.iter() }
    }

    /// The entry that comes next, without moving on.
    #[inline]
    pub fn first(&self) -> Option<(&'m Key, &'m Value)> {
        self.get(0)
    }

    /// The entry so many places behind the next one, without moving on.
    #[inline]
    pub fn get(&self, at: usize) -> Option<(&'m Key, &'m Value)> {
        let value = self.values.as_slice().get(at)?;
        let key = match &self.keys {
            KeysLeft::Known(numbers) => Key::of_number(*numbers.as_slice().get(at)?),
            KeysLeft::Mixed(keys) => keys.as_slice().get(at)?,
        };
        Some((key, value))
    }
}

impl<'m> Iterator for Entries<'m> {
    type Item = (&'m Key, &'m Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let value = self.values.next()?;
        let key = match &mut self.keys {
            KeysLeft::Known(numbers) => Key::of_number(*numbers.next()?),
            KeysLeft::Mixed(keys) => keys.next()?,
        };
        Some((key, value))
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        let value = self.values.nth(n)?;
        let key = match &mut self.keys {
            KeysLeft::Known(numbers) => Key::of_number(*numbers.nth(n)?),
            KeysLeft::Mixed(keys) => keys.nth(n)?,
        };
        Some((key, value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.values.size_hint()
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let value = self.values.next_back()?;
        let key = match &mut self.keys {
            KeysLeft::Known(numbers) => Key::of_number(*numbers.next_back()?),
            KeysLeft::Mixed(keys) => keys.next_back()?,
        };
        Some((key, value))
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
    /// Then none need be compared.
    pub(super) have_same_keys: bool,
}

impl Zip<'_> {
    /// Which map has the next key; `None` at the end of both.
    #[inline]
    fn order(&self) -> Option<Ordering> {
        Some(match (&self.a.keys, &self.b.keys) {
            (KeysLeft::Known(a), KeysLeft::Known(b)) => match (a.as_slice(), b.as_slice()) {
                ([key, ..], [other, ..]) => key.cmp(other),
                ([_, ..], []) => Ordering::Less,
                ([], [_, ..]) => Ordering::Greater,
                ([], []) => return None,
            },
            _ => match (self.a.first(), self.b.first()) {
                (Some((key, _)), Some((other, _))) => key.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            },
        })
    }
}

impl KeysLeft<'_> {
    #[inline]
    fn skip(&mut self) {
        match self {
            Self::Known(numbers) => drop(numbers.next()),
            Self::Mixed(keys) => drop(keys.next()),
        }
    }
}

impl<'m> Iterator for Zip<'m> {
    type Item = (&'m Key, Option<&'m Value>, Option<&'m Value>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.have_same_keys {
            let (key, old) = self.a.next()?;
            return Some((key, Some(old), self.b.values.next()));
        }
        match self.order()? {
            Ordering::Greater => self.b.next().map(|(key, new)| (key, None, Some(new))),
            Ordering::Less => self.a.next().map(|(key, old)| (key, Some(old), None)),
            Ordering::Equal => {
                self.b.keys.skip();
                self.a.next().map(|(key, old)| (key, Some(old), self.b.values.next()))
            }
        }
    }
}
