//! The page that shows apps and their live resource trees, as an axum router for any controller.
//!
//! The crate knows nothing of clusters: a controller implements [`Pages`], three plain questions, and mounts
//! [`router`]. The page is a handful of ES modules without a build step, embedded in the binary; it talks to
//! no other host and changes nothing.
//!
//! ```
//! use std::sync::Arc;
//! use futures::stream::{self, BoxStream, StreamExt};
//! use tautline_web::{AppPage, AppSummary, Options, Pages, router};
//!
//! struct Nothing;
//!
//! #[async_trait::async_trait]
//! impl Pages for Nothing {
//!     async fn apps(&self) -> Vec<AppSummary> {
//!         Vec::new()
//!     }
//!     async fn app(&self, _namespace: &str, _name: &str) -> Option<AppPage> {
//!         None
//!     }
//!     fn changes(&self) -> BoxStream<'static, String> {
//!         stream::pending().boxed()
//!     }
//! }
//!
//! let router: axum::Router = router(Arc::new(Nothing), Options::default());
//! # drop(router);
//! ```
//!
//! | path | what it answers |
//! |---|---|
//! | `/`, `/assets/…` | the page; it holds no data |
//! | `/api/apps` | every app's [`AppSummary`] |
//! | `/api/apps/{namespace}/{name}` | one [`AppPage`] |
//! | `/api/changes` | server-sent events: `namespace/name` of each app that changed |
//! | `/healthz` | `ok`, whoever asks |
//!
//! # What keeps it safe
//! Text from a cluster or repository is only ever inserted as text; links are made for `http` and `https`
//! alone; the content security policy forbids inline script and other hosts. A request must name an expected
//! host (against DNS rebinding) and come from the same origin. With a [token](Options::token) every answer
//! that holds data asks for it; without one, listen on loopback only.
//!
//! # What it does not do
//! It changes nothing, keeps no state, terminates no TLS and knows no users: put it behind a proxy for that.
//! What secrets hold must not be in what [`Pages`] answers.
#![forbid(unsafe_code)]

mod assets;
mod guard;
mod model;
mod router;

pub use guard::Options;
pub use model::{
    AppPage, AppSummary, Condition, Counts, HistoryEntry, Node, Operation, OperationResult, Plan, PlanCounts,
    PlanGroup, PlanStep,
};
pub use router::{Pages, router};
pub use tautline_diff::{Line, Row, RowKind, Section};
