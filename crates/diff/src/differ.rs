//! [`Differ`]: the seam between the engine and a way to compare.

use std::sync::Arc;

use tautline_core::{Manifest, Object, Presence};

use crate::{Difference, Learned};

/// What a diff compares.
#[derive(Debug)]
pub struct Sides<'a> {
    /// What Git wants, tracked and in sendable form.
    pub desired: &'a Manifest,
    /// What lives.
    pub live: &'a Presence<Arc<Object>>,
    /// What the server's answer to our last write taught (rule R5).
    pub learned: Option<&'a Learned>,
}

/// Compares desired and live. Pure: what it lacks it names in [`Difference::needs`].
pub trait Differ: Send + Sync {
    /// What would change, and why.
    fn diff(&self, sides: &Sides<'_>) -> Difference;
}
