//! The three-way diff: what would change, and why, per field.
#![forbid(unsafe_code)]

mod differ;
mod difference;
mod learned;
mod walk;

pub use differ::{Differ, Sides};
pub use difference::{Change, Difference, Outcome, Taken, Why};
pub use learned::Learned;
