//! The three-way diff: what would change, and why, per field.
//!
//! [`Structured`] asks what a server-side apply would do: it predicts the object that the API server would
//! answer with, ownership and defaults included, and compares it with the live one. A field that Git does not
//! set and never set is nobody's business; a field that left Git and that nobody else owns goes. What the
//! server did against the prediction is [`Learned`] and no drift the next time.
//!
//! | module | what it holds |
//! |---|---|
//! | [`Differ`], [`Sides`] | the seam: strategies implement it |
//! | [`Structured`] | a strategy: the prediction of a server-side apply |
//! | [`ThreeWay`] | a strategy: what client-side apply would do, by the last-applied annotation |
//! | [`ServerSide`], [`DryRuns`] | a strategy: the server's own dry runs, for don't-knows or always |
//! | [`Difference`], [`Change`], [`Why`], [`FieldOwner`] | what would change, why, and whose it was |
//! | [`normalize`] | the one form of what Kubernetes holds to be the same |
//! | [`Memo`], [`Circumstances`] | a comparison that was made is not made again (rule R14) |
//! | [`View`] | a difference as stable JSON, as unified text, in two columns; secrets hidden |
//! | [`IgnoreRules`] | differences that are not to be seen, by pointer, jq path or field manager |
//! | [`fold_managers`] | taking over from Argo CD, Flux and kubectl (rule R7) |
//! | [`without_unknown`] | what `Validate=false` drops (rule R11) |
//! | [`locate`], [`locate_changes`] | the line of the very field that Git sets |
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
//! let difference = differ.diff(&Sides { desired: &desired, live: &Presence::Present(Arc::new(live)), learned: None, ignore: None, taken_over: &[] });
//! assert_eq!(difference.outcome, Outcome::Change);
//! assert_eq!(difference.changes[0].to_string(), r#"data.x: "1" → "2" (set in Git, a.yaml:1)"#);
//! assert_eq!(difference.changes.len(), 1, "y is not ours");
//! ```
//!
//! # What it does not do
//! It asks no server: where the schema of a kind is unknown, [`Structured`] compares only the fields that Git sets,
//! which finds every field to write and none to remove, and names the dry run that would settle it.
#![forbid(unsafe_code)]

mod aside;
mod differ;
mod difference;
mod dry_run;
mod edit;
mod hide;
mod ignore;
mod known;
mod learned;
mod locate;
mod memo;
mod named;
mod normal;
mod of_kind;
mod show;
mod structured;
mod three_way;
mod walk;
mod why;

pub use differ::{Differ, Sides};
pub use difference::{Change, Difference, FieldOwner, Outcome, Taken, Why};
pub use dry_run::{Asking, DryRun, DryRuns, ServerSide, question};
pub use edit::with_changes;
pub use ignore::{IgnoreError, IgnoreRule, IgnoreRules};
#[cfg(feature = "jq")]
pub use ignore::{JqError, JqPath};
pub use known::without_unknown;
pub use learned::Learned;
pub use locate::{locate, locate_changes};
pub use memo::{Circumstances, Memo, digest_of_reads};
pub use normal::normalize;
pub use show::{FORMAT_VERSION, Line, Row, RowKind, Section, TextStyle, View};
pub use structured::Structured;
pub use tautline_merge::fold_managers;
pub use three_way::ThreeWay;
