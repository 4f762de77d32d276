//! [`Slab`]: a long list in pieces, so that it grows without being copied.

/// How many items a piece holds.
const PIECE: usize = 1 << BITS;
const BITS: u32 = 10;

/// Numbered items. A list of hundreds of thousands that doubles its memory holds three times what it needs while it
/// is copied, and allocators keep that.
#[derive(Debug)]
pub(super) struct Slab<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub(super) fn len(&self) -> usize {
        let last = self.pieces.last().map_or(PIECE, Vec::len);
        self.pieces.len() * PIECE + last - PIECE
    }

    /// Appends an item; answers its number.
    pub(super) fn push(&mut self, item: T) -> u32 {
        let number = self.len();
        if number.is_multiple_of(PIECE) {
            // The first piece grows as it is filled: many a kind of a small cluster has few objects.
            self.pieces.push(Vec::with_capacity(if number == 0 { 0 } else { PIECE }));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(item);
        }
        number as u32
    }
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;

    #[inline]
    fn index(&self, number: u32) -> &T {
        &self.pieces[(number >> BITS) as usize][number as usize % PIECE]
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.pieces[(number >> BITS) as usize][number as usize % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_numbers() {
        let mut slab = Slab::default();
        for number in 0..3_000_u32 {
            assert_eq!((slab.len(), slab.push(number * 2)), (number as usize, number));
        }
        slab[1024] += 1;
        assert!((0..3_000).all(|number| slab[number] == number * 2 + u32::from(number == 1024)));
    }
}
