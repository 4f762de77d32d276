//! What the conformance and differential tests share.
#![forbid(unsafe_code)]

pub mod fixtures;
pub mod merge_cases;
pub mod stand;
