//! What is behind a Service: Endpoints and EndpointSlices; addresses of load balancers.

use std::sync::Arc;

use tautline_core::{Digest, Map, Object, Value, value};
use tautline_grammar::LabelSelector;

use crate::action::Action;
use crate::shape;
use crate::world::{World, letters};

/// What the controllers do about a Service.
pub(crate) fn step(world: &mut World, service: &Arc<Object>) -> Vec<Action> {
    if service.is_terminating() {
        return Vec::new();
    }
    let mut actions: Vec<Action> = balancer(service).into_iter().collect();
    let Some(selector) =
        service.at(&["spec", "selector"]).filter(|s| s.as_map().is_some_and(|m| !m.is_empty()))
    else {
        return actions;
    };
    let Ok(selector) = LabelSelector::from_labels(selector) else { return actions };
    let pods: Vec<Arc<Object>> = world
        .within("", "Pod", service.namespace())
        .filter(|pod| selector.matches(|key| pod.label(key)))
        .filter(|pod| shape::is_active(pod) && pod.str_at(&["status", "podIP"]).is_some())
        .cloned()
        .collect();
    let slices = world.controlled(service, "EndpointSlice");
    actions.extend(slice(service, &pods, slices.first().map(|slice| &**slice)));
    let key = tautline_core::ResourceKey::new("", "Endpoints", service.namespace(), service.name());
    actions.extend(endpoints(service, &pods, world.get(&key).map(|found| &**found)));
    actions
}

/// What the controllers do about an Ingress: it gets an address.
pub(crate) fn step_ingress(ingress: &Object) -> Vec<Action> {
    if ingress.is_terminating() || !ingress.list_at(&["status", "loadBalancer", "ingress"]).is_empty() {
        return Vec::new();
    }
    Action::status(ingress, address()).into_iter().collect()
}

fn balancer(service: &Object) -> Option<Action> {
    let wants = service.str_at(&["spec", "type"]) == Some("LoadBalancer");
    let has = !service.list_at(&["status", "loadBalancer", "ingress"]).is_empty();
    if wants && !has { Action::status(service, address()) } else { None }
}

fn address() -> Map {
    let status = value!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.10" }] } });
    status.as_map().cloned().unwrap_or_default()
}

fn slice(service: &Object, pods: &[Arc<Object>], old: Option<&Object>) -> Option<Action> {
    let endpoints: Vec<Value> = pods.iter().map(|pod| endpoint(pod)).collect();
    let ports = ports(service, pods);
    if let Some(old) = old {
        let same = old.list_at(&["endpoints"]) == endpoints && old.list_at(&["ports"]) == ports;
        let patch = value!({ "endpoints": endpoints, "ports": ports });
        return (!same).then(|| Action::patch(old, patch, None));
    }
    let suffix = letters(&Digest::of_bytes(service.metadata_str("uid").as_bytes()), 5);
    let mut labels =
        service.metadata().and_then(|m| m.get("labels")).and_then(Value::as_map).cloned().unwrap_or_default();
    labels.insert("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
    labels.insert("kubernetes.io/service-name", service.name());
    let slice = value!({ "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": { "name": format!("{}-{suffix}", service.name()), "namespace": service.namespace(),
            "generateName": format!("{}-", service.name()), "labels": labels,
            "ownerReferences": [shape::owner_reference(service)] },
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports });
    Some(Action::Create(Object::from_map(slice.as_map()?.clone())))
}

fn reference(pod: &Object) -> Value {
    value!({ "kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": pod.metadata_str("uid") })
}

fn endpoint(pod: &Object) -> Value {
    let ready = shape::is_ready(pod);
    let ip = pod.str_at(&["status", "podIP"]).unwrap_or_default();
    let mut made = value!({ "addresses": [ip], "conditions": { "ready": ready, "serving": ready, "terminating": false },
        "targetRef": reference(pod) });
    if let (Some(node), Some(map)) = (pod.str_at(&["spec", "nodeName"]), made.as_map_mut()) {
        map.insert("nodeName", node);
    }
    made
}

/// The ports of a Service with names of container ports looked up in the first pod that has them.
fn ports(service: &Object, pods: &[Arc<Object>]) -> Vec<Value> {
    let resolve = |port: &Value| match port.get("targetPort") {
        Some(Value::Int(number)) if *number > 0 => Some(*number),
        Some(Value::String(name)) => pods.iter().find_map(|pod| named_port(pod, name)),
        _ => port.i64_at(&["port"]),
    };
    let port = |port: &Value| {
        let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
        Some(
            value!({ "name": port.str_at(&["name"]).unwrap_or_default(), "port": resolve(port)?, "protocol": protocol }),
        )
    };
    service.list_at(&["spec", "ports"]).iter().filter_map(port).collect()
}

fn named_port(pod: &Object, name: &str) -> Option<i64> {
    let containers = pod.list_at(&["spec", "containers"]);
    let mut ports = containers.iter().flat_map(|container| container.list_at(&["ports"]));
    ports.find(|port| port.str_at(&["name"]) == Some(name))?.i64_at(&["containerPort"])
}

fn endpoints(service: &Object, pods: &[Arc<Object>], old: Option<&Object>) -> Option<Action> {
    let list = |ready: bool| -> Vec<Value> {
        let chosen = pods.iter().filter(|pod| shape::is_ready(pod) == ready);
        chosen
            .map(|pod| value!({ "ip": pod.str_at(&["status", "podIP"]), "targetRef": reference(pod) }))
            .collect()
    };
    let ports: Vec<Value> = ports(service, pods)
        .into_iter()
        .map(|mut port| {
            // Unlike a slice's, the name of an only port is left out where it is empty.
            if let Some(map) =
                port.as_map_mut().filter(|map| map.get("name").and_then(Value::as_str) == Some(""))
            {
                map.remove("name");
            }
            port
        })
        .collect();
    let mut subset = Map::new();
    for (field, values) in [("addresses", list(true)), ("notReadyAddresses", list(false)), ("ports", ports)] {
        if !values.is_empty() {
            subset.insert(field, Value::from(values));
        }
    }
    let subsets = if pods.is_empty() { Value::list() } else { value!([subset]) };
    if let Some(old) = old {
        let same = old.list_at(&["subsets"]) == subsets.as_list().map_or(&[][..], |list| list);
        return (!same).then(|| Action::patch(old, value!({ "subsets": subsets }), None));
    }
    let object = value!({ "apiVersion": "v1", "kind": "Endpoints",
        "metadata": { "name": service.name(), "namespace": service.namespace(),
            "labels": { "endpoints.kubernetes.io/managed-by": "endpoint-controller" } },
        "subsets": subsets });
    Some(Action::Create(Object::from_map(object.as_map()?.clone())))
}
