//! What happens to an app, and what it wants done.

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{GroupKind, Manifest, Object, Problem, ResourceKey, Revision, Timestamp, Want};
use tautline_diff::Differ;
use tautline_health::HealthCheck;
use tautline_ownership::{CompleteRender, Destination, LiveView, Neighbours, Scopes};
use tautline_plan::{Gate, Step, StepId, StepResult};

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
    /// The revision was rendered.
    Rendered(Box<Rendered>),
    /// These live objects changed.
    Live(Vec<ResourceKey>),
    /// A kind became known or unknown, or discovery changed.
    Kinds,
    /// The server was asked what an apply would make of an object; `None` if it refused.
    DryRun {
        /// Which object.
        key: ResourceKey,
        /// What it would be.
        answer: Option<Arc<Object>>,
    },
    /// How health is judged, or what the cluster says of its custom kinds, changed: every judgement is made anew.
    Rules,
    /// Another app's render changed.
    Neighbours,
    /// The intent was recorded, or could not be.
    Recorded(Result<(), String>),
    /// A step ended. The answer is the object as the server has it now.
    Stepped(StepId, StepResult, Option<Arc<Object>>),
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
        /// Which revision.
        revision: Revision,
        /// Whether caches are passed over.
        fresh: bool,
    },
    /// Record what is about to be written, before the first write.
    Record(Intent),
    /// Perform these steps.
    Perform(Vec<Work>),
    /// Ask the server what an apply would make of an object, writing nothing (rule R5).
    DryRun {
        /// Which object.
        key: ResourceKey,
        /// What would be sent.
        desired: Arc<Object>,
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

/// What is about to be written (rule R4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The plan's digest.
    pub plan: tautline_core::Digest,
    /// The revision that is synced.
    pub revision: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether it prunes.
    pub prune: bool,
    /// Who asked for it; none if the app syncs by itself.
    pub by: Option<String>,
    /// What the app followed when another revision was asked for by hand.
    pub instead_of: Option<String>,
    /// Kinds that the app will own objects of (rule R3).
    pub kinds: BTreeSet<GroupKind>,
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
