//! Nodes, and the template of a ReplicationController.

use super::super::at::At;
use super::{pods, scheduling};

pub(in super::super) fn node(root: At<'_>) {
    let mut seen = Vec::new();
    // The server speaks of them as if they were metadata.
    for taint in root.at("metadata").at("taints").with(root.at("spec").get("taints")).items() {
        taint.at("key").qualified_name();
        let value = taint.at("value");
        if !value.str().is_empty() {
            let problems = tautline_grammar::names::label_value(value.str());
            if !problems.is_empty() {
                value.invalid(&problems.join(";"));
            }
        }
        let effect = taint.at("effect");
        if effect.needed() {
            scheduling::effect(effect);
        }
        let pair = (taint.text("key"), taint.text("effect"));
        if seen.contains(&pair) {
            let printed = super::super::go::print("Taint", taint.value());
            let message = format!("Duplicate value: {printed}: taints must be unique by key and effect pair");
            taint.push(crate::failure::Wrong { field: taint.path(), reason: "FieldValueDuplicate", message });
        }
        seen.push(pair);
    }
}

/// A ReplicationController.
pub(in super::super) fn replication_controller(root: At<'_>) {
    let spec = root.at("spec");
    let selector = spec.at("selector");
    if selector.is_empty() {
        selector.required("");
    }
    let template = spec.at("template");
    for field in ["replicas", "minReadySeconds"] {
        if spec.number(field).is_some_and(|n| n < 0) {
            spec.at(field).late_invalid(super::super::rules::NOT_NEGATIVE);
        }
    }
    if !template.is_set() {
        return template.required("");
    }
    let labels = template.at("metadata").at("labels");
    let matches = selector.entries().all(|(key, value)| labels.get(key) == value.value());
    if !selector.is_empty() && !matches {
        let printed = labels.value().map_or("null".to_owned(), tautline_core::Value::to_json);
        labels.invalid_go(&printed, "`selector` does not match template `labels`");
    }
    pods::template(template);
    let policy = template.at("spec").at("restartPolicy");
    if policy.str() != "Always" {
        policy.unsupported(&["Always"]);
    }
    if template.at("spec").has("activeDeadlineSeconds") {
        let detail = "activeDeadlineSeconds in ReplicationController is not Supported";
        template.at("spec").at("activeDeadlineSeconds").forbidden(detail);
    }
}
