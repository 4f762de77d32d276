//! Workloads: selectors that match their templates, and the numbers of Deployments and Jobs.

use tautline_core::{Object, Value};
use tautline_grammar::LabelSelector;

use super::{not_negative, pods, text};
use crate::failure::Wrong;

pub(super) fn deployment(object: &Object, wrong: &mut Vec<Wrong>) {
    not_negative(object, &["spec", "replicas"], wrong);
    selecting(object, "deployment", true, wrong);
    let strategy = text(object, &["spec", "strategy", "type"]);
    if !matches!(strategy, "" | "Recreate" | "RollingUpdate") {
        let message = format!(
            "Unsupported value: {{\"Type\":{strategy:?},\"RollingUpdate\":null}}: supported values: \
             \"Recreate\", \"RollingUpdate\""
        );
        let field = "spec.strategy".to_owned();
        wrong.push(Wrong { field, reason: "FieldValueNotSupported", message });
    }
    let zero = |field: &str| {
        let value = object.at(&["spec", "strategy", "rollingUpdate", field]);
        matches!(value, Some(Value::Int(0))) || value.and_then(Value::as_str) == Some("0%")
    };
    if zero("maxSurge") && zero("maxUnavailable") {
        let path = "spec.strategy.rollingUpdate.maxUnavailable";
        wrong.push(Wrong::invalid(path, &Value::Int(0), "may not be 0 when `maxSurge` is 0"));
    }
    let ready = object.i64_at(&["spec", "minReadySeconds"]).unwrap_or(0);
    if let Some(deadline) = object.at(&["spec", "progressDeadlineSeconds"])
        && deadline.as_i64().is_some_and(|n| n <= ready)
    {
        let detail = "must be greater than minReadySeconds";
        wrong.push(Wrong::invalid("spec.progressDeadlineSeconds", deadline, detail));
    }
}

/// A workload with a selector and a template that it must match.
pub(super) fn selecting(object: &Object, word: &str, always: bool, wrong: &mut Vec<Wrong>) {
    if word != "deployment" {
        not_negative(object, &["spec", "replicas"], wrong);
    }
    let labels = object.at(&["spec", "template", "metadata", "labels"]).cloned().unwrap_or_default();
    let empty = |value: &Value| value.as_map().is_some_and(|map| map.is_empty());
    let mut matched = false;
    match object.at(&["spec", "selector"]).filter(|s| !s.is_null()) {
        None => wrong.push(Wrong::required("spec.selector", "")),
        Some(selector) if empty(selector) => {
            let detail = format!("empty selector is invalid for {word}");
            wrong.push(Wrong::invalid("spec.selector", selector, &detail));
            matched = true;
        }
        Some(selector) => match LabelSelector::from_value(selector) {
            Ok(parsed) => matched = parsed.matches(|key| labels.str_at(&[key])),
            Err(_) => {
                wrong.push(Wrong::invalid("spec.selector", selector, "invalid label selector"));
                matched = true;
            }
        },
    }
    if !matched {
        let detail = "`selector` does not match template `labels`";
        wrong.push(Wrong::invalid("spec.template.metadata.labels", &labels, detail));
    }
    pods::spec(object.at(&["spec", "template", "spec"]), "spec.template.spec", wrong);
    let policy = object.at(&["spec", "template", "spec", "restartPolicy"]);
    if let Some(policy) = policy.filter(|p| always && p.as_str() != Some("Always")) {
        let path = "spec.template.spec.restartPolicy";
        wrong.push(Wrong::unsupported(path, policy, &["Always"]));
    }
}

pub(super) fn job(object: &Object, wrong: &mut Vec<Wrong>) {
    for field in ["parallelism", "completions", "backoffLimit"] {
        not_negative(object, &["spec", field], wrong);
    }
    pods::spec(object.at(&["spec", "template", "spec"]), "spec.template.spec", wrong);
    let policy =
        object.at(&["spec", "template", "spec", "restartPolicy"]).cloned().unwrap_or_else(|| "Always".into());
    if !matches!(policy.as_str(), Some("Never" | "OnFailure")) {
        let path = "spec.template.spec.restartPolicy";
        let known = ["OnFailure", "Never"];
        let lines: Vec<String> = known.iter().map(|k| format!("\"{k}\"")).collect();
        let message = match policy.as_str() {
            Some("Always") => format!("Required value: valid values: {}", lines.join(", ")),
            _ => format!("Unsupported value: {}: supported values: {}", policy.to_json(), lines.join(", ")),
        };
        let reason =
            if message.starts_with("Required") { "FieldValueRequired" } else { "FieldValueNotSupported" };
        wrong.push(Wrong { field: path.to_owned(), reason, message });
    }
}
