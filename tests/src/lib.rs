//! What the conformance and differential tests share.
#![forbid(unsafe_code)]
#![allow(clippy::panic, reason = "a test stand fails by panicking with what it saw")]

pub mod fixtures;
pub mod merge_cases;
pub mod stand;
