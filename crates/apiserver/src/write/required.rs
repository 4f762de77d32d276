//! Validation of built-in kinds: what must be there and what values may be, in the server's words.

use tautline_core::Object;

use crate::catalog::Served;
use crate::failure::Wrong;

/// Checks an object of a built-in kind.
pub(super) fn check(_served: &Served, _object: &Object) -> Vec<Wrong> {
    Vec::new()
}

/// What the server accepts with a warning.
pub(super) fn warnings(_served: &Served, _object: &Object) -> Vec<String> {
    Vec::new()
}
