//! The words that everybody shares.
//!
//! Git says what should run; the cluster says what does. Between the two, Tautline's crates hand values to
//! each other, and this crate is the vocabulary of that conversation. It does no I/O and owns no clock.
//!
//! | module | what it holds |
//! |---|---|
//! | [`Value`], [`Key`], [`Map`], [`List`] | the tree that manifests and live objects are made of |
//! | [`Object`], [`Manifest`], [`Origin`], [`Problem`] | a value that is a Kubernetes object; a desired one with the file it is from |
//! | [`FieldPath`] | where in an object a field is: `spec.containers[name=app].image` |
//! | [`ResourceKey`], [`AppId`], [`FieldManager`], … | names, one type each |
//! | [`Want`], [`Revision`], [`Tree`] | what is asked of a source, what it stands for, its content |
//! | [`Need`], [`ReadSet`] | what a pure stage lacks, and what it read |
//! | [`Presence`], [`Freshness`], [`Why`] | there, not there with evidence, or unknown for a reason |
//! | [`Secret`], [`Budget`], [`Backoff`], [`Clock`] | what must not be shown, cost too much, or be waited for |
//!
//! ```
//! use tautline_core::{FieldPath, Object, Value};
//!
//! let json = br#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"prod"},
//!     "spec":{"template":{"spec":{"containers":[{"name":"app","image":"shop:1.4"}]}}}}"#;
//! let object = Object::new(Value::from_json(json)?)?;
//! assert_eq!(object.key().to_string(), "apps/Deployment prod/web");
//!
//! let path: FieldPath = "spec.template.spec.containers[name=app].image".parse()?;
//! assert_eq!(path.get(&object.to_value()).and_then(Value::as_str), Some("shop:1.4"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//! It knows no Kubernetes type by itself (crate `schema` does), reads no YAML (crate `yaml`), and its
//! [`Packed`] form is private to one build.
#![forbid(unsafe_code)]

mod budget;
mod clock;
mod manifest;
mod masking;
mod memory_tree;
mod names;
mod need;
mod object;
mod path;
mod presence;
mod tree;
mod value;

pub use budget::{Backoff, Budget, CancelFlag};
pub use clock::{Clock, ManualClock, Timestamp};
pub use manifest::{Manifest, Origin, Problem, Severity};
pub use masking::MaskingKey;
pub use memory_tree::MemoryTree;
pub use names::{
    AppId, ClusterId, FieldManager, GroupKind, GroupVersion, GroupVersionKind, ResourceKey, ResourceNames,
    ResourceVersion, Uid,
};
pub use need::{Need, Read, ReadSet};
pub use object::{NotAnObject, Object, OwnerReference};
pub use path::{Elements, FieldPath, PathElement, PathError, Trail};
pub use presence::{Freshness, Presence, Secret, Why};
pub use tree::{Entry, EntryKind, OutsideTree, Revision, Tree, TreeError, TreeId, TreePath, Want, resolve};
pub use value::{
    Digest, Entries, JsonError, JsonErrorKind, Key, List, Map, MapDraft, PackError, Packed, Text, Value,
};
