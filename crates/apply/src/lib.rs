//! Performs the steps of a plan.
//!
//! A plan decides; this crate does. Right before each write it looks at the live object once more: what
//! changed meanwhile is left alone and judged again. An apply carries the uid it was decided on, so that a
//! re-created object is a conflict; a create carries a version that only an absent object accepts; a delete
//! needs a [`Warrant`](tautline_ownership::Warrant), judged here and now. What may pass by itself is tried
//! again; what the server refuses is not.
//!
//! This is the only crate that calls [`Cluster::delete`](tautline_cluster::Cluster::delete).
#![forbid(unsafe_code)]

mod executor;
mod outcome;

pub use executor::{ClientSide, ClientWrite, Executor, Fresh, Job, TakeOver, WriteSettings};
pub use outcome::Performed;
