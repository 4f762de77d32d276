//! Structured merge: server-side apply, and what other writes do to ownership.

mod apply;
mod compare;
mod errors;
mod join;
mod last_applied;
mod managed;
mod reconcile;
mod remove;
mod resets;
mod scale;
pub(crate) mod shape;
mod steady;
mod typed;
mod updater;
mod versions;

pub use apply::{Applied, Apply, Defaulter, TakenField, Update, apply, keep_times, update};
pub use errors::{ApplyError, Conflict, Unknown};
pub(crate) use last_applied::{LAST_APPLIED, print as print_last_applied};
pub(crate) use managed::entries;
pub use managed::{ManagedFields, Manager, Operation, Owned};
pub use scale::{ReplicasPaths, owners_after_scale, scale_owners};
pub(crate) use updater::NOBODYS;
