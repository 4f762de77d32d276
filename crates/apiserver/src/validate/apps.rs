//! Group apps: Deployments, ReplicaSets, StatefulSets, DaemonSets, ControllerRevisions.

use tautline_core::{Object, Value};
use tautline_grammar::LabelSelector;

use super::at::{At, Check};
use super::core::{claims, pods};
use super::go;
use super::texts::percent;

pub(super) fn deployment(root: At<'_>) {
    let spec = root.at("spec");
    replicas_and_template(spec);
    strategy(spec.at("strategy"));
    spec.at("minReadySeconds").not_negative();
    spec.at("revisionHistoryLimit").not_negative();
    let deadline = spec.at("progressDeadlineSeconds");
    deadline.not_negative();
    if deadline.int().is_some_and(|n| n <= spec.number("minReadySeconds").unwrap_or(0)) {
        deadline.invalid("must be greater than minReadySeconds");
    }
}

pub(super) fn replica_set(root: At<'_>) {
    let spec = root.at("spec");
    spec.at("replicas").not_negative();
    spec.at("minReadySeconds").not_negative();
    selector_and_template(spec);
}

fn replicas_and_template(spec: At<'_>) {
    spec.at("replicas").not_negative();
    selector_and_template(spec);
}

/// The selector of a Deployment or ReplicaSet, which share their words, and its template.
fn selector_and_template(spec: At<'_>) {
    let selector = spec.at("selector");
    if selector.is_set() {
        selector.label_selector();
        not_empty(selector, "deployment");
    } else {
        selector.required("");
    }
    let template = spec.at("template");
    let nothing = Value::Null;
    match LabelSelector::from_value(selector.value().unwrap_or(&nothing)) {
        Err(_) => selector.invalid_go(&go::label_selector(selector.value()), "invalid label selector"),
        Ok(parsed) => {
            if !parsed.requirements().is_empty() || !selector.is_set() {
                matches(selector, &parsed, template);
            }
            pods::template(template);
            always(template, "ReplicaSet");
        }
    }
}

fn not_empty(selector: At<'_>, kind: &str) {
    if selector.at("matchLabels").is_empty() && selector.at("matchExpressions").is_empty() {
        let detail = format!("empty selector is invalid for {kind}");
        selector.invalid_go(&go::label_selector(selector.value()), &detail);
    }
}

/// The template's labels must be selected. Nothing selects where there is no selector.
fn matches(selector: At<'_>, parsed: &LabelSelector, template: At<'_>) {
    let labels = template.at("metadata").at("labels");
    let fits = selector.is_set() && parsed.matches(|key| labels.get(key).and_then(Value::as_str));
    if !fits {
        let printed = labels.value().map_or("null".to_owned(), Value::to_json);
        labels.invalid_go(&printed, "`selector` does not match template `labels`");
    }
}

/// Pods of these kinds are restarted for ever.
fn always(template: At<'_>, kind: &str) {
    let spec = template.at("spec");
    if spec.text("restartPolicy") != "Always" {
        spec.at("restartPolicy").unsupported(&["Always"]);
    }
    if spec.has("activeDeadlineSeconds") {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        spec.at("activeDeadlineSeconds").forbidden(&detail);
    }
}

fn strategy(strategy: At<'_>) {
    let rolling = strategy.at("rollingUpdate");
    match strategy.text("type") {
        "Recreate" => {
            if rolling.is_set() {
                rolling.forbidden("may not be specified when strategy `type` is 'Recreate'");
            }
        }
        "RollingUpdate" if !rolling.is_set() => {
            rolling.required("this should be defaulted and never be nil");
        }
        "RollingUpdate" => {
            let (down, up) = (rolling.at("maxUnavailable"), rolling.at("maxSurge"));
            amount(down);
            amount(up);
            if number(down) == 0 && number(up) == 0 {
                down.invalid_value(
                    down.value().cloned().unwrap_or(Value::Int(0)),
                    "may not be 0 when `maxSurge` is 0",
                );
            }
            at_most_all(down);
        }
        _ => {
            let printed = go::print("DeploymentStrategy", strategy.value());
            strategy.unsupported_go(&printed, &["Recreate", "RollingUpdate"]);
        }
    }
}

/// A number not below zero, or a percentage.
pub(super) fn amount(at: At<'_>) {
    match at.value() {
        Some(Value::String(text)) => at.all_invalid(percent(text)),
        _ => at.not_negative(),
    }
}

fn number(at: At<'_>) -> i64 {
    match at.value() {
        Some(Value::String(text)) => text.trim_end_matches('%').parse().unwrap_or(0),
        _ => at.int().unwrap_or(0),
    }
}

pub(super) fn at_most_all(at: At<'_>) {
    if percent(at.str()).is_empty() && number(at) > 100 {
        at.invalid("must not be greater than 100%");
    }
}

pub(super) fn stateful_set(root: At<'_>, is_new: bool) {
    let spec = root.at("spec");
    let policy = spec.at("podManagementPolicy");
    match policy.str() {
        "" => policy.required(""),
        "OrderedReady" | "Parallel" => {}
        _ => policy.invalid("must be 'OrderedReady' or 'Parallel'"),
    }
    stateful_strategy(spec.at("updateStrategy"));
    let retention = spec.at("persistentVolumeClaimRetentionPolicy");
    for field in ["whenDeleted", "whenScaled"].into_iter().filter(|_| retention.is_set()) {
        retention.at(field).one_of(&["Retain", "Delete"]);
    }
    // They never change: old ones are not looked at again.
    for template in spec.at("volumeClaimTemplates").items().filter(|_| is_new) {
        claims::spec(template.at("spec"));
    }
    spec.at("replicas").not_negative();
    spec.at("minReadySeconds").not_negative();
    if spec.has("ordinals") {
        spec.at("ordinals.start").with(spec.at("ordinals").get("start")).not_negative();
    }
    spec.at("revisionHistoryLimit").not_negative();
    if !spec.text("serviceName").is_empty() {
        spec.at("serviceName").dns_label();
    }
    let selector = spec.at("selector");
    if selector.is_set() {
        selector.label_selector();
        not_empty(selector, "statefulset");
    } else {
        selector.required("");
    }
    let nothing = Value::Null;
    match LabelSelector::from_value(selector.value().unwrap_or(&nothing)) {
        Err(_) => selector.invalid_go(&go::label_selector(selector.value()), ""),
        Ok(parsed) => {
            if !parsed.requirements().is_empty() || !selector.is_set() {
                matches(selector, &parsed, spec.at("template"));
            }
            pods::template_with(spec.at("template"), spec.at("volumeClaimTemplates"));
        }
    }
    always(spec.at("template"), "StatefulSet");
}

fn stateful_strategy(strategy: At<'_>) {
    let rolling = strategy.at("rollingUpdate");
    match strategy.text("type") {
        "" => strategy.required(""),
        "OnDelete" => {
            if rolling.is_set() {
                let printed = go::print("RollingUpdateStatefulSetStrategy", rolling.value());
                let detail = "only allowed for updateStrategy 'RollingUpdate'";
                rolling.invalid_go(&printed, detail);
            }
        }
        "RollingUpdate" => {
            rolling.at("partition").not_negative();
            let down = rolling.at("maxUnavailable");
            if down.is_set() {
                amount(down);
                if number(down) == 0 {
                    down.invalid("cannot be 0");
                }
                at_most_all(down);
            }
        }
        _ => {
            let printed = go::print("StatefulSetUpdateStrategy", strategy.value());
            strategy.invalid_go(&printed, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

pub(super) fn daemon_set(root: At<'_>) {
    let spec = root.at("spec");
    let selector = spec.at("selector");
    selector.label_selector();
    let nothing = Value::Null;
    if let Ok(parsed) = LabelSelector::from_value(selector.value().unwrap_or(&nothing)) {
        matches(selector, &parsed, spec.at("template"));
    }
    if selector.is_set() {
        not_empty(selector, "daemonset");
    }
    pods::template(spec.at("template"));
    always(spec.at("template"), "DaemonSet");
    spec.at("minReadySeconds").not_negative();
    daemon_strategy(spec.at("updateStrategy"));
    spec.at("revisionHistoryLimit").not_negative();
}

fn daemon_strategy(strategy: At<'_>) {
    let rolling = strategy.at("rollingUpdate");
    match strategy.text("type") {
        "OnDelete" => {}
        "RollingUpdate" if !rolling.is_set() => rolling.required(""),
        "RollingUpdate" => {
            let (down, up) = (rolling.at("maxUnavailable"), rolling.at("maxSurge"));
            amount(down);
            amount(up);
            at_most_all(down);
            at_most_all(up);
            match (number(down) != 0, number(up) != 0) {
                (true, true) => up.invalid("may not be set when maxUnavailable is non-zero"),
                (false, false) => down.required("cannot be 0 when maxSurge is 0"),
                _ => {}
            }
        }
        _ => {
            let printed = go::print("DaemonSetUpdateStrategy", strategy.value());
            strategy.unsupported_go(&printed, &["RollingUpdate", "OnDelete"]);
        }
    }
}

pub(super) fn controller_revision(root: At<'_>) {
    root.at("revision").not_negative();
    match root.get("data") {
        None => root.at("data").required("data is mandatory"),
        Some(Value::Map(_)) => {}
        Some(_) => root.at("data").required("data must be a valid JSON object"),
    }
}

/// What may change: not the selector.
pub(super) fn update_selector<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let at = check.root(new).at("spec").at("selector");
    if new.at(&["spec", "selector"]) != old.at(&["spec", "selector"]) {
        at.invalid_go(&go::label_selector(at.value()), super::rules::IMMUTABLE);
    }
}

/// What may change of a StatefulSet.
pub(super) fn update_stateful_set<'a>(
    check: &'a Check<'a>,
    old: &'a Object,
    new: &'a Object,
    is_applied: bool,
) {
    const FIXED: [&str; 4] = ["selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy"];
    let spec = check.root(new).at("spec");
    let changed: Vec<&&str> =
        FIXED.iter().filter(|field| old.at(&["spec", field]) != new.at(&["spec", field])).collect();
    for field in &changed {
        let at = spec.at(field);
        let printed = match **field {
            "selector" => go::label_selector(at.value()),
            // An apply leaves an empty list behind, other writes none.
            "volumeClaimTemplates" if !at.is_set() && !is_applied => "null".to_owned(),
            "volumeClaimTemplates" => go::print("[]PersistentVolumeClaim", at.value()),
            _ => Value::from(at.str()).to_json(),
        };
        at.invalid_go(&printed, super::rules::IMMUTABLE);
    }
}

/// What may change of a ControllerRevision.
pub(super) fn update_revision<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    if old.get("data") != new.get("data") {
        let at = check.root(new).at("data");
        at.invalid_go(&at.value().map_or("null".to_owned(), Value::to_json), super::rules::IMMUTABLE);
    }
}
