//! Requests and limits: names of resources, quantities, and how one binds the other.

use super::super::at::At;

const HUGE: &str = "hugepages-";
const STANDARD: [&str; 18] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];
/// Resources that are counted, not measured.
const COUNTED: [&str; 9] = [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_huge(name: &str) -> bool {
    name.starts_with(HUGE) || name.starts_with("requests.hugepages-")
}

pub(super) fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name) || ["storage", "requests.storage"].contains(&name) || is_huge(name)
}

/// A resource that anybody may define: of a domain that is not Kubernetes'.
pub(super) fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && name.len() <= 253 - "requests.".len()
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.split('/').next().is_some_and(|domain| domain.ends_with("kubernetes.io"))
}

fn is_integer(name: &str) -> bool {
    COUNTED.contains(&name) || is_extended(name)
}

/// The name of any resource.
pub(super) fn name(name: &str, at: At<'_>) -> bool {
    let before = at.found();
    for problem in tautline_grammar::names::qualified_name(name) {
        at.invalid_value(name, &problem);
    }
    if at.found() == before && !name.contains('/') && !is_standard(name) {
        at.invalid_value(name, "must be a standard resource type or fully qualified");
    }
    at.found() == before
}

/// The name of a resource that a container may have.
pub(super) fn container_name(resource: &str, at: At<'_>) {
    name(resource, at);
    if !resource.contains('/') {
        let known = ["cpu", "memory", "ephemeral-storage"].contains(&resource) || resource.starts_with(HUGE);
        if !known {
            at.invalid_value(resource, "must be a standard resource for containers");
        }
    } else if !is_native(resource) && !is_extended(resource) {
        at.invalid_value(resource, "doesn't follow extended resource name standard");
    }
}

/// A quantity of a resource.
pub(super) fn quantity(resource: &str, at: At<'_>) {
    at.quantity_not_negative();
    let whole = at.quantity().is_none_or(|q| q.to_millis() % 1000 == 0);
    if is_integer(resource) && !whole {
        at.invalid("must be an integer");
    }
}

fn may_overcommit(name: &str) -> bool {
    is_native(name) && !name.starts_with(HUGE)
}

/// What a pod costs beside its containers.
pub(in super::super) fn of_overhead(name: &str, amount: At<'_>) {
    container_name(name, amount);
    quantity(name, amount);
}

/// `resources` of a container.
pub(super) fn of_container(resources: At<'_>, spec: At<'_>) {
    requirements(resources, container_name);
    let known: Vec<&str> =
        spec.at("resourceClaims").list().iter().filter_map(|c| c.get("name")?.as_str()).collect();
    let mut seen = Vec::new();
    for claim in resources.at("claims").items() {
        let name = claim.at("name");
        if name.str().is_empty() {
            name.required("");
            continue;
        }
        let pair = (name.str(), claim.text("request"));
        if seen.contains(&pair) {
            match pair.1 {
                "" => claim.duplicate_value(pair.0),
                request => claim.duplicate_value(format!("{}/{request}", pair.0)),
            }
        }
        seen.push(pair);
        if !known.contains(&name.str()) {
            name.not_found();
        }
    }
}

/// `limits` and `requests`.
pub(super) fn requirements(resources: At<'_>, check_name: impl Fn(&str, At<'_>)) {
    let (limits, requests) = (resources.at("limits"), resources.at("requests"));
    for (name, limit) in limits.entries() {
        check_name(name, limit);
        quantity(name, limit);
    }
    for (name, request) in requests.entries() {
        check_name(name, request);
        quantity(name, request);
        match limits.get(name) {
            Some(_) => bound(name, request, limits, requests),
            None if may_overcommit(name) => {}
            None => limits.required("Limit must be set for non overcommitable resources"),
        }
    }
    let any =
        |found: fn(&str) -> bool| limits.entries().chain(requests.entries()).any(|(name, _)| found(name));
    if any(is_huge) && !any(|name| ["cpu", "memory"].contains(&name)) {
        resources.forbidden("HugePages require cpu or memory");
    }
}

fn bound<'a>(name: &'a str, request: At<'a>, limits: At<'a>, requests: At<'a>) {
    let limit = limits.key(name);
    let (Some(have), Some(most)) = (request.quantity(), limit.quantity()) else { return };
    let printed = request.value().cloned().unwrap_or_default();
    if have != most && !may_overcommit(name) {
        let detail = format!("must be equal to {name} limit of {}", most.canonical());
        requests.invalid_value(printed, &detail);
    } else if have > most {
        let detail = format!("must be less than or equal to {name} limit of {}", most.canonical());
        requests.invalid_value(printed, &detail);
    }
}

/// `resizePolicy`.
pub(super) fn resize_policy(policies: At<'_>, pod_policy: &str) {
    let mut seen = Vec::new();
    for policy in policies.items() {
        let (name, restart) = (policy.text("resourceName"), policy.text("restartPolicy"));
        if seen.contains(&name) {
            policy.duplicate_value(name);
        }
        seen.push(name);
        for (field, text, known) in [
            ("resourceName", name, ["cpu", "memory"]),
            ("restartPolicy", restart, ["NotRequired", "RestartContainer"]),
        ] {
            match text {
                "" => policies.required(""),
                text if known.contains(&text) => {}
                _ => policies.with(policy.get(field)).unsupported(&known),
            }
        }
        if pod_policy == "Never" && restart != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            policies.invalid_value(restart, detail);
        }
    }
}

/// A plain map of resources, such as a pod's `overhead`.
pub(super) fn requirements_of_map(map: At<'_>) {
    for (name, amount) in map.entries() {
        container_name(name, amount);
        quantity(name, amount);
    }
}
