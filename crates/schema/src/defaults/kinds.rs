//! Defaults by kind.

use std::sync::LazyLock;

use tautline_core::{GroupVersionKind, Map, Value, value};

use super::pods;
use super::set::{Rule, Rules, at, each, map_at, map_in, put, set};
use super::table::rules;

const HOOK: [Rule; 5] = [
    ("webhooks[].failurePolicy", "\"Fail\""),
    ("webhooks[].matchPolicy", "\"Equivalent\""),
    ("webhooks[].namespaceSelector", "{}"),
    ("webhooks[].objectSelector", "{}"),
    ("webhooks[].timeoutSeconds", "10"),
];
const HOOK_PARTS: [Rule; 2] =
    [("webhooks[].rules[].scope", "\"*\""), ("webhooks[].clientConfig.service.port", "443")];

/// Fills in what the code of Kubernetes 1.37.2 defaults for an object. What it shares with a live one needs no look,
/// as far as its defaults rest on nothing beside it.
pub(super) fn apply(object: &mut Value, live: Option<&Value>, gvk: &GroupVersionKind) {
    let (group, kind) = (gvk.group.as_str(), gvk.kind.as_str());
    if let Some(rules) = rules(group, kind) {
        rules.fill(object, live);
    }
    let template: &[&str] = match (group, kind) {
        ("", "Pod") => &["spec"],
        ("", "PodTemplate") => &["template", "spec"],
        ("apps", _) | ("batch", "Job") | ("", "ReplicationController") => &["spec", "template", "spec"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => &[],
    };
    if !template.is_empty() {
        let before = live.and_then(|live| live.at(template));
        at(object, template, |spec| pods::spec(spec, before));
    }
    match (group, kind) {
        ("", "Pod") => pods::pod(object),
        ("", "Service") => service(object),
        ("", "Namespace") => namespace(object),
        ("", "PersistentVolume") => each(object, "spec.hostPath.x", &mut |path, _| set(path, "type", "")),
        ("", "LimitRange") => each(object, "spec.limits[].x", &mut |item, _| limit_range(item)),
        ("", "ReplicationController") => replication_controller(object),
        ("apps", "Deployment") => rolling(object, "strategy", &["25%", "25%"]),
        ("apps", "DaemonSet") => {
            rolling_daemons(object);
            template_generation(object);
        }
        ("apps", "StatefulSet") => stateful_set(object),
        ("batch", "Job") => job(object),
        ("autoscaling", "HorizontalPodAutoscaler") if gvk.version == "v2" => autoscaler(object),
        ("networking.k8s.io", "NetworkPolicy") => policy_types(object),
        ("rbac.authorization.k8s.io", _) => each(object, "subjects[].x", &mut |subject, _| {
            if matches!(subject.get("kind").and_then(Value::as_str), Some("User" | "Group")) {
                set(subject, "apiGroup", "rbac.authorization.k8s.io");
            }
        }),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => hooks(object, false),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => hooks(object, true),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => crd(object),
        ("resource.k8s.io", _) => devices(object),
        ("", "Secret") => string_data(object),
        ("", "Node") => pod_cidrs(object),
        ("flowcontrol.apiserver.k8s.io", _) => {
            for (path, number) in FLOW {
                each(object, path, &mut |map, field| set_zero(map, field, *number));
            }
        }
        _ => {}
    }
}

fn hooks(object: &mut Value, mutating: bool) {
    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::of(HOOK.iter().chain(&HOOK_PARTS)));
    RULES.fill(object, None);
    if mutating {
        each(object, "webhooks[].reinvocationPolicy", &mut |hook, field| set(hook, field, "Never"));
    }
}

/// Numbers of which zero means unset.
const FLOW: &[(&str, i32)] = &[
    ("spec.matchingPrecedence", 1000),
    ("spec.limited.limitResponse.queuing.handSize", 8),
    ("spec.limited.limitResponse.queuing.queues", 64),
    ("spec.limited.limitResponse.queuing.queueLengthLimit", 50),
];

fn set_zero(map: &mut Map, field: &str, default: i32) {
    if map.get(field).is_none_or(crate::stored::is_zero) {
        map.insert(field, default);
    }
}

/// `stringData` becomes `data` when the server reads a Secret; it is never stored.
fn string_data(object: &mut Value) {
    let Some(secret) = object.as_map_mut() else { return };
    let Some(Value::Map(texts)) = secret.remove("stringData") else { return };
    let data = secret.map_at("data");
    for (key, text) in &texts {
        data.insert(key, crate::stored::base64(text.as_str().unwrap_or_default().as_bytes()));
    }
}

/// The one `podCIDR` and the first of `podCIDRs` are the same.
fn pod_cidrs(object: &mut Value) {
    map_at(object, &["spec"], same_pod_cidr);
}

fn same_pod_cidr(spec: &mut Map) {
    let one = spec.get("podCIDR").cloned().filter(|v| !crate::stored::is_zero(v));
    let many = matches!(spec.get("podCIDRs"), Some(Value::List(cidrs)) if !cidrs.is_empty());
    match (one, many) {
        (Some(one), false) => put(spec, "podCIDRs", vec![one]),
        (None, true) => {
            let first =
                spec.get("podCIDRs").and_then(Value::as_list).and_then(|cidrs| cidrs.first().cloned());
            spec.insert("podCIDR", first);
        }
        _ => {}
    }
}

/// The server keeps this number in an annotation, since 1.9 for old clients only.
fn template_generation(object: &mut Value) {
    const ANNOTATION: &str = "deprecated.daemonset.template.generation";
    map_at(object, &["metadata"], |metadata| {
        if metadata.get("annotations").is_none_or(|all| all.get(ANNOTATION).is_none()) {
            metadata.map_at("annotations").insert(ANNOTATION, "0");
        }
    });
}

fn service(object: &mut Value) {
    map_at(object, &["spec"], service_spec);
    each(object, "spec.ports[].x", &mut |port, _| {
        set(port, "protocol", "TCP");
        let unset = port.get("targetPort").is_none_or(crate::stored::is_zero);
        if let Some(number) = port.get("port").filter(|_| unset).cloned() {
            put(port, "targetPort", number);
        }
    });
    if object.str_at(&["spec", "type"]) == Some("LoadBalancer") {
        each(object, "status.loadBalancer.ingress[].x", &mut |ingress, _| {
            if ingress.contains_key("ip") {
                set(ingress, "ipMode", "VIP");
            }
        });
    }
}

fn service_spec(spec: &mut Map) {
    set(spec, "sessionAffinity", "None");
    set(spec, "type", "ClusterIP");
    let text =
        |spec: &Map, field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text(spec, "sessionAffinity").as_str() {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let config = spec.get("sessionAffinityConfig");
            if config.and_then(|c| c.i64_at(&["clientIP", "timeoutSeconds"])).is_none() {
                spec.insert("sessionAffinityConfig", value!({ "clientIP": { "timeoutSeconds": 10800 } }));
            }
        }
        _ => {}
    }
    let of_type = text(spec, "type");
    let outside = matches!(of_type.as_str(), "NodePort" | "LoadBalancer");
    let external_ips = matches!(spec.get("externalIPs"), Some(Value::List(ips)) if !ips.is_empty());
    if outside || of_type == "ClusterIP" && external_ips {
        set(spec, "externalTrafficPolicy", "Cluster");
    }
    if outside || of_type == "ClusterIP" {
        set(spec, "internalTrafficPolicy", "Cluster");
    }
    if of_type == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", true);
    }
}

fn namespace(object: &mut Value) {
    let name = object.str_at(&["metadata", "name"]).unwrap_or_default().to_owned();
    if !name.is_empty() {
        map_at(object, &["metadata"], |metadata| {
            map_in(metadata, "labels", |labels| put(labels, "kubernetes.io/metadata.name", name));
        });
    }
}

fn limit_range(item: &mut Map) {
    if item.get("type").and_then(Value::as_str) != Some("Container") {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
        let Some(Value::Map(values)) = item.get(from).cloned() else { continue };
        for (name, value) in &values {
            if !item.map_at(to).contains_key(name) {
                item.map_at(to).insert(name, value.clone());
            }
        }
    }
}

fn replication_controller(object: &mut Value) {
    let Some(labels) = object.at(&["spec", "template", "metadata", "labels"]).cloned() else { return };
    map_at(object, &["spec"], |spec| {
        if spec.get("selector").is_none_or(crate::stored::is_zero) {
            put(spec, "selector", labels.clone());
        }
    });
    own_labels(object, labels);
}

fn own_labels(object: &mut Value, labels: Value) {
    map_at(object, &["metadata"], |metadata| {
        if metadata.get("labels").is_none_or(crate::stored::is_zero) {
            put(metadata, "labels", labels);
        }
    });
}

fn rolling(object: &mut Value, strategy: &str, [surge, unavailable]: &[&str; 2]) {
    map_at(object, &["spec", strategy], |strategy| {
        if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
            map_in(strategy, "rollingUpdate", |update| {
                set(update, "maxSurge", *surge);
                set(update, "maxUnavailable", *unavailable);
            });
        }
    });
}

fn rolling_daemons(object: &mut Value) {
    map_at(object, &["spec", "updateStrategy"], |strategy| {
        if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
            map_in(strategy, "rollingUpdate", |update| {
                set(update, "maxSurge", 0);
                set(update, "maxUnavailable", 1);
            });
        }
    });
}

fn stateful_set(object: &mut Value) {
    each(object, "spec.volumeClaimTemplates[].x", &mut |claim, _| {
        put(claim, "apiVersion", "v1");
        put(claim, "kind", "PersistentVolumeClaim");
    });
    map_at(object, &["spec", "updateStrategy"], |strategy| {
        if strategy.get("type").is_none_or(crate::stored::is_zero) {
            strategy.insert("type", "RollingUpdate");
            map_in(strategy, "rollingUpdate", |_| {});
        }
        let rolling = strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate");
        if rolling && matches!(strategy.get("rollingUpdate"), Some(Value::Map(_))) {
            map_in(strategy, "rollingUpdate", |update| {
                set(update, "partition", 0);
                set(update, "maxUnavailable", 1);
            });
        }
    });
}

fn job(object: &mut Value) {
    if let Some(labels) = object.at(&["spec", "template", "metadata", "labels"]).cloned() {
        own_labels(object, labels);
    }
    map_at(object, &["spec"], |spec| {
        if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
            spec.insert("completions", 1);
        }
        set(spec, "parallelism", 1);
        let per_index = spec.contains_key("backoffLimitPerIndex");
        set(spec, "backoffLimit", if per_index { i32::MAX } else { 6 });
        let failed_only = spec.contains_key("podFailurePolicy");
        set(spec, "podReplacementPolicy", if failed_only { "Failed" } else { "TerminatingOrFailed" });
    });
}

fn autoscaler(object: &mut Value) {
    map_at(object, &["spec"], |spec| {
        let cpu = value!([{ "type": "Resource", "resource": {
            "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 80 } } }]);
        set(spec, "metrics", cpu);
        if matches!(spec.get("behavior"), Some(Value::Map(_))) {
            map_in(spec, "behavior", scaling_behavior);
        }
    });
}

fn scaling_behavior(behavior: &mut Map) {
    let percent = value!({ "type": "Percent", "value": 100, "periodSeconds": 15 });
    map_in(behavior, "scaleUp", |up| {
        set(up, "stabilizationWindowSeconds", 0);
        set(up, "selectPolicy", "Max");
        if !up.contains_key("policies") {
            let pods = value!({ "type": "Pods", "value": 4, "periodSeconds": 15 });
            up.insert("policies", vec![pods, percent.clone()]);
        }
    });
    map_in(behavior, "scaleDown", |down| {
        set(down, "selectPolicy", "Max");
        if !down.contains_key("policies") {
            down.insert("policies", vec![percent]);
        }
    });
}

fn policy_types(object: &mut Value) {
    map_at(object, &["spec"], |spec| {
        let egress = matches!(spec.get("egress"), Some(Value::List(rules)) if !rules.is_empty());
        set(spec, "policyTypes", if egress { vec!["Ingress", "Egress"] } else { vec!["Ingress"] });
    });
}

fn crd(object: &mut Value) {
    map_at(object, &["spec", "names"], |names| {
        let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        set(names, "singular", kind.to_lowercase());
        if !kind.is_empty() {
            set(names, "listKind", format!("{kind}List"));
        }
    });
    let versions = object.list_at(&["spec", "versions"]);
    let storage = versions.iter().find(|v| v.get("storage").and_then(Value::as_bool) == Some(true));
    let Some(name) = storage.and_then(|v| v.str_at(&["name"])).map(str::to_owned) else { return };
    map_at(object, &["status"], |status| set(status, "storedVersions", vec![name]));
}

fn devices(object: &mut Value) {
    for path in ["spec", "spec.spec"] {
        for request in ["devices.requests[].exactly.x", "devices.requests[].firstAvailable[].x"] {
            each(object, &format!("{path}.{request}"), &mut |request, _| {
                set(request, "allocationMode", "ExactCount");
                let exact = request.get("allocationMode").and_then(Value::as_str) == Some("ExactCount");
                if exact && request.get("count").is_none_or(crate::stored::is_zero) {
                    request.insert("count", 1);
                }
            });
        }
    }
}
