//! Where a pod may run: affinity, tolerations, topology spread, gates.

use tautline_grammar::names;

use super::super::at::At;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn affinity(affinity: At<'_>) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    let node = affinity.at("nodeAffinity");
    if node.has(REQUIRED) {
        node_selector(node.at(REQUIRED));
    }
    for term in node.at(PREFERRED).items() {
        weight(term);
        node_term(term.at("preference"), false);
    }
    for pods in [affinity.at("podAffinity"), affinity.at("podAntiAffinity")] {
        pods.at(REQUIRED).items().for_each(pod_term);
        for term in pods.at(PREFERRED).items() {
            weight(term);
            pod_term(term.at("podAffinityTerm"));
        }
    }
}

fn weight(term: At<'_>) {
    let weight = term.number("weight").unwrap_or(0);
    if !(1..=100).contains(&weight) {
        term.at("weight").invalid_value(weight, "must be in the range 1-100");
    }
}

pub(super) fn node_selector(selector: At<'_>) {
    let terms = selector.at("nodeSelectorTerms");
    if terms.list().is_empty() {
        return terms.required("must have at least one node selector term");
    }
    terms.items().for_each(|term| node_term(term, true));
}

fn node_term(term: At<'_>, checks_values: bool) {
    for requirement in term.at("matchExpressions").items() {
        let values = requirement.at("values");
        match requirement.text("operator") {
            "In" | "NotIn" if values.list().is_empty() => {
                values.required("must be specified when `operator` is 'In' or 'NotIn'");
            }
            "Exists" | "DoesNotExist" if !values.list().is_empty() => {
                values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }
            "Gt" | "Lt" if values.list().len() != 1 => {
                values.required("must be specified single value when `operator` is 'Lt' or 'Gt'");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            _ => requirement.at("operator").invalid("not a valid selector operator"),
        }
        requirement.at("key").qualified_name();
        if checks_values {
            values.items().for_each(|value| value.all_invalid(names::label_value(value.str())));
        }
    }
    for requirement in term.at("matchFields").items() {
        let values = requirement.at("values");
        match requirement.text("operator") {
            "In" | "NotIn" if values.list().len() != 1 => {
                let detail =
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                values.required(detail);
            }
            "In" | "NotIn" => {}
            _ => requirement.at("operator").invalid("not a valid selector operator"),
        }
        match requirement.text("key") {
            "metadata.name" => values.items().for_each(At::dns_subdomain),
            _ => requirement.at("key").invalid("not a valid field selector key"),
        }
    }
}

fn pod_term(term: At<'_>) {
    term.at("labelSelector").label_selector();
    term.at("namespaceSelector").label_selector();
    for name in term.at("namespaces").items() {
        for problem in names::dns_label(name.str()) {
            term.at("namespace").invalid_value(name.str(), &problem);
        }
    }
    let key = term.at("topologyKey");
    if key.str().is_empty() {
        key.required("can not be empty");
    }
    key.qualified_name();
}

/// A taint's effect.
pub(super) fn effect(effect: At<'_>) {
    effect.one_of(&EFFECTS);
}

pub(in super::super) fn tolerations(tolerations: At<'_>) {
    for toleration in tolerations.items() {
        let (key, operator) = (toleration.at("key"), toleration.at("operator"));
        if !key.str().is_empty() {
            key.qualified_name();
        }
        if key.str().is_empty() && operator.str() != "Exists" {
            let detail =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            operator.invalid(detail);
        }
        let effect = toleration.at("effect");
        if toleration.has("tolerationSeconds") && effect.str() != "NoExecute" {
            effect.invalid("effect must be 'NoExecute' when `tolerationSeconds` is set");
        }
        let value = toleration.text("value");
        match operator.str() {
            "Equal" | "" => {
                let problems = names::label_value(value);
                if !problems.is_empty() {
                    operator.invalid_value(value, &problems.join(";"));
                }
            }
            "Exists" if !value.is_empty() => {
                operator.invalid_value(value, "value must be empty when `operator` is 'Exists'");
            }
            "Exists" => {}
            "Lt" | "Gt" => operator.unsupported(&["Equal", "Exists", "Lt", "Gt"]),
            _ => operator.unsupported(&["Equal", "Exists"]),
        }
        if !effect.str().is_empty() {
            self::effect(effect);
        }
    }
}

pub(super) fn topology_spread(constraints: At<'_>) {
    let pair = |at: At<'_>| (at.text("topologyKey").to_owned(), at.text("whenUnsatisfiable").to_owned());
    let pairs: Vec<_> = constraints.items().map(pair).collect();
    for (i, constraint) in constraints.items().enumerate() {
        let skew = constraint.number("maxSkew").unwrap_or(0);
        if skew <= 0 {
            constraint.at("maxSkew").invalid_value(skew, "must be greater than zero");
        }
        if constraint.text("topologyKey").is_empty() {
            constraint.at("topologyKey").required("can not be empty");
        }
        let action = constraint.at("whenUnsatisfiable");
        action.one_of(&["DoNotSchedule", "ScheduleAnyway"]);
        let domains = constraint.at("minDomains");
        domains.positive();
        if domains.is_set() && action.str() != "DoNotSchedule" {
            let detail =
                format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", action.str());
            domains.invalid(&detail);
        }
        if let Some((key, action)) = pairs.get(i).filter(|own| pairs.iter().skip(i + 1).any(|p| p == *own)) {
            let at = constraint.at("{topologyKey, whenUnsatisfiable}");
            at.duplicate_value(format!("{{{key}, {action}}}"));
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            constraint.at(policy).one_of_if_set(&["Honor", "Ignore"]);
        }
        constraint.at("labelSelector").label_selector();
    }
}

/// `schedulingGates`.
pub(super) fn gates(gates: At<'_>) {
    let mut seen = Vec::new();
    for gate in gates.items() {
        let name = gate.text("name");
        names::qualified_name(name).iter().for_each(|p| gate.invalid_value(name, p));
        if seen.contains(&name) {
            gate.duplicate_value(name);
        }
        seen.push(name);
    }
}
