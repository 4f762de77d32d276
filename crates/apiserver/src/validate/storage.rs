//! Groups storage.k8s.io and discovery.k8s.io.

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
}

/// What may change of a StorageClass. These are declared rules: they come last.
pub(super) fn update_class<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
        if old.get(field) != new.get(field) {
            let at = check.root(new).at(field);
            let printed = at.value().map_or("null".to_owned(), Value::to_json);
            at.invalid_go(&printed, IMMUTABLE);
        }
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
