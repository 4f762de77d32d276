//! Groups policy, rbac.authorization.k8s.io, scheduling.k8s.io and coordination.k8s.io.

use tautline_core::{Object, Value};

use super::apps::{amount, at_most_all};
use super::at::{At, Check};
use super::go;
use super::rules::IMMUTABLE;

const RBAC: &str = "rbac.authorization.k8s.io";
/// The highest priority that users may give.
const HIGHEST: i64 = 1_000_000_000;

pub(super) fn disruption_budget(root: At<'_>) {
    let spec = root.at("spec");
    if spec.has("minAvailable") && spec.has("maxUnavailable") {
        let printed = go::print("PodDisruptionBudgetSpec", spec.value());
        spec.invalid_go(&printed, "minAvailable and maxUnavailable cannot be both set");
    }
    for field in ["minAvailable", "maxUnavailable"].into_iter().filter(|field| spec.has(field)) {
        amount(spec.at(field));
        at_most_all(spec.at(field));
    }
    spec.at("selector").label_selector();
    spec.at("unhealthyPodEvictionPolicy").one_of_if_set(&["AlwaysAllow", "IfHealthyBudget"]);
}

/// Roles and ClusterRoles.
pub(super) fn role(root: At<'_>, is_namespaced: bool) {
    for rule in root.at("rules").items() {
        self::rule(rule, is_namespaced);
    }
    if root.has("aggregationRule") {
        let selectors = root.at("aggregationRule").at("clusterRoleSelectors");
        if selectors.list().is_empty() {
            selectors.required("at least one clusterRoleSelector required if aggregationRule is non-nil");
        }
        for selector in selectors.items() {
            selector.label_selector();
            let parsed =
                tautline_grammar::LabelSelector::from_value(selector.value().unwrap_or(&Value::Null));
            if parsed.is_err() {
                selector.invalid_go(&go::label_selector(selector.value()), "invalid label selector.");
            }
        }
    }
}

fn rule(rule: At<'_>, is_namespaced: bool) {
    let list = |field: &'static str| rule.at(field).list();
    if list("verbs").is_empty() {
        rule.at("verbs").late_required();
    }
    if !list("nonResourceURLs").is_empty() {
        let at = rule.at("nonResourceURLs");
        if is_namespaced {
            at.invalid("namespaced rules cannot apply to non-resource URLs");
        }
        if ["apiGroups", "resources", "resourceNames"].into_iter().any(|field| !list(field).is_empty()) {
            at.invalid("rules cannot apply to both regular resources and non-resource URLs");
        }
        return;
    }
    if list("apiGroups").is_empty() {
        rule.at("apiGroups").required("resource rules must supply at least one api group");
    }
    if list("resources").is_empty() {
        rule.at("resources").required("resource rules must supply at least one resource");
    }
}

/// RoleBindings and ClusterRoleBindings.
pub(super) fn binding(root: At<'_>, is_namespaced: bool) {
    let role = root.at("roleRef");
    if role.text("apiGroup") != RBAC {
        role.at("apiGroup").unsupported(&[RBAC]);
    }
    let known: &[&str] = if is_namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    role.at("kind").one_of(known);
    match role.text("name") {
        "" => role.at("name").late_required(),
        _ => role.at("name").path_segment(),
    }
    for subject in root.at("subjects").items() {
        self::subject(subject, is_namespaced);
    }
}

fn subject(subject: At<'_>, is_namespaced: bool) {
    let name = subject.at("name");
    if name.str().is_empty() {
        name.late_required();
    }
    let group = subject.at("apiGroup");
    match subject.text("kind") {
        "ServiceAccount" => {
            if !name.str().is_empty() {
                name.dns_subdomain();
            }
            if !group.str().is_empty() {
                group.unsupported(&[""]);
            }
            if !is_namespaced && subject.text("namespace").is_empty() {
                subject.at("namespace").required("");
            }
        }
        "User" | "Group" if group.str() != RBAC => group.unsupported(&[RBAC]),
        "User" | "Group" => {}
        _ => subject.at("kind").unsupported(&["ServiceAccount", "User", "Group"]),
    }
}

/// What may change of a binding: not the role.
pub(super) fn update_binding<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    if old.get("roleRef") != new.get("roleRef") {
        let at = check.root(new).at("roleRef");
        at.invalid_go(&go::print("RoleRef", at.value()), IMMUTABLE);
    }
}

pub(super) fn priority_class(root: At<'_>) {
    let name = root.at("metadata").at("name");
    if name.str().starts_with("system-")
        && !["system-node-critical", "system-cluster-critical"].contains(&name.str())
    {
        let detail = format!(
            "priority class names with 'system-' prefix are reserved for system use only. error: {} is not a known \
             system priority class",
            name.str()
        );
        name.forbidden(&detail);
    } else if root.number("value").is_some_and(|n| n > HIGHEST) {
        let detail = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        root.at("value").forbidden(&detail);
    }
    if root.has("preemptionPolicy") {
        root.at("preemptionPolicy").one_of(&["PreemptLowerPriority", "Never"]);
    }
}

pub(super) fn update_priority_class<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let (root, before) = (check.root(new), check.root(old));
    if root.number("value").unwrap_or(0) != before.number("value").unwrap_or(0) {
        root.at("value").forbidden("may not be changed in an update.");
    }
    root.at("preemptionPolicy").unchanged(before.at("preemptionPolicy"));
}

/// A RuntimeClass.
pub(super) fn runtime_class(root: At<'_>) {
    let handler = root.at("handler");
    match handler.str() {
        "" => handler.late_required(),
        text => {
            tautline_grammar::names::dns_label(text).iter().for_each(|problem| handler.late_invalid(problem))
        }
    }
    let overhead = root.at("overhead");
    for (name, amount) in overhead.at("podFixed").entries() {
        super::core::resources::of_overhead(name, overhead.at("limits").key(name).with(amount.value()));
    }
    let scheduling = root.at("scheduling");
    if scheduling.is_set() {
        scheduling.at("nodeSelector").labels();
        super::core::scheduling::tolerations(scheduling.at("tolerations"));
        unlike(scheduling.at("tolerations"));
    }
}

/// Tolerations that differ in nothing but their time are the same.
fn unlike(tolerations: At<'_>) {
    let mut known = Vec::new();
    for toleration in tolerations.items() {
        let key = ["key", "operator", "value", "effect"].map(|field| toleration.text(field));
        if known.contains(&key) {
            let printed = go::print("Toleration", toleration.value());
            let message = format!("Duplicate value: {printed}");
            let field = toleration.path();
            toleration.push(crate::failure::Wrong { field, reason: "FieldValueDuplicate", message });
        }
        known.push(key);
    }
}

/// What may change of a RuntimeClass: not the handler.
pub(super) fn update_runtime_class<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    check.root(new).at("handler").unchanged(check.root(old).at("handler"));
}

pub(super) fn lease(root: At<'_>) {
    let spec = root.at("spec");
    spec.at("leaseDurationSeconds").positive();
    spec.at("leaseTransitions").not_negative();
    if spec.has("preferredHolder") && spec.text("strategy").is_empty() {
        spec.at("preferredHolder").forbidden("may only be specified if `strategy` is defined");
    }
}
