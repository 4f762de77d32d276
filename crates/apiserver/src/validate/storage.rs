//! Groups storage.k8s.io and discovery.k8s.io.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::{Object, Value};
use tautline_grammar::names;

use super::at::{At, Check};
use super::rules::IMMUTABLE;
use super::texts::ip;

pub(super) fn class(root: At<'_>) {
    let provisioner = root.at("provisioner");
    match provisioner.str() {
        "" => provisioner.late_required(),
        text => {
            for problem in names::qualified_name(&text.to_lowercase()) {
                provisioner.invalid_value(text.to_lowercase(), &problem);
            }
        }
    }
    for key in root.at("parameters").map().into_iter().flat_map(|map| map.keys()).filter(|key| key.is_empty())
    {
        root.at("parameters").invalid_value(key.as_str(), "field can not be empty.");
    }
    root.at("reclaimPolicy").one_of_if_set(&["Delete", "Retain"]);
    let mode = root.at("volumeBindingMode");
    match mode.is_set() {
        true => mode.one_of(&["Immediate", "WaitForFirstConsumer"]),
        false => mode.required(""),
    }
    topologies(root.at("allowedTopologies"));
}

/// What may change of a StorageClass. These are declared rules, which do not show the value.
pub(super) fn update_class<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let root = check.root(new);
    if root.text("provisioner").is_empty() {
        root.at("provisioner").required("");
    }
    for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
        if old.get(field) != new.get(field) {
            root.at(field).invalid_go("null", IMMUTABLE);
        }
    }
}

/// Where volumes may be: a list of terms, each of its own.
fn topologies(topologies: At<'_>) {
    let mut known: Vec<BTreeMap<&str, BTreeSet<&str>>> = Vec::new();
    for term in topologies.items() {
        let expressions = term.at("matchLabelExpressions");
        let mut keys = BTreeMap::new();
        for requirement in expressions.items() {
            let key = requirement.at("key");
            let values = label_requirement(requirement);
            if keys.insert(key.str(), values).is_some() {
                key.duplicate_value(key.str());
            }
        }
        // As many empty ones are there before the first: an empty term is one too many of each.
        let same = known.iter().filter(|other| **other == keys).count();
        let empty = if keys.is_empty() { topologies.len() } else { 0 };
        (0..same + empty).for_each(|_| expressions.duplicate_value(""));
        known.push(keys);
    }
}

fn label_requirement<'a>(requirement: At<'a>) -> BTreeSet<&'a str> {
    let values = requirement.at("values");
    if values.list().is_empty() {
        values.required("");
    }
    let mut set = BTreeSet::new();
    for value in values.items() {
        if !set.insert(value.str()) {
            value.duplicate();
        }
    }
    let key = requirement.at("key");
    key.all_invalid(names::qualified_name(key.str()));
    set
}

/// A CSIDriver.
pub(super) fn driver(root: At<'_>) {
    let spec = root.at("spec");
    let policy = spec.at("fsGroupPolicy");
    if policy.is_set() {
        policy.one_of(&["File", "None", "ReadWriteOnceWithFSType"]);
    }
    tokens(spec.at("tokenRequests"));
    let modes = spec.at("volumeLifecycleModes");
    for mode in modes.items().filter(|mode| !["Persistent", "Ephemeral"].contains(&mode.str())) {
        modes.with(mode.value()).unsupported(&["Persistent", "Ephemeral"]);
    }
    let period = spec.at("nodeAllocatableUpdatePeriodSeconds");
    if period.int().is_some_and(|seconds| seconds < 10) {
        period.invalid("must be greater than or equal to 10 seconds");
    }
    let secrets = spec.at("serviceAccountTokenInSecrets");
    if secrets.is_set() && spec.at("tokenRequests").list().is_empty() {
        secrets.invalid("serviceAccountTokenInSecrets is set but no tokenRequests are specified");
    }
}

fn tokens(requests: At<'_>) {
    let mut audiences = BTreeSet::new();
    for request in requests.items() {
        let audience = request.text("audience");
        if !audiences.insert(audience) {
            request.at("audience").duplicate_value(audience);
            continue;
        }
        let expiration = request.at("expirationSeconds");
        if expiration.int().is_some_and(|seconds| seconds < 600) {
            expiration.invalid("may not specify a duration less than 10 minutes");
        }
        if expiration.int().is_some_and(|seconds| seconds > 1 << 32) {
            expiration.invalid("may not specify a duration larger than 2^32 seconds");
        }
    }
}

/// What may change of a CSIDriver.
pub(super) fn update_driver<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let (spec, before) = (check.root(new).at("spec"), check.root(old).at("spec"));
    if spec.get("attachRequired") != before.get("attachRequired") {
        let printed = spec.get("attachRequired").map_or("null".to_owned(), Value::to_json);
        spec.at("attachedRequired").invalid_go(&printed, IMMUTABLE);
    }
    if spec.get("volumeLifecycleModes") != before.get("volumeLifecycleModes") {
        spec.at("volumeLifecycleModes").invalid_go("null", IMMUTABLE);
    }
}

pub(super) fn endpoint_slice(root: At<'_>) {
    ports(root.at("ports"));
    let endpoints = root.at("endpoints");
    if endpoints.len() > 1000 {
        endpoints.too_many(endpoints.len(), 1000);
    }
    let kind = root.at("addressType");
    match kind.str() {
        "" => kind.late_required(),
        "IPv4" | "IPv6" | "FQDN" => {}
        _ => kind.late(crate::failure::Wrong::unsupported(
            "addressType",
            kind.value().unwrap_or(&Value::Null),
            &["FQDN", "IPv4", "IPv6"],
        )),
    }
    for endpoint in endpoints.items() {
        addresses(endpoint.at("addresses"), kind.str());
        if endpoint.has("nodeName") {
            endpoint.at("nodeName").dns_subdomain();
        }
        if endpoint.has("hostname") {
            endpoint.at("hostname").dns_label();
        }
    }
}

fn addresses(addresses: At<'_>, kind: &str) {
    if addresses.list().is_empty() {
        addresses.late_required();
    } else if addresses.len() > 100 {
        addresses.too_many(addresses.len(), 100);
    }
    for address in addresses.items() {
        let parsed = address.str().parse::<std::net::IpAddr>();
        match kind {
            "IPv4" | "IPv6" => {
                let problems = ip(address.str());
                let sound = problems.is_empty();
                address.all_invalid(problems);
                if sound && parsed.is_ok_and(|ip| ip.is_ipv4() != (kind == "IPv4")) {
                    addresses.invalid_value(address.str(), &format!("must be an {kind} address"));
                }
                if sound {
                    super::core::services::endpoint_ip(address);
                }
            }
            "FQDN" => address.dns_subdomain(),
            _ => {}
        }
    }
}

fn ports(ports: At<'_>) {
    let mut names = Vec::new();
    for port in ports.items() {
        let name = port.at("name");
        if !name.str().is_empty() {
            name.dns_label();
        }
        if names.contains(&name.str()) {
            name.duplicate_value(name.str());
        }
        names.push(name.str());
        let protocol = port.at("protocol");
        match protocol.is_set() {
            true => protocol.one_of(&["SCTP", "TCP", "UDP"]),
            false => protocol.required(""),
        }
        if port.has("port") {
            port.at("port").port_number();
        }
        if port.has("appProtocol") {
            port.at("appProtocol").qualified_name();
        }
    }
}

pub(super) fn update_slice<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    if old.get("addressType") != new.get("addressType") {
        check.root(new).at("addressType").invalid_go("null", IMMUTABLE);
    }
}
