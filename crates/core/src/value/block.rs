//! How a map lies in memory: one block of its values behind what its keys are.
//!
//! Of up to seven keys that are all in the table, the numbers lie in the block itself. More of them, and keys of which
//! the table lacks one, lie in a block of their own, which copies of the map share.

use std::iter::repeat_with;

use servo_arc::{Arc, HeaderSlice, ThinArc};

use super::{Key, Value};

/// So many numbers of keys lie in the block itself.
const FEW: usize = 7;

/// The values of a map in order of their keys, and these.
pub(super) type Block = ThinArc<Held, Value>;

/// The keys of a map, as its block holds them.
#[derive(Clone)]
pub(super) enum Held {
    /// As many numbers as there are values, then zeros.
    Few([u16; FEW]),
    Known(ThinArc<(), u16>),
    Mixed(ThinArc<(), Key>),
}

/// The keys of a map in order.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Keys<'m> {
    /// All are in the table: their numbers.
    Known(&'m [u16]),
    Mixed(&'m [Key]),
}

impl<'m> Keys<'m> {
    pub(super) const NONE: Self = Keys::Known(&[]);

    #[inline]
    pub(super) fn get(self, at: usize) -> Option<&'m Key> {
        match self {
            Self::Known(numbers) => numbers.get(at).map(|number| Key::of_number(*number)),
            Self::Mixed(keys) => keys.get(at),
        }
    }
}

impl<'m> Keys<'m> {
    /// The text of the key at a place.
    #[inline]
    pub(super) fn text(self, at: usize) -> &'m str {
        match self {
            Self::Known(numbers) => numbers.get(at).map_or("", |number| Key::text_of_number(*number)),
            Self::Mixed(keys) => keys.get(at).map_or("", Key::as_str),
        }
    }
}

/// Whether two maps with so many entries each have the same keys.
#[inline]
pub(super) fn are_same(a: &Held, b: &Held, count: usize) -> bool {
    match (a, b) {
        // The numbers behind them are zeros.
        (Held::Few(a), Held::Few(b)) => a == b,
        (a, b) => a.keys(count) == b.keys(count),
    }
}

impl Held {
    /// Keys with numbers, of which those in the block itself are still to be written; `None` where one has none.
    #[inline]
    fn of<N>(numbers: N) -> Option<Self>
    where
        N: ExactSizeIterator<Item = Option<u16>> + Clone,
    {
        if numbers.clone().any(|number| number.is_none()) {
            return None;
        }
        if numbers.len() <= FEW {
            return Some(Self::Few([0; FEW]));
        }
        let numbers = numbers.map(Option::unwrap_or_default);
        Some(Self::Known(ThinArc::from_header_and_iter((), numbers)))
    }

    /// They, of a map with so many values.
    #[inline]
    pub(super) fn keys(&self, count: usize) -> Keys<'_> {
        match self {
            Self::Few(numbers) => Keys::Known(numbers.get(..count).unwrap_or_default()),
            Self::Known(numbers) => Keys::Known(numbers.slice()),
            Self::Mixed(keys) => Keys::Mixed(keys.slice()),
        }
    }
}

/// Puts a value where a null is.
#[inline(always)]
pub(super) fn set(place: &mut Value, value: Value) {
    debug_assert!(place.is_null(), "only nulls need not be dropped");
    std::mem::forget(std::mem::replace(place, value));
}

/// A block of so many values, which are made at their places, where they stand as nulls.
///
/// To move them there one by one out of an iterator takes twice the time: the byte that tells one kind of value from
/// another is written alone, and what reads all of the value right after has to wait for it.
#[inline]
pub(super) fn filled<H, R>(
    header: H,
    count: usize,
    fill: impl FnOnce(&mut [Value]) -> R,
) -> (ThinArc<H, Value>, R) {
    let nulls = repeat_with(|| Value::Null).take(count);
    let mut block = ThinArc::from_header_and_iter_with_size(header, nulls, count);
    let result = fill(unshared(&mut block).slice_mut());
    (block, result)
}

/// The block of a map with keys of these numbers, at least one; where one has none, keys are asked for.
#[inline]
pub(super) fn filled_with<N, R>(
    numbers: N,
    mixed: impl FnOnce() -> ThinArc<(), Key>,
    fill: impl FnOnce(&mut [Value]) -> R,
) -> (Block, R)
where
    N: ExactSizeIterator<Item = Option<u16>> + Clone,
{
    let count = numbers.len();
    let held = Held::of(numbers.clone()).unwrap_or_else(|| Held::Mixed(mixed()));
    let nulls = repeat_with(|| Value::Null).take(count);
    let mut block = ThinArc::from_header_and_iter_with_size(held, nulls, count);
    let parts = unshared(&mut block);
    if let Held::Few(few) = &mut parts.header {
        few.iter_mut().zip(numbers).for_each(|(place, number)| *place = number.unwrap_or_default());
    }
    let result = fill(parts.slice_mut());
    (block, result)
}

/// The block of a map that is read, see `Map::of_mixed`.
pub(super) fn read_mixed<S, R>(
    count: usize,
    from: &mut S,
    mut key: impl FnMut(&mut S, &mut Key) -> Option<()>,
    values: impl FnOnce(&mut S, &mut [Value]) -> R,
) -> Option<(Block, R)> {
    let mut keys = ThinArc::from_header_and_iter((), (0..count).map(|_| Key::default()));
    let places = Arc::get_mut(&mut keys)?.slice_mut();
    places.iter_mut().try_for_each(|place| key(from, place))?;
    let has_other = places.iter().any(|key| key.known_id().is_none());
    has_other.then(|| filled(Held::Mixed(keys), count, |places| values(from, places)))
}

/// A copy of a block's values behind its header.
fn copied<H: Clone>(block: &ThinArc<H, Value>) -> ThinArc<H, Value> {
    let values = block.slice();
    let copy = |places: &mut [Value]| places.clone_from_slice(values);
    filled(block.header.clone(), values.len(), copy).0
}

/// A block that nobody shares.
#[inline]
fn unshared<H>(block: &mut ThinArc<H, Value>) -> &mut HeaderSlice<H, Value> {
    match Arc::get_mut(block) {
        Some(block) => block,
        None => unreachable!("nobody else has what was just made"),
    }
}

/// The keys and the values.
#[inline]
pub(super) fn parts(block: &Block) -> (Keys<'_>, &[Value]) {
    let values = block.slice();
    (block.header.keys(values.len()), values)
}

/// The values, to change them. Copies the block first if it is shared.
#[inline]
pub(super) fn values_mut<H: Clone>(block: &mut ThinArc<H, Value>) -> &mut [Value] {
    if !block.is_unique() {
        *block = copied(block);
    }
    unshared(block).slice_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_block_take_16_bytes() {
        assert_eq!(size_of::<Held>(), 16);
    }
}
