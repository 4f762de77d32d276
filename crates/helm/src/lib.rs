//! `helm template` as a library: charts and values in, manifests out, byte for byte what Helm prints.
//!
//! A chart is a folder of Go templates with default values, perhaps with other charts in it. Rendering one
//! takes four steps, and each is a function here:
//!
//! ```
//! use tautline_core::{Budget, MemoryTree, TreePath};
//! use tautline_helm::{Dialect, Loader, Overrides, PrintOptions, Release, Settings, print, template};
//!
//! let tree = MemoryTree::new([
//!     ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
//!     ("web/values.yaml", "replicas: 1\n"),
//!     ("web/templates/web.yaml", "kind: Web\nmetadata:\n  name: {{ .Release.Name }}\nspec: {{ .Values | toJson }}\n"),
//! ]);
//!
//! // 1. Load: .helmignore, sub-charts, archives, size limits.
//! let loaded = Loader::default().load(&tree, &TreePath::new("web")?)?;
//!
//! // 2. What the user sets, in Helm's order whatever the order of flags.
//! let overrides = Overrides { set: vec!["replicas=3,image.tag=v2".to_owned()], ..Overrides::default() };
//! let values = overrides.merge(Dialect::Helm4, &Budget::default())?;
//!
//! // 3. Render: dependencies are chosen, defaults laid below, schemas checked, templates executed, documents
//! //    split, hooks told from manifests, kinds put in order.
//! let release = Release::install("shop", "prod");
//! let rendered = template(loaded.chart, values, &release, &Settings::default())?;
//! assert_eq!(rendered.manifests[0].value.i64_at(&["spec", "replicas"]), Some(3));
//!
//! // 4. Print, if text is wanted.
//! let text = String::from_utf8(print(&rendered, &PrintOptions::default())?)?;
//! assert_eq!(
//!     text,
//!     "---\n# Source: web/templates/web.yaml\nkind: Web\nmetadata:\n  name: shop\nspec: {\"image\":{\"tag\":\"v2\"},\"replicas\":3}\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | item | what it is |
//! |---|---|
//! | [`Loader`], [`Chart`], [`File`] | a chart out of a [`Tree`](tautline_core::Tree) or an archive |
//! | [`Overrides`] | values files and the `--set` family |
//! | [`Capabilities`] | what a chart may ask about the cluster; what Helm has without one |
//! | [`template`], [`render_files`] | a release; the templates' output before it is taken for YAML |
//! | [`Settings`], [`Lookups`] | schema checks, clock, seed, budget, what `lookup` answers |
//! | [`Document`], [`Hook`] | manifests and hooks with their origin, weights and policies |
//! | [`print()`] | `helm template`'s output |
//! | [`Dialect`] | Helm 4 or Helm 3 |
//!
//! # What it does not do
//! It fetches nothing, starts nothing, and reads no clock: time and randomness are in [`Settings`]. What a render
//! read is in its `ReadSet` and in [`File::is_used`], so that a kept result can be trusted. Every difference from
//! Helm that is known is in `DIFFERENCES.md`.
#![forbid(unsafe_code)]

mod capabilities;
mod chart;
mod decode;
mod dialect;
mod engine;
mod manifests;
mod print;
mod release_name;
mod schema;
mod template;
mod values;
mod yaml;

pub use capabilities::{Capabilities, KubeVersion};
pub use chart::{Chart, ChartError, Dependency, File, LoadedChart, Loader, Maintainer, Metadata};
pub use dialect::{Dialect, UnknownDialect};
pub use engine::{Lookups, RenderError};
pub use manifests::{BadDocument, Document, Hook, HookEvent, uninstall_rank};
pub use print::{NoSuchTemplate, PrintOptions, print};
pub use release_name::release_name;
pub use template::{Release, Rendered, RenderedFiles, Settings, TemplateError, render_files, template};
pub use values::{Overrides, ValuesError};
