//! ResourceQuotas and LimitRanges.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::{Object, Value};
use tautline_grammar::Quantity;

use super::super::at::{At, Check};
use super::super::rules::IMMUTABLE;
use super::resources;

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];
/// Scopes that cannot both hold.
const CONFLICTS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];

/// A ResourceQuota.
pub(in super::super) fn quota(root: At<'_>) {
    let spec = root.at("spec");
    hard(spec.at("hard"));
    scopes(spec);
    if spec.has("scopeSelector") {
        selector(spec);
    }
    hard(root.at("status").at("hard"));
    hard(root.at("status").at("used"));
}

fn hard(hard: At<'_>) {
    for (name, amount) in hard.entries() {
        quota_name(name, amount);
        resources::quantity(name, amount);
    }
}

fn is_standard_quota(name: &str) -> bool {
    let plain = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits.")).unwrap_or(name);
    resources::is_standard(name)
        || ["cpu", "memory", "storage", "ephemeral-storage"].contains(&plain)
        || name.starts_with("requests.hugepages-")
}

fn quota_name(name: &str, at: At<'_>) {
    resources::name(name, at);
    if !name.contains('/') && !is_standard_quota(name) {
        at.invalid_value(name, "must be a standard resource for quota");
    }
}

/// Whether a scope says something about a resource.
fn scope_fits(scope: &str, resource: &str) -> bool {
    const COMPUTE: [&str; 9] = [
        "pods",
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "limits.cpu",
        "limits.memory",
        "count/pods",
    ];
    match scope {
        "BestEffort" => resource == "pods",
        "Terminating"
        | "NotTerminating"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => {
            COMPUTE.contains(&resource)
                || ["requests.ephemeral-storage", "limits.ephemeral-storage"].contains(&resource)
        }
        "VolumeAttributesClass" => ["persistentvolumeclaims", "requests.storage"].contains(&resource),
        _ => true,
    }
}

fn scopes(spec: At<'_>) {
    let at = spec.at("scopes");
    let mut seen = BTreeSet::new();
    for scope in at.list().iter().filter_map(Value::as_str) {
        if !SCOPES.contains(&scope) {
            at.invalid("unsupported scope");
        }
        for (name, _) in spec.at("hard").entries() {
            if is_standard_quota(name) && !scope_fits(scope, name) {
                at.invalid("unsupported scope applied to resource");
            }
        }
        seen.insert(scope);
    }
    conflicts(&seen, at);
}

fn conflicts(seen: &BTreeSet<&str>, at: At<'_>) {
    for pair in CONFLICTS {
        if pair.iter().all(|scope| seen.contains(scope)) {
            at.invalid("conflicting scopes");
        }
    }
}

/// `scopeSelector`. What is wrong is said of the list, not of the item.
fn selector<'a>(spec: At<'a>) {
    let all = spec.at("scopeSelector").at("matchExpressions");
    let mut seen = BTreeSet::new();
    for requirement in all.items() {
        let at = |field: &'a str| all.at(field).with(requirement.get(field));
        let scope = requirement.text("scopeName");
        if !SCOPES.contains(&scope) {
            at("scopeName").invalid("unsupported scope");
        }
        let operator = requirement.text("operator");
        if !["PriorityClass", "VolumeAttributesClass"].contains(&scope)
            && SCOPES.contains(&scope)
            && operator != "Exists"
        {
            let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                          ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                          ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            at("operator").invalid(detail);
        }
        let values = at("values");
        match operator {
            "In" | "NotIn" if values.list().is_empty() => {
                let detail =
                    "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                values.required(detail);
            }
            "Exists" | "DoesNotExist" if !values.list().is_empty() => {
                let detail =
                    "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                values.invalid(detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => at("operator").invalid("not a valid selector operator"),
        }
        seen.insert(scope);
    }
    conflicts(&seen, all.with(spec.get("scopes")));
}

/// What may change of a quota.
pub(in super::super) fn update_quota<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let set = |object: &'a Object| -> BTreeSet<&'a str> {
        object.list_at(&["spec", "scopes"]).iter().filter_map(Value::as_str).collect()
    };
    if set(old) != set(new) {
        let at = check.root(new).at("spec").at("scopes");
        at.invalid_go(&at.value().map_or("null".to_owned(), Value::to_json), IMMUTABLE);
    }
}

/// A LimitRange.
pub(in super::super) fn limit_range(root: At<'_>) {
    let mut kinds = BTreeSet::new();
    for limit in root.at("spec").at("limits").items() {
        let kind = limit.at("type");
        let problems = tautline_grammar::names::qualified_name(kind.str());
        let is_name = problems.is_empty();
        kind.all_invalid(problems);
        if is_name
            && !kind.str().contains('/')
            && !["Pod", "Container", "PersistentVolumeClaim"].contains(&kind.str())
        {
            kind.invalid("must be a standard limit type or fully qualified");
        }
        if !kinds.insert(kind.str()) {
            kind.duplicate();
        }
        bounds(limit, kind.str());
    }
}

fn bounds<'a>(limit: At<'a>, kind: &str) {
    let check = |name: &str, at: At<'_>| match kind {
        "Pod" | "Container" => resources::container_name(name, at),
        _ => drop(resources::name(name, at)),
    };
    let mut amounts: BTreeMap<&'a str, BTreeMap<&'static str, Quantity>> = BTreeMap::new();
    for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        if kind == "Pod" && field.starts_with("default") {
            if !limit.at(field).is_empty() {
                limit.at(field).forbidden("may not be specified when `type` is 'Pod'");
            }
            continue;
        }
        if field == "maxLimitRequestRatio" && kind == "PersistentVolumeClaim" {
            let has = |field: &'a str| limit.at(field).has("storage");
            if !has("min") && !has("max") {
                let detail = "either minimum or maximum storage value is required, but neither was provided";
                limit.at("limits").required(detail);
            }
        }
        for (name, amount) in limit.at(field).entries() {
            check(name, amount);
            if let Some(quantity) = amount.quantity() {
                amounts.entry(name).or_default().insert(field, quantity);
            }
        }
    }
    for (name, of) in amounts {
        order(limit, name, &of);
    }
}

/// The bounds of one resource against each other: which, against which, whose value is shown, and the words.
fn order<'a>(limit: At<'a>, name: &'a str, of: &BTreeMap<&'static str, Quantity>) {
    const RULES: [(&str, &str, &str, &str, &str, &str); 6] = [
        ("min", "max", "min", "min", "min value", "max value"),
        ("min", "defaultRequest", "defaultRequest", "defaultRequest", "min value", "default request value"),
        ("defaultRequest", "max", "defaultRequest", "defaultRequest", "default request value", "max value"),
        (
            "defaultRequest",
            "default",
            "defaultRequest",
            "defaultRequest",
            "default request value",
            "default limit value",
        ),
        ("min", "default", "default", "min", "min value", "default value"),
        ("default", "max", "default", "max", "default value", "max value"),
    ];
    for (low, high, at, shown, low_word, high_word) in RULES {
        if let (Some(least), Some(most)) = (of.get(low), of.get(high))
            && least > most
            && let Some(value) = of.get(shown)
        {
            let detail =
                format!("{low_word} {} is greater than {high_word} {}", least.canonical(), most.canonical());
            limit.at(at).key(name).invalid_value(value.canonical(), &detail);
        }
    }
    let Some(ratio) = of.get("maxLimitRequestRatio") else { return };
    let at = limit.at("maxLimitRequestRatio").key(name);
    if *ratio < Quantity::from_i64(1) {
        at.invalid_value(ratio.canonical(), &format!("ratio {} is less than 1", ratio.canonical()));
    }
    if let (Some(min), Some(max)) = (of.get("min"), of.get("max")) {
        let most = max.to_f64() / min.to_f64();
        if ratio.to_f64() > most {
            let detail = format!("ratio {} is greater than max/min = {most:.6}", ratio.canonical());
            at.invalid_value(ratio.canonical(), &detail);
        }
    }
}
