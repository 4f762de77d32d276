//! Argo CD's resources, read as they are and turned into the engine's input.
//!
//! Teams have Applications and AppProjects already; this crate reads them unchanged, fills the Applications'
//! status as Argo CD 3.6 does, and refuses what it does not understand instead of ignoring it (rule R1).
//!
//! | item | what it is |
//! |---|---|
//! | [`Application`], [`Settings`] | one Application in the engine's words |
//! | [`Project`] | what an AppProject allows, also as a gate before a plan |
//! | [`Controller`], [`ControllerOptions`] | Applications in, a runtime driven, statuses out |
//! | [`definitions`] | the CRDs |
//!
//! ```
//! use std::time::Duration;
//! use tautline_argocd::{Application, Settings};
//! use tautline_core::{Object, value};
//!
//! let object = Object::new(value!({
//!     "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
//!     "metadata": { "name": "web", "namespace": "argocd" },
//!     "spec": {
//!         "source": { "repoURL": "https://git.example/shop.git", "path": "web" },
//!         "destination": { "server": "https://kubernetes.default.svc", "namespace": "prod" },
//!         "syncPolicy": { "automated": { "prune": true }, "syncOptions": ["Replace=yes"] }
//!     }
//! }))?;
//! let settings = Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false };
//! let app = Application::read(&object, &settings);
//! assert!(app.spec.refused[0].message.contains("Replace=yes"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod application;
mod controller;
mod crds;
mod customized;
mod events;
mod follow;
mod helm;
mod journal;
mod kinds;
mod kustomize;
mod options;
mod project;
mod records;
mod rival;
mod status;
mod windows;

pub use application::{
    Application, DEPENDS_ON_APPS_ANNOTATION, FINALIZER, KINDS_ANNOTATION, REFRESH_ANNOTATION, Settings,
};
pub use controller::{Controller, ControllerOptions};
pub use crds::definitions;
pub use project::Project;
