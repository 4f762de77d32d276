//! A Kubernetes API server in the process.
#![forbid(unsafe_code)]

mod addresses;
mod caller;
mod catalog;
mod controllers;
mod convert;
mod failure;
mod local;
mod openapi;
mod options;
mod read;
mod rules;
mod scale;
mod server;
mod state;
mod store;
mod typing;
mod watch;
mod write;

pub use caller::{Ask, Identity, Verb};
pub use failure::{Details, Failure, Wrong};
pub use local::Local;
pub use options::Options;
pub use rules::{Admission, Count, Counts, Fault, FaultRule, Matcher, Review, Right};
pub use server::Server;
pub use watch::{Watch, WatchEvent};
