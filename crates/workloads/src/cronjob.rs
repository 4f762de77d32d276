//! The CronJob controller: a Job when the schedule says so.

use std::sync::Arc;
use std::time::Duration;

use tautline_core::{Map, Object, Timestamp, Value, value};
use tautline_grammar::time;

use crate::action::Action;
use crate::schedule::Schedule;
use crate::world::World;
use crate::{events, job, shape};

/// What the controller does about a CronJob.
pub(crate) fn step(world: &mut World, cron: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    if cron.is_terminating() {
        return Vec::new();
    }
    let jobs = world.controlled(cron, "Job");
    let mut actions = Vec::new();
    let mut status = cron.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let mut active: Vec<&Arc<Object>> = jobs.iter().filter(|job| !job::is_finished(job)).collect();
    note_success(&jobs, &mut status);
    if let Some(due) = due(cron, now) {
        let policy = cron.str_at(&["spec", "concurrencyPolicy"]).unwrap_or("Allow");
        if policy == "Forbid" && !active.is_empty() {
            let message =
                "Not starting job because prior execution is running and concurrency policy is Forbid";
            actions.push(tell(world, cron, "JobAlreadyActive", message, now));
        } else {
            if policy == "Replace" {
                actions.extend(active.iter().filter_map(|job| Action::discard(job, None)));
                active.clear();
            }
            let job = job_of(cron, due);
            let message = format!("Created job {}", job.name());
            actions.push(Action::Create(job));
            actions.push(tell(world, cron, "SuccessfulCreate", &message, now));
            status.insert("lastScheduleTime", time::seconds(due));
        }
    }
    actions.extend(surplus(cron, &jobs));
    let references: Vec<Value> = active.iter().map(|job| reference(job)).collect();
    if references.is_empty() {
        status.remove("active");
    } else {
        status.insert("active", references);
    }
    actions.extend(Action::status(cron, status));
    actions
}

/// The moment for which a Job is to be made now.
fn due(cron: &Object, now: Timestamp) -> Option<Timestamp> {
    if cron.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true) {
        return None;
    }
    // Other zones are not known here, and a Job at the wrong hour is worse than none.
    let zone = cron.str_at(&["spec", "timeZone"]).unwrap_or("UTC");
    if !["", "UTC", "Etc/UTC"].contains(&zone) {
        return None;
    }
    let moment = |text: Option<&str>| text.and_then(|text| time::parse(text).ok());
    let last = moment(cron.str_at(&["status", "lastScheduleTime"]));
    let mut after = last.or_else(|| moment(Some(cron.metadata_str("creationTimestamp"))))?;
    if let Some(deadline) = cron.i64_at(&["spec", "startingDeadlineSeconds"]) {
        after = after.max(now - Duration::from_secs(deadline.unsigned_abs()));
    }
    Schedule::parse(cron.str_at(&["spec", "schedule"])?)?.last_between(after, now)
}

/// The Job of a moment: its name is the CronJob's with the minute.
fn job_of(cron: &Object, due: Timestamp) -> Object {
    let template = cron.at(&["spec", "jobTemplate"]).cloned().unwrap_or_default();
    let mut metadata = Map::new();
    for field in ["labels", "annotations"] {
        if let Some(value) = template.at(&["metadata", field]) {
            metadata.insert(field, value.clone());
        }
    }
    let minute = due.seconds() / 60;
    metadata
        .map_at("annotations")
        .insert("batch.kubernetes.io/cronjob-scheduled-timestamp", time::seconds(due));
    metadata.insert("name", format!("{}-{minute}", cron.name()));
    metadata.insert("namespace", cron.namespace());
    metadata.insert("ownerReferences", value!([shape::owner_reference(cron)]));
    let spec = template.get("spec").cloned().unwrap_or_else(Value::map);
    let job = value!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec });
    Object::from_map(job.as_map().cloned().unwrap_or_default())
}

/// Finished Jobs beyond those that are to be kept, the oldest first.
fn surplus(cron: &Object, jobs: &[Arc<Object>]) -> Vec<Action> {
    let beyond = |condition: &str, field: &str, default: i64| -> Vec<Action> {
        let kept = usize::try_from(cron.i64_at(&["spec", field]).unwrap_or(default)).unwrap_or(0);
        let mut ended: Vec<&Arc<Object>> = jobs.iter().filter(|job| ended_as(job, condition)).collect();
        ended.sort_by_key(|job| (job.str_at(&["status", "startTime"]).unwrap_or_default(), job.name()));
        let count = ended.len().saturating_sub(kept);
        ended.into_iter().take(count).filter_map(|job| Action::discard(job, None)).collect()
    };
    let mut all = beyond("Complete", "successfulJobsHistoryLimit", 3);
    all.extend(beyond("Failed", "failedJobsHistoryLimit", 1));
    all
}

fn ended_as(job: &Object, condition: &str) -> bool {
    shape::condition(job, condition).is_some_and(|c| c.str_at(&["status"]) == Some("True"))
}

fn note_success(jobs: &[Arc<Object>], status: &mut Map) {
    let times = jobs.iter().filter(|job| ended_as(job, "Complete"));
    let last = times.filter_map(|job| job.str_at(&["status", "completionTime"])).max();
    if let Some(last) = last {
        status.insert("lastSuccessfulTime", last);
    }
}

fn reference(job: &Object) -> Value {
    value!({ "apiVersion": "batch/v1", "kind": "Job", "name": job.name(), "namespace": job.namespace(),
        "uid": job.metadata_str("uid"), "resourceVersion": job.metadata_str("resourceVersion") })
}

fn tell(world: &mut World, cron: &Object, reason: &str, message: &str, now: Timestamp) -> Action {
    events::normal(world, "cronjob-controller", cron, reason, message, now)
}
