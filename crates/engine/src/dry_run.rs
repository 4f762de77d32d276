//! Asking the server what an apply would change, once after a start (rule R5).
//!
//! What admission sets otherwise than predicted is learned from the answers to our writes. A controller that has just
//! started has no answers: an object that is not as predicted, although its revision was synced before, may have
//! drifted, or may be as admission made it. One dry run tells which.
//!
//! Where the types of an object are not known, nothing can be predicted: each desired and live pair is asked about
//! once, and the answer takes the prediction's place, as `tautline_diff::ServerSide` has it. Where the server refuses
//! to say, an app that a person syncs is Unknown, and an automated one applies once.

use std::sync::Arc;

use tautline_core::{ResourceKey, Timestamp};
use tautline_diff::DryRun;

use crate::app::App;
use crate::event::{Effect, World};

impl App {
    /// Asks about objects of the revision that was synced before this controller started.
    pub(crate) fn ask_about(&mut self, keys: &[ResourceKey], world: &World<'_>, out: &mut Vec<Effect>) {
        let synced = self.attempted.as_ref().filter(|attempt| attempt.succeeded && attempt.is_remembered);
        let is_synced = synced.is_some_and(|attempt| {
            attempt.source == self.spec.source
                && self.revision.as_ref().is_some_and(|revision| revision.id == attempt.revision)
        });
        if self.spec.observe_only || self.running.is_some() || self.spec.deletion.is_some() {
            return;
        }
        for key in keys {
            let Some(resource) = self.resources.get_mut(key) else { continue };
            let (is_unsure, may_be_admissions) =
                (resource.is_unsure(), is_synced && resource.may_be_admissions());
            if !is_unsure && !may_be_admissions {
                continue;
            }
            let Some(desired) = (resource.pair.desired.as_ref())
                .and_then(|desired| resource.payload(desired, &self.spec, world))
                .or_else(|| resource.desired())
            else {
                continue;
            };
            // Where the types are not known, what Git sets is compared all the same until the answer comes.
            if is_unsure {
                resource.ask_unsure()
            } else {
                resource.ask()
            }
            out.push(Effect::DryRun { key: key.clone(), desired });
        }
    }

    /// Takes the server's answer; `None` if it could not be asked.
    pub(crate) fn answered(
        &mut self,
        key: &ResourceKey,
        answer: Option<DryRun>,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        if let Some(resource) = self.resources.get_mut(key) {
            resource.take_answer(answer);
        }
        self.judge(std::slice::from_ref(key), world, now, out);
        out.push(Effect::Report { urgent: false });
    }
}

/// What is known of the server's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Asked {
    /// Nobody asked.
    #[default]
    Never,
    /// The server was asked and has not answered: the object is unknown until then. This was the difference.
    Pending(Arc<tautline_diff::Difference>),
    /// It has answered, or refused to.
    Done,
}
