//! What Kubernetes' types say: of a kind and a path, everything that merging and comparing needs to know.
//!
//! Is this list one value, a set, or keyed by `name`? Which default does the API server fill in? Does the kind
//! live in a namespace? Three sources answer behind one trait, [`Schemas`]: a table of Kubernetes' own kinds
//! inside this crate ([`builtin`]), CustomResourceDefinitions ([`CustomKinds`]), and what a cluster serves at
//! `/openapi/v3` ([`ClusterOpenApi`]). [`Overlay`] asks one after the other. A kind that nobody knows is `None`,
//! never a guess.
//!
//! ```
//! use tautline_core::{FieldPath, GroupVersionKind};
//! use tautline_schema::{builtin, ListType, Schemas};
//!
//! let deployment = GroupVersionKind::new("apps", "v1", "Deployment");
//! assert_eq!(builtin().kind(&deployment).map(|kind| kind.plural.clone()).as_deref(), Some("deployments"));
//!
//! let root = builtin().root(&deployment).ok_or("known")?;
//! let path: FieldPath = "spec.template.spec.containers".parse()?;
//! let containers = root.at(&path).ok_or("declared")?;
//! assert!(matches!(containers.list_type(), ListType::Map([key]) if key == "name"));
//! assert_eq!(containers.merge_key(), Some("name"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module or type | what it holds |
//! |---|---|
//! | [`Schemas`], [`Overlay`] | the question, and one source before another |
//! | [`Root`], [`TypeRef`], [`FieldRef`], [`InOrder`] | a kind's type, to walk from field to field |
//! | [`ListType`], [`MapType`], [`PatchStrategy`], [`Presence`] | what types say |
//! | [`Kind`], [`Scope`], [`Subresource`] | what discovery says |
//! | [`builtin`], [`CustomKinds`], [`ClusterOpenApi`] | the three sources |
//! | [`defaults`] | objects as the API server stores them |
//! | [`immutable_fields`] | fields that never change |
//!
//! # The built-in table
//! Kubernetes 1.37.2 ([`KUBERNETES_VERSION`]), 44 KB compressed, read in about a millisecond on first use. Made
//! from the OpenAPI documents in the Go module `k8s.io/kubernetes` (`api/openapi-spec`), the discovery of a default
//! API server, and the struct tags of `k8s.io/api`, which say what Go prints of a field that nobody set:
//! ```text
//! cargo run -p tautline-schema-generator -- OPENAPI_DIR DISCOVERY_JSON MODULES_DIR
//! ```
//!
//! # What it does not do
//! It validates nothing: formats, ranges and CEL rules belong to the API server. It converts no versions. Defaults
//! that are a moment in time or the work of admission are not its own.
#![forbid(unsafe_code)]

mod attributes;
mod builtin;
mod cluster;
mod codec;
mod crd;
pub mod defaults;
#[doc(hidden)]
pub mod generate;
pub mod go_values;
mod immutable;
mod in_order;
mod index;
mod kind;
mod openapi;
mod quantity;
mod source;
mod stored;
mod types;
mod zero;

pub use builtin::{Builtin, KUBERNETES_VERSION, builtin, shared};
pub use cluster::{ClusterOpenApi, is_tables_minor};
pub use crd::{CrdError, CustomKinds};
pub use immutable::immutable_fields;
pub use in_order::InOrder;
pub use kind::{Kind, ScalePaths, Scope, Subresource};
pub use source::{Overlay, Schemas};
pub use types::{
    FieldRef, Format, ListType, MapType, PatchStrategy, Presence, Root, TypeKind, TypeRef, Types,
};
