//! Following a plan: which steps run, what came of them, when it is over.

use std::sync::Arc;

use tautline_core::{Object, Timestamp};
use tautline_ownership::Reason;
use tautline_plan::{Action, Condition, Next, Plan, Progress, Standing, Step, StepId, StepResult};

use crate::app::{App, Attempt, Running};
use crate::event::{Effect, Work, World};
use crate::hooks::deadline;
use crate::report::{ObjectResult, OperationPhase, Trigger};
use crate::spec::HistoryEntry;

impl App {
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
    pub(crate) fn follow(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        if self.running.as_ref().is_none_or(|running| !running.is_recorded) {
            return;
        }
        self.observe(world, now, out);
        self.wind_up();
        let Some(running) = &self.running else { return };
        if running.operation.phase == OperationPhase::Terminating && !running.is_winding_up {
            return;
        }
        match running.plan.next(&running.progress) {
            Next::Run(steps) => self.run(&steps, world, now, out),
            Next::Wait(_) if self.is_superseded() => {
                let newer = self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default();
                self.fail_operation(format!("superseded by revision {newer} before it was well"), now);
                self.finish(now, out);
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
                let held_back =
                    withheld.iter().filter_map(|id| running.plan.step(*id)).map(|s| s.key.clone());
                self.held_back.extend(held_back);
                let skipped: Vec<ObjectResult> = (withheld.iter())
                    .filter_map(|id| running.plan.step(*id))
                    .map(|step| result_of(step, &StepResult::Skipped(reason.clone())))
                    .collect();
                self.end_operation(skipped, &reason, now);
                self.finish(now, out);
            }
        }
    }

    /// Begins steps. Those that only wait are written at once.
    fn run(&mut self, steps: &[StepId], world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(running) = &self.running else { return };
        let (awaits, writes): (Vec<&Step>, Vec<&Step>) =
            steps.iter().filter_map(|id| running.plan.step(*id)).partition(|s| s.action == Action::Await);
        let work: Vec<Work> = writes.iter().map(|step| self.work(step, running, world)).collect();
        let done: Vec<(StepId, ObjectResult)> = (awaits.into_iter())
            .map(|step| (step.id, result_of(step, &StepResult::Done(format!("{} unchanged", step.key)))))
            .collect();
        let Some(running) = &mut self.running else { return };
        for (id, result) in &done {
            running.progress.end(*id, StepResult::Done(String::new()));
            running.operation.results.push(result.clone());
        }
        work.iter().for_each(|work| running.progress.start(work.step.id));
        if !work.is_empty() {
            out.push(Effect::Perform(work));
        }
        if !done.is_empty() {
            self.follow(world, now, out);
        }
    }

    /// Notes how the objects fare that somebody waits for.
    fn observe(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        let approved = self.spec.deletion_approved;
        let Some(running) = &self.running else { return };
        let plan = running.plan.clone();
        let standings: Vec<(&Step, Standing)> = plan
            .awaited(&running.progress)
            .map(|step| (step, self.standing(step, running, world, now)))
            .collect();
        for (step, _) in standings.iter().filter(|(_, standing)| *standing == Standing::Waiting) {
            let live = world.live.get(&step.key).present();
            out.extend(live.and_then(|live| deadline(step, &live)).map(Effect::WakeAt));
        }
        let Some(running) = &mut self.running else { return };
        running.progress.is_confirmed = approved.is_some_and(|at| at >= running.operation.started_at);
        for (step, standing) in standings {
            note(running, step, &standing, out);
            running.progress.observe(step.id, standing);
        }
    }

    /// Whether a newer revision makes it pointless to wait any longer for the health of this one. Hooks are let
    /// run to their end.
    fn is_superseded(&self) -> bool {
        let (Some(running), Some(revision)) = (&self.running, &self.revision) else { return false };
        let is_known = self.rendered.as_ref().is_some_and(|r| r.revision == *revision);
        let mut open = running.progress.open().filter_map(|id| running.plan.step(id));
        let is_waiting = running.progress.running().next().is_none() && !open.any(|step| step.hook.is_some());
        let by_itself = !matches!(running.operation.trigger, Trigger::Manual(_)) && !running.is_heal;
        by_itself
            && self.spec.deletion.is_none()
            && is_known
            && self.comparison_error.is_none()
            && running.operation.revision != revision.id
            && is_waiting
    }

    fn work(&self, step: &Step, running: &Running, world: &World<'_>) -> Work {
        let mut step = step.clone();
        if let Condition::Succeeded(hook) | Condition::Failed(hook) = step.condition {
            // The very object that ran, and no other of its name.
            let live = || world.live.get(&step.key).present().and_then(|live| live.uid());
            step.precondition.uid = running.uids.get(&hook).cloned().or_else(live);
        }
        let desired = match (&step.action, step.hook.is_some()) {
            (Action::Delete { .. }, _) => None,
            (Action::CreateNamespace, _) => Some(Arc::new(self.namespace_object(&step))),
            (_, true) => running.hooks.get(&step.key).cloned(),
            (_, false) => {
                let resource = self.resources.get(&step.key);
                let payload = resource.and_then(|resource| resource.payload(&self.spec.ignore, world));
                payload.or_else(|| self.prepared.manifests.get(&step.key).map(|m| m.object.clone()))
            }
        };
        Work { desired, complete: self.complete.clone(), destination: self.spec.destination.clone(), step }
    }

    /// The destination's namespace with the metadata that it is to have. It is not tracked.
    fn namespace_object(&self, step: &Step) -> Object {
        let mut object = Object::bare(&step.gvk, "", &step.key.name);
        for (section, values) in self.spec.policy.namespace_metadata.iter().flat_map(|m| m.iter()) {
            object.metadata_mut().insert(section.clone(), values.clone());
        }
        object
    }

    pub(crate) fn stepped(
        &mut self,
        id: StepId,
        result: StepResult,
        answer: Option<&Object>,
        world: &World<'_>,
        now: Timestamp,
    ) {
        let Some(running) = &mut self.running else { return };
        let Some(step) = running.plan.step(id).cloned() else { return };
        // A hook that was not run has not succeeded, whatever lives under its name.
        let result = match result {
            StepResult::Skipped(why) if step.runs_hook() => StepResult::Failed(why),
            other => other,
        };
        // What makes room for something else is no result of its own, unless it fails.
        let makes_room =
            matches!(step.action, Action::Delete { reason: Reason::HookPolicy | Reason::Recreate, .. });
        if !makes_room || result.is_failure() {
            running.operation.results.push(result_of(&step, &result));
        }
        if let Some(uid) = answer.filter(|_| step.runs_hook()).and_then(Object::uid) {
            running.uids.insert(id, uid);
        }
        let is_heal = running.is_heal;
        running.progress.end(id, result.clone());
        if let StepResult::Kept(_) = &result {
            // R19: a namespace's content is looked at again after the next render, not at every event.
            self.kept.insert(step.key.clone());
        }
        if step.action == Action::CreateNamespace {
            self.namespace_ledger.healed(now);
        }
        let Some(resource) = self.resources.get_mut(&step.key).filter(|_| step.hook.is_none()) else {
            return;
        };
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
            StepResult::Skipped(_) | StepResult::Kept(_) => {}
        }
        resource.forget();
        resource.judge(&self.prepared, &self.spec, world, now);
    }

    /// Ends the sync that runs before its time: what is being written ends, hooks that run are removed.
    pub(crate) fn terminate(&mut self) {
        if let Some(running) = self.running.as_mut().filter(|running| !running.is_heal) {
            running.operation.phase = OperationPhase::Terminating;
            running.operation.message = "operation is terminating".to_owned();
        }
    }

    /// The plan that a terminated sync goes on with, once nothing is being written any more.
    pub(crate) fn wind_up(&mut self) {
        let Some(running) = &mut self.running else { return };
        let is_writing = running.progress.running().next().is_some();
        if running.operation.phase != OperationPhase::Terminating || running.is_winding_up || is_writing {
            return;
        }
        let open = running.progress.open().filter_map(|id| running.plan.step(id));
        let unfinished = open.filter(|step| step.runs_hook());
        let unbegun = running.plan.steps.iter().filter(|s| !running.progress.is_started(s.id));
        self.held_back.extend(unbegun.map(|s| s.key.clone()));
        let plan = Plan::remove_hooks(
            running.plan.inputs.clone(),
            unfinished.filter_map(|step| Some((step, running.uids.get(&step.id)?))),
        );
        running.plan = Arc::new(plan);
        running.progress = Progress::default();
        running.is_winding_up = true;
    }

    fn fail_operation(&mut self, message: String, now: Timestamp) {
        if let Some(running) = &mut self.running {
            running.operation.phase = OperationPhase::Failed;
            running.operation.message = message;
            running.operation.finished_at = Some(now);
        }
    }

    fn end_operation(&mut self, skipped: Vec<ObjectResult>, reason: &str, now: Timestamp) {
        let Some(running) = &mut self.running else { return };
        let failed: Vec<String> = (running.plan.steps.iter())
            .filter_map(|s| Some((s, running.progress.result(s.id)?)))
            .filter(|(_, result)| result.is_failure())
            .map(|(step, result)| format!("{}: {}", step.key, result.message()))
            .collect();
        let broken: Vec<String> = (running.plan.steps.iter())
            .filter_map(|step| match running.progress.standing(step.id) {
                Standing::Broken(why) => Some(format!("{}: {why}", step.key)),
                _ => None,
            })
            .collect();
        let is_terminated = running.is_winding_up;
        let operation = &mut running.operation;
        operation.results.extend(skipped);
        operation.results.sort_by(|a, b| a.key.cmp(&b.key));
        operation.finished_at = Some(now);
        let first = |list: &[String]| list.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
        let more = if reason.is_empty() { String::new() } else { format!("; {reason}") };
        operation.phase = OperationPhase::Failed;
        operation.message = if is_terminated {
            "Operation terminated".to_owned()
        } else if !failed.is_empty() {
            format!("one or more objects failed to apply, reason: {}{more}", first(&failed))
        } else if !broken.is_empty() {
            let why = first(&broken);
            format!("one or more synchronization tasks completed unsuccessfully, reason: {why}{more}")
        } else {
            operation.phase = OperationPhase::Succeeded;
            let open = operation.results.iter_mut().filter(|r| r.progress == OperationPhase::Running);
            open.for_each(|result| result.progress = OperationPhase::Succeeded);
            "successfully synced (all tasks run)".to_owned()
        };
    }

    /// Puts the operation that ran on record.
    fn finish(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(running) = self.running.take() else { return };
        // Without self-heal nobody would come back to a step that somebody else's write overtook.
        let is_overtaken = !self.spec.policy.automated.is_some_and(|a| a.self_heal)
            && running.plan.steps.iter().any(|step| {
                let is_skipped = matches!(running.progress.result(step.id), Some(StepResult::Skipped(_)));
                is_skipped && step.hook.is_none() && !step.key.group_kind().is("", "Namespace")
            });
        if self.spec.deletion.is_some() && !running.plan.steps.iter().any(Step::runs_hook) {
            self.pace_deletion(&running.operation, now);
        }
        if self.spec.deletion.is_some() && running.plan.steps.iter().any(Step::runs_hook) {
            let is_done = running.operation.phase == OperationPhase::Succeeded;
            self.deletion_hooks = Some(if is_done { Ok(()) } else { Err(running.operation.message.clone()) });
        }
        let operation = running.operation;
        let succeeded = operation.phase == OperationPhase::Succeeded;
        if running.is_heal {
            self.sync_error = (!succeeded).then(|| operation.message.clone());
        } else if self.spec.deletion.is_none() && running.is_whole {
            self.attempted = Some(Attempt {
                is_remembered: false,
                revision: operation.revision.clone(),
                source: self.spec.source,
                succeeded: succeeded && !is_overtaken,
                // What somebody ended is not tried again by itself.
                retries: if running.is_winding_up { u32::MAX } else { operation.retries },
                ended_at: now,
            });
            self.sync_error = (!succeeded).then(|| {
                format!("Failed last sync attempt to [{}]: {}", operation.revision, operation.message)
            });
        }
        if succeeded && !running.is_heal && running.is_whole && self.spec.deletion.is_none() {
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
        let is_manual = matches!(operation.trigger, Trigger::Manual(_));
        self.operation = Some(operation);
        if is_manual {
            self.let_go(out);
        }
        out.push(Effect::Report { urgent: true });
        // Something may have come up meanwhile.
        out.push(Effect::WakeAt(now));
    }
}

/// Writes how an object fares into the sync's results.
fn note(running: &mut Running, step: &Step, standing: &Standing, out: &mut Vec<Effect>) {
    let (progress, message) = match standing {
        Standing::Waiting => return,
        // That something is gone is no news of what it was.
        _ if step.action.is_delete() => return,
        Standing::Settled => (OperationPhase::Succeeded, None),
        Standing::Broken(why) => (OperationPhase::Failed, Some(why)),
    };
    let results = running.operation.results.iter_mut();
    for result in results.filter(|r| r.key == step.key && r.phase == step.phase) {
        result.progress = progress;
        if let Some(message) = message {
            result.message.clone_from(message);
        }
    }
    if step.hook.is_some() {
        // A hook that has ended must not be run again after a crash: it is on record at once.
        out.push(Effect::Report { urgent: true });
    }
}

/// What a step would come to.
pub(crate) fn dry_result(step: &Step) -> ObjectResult {
    let message = format!("{} (dry run)", step.word());
    let result = result_of(step, &StepResult::Done(message));
    ObjectResult { progress: OperationPhase::Succeeded, ..result }
}

fn result_of(step: &Step, result: &StepResult) -> ObjectResult {
    let is_prune = matches!(step.action, Action::Delete { reason: Reason::Pruned | Reason::AppDeleted, .. });
    let status = match (result, is_prune) {
        (StepResult::Failed(_) | StepResult::Refused(_), _) => "SyncFailed",
        (StepResult::Done(_) | StepResult::Skipped(_) | StepResult::Kept(_), false) => "Synced",
        (StepResult::Done(_), true) => "Pruned",
        (StepResult::Skipped(_) | StepResult::Kept(_), true) => "PruneSkipped",
    };
    let message = match (result.message(), &step.action) {
        ("", Action::Delete { .. }) if is_prune => "pruned".to_owned(),
        ("", Action::Delete { .. }) => format!("{} deleted", step.key),
        ("", Action::Create | Action::CreateNamespace) => format!("{} created", step.key),
        ("", Action::Replace) => format!("{} replaced", step.key),
        ("", Action::Apply { .. } | Action::ClientApply) => format!("{} configured", step.key),
        (message, _) => message.to_owned(),
    };
    let progress = match result {
        StepResult::Failed(_) | StepResult::Refused(_) => OperationPhase::Failed,
        _ if step.action.is_delete() => OperationPhase::Succeeded,
        _ => OperationPhase::Running,
    };
    ObjectResult {
        key: step.key.clone(),
        gvk: step.gvk.clone(),
        status: status.to_owned(),
        message,
        phase: step.phase,
        progress,
        is_hook: step.runs_hook(),
    }
}
