//! The fast path.

use tautline_core::Value;

use crate::read::Options;

/// Reads plain block style; nothing for whatever else.
pub(crate) fn read(_text: &str, _options: &Options) -> Option<Value> {
    None
}
