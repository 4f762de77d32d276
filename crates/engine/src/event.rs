//! What happens to an app, and what it wants done.

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{GroupKind, Manifest, Object, Problem, ResourceKey, Revision, Timestamp, Want};
use tautline_diff::{Differ, DryRun};
use tautline_health::HealthCheck;
use tautline_ownership::{CompleteRender, Destination, LiveView, Neighbours, Scopes};
pub use tautline_plan::Intent;
use tautline_plan::{Entry, Epoch, Gate, Record, Step, StepId, StepResult};

use crate::spec::{AppSpec, SyncRequest};

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// The app was told what to be, for the first time or anew.
    Spec(Box<AppSpec>),
    /// The repository was asked.
    Resolved(Result<Revision, String>),
    /// The repository was asked for the revision that somebody asked for instead ([`App::pinned_want`]).
    ///
    /// [`App::pinned_want`]: crate::App::pinned_want
    Pinned(Result<Revision, String>),
    /// What the [`Effect::Render`] of this number came to.
    Rendered(u64, Box<Rendered>),
    /// These live objects changed.
    Live(Vec<ResourceKey>),
    /// A kind became known or unknown, or discovery changed.
    Kinds,
    /// The server was asked what an apply would make of an object.
    DryRun {
        /// Which object.
        key: ResourceKey,
        /// What it said; `None` if it could not be asked.
        answer: Option<DryRun>,
    },
    /// How health is judged, or what the cluster says of its custom kinds, changed: every judgement is made anew.
    Rules,
    /// Another app's render changed.
    Neighbours,
    /// What the journal holds of the app, or why it cannot be read.
    Recalled(Result<Option<Record>, String>),
    /// The intent is on record, in this epoch, or could not be put there.
    Recorded(Result<Epoch, String>),
    /// Another controller follows a plan of this app: nothing more of ours is done.
    Overtaken(Box<Record>),
    /// A step ended. The answer is the object as the server has it now.
    Stepped(StepId, StepResult, Option<Arc<Object>>),
    /// The end of a failed hook's log, as [`Effect::ReadLog`] asks for it: `None` if the cluster has no logs to read.
    LogRead(StepId, Result<Option<String>, String>),
    /// The whole cluster was searched for the app's objects.
    Scanned(Result<BTreeSet<GroupKind>, String>),
    /// Somebody wants the repository looked at now; `hard` renders anew as well.
    Refresh {
        /// Whether the render is repeated even for the same revision.
        hard: bool,
    },
    /// Somebody wants a sync now.
    Sync(SyncRequest),
    /// Somebody wants the sync that runs to end.
    Terminate,
    /// Time passed.
    Tick,
}

/// What came of rendering a revision.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Which revision.
    pub revision: Revision,
    /// The manifests.
    pub manifests: Vec<Manifest>,
    /// Everything that is wrong. An error leaves the render incomplete.
    pub problems: Vec<Problem>,
    /// `Directory`, `Helm`, `Kustomize`.
    pub source_type: String,
    /// The digest of everything that was read.
    pub reads: tautline_core::Digest,
}

/// Something to do. The runtime does it and answers with an [`Event`].
#[derive(Clone, Debug)]
pub enum Effect {
    /// Watch these kinds for this app; replaces the kinds it wanted before.
    Watch(BTreeSet<GroupKind>),
    /// Ask the repository.
    Resolve(Want),
    /// Render this revision. With `fresh` nothing cached is used.
    Render {
        /// Names the question: how to render may change before the answer to an earlier one is there.
        number: u64,
        /// Which revision.
        revision: Revision,
        /// Whether caches are passed over.
        fresh: bool,
    },
    /// Read what the journal holds of the app.
    Recall,
    /// Record what is about to be written, before the first write: in the epoch after `known`.
    Record {
        /// The last epoch that the app knows of.
        known: Epoch,
        /// What is about to be written.
        intent: Intent,
    },
    /// Put these entries on record, and only then perform the steps.
    Note {
        /// The plan's epoch.
        epoch: Epoch,
        /// What is about to be done, and what came of what was done.
        entries: Vec<Entry>,
        /// The steps.
        work: Vec<Work>,
    },
    /// The plan has ended.
    Close {
        /// Its epoch.
        epoch: Epoch,
        /// Whether it ended well.
        has_succeeded: bool,
    },
    /// Perform these steps.
    Perform(Vec<Work>),
    /// Ask the server what an apply would make of an object, writing nothing (rule R5).
    DryRun {
        /// Which object.
        key: ResourceKey,
        /// What would be sent.
        desired: Arc<Object>,
    },
    /// Read the last lines of a container's log: a hook has failed.
    ReadLog {
        /// The step that ran the hook.
        step: StepId,
        /// Which pod.
        pod: ResourceKey,
        /// Which of its containers.
        container: String,
        /// How many lines.
        lines: usize,
    },
    /// Search the whole cluster for the app's objects.
    Scan,
    /// The report changed. `now` asks for it to be written at once, not coalesced.
    Report {
        /// Whether it is written at once.
        urgent: bool,
    },
    /// Send [`Event::Tick`] at this moment or soon after.
    WakeAt(Timestamp),
    /// Everything the app owned is gone: take our finalizer off.
    Finalize,
    /// The render changed what other apps may take or prune.
    TellNeighbours,
}

/// A step with what it takes to perform it.
#[derive(Clone, Debug)]
pub struct Work {
    /// The step.
    pub step: Step,
    /// The desired object; none for a delete.
    pub desired: Option<Arc<Object>>,
    /// For a prune: what the complete render held.
    pub complete: Option<Arc<CompleteRender>>,
    /// Whose objects these are.
    pub destination: Destination,
    /// A manager beside the usual ones whose fields are folded into ours where the step takes over (rule R7).
    pub take_over_also: Vec<String>,
    /// How many steps follow on it one after another at most: the greater, the sooner it is performed.
    pub weight: u32,
}

/// What an app sees of the world while it decides. All of it is data at hand.
#[expect(missing_debug_implementations, reason = "borrows trait objects")]
pub struct World<'a> {
    /// The live objects.
    pub live: &'a dyn LiveView,
    /// Which kinds are served, and where they live.
    pub scopes: &'a dyn Scopes,
    /// The other apps.
    pub neighbours: &'a dyn Neighbours,
    /// How desired and live are compared.
    pub differ: &'a dyn Differ,
    /// How health is judged.
    pub health: &'a dyn HealthCheck,
    /// Who may say no to a plan.
    pub gates: &'a [Arc<dyn Gate>],
}
