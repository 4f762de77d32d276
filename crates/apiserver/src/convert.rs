//! Conversion between the versions of a kind.
//!
//! Custom resources convert by `strategy: None`: only `apiVersion` changes. Of the built-in kinds two have
//! more than one version, Event and HorizontalPodAutoscaler.

use tautline_core::{GroupVersionKind, Map, Object, Value, value};

/// The fields of an Event that core/v1 and events.k8s.io/v1 name differently.
const EVENT: [(&str, &str); 8] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
];

/// The object in another version of its kind.
pub(crate) fn convert(object: &Object, to: &GroupVersionKind) -> Object {
    let mut new = object.clone();
    match (object.api_version(), to.api_version().as_str()) {
        ("v1", "events.k8s.io/v1") => rename(new.as_map_mut(), &EVENT),
        ("events.k8s.io/v1", "v1") => rename(new.as_map_mut(), &EVENT.map(|(core, events)| (events, core))),
        ("autoscaling/v1", "autoscaling/v2") => hpa_up(&mut new),
        ("autoscaling/v2", "autoscaling/v1") => hpa_down(&mut new),
        _ => {}
    }
    new.as_map_mut().insert("apiVersion", to.api_version());
    new.as_map_mut().insert("kind", to.kind.as_str());
    new
}

fn rename(map: &mut Map, names: &[(&str, &str)]) {
    let moved: Vec<(&str, Value)> =
        names.iter().filter_map(|(from, to)| Some((*to, map.remove(from)?))).collect();
    map.extend(moved);
}

/// v1 knows one metric, the CPU's utilisation.
fn hpa_up(object: &mut Object) {
    let spec = object.as_map_mut().map_at("spec");
    if let Some(percent) = spec.remove("targetCPUUtilizationPercentage") {
        let metric = value!({ "type": "Resource", "resource": { "name": "cpu",
            "target": { "type": "Utilization", "averageUtilization": percent } } });
        spec.insert("metrics", value!([metric]));
    }
    let status = object.as_map_mut().map_at("status");
    status.remove("currentCPUUtilizationPercentage");
    // What v1 always prints v2 leaves out when it is zero, and the other way round.
    if status.get("currentReplicas").and_then(Value::as_i64) == Some(0) {
        status.remove("currentReplicas");
    }
    if !status.contains_key("currentMetrics") {
        status.insert("currentMetrics", Value::Null);
    }
}

fn hpa_down(object: &mut Object) {
    let spec = object.as_map_mut().map_at("spec");
    let metrics = spec.remove("metrics").unwrap_or_default();
    let cpu = metrics.as_list().into_iter().flatten().find_map(|metric| {
        let is_cpu = metric.str_at(&["resource", "name"]) == Some("cpu");
        is_cpu.then(|| metric.at(&["resource", "target", "averageUtilization"]).cloned()).flatten()
    });
    if let Some(percent) = cpu {
        spec.insert("targetCPUUtilizationPercentage", percent);
    }
    spec.remove("behavior");
    let status = object.as_map_mut().map_at("status");
    for field in ["currentMetrics", "conditions"] {
        status.remove(field);
    }
    // v1 always prints how many there are.
    if !status.contains_key("currentReplicas") {
        status.insert("currentReplicas", 0);
    }
}
