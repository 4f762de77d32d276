//! ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, for `kubectl rollout history` and `undo`.

use std::sync::Arc;

use tautline_core::{Object, Value, value};

use crate::action::Action;
use crate::shape;
use crate::world::World;

/// What is to be done about the revisions of a set whose template makes this one: it is made, or becomes the newest
/// again, and those that are too many go.
pub(crate) fn step(world: &World, set: &Object, name: &str, hash: &str, in_use: &[&str]) -> Vec<Action> {
    let mut known = world.controlled(set, "ControllerRevision");
    let number = |revision: &Object| revision.get("revision").and_then(Value::as_i64).unwrap_or(0);
    known.sort_by_key(|revision| number(revision));
    let newest = known.last().map_or(0, |revision| number(revision));
    match known.iter().find(|revision| revision.name() == name) {
        None => return vec![Action::Create(make(set, name, hash, newest + 1))],
        Some(revision) if number(revision) < newest => {
            return vec![Action::patch(revision, value!({ "revision": newest + 1 }), None)];
        }
        Some(_) => {}
    }
    surplus(set, &known, name, in_use)
}

fn make(set: &Object, name: &str, hash: &str, number: i64) -> Object {
    let mut template = set.at(&["spec", "template"]).cloned().unwrap_or_default();
    if let Some(map) = template.as_map_mut() {
        map.insert("$patch", "replace");
    }
    let mut labels = set.at(&["spec", "template", "metadata", "labels"]).cloned().unwrap_or_else(Value::map);
    if let Some(map) = labels.as_map_mut() {
        map.insert("controller-revision-hash", hash);
    }
    let object = value!({ "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": { "name": name, "namespace": set.namespace(), "labels": labels,
            "ownerReferences": [shape::owner_reference(set)] },
        "data": { "spec": { "template": template } }, "revision": number });
    Object::from_map(object.as_map().cloned().unwrap_or_default())
}

/// Revisions beyond `revisionHistoryLimit` that no pod is of, the oldest first.
fn surplus(set: &Object, known: &[Arc<Object>], current: &str, in_use: &[&str]) -> Vec<Action> {
    let limit = usize::try_from(set.i64_at(&["spec", "revisionHistoryLimit"]).unwrap_or(10)).unwrap_or(0);
    let old: Vec<&Arc<Object>> = known
        .iter()
        .filter(|revision| revision.name() != current && !in_use.contains(&revision.name()))
        .collect();
    let count = old.len().saturating_sub(limit);
    old.into_iter().take(count).filter_map(|revision| Action::discard(revision, None)).collect()
}
