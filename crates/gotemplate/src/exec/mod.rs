//! Running templates.

mod args;
mod call;
mod engine;
mod field;
mod options;
mod pipeline;
mod random;
mod range;
mod run;
mod trace;

pub use engine::{Engine, EvaluateError};
pub(crate) use field::zero;
pub use options::{Go, MissingKey, Options, Warning};
pub(crate) use run::Run;
pub use trace::Trace;
