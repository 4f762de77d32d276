//! An embeddable GitOps engine.
//!
//! Git says what should run; Tautline makes the cluster match, keeps it matching, and can say why for every
//! field. Data goes one way:
//!
//! ```text
//!        Want          Revision + Tree        Manifests          Differences          Plan            Outcome
//! git ─────────▶ source ──────────────▶ render ──────────▶ diff ─────────────▶ plan ─────────▶ apply ─────────▶ health
//!                                                           ▲ live objects (cluster)             │
//!                                                           └───────────────────────────────────┘
//! ```
//!
//! Each stage is a crate of its own, useful alone, and everything between `source` and `apply` is a pure
//! function. This crate re-exports them and puts the usual ones together: an [`Embedding`] takes a cluster, a
//! source and a clock and runs the Applications of that cluster.
//!
//! ```no_run
//! use std::{sync::Arc, time::Duration};
//! use tautline::{Embedding, argocd::{ControllerOptions, Settings}, core::MaskingKey};
//! # use tautline::{cluster::Cluster, core::Clock, source::Source};
//! # async fn run(cluster: Arc<dyn Cluster>, source: Arc<dyn Source>, clock: Arc<dyn Clock>, random: [u8; 32]) -> Result<(), String> {
//! let settings = Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false };
//! let options = ControllerOptions { settings, selector: String::new(), take_over: false };
//! let controller = Embedding::new(cluster, source, clock, MaskingKey::new(random)).control(options).await?;
//! let mut changes = controller.runtime().changes();
//! while let Ok(app) = changes.recv().await {
//!     println!("{app} changed");
//! }
//! # Ok(()) }
//! ```
//!
//! # Features
//! - `git` (default): [`git`], a source over Git repositories and folders.
//! - `kube`: a cluster over the kube crate.
//! - `web`: the page with the apps and their live resource trees.
//! - `apiserver`: an API server in the process, and the workloads on it.
#![forbid(unsafe_code)]

mod embedding;
#[cfg(feature = "web")]
mod pages;
#[cfg(feature = "web")]
mod plan_page;
#[cfg(feature = "web")]
mod source_lines;

pub use embedding::{Embedding, client_side};
#[cfg(feature = "web")]
pub use pages::RuntimePages;
#[cfg(feature = "apiserver")]
pub use tautline_apiserver as apiserver;
pub use tautline_apply as apply;
pub use tautline_argocd as argocd;
pub use tautline_cluster as cluster;
pub use tautline_core as core;
pub use tautline_diff as diff;
pub use tautline_engine as engine;
#[cfg(feature = "git")]
pub use tautline_git as git;
pub use tautline_gotemplate as gotemplate;
pub use tautline_grammar as grammar;
pub use tautline_health as health;
pub use tautline_helm as helm;
#[cfg(feature = "kube")]
pub use tautline_kube as kube;
pub use tautline_kustomize as kustomize;
pub use tautline_merge as merge;
pub use tautline_ownership as ownership;
pub use tautline_plan as plan;
pub use tautline_render as render;
pub use tautline_runtime as runtime;
pub use tautline_schema as schema;
pub use tautline_scripts as scripts;
pub use tautline_source as source;
#[cfg(feature = "web")]
pub use tautline_web as web;
#[cfg(feature = "apiserver")]
pub use tautline_workloads as workloads;
pub use tautline_yaml as yaml;
