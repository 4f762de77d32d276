//! Whose is this object?
//!
//! Several apps, people and controllers write to one cluster. Before anything is written or deleted, this
//! crate answers whose an object is: it reads and writes Argo CD's tracking ids, pairs what Git wants with
//! what lives, and turns evidence into the [`Warrant`] without which nothing can be deleted. It does no I/O.
//!
//! | module | what it holds |
//! |---|---|
//! | [`TrackingId`], [`track`], [`owner_of`] | the annotation that names an object's app |
//! | [`prepare`], [`pair`], [`Pair`], [`Owner`] | desired objects beside live ones, and whose those are |
//! | [`LiveView`], [`Scopes`], [`Neighbours`] | what pairing asks about the cluster and the other apps |
//! | [`Warrant`], [`Evidence`], [`CompleteRender`] | what permits one delete |
//!
//! ```
//! use tautline_core::{AppId, Object, Value};
//! use tautline_ownership::{AppInstance, owner_of, track};
//!
//! let json = br#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"prod"}}"#;
//! let mut service = Object::new(Value::from_json(json)?)?;
//! let shop = AppInstance::of(&AppId::new("argocd", "shop"), "argocd");
//! track(&mut service, &shop, "prod");
//! assert_eq!(owner_of(&service).as_deref(), Some("shop"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod pair;
mod sendable;
mod tracking;
mod view;
mod warrant;

pub use pair::{Destination, Owner, Pair, Prepared, pair, pair_one, prepare};
pub use tracking::{AppInstance, INSTANCE_LABEL, TRACKING_ANNOTATION, TrackingId, owner_of, track};
pub use view::{LiveView, Neighbours, Scope, Scopes};
pub use warrant::{CompleteRender, Evidence, Propagation, Reason, Refusal, Warrant};
