//! The objects that are measured: made, so that everybody measures the same.

use tautline_core::{FieldManager, List, Map, Object, Timestamp, Value, value};
use tautline_merge::{Apply, apply};
use tautline_schema::{builtin, defaults};

/// What is measured.
pub(crate) struct Inputs {
    /// A pod as it lives: status and owners included.
    pub(crate) pod: Object,
    /// A Deployment as Git has it.
    pub(crate) desired: Object,
    /// The same with another image and one more variable.
    pub(crate) changed: Object,
    /// It as it lives, applied by `git`, with its status.
    pub(crate) live: Object,
    /// A CRD of half a megabyte of JSON.
    pub(crate) crd: Object,
    /// It as it lives.
    pub(crate) live_crd: Object,
    /// The CRD with another description everywhere.
    pub(crate) changed_crd: Object,
    /// The CRD with one field more, in the middle of it.
    pub(crate) edited_crd: Object,
}

impl Inputs {
    pub(crate) fn make() -> Result<Self, String> {
        let desired = deployment("shop:1.4.2");
        let mut changed = deployment("shop:1.4.3");
        changed.annotate("release", "1.4.3");
        let mut live = applied(&desired)?;
        finish(&mut live, "6b0f5a0e-0b1c-4c62-8ee9-0e2c5a3c1f00");
        live.as_map_mut().insert(
            "status",
            value!({ "observedGeneration": 3, "replicas": 3, "readyReplicas": 3,
            "availableReplicas": 3, "updatedReplicas": 3, "conditions": [
                { "type": "Available", "status": "True", "lastUpdateTime": "2030-01-01T00:00:00Z",
                  "lastTransitionTime": "2030-01-01T00:00:00Z", "reason": "MinimumReplicasAvailable",
                  "message": "Deployment has minimum availability." }] }),
        );
        let crd = crd("a thing");
        let changed_crd = self::crd("another thing");
        let mut edited_crd = crd.clone();
        edit(&mut edited_crd)?;
        let mut live_crd = applied(&crd)?;
        finish(&mut live_crd, "6b0f5a0e-0b1c-4c62-8ee9-0e2c5a3c1f01");
        // As they come from a server: they share nothing in memory with what was applied.
        let (live, live_crd) = (decoded(&live)?, decoded(&live_crd)?);
        Ok(Self { pod: pod()?, desired, changed, live, crd, live_crd, changed_crd, edited_crd })
    }
}

/// Adds a limit to one of a CRD's fields, halfway down and in the middle.
fn edit(crd: &mut Object) -> Result<(), String> {
    let versions = crd.as_map_mut().map_at("spec").get_mut("versions").and_then(Value::as_list_mut);
    let mut schema = versions
        .and_then(|versions| versions.first_mut())
        .and_then(|version| version.get_mut("schema")?.get_mut("openAPIV3Schema"));
    for name in ["spec", "field3", "field4", "field3"] {
        schema = schema.and_then(|schema| schema.get_mut("properties")?.get_mut(name));
    }
    let field = schema.and_then(Value::as_map_mut).ok_or("the CRD has another shape")?;
    field.insert("maxLength", 63);
    Ok(())
}

fn decoded(object: &Object) -> Result<Object, String> {
    let value =
        Value::from_json(object.to_value().to_json().as_bytes()).map_err(|error| error.to_string())?;
    Object::new(value).map_err(|error| error.to_string())
}

fn applied(object: &Object) -> Result<Object, String> {
    let schemas = builtin();
    let request = Apply {
        live: None,
        config: object,
        manager: &FieldManager::new("git"),
        force: true,
        subresource: None,
        now: Timestamp::from_seconds(1_900_000_000),
        schemas,
        defaulter: &|object, live| defaults::settle_over(object, live, schemas),
    };
    apply(request).map(|applied| applied.object).map_err(|error| error.to_string())
}

fn finish(object: &mut Object, uid: &str) {
    for (field, text) in
        [("uid", uid), ("resourceVersion", "4711"), ("creationTimestamp", "2030-01-01T00:00:00Z")]
    {
        object.metadata_mut().insert(field, text);
    }
    object.metadata_mut().insert("generation", 3);
}

fn object(value: Value) -> Object {
    match value {
        Value::Map(map) => Object::from_map(map),
        _ => Object::from_map(Map::new()),
    }
}

fn labels(name: &str) -> Value {
    value!({ "app.kubernetes.io/name": name, "app.kubernetes.io/instance": "prod", "app.kubernetes.io/version": "1.4.2",
        "app.kubernetes.io/component": "frontend", "team": "checkout" })
}

fn container(name: &str, image: &str, port: i64) -> Value {
    let env: List = (0..8)
        .map(|i| value!({ "name": (format!("SETTING_{i}")), "value": (format!("value-{i}")) }))
        .collect();
    value!({
        "name": name, "image": image,
        "args": ["--listen", "0.0.0.0", "--verbose"],
        "env": (Value::List(env)),
        "ports": [{ "name": "http", "containerPort": port, "protocol": "TCP" }],
        "resources": { "limits": { "cpu": "500m", "memory": "256Mi" }, "requests": { "cpu": "100m", "memory": "128Mi" } },
        "livenessProbe": { "httpGet": { "path": "/healthz", "port": "http" }, "initialDelaySeconds": 5, "periodSeconds": 10 },
        "readinessProbe": { "httpGet": { "path": "/ready", "port": "http" }, "periodSeconds": 5 },
        "volumeMounts": [{ "name": "config", "mountPath": "/etc/shop", "readOnly": true }, { "name": "tmp", "mountPath": "/tmp" }],
        "securityContext": { "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } }
    })
}

fn pod_spec(image: &str) -> Value {
    value!({
        "serviceAccountName": "shop",
        "containers": [(container("app", image, 8080)), (container("proxy", "envoy:1.30", 9901))],
        "volumes": [{ "name": "config", "configMap": { "name": "shop-config" } }, { "name": "tmp", "emptyDir": {} }],
        "tolerations": [{ "key": "dedicated", "operator": "Equal", "value": "web", "effect": "NoSchedule" }]
    })
}

fn deployment(image: &str) -> Object {
    object(value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "shop", "namespace": "prod", "labels": (labels("shop")), "annotations": { "release": "1.4.2" } },
        "spec": { "replicas": 3, "selector": { "matchLabels": { "app.kubernetes.io/name": "shop" } },
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": 0 } },
            "template": { "metadata": { "labels": (labels("shop")), "annotations": { "checksum/config": "9f86d081884c7d65" } },
                "spec": (pod_spec(image)) } }
    }))
}

fn pod() -> Result<Object, String> {
    let pod = object(value!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "shop-6d4cf56db6-x7k2p", "namespace": "prod", "labels": (labels("shop")),
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "shop-6d4cf56db6",
                "uid": "6b0f5a0e-0b1c-4c62-8ee9-0e2c5a3c1f02", "controller": true, "blockOwnerDeletion": true }] },
        "spec": (pod_spec("shop:1.4.2")) }));
    let mut pod = applied(&pod)?;
    finish(&mut pod, "6b0f5a0e-0b1c-4c62-8ee9-0e2c5a3c1f03");
    let conditions: List = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].iter().map(|kind| value!({
        "type": (*kind), "status": "True", "lastProbeTime": null, "lastTransitionTime": "2030-01-01T00:00:00Z" })).collect();
    let statuses: List = ["app", "proxy"].iter().map(|name| value!({ "name": (*name), "ready": true, "started": true, "restartCount": 0,
        "image": "registry.example/shop:1.4.2", "imageID": "registry.example/shop@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "containerID": "containerd://9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "state": { "running": { "startedAt": "2030-01-01T00:00:00Z" } }, "lastState": {} })).collect();
    pod.as_map_mut().insert("status", value!({ "phase": "Running", "qosClass": "Burstable", "hostIP": "10.0.0.7", "podIP": "10.1.2.3",
        "podIPs": [{ "ip": "10.1.2.3" }], "startTime": "2030-01-01T00:00:00Z", "conditions": (Value::List(conditions)),
        "containerStatuses": (Value::List(statuses)) }));
    Ok(pod)
}

/// Nested properties with descriptions, as generated CRDs have them.
fn properties(depth: usize, width: usize, description: &str) -> Map {
    (0..width)
        .map(|i| {
            let text = format!("{description}: number {i} of this level says what the controller does with it, in a sentence of the usual length.");
            let property = match (depth, i % 3) {
                (0, 0) => value!({ "type": "string", "description": text, "maxLength": 253 }),
                (0, 1) => value!({ "type": "integer", "format": "int32", "description": text, "minimum": 0 }),
                (0, _) => value!({ "type": "array", "description": text, "items": { "type": "string" }, "x-kubernetes-list-type": "set" }),
                _ => value!({ "type": "object", "description": text, "properties": (Value::Map(properties(depth - 1, width, description))),
                    "required": ["field0"] }),
            };
            (format!("field{i}"), property)
        })
        .collect()
}

fn crd(description: &str) -> Object {
    let spec = Value::Map(properties(3, 7, description));
    object(
        value!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": "things.example.com" },
        "spec": { "group": "example.com", "scope": "Namespaced", "names": { "plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "type": "object", "description": description,
                "properties": { "apiVersion": { "type": "string" }, "kind": { "type": "string" }, "metadata": { "type": "object" },
                    "spec": { "type": "object", "properties": spec } } } } }] } }),
    )
}
