//! Pods and templates for pods.

use tautline_core::{Map, Object, Value};
use tautline_grammar::names;

use super::super::at::{At, Check};
use super::super::texts::ip;
use super::super::{go, meta};
use super::containers::{self, Around};
use super::{resources, scheduling, security, volumes};

/// A pod.
pub(in super::super) fn pod(root: At<'_>, is_new: bool) {
    spec(root.at("spec"));
    let spec = root.at("spec");
    if spec.is_true("hostNetwork") {
        host_network(spec, true);
    }
    containers::only_in_pods(spec);
    if is_new && !spec.at("ephemeralContainers").list().is_empty() {
        spec.at("ephemeralContainers").forbidden("cannot be set on create");
    }
}

/// A template for pods: its labels, annotations and spec.
pub(in super::super) fn template(template: At<'_>) {
    with_spec(template, None);
}

fn with_spec<'a>(template: At<'a>, claims: Option<At<'a>>) {
    let metadata = template.at("metadata");
    // The server speaks of them as if they stood in the template itself.
    template.at("labels").with(metadata.get("labels")).labels();
    meta::annotations(template.at("annotations").with(metadata.get("annotations")));
    spec_with(template.at("spec"), claims);
    if template.at("spec").is_true("hostNetwork") {
        host_network(template.at("spec"), false);
    }
    if !template.at("spec").at("ephemeralContainers").list().is_empty() {
        template
            .at("spec")
            .at("ephemeralContainers")
            .forbidden("ephemeral containers not allowed in pod template");
    }
}

/// The template of a StatefulSet, whose claims are volumes too.
pub(in super::super) fn template_with<'a>(template: At<'a>, claims: At<'a>) {
    with_spec(template, Some(claims));
}

/// The spec of a pod.
pub(in super::super) fn spec(spec: At<'_>) {
    spec_with(spec, None);
}

/// The same with volumes that claims will bring.
fn spec_with<'a>(spec: At<'a>, claims: Option<At<'a>>) {
    if !spec.has("terminationGracePeriodSeconds") {
        spec.at("terminationGracePeriodSeconds").required("");
    }
    let sound = volumes::all(spec.at("volumes"));
    let around = Around::of(spec, claims, &sound);
    containers::regular(around);
    containers::init(around);
    containers::ephemeral(around);
    resources::requirements(spec.at("resources"), |name, at| {
        let known = ["cpu", "memory"].contains(&name) || name.starts_with("hugepages-");
        if resources::name(name, at) && !known {
            at.unsupported_go(&Value::string(name).to_json(), &["cpu", "hugepages-", "memory"]);
        }
    });
    policies(spec);
    spec.at("nodeSelector").labels();
    security::of_pod(spec.at("securityContext"));
    if spec.is_true("shareProcessNamespace") && spec.is_true("hostPID") {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        spec.at("shareProcessNamespace").invalid(detail);
    }
    scheduling::affinity(spec.at("affinity"));
    dns(spec);
    for gate in spec.at("readinessGates").items() {
        gate.at("conditionType").qualified_name();
    }
    scheduling::gates(spec.at("schedulingGates"));
    scheduling::topology_spread(spec.at("topologySpreadConstraints"));
    host_users(spec);
    names_of(spec);
    scheduling::tolerations(spec.at("tolerations"));
    for alias in spec.at("hostAliases").items() {
        alias.at("ip").all_invalid(ip(alias.text("ip")));
        alias.at("hostnames").items().for_each(At::dns_subdomain);
    }
    for field in ["priorityClassName", "runtimeClassName"] {
        if !spec.text(field).is_empty() {
            spec.at(field).dns_subdomain();
        }
    }
    if spec.has("preemptionPolicy") {
        spec.at("preemptionPolicy").one_of(&["PreemptLowerPriority", "Never"]);
    }
    if spec.has("overhead") {
        resources::requirements_of_map(spec.at("overhead").at("limits").with(spec.get("overhead")));
    }
    if spec.has("os") {
        os(spec);
    }
}

fn policies(spec: At<'_>) {
    for (field, known) in [
        ("restartPolicy", ["Always", "OnFailure", "Never"].as_slice()),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ] {
        if spec.at(field).needed() {
            spec.at(field).one_of(known);
        }
    }
}

fn names_of(spec: At<'_>) {
    for field in ["serviceAccountName", "nodeName"] {
        if !spec.text(field).is_empty() {
            spec.at(field).dns_subdomain();
        }
    }
    spec.at("activeDeadlineSeconds").within(1, i64::from(i32::MAX));
    for field in ["hostname", "subdomain"] {
        if !spec.text(field).is_empty() {
            spec.at(field).dns_label();
        }
    }
}

fn host_network(spec: At<'_>, is_pod: bool) {
    for container in spec.at("containers").items() {
        for port in container.at("ports").items() {
            let (host, own) =
                (port.number("hostPort").unwrap_or(0), port.number("containerPort").unwrap_or(0));
            if (is_pod || host != 0) && host != own {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                port.at("hostPort").invalid_value(host, detail);
            }
        }
    }
}

fn host_users(spec: At<'_>) {
    if spec.get("hostUsers").and_then(Value::as_bool) != Some(false) {
        return;
    }
    for (field, shown) in [("hostNetwork", "HostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec.is_true(field) {
            spec.at(shown).forbidden("when `hostUsers` is false");
        }
    }
}

fn dns(spec: At<'_>) {
    let config = spec.at("dnsConfig");
    let servers = config.at("nameservers");
    if spec.text("dnsPolicy") == "None" {
        if !config.is_set() {
            return config.required("must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.list().is_empty() {
            return servers.required("must provide at least one DNS nameserver when `dnsPolicy` is None");
        }
    }
    if servers.list().len() > 3 {
        servers.invalid("must not have more than 3 nameservers");
    }
    servers.items().for_each(|server| server.all_invalid(ip(server.str())));
    let searches = config.at("searches");
    if searches.list().len() > 32 {
        searches.invalid("must not have more than 32 search paths");
    }
    let total: usize = searches.list().iter().filter_map(Value::as_str).map(|s| s.len() + 1).sum();
    if total > 2049 {
        searches.invalid("must not have more than 2048 characters (including spaces) in the search list");
    }
    for search in searches.items().filter(|search| search.str() != ".") {
        let plain = search.str().trim_end_matches('.').replace('_', "-");
        if !names::dns_subdomain(&plain).is_empty() {
            search.all_invalid(names::dns_subdomain(search.str().trim_end_matches('.')));
        }
    }
    for option in config.at("options").items().filter(|option| option.text("name").is_empty()) {
        option.required("must not be empty");
    }
}

fn os(spec: At<'_>) {
    let name = spec.at("os").at("name");
    if name.str().is_empty() {
        return name.required("cannot be empty");
    }
    if !["linux", "windows"].contains(&name.str()) {
        spec.at("os").with(name.value()).unsupported(&["linux", "windows"]);
    }
    let context = spec.at("securityContext");
    if name.str() == "linux" && context.has("windowsOptions") {
        context.at("windowsOptions").forbidden("windows options cannot be set for a linux pod");
    }
}

/// What may change of a pod.
pub(in super::super) fn update<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let (root, before) = (check.root(new).at("spec"), check.root(old).at("spec"));
    for field in ["containers", "initContainers"] {
        if root.at(field).len() != before.at(field).len() {
            return root.at(field).forbidden("pod updates may not add or remove containers");
        }
        for container in root.at(field).items() {
            container.at("image").needed();
        }
    }
    if deadline(root, before) {
        return;
    }
    tolerations(root, before);
    let known: Vec<&str> = before.at("schedulingGates").items().map(|gate| gate.text("name")).collect();
    for gate in root.at("schedulingGates").items().filter(|gate| !known.contains(&gate.text("name"))) {
        let detail =
            format!("only deletion is allowed, but found new scheduling gate '{}'", gate.text("name"));
        gate.at("name").forbidden(&detail);
    }
    let after = munged(old, new);
    let before = old.get("spec").cloned().unwrap_or_default();
    if after != before {
        let difference = go::difference("PodSpec", &before, &after);
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,\
                      `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions \
                      to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it \
                      was previously negative)";
        root.forbidden(&format!("{detail}\n{difference}"));
    }
}

/// Whether nothing more is to be said.
fn deadline(new: At<'_>, old: At<'_>) -> bool {
    let at = new.at("activeDeadlineSeconds");
    match (at.int(), old.number("activeDeadlineSeconds")) {
        (Some(seconds), _) if !(0..=i64::from(i32::MAX)).contains(&seconds) => {
            at.within(0, i64::from(i32::MAX));
            true
        }
        (Some(seconds), Some(before)) if before < seconds => {
            at.invalid("must be less than or equal to previous value");
            true
        }
        (None, Some(_)) => {
            at.invalid_go("null", "must not update from a positive integer to nil value");
            false
        }
        _ => false,
    }
}

fn tolerations(new: At<'_>, old: At<'_>) {
    let plain = |value: &Value| {
        let mut map = value.as_map().cloned().unwrap_or_default();
        map.remove("tolerationSeconds");
        map
    };
    let have: Vec<Map> = new.at("tolerations").list().iter().map(plain).collect();
    if old.at("tolerations").list().iter().any(|toleration| !have.contains(&plain(toleration))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        new.at("tolerations").forbidden(detail);
    } else {
        scheduling::tolerations(new.at("tolerations"));
    }
}

/// The new spec with everything that may change as it was.
fn munged(old: &Object, new: &Object) -> Value {
    let mut spec = new.get("spec").and_then(Value::as_map).cloned().unwrap_or_default();
    let keep = |map: &mut Map, field: &str| match old.at(&["spec", field]) {
        Some(value) => drop(map.insert(field, value.clone())),
        None => drop(map.remove(field)),
    };
    for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        keep(&mut spec, field);
    }
    let grace = |object: &Object| object.i64_at(&["spec", "terminationGracePeriodSeconds"]);
    if grace(old).is_some_and(|n| n < 0) && grace(new) == Some(1) {
        keep(&mut spec, "terminationGracePeriodSeconds");
    }
    for field in ["containers", "initContainers"] {
        let before = old.list_at(&["spec", field]);
        let list = spec.get_mut(field).and_then(Value::as_list_mut);
        for (container, before) in list.into_iter().flat_map(|list| list.iter_mut()).zip(before) {
            if let (Some(map), Some(image)) = (container.as_map_mut(), before.get("image")) {
                map.insert("image", image.clone());
            }
        }
    }
    Value::Map(spec)
}
