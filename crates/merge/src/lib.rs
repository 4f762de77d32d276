//! Merging as Kubernetes does it.
#![forbid(unsafe_code)]

mod fieldset;
mod go_print;
mod structured;
mod time;

pub use fieldset::{FieldSet, FieldsError};
pub use structured::{
    Applied, Apply, ApplyError, Conflict, ManagedFields, Manager, Operation, Owned, ReplicasPaths,
    TakenField, Unknown, Update, apply, keep_times, owners_after_scale, scale_owners, update,
};
