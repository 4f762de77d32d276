//! How a sync ends, and what is on record of it and of each of its steps.

use std::sync::Arc;

use tautline_core::Timestamp;
use tautline_health::HealthStatus;
use tautline_ownership::Reason;
use tautline_plan::{Action, Entry, Plan, Progress, Stage, Standing, Step, StepId, StepResult};

use crate::app::{App, Attempt};
use crate::event::Effect;
use crate::looks::Looks;
use crate::planned::{PlanState, Planned};
use crate::report::{ObjectResult, OperationPhase, Trigger};
use crate::resource::Resource;
use crate::running::Running;
use crate::spec::HistoryEntry;

impl App {
    /// Ends the sync that runs before its time: what is being written ends, hooks that run are removed.
    pub(crate) fn terminate(&mut self, out: &mut Vec<Effect>) {
        if self.running.is_none() && self.retrying.is_some() {
            if let Some(attempt) = &mut self.attempted {
                attempt.retries = u32::MAX;
            }
            return self.end_retry("Operation terminated".to_owned(), out);
        }
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
        let plan = running.plan.clone();
        let open = running.progress.open().filter_map(|id| plan.step(id));
        let unfinished: Vec<&Step> = open.filter(|step| step.runs_hook()).collect();
        for step in &unfinished {
            let at = running.result_at.get(&step.id);
            if let Some(result) = at.and_then(|at| running.operation.results.get_mut(*at)) {
                (result.progress, result.message) = (OperationPhase::Failed, "Terminated".to_owned());
            }
        }
        let unbegun = running.plan.steps.iter().filter(|s| !running.progress.is_started(s.id));
        self.held_back.extend(unbegun.map(|s| s.key.clone()));
        let plan = Plan::remove_hooks(
            running.plan.inputs.clone(),
            unfinished.into_iter().filter_map(|step| Some((step, running.uids.get(&step.id)?))),
        );
        running.sort_results();
        running.looks = Looks::at_all_of(&plan);
        running.plan = Arc::new(plan);
        running.progress = Progress::default();
        running.tails.clear();
        running.weights.clear();
        running.is_winding_up = true;
    }

    pub(super) fn fail_operation(&mut self, message: String, now: Timestamp) {
        if let Some(running) = &mut self.running {
            running.operation.phase = OperationPhase::Failed;
            running.operation.message = message;
            running.operation.finished_at = Some(now);
        }
    }

    pub(super) fn end_operation(&mut self, withheld: &[StepId], reason: &str, now: Timestamp) {
        let Some(running) = &mut self.running else { return };
        let plan = running.plan.clone();
        // What was not begun has no result, but for what was not deleted: that would look as if it were kept on purpose.
        for step in withheld.iter().filter_map(|id| plan.step(*id)).filter(|step| step.action.is_delete()) {
            running.push_result(step.id, result_of(step, &StepResult::Skipped(reason.to_owned())));
        }
        if !running.is_winding_up {
            running.sort_results();
        }
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
        for result in operation.results.iter_mut().filter(|r| r.progress == OperationPhase::Running) {
            let health = self.resources.get(&result.key).and_then(Resource::health);
            if !result.is_hook && health.is_none_or(|health| health.status == HealthStatus::Healthy) {
                result.progress = OperationPhase::Succeeded;
            }
        }
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
    pub(super) fn finish(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        let Some(running) = self.running.take() else { return };
        if !running.is_heal && Planned::is_kept(&running.plan) {
            self.last_plan = Some(Planned::of(&running, PlanState::Ended));
        }
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
        let is_hopeful = running.is_hopeful();
        let mut operation = running.operation.clone();
        let succeeded = operation.phase == OperationPhase::Succeeded;
        if running.is_heal {
            self.sync_error = (!succeeded).then(|| operation.message.clone());
        } else if self.spec.deletion.is_none() && running.is_whole {
            self.attempted = Some(Attempt {
                is_remembered: false,
                revision: operation.revision.clone(),
                source: self.spec.source,
                succeeded: succeeded && !is_overtaken,
                is_hopeful: is_hopeful && !succeeded,
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
                by: match &operation.trigger {
                    Trigger::Manual(by) => Some(by.clone()),
                    Trigger::Automated | Trigger::SelfHeal => None,
                },
            });
            let surplus = self.history.len().saturating_sub(self.spec.history_limit);
            self.history.drain(..surplus);
        }
        let is_manual = matches!(operation.trigger, Trigger::Manual(_));
        self.note_retry(&running, &mut operation, now);
        self.operation = Some(operation);
        if is_manual {
            self.let_go(out);
        }
        if running.is_noted {
            out.push(Effect::Close { epoch: self.epoch, has_succeeded: succeeded });
        }
        out.push(Effect::Report { urgent: true });
        // Something may have come up meanwhile.
        out.push(Effect::WakeAt(now));
    }
}

/// Writes how an object fares into the sync's results.
pub(super) fn note(running: &mut Running, step: &Step, standing: &Standing, out: &mut Vec<Effect>) {
    let (progress, message) = match standing {
        Standing::Waiting => return,
        // That something is gone is no news of what it was.
        _ if step.action.is_delete() => return,
        Standing::Settled => (OperationPhase::Succeeded, None),
        Standing::Broken(why) => (OperationPhase::Failed, Some(why)),
    };
    let at = running.result_at.get(&step.id);
    if let Some(result) = at.and_then(|at| running.operation.results.get_mut(*at)) {
        result.progress = progress;
        if let Some(message) = message {
            result.message.clone_from(message);
        }
    }
    if step.hook.is_some() {
        // A hook that has ended must not be run again after a crash: it is on record before anything follows from it.
        let stage = if message.is_none() { Stage::Succeeded } else { Stage::Failed };
        let uid = running.uids.get(&step.id).cloned();
        running.news.push(Entry::of_hook(step, stage, uid));
        out.push(Effect::Report { urgent: true });
    }
}

/// What a step would come to.
pub(crate) fn dry_result(step: &Step) -> ObjectResult {
    let message = format!("{} (dry run)", step.word());
    let result = result_of(step, &StepResult::Done(message));
    ObjectResult { progress: OperationPhase::Succeeded, ..result }
}

pub(super) fn result_of(step: &Step, result: &StepResult) -> ObjectResult {
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
        images: Vec::new(),
    }
}
