//! Kinds that say how they are in `status.conditions`.

use tautline_core::{Object, Value};

use crate::status::{Health, HealthStatus};

/// One entry of `status.conditions`.
pub(crate) struct Condition<'a> {
    pub(crate) kind: &'a str,
    pub(crate) status: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

/// The conditions in list order.
pub(crate) fn conditions(object: &Object) -> impl Iterator<Item = Condition<'_>> {
    object.list_at(&["status", "conditions"]).iter().map(read)
}

fn read(value: &Value) -> Condition<'_> {
    let text = |field| value.get(field).and_then(Value::as_str).unwrap_or_default();
    Condition { kind: text("type"), status: text("status"), reason: text("reason"), message: text("message") }
}

/// The condition of this type.
pub(crate) fn condition<'a>(object: &'a Object, kind: &str) -> Option<Condition<'a>> {
    conditions(object).find(|c| c.kind == kind)
}

pub(crate) fn autoscaler(object: &Object) -> Health {
    const BAD: [(&str, &[&str]); 2] = [
        ("AbleToScale", &["FailedGetScale", "FailedUpdateScale"]),
        (
            "ScalingActive",
            &[
                "FailedGetResourceMetric",
                "FailedGetObjectMetric",
                "FailedGetPodsMetric",
                "FailedGetExternalMetric",
                "FailedComputeMetricsReplicas",
                "InvalidSelector",
            ],
        ),
    ];
    // autoscaling/v1 has no place for conditions but an annotation.
    let annotation = object.annotation("autoscaling.alpha.kubernetes.io/conditions");
    let annotated = annotation.filter(|_| object.api_version() == "autoscaling/v1");
    let annotated = annotated.and_then(|text| Value::from_json(text.as_bytes()).ok());
    let told = match &annotated {
        Some(list) => list.as_list().map_or(&[][..], |list| &list[..]),
        None => object.list_at(&["status", "conditions"]),
    };
    for c in told.iter().map(read) {
        if BAD.iter().any(|(kind, reasons)| *kind == c.kind && reasons.contains(&c.reason)) {
            return Health::degraded(c.message.to_owned());
        }
    }
    for c in told.iter().map(read) {
        if matches!(c.kind, "AbleToScale" | "ScalingLimited") && c.status == "True" {
            return Health::new(HealthStatus::Healthy, c.message.to_owned());
        }
    }
    Health::progressing("Waiting to Autoscale")
}

pub(crate) fn api_service(object: &Object) -> Health {
    match condition(object, "Available") {
        Some(c) if c.status == "True" => {
            Health::new(HealthStatus::Healthy, format!("{}: {}", c.reason, c.message))
        }
        Some(c) => Health::progressing(format!("{}: {}", c.reason, c.message)),
        None => Health::progressing("Waiting to be processed"),
    }
}

pub(crate) fn definition(object: &Object) -> Health {
    for c in conditions(object) {
        match (c.kind, c.status) {
            ("NamesAccepted", "False") => {
                return Health::degraded(format!("CRD names have not been accepted: {}", c.message));
            }
            ("NonStructuralSchema", "True") => {
                return Health::degraded(format!("Schema violations found: {}", c.message));
            }
            _ => {}
        }
    }
    match condition(object, "Established") {
        Some(c) if c.status == "True" => Health::new(HealthStatus::Healthy, "CRD is healthy"),
        Some(c) if c.reason == "InvalidCABundle" => Health::degraded(c.message.to_owned()),
        Some(c) if c.reason == "Installing" => Health::progressing("CRD is being installed"),
        None => Health::progressing("CRD is not yet established"),
        Some(_) => Health::progressing("CRD is not established"),
    }
}

pub(crate) fn disruption_budget(object: &Object) -> Health {
    match conditions(object).find(|c| c.status == "False" && c.reason != "InsufficientPods") {
        Some(c) => Health::degraded(format!("PodDisruptionBudget has {}: {}", c.kind, c.message)),
        None if conditions(object).next().is_none() => Health::progressing("Waiting for its status"),
        None => Health::healthy(),
    }
}
