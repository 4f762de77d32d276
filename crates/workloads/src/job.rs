//! The Job controller: pods until enough have succeeded or too many have failed.

use std::sync::Arc;

use tautline_core::{Map, Object, Timestamp, Value};
use tautline_grammar::time;

use crate::action::Action;
use crate::events;
use crate::shape::{self, Conditions};
use crate::world::World;

/// What the controller does about a Job.
pub(crate) fn step(world: &mut World, job: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    if job.is_terminating() {
        return Vec::new();
    }
    if is_finished(job) {
        return expired(job, now).then(|| Action::discard(job, None)).flatten().into_iter().collect();
    }
    let pods = world.controlled(job, "Pod");
    let count = |phase: &str| pods.iter().filter(|pod| shape::phase(pod) == phase).count();
    let (succeeded, failed) = (count("Succeeded"), count("Failed"));
    let active: Vec<&Arc<Object>> = pods.iter().filter(|pod| shape::is_active(pod)).collect();
    let number =
        |field: &str, or: i64| usize::try_from(job.i64_at(&["spec", field]).unwrap_or(or)).unwrap_or(0);
    let parallelism = number("parallelism", 1);
    let completions = job.i64_at(&["spec", "completions"]).map(|n| usize::try_from(n).unwrap_or(0));
    let wanted = completions.unwrap_or(1);
    let suspended = job.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true);
    let outcome = match () {
        () if succeeded >= wanted && (completions.is_some() || active.is_empty()) => Some(true),
        () if failed > number("backoffLimit", 6) => Some(false),
        () => None,
    };
    let mut actions = Vec::new();
    let mut running = active.len();
    if outcome.is_some() || suspended {
        actions.extend(active.iter().filter_map(|pod| Action::discard(pod, None)));
        running = if outcome.is_some() { 0 } else { running };
    } else {
        let left = completions.map_or(parallelism, |all| all.saturating_sub(succeeded)).min(parallelism);
        for _ in active.len()..left {
            let name = format!("{}-{}", job.name(), world.suffix(job));
            actions.push(Action::Create(shape::pod(job, &name, &[])));
            let message = format!("Created pod: {name}");
            actions.push(tell(world, job, "SuccessfulCreate", &message, now));
        }
    }
    if outcome == Some(true) {
        actions.push(tell(world, job, "Completed", "Job completed", now));
    }
    let counts =
        Counts { running, succeeded, failed, ready: active.iter().filter(|p| shape::is_ready(p)).count() };
    actions.extend(Action::status(job, status(job, &counts, outcome, suspended, now)));
    actions
}

fn tell(world: &mut World, job: &Object, reason: &str, message: &str, now: Timestamp) -> Action {
    events::normal(world, "job-controller", job, reason, message, now)
}

struct Counts {
    running: usize,
    succeeded: usize,
    failed: usize,
    ready: usize,
}

fn status(job: &Object, counts: &Counts, outcome: Option<bool>, suspended: bool, now: Timestamp) -> Map {
    let mut status = job.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    if !suspended && !status.contains_key("startTime") {
        status.insert("startTime", time::seconds(now));
    }
    shape::set_counts(
        &mut status,
        &[("active", counts.running), ("succeeded", counts.succeeded), ("failed", counts.failed)],
    );
    status.insert("ready", i64::try_from(counts.ready).unwrap_or(0));
    status.insert("terminating", 0);
    status.insert("uncountedTerminatedPods", Map::new());
    let mut conditions = Conditions::of(job, now);
    match outcome {
        Some(true) => {
            let message = "Reached expected number of succeeded pods";
            conditions.set("SuccessCriteriaMet", "True", "CompletionsReached", message, false);
            conditions.set("Complete", "True", "CompletionsReached", message, false);
            status.insert("completionTime", time::seconds(now));
        }
        Some(false) => {
            let message = "Job has reached the specified backoff limit";
            conditions.set("FailureTarget", "True", "BackoffLimitExceeded", message, false);
            conditions.set("Failed", "True", "BackoffLimitExceeded", message, false);
        }
        None if suspended => conditions.set("Suspended", "True", "JobSuspended", "Job suspended", false),
        None if shape::condition(job, "Suspended").is_some() => {
            conditions.set("Suspended", "False", "JobResumed", "Job resumed", false);
        }
        None => {}
    }
    conditions.write(&mut status);
    status
}

pub(crate) fn is_finished(job: &Object) -> bool {
    ["Complete", "Failed"]
        .iter()
        .any(|kind| shape::condition(job, kind).is_some_and(|c| c.str_at(&["status"]) == Some("True")))
}

/// Whether `ttlSecondsAfterFinished` has passed.
fn expired(job: &Object, now: Timestamp) -> bool {
    let Some(ttl) = job.i64_at(&["spec", "ttlSecondsAfterFinished"]) else { return false };
    let ended = job.list_at(&["status", "conditions"]).iter().filter_map(|c| {
        matches!(c.str_at(&["type"]), Some("Complete" | "Failed"))
            .then(|| c.str_at(&["lastTransitionTime"]))?
    });
    let ended = ended.filter_map(|text| time::parse(text).ok()).max();
    ended.is_some_and(|at| i64::try_from(now.since(at).as_secs()).unwrap_or(0) >= ttl)
}

/// Whether time alone will change something.
pub(crate) fn waits_for_time(job: &Object) -> bool {
    is_finished(job) && job.i64_at(&["spec", "ttlSecondsAfterFinished"]).is_some()
}
