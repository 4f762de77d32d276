//! Group networking.k8s.io: Ingresses, IngressClasses, NetworkPolicies.

use tautline_core::{Object, Value};
use tautline_grammar::names;

use super::at::{At, Check};
use super::texts::{cidr, cidr_parts, ip, wildcard_subdomain};

const PATH_PARTS: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const CLASS: &str = "kubernetes.io/ingress.class";

pub(super) fn ingress(root: At<'_>) {
    let spec = root.at("spec");
    if spec.at("rules").list().is_empty() && !spec.has("defaultBackend") {
        spec.invalid_go(
            &spec.get("rules").map_or("null".to_owned(), Value::to_json),
            "either `defaultBackend` or `rules` must be specified",
        );
    }
    if spec.has("defaultBackend") {
        backend(spec.at("defaultBackend"));
    }
    for rule in spec.at("rules").items() {
        if !rule.text("host").is_empty() {
            let at = rule.at("host");
            if ip(at.str()).is_empty() {
                at.invalid("must be a DNS name, not an IP address");
            }
            host(at);
        }
        if rule.has("http") {
            paths(rule.at("http").at("paths"));
        }
    }
    for tls in spec.at("tls").items() {
        tls.at("hosts").items().for_each(host);
        if !tls.text("secretName").is_empty() {
            tls.at("secretName").dns_subdomain();
        }
    }
    if spec.has("ingressClassName") {
        spec.at("ingressClassName").dns_subdomain();
    }
}

/// What holds for a new Ingress only.
pub(super) fn new_ingress(root: At<'_>) {
    let annotations = root.at("metadata").at("annotations");
    let class = root.at("spec").at("ingressClassName");
    if annotations.has(CLASS) && class.is_set() && annotations.text(CLASS) != class.str() {
        let at = root.at("annotations").at(CLASS).with(annotations.get(CLASS));
        at.invalid("must match `ingressClassName` when both are specified");
    }
}

fn host(at: At<'_>) {
    match at.str().contains('*') {
        true => at.all_invalid(wildcard_subdomain(at.str())),
        false => at.dns_subdomain(),
    }
}

fn paths(paths: At<'_>) {
    if paths.list().is_empty() {
        paths.required("");
    }
    for path in paths.items() {
        let (at, kind) = (path.at("path"), path.at("pathType"));
        match kind.str() {
            "" if !kind.is_set() => {
                kind.required("pathType must be specified");
                continue;
            }
            "Exact" | "Prefix" => {
                if !at.str().starts_with('/') {
                    at.invalid("must be an absolute path");
                }
                for part in PATH_PARTS.iter().filter(|part| at.str().contains(**part)) {
                    at.invalid(&format!("must not contain '{part}'"));
                }
                for end in ["/..", "/."].into_iter().filter(|end| at.str().ends_with(end)) {
                    at.invalid(&format!("cannot end with '{end}'"));
                }
            }
            "ImplementationSpecific" => {
                if !at.str().is_empty() && !at.str().starts_with('/') {
                    at.invalid("must be an absolute path");
                }
            }
            _ => kind.unsupported(&["Exact", "ImplementationSpecific", "Prefix"]),
        }
        backend(path.at("backend"));
    }
}

fn backend(backend: At<'_>) {
    match (backend.has("resource"), backend.has("service")) {
        (true, true) => backend.invalid_value("", "cannot set both resource and service backends"),
        (true, false) => reference(backend.at("resource")),
        (false, false) => backend.invalid_value("", "resource or service backend is required"),
        (false, true) => service(backend),
    }
}

fn service(backend: At<'_>) {
    let service = backend.at("service");
    if service.at("name").needed() {
        service.at("name").all_invalid(names::dns_label(service.text("name")));
    }
    let port = service.at("port");
    let (name, number) = (port.text("name"), port.number("number").unwrap_or(0));
    match (!name.is_empty(), number != 0) {
        (true, true) => backend.invalid_value("", "cannot set both port name & port number"),
        (true, false) => port.at("name").all_invalid(super::rules::port_name(name)),
        (false, true) => port.at("number").port_number(),
        (false, false) => backend.required("port name or number is required"),
    }
}

fn reference(of: At<'_>) {
    if of.has("apiGroup") {
        of.at("apiGroup").dns_subdomain();
    }
    for field in ["kind", "name"] {
        if of.at(field).needed() {
            of.at(field).path_segment();
        }
    }
}

pub(super) fn ingress_class(root: At<'_>) {
    let spec = root.at("spec");
    let controller = spec.at("controller");
    if controller.str().len() > 250 {
        controller.too_long(250);
    }
    controller.domain_prefixed_path();
    let parameters = spec.at("parameters");
    if !parameters.is_set() {
        return;
    }
    reference(parameters);
    let (scope, namespace) = (parameters.at("scope"), parameters.at("namespace"));
    if !scope.is_set() {
        return scope.required("");
    }
    scope.one_of(&["Cluster", "Namespace"]);
    match scope.str() {
        "Namespace" if !namespace.is_set() => namespace.required("`parameters.scope` is set to 'Namespace'"),
        "Namespace" => namespace.dns_label(),
        "Cluster" if namespace.is_set() => namespace.forbidden("`parameters.scope` is set to 'Cluster'"),
        _ => {}
    }
}

pub(super) fn update_class<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let at = check.root(new).at("spec").at("controller");
    if at.value() != check.root(old).at("spec").at("controller").value() {
        at.invalid(super::rules::IMMUTABLE);
    }
}

pub(super) fn network_policy(root: At<'_>) {
    let spec = root.at("spec");
    spec.at("podSelector").label_selector();
    for (field, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.at(field).items() {
            rule.at("ports").items().for_each(policy_port);
            rule.at(peers).items().for_each(peer);
        }
    }
    let types = spec.at("policyTypes");
    if types.len() > 2 {
        return types.invalid("may not specify more than two policyTypes");
    }
    types.items().for_each(|at| at.one_of(&["Ingress", "Egress"]));
}

fn policy_port(port: At<'_>) {
    port.at("protocol").one_of_if_set(&["TCP", "UDP", "SCTP"]);
    let (number, end) = (port.at("port"), port.at("endPort"));
    if !number.is_set() {
        if end.is_set() {
            end.invalid("may not be specified when `port` is not specified");
        }
        return;
    }
    number.port_number_or_name();
    let Some(last) = end.int() else { return };
    match number.int() {
        None => end.invalid("may not be specified when `port` is non-numeric"),
        Some(first) => {
            if last < first {
                end.invalid("must be greater than or equal to `port`");
            }
            end.port_number();
        }
    }
}

fn peer(peer: At<'_>) {
    let kinds = ["podSelector", "namespaceSelector", "ipBlock"];
    for field in &kinds[..2] {
        peer.at(field).label_selector();
    }
    if peer.has("ipBlock") {
        ip_block(peer.at("ipBlock"));
    }
    let count = kinds.iter().filter(|field| peer.has(field)).count();
    if count == 0 {
        peer.required("must specify a peer");
    } else if count > 1 && peer.has("ipBlock") {
        peer.forbidden("may not specify both ipBlock and another peer");
    }
}

fn ip_block(block: At<'_>) {
    let whole = block.at("cidr");
    if whole.str().is_empty() {
        return whole.late_required();
    }
    whole.all_invalid(cidr(whole.str()));
    let Some((base, length)) = cidr_parts(whole.str()) else { return };
    for except in block.at("except").items() {
        let problems = cidr(except.str());
        if let Some((address, own)) = cidr_parts(except.str())
            && (!contains(base, length, address) || length >= own)
        {
            except.invalid("must be a strict subset of `cidr`");
        }
        except.all_invalid(problems);
    }
}

fn contains(base: std::net::IpAddr, length: u8, address: std::net::IpAddr) -> bool {
    use std::net::IpAddr;
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let ((base, width), (address, other)) = (bits(base), bits(address));
    let shift = 128 - u32::from(length);
    width == other && (length == 0 || base >> shift == address >> shift)
}
