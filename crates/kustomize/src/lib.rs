//! `kustomize build` in Rust: a tree with kustomization files in, objects out.
//!
//! Kustomize takes plain manifests and changes them by rules that are data: names get prefixes, images new tags,
//! a patch adds a field, and every name that another object mentions follows along. This crate does what
//! Kustomize 5.8.1 does, byte for byte, as a pure function: no file system, no processes, no network.
//!
//! ```
//! use tautline_core::{MemoryTree, TreePath};
//! use tautline_kustomize::{Request, build};
//!
//! let tree = MemoryTree::new([
//!     ("base/kustomization.yaml", "resources: [web.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n"),
//!     ("base/web.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - image: shop:1.4\n    name: app\n    envFrom: [{configMapRef: {name: settings}}]\n"),
//!     ("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\nimages: [{name: shop, newTag: '1.5'}]\n"),
//! ]);
//! let report = build(&Request::new(&tree, TreePath::new("prod")?));
//! let text = report.outcome?.to_yaml()?;
//! assert!(text.contains("image: shop:1.5"));
//! assert!(text.contains("name: prod-settings-4h2mbtbbt6"), "{text}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How a build goes
//! A kustomization is worked off in order: its resources (files, and folders or repositories with kustomizations
//! of their own), field specs, generators, components, transformers, validators, vars. What comes out is the
//! input of the kustomization above. Only at the top are hashes added to names, names followed into the fields
//! that mention them, and vars replaced: then every object has its last name. So each resource carries
//! a memory: what it was called at every step, and which prefixes it got.
//!
//! | item | what it is |
//! |---|---|
//! | [`build`], [`explain`] | the objects; which step gave a field its value |
//! | [`Request`], [`Options`], [`Supplies`] | what is built, how, and what the tree has not |
//! | [`Report`], [`Built`], [`BuiltObject`] | what came out: objects with origins, warnings, reads, needs |
//! | [`repository`] | what a base's URL means, in all of Kustomize's forms |
//! | [`Overlay`] | what Argo CD lays over a kustomization |
//! | [`ChartInflator`], [`Plugin`] | what a host adds: charts, and plugins in the process |
//! | [`Error`] | why a build is refused |
//!
//! # What it does not do
//! It fetches nothing: a remote base is named in [`Report::needs`], and the caller builds again with the tree in
//! [`Supplies::trees`]. It starts nothing: exec, container and Go plugins are refused unless the host registers
//! a [`Plugin`] for their kind. Where it differs from Kustomize is written in `DIFFERENCES.md`.
#![forbid(unsafe_code)]

mod argocd;
mod build;
mod config;
mod error;
mod field_spec;
mod fields;
mod generate;
mod hash;
mod kustomization;
mod load;
mod name_reference;
mod options;
mod origin;
mod patch;
mod patches;
mod plugins;
mod report;
mod resource;
mod selector;
mod steps;
mod trace;
mod transform;
mod vars;

pub use argocd::{Overlay, OverlayPatch, OverlayTarget};
pub use error::Error;
pub use kustomization::HelmChart;
pub use load::repository;
pub use options::{LoadRestrictions, Options, Reorder, Request, Supplies};
pub use plugins::{ChartInflator, ChartRequest, Item, Plugin, Plugins};
pub use report::{Built, BuiltObject, Report, build, explain};
pub use trace::FieldSource;

/// The version of Kustomize that is followed.
pub const VERSION: &str = "v5.8.1";
