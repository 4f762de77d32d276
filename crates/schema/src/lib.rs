//! What Kubernetes' types say.
#![forbid(unsafe_code)]

mod builtin;
mod cluster;
mod codec;
mod crd;
pub mod defaults;
#[doc(hidden)]
pub mod generate;
mod kind;
mod openapi;
mod quantity;
mod source;
mod stored;
mod types;
mod zero;

pub use builtin::{Builtin, KUBERNETES_VERSION, builtin, shared};
pub use cluster::ClusterOpenApi;
pub use crd::{CrdError, CustomKinds};
pub use kind::{Kind, ScalePaths, Scope, Subresource};
pub use source::{Overlay, Schemas};
pub use types::{
    FieldRef, Format, ListType, MapType, PatchStrategy, Presence, Root, TypeKind, TypeRef, Types,
};
