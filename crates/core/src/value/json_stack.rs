//! Where JSON becomes values, before it is known how many belong together.

use super::{Key, Value};

/// Cells with keys and nulls, of which those below `top` are in use: to make new ones takes longer than to keep them.
#[derive(Default)]
pub(super) struct Stack {
    cells: Vec<(Key, Value)>,
    pub(super) top: usize,
}

impl Stack {
    /// Puts a cell on top, with a null in it.
    #[inline]
    pub(super) fn push(&mut self) {
        if self.top == self.cells.len() {
            self.grow();
        }
        self.top += 1;
    }

    #[cold]
    fn grow(&mut self) {
        self.cells.resize_with((self.top * 2).max(32), Default::default);
    }

    /// The cell on top.
    #[inline(always)]
    pub(super) fn last(&mut self) -> &mut (Key, Value) {
        match self.cells.get_mut(self.top.wrapping_sub(1)) {
            Some(cell) => cell,
            None => unreachable!("a cell is pushed before it is written to"),
        }
    }

    /// The cells from `base` on, which are given up.
    #[inline]
    pub(super) fn above(&mut self, base: usize) -> &mut [(Key, Value)] {
        let top = std::mem::replace(&mut self.top, base);
        self.cells.get_mut(base..top).unwrap_or_default()
    }
}
