//! A Kubernetes API server in the process.
#![forbid(unsafe_code)]

mod addresses;
#[cfg(feature = "http")]
mod age;
mod caller;
mod catalog;
mod controllers;
mod convert;
mod failure;
#[cfg(feature = "http")]
mod http;
mod local;
mod openapi;
mod options;
mod patches;
mod read;
mod rules;
mod scale;
mod server;
mod state;
mod store;
#[cfg(feature = "http")]
mod table;
#[cfg(feature = "tcp")]
mod tcp;
mod typing;
mod watch;
mod write;

pub use caller::{Ask, Identity, Verb};
pub use failure::{Details, Failure, Wrong};
#[cfg(feature = "http")]
pub use http::{Body, HttpService};
pub use local::Local;
pub use options::Options;
pub use rules::{Admission, Count, Counts, Fault, FaultRule, Matcher, Review, Right};
pub use server::Server;
#[cfg(feature = "tcp")]
pub use tcp::{ListenError, ListenOptions, Listener};
pub use watch::{Watch, WatchEvent};
