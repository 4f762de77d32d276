//! Group autoscaling: HorizontalPodAutoscalers of all versions, checked as the newest.

use super::at::At;

const KINDS: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const EITHER: &str = "must set either a target raw value or a target utilization";
const NOT_BOTH: &str = "may not set both a target raw value and a target utilization";

pub(super) fn autoscaler(root: At<'_>) {
    let spec = root.at("spec");
    let (least, most) = (spec.at("minReplicas"), spec.at("maxReplicas"));
    let (low, high) = (least.int(), most.int().unwrap_or(0));
    if low.is_some_and(|low| high < low) {
        most.invalid_value(high, "must be greater than or equal to `minReplicas`");
    }
    target_ref(spec.at("scaleTargetRef"));
    metrics(spec.at("metrics"), low);
    behavior(spec.at("behavior"));
    if low.is_some_and(|low| low < 0) {
        least.late_invalid("must be greater than or equal to 0");
    }
    if high == 0 {
        most.late_required();
    } else if high < 0 {
        most.late_invalid("must be greater than or equal to 1");
    }
}

fn named(reference: At<'_>) {
    for field in ["kind", "name"] {
        if reference.at(field).needed() {
            reference.at(field).path_segment();
        }
    }
}

fn target_ref(reference: At<'_>) {
    named(reference);
    let version = reference.at("apiVersion");
    match version.str().matches('/').count() {
        _ if version.str() == "v1" => {}
        0 => version.invalid("apiVersion must specify API group"),
        1 => {}
        _ => version.invalid(&format!("unexpected GroupVersion string: {}", version.str())),
    }
}

fn metrics(metrics: At<'_>, low: Option<i64>) {
    let mut outside = false;
    for metric in metrics.items() {
        self::metric(metric);
        outside |= ["Object", "External"].contains(&metric.text("type"));
    }
    if low == Some(0) && !outside {
        let detail =
            "must specify at least one Object or External metric to support scaling to zero replicas";
        metrics.forbidden(detail);
    }
}

fn metric(metric: At<'_>) {
    let kind = metric.at("type");
    if kind.str().is_empty() {
        kind.required("must specify a metric source type");
    }
    if !KINDS.contains(&kind.str()) {
        kind.unsupported(&KINDS);
    }
    let mut present = Vec::new();
    for field in ["object", "external", "pods", "resource", "containerResource"] {
        if metric.has(field) {
            present.push(field);
            if present.len() == 1 {
                source(metric.at(field), field);
            }
        }
    }
    let own = match kind.str() {
        "Object" => "object",
        "Pods" => "pods",
        "Resource" => "resource",
        "External" => "external",
        "ContainerResource" => "containerResource",
        _ => return,
    };
    if !metric.has(own) {
        metric.at(own).required("must populate information for the given metric source");
    }
    if present.len() != 1 {
        for other in present.into_iter().filter(|field| *field != own) {
            metric.at(other).forbidden("must populate the given metric source only");
        }
    }
}

fn source(source: At<'_>, kind: &str) {
    if ["resource", "containerResource"].contains(&kind) && source.text("name").is_empty() {
        source.at("name").required("must specify a resource name");
    }
    if kind == "containerResource" {
        match source.text("container") {
            "" => source.at("container").required("must specify a container"),
            _ => source.at("container").dns_label(),
        }
    }
    if kind == "object" {
        named(source.at("describedObject"));
    }
    if ["object", "external", "pods"].contains(&kind) {
        identifier(source.at("metric"));
    }
    let of = source.at("target");
    target(of);
    let has = |field: &str| of.has(field);
    match kind {
        "resource" | "containerResource" => match (has("averageUtilization"), has("averageValue")) {
            (false, false) => of.at("averageUtilization").required(EITHER),
            (true, true) => of.at("averageValue").forbidden(NOT_BOTH),
            _ => {}
        },
        "object" if !has("value") && !has("averageValue") => {
            of.at("averageValue").required("must set either a target value or averageValue");
        }
        "external" => match (has("value"), has("averageValue")) {
            (false, false) => {
                let detail = "must set either a target value for metric or a per-pod target";
                of.at("averageValue").required(detail);
            }
            (true, true) => {
                let detail = "may not set both a target value for metric and a per-pod target";
                of.at("value").forbidden(detail);
            }
            _ => {}
        },
        "pods" if !has("averageValue") => {
            of.at("averageValue").required("must specify a positive target averageValue");
        }
        _ => {}
    }
}

fn identifier(metric: At<'_>) {
    let name = metric.at("name");
    match name.str() {
        "" => name.required("must specify a metric name"),
        _ => name.path_segment(),
    }
}

fn target(target: At<'_>) {
    let kind = target.at("type");
    if kind.str().is_empty() {
        kind.required("must specify a metric target type");
    }
    if !["Utilization", "Value", "AverageValue"].contains(&kind.str()) {
        kind.invalid("must be either Utilization, Value, or AverageValue");
    }
    for field in ["value", "averageValue"] {
        if target.at(field).quantity().is_some_and(|q| q.sign().is_le()) {
            target.at(field).invalid("must be positive");
        }
    }
    let share = target.at("averageUtilization");
    if share.int().is_some_and(|n| n < 1) {
        share.invalid("must be greater than 0");
    }
}

fn behavior(behavior: At<'_>) {
    for rules in ["scaleUp", "scaleDown"].into_iter().filter(|f| behavior.has(f)).map(|f| behavior.at(f)) {
        let window = rules.at("stabilizationWindowSeconds");
        match window.int() {
            Some(n) if n < 0 => window.invalid("must be greater than or equal to zero"),
            Some(n) if n > 3600 => window.invalid("must be less than or equal to 3600"),
            _ => {}
        }
        rules.at("selectPolicy").one_of_if_set(&["Disabled", "Max", "Min"]);
        let policies = rules.at("policies");
        if policies.list().is_empty() {
            policies.required("must specify at least one Policy");
        }
        for policy in policies.items() {
            policy.at("type").one_of(&["Percent", "Pods"]);
            for field in ["value", "periodSeconds"] {
                let n = policy.number(field).unwrap_or(0);
                if n <= 0 {
                    policy.at(field).invalid_value(n, "must be greater than zero");
                }
            }
            if policy.number("periodSeconds").is_some_and(|n| n > 1800) {
                policy.at("periodSeconds").invalid("must be less than or equal to 1800");
            }
        }
        if rules.has("tolerance") {
            rules.at("tolerance").quantity_not_negative();
        }
    }
}
