//! What is kept of objects that controllers make for others: who they are and how they are.
//!
//! The pods of one ReplicaSet differ in their names and addresses and are alike in all that health and causes look
//! at. So that part is kept once for all that are alike.

use std::collections::HashMap;

use tautline_core::{Digest, Map, Object, Packed, Value};

/// Bodies that objects share, with the number of their uses.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    bodies: Vec<(Box<[u8]>, [u8; 16], u32)>,
    numbers: HashMap<[u8; 16], u32>,
    free: Vec<u32>,
}

impl Outlines {
    /// Counts one more use of a body.
    pub(super) fn take(&mut self, body: &Value) -> u32 {
        self.enter(body.digest(), || {
            let mut bytes = Vec::new();
            Packed::write(body, &[], &mut bytes);
            bytes
        })
    }

    /// Counts one more use of a body that is packed already.
    pub(super) fn take_packed(&mut self, packed: &[u8]) -> u32 {
        self.enter(Digest::of_bytes(packed), || packed.to_vec())
    }

    fn enter(&mut self, digest: Digest, bytes: impl FnOnce() -> Vec<u8>) -> u32 {
        let mut key = [0; 16];
        key.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
        if let Some(number) = self.numbers.get(&key) {
            self.bodies[*number as usize].2 += 1;
            return *number;
        }
        let entry = (bytes().into_boxed_slice(), key, 1);
        let number = match self.free.pop() {
            Some(number) => {
                self.bodies[number as usize] = entry;
                number
            }
            None => {
                self.bodies.push(entry);
                (self.bodies.len() - 1) as u32
            }
        };
        self.numbers.insert(key, number);
        number
    }

    /// Counts one use less.
    pub(super) fn give(&mut self, number: u32) {
        let Some((body, key, uses)) = self.bodies.get_mut(number as usize) else { return };
        *uses = uses.saturating_sub(1);
        if *uses == 0 {
            self.numbers.remove(key);
            *body = Box::default();
            self.free.push(number);
        }
    }

    pub(super) fn bytes(&self, number: u32) -> &[u8] {
        self.bodies.get(number as usize).map_or(&[], |(bytes, ..)| bytes)
    }

    /// How many bodies there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}

/// The kinds of which an outline is enough while no app's desired state holds one.
pub(super) fn has_outline(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("", "Pod" | "Endpoints")
            | ("apps", "ReplicaSet" | "ControllerRevision")
            | ("discovery.k8s.io", "EndpointSlice")
    )
}

/// What differs from one object to the next of its like.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// The creation time's digits as one number; 0 for none.
    pub(super) created: u64,
    pub(super) generation: i64,
    pub(super) node: String,
}

/// An object's outline: what it shares with its like, and what is its own. `None` if something of it does not fit.
pub(super) fn outline(object: &Object) -> Option<(Value, Own)> {
    let created = match object.metadata_str("creationTimestamp") {
        "" => 0,
        text => digits(text)?,
    };
    let own = Own {
        created,
        generation: object.generation().unwrap_or(0),
        node: object.str_at(&["spec", "nodeName"]).unwrap_or_default().to_owned(),
    };
    let mut metadata = Map::new();
    for field in
        ["labels", "ownerReferences", "finalizers", "deletionTimestamp", "deletionGracePeriodSeconds"]
    {
        if let Some(value) = object.metadata().and_then(|metadata| metadata.get(field)) {
            metadata.insert(field, value.clone());
        }
    }
    // The store knows the owners' uids.
    if let Some(Value::List(owners)) = metadata.get_mut("ownerReferences") {
        let uids: Vec<Value> = owners.iter().filter_map(|owner| owner.get("uid").cloned()).collect();
        let has_all = uids.len() == owners.len()
            && uids.iter().enumerate().all(|(at, uid)| {
                uid.as_str().is_some_and(|text| !text.is_empty())
                    && uids.iter().position(|other| other == uid) == Some(at)
            });
        if !has_all {
            return None;
        }
        owners.iter_mut().filter_map(Value::as_map_mut).for_each(|owner| drop(owner.remove("uid")));
    }
    if let Some(revision) = object.annotation("deployment.kubernetes.io/revision") {
        metadata.map_at("annotations").insert("deployment.kubernetes.io/revision", revision);
    }
    let mut body = Map::new();
    body.insert("apiVersion", object.api_version());
    body.insert("kind", object.kind());
    body.insert("metadata", metadata);
    if object.kind() == "Pod" {
        body.insert("spec", pod_spec(object));
    } else if object.kind() == "ReplicaSet" {
        body.insert("spec", set_spec(object));
    }
    if let Some(status) = object.get("status") {
        body.insert("status", status_of(status));
    }
    let mut body = Value::Map(body);
    Named::of(object.name()).shorten(&mut body);
    Some((body, own))
}

/// What the names of controllers' objects are made of: `web-6d4cf56db6-x7k2p` says those of its ReplicaSet and of its
/// Deployment, and labels repeat them. A text that is a part of the object's own name stands as a mark in its outline,
/// so that the outlines of like workloads are one.
struct Named<'n> {
    /// The name without its last part, without its last two, …
    starts: Vec<&'n str>,
    /// The last part of the name, the last but one, …
    parts: Vec<&'n str>,
}

/// No text of Kubernetes begins so.
const START: char = '\u{1}';
const PART: char = '\u{2}';

/// How many parts of a name are looked at.
const PARTS: usize = 3;

impl<'n> Named<'n> {
    fn of(name: &'n str) -> Self {
        let (mut starts, mut parts) = (Vec::new(), Vec::new());
        let mut rest = name;
        while let Some((start, part)) = rest.rsplit_once('-').filter(|_| parts.len() < PARTS) {
            starts.push(start);
            parts.push(part);
            rest = start;
        }
        Self { starts, parts }
    }

    fn shorten(&self, value: &mut Value) {
        each_text(value, &|text| {
            // One that looks like a mark already must not be taken for one.
            if text.starts_with([START, PART]) {
                return Some(format!("{START}{text}"));
            }
            let place = |all: &[&str]| all.iter().position(|known| *known == text);
            let mark = |mark: char, at: usize| format!("{mark}{at}");
            place(&self.starts)
                .map(|at| mark(START, at))
                .or_else(|| place(&self.parts).map(|at| mark(PART, at)))
        });
    }

    fn restore(&self, value: &mut Value) {
        each_text(value, &|text| {
            let known = |all: &[&str], at: &str| {
                at.parse::<usize>().ok().and_then(|at| all.get(at).map(|t| (*t).to_owned()))
            };
            match (text.strip_prefix(START), text.strip_prefix(PART)) {
                (Some(rest), _) if rest.starts_with([START, PART]) => Some(rest.to_owned()),
                (Some(rest), _) => known(&self.starts, rest),
                (_, Some(rest)) => known(&self.parts, rest),
                _ => None,
            }
        });
    }
}

/// Changes texts of a value; keys stay.
fn each_text(value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(changed) = change(text) {
                *value = Value::from(changed);
            }
        }
        Value::Map(map) => map.iter_mut().for_each(|(_, value)| each_text(value, change)),
        Value::List(list) => list.iter_mut().for_each(|value| each_text(value, change)),
        _ => {}
    }
}

/// Puts an outline and what is its own together.
pub(super) fn object(body: Value, name: &str, uids: &[String], own: &Own) -> Option<Object> {
    let mut body = body;
    Named::of(name).restore(&mut body);
    let Value::Map(map) = body else { return None };
    let mut object = Object::from_map(map);
    if let Some(Value::List(owners)) = object.metadata_mut().get_mut("ownerReferences") {
        for (owner, uid) in owners.iter_mut().filter_map(Value::as_map_mut).zip(uids) {
            owner.insert("uid", uid.as_str());
        }
    }
    let metadata = object.metadata_mut();
    if own.created != 0 {
        metadata.insert("creationTimestamp", moment(own.created));
    }
    if own.generation != 0 {
        metadata.insert("generation", own.generation);
    }
    if !own.node.is_empty() {
        object.as_map_mut().map_at("spec").insert("nodeName", own.node.as_str());
    }
    Some(object)
}

/// What a pod names and how it is looked after: what causes go by.
fn pod_spec(pod: &Object) -> Map {
    let mut spec = Map::new();
    for field in
        ["serviceAccountName", "restartPolicy", "readinessGates", "imagePullSecrets", "priorityClassName"]
    {
        if let Some(value) = pod.at(&["spec", field]) {
            spec.insert(field, value.clone());
        }
    }
    // The volume with the pod's own token has a name of its own in every pod.
    let is_named = |volume: &&Value| {
        let name = volume.str_at(&["name"]).unwrap_or_default();
        !name.starts_with("kube-api-access-")
            && ["secret", "configMap", "persistentVolumeClaim", "projected"]
                .iter()
                .any(|k| volume.get(k).is_some())
    };
    let volumes: Vec<Value> = pod.list_at(&["spec", "volumes"]).iter().filter(is_named).cloned().collect();
    if !volumes.is_empty() {
        spec.insert("volumes", volumes);
    }
    for field in ["initContainers", "containers"] {
        let containers: Vec<Value> = pod.list_at(&["spec", field]).iter().map(container).collect();
        if !containers.is_empty() {
            spec.insert(field, containers);
        }
    }
    spec
}

fn container(container: &Value) -> Value {
    let mut kept = Map::new();
    for field in ["name", "image", "envFrom", "restartPolicy"] {
        if let Some(value) = container.get(field) {
            kept.insert(field, value.clone());
        }
    }
    let refers = |variable: &&Value| variable.get("valueFrom").is_some();
    let env: Vec<Value> = container.list_at(&["env"]).iter().filter(refers).cloned().collect();
    if !env.is_empty() {
        kept.insert("env", env);
    }
    for probe in ["readinessProbe", "startupProbe", "livenessProbe"] {
        if container.get(probe).is_some() {
            kept.insert(probe, Map::new());
        }
    }
    Value::Map(kept)
}

fn set_spec(set: &Object) -> Map {
    let mut spec = Map::new();
    if let Some(replicas) = set.at(&["spec", "replicas"]) {
        spec.insert("replicas", replicas.clone());
    }
    if let Some(account) = set.at(&["spec", "template", "spec", "serviceAccountName"]) {
        spec.map_at("template").map_at("spec").insert("serviceAccountName", account.clone());
    }
    spec
}

/// A status without addresses, ids and moments.
fn status_of(status: &Value) -> Value {
    const OWN: [&str; 16] = [
        "podIP",
        "podIPs",
        "hostIP",
        "hostIPs",
        "startTime",
        "containerID",
        "imageID",
        "startedAt",
        "finishedAt",
        "lastTransitionTime",
        "lastProbeTime",
        "lastUpdateTime",
        "lastHeartbeatTime",
        "nominatedNodeName",
        "volumeMounts",
        "allocatedResources",
    ];
    match status {
        Value::Map(map) => {
            let kept = map.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
            Value::Map(kept.map(|(key, value)| (key.clone(), status_of(value))).collect())
        }
        Value::List(list) => list.iter().map(status_of).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

/// `2030-01-02T03:04:05Z` as the number 20300102030405; `None` for a time in another form.
fn digits(time: &str) -> Option<u64> {
    const FORM: &[u8] = b"0000-00-00T00:00:00Z";
    if time.len() != FORM.len() {
        return None;
    }
    let mut number = 0;
    for (byte, form) in time.bytes().zip(FORM) {
        match form {
            b'0' => number = number * 10 + u64::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?),
            _ if byte == *form => {}
            _ => return None,
        }
    }
    (number != 0).then_some(number)
}

fn moment(number: u64) -> String {
    let part = |by: u64, of: u64| number / by % of;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        part(10_000_000_000, 10_000),
        part(100_000_000, 100),
        part(1_000_000, 100),
        part(10_000, 100),
        part(100, 100),
        part(1, 100)
    )
}

/// The digest of an object's bytes, for equality with the last ones only.
pub(super) fn mark(key: &[u8; 32], bytes: &[u8]) -> u32 {
    let digest = Digest::keyed(key, bytes);
    let [a, b, c, d, ..] = *digest.as_bytes();
    // 0 stands for "bytes never seen".
    u32::from_le_bytes([a, b, c, d]).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_as_they_were() {
        assert_eq!(digits("2030-01-02T03:04:05Z").map(moment).as_deref(), Some("2030-01-02T03:04:05Z"));
        assert_eq!(digits("2030-01-02T03:04:05.5Z"), None);
        assert_eq!(digits("2030-01-02 03:04:05Z"), None);
    }

    #[test]
    fn parts_of_the_own_name_stand_as_marks_and_come_back() {
        let body = tautline_core::value!({ "labels": { "app": "web-7", "hash": "6d4cf", "x": "web", "odd": "\u{1}0", "other": "web-7-6d4cf-x7" } });
        let mut short = body.clone();
        Named::of("web-7-6d4cf-x7").shorten(&mut short);
        assert_eq!(short.at(&["labels", "app"]).and_then(Value::as_str), Some("\u{1}1"));
        assert_eq!(short.at(&["labels", "hash"]).and_then(Value::as_str), Some("\u{2}1"));
        Named::of("web-7-6d4cf-x7").restore(&mut short);
        assert_eq!(short, body);
    }

    #[test]
    fn bodies_that_are_alike_are_one() {
        let mut outlines = Outlines::default();
        let body = tautline_core::value!({ "a": 1 });
        let (one, two) = (outlines.take(&body), outlines.take(&body));
        assert_eq!((one, outlines.len()), (two, 1));
        outlines.give(one);
        assert_eq!(Packed::read(outlines.bytes(two), &[]), Ok(body));
        outlines.give(two);
        assert_eq!(outlines.len(), 0);
    }
}
