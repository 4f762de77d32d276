//! The StatefulSet controller: numbered pods, one after the other.

use std::sync::Arc;

use tautline_core::{Map, Object, Timestamp, Value, value};

use crate::action::Action;
use crate::world::{World, template_hash};
use crate::{events, revisions, shape};

const REVISION: &str = "controller-revision-hash";

/// What the controller does about a StatefulSet.
pub(crate) fn step(world: &mut World, set: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    if set.is_terminating() {
        return Vec::new();
    }
    let pods = world.controlled(set, "Pod");
    let revision = revision(set);
    let start = set.i64_at(&["spec", "ordinals", "start"]).unwrap_or(0);
    let wished = shape::wished(set).max(0);
    let parallel = set.str_at(&["spec", "podManagementPolicy"]) == Some("Parallel");
    let find = |ordinal: i64| pods.iter().find(|pod| pod.name() == format!("{}-{ordinal}", set.name()));
    let mut actions = Vec::new();
    for ordinal in start..start + wished {
        match find(ordinal) {
            None => {
                actions.extend(claims(world, set, ordinal));
                actions.push(Action::Create(pod(set, ordinal, &revision)));
                let name = format!("{}-{ordinal}", set.name());
                actions.push(tell(world, set, "Create", &name, now));
            }
            Some(pod) if matches!(shape::phase(pod), "Failed" | "Succeeded") && !pod.is_terminating() => {
                actions.extend(Action::discard(pod, None));
            }
            Some(pod) if shape::is_ready(pod) && !pod.is_terminating() => continue,
            Some(_) => {}
        }
        if !parallel {
            break;
        }
    }
    let all_ready = (start..start + wished).all(|n| find(n).is_some_and(|pod| shape::is_ready(pod)));
    let number =
        |pod: &Object| pod.name().rsplit('-').next().and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
    let mut surplus: Vec<&Arc<Object>> =
        pods.iter().filter(|pod| number(pod) >= start + wished && !pod.is_terminating()).collect();
    surplus.sort_by_key(|pod| std::cmp::Reverse(number(pod)));
    let count = if parallel { surplus.len() } else { 1 };
    let mut removed: Vec<Action> =
        surplus.iter().take(count).filter_map(|pod| Action::discard(pod, None)).collect();
    if all_ready && surplus.is_empty() {
        removed.extend(update(set, &pods, &revision, number));
    }
    for action in removed {
        let name = action.key().name.to_string();
        actions.push(action);
        actions.push(tell(world, set, "Delete", &name, now));
    }
    let in_use: Vec<&str> = pods.iter().filter_map(|pod| pod.label(REVISION)).collect();
    let hash = revision.rsplit('-').next().unwrap_or_default();
    actions.extend(revisions::step(world, set, &revision, hash, &in_use));
    actions.extend(Action::status(set, status(set, &pods, &revision, all_ready)));
    actions
}

fn tell(world: &mut World, set: &Object, verb: &str, pod: &str, now: Timestamp) -> Action {
    let message = format!("{verb} Pod {pod} in StatefulSet {} successful", set.name());
    events::normal(world, "statefulset-controller", set, &format!("Successful{verb}"), &message, now)
}

/// The name of the revision that the template makes.
fn revision(set: &Object) -> String {
    let template = set.at(&["spec", "template"]).cloned().unwrap_or_default();
    format!("{}-{}", set.name(), template_hash(&template))
}

fn pod(set: &Object, ordinal: i64, revision: &str) -> Object {
    let name = format!("{}-{ordinal}", set.name());
    let index = ordinal.to_string();
    let labels = [
        ("apps.kubernetes.io/pod-index", index.as_str()),
        (REVISION, revision),
        ("statefulset.kubernetes.io/pod-name", name.as_str()),
    ];
    let mut pod = shape::pod(set, &name, &labels);
    let service = set.str_at(&["spec", "serviceName"]).unwrap_or_default().to_owned();
    let spec = pod.as_map_mut().map_at("spec");
    spec.insert("hostname", name.as_str());
    if !service.is_empty() {
        spec.insert("subdomain", service);
    }
    let own: Vec<Value> = set
        .list_at(&["spec", "volumeClaimTemplates"])
        .iter()
        .filter_map(|claim| claim.str_at(&["metadata", "name"]))
        .map(|claim| value!({ "name": claim, "persistentVolumeClaim": { "claimName": format!("{claim}-{name}") } }))
        .collect();
    if !own.is_empty() {
        let others = spec.get("volumes").and_then(Value::as_list).into_iter().flatten();
        let names: Vec<&str> = own.iter().filter_map(|v| v.str_at(&["name"])).collect();
        let kept = others.filter(|v| v.str_at(&["name"]).is_none_or(|n| !names.contains(&n))).cloned();
        let all: Vec<Value> = own.iter().cloned().chain(kept).collect();
        spec.insert("volumes", Value::from(all));
    }
    pod
}

/// The claims of a pod that are not there yet.
fn claims(world: &World, set: &Object, ordinal: i64) -> Vec<Action> {
    let templates = set.list_at(&["spec", "volumeClaimTemplates"]);
    let claim = |template: &Value| {
        let name = format!("{}-{}-{ordinal}", template.str_at(&["metadata", "name"])?, set.name());
        let key = tautline_core::ResourceKey::new("", "PersistentVolumeClaim", set.namespace(), &name);
        if world.get(&key).is_some() {
            return None;
        }
        let mut metadata = template.get("metadata").and_then(Value::as_map).cloned().unwrap_or_default();
        metadata.insert("name", name);
        metadata.insert("namespace", set.namespace());
        let labels = set.at(&["spec", "selector", "matchLabels"]).and_then(Value::as_map).cloned();
        metadata.map_at("labels").extend(labels.unwrap_or_default());
        let spec = template.get("spec").cloned().unwrap_or_else(Value::map);
        let claim = value!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec });
        Some(Action::Create(Object::from_map(claim.as_map()?.clone())))
    };
    templates.iter().filter_map(claim).collect()
}

/// Replaces the last pod of an old revision, once all are ready.
fn update(
    set: &Object,
    pods: &[Arc<Object>],
    revision: &str,
    number: impl Fn(&Object) -> i64,
) -> Option<Action> {
    if set.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
        return None;
    }
    let partition = set.i64_at(&["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    let stale = pods.iter().filter(|pod| {
        number(pod) >= partition && pod.label(REVISION) != Some(revision) && !pod.is_terminating()
    });
    stale.max_by_key(|pod| number(pod)).and_then(|pod| Action::discard(pod, None))
}

fn status(set: &Object, pods: &[Arc<Object>], revision: &str, all_ready: bool) -> Map {
    let mut status = set.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let count = |test: &dyn Fn(&Object) -> bool| pods.iter().filter(|pod| test(pod)).count();
    let current = set.str_at(&["status", "currentRevision"]).unwrap_or(revision).to_owned();
    let updated = count(&|pod| pod.label(REVISION) == Some(revision) && !pod.is_terminating());
    let ready = count(&|pod| shape::is_ready(pod) && !pod.is_terminating());
    let through = all_ready && updated == pods.len();
    let current = if through { revision.to_owned() } else { current };
    status.insert("replicas", i64::try_from(pods.len()).unwrap_or(0));
    status.insert("availableReplicas", i64::try_from(ready).unwrap_or(0));
    let on_current = count(&|pod| pod.label(REVISION) == Some(current.as_str()));
    shape::set_counts(
        &mut status,
        &[("readyReplicas", ready), ("currentReplicas", on_current), ("updatedReplicas", updated)],
    );
    status.insert("currentRevision", current);
    status.insert("updateRevision", revision);
    status.insert("collisionCount", 0);
    if let Some(generation) = set.generation() {
        status.insert("observedGeneration", generation);
    }
    status
}
