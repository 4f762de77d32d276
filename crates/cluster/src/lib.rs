//! A Kubernetes API as a trait, and the compact live cache over it.
//!
//! [`Cluster`] is what the engine needs of a cluster, and no more: discovery, lists and watches that hand
//! over raw items, writes whose outcome is data, and a delete that takes a [`Warrant`]. Crate `kube`
//! implements it over a real client, crate `apiserver` in the process.
//!
//! [`Warrant`]: tautline_ownership::Warrant
#![forbid(unsafe_code)]

mod api;
mod cache;
mod counted;
mod error;
mod wait;

pub use api::{
    ApiResource, Cluster, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawObject, RawSink, Result,
    Stage, Target, WriteOptions, Written,
};
pub use cache::{BadItem, Cache, KindState, SnapshotError, StaleList};
pub use counted::{Counted, Counts};
pub use error::{Cause, ClusterError, Status};
pub use wait::until;
