//! What a server does after a merge.

use tautline_core::{Object, Timestamp, Value};
use tautline_schema::defaults;

use super::request::START;

/// What a server does after a merge: puts back what the endpoint does not let through, and fills in what only
/// it can know, here from its answer.
pub(super) fn finish(
    mut object: Object,
    live: Option<&Object>,
    got: &Object,
    subresource: Option<&str>,
    schemas: &dyn tautline_schema::Schemas,
) -> Object {
    for field in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        match got.at(&["metadata", field]).cloned() {
            Some(value) => object.metadata_mut().insert(field, value),
            None => object.metadata_mut().remove(field),
        };
    }
    copy_allocated(&mut object, got);
    let has_status = schemas.kind(&got.gvk()).is_some_and(|kind| kind.subresource("status").is_some());
    let put_back: &[&str] = match subresource {
        None if has_status => &["status"],
        Some("status") => &["spec", "data"],
        _ => &[],
    };
    for field in put_back {
        let from = if live.is_some() { live } else { Some(got) };
        match from.and_then(|live| live.get(field)).cloned() {
            Some(value) => object.as_map_mut().insert(*field, value),
            None => object.as_map_mut().remove(field),
        };
    }
    if subresource == Some("status") && got.is("apps", "Deployment") {
        match got.at(&["metadata", "labels"]).cloned() {
            Some(labels) => object.metadata_mut().insert("labels", labels),
            None => object.metadata_mut().remove("labels"),
        };
    }
    if subresource == Some("status") && schemas.root(&got.gvk()).is_some_and(|r| !r.node().is_compiled()) {
        let managed = object.at(&["metadata", "managedFields"]).cloned();
        if let Some(metadata) = got.get("metadata").cloned() {
            object.as_map_mut().insert("metadata", metadata);
        }
        match managed {
            Some(managed) => object.metadata_mut().insert("managedFields", managed),
            None => object.metadata_mut().remove("managedFields"),
        };
    }
    defaults::through_storage(&mut object, schemas);
    object
}

/// The defaults, and the one that is a time.
pub(super) fn settle(
    object: &mut Object,
    schemas: &dyn tautline_schema::Schemas,
    now: Timestamp,
) -> Result<(), String> {
    settle_over(object, None, schemas, now)
}

/// The same for an object that is to take the place of a live one.
pub(super) fn settle_over(
    object: &mut Object,
    over: Option<defaults::Over<'_>>,
    schemas: &dyn tautline_schema::Schemas,
    now: Timestamp,
) -> Result<(), String> {
    defaults::settle_over(object, over, schemas)?;
    let time = Value::from(format!("2030-01-01T00:00:{:02}Z", now.seconds() - START));
    let mut value = object.to_value();
    let stamp = |taint: &mut Value| {
        if let Some(taint) = taint.as_map_mut()
            && !taint.contains_key("timeAdded")
        {
            taint.insert("timeAdded", time.clone());
        }
    };
    match object.kind() {
        "DeviceTaintRule" => {
            if let Some(taint) = value.get_mut("spec").and_then(|spec| spec.get_mut("taint")) {
                stamp(taint);
            }
        }
        "ResourceSlice" => {
            let devices =
                value.get_mut("spec").and_then(|s| s.get_mut("devices")).and_then(Value::as_list_mut);
            for device in devices.into_iter().flat_map(|d| d.iter_mut()) {
                let taints = device.get_mut("taints").and_then(Value::as_list_mut);
                taints.into_iter().flat_map(|t| t.iter_mut()).for_each(stamp);
            }
        }
        _ => return Ok(()),
    }
    if let Value::Map(map) = value {
        *object = Object::from_map(map);
    }
    Ok(())
}

/// What admission and the strategies of some kinds set: taken from the answer.
fn copy_allocated(object: &mut Object, got: &Object) {
    let paths: &[&str] = match got.kind() {
        "Service" => &[
            "spec.clusterIP",
            "spec.clusterIPs",
            "spec.ipFamilies",
            "spec.ipFamilyPolicy",
            "spec.healthCheckNodePort",
            "spec.externalTrafficPolicy",
            "spec.internalTrafficPolicy",
            "spec.allocateLoadBalancerNodePorts",
            "spec.ports[].nodePort",
        ],
        "Pod" => &[
            "spec.volumes",
            "spec.containers[].volumeMounts",
            "spec.initContainers[].volumeMounts",
            "spec.preemptionPolicy",
            "spec.priority",
            "spec.serviceAccount",
            "spec.serviceAccountName",
            "spec.tolerations",
            "status",
        ],
        "PersistentVolumeClaim" => &["metadata.finalizers", "spec.dataSource", "spec.dataSourceRef"],
        "PersistentVolume" | "VolumeAttributesClass" => &["metadata.finalizers"],
        "Namespace" => &["spec.finalizers"],
        "Node" => &["spec.taints"],
        "DaemonSet" => &["metadata.annotations.deprecated%daemonset%template%generation"],
        "Job" => &["metadata.labels", "spec.template.metadata.labels", "spec.selector"],
        _ => return,
    };
    let mut value = object.to_value();
    for path in paths {
        copy(&mut value, &got.to_value(), path);
    }
    if let Value::Map(map) = value {
        *object = Object::from_map(map);
    }
}

fn copy(ours: &mut Value, theirs: &Value, path: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, items) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
    let name = name.replace('%', ".");
    match (rest, ours.get_mut(&name), theirs.get(&name)) {
        (Some(rest), Some(Value::List(a)), Some(Value::List(b))) if items => {
            a.iter_mut().zip(b.iter()).for_each(|(a, b)| copy(a, b, rest));
        }
        (Some(rest), None, Some(b)) if !items => {
            let mut below = Value::map();
            copy(&mut below, b, rest);
            if let Some(map) = ours.as_map_mut() {
                map.insert(name, below);
            }
        }
        (Some(rest), Some(a), Some(b)) if !items => copy(a, b, rest),
        (None, _, theirs) => {
            if let Some(map) = ours.as_map_mut() {
                match theirs.cloned() {
                    Some(value) => map.insert(name, value),
                    None => map.remove(&name),
                };
            }
        }
        _ => {}
    }
}
