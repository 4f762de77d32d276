//! [`App`]: the state machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tautline_core::{GroupKind, Manifest, Object, Problem, ResourceKey, Revision, Severity, Timestamp, Uid};
use tautline_ownership::{CompleteRender, Prepared, prepare};
use tautline_plan::{Hook, Plan, Progress, StepId};

use crate::event::{Effect, Event, Rendered, World};
use crate::heal::HealLedger;
use crate::pin::Pin;
use crate::report::{Operation, Report, SyncStatus};
use crate::resource::Resource;
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
    pub(crate) resources: BTreeMap<ResourceKey, Resource>,
    pub(crate) running: Option<Running>,
    pub(crate) operation: Option<Operation>,
    pub(crate) history: Vec<HistoryEntry>,
    /// The revision and source digest of the last sync that was tried, and whether it succeeded.
    pub(crate) attempted: Option<Attempt>,
    /// What the last sync did not come to because something before it failed: healing does not either.
    pub(crate) held_back: BTreeSet<ResourceKey>,
    /// Whether the destination's namespace lacks metadata that it is to have.
    pub(crate) namespace_differs: bool,
    pub(crate) namespace_ledger: HealLedger,
    pub(crate) requested: Option<SyncRequest>,
    /// What it waits for before it is synced.
    pub(crate) waits_for: Option<String>,
    /// What keeps the comparison from being made.
    pub(crate) comparison_error: Option<String>,
    pub(crate) sync_error: Option<String>,
    pub(crate) watched: BTreeSet<GroupKind>,
    /// Kinds of the app that cannot be read now, and why: nothing of them is pruned.
    pub(crate) unreadable: BTreeMap<GroupKind, String>,
    pub(crate) scan: ScanState,
    pub(crate) kept: BTreeSet<ResourceKey>,
    pub(crate) finalized: bool,
    pub(crate) hooks: Vec<(Hook, Manifest)>,
    pub(crate) interrupted: Option<Interrupted>,
    pub(crate) deletion_stage: DeletionStage,
    /// What holds up the deletion.
    pub(crate) deletion_error: Option<String>,
    /// How the hooks of the present stage of the deletion ended, once they have.
    pub(crate) deletion_hooks: Option<Result<(), String>>,
    pub(crate) deletion_retries: u32,
    pub(crate) deletion_retry_at: Option<Timestamp>,
    resolving: bool,
    rendering: Option<Revision>,
    render_fresh: bool,
    next_poll: Timestamp,
    resolve_failures: u32,
    refresh_pending: bool,
    /// Whether every kind that matters was known at the last event.
    was_ready: bool,
    reconciled_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) plan: Arc<Plan>,
    pub(crate) progress: Progress,
    pub(crate) is_recorded: bool,
    pub(crate) is_heal: bool,
    pub(crate) operation: Operation,
    /// Whether the whole app is synced, not single objects.
    pub(crate) is_whole: bool,
    /// Whether it was terminated, and only tidies up.
    pub(crate) is_winding_up: bool,
    /// The objects of the plan's hooks.
    pub(crate) hooks: BTreeMap<ResourceKey, Arc<Object>>,
    /// Which object each hook that was run has become.
    pub(crate) uids: BTreeMap<StepId, Uid>,
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

impl App {
    /// An app that was just seen, with what is remembered of it.
    pub fn new(spec: AppSpec, memory: Memory) -> Self {
        let attempted = memory.synced.map(|(revision, source)| Attempt {
            revision,
            source,
            succeeded: true,
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
            resources: BTreeMap::new(),
            running: None,
            operation: None,
            history: memory.history,
            attempted,
            held_back: BTreeSet::new(),
            namespace_differs: false,
            namespace_ledger: HealLedger::default(),
            requested: None,
            waits_for: None,
            comparison_error: None,
            sync_error: None,
            watched: BTreeSet::new(),
            unreadable: BTreeMap::new(),
            scan: if memory.is_ours { ScanState::NotNeeded } else { ScanState::Wanted },
            kept: BTreeSet::new(),
            finalized: false,
            hooks: Vec::new(),
            interrupted: memory.interrupted,
            deletion_stage: DeletionStage::PreDelete,
            deletion_error: None,
            deletion_hooks: None,
            deletion_retries: 0,
            deletion_retry_at: None,
            resolving: false,
            rendering: None,
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
        match event {
            Event::Spec(spec) => self.told(*spec, &mut out),
            Event::Resolved(result) => self.resolved(result, now, &mut out),
            Event::Pinned(result) => self.pinned(result, now, &mut out),
            Event::Rendered(rendered) => self.rendered(*rendered, world, now, &mut out),
            Event::Live(keys) => self.judge(&keys, world, now, &mut out),
            Event::Kinds => {
                if !self.prepared.is_current(world.scopes) {
                    self.prepare(world);
                }
                self.judge_all(world, now, &mut out);
            }
            Event::Rules => {
                self.resources.values_mut().for_each(Resource::forget);
                self.judge_all(world, now, &mut out);
            }
            Event::DryRun { key, answer } => self.answered(&key, answer.as_deref(), world, now, &mut out),
            Event::Neighbours => self.judge_all(world, now, &mut out),
            Event::Recorded(result) => self.recorded(result, now, &mut out),
            Event::Stepped(step, result, answer) => {
                self.stepped(step, result, answer.as_deref(), world, now);
            }
            Event::Scanned(result) => self.scanned(result, world, now, &mut out),
            Event::Refresh { hard } => self.refresh(hard, &mut out),
            Event::Sync(request) => self.requested = Some(request),
            Event::Terminate => self.terminate(),
            Event::Tick => {}
        }
        out
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

    /// What an app that depends on this one waits for; `None` if it is synced with the latest revision and well.
    pub fn unfinished(&self) -> Option<String> {
        let is_current = self.rendered.as_ref().map(|r| &r.revision) == self.revision.as_ref();
        let rows: Vec<_> = self.resources.values().map(Resource::row).collect();
        let health = Report::health_of(&rows).status;
        if self.spec.deletion.is_some() {
            Some("is being deleted".to_owned())
        } else if !is_current || self.sync_status() != SyncStatus::Synced {
            Some("is not synced".to_owned())
        } else if self.running.as_ref().is_some_and(|running| !running.is_heal) {
            Some("is being synced".to_owned())
        } else {
            (health != tautline_health::HealthStatus::Healthy).then(|| format!("is {health}"))
        }
    }

    /// Whether the app is interested in an object: it is one of its own.
    pub fn has(&self, key: &ResourceKey) -> bool {
        self.resources.contains_key(key) || self.prepared.manifests.contains_key(key)
    }

    /// Everything the app says of itself.
    pub fn report(&self) -> Report {
        let rows: Vec<_> = self.resources.values().map(Resource::row).collect();
        let running = self.running.as_ref().filter(|r| !r.is_heal).map(|r| r.operation.clone());
        Report {
            sync: self.sync_status(),
            health: Report::health_of(&rows),
            revision: self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            source_type: self.rendered.as_ref().map(|r| r.source_type.clone()).unwrap_or_default(),
            conditions: self.conditions(),
            operation: running.or_else(|| self.operation.clone()),
            history: self.history.clone(),
            reconciled_at: self.reconciled_at,
            images: self.images(),
            refreshed: !self.refresh_pending,
            rows,
        }
    }

    fn told(&mut self, spec: AppSpec, out: &mut Vec<Effect>) {
        let is_same_source = spec.want == self.spec.want && spec.source == self.spec.source;
        let starts_deletion = spec.deletion.is_some() && self.spec.deletion.is_none();
        let is_moved = spec.destination != self.spec.destination;
        let ignores_other = spec.ignore != self.spec.ignore;
        let kinds = std::mem::take(&mut self.spec.kinds);
        self.spec = spec;
        self.spec.kinds.extend(kinds);
        if !is_same_source {
            (self.revision, self.followed, self.pin) = (None, None, None);
            self.next_poll = Timestamp::default();
            self.resolving = false;
            self.rendering = None;
        }
        if ignores_other {
            self.resources.values_mut().for_each(Resource::forget);
        }
        if is_moved {
            self.prepared = Prepared::default();
            self.complete = None;
            self.rendered = None;
            self.resources.clear();
        }
        if starts_deletion {
            self.terminate();
            self.scan = ScanState::Wanted;
        }
        out.push(Effect::TellNeighbours);
        out.push(Effect::Report { urgent: false });
    }

    fn refresh(&mut self, hard: bool, out: &mut Vec<Effect>) {
        self.refresh_pending = true;
        self.next_poll = Timestamp::default();
        self.resolving = false;
        self.render_fresh |= hard;
        self.kept.clear();
        if hard {
            self.scan = ScanState::Wanted;
            self.rendering = None;
            self.resources.values_mut().for_each(|r| {
                r.refused = None;
                r.forget();
            });
        }
        out.push(Effect::Report { urgent: false });
    }

    fn resolved(&mut self, result: Result<Revision, String>, now: Timestamp, out: &mut Vec<Effect>) {
        self.resolving = false;
        match result {
            Ok(revision) => {
                self.resolve_failures = 0;
                self.next_poll = now + self.spec.policy.poll + self.jitter();
                let before = self.revision.clone();
                self.follows(revision, out);
                let is_news = self.revision != before;
                let was_error = self.comparison_error.is_some() && self.rendered.is_some();
                if !is_news && !self.render_fresh && !was_error {
                    self.settle_refresh(out);
                }
            }
            Err(message) => {
                self.resolve_failures += 1;
                let wait = self.spec.policy.retry.delay(self.resolve_failures).min(self.spec.policy.poll);
                self.next_poll = now + wait;
                self.comparison_error = Some(message);
                self.settle_refresh(out);
                out.push(Effect::TellNeighbours);
                out.push(Effect::Report { urgent: true });
            }
        }
    }

    fn settle_refresh(&mut self, out: &mut Vec<Effect>) {
        if std::mem::take(&mut self.refresh_pending) {
            out.push(Effect::Report { urgent: true });
        }
    }

    /// A fixed fraction of the poll time up to a half, different for each app, so that polls spread.
    fn jitter(&self) -> std::time::Duration {
        let digest = tautline_core::Digest::of_bytes(self.spec.id.to_string().as_bytes());
        let byte = digest.as_bytes().first().copied().unwrap_or(0);
        self.spec.policy.poll.mul_f64(f64::from(byte) / 512.0)
    }

    fn rendered(&mut self, rendered: Rendered, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        if self.rendering.as_ref() != Some(&rendered.revision) {
            return;
        }
        self.rendering = None;
        self.render_fresh = false;
        self.kept.clear();
        let errors: Vec<&Problem> =
            rendered.problems.iter().filter(|p| p.severity == Severity::Error).collect();
        if errors.is_empty() {
            self.comparison_error = None;
            self.rendered = Some(rendered);
            self.prepare(world);
        } else {
            let messages: Vec<String> = errors.iter().map(|p| p.to_string()).collect();
            self.comparison_error = Some(messages.join("; "));
            self.rendered = Some(rendered);
        }
        self.judge_all(world, now, out);
        self.settle_refresh(out);
        out.push(Effect::TellNeighbours);
        // Of one commit to many apps, those that it changes write first.
        out.push(Effect::Report { urgent: self.comparison_error.is_some() });
    }

    /// Prepares what was rendered without an error for the kinds as they are known now. While a kind's scope is
    /// unknown its objects' keys are guesses, and the render is not complete for a prune.
    fn prepare(&mut self, world: &World<'_>) {
        let Some(rendered) = self.rendered.as_ref().filter(|_| !self.has_render_error()) else { return };
        let (ordinary, hooks) = tautline_plan::set_apart(&rendered.manifests);
        self.prepared = prepare(&ordinary, &self.spec.destination, world.scopes);
        self.hooks = hooks;
        let is_certain = self.prepared.is_certain(world.scopes);
        let complete = || Arc::new(CompleteRender::of(self.prepared.manifests.keys().cloned()));
        self.complete = is_certain.then(complete);
        // What is as Git wants it stays so while the desired object is the same; of the rest the reasons may have moved.
        let differs =
            |resource: &&mut Resource| resource.difference.outcome != tautline_diff::Outcome::Unchanged;
        self.resources.values_mut().filter(differs).for_each(Resource::forget);
    }

    /// Judges the objects among these keys that are ours.
    pub(crate) fn judge(
        &mut self,
        keys: &[ResourceKey],
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let mut changed = false;
        for key in keys {
            if !self.resources.contains_key(key) && !self.is_ours(key, world) {
                // Something below one of its objects may tell why that is not well.
                changed |= self.has_trouble();
                continue;
            }
            let destination = &self.spec.destination;
            let resource = self.resources.entry(key.clone()).or_insert_with(|| {
                let pair = tautline_ownership::pair_one(
                    key.clone(),
                    &self.prepared,
                    destination,
                    world.live,
                    world.neighbours,
                );
                Resource::new(pair)
            });
            changed |= resource.judge(&self.prepared, &self.spec, world, now);
            let is_over = resource.is_over() || (resource.pair.desired.is_none() && !is_tracked(resource));
            if is_over {
                self.resources.remove(key);
                changed = true;
            }
        }
        self.ask_about(keys, world, out);
        if changed {
            out.push(Effect::Report { urgent: false });
        }
    }

    pub(crate) fn judge_all(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        let mut keys: BTreeSet<ResourceKey> = self.prepared.manifests.keys().cloned().collect();
        keys.extend(world.live.tracked_by(self.spec.destination.app.as_str()));
        keys.extend(self.resources.keys().cloned());
        if let Some(application) = &self.spec.destination.application {
            keys.remove(application);
        }
        let keys: Vec<ResourceKey> = keys.into_iter().collect();
        self.judge(&keys, world, now, out);
        if self.is_ready(world) {
            self.reconciled_at = Some(now);
        }
    }

    fn is_ours(&self, key: &ResourceKey, world: &World<'_>) -> bool {
        if self.spec.destination.application.as_ref() == Some(key) {
            return false;
        }
        if self.prepared.manifests.contains_key(key) {
            return true;
        }
        let live = world.live.get(key).present();
        live.is_some_and(|o| {
            tautline_ownership::owner_of(&o).as_deref() == Some(self.spec.destination.app.as_str())
                // What a hook left is no object of the app, until that goes with all it made.
                && (self.spec.deletion.is_some() || Hook::of(&o).is_none())
        })
    }

    /// Asks for what is missing: kinds to watch, the repository, a render, a scan, the next tick.
    pub(crate) fn look_around(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        let kinds = self.wanted_kinds(world);
        if kinds != self.watched {
            self.watched.clone_from(&kinds);
            out.push(Effect::Watch(kinds));
        }
        let unreadable = self.unreadable_kinds(world);
        if unreadable != self.unreadable {
            self.unreadable = unreadable;
            out.push(Effect::Report { urgent: true });
        }
        if self.scan == ScanState::Wanted {
            self.scan = ScanState::Running;
            out.push(Effect::Scan);
        }
        // A deletion is rendered once, for its hooks.
        let is_known =
            self.spec.deletion.is_some() && (self.rendered.is_some() || self.comparison_error.is_some());
        if is_known || !self.spec.refused.is_empty() {
            return;
        }
        if !self.resolving && now >= self.next_poll {
            self.resolving = true;
            out.push(Effect::Resolve(self.spec.want.clone()));
        } else if !self.resolving {
            out.push(Effect::WakeAt(self.next_poll));
        }
        let Some(revision) = &self.revision else { return };
        let is_rendered =
            self.rendered.as_ref().is_some_and(|r| r.revision == *revision) && !self.render_fresh;
        let is_stale_error =
            self.comparison_error.is_some() && self.resolve_failures == 0 && !self.has_render_error();
        if self.rendering.as_ref() != Some(revision) && (!is_rendered || is_stale_error) {
            self.rendering = Some(revision.clone());
            out.push(Effect::Render { revision: revision.clone(), fresh: self.render_fresh });
        }
    }

    fn has_render_error(&self) -> bool {
        self.rendered.as_ref().is_some_and(|r| r.problems.iter().any(|p| p.severity == Severity::Error))
    }

    fn wanted_kinds(&self, world: &World<'_>) -> BTreeSet<GroupKind> {
        let mut kinds: BTreeSet<GroupKind> = self.spec.kinds.clone();
        kinds.extend(self.prepared.scopes.keys().cloned());
        let extra = self.resources.values().filter(|resource| resource.pair.desired.is_none());
        kinds.extend(extra.map(|resource| resource.pair.key.group_kind()));
        kinds.extend(self.hooks.iter().map(|(_, manifest)| manifest.key().group_kind()));
        if self.spec.policy.create_namespace {
            kinds.insert(GroupKind::new("", "Namespace"));
        }
        // R16: whether an autoscaler stands by decides what becomes of replicas that leave Git.
        if self.resources.values().any(Resource::drops_replicas) {
            kinds.insert(tautline_plan::autoscaler_kind());
        }
        kinds.retain(|kind| world.scopes.is_served(kind) != Some(false));
        kinds
    }

    fn unreadable_kinds(&self, world: &World<'_>) -> BTreeMap<GroupKind, String> {
        use tautline_core::Why;
        let why = |kind: &GroupKind| match world.live.freshness(kind) {
            Err(why @ (Why::Forbidden { .. } | Why::Failing { .. })) => Some((kind.clone(), why.to_string())),
            _ => None,
        };
        self.watched.iter().filter_map(why).collect()
    }

    /// Whether every kind that matters is listed, or known to be unreadable.
    pub(crate) fn is_ready(&self, world: &World<'_>) -> bool {
        use tautline_core::Why;
        self.rendered.is_some()
            && self
                .watched
                .iter()
                .all(|kind| !matches!(world.live.freshness(kind), Err(Why::Listing(_) | Why::NotWatched(_))))
    }

    fn sync_status(&self) -> SyncStatus {
        if self.comparison_error.is_some() || !self.spec.refused.is_empty() || self.rendered.is_none() {
            return SyncStatus::Unknown;
        }
        if !self.unreadable.is_empty() {
            return SyncStatus::Unknown;
        }
        if self.namespace_differs {
            return SyncStatus::OutOfSync;
        }
        // Unknown is no claim that the rest agrees.
        let counted = self.resources.values().filter(|resource| !resource.is_extraneous());
        let worst = counted.map(Resource::sync).max_by_key(|s| match s {
            SyncStatus::Synced => 0,
            SyncStatus::Unknown => 1,
            SyncStatus::OutOfSync => 2,
        });
        worst.unwrap_or(SyncStatus::Synced)
    }

    fn scanned(
        &mut self,
        result: Result<BTreeSet<GroupKind>, String>,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        match result {
            Ok(kinds) => {
                self.spec.kinds.extend(kinds);
                self.scan = ScanState::Done;
                self.judge_all(world, now, out);
            }
            Err(message) => {
                self.scan = ScanState::Failed(message);
                out.push(Effect::Report { urgent: true });
            }
        }
    }
}

fn is_tracked(resource: &Resource) -> bool {
    !matches!(
        resource.pair.owner,
        tautline_ownership::Owner::Untracked
            | tautline_ownership::Owner::Other(_)
            | tautline_ownership::Owner::Abandoned(_)
    )
}
