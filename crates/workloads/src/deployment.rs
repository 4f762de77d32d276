//! The Deployment controller: one ReplicaSet for each template, and the way from one to the next.

use std::sync::Arc;

use tautline_core::{Map, Object, Timestamp, Value, value};
use tautline_grammar::time;

use crate::action::Action;
use crate::shape::{self, Conditions};
use crate::world::{World, template_hash};
use crate::{events, rolling};

pub(crate) const HASH_LABEL: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// What the controller does about a Deployment.
pub(crate) fn step(world: &mut World, deployment: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    if deployment.is_terminating() {
        return Vec::new();
    }
    let sets: Vec<Arc<Object>> = world.controlled(deployment, "ReplicaSet");
    let template = deployment.at(&["spec", "template"]).cloned().unwrap_or_default();
    let (current, old): (Vec<_>, Vec<_>) = sets.into_iter().partition(|set| has_template(set, &template));
    let newest = current.first().cloned();
    let old: Vec<Arc<Object>> = old.into_iter().chain(current.into_iter().skip(1)).collect();
    let paused = deployment.at(&["spec", "paused"]).and_then(Value::as_bool) == Some(true);
    let mut actions = Vec::new();
    match &newest {
        None if !paused => {
            let set = replica_set(deployment, &template, &old);
            let first = shape::wished(&set);
            actions.push(Action::Create(set.clone()));
            actions.extend((first > 0).then(|| scaled(world, deployment, &set, 0, first, now)));
        }
        None => {}
        Some(set) => {
            actions.extend(revise(deployment, set, &old));
            let pods_left = old.iter().any(|set| !world.controlled(set, "Pod").is_empty());
            let scales = match paused {
                true => rolling::paused(deployment, set, &old),
                false => rolling::scale(deployment, set, &old, pods_left),
            };
            let wished = scales.into_iter().filter(|(set, wished)| shape::wished(set) != *wished);
            for (set, wished) in wished {
                actions.push(Action::patch(&set, value!({ "spec": { "replicas": wished } }), None));
                actions.push(scaled(world, deployment, &set, shape::wished(&set), wished, now));
            }
            if is_complete(deployment) {
                actions.extend(history(deployment, &old));
            }
        }
    }
    if actions.is_empty() {
        // What was just decided shows in the status once it is done, which brings the Deployment here again.
        actions.extend(Action::status(deployment, status(deployment, newest.as_deref(), &old, now)));
    }
    actions
}

/// The Event about a ReplicaSet that gets another size.
fn scaled(
    world: &mut World,
    deployment: &Object,
    set: &Object,
    from: i64,
    to: i64,
    now: Timestamp,
) -> Action {
    let way = if to > from { "up" } else { "down" };
    let message = format!("Scaled {way} replica set {} from {from} to {to}", set.name());
    events::normal(world, "deployment-controller", deployment, "ScalingReplicaSet", &message, now)
}

fn has_template(set: &Object, template: &Value) -> bool {
    let mut own = set.at(&["spec", "template"]).cloned().unwrap_or_default();
    if let Some(labels) =
        own.get_mut("metadata").and_then(|m| m.get_mut("labels")).and_then(Value::as_map_mut)
    {
        labels.remove(HASH_LABEL);
    }
    own == *template
}

fn revision(object: &Object) -> u64 {
    object.annotation(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn replica_set(deployment: &Object, template: &Value, old: &[Arc<Object>]) -> Object {
    let hash = template_hash(template);
    let wished = shape::wished(deployment);
    let (surge, _) = rolling::bounds(deployment);
    let mut template = template.clone();
    if let Some(map) = template.as_map_mut() {
        map.map_at("metadata").map_at("labels").insert(HASH_LABEL, hash.as_str());
    }
    let mut selector = deployment.at(&["spec", "selector"]).cloned().unwrap_or_else(Value::map);
    if let Some(map) = selector.as_map_mut() {
        map.map_at("matchLabels").insert(HASH_LABEL, hash.as_str());
    }
    let labels = template.at(&["metadata", "labels"]).cloned().unwrap_or_default();
    let next = old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
    let first = if old.is_empty() { wished } else { rolling::first(deployment, old) };
    let mut metadata = value!({ "name": format!("{}-{hash}", deployment.name()),
        "namespace": deployment.namespace(), "labels": labels,
        "ownerReferences": [shape::owner_reference(deployment)] });
    let mut annotations = inherited(deployment);
    annotations.insert(REVISION, next.to_string());
    annotations.insert("deployment.kubernetes.io/desired-replicas", wished.to_string());
    annotations.insert("deployment.kubernetes.io/max-replicas", (wished + surge).to_string());
    if let Some(map) = metadata.as_map_mut() {
        map.insert("annotations", annotations);
    }
    let mut spec = value!({ "replicas": first, "selector": selector, "template": template });
    if let (Some(ready), Some(map)) = (deployment.at(&["spec", "minReadySeconds"]), spec.as_map_mut()) {
        map.insert("minReadySeconds", ready.clone());
    }
    let set = value!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec });
    Object::from_map(set.as_map().cloned().unwrap_or_default())
}

/// Annotations of the Deployment that its ReplicaSets carry too.
fn inherited(deployment: &Object) -> Map {
    let all = deployment.metadata().and_then(|m| m.get("annotations")).and_then(Value::as_map);
    let skipped = ["kubectl.kubernetes.io/last-applied-configuration", REVISION];
    all.into_iter()
        .flatten()
        .filter(|(key, _)| !skipped.contains(&key.as_str()) && !key.starts_with("deployment.kubernetes.io/"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The newest ReplicaSet has the highest revision, and the Deployment the same.
fn revise(deployment: &Object, set: &Object, old: &[Arc<Object>]) -> Vec<Action> {
    let highest = old.iter().map(|set| revision(set)).max().unwrap_or(0);
    let wished = revision(set).max(highest + 1).to_string();
    let number = shape::wished(deployment);
    let (surge, _) = rolling::bounds(deployment);
    let (desired, most) = (number.to_string(), (number + surge).to_string());
    let mut actions = Vec::new();
    let on_set: Map = [
        (REVISION, &wished),
        ("deployment.kubernetes.io/desired-replicas", &desired),
        ("deployment.kubernetes.io/max-replicas", &most),
    ]
    .into_iter()
    .filter(|(key, text)| set.annotation(key) != Some(text.as_str()))
    .map(|(key, text)| (key, text.as_str()))
    .collect();
    if !on_set.is_empty() {
        actions.push(Action::patch(set, value!({ "metadata": { "annotations": on_set } }), None));
    }
    if deployment.annotation(REVISION) != Some(wished.as_str()) {
        let patch = value!({ "metadata": { "annotations": { REVISION: wished } } });
        // Through the status, so that the generation does not count it.
        actions.push(Action::patch(deployment, patch, Some("status")));
    }
    actions
}

/// Old ReplicaSets beyond `revisionHistoryLimit` go, the oldest first.
fn history(deployment: &Object, old: &[Arc<Object>]) -> Vec<Action> {
    let limit = deployment.i64_at(&["spec", "revisionHistoryLimit"]).unwrap_or(10);
    let mut empty: Vec<&Arc<Object>> = old
        .iter()
        .filter(|set| shape::wished(set) == 0 && set.i64_at(&["status", "replicas"]).unwrap_or(0) == 0)
        .filter(|set| !set.is_terminating())
        .collect();
    empty.sort_by_key(|set| revision(set));
    let surplus = empty.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    empty.into_iter().take(surplus).filter_map(|set| Action::discard(set, None)).collect()
}

fn sum<'o>(sets: impl IntoIterator<Item = &'o Object>, field: &str) -> usize {
    let counts = sets.into_iter().filter_map(|set| set.i64_at(&["status", field]));
    usize::try_from(counts.sum::<i64>()).unwrap_or(0)
}

fn status(deployment: &Object, newest: Option<&Object>, old: &[Arc<Object>], now: Timestamp) -> Map {
    let mut status = deployment.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let all: Vec<&Object> = newest.into_iter().chain(old.iter().map(|set| &**set)).collect();
    let total = sum(all.iter().copied(), "replicas");
    let available = sum(all.iter().copied(), "availableReplicas");
    let wished = usize::try_from(shape::wished(deployment)).unwrap_or(0);
    let updated = sum(newest, "replicas");
    shape::set_counts(
        &mut status,
        &[
            ("replicas", total),
            ("updatedReplicas", updated),
            ("readyReplicas", sum(all.iter().copied(), "readyReplicas")),
            ("availableReplicas", available),
            ("unavailableReplicas", total.max(wished).saturating_sub(available)),
        ],
    );
    status.insert("terminatingReplicas", 0);
    if let Some(generation) = deployment.generation() {
        status.insert("observedGeneration", generation);
    }
    let (_, unavailable) = rolling::bounds(deployment);
    let mut conditions = Conditions::of(deployment, now);
    let enough = i64::try_from(available).unwrap_or(0) >= shape::wished(deployment) - unavailable;
    match enough {
        true => conditions.set(
            "Available",
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            true,
        ),
        false => conditions.set(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            true,
        ),
    }
    let complete = newest.is_some() && updated == wished && total == wished && available == wished;
    progress(deployment, newest, complete, &status, &mut conditions, now);
    conditions.write(&mut status);
    status
}

fn progress(
    deployment: &Object,
    newest: Option<&Object>,
    complete: bool,
    status: &Map,
    conditions: &mut Conditions<'_>,
    now: Timestamp,
) {
    let Some(set) = newest else { return };
    let name = set.name();
    let old = shape::condition(deployment, "Progressing");
    let reason = old.and_then(|c| c.str_at(&["reason"])).unwrap_or_default();
    let moved = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "observedGeneration"]
        .iter()
        .any(|field| status.get(field) != deployment.at(&["status", field]));
    let deadline = deployment.i64_at(&["spec", "progressDeadlineSeconds"]).unwrap_or(600);
    let since = old.and_then(|c| c.str_at(&["lastUpdateTime"])).and_then(|text| time::parse(text).ok());
    let late = since.is_some_and(|since| i64::try_from(now.since(since).as_secs()).unwrap_or(0) > deadline);
    if complete {
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        conditions.set("Progressing", "True", "NewReplicaSetAvailable", &message, true);
    } else if late && !moved && !matches!(reason, "NewReplicaSetAvailable" | "ProgressDeadlineExceeded") {
        let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
        conditions.set("Progressing", "False", "ProgressDeadlineExceeded", &message, true);
    } else if moved || reason.is_empty() || reason == "NewReplicaSetAvailable" {
        let message = format!("ReplicaSet \"{name}\" is progressing.");
        conditions.set("Progressing", "True", "ReplicaSetUpdated", &message, true);
    }
}

/// Whether the last rollout is through.
pub(crate) fn is_complete(deployment: &Object) -> bool {
    let reason = shape::condition(deployment, "Progressing").and_then(|c| c.str_at(&["reason"]));
    reason == Some("NewReplicaSetAvailable")
        && deployment.i64_at(&["status", "observedGeneration"]) == deployment.generation()
}
