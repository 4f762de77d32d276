//! Which lines of two texts are the same.

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

/// Beyond this many pairs of lines that differ at the ends, everything between counts as changed: what is written to
/// be slow to compare is not compared.
const MOST_PAIRS: usize = 400_000_000;

/// The lines of both texts, and what leads from one to the other.
pub(super) struct Lines<'a> {
    pub(super) before: Vec<&'a str>,
    pub(super) after: Vec<&'a str>,
    ops: Vec<DiffOp>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(before: &'a str, after: &'a str) -> Self {
        let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
        let ops = if before.len().saturating_mul(after.len()) <= MOST_PAIRS {
            capture_diff_slices(Algorithm::Myers, &before, &after)
        } else {
            trimmed(&before, &after)
        };
        Self { before, after, ops }
    }

    /// Runs of changes with so many equal lines around each.
    pub(super) fn hunks(&self, context: usize) -> Vec<Vec<DiffOp>> {
        if self.ops.iter().all(|op| matches!(op, DiffOp::Equal { .. })) {
            return Vec::new();
        }
        group_diff_ops(self.ops.clone(), context)
    }
}

/// The same ends, and one replacement between them.
fn trimmed(before: &[&str], after: &[&str]) -> Vec<DiffOp> {
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (rest_before, rest_after) = (before.len() - head, after.len() - head);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let tail = tail.min(rest_before).min(rest_after);
    let equal = |at: usize, other: usize, len: usize| DiffOp::Equal { old_index: at, new_index: other, len };
    let middle = DiffOp::Replace {
        old_index: head,
        old_len: rest_before - tail,
        new_index: head,
        new_len: rest_after - tail,
    };
    [equal(0, 0, head), middle, equal(before.len() - tail, after.len() - tail, tail)].to_vec()
}
