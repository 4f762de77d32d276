//! Broken situations, each with its first cause; `causes.yaml` holds them.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use tautline_core::{GroupKind, Need, Object, ResourceKey, Timestamp, Value, value};
use tautline_health::{BuiltIn, Objects, Surroundings, explain};

#[test]
fn each_situation_has_its_first_cause() {
    let rows = situations();
    let mut failures = Vec::new();
    for row in &rows {
        let name = row.str_at(&["name"]).unwrap();
        let (objects, asked) = scene(row);
        let asked = asked.unwrap_or_else(|| unreachable!("{name}: the object asked about is not there"));
        let cause = explain(&asked, &BuiltIn, &objects, Timestamp::default());
        let got = cause.as_ref().map(ToString::to_string);
        let wanted = row.str_at(&["is"]).map(str::to_owned);
        if got != wanted {
            failures.push(format!("{name}\n  wanted {wanted:?}\n  got    {got:?}"));
        }
        let needs: Vec<String> = cause.iter().flat_map(|cause| &cause.needs).map(need).collect();
        let expected: Vec<&str> = row.list_at(&["needs"]).iter().filter_map(Value::as_str).collect();
        if needs != expected {
            failures.push(format!("{name}\n  wanted needs {expected:?}\n  got needs    {needs:?}"));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
    let (broken, well): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.get("is").is_some());
    assert!(broken.len() >= 60 && well.len() >= 12, "{} broken, {} well", broken.len(), well.len());
}

fn situations() -> Vec<Value> {
    let text = include_str!("causes.yaml");
    let mut documents = tautline_yaml::read_all(text, &tautline_yaml::Options::default()).into_iter();
    documents.next().unwrap().1.unwrap().as_list().unwrap().to_vec()
}

fn need(need: &Need) -> String {
    match need {
        Need::Events(about) => format!("{} {}", about.kind, about.name),
        other => format!("{other:?}"),
    }
}

/// The objects of a row, and the one that is asked about.
fn scene(row: &Value) -> (Objects, Option<Object>) {
    let mut all: Vec<Object> = row.list_at(&["and"]).iter().map(|value| object(value.clone())).collect();
    if let Some(pod) = row.get("pod") {
        all.extend(deployed(pod));
    }
    let ask = row.str_at(&["ask"]).unwrap_or("Deployment web");
    let is_asked = |object: &&Object| format!("{} {}", object.kind(), object.name()) == ask;
    let asked = all.iter().find(is_asked).cloned();
    let mut objects = Objects::new(all);
    for kind in row.list_at(&["unknown"]).iter().filter_map(Value::as_str) {
        objects = objects.without(GroupKind::new("", kind));
    }
    for (key, app) in row.get("wanted").and_then(Value::as_map).into_iter().flat_map(|map| map.iter()) {
        let (kind, name) = key.as_str().split_once(' ').unwrap();
        objects = objects.wanted_by(app.as_str().unwrap(), ResourceKey::new("", kind, "shop", name));
    }
    (objects, asked)
}

/// In namespace `shop`, unless it says another; its owners, of which a row gives the uid, get the rest.
fn object(value: Value) -> Object {
    let mut object = Object::new(value).unwrap();
    if let Some(Value::List(owners)) = object.metadata_mut().get_mut("ownerReferences") {
        for owner in owners.iter_mut().filter_map(Value::as_map_mut) {
            for field in ["apiVersion", "kind", "name"] {
                owner.insert(field, "owner");
            }
        }
    }
    if object.metadata().is_some_and(|metadata| metadata.get("namespace").is_none()) {
        object.metadata_mut().insert("namespace", "shop");
    }
    object
}

/// Deployment web, its ReplicaSet and its pod.
fn deployed(pod: &Value) -> [Object; 3] {
    let part = |name: &str| pod.get(name).cloned().unwrap_or_else(Value::map);
    [
        value!({ "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "web", "uid": "d", "generation": 1 }, "spec": { "replicas": 1 },
            "status": { "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1 } }),
        value!({ "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": { "name": "web-5f", "uid": "r", "generation": 1, "ownerReferences": [{ "uid": "d" }] },
            "spec": { "replicas": 1 }, "status": { "observedGeneration": 1, "replicas": 1 } }),
        value!({ "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "web-5f-x", "uid": "p", "labels": { "app": "web" },
                "ownerReferences": [{ "uid": "r" }] },
            "spec": part("spec"), "status": part("status") }),
    ]
    .map(object)
}

/// Whatever the fields hold, the walk ends and accuses nothing that is not there to see.
#[test]
fn odd_objects_are_survived() {
    for (_, value) in tautline_yaml::read_all(ODD, &tautline_yaml::Options::default()) {
        let object = Object::new(value.unwrap()).unwrap();
        let around = Objects::new([object.clone()]);
        if let Some(cause) = explain(&object, &BuiltIn, &around, Timestamp::default()) {
            assert_eq!(cause.links.first().map(|link| link.object.clone()), Some(object.key()));
            assert!(cause.links.len() < 14 && !cause.to_string().is_empty());
            assert!(around.get(&object.key()).present().is_some());
        }
    }
}

const ODD: &str = r#"
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: [], status: {phase: Pending, containerStatuses: {name: x}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [1, null, {name: 2}]}, status: {phase: Pending, containerStatuses: [1, null, {state: 5}]}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a, uid: u, ownerReferences: [{uid: u}]}, status: {conditions: [{type: ReplicaFailure, status: "True", message: "exceeded quota: "}]}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a}, status: {conditions: [{type: ReplicaFailure, status: "True", message: "failed calling webhook https://"}]}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a}, status: {conditions: [{type: ReplicaFailure, status: "True", message: "\" not found\" not found secret \"\" not found"}]}}
---
{apiVersion: tea.example.org/v1, kind: Cup, metadata: {name: a}, spec: {xRef: [], yRefs: 5, zRef: {kind: "", name: ""}}, status: {conditions: [{type: Ready, status: "False"}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: 5, type: LoadBalancer}}
"#;
