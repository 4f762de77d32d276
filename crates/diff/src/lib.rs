//! The three-way diff: what would change, and why, per field.
//!
//! [`Structured`] asks what a server-side apply would do: it predicts the object that the API server would
//! answer with, ownership and defaults included, and compares it with the live one. A field that Git does not
//! set and never set is nobody's business; a field that left Git and that nobody else owns goes. What the
//! server did against the prediction is [`Learned`] and no drift the next time.
//!
//! | module | what it holds |
//! |---|---|
//! | [`Differ`], [`Sides`] | the seam: other strategies implement it |
//! | [`Structured`] | the prediction of a server-side apply |
//! | [`Difference`], [`Change`], [`Why`] | what would change, and why |
//! | [`IgnoreRules`] | differences that are not to be seen, by pointer, jq path or field manager |
//! | [`fold_managers`] | taking over from Argo CD, Flux and kubectl (rule R7) |
//! | [`Learned`] | what the server's answers teach (rule R5) |
//!
//! ```
//! use std::sync::Arc;
//! use tautline_core::{FieldManager, Manifest, MaskingKey, Object, Origin, Presence, Value};
//! use tautline_diff::{Differ, Outcome, Sides, Structured};
//!
//! let object = |json: &[u8]| Object::new(Value::from_json(json).unwrap()).unwrap();
//! let desired = object(br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n"},"data":{"x":"2"}}"#);
//! let live = object(br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","uid":"u"},"data":{"x":"1","y":"1"}}"#);
//! let differ = Structured::new(tautline_schema::shared(), FieldManager::tautline(), MaskingKey::new([0; 32]), Vec::new());
//! let desired = Manifest::new(desired, Origin::file("a.yaml", 1));
//! let difference = differ.diff(&Sides { desired: &desired, live: &Presence::Present(Arc::new(live)), learned: None, ignore: None });
//! assert_eq!(difference.outcome, Outcome::Change);
//! assert_eq!(difference.changes[0].to_string(), r#"data.x: "1" → "2" (set in Git, a.yaml:1)"#);
//! assert_eq!(difference.changes.len(), 1, "y is not ours");
//! ```
//!
//! # What it does not do
//! It asks no server: where the schema of a kind is unknown it compares only the fields that Git sets, which
//! finds every field to write and none to remove.
#![forbid(unsafe_code)]

mod adopt;
mod differ;
mod difference;
mod ignore;
mod learned;
mod structured;
mod walk;

pub use adopt::fold_managers;
pub use differ::{Differ, Sides};
pub use difference::{Change, Difference, Outcome, Taken, Why};
pub use ignore::{IgnoreError, IgnoreRule, IgnoreRules};
#[cfg(feature = "jq")]
pub use ignore::{JqError, JqPath};
pub use learned::Learned;
pub use structured::Structured;
