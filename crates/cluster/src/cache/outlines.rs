//! What is kept of objects that controllers make for others: who they are and how they are.
//!
//! The pods of one ReplicaSet differ in their names and addresses and are alike in all that health and causes look
//! at. So that part is kept once for all that are alike.

use tautline_core::{Map, Object, Value};

use super::named::Named;

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
    /// The creation time as a number; 0 for none.
    pub(super) created: u64,
    pub(super) generation: i64,
    pub(super) node: String,
}

/// An object's outline: what it shares with its like, and what is its own. `None` if something of it does not fit.
pub(super) fn outline(object: &Object) -> Option<(Value, Own)> {
    let created = match object.metadata_str("creationTimestamp") {
        "" => 0,
        text => moment_number(text)?,
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

/// Of a status, what no two objects have in common.
pub(super) const OWN_OF_STATUS: [&str; 16] = [
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

/// A status without addresses, ids and moments.
fn status_of(status: &Value) -> Value {
    match status {
        Value::Map(map) => {
            let kept = map.iter().filter(|(key, _)| !OWN_OF_STATUS.contains(&key.as_str()));
            Value::Map(kept.map(|(key, value)| (key.clone(), status_of(value))).collect())
        }
        Value::List(list) => list.iter().map(status_of).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

/// How many years (from 2000 on), months, days, hours, minutes and seconds a number of a moment tells apart.
const RADICES: [u64; 6] = [8_000, 13, 32, 24, 60, 61];

/// `2030-01-02T03:04:05Z` as a small number; `None` for a time in another form.
pub(super) fn moment_number(time: &str) -> Option<u64> {
    const FORM: &[u8] = b"0000-00-00T00:00:00Z";
    if time.len() != FORM.len() {
        return None;
    }
    let (mut parts, mut part) = ([0; 6], 0);
    for (byte, form) in time.bytes().zip(FORM) {
        match form {
            b'0' => {
                let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
                let to: &mut u64 = parts.get_mut(part)?;
                *to = *to * 10 + u64::from(digit);
            }
            _ if byte == *form => part += 1,
            _ => return None,
        }
    }
    parts[0] = parts[0].checked_sub(2_000)?;
    let fits = parts.iter().zip(RADICES).all(|(part, radix)| *part < radix);
    // 0 stands for none.
    fits.then(|| parts.iter().zip(RADICES).fold(0, |number, (part, radix)| number * radix + part) + 1)
}

fn moment(number: u64) -> String {
    let (mut rest, mut parts) = (number.saturating_sub(1), [0; 6]);
    for (part, radix) in parts.iter_mut().zip(RADICES).rev() {
        (*part, rest) = (rest % radix, rest / radix);
    }
    let [year, month, day, hour, minute, second] = parts;
    format!("{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", year + 2_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_as_they_were() {
        for time in
            ["2030-01-02T03:04:05Z", "2000-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "9999-12-31T00:00:00Z"]
        {
            assert_eq!(moment_number(time).map(moment).as_deref(), Some(time));
        }
        for time in [
            "2030-01-02T03:04:05.5Z",
            "2030-01-02 03:04:05Z",
            "1970-01-01T00:00:00Z",
            "2030-13-02T03:04:05Z",
            "",
        ] {
            assert_eq!(moment_number(time), None);
        }
    }
}
