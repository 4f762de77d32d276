//! What the strategy of Services puts in order before a Service is checked: addresses that a writer left out, and
//! fields that a new type has no use for.

use tautline_core::{Map, Object, Value, value};

/// A new Service: `clusterIPs` repeats `clusterIP`.
pub(super) fn prepare_new(service: &mut Object) {
    let spec = service.as_map_mut().map_at("spec");
    let one = spec.get("clusterIP").filter(|ip| ip.as_str().is_some_and(|ip| !ip.is_empty())).cloned();
    if let (Some(ip), None) = (one, spec.get("clusterIPs")) {
        spec.insert("clusterIPs", value!([ip]));
    }
}

fn has_address(spec: &Map) -> bool {
    text(spec, "type") != "ExternalName"
}

fn has_node_ports(spec: &Map) -> bool {
    match text(spec, "type") {
        "NodePort" => true,
        "LoadBalancer" => spec.get("allocateLoadBalancerNodePorts").and_then(Value::as_bool) != Some(false),
        _ => false,
    }
}

fn is_reachable(spec: &Map) -> bool {
    let outside = spec.get("externalIPs").and_then(Value::as_list).is_some_and(|list| !list.is_empty());
    ["NodePort", "LoadBalancer"].contains(&text(spec, "type")) || text(spec, "type") == "ClusterIP" && outside
}

fn has_health_check(spec: &Map) -> bool {
    text(spec, "type") == "LoadBalancer" && text(spec, "externalTrafficPolicy") == "Local"
}

fn text<'m>(spec: &'m Map, field: &str) -> &'m str {
    spec.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A changed Service.
pub(super) fn prepare(old: &Object, new: &mut Object) {
    let empty = Map::new();
    let before = old.get("spec").and_then(Value::as_map).unwrap_or(&empty);
    let spec = new.as_map_mut().map_at("spec");
    keep_allocated(before, spec);
    agree(before, spec);
    drop_useless(before, spec);
}

/// What was allocated stays where the writer says nothing.
fn keep_allocated(before: &Map, spec: &mut Map) {
    if has_address(before) && has_address(spec) {
        if text(spec, "clusterIP").is_empty() {
            keep(before, spec, "clusterIP");
        }
        if spec.get("clusterIPs").is_none() {
            keep(before, spec, "clusterIPs");
        }
    }
    if has_node_ports(before) && has_node_ports(spec) {
        let old = before.get("ports").and_then(Value::as_list).cloned().unwrap_or_default();
        let ports = spec.get_mut("ports").and_then(Value::as_list_mut);
        for port in ports.into_iter().flat_map(|list| list.iter_mut()) {
            let same =
                |other: &&Value| ["protocol", "port"].iter().all(|key| other.get(key) == port.get(key));
            let had = old.iter().find(same).and_then(|other| other.get("nodePort")).cloned();
            if let (Some(number), None, Some(map)) = (had, port.get("nodePort").cloned(), port.as_map_mut()) {
                map.insert("nodePort", number);
            }
        }
    }
    if has_health_check(before) && has_health_check(spec) && spec.get("healthCheckNodePort").is_none() {
        keep(before, spec, "healthCheckNodePort");
    }
}

/// Whoever changes one of `clusterIP` and `clusterIPs` changes both.
fn agree(before: &Map, spec: &mut Map) {
    let same_list = before.get("clusterIPs") == spec.get("clusterIPs");
    let (old, new) = (text(before, "clusterIP"), text(spec, "clusterIP").to_owned());
    if old != new && same_list && spec.get("clusterIPs").is_some() {
        match new.is_empty() {
            true => drop(spec.remove("clusterIPs")),
            false => drop(spec.insert("clusterIPs", value!([new]))),
        }
    } else if old.is_empty() && !new.is_empty() && spec.get("clusterIPs").is_none() {
        spec.insert("clusterIPs", value!([new]));
    }
}

/// Fields of the former type go, unless the writer changed them.
fn drop_useless(before: &Map, spec: &mut Map) {
    let mut useless: Vec<&str> = Vec::new();
    if has_address(before) && !has_address(spec) {
        useless.extend(["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]);
    }
    if has_health_check(before) && !has_health_check(spec) {
        useless.push("healthCheckNodePort");
    }
    if is_reachable(before) && !is_reachable(spec) {
        useless.push("externalTrafficPolicy");
    }
    if text(before, "type") == "LoadBalancer" && text(spec, "type") != "LoadBalancer" {
        useless.extend(["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }
    for field in useless {
        if before.get(field) == spec.get(field) {
            spec.remove(field);
        }
    }
    if has_node_ports(before) && !has_node_ports(spec) {
        let old = before.get("ports").and_then(Value::as_list).cloned().unwrap_or_default();
        let numbers = |list: &[Value]| -> Vec<Option<Value>> {
            list.iter().map(|p| p.get("nodePort").cloned()).collect()
        };
        let ports = spec.get_mut("ports").and_then(Value::as_list_mut);
        if let Some(list) =
            ports.filter(|list| numbers(list).iter().all(|n| numbers(&old).contains(n) || n.is_none()))
        {
            for map in list.iter_mut().filter_map(Value::as_map_mut) {
                map.remove("nodePort");
            }
        }
    }
}

fn keep(before: &Map, spec: &mut Map, field: &str) {
    if let Some(value) = before.get(field) {
        spec.insert(field, value.clone());
    }
}
