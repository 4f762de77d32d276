//! Merging as Kubernetes does it, without asking it.
//!
//! Server-side apply ([`apply`]) lays a configuration over a live object, list by list as the schema says, and keeps
//! books on who owns which field. This crate answers what kube-apiserver 1.37 would answer, `managedFields` and
//! error messages included, or says that it does not know. Beside it stand the other ways to change an object:
//! [`strategic`] merge patches, [`json_patch`], [`merge_patch`], and client-side apply as kubectl does it
//! ([`client_apply`]).
//!
//! ```
//! use tautline_core::{value, FieldManager, Object, Timestamp};
//! use tautline_merge::{apply, Apply, ApplyError};
//! use tautline_schema::{builtin, defaults};
//!
//! let schemas = builtin();
//! let write = |live: Option<&Object>, replicas: i64, manager: &str| {
//!     let config = Object::new(value!({ "apiVersion": "apps/v1", "kind": "Deployment",
//!         "metadata": { "name": "web", "namespace": "prod" }, "spec": { "replicas": replicas } })).expect("an object");
//!     apply(Apply { live, config: &config, manager: &FieldManager::new(manager), force: false, subresource: None,
//!         now: Timestamp::from_seconds(0), schemas, defaulter: &|o, live| defaults::settle_over(o, live, schemas) })
//! };
//! let live = write(None, 3, "git")?.object;
//! assert!(!write(Some(&live), 3, "git")?.changed);
//! let error = write(Some(&live), 5, "someone").unwrap_err();
//! assert_eq!(error.to_string(), "Apply failed with 1 conflict: conflict with \"git\": .spec.replicas");
//! # Ok::<(), ApplyError>(())
//! ```
//!
//! | module or type | what it holds |
//! |---|---|
//! | [`apply`], [`Apply`], [`Applied`], [`Defaulter`], [`ApplyError`], [`Conflict`] | server-side apply |
//! | [`update`], [`Update`] | who owns what after a create, PUT or patch |
//! | [`FieldSet`], [`ManagedFields`], [`Manager`], [`Owned`] | ownership: `FieldsV1` and its owners |
//! | [`Owners`], [`Owner`] | whose is a field |
//! | [`scale_owners`], [`owners_after_scale`] | ownership through `scale` |
//! | [`fold_managers`] | ownership of client-side apply and other tools becomes ours |
//! | [`strategic`], [`json_patch`], [`merge_patch`] | patches: applying and making them |
//! | [`client_apply`] | what `kubectl apply` sends |
//!
//! # What it does not do
//! It validates no objects, runs no admission and no webhooks, and converts no versions by code: where an owner of
//! a built-in kind wrote in a version whose fields differ, the answer is [`ApplyError::DontKnow`]. The caller, a
//! server or a predictor, puts back what an endpoint does not let through (status, metadata).
#![forbid(unsafe_code)]

mod fieldset;
mod go_print;
mod owners;
mod patch;
pub mod strategic;
mod structured;
mod take_over;
mod three_way;
mod time;

pub use fieldset::{FieldSet, FieldsError};
pub use go_print::plain as go_text;
pub use owners::{Owner, Owners};
pub use patch::{PatchError, json as json_patch, merge as merge_patch};
pub use structured::{
    Applied, Apply, ApplyError, Conflict, Defaulter, ManagedFields, Manager, Operation, Owned, ReplicasPaths,
    TakenField, Unknown, Update, apply, keep_times, owners_after_scale, scale_owners, update,
};
pub use take_over::fold_managers;
pub use three_way::{ClientApply, client_apply, create_merge as create_three_way_merge};
