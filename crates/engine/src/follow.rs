//! Following a plan: which steps run, what came of them, when it is over.

use std::sync::Arc;
use std::time::Duration;

use tautline_core::{Object, Timestamp};
use tautline_ownership::Reason;
use tautline_plan::{
    Action, Condition, Entry, Epoch, Next, Purpose, Record, Stage, Standing, Step, StepId, StepResult,
    created_at,
};

use crate::app::{App, Attempt, Recall};
use crate::ending::{note, result_of};
use crate::event::{Effect, Work, World};
use crate::hooks::deadline;
use crate::log_tail::Secrets;
use crate::report::{ObjectResult, OperationPhase, Trigger};
use crate::running::Running;
use crate::spec::Interrupted;

/// How long an app is left to another controller that follows a plan of it. Whoever still leads has put something on
/// record by then, or waits for what this one waits for too.
const LEFT_FOR: Duration = Duration::from_secs(15);

/// When a journal that could not be read is asked again.
const RECALL_AFTER: Duration = Duration::from_secs(5);

impl App {
    pub(crate) fn recorded(&mut self, result: Result<Epoch, String>, now: Timestamp, out: &mut Vec<Effect>) {
        if let Ok(epoch) = result {
            self.epoch = epoch;
        }
        let Some(running) = &mut self.running else { return };
        match result {
            Ok(_) => running.is_recorded = true,
            Err(message) => {
                running.operation.phase = OperationPhase::Error;
                running.operation.message =
                    format!("the intent could not be recorded, nothing was written: {message}");
                running.operation.finished_at = Some(now);
                running.is_noted = false;
                self.is_deletion_recorded = false;
                self.finish(now, out);
            }
        }
    }

    /// Takes in what the journal holds: a sync that was interrupted is gone on with.
    pub(crate) fn recalled(
        &mut self,
        result: Result<Option<Record>, String>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        match result {
            Ok(record) => {
                self.recall = Recall::Done;
                if let Some(record) = record {
                    self.adopt(record, now);
                }
            }
            Err(message) => {
                self.recall = Recall::At(now + RECALL_AFTER);
                self.sync_error =
                    Some(format!("nothing is synced before it is known what was begun: {message}"));
                out.push(Effect::WakeAt(now + RECALL_AFTER));
                out.push(Effect::Report { urgent: false });
            }
        }
    }

    /// Another controller follows a plan of this app. What it has on record is what this one goes on with, should
    /// that come to nothing; until then it looks on.
    pub(crate) fn overtaken(&mut self, record: &Record, now: Timestamp, out: &mut Vec<Effect>) {
        if record.epoch <= self.epoch {
            // Several of our calls were under way: this one's news has been taken in.
            return;
        }
        self.adopt(record.clone(), now);
        self.running = None;
        self.operation = None;
        self.is_deletion_recorded = false;
        let until = now + LEFT_FOR;
        self.left_until = (!record.is_closed).then_some(until);
        out.push(Effect::WakeAt(if record.is_closed { now } else { until }));
    }

    /// Goes by what is on record: an open sync is gone on with, and one that has ended was tried.
    fn adopt(&mut self, record: Record, now: Timestamp) {
        self.epoch = self.epoch.max(record.epoch);
        self.interrupted = Interrupted::of(&record);
        let Record { intent, .. } = &record;
        let is_whole = intent.only.is_empty() && !intent.skips_hooks;
        if record.is_closed && intent.purpose == Purpose::Sync && is_whole {
            self.attempted = Some(Attempt {
                revision: intent.revision.clone(),
                source: intent.source,
                succeeded: record.has_succeeded,
                is_hopeful: false,
                is_remembered: true,
                retries: 0,
                ended_at: now,
            });
        }
        self.deletion_record = Some(record);
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
        let next = running.plan.next(&running.progress);
        if !matches!(next, Next::Run(_)) {
            self.tell_news(Vec::new(), Vec::new(), out);
        }
        let Some(running) = &self.running else { return };
        match next {
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
                self.end_operation(&withheld, &reason, now);
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
            .map(|step| {
                let result = result_of(step, &StepResult::Done(format!("{} unchanged", step.key)));
                (step.id, ObjectResult { images: self.images_of_step(step, running), ..result })
            })
            .collect();
        let Some(running) = &mut self.running else { return };
        for (id, result) in &done {
            running.progress.end(*id, StepResult::Done(String::new()));
            running.looks.at(&result.key);
            running.push_result(*id, result.clone());
        }
        work.iter().for_each(|work| running.progress.start(work.step.id));
        let (noted, free): (Vec<Work>, Vec<Work>) =
            work.into_iter().partition(|work| Entry::of(&work.step).is_some());
        let entries = noted.iter().filter_map(|work| Entry::of(&work.step)).collect();
        self.tell_news(entries, noted, out);
        if !free.is_empty() {
            out.push(Effect::Perform(free));
        }
        if !done.is_empty() {
            self.follow(world, now, out);
        }
    }

    /// Has put on record what has come of hooks, and what is about to be done.
    fn tell_news(&mut self, begun: Vec<Entry>, work: Vec<Work>, out: &mut Vec<Effect>) {
        let Some(running) = &mut self.running else { return };
        let mut entries = std::mem::take(&mut running.news);
        entries.extend(begun);
        if !entries.is_empty() {
            out.push(Effect::Note { epoch: self.epoch, entries, work });
        }
    }

    /// Notes how the objects fare that somebody waits for.
    fn observe(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        let approved = self.spec.deletion_approved;
        let Some(running) = &mut self.running else { return };
        let plan = running.plan.clone();
        let awaited = running.looks.take(&plan, &running.progress);
        let Some(running) = &self.running else { return };
        let standings: Vec<(&Step, Standing)> =
            awaited.into_iter().map(|step| (step, self.standing(step, running, world, now))).collect();
        for (step, _) in standings.iter().filter(|(_, standing)| *standing == Standing::Waiting) {
            let live = world.live.get(&step.key).present();
            out.extend(live.and_then(|live| deadline(step, &live)).map(Effect::WakeAt));
        }
        let secrets = Secrets { prepared: &self.prepared, hooks: &self.hooks };
        let Some(running) = &mut self.running else { return };
        running.progress.is_confirmed = approved.is_some_and(|at| at >= running.operation.started_at);
        for (step, standing) in standings {
            let standing = Self::with_tail(running, &secrets, (step, standing), world, out);
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
            (_, false) => running.desired.get(&step.key).map(|desired| {
                let resource = self.resources.get(&step.key);
                let payload = resource.and_then(|resource| resource.payload(desired, &self.spec, world));
                payload.unwrap_or_else(|| desired.object.clone())
            }),
        };
        let weight = running.weights.get(step.id.0 as usize).copied().unwrap_or(0);
        Work {
            desired,
            complete: self.complete.clone(),
            destination: self.spec.destination.clone(),
            take_over_also: self.spec.policy.take_over_also.clone(),
            weight,
            step,
        }
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
        let Some(running) = &self.running else { return };
        let Some(step) = running.plan.step(id).cloned() else { return };
        let images = self.images_of_step(&step, running);
        let Some(running) = &mut self.running else { return };
        let is_of_this_run = answer
            .and_then(created_at)
            .is_some_and(|at| at.seconds() >= running.operation.started_at.seconds());
        let result = match result {
            // Another controller that follows the same record was a moment faster.
            StepResult::Skipped(_) if step.runs_hook() && is_of_this_run => StepResult::Done(String::new()),
            // A hook that was not run has not succeeded, whatever lives under its name.
            StepResult::Skipped(why) if step.runs_hook() => StepResult::Failed(why),
            StepResult::Done(text) if is_namespace(&step, &text) && answer.is_some() && !is_of_this_run => {
                StepResult::Done(format!("{} configured", step.key))
            }
            StepResult::Refused(why) => StepResult::Refused(placed(&step, why)),
            other => other,
        };
        // What makes room for something else is no result of its own, unless it fails.
        let makes_room =
            matches!(step.action, Action::Delete { reason: Reason::HookPolicy | Reason::Recreate, .. });
        if !makes_room || result.is_failure() {
            running.push_result(id, ObjectResult { images, ..result_of(&step, &result) });
        }
        if let Some(uid) = answer.filter(|_| step.runs_hook()).and_then(Object::uid) {
            running.news.push(Entry::of_hook(&step, Stage::Made, Some(uid.clone())));
            running.uids.insert(id, uid);
        }
        let is_heal = running.is_heal;
        running.progress.end(id, result.clone());
        let written = running.desired.get(&step.key).map(|manifest| manifest.object.clone());
        let kind = step.key.group_kind();
        if matches!(result, StepResult::Refused(_)) && world.scopes.is_served(&kind) == Some(false) {
            self.lacks.insert(kind);
        }
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
            // What kept it from being deleted is not the object's: it is tried again.
            StepResult::Refused(_) if step.action.is_delete() => resource.ledger.failed(now),
            StepResult::Refused(message) => resource.refuse(message),
            StepResult::Failed(_) => resource.ledger.failed(now),
            StepResult::Done(_) => {
                resource.refused = None;
                if let Some((answer, written)) = answer.zip(written).filter(|_| !step.action.is_delete()) {
                    resource.learn(&written, answer);
                }
                if is_heal {
                    resource.ledger.healed(now);
                }
            }
            StepResult::Skipped(_) | StepResult::Kept(_) => {}
        }
        resource.forget();
        let before = resource.kinds_it_brings();
        resource.judge(&self.prepared, &self.spec, world, now);
        self.is_kinds_stale |= resource.kinds_it_brings() != before;
    }
}

fn is_namespace(step: &Step, text: &str) -> bool {
    step.action == Action::CreateNamespace && text.is_empty()
}

/// The server's word on a field that the type does not have, with where it was written and what can be done (rule R11).
fn placed(step: &Step, why: String) -> String {
    match &step.origin {
        Some(origin) if why.contains("field not declared in schema") => {
            format!("{origin}: {why}; correct or remove the field, or set Validate=false to leave it out")
        }
        _ => why,
    }
}
