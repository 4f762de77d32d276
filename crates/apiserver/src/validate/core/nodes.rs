//! Nodes, and the template of a ReplicationController.

use tautline_core::Object;

use super::super::at::{At, Check};
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
    let spec = root.at("spec");
    for range in spec.at("podCIDRs").items() {
        range.all_invalid(super::super::texts::cidr(range.str()));
    }
    if spec.at("podCIDRs").list().is_empty() && spec.has("podCIDR") {
        let range = spec.at("podCIDR");
        let at = spec.at("podCIDRs").index(0).with(range.value());
        at.all_invalid(super::super::texts::cidr(range.str()));
    }
}

/// A Namespace: finalizers are known or have a domain.
pub(in super::super) fn namespace(root: At<'_>) {
    let finalizers = root.at("spec").at("finalizers");
    for finalizer in finalizers.items() {
        let name = finalizer.str();
        let problems = tautline_grammar::names::qualified_name(name);
        let known = ["kubernetes", "orphan", "foregroundDeletion"].contains(&name);
        if problems.is_empty() && !name.contains('/') && !known {
            finalizers
                .invalid_value(name, "name is neither a standard finalizer name nor is it fully qualified");
        }
        problems.iter().for_each(|problem| finalizers.invalid_value(name, problem));
    }
}

/// An Event is where the object is that it is about; about one in no namespace it is in `default`.
pub(in super::super) fn event(root: At<'_>) {
    let about = root.at("involvedObject").at("namespace");
    let own = root.at("metadata").text("namespace");
    if own != about.str() && !(about.str().is_empty() && own == "default") {
        about.invalid_value(about.str(), "does not match event.namespace");
    }
}

/// What may change of a Node: addresses and the provider's name for it are set once.
pub(in super::super) fn update<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let (spec, before) = (check.root(new).at("spec"), check.root(old).at("spec"));
    let provider = before.text("providerID");
    if !provider.is_empty() && provider != spec.text("providerID") {
        spec.at("providerID").invalid_go("null", "field cannot be modified once set");
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
