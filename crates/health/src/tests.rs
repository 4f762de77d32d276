use tautline_core::{Object, Value, value};

use crate::assess;

/// `check("apps/v1 Deployment", spec, status, "Healthy")`, the message after a colon if it matters.
fn check(kind: &str, spec: Value, status: Value, expect: &str) {
    let (version, kind) = kind.split_once(' ').unwrap();
    let object = Object::new(value!({ "apiVersion": version, "kind": kind,
        "metadata": { "name": "x", "generation": 2 }, "spec": spec, "status": status }))
    .unwrap();
    let got = match assess(&object) {
        None => "none".to_owned(),
        Some(health) if expect.contains(": ") => format!("{}: {}", health.status, health.message),
        Some(health) => health.status.to_string(),
    };
    assert_eq!(got, expect, "{kind} {}", object.to_value().to_json());
}

#[test]
fn deployments() {
    let ok =
        || value!({ "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 });
    check("apps/v1 Deployment", value!({ "replicas": 2 }), ok(), "Healthy");
    check("apps/v1 Deployment", value!({ "replicas": 2, "paused": true }), ok(), "Suspended");
    check(
        "apps/v1 Deployment",
        value!({ "replicas": 3 }),
        ok(),
        "Progressing: Waiting for rollout to finish: 2 out of 3 new replicas have been updated...",
    );
    check("apps/v1 Deployment", value!({}), value!({ "observedGeneration": 1 }), "Progressing");
    check(
        "apps/v1 Deployment",
        value!({}),
        value!({ "observedGeneration": 2, "conditions": [{ "type": "Progressing", "reason": "ProgressDeadlineExceeded" }] }),
        "Degraded",
    );
}

#[test]
fn pods() {
    let waiting = |reason: &str| value!({ "phase": "Pending", "containerStatuses": [{ "name": "a", "state": { "waiting": { "reason": reason, "message": "m" } } }] });
    check("v1 Pod", value!({}), waiting("ImagePullBackOff"), "Degraded: m");
    check("v1 Pod", value!({}), waiting("ErrImagePull"), "Degraded: m");
    check("v1 Pod", value!({}), waiting("ContainerCreating"), "Progressing");
    check("v1 Pod", value!({ "restartPolicy": "Never" }), waiting("ErrImagePull"), "Progressing");
    check(
        "v1 Pod",
        value!({}),
        value!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] }),
        "Healthy",
    );
    check("v1 Pod", value!({}), value!({ "phase": "Succeeded" }), "Healthy");
    check("v1 Pod", value!({}), value!({ "phase": "Failed", "message": "evicted" }), "Degraded: evicted");
}

#[test]
fn the_rest() {
    check(
        "apps/v1 StatefulSet",
        value!({ "replicas": 1 }),
        value!({ "observedGeneration": 2, "readyReplicas": 1, "updateRevision": "a", "currentRevision": "b" }),
        "Progressing",
    );
    check(
        "apps/v1 DaemonSet",
        value!({}),
        value!({ "observedGeneration": 2, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1 }),
        "Healthy",
    );
    check("v1 PersistentVolumeClaim", value!({}), value!({ "phase": "Lost" }), "Degraded");
    check("v1 Service", value!({ "type": "LoadBalancer" }), value!({}), "Progressing");
    check("v1 Service", value!({}), value!({}), "Healthy");
    check(
        "batch/v1 Job",
        value!({}),
        value!({ "conditions": [{ "type": "Failed", "status": "True", "message": "BackoffLimitExceeded" }] }),
        "Degraded: BackoffLimitExceeded",
    );
    check("batch/v1 Job", value!({}), value!({}), "Progressing");
    check(
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        value!({}),
        value!({ "conditions": [{ "type": "Established", "status": "True" }] }),
        "Healthy",
    );
    check("v1 ConfigMap", value!({}), value!({}), "none");
}
