//! `helm template` as a library.
#![forbid(unsafe_code)]

mod capabilities;
mod chart;
mod decode;
mod dialect;
mod engine;
mod manifests;
mod print;
mod schema;
mod template;
mod values;
mod words;

pub use capabilities::{Capabilities, KubeVersion};
pub use chart::{Chart, ChartError, Dependency, File, LoadedChart, Loader, Maintainer, Metadata};
pub use dialect::{Dialect, UnknownDialect};
pub use engine::{Lookups, RenderError};
pub use manifests::{BadDocument, Document, Hook, HookEvent, uninstall_rank};
pub use print::{NoSuchTemplate, PrintOptions, print};
pub use template::{Release, Rendered, RenderedFiles, Settings, TemplateError, render_files, template};
pub use values::{Overrides, ValuesError};
