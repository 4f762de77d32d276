//! [`Differ`]: the seam between the engine and a way to compare.

use std::sync::Arc;

use tautline_core::{FieldPath, Manifest, Object, Presence};

use crate::hide::hide;
use crate::{Difference, DryRun, IgnoreRules, Learned};

/// What a diff compares.
#[derive(Debug)]
pub struct Sides<'a> {
    /// What Git wants, tracked and in sendable form.
    pub desired: &'a Manifest,
    /// What lives.
    pub live: &'a Presence<Arc<Object>>,
    /// What the server's answer to our last write taught (rule R5).
    pub learned: Option<&'a Learned>,
    /// Which differences are not to be seen.
    pub ignore: Option<&'a IgnoreRules>,
    /// Managers whose fields count as ours here, beside those that the differ knows of (rule R7).
    pub taken_over: &'a [String],
}

/// Compares desired and live. Pure: what it lacks it names in [`Difference::needs`].
pub trait Differ: Send + Sync {
    /// What would change, and why.
    fn diff(&self, sides: &Sides<'_>) -> Difference;

    /// What the server's answer to a dry run makes of a comparison that did not know, see [`crate::ServerSide`]. By
    /// default nothing.
    fn answered(&self, sides: &Sides<'_>, first: &Difference, answer: &DryRun) -> Difference {
        let _ = (sides, answer);
        first.clone()
    }

    /// The number of what the schemas say, see [`tautline_schema::Schemas::generation`]: a comparison that was kept
    /// holds under the same number only.
    fn generation(&self) -> u64 {
        0
    }

    /// What is sent in the place of the desired object because of fields that are ignored (rule R9); `None` for
    /// the desired object itself.
    fn payload(&self, sides: &Sides<'_>) -> Option<Object> {
        let _ = sides;
        None
    }

    /// A text without the values of the Secrets among these objects, as far as they stand there in a form that is known:
    /// a mask takes the place of each, the one that this differ shows of it. By default they all have the same mask.
    fn hide(&self, text: &str, objects: &mut dyn Iterator<Item = &Object>) -> String {
        hide(text, objects, |_| "masked".to_owned())
    }

    /// The object without fields that its type does not have, and where they stood ([`crate::without_unknown`]); `None`
    /// if it has none, or nothing is known of its type. By default nothing is known.
    fn without_unknown(&self, object: &Object) -> Option<(Object, Vec<FieldPath>)> {
        let _ = object;
        None
    }
}
