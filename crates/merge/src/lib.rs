//! Merging as Kubernetes does it.
#![forbid(unsafe_code)]

mod fieldset;
mod go_print;
mod patch;
pub mod strategic;
mod structured;
mod three_way;
mod time;

pub use fieldset::{FieldSet, FieldsError};
pub use patch::{PatchError, json as json_patch, merge as merge_patch};
pub use structured::{
    Applied, Apply, ApplyError, Conflict, ManagedFields, Manager, Operation, Owned, ReplicasPaths,
    TakenField, Unknown, Update, apply, keep_times, owners_after_scale, scale_owners, update,
};
pub use three_way::{ClientApply, client_apply, create_merge as create_three_way_merge};
