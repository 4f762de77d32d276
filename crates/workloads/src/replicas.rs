//! The ReplicaSet controller: as many pods as are wished for.

use std::sync::Arc;

use tautline_core::{Map, Object, Timestamp, Value};

use crate::action::Action;
use crate::world::World;
use crate::{events, shape};

/// What the controller does about a ReplicaSet.
pub(crate) fn step(world: &mut World, set: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    let pods: Vec<Arc<Object>> =
        world.controlled(set, "Pod").into_iter().filter(|pod| shape::is_active(pod)).collect();
    let mut actions = Vec::new();
    if !set.is_terminating() {
        let wished = usize::try_from(shape::wished(set)).unwrap_or(0);
        for _ in pods.len()..wished {
            let name = format!("{}-{}", set.name(), world.suffix(set));
            actions.push(Action::Create(shape::pod(set, &name, &[])));
            actions.push(tell(world, set, "SuccessfulCreate", &format!("Created pod: {name}"), now));
        }
        for pod in surplus(&pods, wished) {
            actions.extend(Action::discard(pod, None));
            actions.push(tell(world, set, "SuccessfulDelete", &format!("Deleted pod: {}", pod.name()), now));
        }
    }
    if actions.is_empty() {
        // What was just decided shows in the status once it is done, which brings the set here again.
        actions.extend(Action::status(set, status(set, &pods)));
    }
    actions
}

fn tell(world: &mut World, set: &Object, reason: &str, message: &str, now: Timestamp) -> Action {
    events::normal(world, "replicaset-controller", set, reason, message, now)
}

/// The pods that are too many: those that are not ready first, then the youngest.
pub(crate) fn surplus(pods: &[Arc<Object>], wished: usize) -> impl Iterator<Item = &Arc<Object>> {
    let mut sorted: Vec<&Arc<Object>> = pods.iter().collect();
    sorted.sort_by_key(|pod| {
        let age = pod.metadata_str("creationTimestamp").to_owned();
        (shape::is_ready(pod), std::cmp::Reverse((age, pod.name().to_owned())))
    });
    sorted.into_iter().take(pods.len().saturating_sub(wished))
}

fn status(set: &Object, pods: &[Arc<Object>]) -> Map {
    let mut status = set.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let ready = pods.iter().filter(|pod| shape::is_ready(pod)).count();
    status.insert("replicas", i64::try_from(pods.len()).unwrap_or(i64::MAX));
    status.insert("terminatingReplicas", 0);
    shape::set_counts(
        &mut status,
        &[("fullyLabeledReplicas", pods.len()), ("readyReplicas", ready), ("availableReplicas", ready)],
    );
    if let Some(generation) = set.generation() {
        status.insert("observedGeneration", generation);
    }
    status
}
