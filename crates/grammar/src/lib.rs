//! The small languages of Kubernetes and its tools: each parses, prints and means exactly what it does there.
//!
//! A GitOps engine compares what people wrote with what a server made of it. `0.2` and `200m` are one
//! amount, `app in (a)` selects what `app=a` does, `^1.2` takes `1.9.0` but not `2.0.0`. This crate holds
//! those languages, one module each, as types that parse with [`str::parse`] and print with
//! [`std::fmt::Display`]. It reads no files and no clock.
//!
//! | module | what it holds |
//! |---|---|
//! | [`quantity`] | [`Quantity`]: `500m`, `1.5Gi` |
//! | [`selector`] | [`LabelSelector`] in both forms, [`FieldSelector`] |
//! | [`time`] | RFC 3339 for [`tautline_core::Timestamp`] |
//! | [`duration`] | [`Duration`]: Go's `1h30m` |
//! | [`names`] | which names the API server takes, with its messages |
//! | [`mod@pointer`] | [`Pointer`]: JSON pointers |
//! | [`semver`] | [`Version`], [`Constraint`]: Masterminds' versions and ranges |
//! | [`glob`] | [`Glob`]: `apps/**/{a,b}*.yaml` |
//! | [`image`] | [`ImageReference`]: name, tag and digest |
//!
//! ```
//! use tautline_grammar::{LabelSelector, Quantity};
//!
//! let cpu: Quantity = "0.2".parse()?;
//! assert_eq!(cpu, "200m".parse()?);
//! assert_eq!(cpu.to_string(), "200m");
//!
//! let selector: LabelSelector = "tier in (web,api),!canary".parse()?;
//! assert!(selector.matches(|key| (key == "tier").then_some("web")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//! It knows no object and no schema: which field holds a quantity is crate `schema`'s to say. YAML and Go
//! templates are crates of their own.
#![forbid(unsafe_code)]

pub mod cron;
pub mod duration;
pub mod glob;
pub mod image;
pub mod names;
pub mod pointer;
pub mod quantity;
pub mod selector;
pub mod semver;
pub mod time;

pub use cron::Cron;
pub use duration::Duration;
pub use glob::Glob;
pub use image::ImageReference;
pub use pointer::Pointer;
pub use quantity::Quantity;
pub use selector::{FieldSelector, LabelSelector};
pub use semver::{Constraint, Version};
