//! Fields that may not change once they are set.

use tautline_core::Object;

use crate::catalog::Served;
use crate::failure::Wrong;

/// Compares the fields of built-in kinds that may not change.
pub(super) fn check(_served: &Served, _old: &Object, _new: &Object) -> Vec<Wrong> {
    Vec::new()
}
