//! Broken situations, brought about as they come about in clusters.
//!
//! A [`Scene`] is an API server, the built-in controllers of crate `workloads` or real ones, and a kubelet whose pods
//! meet trouble ([`Troubled`]): what they name is missing, their images fail in ways that the images' names tell, no
//! node suits them. What health says of it is then read from the objects that came about.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail the test that uses them")]

mod scene;
mod trouble;
mod troubled;

pub use scene::Scene;
pub use troubled::Troubled;
