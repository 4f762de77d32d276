//! A Kubernetes API as a trait, and the compact live cache over it.
//!
//! [`Cluster`] is what the engine needs of a cluster, and no more: discovery, lists and watches that hand
//! over raw items, writes whose outcome is data, and a delete that takes a [`Warrant`]. Crate `kube`
//! implements it over a real client, crate `apiserver` in the process.
//!
//! [`Cache`] holds the live objects of the watched kinds: a pure data structure that whoever runs the watches feeds.
//!
//! ```
//! use tautline_cluster::{ApiResource, Cache, RawObject};
//! use tautline_core::{GroupVersionKind, MaskingKey, Presence, ResourceKey, Timestamp};
//! use tautline_ownership::LiveView;
//!
//! let pods = ApiResource { gvk: GroupVersionKind::new("", "v1", "Pod"), plural: "pods".into(), namespaced: true,
//!     verbs: vec![], short_names: vec![], subresources: vec![] };
//! let (mut cache, kind) = (Cache::new(MaskingKey::new([7; 32])), pods.gvk.group_kind());
//! let (web, db) = (ResourceKey::new("", "Pod", "prod", "web"), ResourceKey::new("", "Pod", "prod", "db"));
//!
//! cache.begin_list(pods);
//! let item = br#"{"metadata":{"name":"web","namespace":"prod","uid":"1","resourceVersion":"7"}}"#;
//! cache.list_item(&kind, &RawObject::Json(item.to_vec().into()))?;
//! assert!(matches!(cache.get(&db), Presence::Unknown(_)), "the list has not ended");
//! cache.end_list(&kind, "9".into(), Timestamp::default())?;
//! assert!(matches!(cache.get(&web), Presence::Present(_)));
//! assert!(cache.get(&db).is_absent(), "as of version 9");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Warrant`]: tautline_ownership::Warrant
#![forbid(unsafe_code)]

mod api;
mod cache;
mod counted;
mod error;
mod scan;
mod wait;

pub use api::{
    ApiResource, Cluster, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawObject, RawSink, Result,
    Stage, Target, WriteOptions, Written,
};
pub use cache::{BadItem, Cache, KindState, SnapshotError, StaleList};
pub use counted::{Counted, Counts};
pub use error::{Cause, ClusterError, Status};
pub use scan::{Page, event_parts};
pub use wait::until;
