//! Custom resources and the health that their rules give.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use tautline_core::{Object, Value};
use tautline_health::assess;

/// `(kind, status in JSON, expected)`.
const ROWS: &[(&str, &str, &str)] = &[
    ("cert-manager.io/v1 Certificate", "{}", "Progressing"),
    ("cert-manager.io/v1 Certificate", r#"{"conditions":[{"type":"Ready","status":"True"}]}"#, "Healthy"),
    ("cert-manager.io/v1 Certificate", r#"{"conditions":[{"type":"Ready","status":"False"}]}"#, "Degraded"),
    (
        "cert-manager.io/v1 Certificate",
        r#"{"conditions":[{"type":"Ready","status":"False"},{"type":"Issuing","status":"True"}]}"#,
        "Progressing",
    ),
    ("cert-manager.io/v1 Issuer", r#"{"conditions":[{"type":"Ready","status":"True"}]}"#, "Healthy"),
    ("acme.cert-manager.io/v1 Order", r#"{"state":"pending"}"#, "Progressing"),
    ("acme.cert-manager.io/v1 Order", r#"{"state":"errored"}"#, "Degraded"),
    ("argoproj.io/v1alpha1 Workflow", r#"{"phase":"Succeeded"}"#, "Healthy"),
    ("argoproj.io/v1alpha1 Workflow", r#"{"phase":"Error"}"#, "Degraded"),
    ("argoproj.io/v1alpha1 Workflow", r#"{"phase":"Running"}"#, "Progressing"),
    ("argoproj.io/v1alpha1 Rollout", r#"{"phase":"Paused"}"#, "Suspended"),
    ("argoproj.io/v1alpha1 Rollout", r#"{"phase":"Healthy"}"#, "Healthy"),
    ("argoproj.io/v1alpha1 Application", "{}", "none"),
    (
        "kustomize.toolkit.fluxcd.io/v1 Kustomization",
        r#"{"conditions":[{"type":"Ready","status":"False"}]}"#,
        "Degraded",
    ),
    (
        "kustomize.toolkit.fluxcd.io/v1 Kustomization",
        r#"{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True"}]}"#,
        "Progressing",
    ),
    (
        "source.toolkit.fluxcd.io/v1 GitRepository",
        r#"{"conditions":[{"type":"Ready","status":"True"}]}"#,
        "Healthy",
    ),
    (
        "s3.aws.upbound.io/v1beta1 Bucket",
        r#"{"conditions":[{"type":"Synced","status":"True"},{"type":"Ready","status":"True"}]}"#,
        "Healthy",
    ),
    (
        "s3.aws.upbound.io/v1beta1 Bucket",
        r#"{"conditions":[{"type":"Synced","status":"False"},{"type":"Ready","status":"True"}]}"#,
        "Degraded",
    ),
    (
        "pkg.crossplane.io/v1 Provider",
        r#"{"conditions":[{"type":"Installed","status":"True"},{"type":"Healthy","status":"True"}]}"#,
        "Healthy",
    ),
    (
        "gateway.networking.k8s.io/v1 Gateway",
        r#"{"conditions":[{"type":"Programmed","status":"False","reason":"Pending"}]}"#,
        "Progressing",
    ),
    (
        "gateway.networking.k8s.io/v1 Gateway",
        r#"{"conditions":[{"type":"Programmed","status":"True"}]}"#,
        "Healthy",
    ),
    (
        "keda.sh/v1alpha1 ScaledObject",
        r#"{"conditions":[{"type":"Ready","status":"True"},{"type":"Paused","status":"True"}]}"#,
        "Suspended",
    ),
    (
        "external-secrets.io/v1 ExternalSecret",
        r#"{"conditions":[{"type":"Ready","status":"False"}]}"#,
        "Degraded",
    ),
    (
        "serving.knative.dev/v1 Service",
        r#"{"conditions":[{"type":"Ready","status":"Unknown"}]}"#,
        "Progressing",
    ),
    ("kafka.strimzi.io/v1 Kafka", r#"{"conditions":[{"type":"NotReady","status":"True"}]}"#, "Degraded"),
    (
        "postgresql.cnpg.io/v1 Cluster",
        r#"{"phase":"Cluster in healthy state","conditions":[{"type":"Ready","status":"True"}]}"#,
        "Healthy",
    ),
    (
        "monitoring.coreos.com/v1 Prometheus",
        r#"{"conditions":[{"type":"Available","status":"Degraded"}]}"#,
        "Degraded",
    ),
    (
        "s3.services.k8s.aws/v1 Bucket",
        r#"{"conditions":[{"type":"ACK.ResourceSynced","status":"True"}]}"#,
        "Healthy",
    ),
    ("snapshot.storage.k8s.io/v1 VolumeSnapshot", r#"{"readyToUse":true}"#, "Healthy"),
    ("tea.example.org/v1 Cup", "{}", "none"),
    ("tea.example.org/v1 Cup", r#"{"phase":"Full"}"#, "none"),
    ("tea.example.org/v1 Cup", r#"{"conditions":[{"type":"Ready","status":"True"}]}"#, "Healthy"),
    ("tea.example.org/v1 Cup", r#"{"conditions":[{"type":"Ready","status":"False"}]}"#, "Progressing"),
    (
        "tea.example.org/v1 Cup",
        r#"{"conditions":[{"type":"Ready","status":"True"},{"type":"Reconciling","status":"True"}]}"#,
        "Progressing",
    ),
    (
        "tea.example.org/v1 Cup",
        r#"{"conditions":[{"type":"Ready","status":"False"},{"type":"Stalled","status":"True"}]}"#,
        "Degraded",
    ),
    (
        "tea.example.org/v1 Cup",
        r#"{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True"}]}"#,
        "Progressing",
    ),
];

#[test]
fn each_says_how_it_is() {
    for (kind, status, expect) in ROWS {
        let (version, kind) = kind.split_once(' ').unwrap();
        let text = format!(
            r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"x","generation":2}},"status":{status}}}"#
        );
        let object = Object::new(Value::from_json(text.as_bytes()).unwrap()).unwrap();
        let got = assess(&object).map_or("none".to_owned(), |health| health.status.to_string());
        assert_eq!(&got, expect, "{kind} {status}");
    }
}
