//! Services.

use std::collections::BTreeSet;

use tautline_core::{Object, Value};

use super::super::at::{At, Check};
use super::super::rules::IMMUTABLE;
use super::super::texts::{cidr, ip};

const ANNOTATED_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// A Service, new or changed.
pub(in super::super) fn service(root: At<'_>) {
    let spec = root.at("spec");
    let kind = spec.text("type");
    let headless = is_headless(spec);
    if spec.at("ports").list().is_empty() && !headless && kind != "ExternalName" {
        spec.at("ports").required("");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            spec.at("clusterIPs").index(0).invalid_value("None", &detail);
        }
        "ExternalName" => external_name(spec),
        _ => {}
    }
    ports(spec.at("ports"));
    spec.at("selector").labels();
    affinity(spec);
    if kind != "ExternalName" {
        cluster_ips(spec);
    }
    for address in spec.at("externalIPs").items() {
        let problems = ip(address.str());
        if problems.is_empty() {
            endpoint_ip(address);
        }
        address.all_invalid(problems);
    }
    if spec.at("type").needed() {
        spec.at("type").one_of(&["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    }
    port_clashes(spec);
    source_ranges(root, spec);
    load_balancer(spec);
    traffic(spec);
}

/// The status of a Service: only a load balancer has addresses.
pub(in super::super) fn status(root: At<'_>) {
    let ingress = root.at("status").at("loadBalancer").at("ingress");
    if root.at("spec").text("type") != "LoadBalancer" && !ingress.list().is_empty() {
        ingress.forbidden("may only be used when `spec.type` is 'LoadBalancer'");
    }
    for item in ingress.items() {
        let (address, host) = (item.at("ip"), item.at("hostname"));
        if !address.str().is_empty() {
            address.all_invalid(ip(address.str()));
        } else if item.has("ipMode") {
            item.at("ipMode").forbidden("may not be specified when `ip` is not set");
        }
        if !host.str().is_empty() {
            host.dns_subdomain();
            if ip(host.str()).is_empty() {
                host.invalid("must be a DNS name, not an IP address");
            }
        }
    }
}

fn is_headless(spec: At<'_>) -> bool {
    let list = spec.at("clusterIPs");
    match list.list() {
        [] => spec.text("clusterIP") == "None",
        [only] => only.as_str() == Some("None"),
        _ => false,
    }
}

fn external_name(spec: At<'_>) {
    for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if !spec.at(field).is_empty() {
            spec.at(field).forbidden("may not be set for ExternalName services");
        }
    }
    let name = spec.at("externalName");
    match name.str().strip_suffix('.').unwrap_or(name.str()) {
        "" => name.required(""),
        plain => {
            for problem in tautline_grammar::names::dns_subdomain(plain) {
                name.invalid_value(plain, &problem);
            }
        }
    }
}

fn ports(ports: At<'_>) {
    let several = ports.list().len() > 1;
    let mut names = BTreeSet::new();
    for port in ports.items() {
        let name = port.at("name");
        if !name.str().is_empty() {
            name.dns_label();
            if !names.insert(name.str()) {
                name.duplicate();
            }
        } else if several {
            name.required("");
        }
        port.at("port").port_number();
        let protocol = port.at("protocol");
        if protocol.needed() {
            protocol.one_of(&["SCTP", "TCP", "UDP"]);
        }
        port.at("targetPort").port_number_or_name();
        if port.has("appProtocol") {
            port.at("appProtocol").qualified_name();
        }
    }
}

fn affinity(spec: At<'_>) {
    let affinity = spec.at("sessionAffinity");
    if affinity.needed() {
        affinity.one_of(&["ClientIP", "None"]);
    }
    let config = spec.at("sessionAffinityConfig");
    if affinity.str() == "None" && config.is_set() {
        config.forbidden("must not be set when session affinity is None");
    }
    if affinity.str() != "ClientIP" {
        return;
    }
    let seconds = config.at("clientIP").at("timeoutSeconds");
    for at in [config, config.at("clientIP"), seconds] {
        if !at.is_set() {
            return at.required("when session affinity type is ClientIP");
        }
    }
    if seconds.int().is_some_and(|n| n <= 0 || n > 86400) {
        seconds.invalid("must be greater than 0 and less than 86400");
    }
}

fn cluster_ips(spec: At<'_>) {
    let (one, all) = (spec.text("clusterIP"), spec.at("clusterIPs"));
    let first = all.list().first().and_then(Value::as_str);
    match (one, first) {
        ("", Some(_)) => all.invalid("must be empty when `clusterIP` is not specified"),
        ("", None) => {}
        (_, None) => all.required(""),
        (one, Some(first)) if one != first => all.invalid("first value must match `clusterIP`"),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for family in spec.at("ipFamilies").items() {
        family.one_of(&["IPv4", "IPv6"]);
        if !seen.insert(family.str()) {
            family.duplicate();
        }
    }
    if spec.has("ipFamilyPolicy") {
        spec.at("ipFamilyPolicy").one_of(&["PreferDualStack", "RequireDualStack", "SingleStack"]);
    }
    let mut invalid = false;
    for (i, address) in all.items().enumerate() {
        if i == 0 && address.str() == "None" {
            if all.len() > 1 {
                invalid = true;
                all.invalid("'None' must be the first and only value");
            }
            continue;
        }
        let problems = ip(address.str());
        invalid |= !problems.is_empty();
        address.all_invalid(problems);
    }
    if all.len() > 2 {
        all.invalid("may only hold up to 2 values");
    }
    if !invalid {
        families(spec, all);
    }
}

fn families(spec: At<'_>, all: At<'_>) {
    let is_v6 = |at: At<'_>| at.str().contains(':');
    let count = all.items().filter(|at| is_v6(*at)).count();
    if all.len() > 1 && (count == 0 || count == all.len()) {
        all.invalid("may specify no more than one IP for each IP family");
    }
    if is_headless(spec) {
        return;
    }
    for (i, (address, family)) in all.items().zip(spec.at("ipFamilies").list()).enumerate() {
        let want = family.as_str().unwrap_or_default();
        if matches!((want, is_v6(address)), ("IPv4", true) | ("IPv6", false)) {
            let detail = format!("expected an {want} value as indicated by `ipFamilies[{i}]`");
            address.invalid(&detail);
        }
    }
}

/// Addresses that mean this machine or nobody belong to no endpoint.
pub(in super::super) fn endpoint_ip(at: At<'_>) {
    let Ok(address) = at.str().parse::<std::net::IpAddr>() else { return };
    if address.is_unspecified() {
        at.invalid(&format!("may not be unspecified ({})", at.str()));
    }
    if address.is_loopback() {
        at.invalid("may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    let (link_local, multicast) = match address {
        std::net::IpAddr::V4(v4) => (v4.is_link_local(), v4.octets().starts_with(&[224, 0, 0])),
        std::net::IpAddr::V6(v6) => {
            (v6.segments()[0] & 0xffc0 == 0xfe80, v6.segments()[0] & 0xff0f == 0xff02)
        }
    };
    if link_local {
        at.invalid("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if multicast {
        at.invalid("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

fn port_clashes(spec: At<'_>) {
    let (mut node_ports, mut numbers) = (Vec::new(), Vec::new());
    for port in spec.at("ports").items() {
        let number = port.number("nodePort").unwrap_or(0);
        if spec.text("type") == "ClusterIP" && number != 0 {
            port.at("nodePort").forbidden("may not be used when `type` is 'ClusterIP'");
        }
    }
    for port in spec.at("ports").items() {
        let key = (port.text("protocol"), port.number("nodePort").unwrap_or(0));
        if key.1 != 0 {
            if node_ports.contains(&key) {
                port.at("nodePort").duplicate();
            }
            node_ports.push(key);
        }
    }
    for port in spec.at("ports").items() {
        let key = (port.text("protocol"), port.number("port").unwrap_or(0));
        if numbers.contains(&key) {
            let message = format!(
                "Duplicate value: {{\"Name\":\"\",\"Protocol\":\"{}\",\"AppProtocol\":null,\"Port\":{},\
                 \"TargetPort\":0,\"NodePort\":0}}",
                key.0, key.1
            );
            port.push(crate::failure::Wrong { field: port.path(), reason: "FieldValueDuplicate", message });
        }
        numbers.push(key);
    }
}

fn source_ranges(root: At<'_>, spec: At<'_>) {
    let only = "may only be used when `type` is 'LoadBalancer'";
    let balanced = spec.text("type") == "LoadBalancer";
    let ranges = spec.get("loadBalancerSourceRanges");
    let at = spec.at("LoadBalancerSourceRanges").with(ranges);
    if !at.list().is_empty() {
        if !balanced {
            at.forbidden(only);
        }
        at.items().for_each(|range| range.all_invalid(cidr(range.str().trim())));
    } else if root.at("metadata").at("annotations").has(ANNOTATED_RANGES) {
        let at = root.at("metadata").at("annotations").key(ANNOTATED_RANGES);
        if !balanced {
            at.forbidden(only);
        }
        for range in at.str().split(',').map(str::trim).filter(|range| !range.is_empty()) {
            cidr(range).iter().for_each(|problem| at.invalid_value(range, problem));
        }
    }
}

fn load_balancer(spec: At<'_>) {
    let only = "may only be used when `type` is 'LoadBalancer'";
    let balanced = spec.text("type") == "LoadBalancer";
    if spec.has("allocateLoadBalancerNodePorts") && !balanced {
        spec.at("allocateLoadBalancerNodePorts").forbidden(only);
    }
    let class = spec.at("loadBalancerClass");
    if class.is_set() {
        match balanced {
            true => class.qualified_name(),
            false => class.forbidden(only),
        }
    }
}

fn traffic(spec: At<'_>) {
    let kind = spec.text("type");
    let reachable = ["LoadBalancer", "NodePort"].contains(&kind)
        || kind == "ClusterIP" && !spec.at("externalIPs").list().is_empty();
    let external = spec.at("externalTrafficPolicy");
    match (reachable, external.str()) {
        (false, "") => {}
        (false, _) => external.invalid("may only be set for externally-accessible services"),
        (true, "") => external.required(""),
        (true, _) => external.one_of(&["Cluster", "Local"]),
    }
    let health = spec.at("healthCheckNodePort");
    let checked = kind == "LoadBalancer" && external.str() == "Local";
    if health.int().unwrap_or(0) != 0 && !checked {
        let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        health.invalid(detail);
    } else if checked && health.is_set() {
        health.port_number();
    }
    let internal = spec.at("internalTrafficPolicy");
    if internal.is_set() {
        internal.one_of(&["Cluster", "Local"]);
    } else if ["NodePort", "LoadBalancer", "ClusterIP"].contains(&kind) {
        internal.required("");
    }
    if spec.has("trafficDistribution") {
        spec.at("trafficDistribution").one_of(&["PreferClose", "PreferSameNode", "PreferSameZone"]);
    }
}

/// What may change of a Service.
pub(in super::super) fn update<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let (spec, before) = (check.root(new).at("spec"), check.root(old).at("spec"));
    let external = |spec: At<'_>| spec.text("type") == "ExternalName";
    if !external(spec) && !external(before) {
        fixed_addresses(spec, before);
    }
    let class = |spec: At<'_>| spec.text("type") == "LoadBalancer";
    if class(spec) && class(before) && spec.get("loadBalancerClass") != before.get("loadBalancerClass") {
        spec.at("loadBalancerClass").invalid_value(spec.text("loadBalancerClass"), "may not change once set");
    }
    let checked = |spec: At<'_>| class(spec) && spec.text("externalTrafficPolicy") == "Local";
    if checked(spec)
        && checked(before)
        && spec.get("healthCheckNodePort") != before.get("healthCheckNodePort")
    {
        spec.at("healthCheckNodePort").forbidden(IMMUTABLE);
    }
}

fn fixed_addresses(spec: At<'_>, before: At<'_>) {
    let (new, old) = (spec.at("clusterIPs"), before.at("clusterIPs"));
    let first = |at: At<'_>| at.list().first().cloned();
    if let (Some(now), Some(then)) = (first(new), first(old))
        && now != then
    {
        new.index(0)
            .invalid_go(&new.value().map(Value::to_json).unwrap_or_default(), "may not change once set");
    } else if first(old).is_some() && first(new).is_none() {
        new.index(0).invalid_go("null", "primary clusterIP can not be unset");
    }
}
