//! Deleting what an app owns, in a safe order (rules R18, R19), with the hooks of its deletion.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{Object, Presence, Timestamp};
use tautline_ownership::{Owner, Propagation};
use tautline_plan::{Consent, Inputs, Intent, Phase, Plan, PlanOptions, Progress, Purpose, kind_rank, wave};

use crate::app::{App, DeletionStage, ScanState};
use crate::event::{Effect, World};
use crate::hooks::{self, Wanted, is_of_deletion};
use crate::looks::Looks;
use crate::report::{Operation, OperationPhase, Trigger};
use crate::resource::Resource;
use crate::running::Running;
use crate::spec::Deletion;

/// What a cascade does next.
enum Batch {
    /// Delete these.
    Delete(Plan),
    /// Objects of the present batch are still there, or wait for this.
    Wait(Option<String>),
    /// Nothing is left that we may delete.
    Over,
}

impl App {
    /// Removes what the app owns: the hooks before, the objects batch by batch, each until they are gone, the
    /// hooks after, and at last what the hooks left.
    pub(crate) fn cascade(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(Deletion::Cascade { propagation, since, needs_hooks, keeps_objects }) = self.spec.deletion
        else {
            return;
        };
        let is_listed = self.watched.iter().all(|kind| world.live.freshness(kind).is_ok());
        if self.scan != ScanState::Done || !is_listed || self.finalized {
            return;
        }
        let is_rendered = self.rendered.is_some() && self.comparison_error.is_none();
        if !is_rendered && self.comparison_error.is_none() {
            // The hooks of the deletion are not known yet.
            return;
        }
        if needs_hooks && !is_rendered {
            let why = self.comparison_error.clone().unwrap_or_default();
            return self.hold(Some(format!("the hooks of the deletion are not known: {why}")), out);
        }
        self.judge_all(world, now, out);
        match self.deletion_stage {
            DeletionStage::PreDelete => self.run_deletion_hooks(Phase::PreDelete, since, world, now, out),
            DeletionStage::PostDelete => self.run_deletion_hooks(Phase::PostDelete, since, world, now, out),
            DeletionStage::Objects | DeletionStage::Hooks
                if self.deletion_retry_at.is_some_and(|at| now < at) =>
            {
                out.extend(self.deletion_retry_at.map(Effect::WakeAt));
            }
            DeletionStage::Objects if keeps_objects => self.next_stage(world, now, out),
            DeletionStage::Objects | DeletionStage::Hooks => match next_batch(self, propagation, since) {
                Batch::Delete(plan) => self.perform(plan, BTreeMap::new(), since, now, world, out),
                Batch::Wait(reason) => self.hold(reason, out),
                Batch::Over => self.next_stage(world, now, out),
            },
        }
    }

    fn next_stage(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        self.hold(None, out);
        self.deletion_stage = match self.deletion_stage {
            DeletionStage::PreDelete => DeletionStage::Objects,
            DeletionStage::Objects => DeletionStage::PostDelete,
            DeletionStage::PostDelete => DeletionStage::Hooks,
            DeletionStage::Hooks => {
                self.finalized = true;
                out.push(Effect::Finalize);
                return;
            }
        };
        self.cascade(world, now, out);
    }

    /// Runs the hooks of a phase of the deletion; one that failed is tried again after a while.
    fn run_deletion_hooks(
        &mut self,
        phase: Phase,
        since: Timestamp,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        match self.deletion_hooks.take() {
            Some(Ok(())) => return self.next_stage(world, now, out),
            Some(Err(why)) => {
                self.hold(Some(format!("a {phase:?} hook failed and is tried again: {why}")), out);
                self.deletion_retries += 1;
                self.deletion_retry_at = Some(now + self.spec.policy.retry.delay(self.deletion_retries));
            }
            None => {}
        }
        if let Some(at) = self.deletion_retry_at.filter(|at| now < *at) {
            out.push(Effect::WakeAt(at));
            return;
        }
        let revision = self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default();
        // After a failure what lives is no run of ours to go on with.
        let is_resumed = self.deletion_retries == 0;
        let record = self.deletion_record.as_ref().filter(|record| {
            is_resumed
                && record.intent.purpose == Purpose::Deletion
                && record.intent.started_at.seconds() == since.seconds()
        });
        let (finished, made) =
            record.map(|record| (record.finished_hooks(), record.made_hooks())).unwrap_or_default();
        let phases = [phase];
        let wanted = Wanted {
            phases: &phases,
            on_heal: false,
            revision: &revision,
            started_at: since,
            is_resumed,
            finished: &finished,
            made: &made,
        };
        let (runs, _) = self.hook_runs(&wanted, world);
        let options = PlanOptions { is_whole: true, ..PlanOptions::default() };
        let (plan, _) = Plan::build(self.deletion_inputs(), [], &runs, &options);
        if plan.is_empty() {
            return self.next_stage(world, now, out);
        }
        self.perform(plan, hooks::objects(&runs), since, now, world, out);
    }

    /// Deletes that failed are tried again after a while, ever longer.
    pub(crate) fn pace_deletion(&mut self, operation: &Operation, now: Timestamp) {
        if operation.phase == OperationPhase::Succeeded {
            (self.deletion_retries, self.deletion_retry_at) = (0, None);
            return;
        }
        self.deletion_retries += 1;
        self.deletion_retry_at = Some(now + self.spec.policy.retry.delay(self.deletion_retries));
        self.deletion_error = Some(format!("it is tried again: {}", operation.message));
    }

    fn deletion_inputs(&self) -> Inputs {
        Inputs { app: self.spec.id.to_string(), ..Inputs::default() }
    }

    fn perform(
        &mut self,
        plan: Plan,
        hooks: BTreeMap<tautline_core::ResourceKey, Arc<Object>>,
        since: Timestamp,
        now: Timestamp,
        world: &World<'_>,
        out: &mut Vec<Effect>,
    ) {
        let operation = Operation {
            trigger: Trigger::Automated,
            phase: OperationPhase::Running,
            message: "deleting".to_owned(),
            revision: String::new(),
            started_at: now,
            finished_at: None,
            instead_of: None,
            retries: 0,
            results: Vec::new(),
        };
        // The whole deletion is one plan on record; its batches are told as they come.
        let is_recorded = std::mem::replace(&mut self.is_deletion_recorded, true);
        if !is_recorded {
            let intent = Intent {
                plan: plan.digest(),
                revision: self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
                source: self.spec.source,
                started_at: since,
                prune: false,
                purpose: Purpose::Deletion,
                by: None,
                instead_of: None,
                only: Vec::new(),
                skips_hooks: false,
                kinds: self.spec.kinds.clone(),
            };
            out.push(Effect::Record { known: self.epoch, intent });
        }
        self.running = Some(Running {
            looks: Looks::at_all_of(&plan),
            result_at: BTreeMap::new(),
            plan: Arc::new(plan),
            progress: Progress::default(),
            is_recorded,
            // It is not closed before the Application is gone.
            is_noted: false,
            is_heal: true,
            operation,
            is_whole: false,
            request: None,
            is_winding_up: false,
            desired: BTreeMap::new(),
            hooks,
            uids: BTreeMap::new(),
            weights: Vec::new(),
            tails: BTreeMap::new(),
            news: Vec::new(),
        });
        self.follow(world, now, out);
    }

    /// Says what holds up the deletion, if that is news.
    fn hold(&mut self, reason: Option<String>, out: &mut Vec<Effect>) {
        if self.deletion_error != reason {
            self.deletion_error = reason;
            out.push(Effect::Report { urgent: true });
        }
    }
}

/// The next objects to delete: the latest wave and kind first, Namespaces last of all.
fn next_batch(app: &App, propagation: Propagation, since: Timestamp) -> Batch {
    let mut doomed: Vec<&Object> = Vec::new();
    let is_approved = app.spec.deletion_approved.is_some_and(|at| at >= since);
    for resource in app.resources.values() {
        match &resource.pair.live {
            Presence::Present(live) if is_doomed(app, resource, live) => doomed.push(live),
            // Gone by our hand, its event not seen yet: the batch is not over.
            Presence::Unknown(_) if resource.pair.owner != Owner::Untracked => return Batch::Wait(None),
            _ => {}
        }
    }
    let unconfirmed = doomed
        .iter()
        .find(|live| app.spec.policy.objects.of(None, Some(live)).delete == Consent::AfterConfirmation);
    if let Some(live) = unconfirmed.filter(|_| !is_approved) {
        let reason = format!(
            "waiting for confirmation to delete {}: annotate the Application with \
             argocd.argoproj.io/deletion-approved and the present time",
            live.key()
        );
        return Batch::Wait(Some(reason));
    }
    let Some(first) = doomed.iter().map(|live| place(live)).min() else { return Batch::Over };
    let batch = doomed.into_iter().filter(|live| place(live) == first && !live.is_terminating());
    let plan = Plan::delete_with_app(app.deletion_inputs(), batch, propagation);
    if plan.is_empty() { Batch::Wait(None) } else { Batch::Delete(plan) }
}

fn is_doomed(app: &App, resource: &Resource, live: &Object) -> bool {
    let keeps_objects = matches!(app.spec.deletion, Some(Deletion::Cascade { keeps_objects: true, .. }));
    let is_last = app.deletion_stage == DeletionStage::Hooks;
    let is_due = if keeps_objects { is_of_deletion(live) } else { is_last || !is_of_deletion(live) };
    let stays = live.is("apiextensions.k8s.io", "CustomResourceDefinition")
        || app.spec.policy.objects.of(None, Some(live)).delete == Consent::Refused;
    resource.pair.owner == Owner::Us && is_due && !stays && !app.kept.contains(&live.key())
}

/// Smaller goes first: Namespaces last, then high waves, then late kinds.
fn place(live: &Object) -> (bool, i64, i64) {
    let rank = i64::try_from(kind_rank(live.kind())).unwrap_or(i64::MAX);
    (live.is("", "Namespace"), -wave(live), -rank)
}
