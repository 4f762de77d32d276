//! The three-way diff: what would change, and why, per field.
#![forbid(unsafe_code)]

mod difference;

pub use difference::{Change, Difference, Outcome, Taken, Why};
