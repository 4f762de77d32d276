//! `helm template` as a library.
#![forbid(unsafe_code)]

mod chart;
mod decode;
mod dialect;
mod manifests;
mod schema;
mod values;
mod words;

pub use chart::{Chart, ChartError, Dependency, File, LoadedChart, Loader, Maintainer, Metadata};
pub use dialect::{Dialect, UnknownDialect};
pub use manifests::{BadDocument, Document, Hook, HookEvent, uninstall_rank};
pub use values::{Overrides, ValuesError};
