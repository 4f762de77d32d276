//! Plugins: the built-in ones in their own files, and what a host registers.

mod builtin;
mod charts;
mod host;

pub use charts::{ChartInflator, ChartRequest};
pub use host::{Item, Plugin, Plugins};

pub(crate) use builtin::{Generator, during_config, load_generators, load_transformers};
pub(crate) use charts::Chart;
pub(crate) use host::{HostPlugin, run_transformer};
