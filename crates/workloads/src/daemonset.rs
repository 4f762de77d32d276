//! The DaemonSet controller, on a cluster of one node.

use std::sync::Arc;

use tautline_core::{Map, Object, Timestamp, Value};

use crate::action::Action;
use crate::world::{World, template_hash};
use crate::{events, revisions, shape};

const REVISION: &str = "controller-revision-hash";

/// What the controller does about a DaemonSet.
pub(crate) fn step(world: &mut World, set: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    if set.is_terminating() {
        return Vec::new();
    }
    let pods: Vec<Arc<Object>> = world.controlled(set, "Pod");
    let template = set.at(&["spec", "template"]).cloned().unwrap_or_default();
    let hash = template_hash(&template);
    let mut actions = Vec::new();
    if pods.is_empty() {
        let name = format!("{}-{}", set.name(), world.suffix(set));
        actions.push(Action::Create(shape::pod(
            set,
            &name,
            &[(REVISION, &hash), ("pod-template-generation", "1")],
        )));
        let message = format!("Created pod: {name}");
        actions.push(tell(world, set, "SuccessfulCreate", &message, now));
    }
    let on_delete = set.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete");
    let stale = |pod: &Object| {
        let done = matches!(shape::phase(pod), "Failed" | "Succeeded");
        done || !on_delete && pod.label(REVISION) != Some(hash.as_str())
    };
    let discarded = pods.iter().filter(|pod| !pod.is_terminating() && stale(pod));
    for pod in discarded {
        actions.extend(Action::discard(pod, None));
        let message = format!("Deleted pod: {}", pod.name());
        actions.push(tell(world, set, "SuccessfulDelete", &message, now));
    }
    let named = |hash: &str| format!("{}-{hash}", set.name());
    let in_use: Vec<String> = pods.iter().filter_map(|pod| pod.label(REVISION)).map(named).collect();
    let in_use: Vec<&str> = in_use.iter().map(String::as_str).collect();
    actions.extend(revisions::step(world, set, &named(&hash), &hash, &in_use));
    actions.extend(Action::status(set, status(set, &pods, &hash)));
    actions
}

fn tell(world: &mut World, set: &Object, reason: &str, message: &str, now: Timestamp) -> Action {
    events::normal(world, "daemonset-controller", set, reason, message, now)
}

fn status(set: &Object, pods: &[Arc<Object>], hash: &str) -> Map {
    let mut status = set.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let active: Vec<&Arc<Object>> = pods.iter().filter(|pod| shape::is_active(pod)).collect();
    let ready = active.iter().filter(|pod| shape::is_ready(pod)).count().min(1);
    let updated = active.iter().filter(|pod| pod.label(REVISION) == Some(hash)).count().min(1);
    let number = |n: usize| i64::try_from(n).unwrap_or(0);
    status.insert("desiredNumberScheduled", 1);
    status.insert("currentNumberScheduled", number(active.len().min(1)));
    status.insert("numberMisscheduled", 0);
    status.insert("numberReady", number(ready));
    shape::set_counts(
        &mut status,
        &[("updatedNumberScheduled", updated), ("numberAvailable", ready), ("numberUnavailable", 1 - ready)],
    );
    if let Some(generation) = set.generation() {
        status.insert("observedGeneration", generation);
    }
    status
}
