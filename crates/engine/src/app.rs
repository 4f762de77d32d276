//! [`App`]: the state machine.

mod judge;
mod overall;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tautline_core::{GroupKind, GroupVersionKind, Manifest, ResourceKey, Revision, Timestamp};
use tautline_ownership::{CompleteRender, Prepared};
use tautline_plan::{Epoch, Hook, Record, StepId};

use crate::event::{Effect, Event, Rendered, World};
use crate::heal::HealLedger;
use crate::pin::Pin;
use crate::planned::Planned;
use crate::report::Operation;
use crate::resource::Resource;
use crate::resources::Resources;
use crate::retry::Retrying;
use crate::running::Running;
use crate::spec::{AppSpec, HistoryEntry, Interrupted, Memory, SyncRequest};

/// One app's life.
///
/// Events go in, effects come out; nothing else happens. Everything it knows it was told by an event or reads
/// from the [`World`] that comes with it.
#[derive(Debug)]
pub struct App {
    pub(crate) spec: AppSpec,
    /// What is compared with.
    pub(crate) revision: Option<Revision>,
    /// What the app's own want stands for.
    pub(crate) followed: Option<Revision>,
    /// A revision that it is held at instead.
    pub(crate) pin: Option<Pin>,
    pub(crate) rendered: Option<Rendered>,
    pub(crate) prepared: Prepared,
    pub(crate) complete: Option<Arc<CompleteRender>>,
    pub(crate) resources: Resources,
    pub(crate) running: Option<Running>,
    pub(crate) operation: Option<Operation>,
    /// The plan that was followed, or refused, last.
    pub(crate) last_plan: Option<Planned>,
    pub(crate) history: Vec<HistoryEntry>,
    /// The revision and source digest of the last sync that was tried, and whether it succeeded.
    pub(crate) attempted: Option<Attempt>,
    /// What the last sync did not come to because something before it failed: healing does not either.
    pub(crate) held_back: BTreeSet<ResourceKey>,
    /// Kinds that a sync had objects of and that the cluster does not serve.
    pub(crate) lacks: BTreeSet<GroupKind>,
    /// Whether the destination's namespace lacks metadata that it is to have.
    pub(crate) namespace_differs: bool,
    pub(crate) namespace_ledger: HealLedger,
    pub(crate) requested: Option<SyncRequest>,
    /// The sync that failed and is about to be tried again.
    pub(crate) retrying: Option<Retrying>,
    /// What it waits for before it is synced.
    pub(crate) waits_for: Option<String>,
    /// What keeps the comparison from being made.
    pub(crate) comparison_error: Option<String>,
    pub(crate) sync_error: Option<String>,
    pub(crate) watched: BTreeSet<GroupKind>,
    /// Whether the kinds to watch may be others than those named last: to find out, every object is looked at.
    pub(crate) is_kinds_stale: bool,
    /// The kinds of the desired objects, each in the version it is written in.
    pub(crate) written: BTreeSet<GroupVersionKind>,
    /// Whether these changed since the kinds to watch were named.
    pub(crate) is_written_anew: bool,
    /// Kinds of the app that cannot be read now, and why: nothing of them is pruned.
    pub(crate) unreadable: BTreeMap<GroupKind, String>,
    pub(crate) scan: ScanState,
    pub(crate) kept: BTreeSet<ResourceKey>,
    pub(crate) finalized: bool,
    pub(crate) hooks: Vec<(Hook, Manifest)>,
    pub(crate) interrupted: Option<Interrupted>,
    /// Whether it is known what the journal holds.
    pub(crate) recall: Recall,
    /// The last epoch of the journal that is known.
    pub(crate) epoch: Epoch,
    /// What another process, or this one before it was started anew, has on record of the app's deletion.
    pub(crate) deletion_record: Option<Record>,
    /// Whether this process has the deletion on record.
    pub(crate) is_deletion_recorded: bool,
    /// Another controller follows a plan of this app; it is left to that one until then.
    pub(crate) left_until: Option<Timestamp>,
    pub(crate) deletion_stage: DeletionStage,
    /// What holds up the deletion.
    pub(crate) deletion_error: Option<String>,
    /// How the hooks of the present stage of the deletion ended, once they have.
    pub(crate) deletion_hooks: Option<Result<(), String>>,
    pub(crate) deletion_retries: u32,
    pub(crate) deletion_retry_at: Option<Timestamp>,
    resolving: bool,
    rendering: Option<Revision>,
    /// How many renders were asked for: the answer to the last one counts.
    renders: u64,
    render_fresh: bool,
    next_poll: Timestamp,
    resolve_failures: u32,
    refresh_pending: bool,
    /// Whether every kind that matters was known at the last event.
    was_ready: bool,
    reconciled_at: Option<Timestamp>,
}

/// How far the deletion of an app has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeletionStage {
    PreDelete,
    Objects,
    PostDelete,
    /// Everything is gone but the hooks of the deletion.
    Hooks,
}

#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) revision: String,
    pub(crate) source: tautline_core::Digest,
    pub(crate) succeeded: bool,
    /// Whether another try may help although nothing differs: a hook failed, say, and no write was refused.
    pub(crate) is_hopeful: bool,
    /// Whether it was before this controller started.
    pub(crate) is_remembered: bool,
    pub(crate) retries: u32,
    pub(crate) ended_at: Timestamp,
}

/// Whether the whole cluster was searched for the app's objects (rule R3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScanState {
    NotNeeded,
    Wanted,
    Running,
    Done,
    Failed(String),
}

/// Whether it is known what the journal holds of an app. Before that nothing begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recall {
    /// It is to be asked at this moment, or after.
    At(Timestamp),
    Running,
    Done,
}

impl App {
    /// An app that was just seen, with what is remembered of it.
    pub fn new(spec: AppSpec, memory: Memory) -> Self {
        let attempted = memory.synced.map(|(revision, source)| Attempt {
            revision,
            source,
            succeeded: true,
            is_hopeful: false,
            is_remembered: true,
            retries: 0,
            ended_at: Timestamp::default(),
        });
        Self {
            spec,
            revision: None,
            followed: None,
            pin: memory.pinned.map(|(reference, instead_of)| Pin {
                reference,
                revision: None,
                instead_of: Some(instead_of),
                is_asked: false,
            }),
            rendered: None,
            prepared: Prepared::default(),
            complete: None,
            resources: Resources::default(),
            running: None,
            operation: None,
            last_plan: None,
            history: memory.history,
            attempted,
            held_back: BTreeSet::new(),
            lacks: BTreeSet::new(),
            namespace_differs: false,
            namespace_ledger: HealLedger::default(),
            requested: None,
            retrying: None,
            waits_for: None,
            comparison_error: None,
            sync_error: None,
            watched: BTreeSet::new(),
            is_kinds_stale: true,
            written: BTreeSet::new(),
            is_written_anew: false,
            unreadable: BTreeMap::new(),
            scan: if memory.is_ours { ScanState::NotNeeded } else { ScanState::Wanted },
            kept: BTreeSet::new(),
            finalized: false,
            hooks: Vec::new(),
            interrupted: memory.interrupted,
            epoch: Epoch::default(),
            recall: Recall::At(Timestamp::default()),
            deletion_record: None,
            left_until: None,
            is_deletion_recorded: false,
            deletion_stage: DeletionStage::PreDelete,
            deletion_error: None,
            deletion_hooks: None,
            deletion_retries: 0,
            deletion_retry_at: None,
            resolving: false,
            rendering: None,
            renders: 0,
            render_fresh: false,
            next_poll: Timestamp::default(),
            resolve_failures: 0,
            refresh_pending: false,
            was_ready: false,
            reconciled_at: None,
        }
    }

    /// What the app is told to be.
    pub fn spec(&self) -> &AppSpec {
        &self.spec
    }

    /// Takes an event and says what is to be done: [`App::take`], then [`App::settle`].
    pub fn step(&mut self, event: Event, world: &World<'_>, now: Timestamp) -> Vec<Effect> {
        let mut out = self.take(event, world, now);
        out.extend(self.settle(world, now));
        out
    }

    /// Takes an event in. What follows from it on the whole is left to [`App::settle`], which looks at every
    /// object of the app: a runtime with several events at hand takes them all before.
    pub fn take(&mut self, event: Event, world: &World<'_>, now: Timestamp) -> Vec<Effect> {
        let mut out = Vec::new();
        self.note_looks(&event);
        match event {
            Event::Spec(spec) => {
                if self.told(*spec, &mut out) {
                    self.prepare(world);
                    self.judge_all(world, now, &mut out);
                }
            }
            Event::Resolved(result) => self.resolved(result, now, &mut out),
            Event::Pinned(result) => self.pinned(result, now, &mut out),
            Event::Rendered(number, rendered) => {
                if number == self.renders {
                    self.rendered(*rendered, world, now, &mut out);
                }
            }
            Event::Live(keys) => self.judge(&keys, world, now, &mut out),
            Event::Kinds => {
                self.is_kinds_stale = true;
                self.note_served(world);
                if !self.prepared.is_current(world.scopes) {
                    self.prepare(world);
                    out.push(Effect::TellNeighbours);
                }
                self.judge_all(world, now, &mut out);
            }
            Event::Rules => {
                if self.drops_unknown() {
                    self.prepare(world);
                }
                self.resources.values_mut().for_each(Resource::forget);
                self.judge_all(world, now, &mut out);
            }
            Event::DryRun { key, answer } => self.answered(&key, answer, world, now, &mut out),
            Event::Neighbours => self.judge_all(world, now, &mut out),
            Event::Recalled(result) => self.recalled(result, now, &mut out),
            Event::Recorded(result) => self.recorded(result, now, &mut out),
            Event::Overtaken(record) => self.overtaken(&record, now, &mut out),
            Event::Stepped(step, result, answer) => {
                self.stepped(step, result, answer.as_deref(), world, now);
            }
            Event::LogRead(step, result) => self.log_read(step, result, world),
            Event::Scanned(result) => self.scanned(result, world, now, &mut out),
            Event::Refresh { hard } => self.refresh(hard, &mut out),
            Event::Sync(request) => self.requested = Some(request),
            Event::Terminate => self.terminate(&mut out),
            Event::Tick => {}
        }
        out
    }

    /// Notes what an event makes to be looked at of what the sync waits for.
    fn note_looks(&mut self, event: &Event) {
        let Some(running) = &mut self.running else { return };
        let step_key = |id: StepId| running.plan.step(id).map(|step| step.key.clone());
        match event {
            Event::Live(keys) => keys.iter().for_each(|key| running.looks.at(key)),
            Event::DryRun { key, .. } => running.looks.at(key),
            Event::Stepped(id, ..) => step_key(*id).iter().for_each(|key| running.looks.at(key)),
            Event::LogRead(..) => {}
            _ => running.looks.at_all(),
        }
    }

    /// Says what is to be done after the events that were taken.
    pub fn settle(&mut self, world: &World<'_>, now: Timestamp) -> Vec<Effect> {
        let mut out = Vec::new();
        self.look_around(world, now, &mut out);
        self.look_at_namespace(world, &mut out);
        // The last kind may be listed before anybody says so: no sync begins on objects judged as unknown.
        let is_ready = self.is_ready(world);
        if is_ready && !std::mem::replace(&mut self.was_ready, is_ready) {
            self.judge_all(world, now, &mut out);
        }
        self.was_ready = is_ready;
        self.go_on(world, now, &mut out);
        out
    }

    /// Whether the app's complete current render holds an object; `None` while that is not known.
    pub fn holds(&self, key: &ResourceKey) -> Option<bool> {
        let is_current = self.rendered.as_ref().map(|r| &r.revision) == self.revision.as_ref();
        let complete = self.complete.as_ref().filter(|_| is_current && self.comparison_error.is_none())?;
        Some(complete.holds(key))
    }

    /// The kinds of the objects that the app wants, each in the version its manifests use: live objects are to be read in
    /// it (rule R15).
    pub fn written(&self) -> &BTreeSet<GroupVersionKind> {
        &self.written
    }

    /// What the last render without an error held, current or not.
    pub fn held_keys(&self) -> BTreeSet<ResourceKey> {
        self.prepared.manifests.keys().cloned().collect()
    }

    /// Whether other apps' renders matter to it: it wants objects that are not its own to write, or has
    /// some to prune that another app may come to hold.
    pub fn is_contested(&self) -> bool {
        self.resources.values().any(|r| {
            matches!(r.pair.owner, tautline_ownership::Owner::Other(_))
                || r.pair.also_held_by.is_some()
                || r.difference.outcome == tautline_diff::Outcome::Delete
        })
    }

    /// Whether what the app wants is about to be known and is not yet.
    pub fn is_undecided(&self) -> bool {
        let is_active = self.spec.deletion.is_none() && self.spec.refused.is_empty();
        let is_behind =
            self.revision.is_some() && self.rendered.as_ref().map(|r| &r.revision) != self.revision.as_ref();
        is_active && (self.rendering.is_some() || is_behind || (self.resolving && self.rendered.is_none()))
    }

    /// The revision that the app compares with, once it is known.
    pub fn revision(&self) -> Option<&Revision> {
        self.revision.as_ref()
    }

    /// Whether an object still concerns the app that it does not want ([`App::held_keys`]) and that may not name it any
    /// more: the app knows it as its own, or follows a plan that has a step for it, a hook that is gone say.
    pub fn still_has(&self, key: &ResourceKey) -> bool {
        // Every manifest has its object here, so an app without others is passed over without a look.
        let has_others = self.resources.len() != self.prepared.manifests.len();
        has_others && self.resources.contains_key(key)
            || self.running.as_ref().is_some_and(|running| running.looks.concern(key))
    }
}
