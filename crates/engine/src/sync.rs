//! Syncing: when a plan is made, how it is followed, when it is over.

use std::sync::Arc;

use tautline_core::{Object, ResourceKey, Timestamp};
use tautline_diff::Outcome;
use tautline_ownership::Owner;
use tautline_plan::{
    Action, Circumstances, Inputs, Next, Plan, PlanOptions, Progress, Step, StepId, StepResult, Verdict,
};

use crate::app::{App, Attempt, Running};
use crate::event::{Effect, Intent, Work, World};
use crate::report::{ObjectResult, Operation, OperationPhase, Trigger};
use crate::resource::Resource;
use crate::spec::{Deletion, HistoryEntry, SyncRequest};

impl App {
    /// Does whatever may be done now: go on with a plan, clean up, or begin a sync.
    pub(crate) fn go_on(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        if self.running.is_some() {
            return self.follow(now, out);
        }
        if self.spec.observe_only || !self.spec.refused.is_empty() {
            return;
        }
        match &self.spec.deletion {
            Some(Deletion::Cascade(propagation)) => {
                let propagation = *propagation;
                return self.cascade(propagation, world, now, out);
            }
            Some(_) => return,
            None => {}
        }
        if self.comparison_error.is_some() || !self.is_ready(world) {
            return;
        }
        if self.has_prunes() && world.neighbours.undecided() {
            // R20: an object that leaves this app may be on its way to another one. We are told.
            return;
        }
        if let Some(request) = self.requested.take() {
            return self.begin(Trigger::Manual(request.by.clone()), &request, world, now, out);
        }
        if let Some(trigger) = self.automatic_trigger(now, out) {
            let prune = self.spec.policy.automated.is_some_and(|a| a.prune);
            let request = SyncRequest { prune, ..SyncRequest::default() };
            self.begin(trigger, &request, world, now, out);
        }
    }

    /// Whether a sync that may begin now would prune something.
    fn has_prunes(&self) -> bool {
        let automated = self.spec.policy.automated.is_some_and(|a| a.prune);
        let asked = self.requested.as_ref().is_some_and(|r| r.prune);
        (automated || asked)
            && self.resources.values().any(|r| self.is_actionable(r, true) && r.pair.desired.is_none())
    }

    /// Why the app should sync by itself now, if it should.
    fn automatic_trigger(&mut self, now: Timestamp, out: &mut Vec<Effect>) -> Option<Trigger> {
        let automated = self.spec.policy.automated?;
        if !self.resources.values().any(|r| self.is_actionable(r, automated.prune)) {
            return None;
        }
        let revision = &self.revision.as_ref()?.id;
        let attempt =
            self.attempted.as_ref().filter(|a| a.revision == *revision && a.source == self.spec.source);
        match attempt {
            None => Some(Trigger::Automated),
            Some(attempt) if !attempt.succeeded => {
                if self.spec.policy.retry_limit.is_some_and(|limit| attempt.retries >= limit) {
                    return automated
                        .self_heal
                        .then_some(Trigger::SelfHeal)
                        .filter(|_| self.may_heal(now, out));
                }
                let next = attempt.ended_at + self.spec.policy.retry.delay(attempt.retries);
                if now < next {
                    out.push(Effect::WakeAt(next));
                    return None;
                }
                Some(Trigger::Automated)
            }
            Some(_) => automated.self_heal.then_some(Trigger::SelfHeal).filter(|_| self.may_heal(now, out)),
        }
    }

    /// Whether some object may be healed now; wakes up when the next one may.
    fn may_heal(&self, now: Timestamp, out: &mut Vec<Effect>) -> bool {
        let prune = self.spec.policy.automated.is_some_and(|a| a.prune);
        let waits: Vec<Option<Timestamp>> = (self.resources.values())
            .filter(|r| self.is_actionable(r, prune))
            .map(|r| r.ledger.held_until(now))
            .collect();
        if let Some(first) = waits.iter().flatten().min() {
            out.push(Effect::WakeAt(*first));
        }
        waits.iter().any(Option::is_none)
    }

    fn is_actionable(&self, resource: &Resource, prune: bool) -> bool {
        if matches!(resource.pair.owner, Owner::Other(_)) || resource.is_refused() {
            return false;
        }
        match resource.difference.outcome {
            Outcome::Create | Outcome::Change => true,
            Outcome::Delete => {
                let live = resource.pair.live.as_ref().present();
                prune
                    && resource.pair.owner == Owner::Us
                    && resource.pair.also_held_by.is_none()
                    && !self.kept.contains(&resource.pair.key)
                    && live.is_some_and(|live| tautline_plan::keeps(live).is_none())
            }
            _ => false,
        }
    }

    /// Makes a plan, has it judged, and begins to follow it.
    fn begin(
        &mut self,
        trigger: Trigger,
        request: &SyncRequest,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let is_heal = trigger == Trigger::SelfHeal;
        let is_manual = matches!(trigger, Trigger::Manual(_));
        if let Some(reason) = self.refuses_empty(request.prune, is_manual) {
            return self.fail_to_begin(reason, out);
        }
        let (plan, withheld) = self.plan(request, is_heal, is_manual, world, now);
        let circumstances = Circumstances { now, is_manual };
        for gate in world.gates {
            if let Verdict::Refuse { reason, until } = gate.judge(&plan, &circumstances) {
                out.extend(until.map(Effect::WakeAt));
                return self.fail_to_begin(reason, out);
            }
        }
        if plan.is_empty() && !is_manual {
            return;
        }
        self.sync_error = None;
        let revision = self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default();
        let retries = match (&trigger, &self.attempted) {
            (Trigger::Automated, Some(a)) if a.revision == revision && a.source == self.spec.source => {
                a.retries + 1
            }
            _ => 0,
        };
        let results = withheld
            .into_iter()
            .map(|w| ObjectResult {
                gvk: self
                    .resources
                    .get(&w.key)
                    .map_or_else(|| w.key.group_kind().in_version(""), |r| r.row().gvk),
                key: w.key,
                status: "PruneSkipped".to_owned(),
                message: w.message,
            })
            .collect();
        let operation = Operation {
            trigger,
            phase: OperationPhase::Running,
            message: String::new(),
            revision: revision.clone(),
            started_at: now,
            finished_at: None,
            retries,
            results,
        };
        let kinds: std::collections::BTreeSet<_> = plan.steps.iter().map(|s| s.key.group_kind()).collect();
        let is_recorded = is_heal && kinds.is_subset(&self.spec.kinds);
        let plan = Arc::new(plan);
        if !is_recorded {
            self.spec.kinds.extend(kinds);
            let intent =
                Intent { plan: plan.digest(), revision, started_at: now, kinds: self.spec.kinds.clone() };
            out.push(Effect::Record(intent));
        }
        self.running = Some(Running { plan, progress: Progress::default(), is_recorded, is_heal, operation });
        self.follow(now, out);
    }

    fn fail_to_begin(&mut self, reason: String, out: &mut Vec<Effect>) {
        if self.sync_error.as_ref() != Some(&reason) {
            self.sync_error = Some(reason);
            out.push(Effect::Report { urgent: true });
        }
    }

    /// An empty render after a full one prunes nothing unless that is allowed.
    fn refuses_empty(&self, prune: bool, is_manual: bool) -> Option<String> {
        let allowed = self.spec.policy.automated.is_some_and(|a| a.allow_empty) || is_manual;
        let wipes = !self.resources.is_empty() && self.prepared.manifests.is_empty();
        (prune && wipes && !allowed).then(|| {
            "auto-sync will wipe out all resources: Git holds no manifest any more; set allowEmpty to allow it".to_owned()
        })
    }

    fn plan(
        &self,
        request: &SyncRequest,
        is_heal: bool,
        is_manual: bool,
        world: &World<'_>,
        now: Timestamp,
    ) -> (Plan, Vec<tautline_plan::Withheld>) {
        let inputs = Inputs {
            app: self.spec.id.to_string(),
            revision: self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            reads: self.rendered.as_ref().map(|r| r.reads),
        };
        let namespace = &self.spec.destination.namespace;
        let namespace_key = ResourceKey::new("", "Namespace", "", namespace.as_str());
        let is_missing = world.live.get(&namespace_key).is_absent();
        let create = self.spec.policy.create_namespace
            && is_missing
            && !self.prepared.manifests.contains_key(&namespace_key)
            && self.prepared.manifests.keys().any(|k| k.namespace == *namespace);
        let options = PlanOptions {
            prune: request.prune,
            create_namespace: create.then(|| namespace.clone()),
            propagation: self.spec.policy.propagation,
            take_over_from: self.spec.policy.take_over_from.clone(),
        };
        let chosen = self.resources.values().filter(|r| {
            let is_asked =
                request.only.is_empty() || request.only.iter().any(|only| matches(only, &r.pair.key));
            let is_held = is_heal && r.ledger.held_until(now).is_some();
            let is_pointless = !is_manual && r.is_refused();
            is_asked && !is_held && !is_pointless && !self.kept.contains(&r.pair.key)
        });
        Plan::build(inputs, chosen.map(|r| (&r.pair, &r.difference)), &options)
    }

    pub(crate) fn recorded(&mut self, result: Result<(), String>, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(running) = &mut self.running else { return };
        match result {
            Ok(()) => running.is_recorded = true,
            Err(message) => {
                running.operation.phase = OperationPhase::Error;
                running.operation.message =
                    format!("the intent could not be recorded, nothing was written: {message}");
                running.operation.finished_at = Some(now);
                self.finish(now, out);
            }
        }
    }

    /// Starts the steps that may run; ends the operation when none is left.
    fn follow(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(running) = &self.running else { return };
        if !running.is_recorded {
            return;
        }
        let is_healthy = |step: &Step| self.resources.get(&step.key).is_none_or(Resource::is_healthy);
        match running.plan.next(&running.progress, &is_healthy) {
            Next::Run(steps) => {
                let work = steps.iter().filter_map(|id| self.work(&running.plan, *id)).collect();
                if let Some(running) = &mut self.running {
                    steps.iter().for_each(|id| running.progress.start(*id));
                }
                out.push(Effect::Perform(work));
            }
            Next::Wait(reason) => {
                if let Some(running) = &mut self.running
                    && running.operation.message != reason
                    && reason.starts_with("waiting")
                {
                    running.operation.message = reason;
                    out.push(Effect::Report { urgent: false });
                }
            }
            Next::Finished { withheld, reason } => {
                let skipped: Vec<ObjectResult> = (withheld.iter())
                    .filter_map(|id| running.plan.step(*id))
                    .map(|step| result_of(step, &StepResult::Skipped(reason.clone())))
                    .collect();
                self.end_operation(skipped, &reason, now);
                self.finish(now, out);
            }
        }
    }

    fn work(&self, plan: &Plan, id: StepId) -> Option<Work> {
        let step = plan.step(id)?.clone();
        let desired = self.prepared.manifests.get(&step.key).filter(|_| !step.action.is_delete());
        Some(Work {
            desired: desired.map(|m| m.object.clone()),
            complete: self.complete.clone(),
            destination: self.spec.destination.clone(),
            step,
        })
    }

    pub(crate) fn stepped(
        &mut self,
        id: StepId,
        result: StepResult,
        answer: Option<&Object>,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let Some(running) = &mut self.running else { return };
        let Some(step) = running.plan.step(id).cloned() else { return };
        running.operation.results.push(result_of(&step, &result));
        let is_heal = running.is_heal;
        running.progress.end(id, result.clone());
        if let StepResult::Skipped(_) = &result
            && step.action.is_delete()
            && step.key.group_kind().is("", "Namespace")
        {
            // R19: its content is looked at again after the next render, not at every event.
            self.kept.insert(step.key.clone());
        }
        if let Some(resource) = self.resources.get_mut(&step.key) {
            match &result {
                StepResult::Refused(message) => resource.refuse(message),
                StepResult::Failed(_) => resource.ledger.failed(now),
                StepResult::Done(_) => {
                    resource.refused = None;
                    if let Some(answer) = answer.filter(|_| !step.action.is_delete()) {
                        resource.learn(answer);
                    }
                    if is_heal {
                        resource.ledger.healed(now);
                    }
                }
                StepResult::Skipped(_) => {}
            }
            resource.forget();
            resource.judge(&self.prepared, &self.spec.destination, world, now);
        }
        let _ = out;
    }

    fn end_operation(&mut self, skipped: Vec<ObjectResult>, reason: &str, now: Timestamp) {
        let Some(running) = &mut self.running else { return };
        let failed: Vec<String> = (running.plan.steps.iter())
            .filter_map(|s| Some((s, running.progress.result(s.id)?)))
            .filter(|(_, result)| result.is_failure())
            .map(|(step, result)| format!("{}: {}", step.key, result.message()))
            .collect();
        let operation = &mut running.operation;
        operation.results.extend(skipped);
        operation.results.sort_by(|a, b| a.key.cmp(&b.key));
        operation.finished_at = Some(now);
        if failed.is_empty() {
            operation.phase = OperationPhase::Succeeded;
            operation.message = "successfully synced (all tasks run)".to_owned();
        } else {
            let first = failed.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
            let more = if reason.is_empty() { String::new() } else { format!("; {reason}") };
            operation.phase = OperationPhase::Failed;
            operation.message = format!("{} objects could not be written: {first}{more}", failed.len());
        }
    }

    /// Puts the operation that ran on record.
    fn finish(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(running) = self.running.take() else { return };
        // Without self-heal nobody would come back to a step that somebody else's write overtook.
        let is_overtaken = !self.spec.policy.automated.is_some_and(|a| a.self_heal)
            && running.plan.steps.iter().any(|step| {
                let is_skipped = matches!(running.progress.result(step.id), Some(StepResult::Skipped(_)));
                is_skipped && !step.key.group_kind().is("", "Namespace")
            });
        let operation = running.operation;
        let succeeded = operation.phase == OperationPhase::Succeeded;
        if running.is_heal {
            self.sync_error = (!succeeded).then(|| operation.message.clone());
        } else if self.spec.deletion.is_none() {
            self.attempted = Some(Attempt {
                revision: operation.revision.clone(),
                source: self.spec.source,
                succeeded: succeeded && !is_overtaken,
                retries: operation.retries,
                ended_at: now,
            });
            self.sync_error = (!succeeded).then(|| {
                format!("Failed last sync attempt to [{}]: {}", operation.revision, operation.message)
            });
        }
        if succeeded && !running.is_heal && self.spec.deletion.is_none() {
            self.history.push(HistoryEntry {
                id: self.history.last().map_or(0, |last| last.id + 1),
                revision: operation.revision.clone(),
                started_at: operation.started_at,
                deployed_at: now,
                automated: operation.trigger != Trigger::Manual(String::new())
                    && !matches!(operation.trigger, Trigger::Manual(_)),
            });
            let surplus = self.history.len().saturating_sub(self.spec.history_limit);
            self.history.drain(..surplus);
        }
        self.operation = Some(operation);
        out.push(Effect::Report { urgent: true });
        // Something may have come up meanwhile.
        out.push(Effect::WakeAt(now));
    }

    /// Removes what the app owns, batch by batch, each until its objects are gone (rule R18).
    fn cascade(
        &mut self,
        propagation: tautline_ownership::Propagation,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        use crate::app::ScanState;
        let is_listed = self.watched.iter().all(|kind| world.live.freshness(kind).is_ok());
        if self.scan != ScanState::Done || !is_listed || self.finalized {
            return;
        }
        self.judge_all(world, now, out);
        let batch = crate::cascade::next_batch(self, propagation);
        match batch {
            crate::cascade::Batch::Delete(plan) => {
                let operation = Operation {
                    trigger: Trigger::Automated,
                    phase: OperationPhase::Running,
                    message: "deleting".to_owned(),
                    revision: String::new(),
                    started_at: now,
                    finished_at: None,
                    retries: 0,
                    results: Vec::new(),
                };
                let plan = Arc::new(plan);
                self.running = Some(Running {
                    plan,
                    progress: Progress::default(),
                    is_recorded: true,
                    is_heal: true,
                    operation,
                });
                self.follow(now, out);
            }
            crate::cascade::Batch::Wait => {}
            crate::cascade::Batch::Over => {
                self.finalized = true;
                out.push(Effect::Finalize);
            }
        }
    }
}

fn matches(only: &ResourceKey, key: &ResourceKey) -> bool {
    only.group == key.group
        && only.kind == key.kind
        && only.name == key.name
        && (only.namespace.is_empty() || only.namespace == key.namespace)
}

fn result_of(step: &Step, result: &StepResult) -> ObjectResult {
    let status = match (result, step.action.is_delete()) {
        (StepResult::Failed(_) | StepResult::Refused(_), _) => "SyncFailed",
        (StepResult::Done(_), false) | (StepResult::Skipped(_), false) => "Synced",
        (StepResult::Done(_), true) => "Pruned",
        (StepResult::Skipped(_), true) => "PruneSkipped",
    };
    let message = match (result.message(), &step.action) {
        ("", Action::Delete { .. }) => "pruned".to_owned(),
        ("", Action::Create | Action::CreateNamespace) => format!("{} created", step.key),
        ("", Action::Apply { .. }) => format!("{} configured", step.key),
        (message, _) => message.to_owned(),
    };
    ObjectResult { key: step.key.clone(), gvk: step.gvk.clone(), status: status.to_owned(), message }
}
