//! Performs the steps of a plan.
//!
//! A plan decides; this crate does. Right before each write it looks at the live object once more: what
//! changed meanwhile is left alone and judged again. An apply carries the uid it was decided on, so that a
//! re-created object is a conflict; a create carries a version that only an absent object accepts; a delete
//! needs a [`Warrant`](tautline_ownership::Warrant), judged here and now. What may pass by itself is tried
//! again; what the server refuses is not.
//!
//! Writes go as fast as the server takes them well, and not faster: that is a [`Pace`].
//!
//! What is not the same when it is done twice is on record before it is done: that is a [`Journal`].
//!
//! This is the only crate that calls [`Cluster::delete`](tautline_cluster::Cluster::delete).
#![forbid(unsafe_code)]

mod executor;
mod journal;
mod outcome;
mod pace;
mod versions;

pub use executor::{ClientSide, ClientWrite, Executor, Fresh, Job, TakeOver, WriteSettings};
pub use journal::{Change, FileJournal, Journal, JournalError, MemoryJournal};
pub use outcome::Performed;
pub use pace::{Pace, Paced, Place, Went, weighed};
