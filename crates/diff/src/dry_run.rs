//! [`ServerSide`]: what the server says to a dry run, where we don't know or always.

use std::sync::Arc;

use tautline_core::{Digest, FieldManager, Manifest, Need, Object, Presence, ResourceKey};
use tautline_merge::{ManagedFields, Manager, Operation};
use tautline_schema::Schemas;

use crate::normal::{comparable, wanted};
use crate::walk::differing_from;
use crate::why::{explain, is_last_applied, sets};
use crate::{Differ, Difference, Outcome, Sides, Why};

/// Answers to dry runs of a server-side apply that somebody has fetched. A diff asks no server itself: what is
/// missing it names as [`Need::DryRun`], and is called again when the answer is here.
pub trait DryRuns: Send + Sync {
    /// The answer to a [`question`] about an object, if it was asked.
    fn answer(&self, object: &ResourceKey, question: &Digest) -> Option<DryRun>;
}

/// What a server said to a dry run.
#[derive(Clone, Debug, PartialEq)]
pub enum DryRun {
    /// The object as it would be. Secrets are expected masked, as live ones are.
    Accepted(Arc<Object>),
    /// It refuses, in these words.
    Refused(String),
}

/// What a dry run is asked: what is sent, and over which state of which object.
pub fn question(sent: &Object, live: &Object) -> Digest {
    let uid = live.metadata_str("uid");
    Digest::of_parts([
        sent.to_value().digest().as_bytes(),
        uid.as_bytes(),
        live.metadata_str("resourceVersion").as_bytes(),
    ])
}

/// When a server is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asking {
    /// Where local prediction does not know.
    #[default]
    WhenUnknown,
    /// For every object that lives: what admission would do is seen too.
    Always,
}

/// A differ that answers don't-knows of another one from the server's dry runs.
///
/// A change that only admission makes (a field that the manifest does not set, that we never owned, and that would
/// not be ours) is [`Why::SetByAdmission`] and no drift. A refused dry run is [`Outcome::Unknown`] (rule R5).
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct ServerSide {
    first: Arc<dyn Differ>,
    answers: Arc<dyn DryRuns>,
    schemas: Arc<dyn Schemas>,
    manager: FieldManager,
    asking: Asking,
}

impl ServerSide {
    /// Asks `first`, and where it does not know, `answers`: those of dry runs by `manager`, with force.
    pub fn new(
        first: Arc<dyn Differ>,
        answers: Arc<dyn DryRuns>,
        schemas: Arc<dyn Schemas>,
        manager: FieldManager,
        asking: Asking,
    ) -> Self {
        Self { first, answers, schemas, manager, asking }
    }
}

/// What an answer makes of a comparison: the fields in which live would differ, and what admission does to them.
pub(crate) fn by_answer(
    sides: &Sides<'_>,
    first: &Difference,
    answer: &DryRun,
    schemas: &dyn Schemas,
    manager: &FieldManager,
) -> Difference {
    let Presence::Present(live) = sides.live else { return first.clone() };
    let answer = match answer {
        DryRun::Accepted(answer) => answer,
        DryRun::Refused(why) => {
            return Difference::of(Outcome::Unknown(format!("the server refuses a dry run: {why}")));
        }
    };
    let Manifest { object, origin } = sides.desired;
    let root = schemas.root(&object.gvk());
    let wanted = wanted(object);
    let mut found = differing_from(&comparable(live), &comparable(answer), Some(&wanted), root.as_ref());
    found.retain(|found| !is_last_applied(&found.path));
    let mut changes = explain(found, live, origin, manager);
    let (before, after) = (owned(live, manager), owned(answer, manager));
    for change in &mut changes {
        let is_ours = [&before, &after]
            .into_iter()
            .flatten()
            .any(|owned| owned.fields.covers(&change.path) || owned.fields.touches(&change.path));
        if !is_ours && !sets(&wanted.to_value(), &change.path) {
            change.why = Why::SetByAdmission;
        }
    }
    let mut difference = Difference::found(changes, Some(answer.clone()));
    difference.settle();
    // What the rules ignore was not sent; that it differs is still shown.
    let ignored = first.changes.iter().filter(|change| matches!(change.why, Why::Ignored(_)));
    difference.changes.extend(ignored.cloned());
    difference
}

fn owned(object: &Object, manager: &FieldManager) -> Option<tautline_merge::Owned> {
    let ours = Manager::new(manager.as_str(), Operation::Apply, object.api_version(), "");
    ManagedFields::read(object).ok()?.remove(&ours)
}

impl Differ for ServerSide {
    fn diff(&self, sides: &Sides<'_>) -> Difference {
        let mut first = self.first.diff(sides);
        let Presence::Present(live) = sides.live else { return first };
        let key = live.key();
        let need = Need::DryRun(key.clone());
        if self.asking == Asking::WhenUnknown && !first.needs.contains(&need) {
            return first;
        }
        let payload = self.first.payload(sides);
        let sent = payload.as_ref().unwrap_or(&sides.desired.object);
        match self.answers.answer(&key, &question(sent, live)) {
            Some(answer) => self.answered(sides, &first, &answer),
            None => {
                if !first.needs.contains(&need) {
                    first.needs.push(need);
                }
                first
            }
        }
    }

    fn answered(&self, sides: &Sides<'_>, first: &Difference, answer: &DryRun) -> Difference {
        by_answer(sides, first, answer, &*self.schemas, &self.manager)
    }

    fn generation(&self) -> u64 {
        self.first.generation()
    }

    fn payload(&self, sides: &Sides<'_>) -> Option<Object> {
        self.first.payload(sides)
    }
}
