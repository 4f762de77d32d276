//! Objects in one line.

use tautline_core::{ResourceKey, Value, value};

use crate::stand::set;

/// The namespace of the scenarios' app.
pub(super) const NAMESPACE: &str = "prod";

/// The kinds that scenarios may use: `apiVersion`, and whether it stands in a namespace.
const KINDS: [(&str, &str, bool); 34] = [
    ("Namespace", "v1", false),
    ("NetworkPolicy", "networking.k8s.io/v1", true),
    ("ResourceQuota", "v1", true),
    ("LimitRange", "v1", true),
    ("PodDisruptionBudget", "policy/v1", true),
    ("ServiceAccount", "v1", true),
    ("Secret", "v1", true),
    ("ConfigMap", "v1", true),
    ("StorageClass", "storage.k8s.io/v1", false),
    ("PersistentVolume", "v1", false),
    ("PersistentVolumeClaim", "v1", true),
    ("CustomResourceDefinition", "apiextensions.k8s.io/v1", false),
    ("ClusterRole", "rbac.authorization.k8s.io/v1", false),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", false),
    ("Role", "rbac.authorization.k8s.io/v1", true),
    ("RoleBinding", "rbac.authorization.k8s.io/v1", true),
    ("Service", "v1", true),
    ("DaemonSet", "apps/v1", true),
    ("Pod", "v1", true),
    ("ReplicationController", "v1", true),
    ("ReplicaSet", "apps/v1", true),
    ("Deployment", "apps/v1", true),
    ("HorizontalPodAutoscaler", "autoscaling/v2", true),
    ("StatefulSet", "apps/v1", true),
    ("Job", "batch/v1", true),
    ("CronJob", "batch/v1", true),
    ("IngressClass", "networking.k8s.io/v1", false),
    ("Ingress", "networking.k8s.io/v1", true),
    ("PriorityClass", "scheduling.k8s.io/v1", false),
    ("Lease", "coordination.k8s.io/v1", true),
    ("Endpoints", "v1", true),
    ("Widget", "example.com/v1", true),
    ("Workflow", "argoproj.io/v1alpha1", true),
    ("Gadget", "absent.example/v1", true),
];

/// An object by `Kind name attribute=value …`.
///
/// | attribute | what it sets |
/// |---|---|
/// | `v` | `data.key` of a ConfigMap |
/// | `phase` | `status.phase` of a Workflow |
/// | `image`, `replicas`, `selector` | of a workload |
/// | `namespace` | another namespace than the app's |
/// | `generate` | `generateName` in the place of the name |
/// | `wave`, `hook`, `policy`, `options`, `compare`, `timeout`, `on-heal` | annotations of Argo CD and ours |
/// | `helm-hook`, `helm-policy`, `weight`, `keep` | annotations of Helm |
/// | `owner` | the tracking id of an app |
/// | `label` | a label `tier` |
/// | `extra` | a field that no type has, at this dotted path |
/// | `force-namespace` | a namespace, whether the kind stands in one or not |
/// | `instance` | the label of the app, without a tracking id |
/// | `copied-from` | the tracking id of another object of the kind |
/// | `verbs` | what a Role allows |
/// | `annotation:NAME` | any annotation |
///
/// # Panics
/// At what it does not know.
pub fn manifest(text: &str) -> Value {
    let mut words = text.split_whitespace();
    let (kind, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let attributes: Vec<(&str, &str)> =
        words.map(|word| word.split_once('=').unwrap_or((word, ""))).collect();
    let of = |wanted: &str| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let (_, api_version, namespaced) = found(kind);
    let mut object = value!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
    if of("generate").is_some() {
        object.as_map_mut().expect("it is a map").map_at("metadata").remove("name");
        set(&mut object, &["metadata", "generateName"], format!("{name}-").into());
    }
    if namespaced && let Some(namespace) = of("namespace") {
        set(&mut object, &["metadata", "namespace"], namespace.into());
    }
    body(&mut object, kind, name, &of);
    for (attribute, value) in &attributes {
        annotate(&mut object, kind, name, attribute, value);
    }
    object
}

/// The key of `Kind/name`, in the namespace of the scenarios' app unless `Kind/namespace/name`.
///
/// # Panics
/// At a kind that it does not know.
pub fn key(text: &str) -> ResourceKey {
    let parts: Vec<&str> = text.split('/').collect();
    let (kind, namespace, name) = match parts[..] {
        [kind, name] => (kind, NAMESPACE, name),
        [kind, namespace, name] => (kind, namespace, name),
        _ => panic!("{text:?} is no Kind/name"),
    };
    let (_, api_version, namespaced) = found(kind);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    ResourceKey::new(group, kind, if namespaced { namespace } else { "" }, name)
}

/// The `apiVersion` of a kind that scenarios may use.
pub(super) fn api_version(kind: &str) -> &'static str {
    found(kind).1
}

fn found(kind: &str) -> (&'static str, &'static str, bool) {
    *KINDS.iter().find(|(known, ..)| *known == kind).unwrap_or_else(|| panic!("scenarios know no {kind}"))
}

fn annotate(object: &mut Value, kind: &str, name: &str, attribute: &str, value: &str) {
    let annotation = match attribute {
        "wave" => "argocd.argoproj.io/sync-wave",
        "hook" => "argocd.argoproj.io/hook",
        "policy" => "argocd.argoproj.io/hook-delete-policy",
        "options" => "argocd.argoproj.io/sync-options",
        "compare" => "argocd.argoproj.io/compare-options",
        "ignore-health" => "argocd.argoproj.io/ignore-healthcheck",
        "timeout" => tautline::plan::HOOK_TIMEOUT_ANNOTATION,
        "on-heal" => tautline::plan::RUN_ON_HEAL_ANNOTATION,
        "helm-hook" => "helm.sh/hook",
        "helm-policy" => "helm.sh/hook-delete-policy",
        "weight" => "helm.sh/hook-weight",
        "keep" => return set(object, &["metadata", "annotations", "helm.sh/resource-policy"], "keep".into()),
        "owner" => {
            let group = found(kind).1.split_once('/').map_or("", |(group, _)| group);
            let id = format!("{value}:{group}/{kind}:{NAMESPACE}/{name}");
            return set(object, &["metadata", "annotations", "argocd.argoproj.io/tracking-id"], id.into());
        }
        "extra" => return set(object, &value.split('.').collect::<Vec<_>>(), 1.into()),
        "force-namespace" => return set(object, &["metadata", "namespace"], value.into()),
        "instance" => {
            return set(object, &["metadata", "labels", "app.kubernetes.io/instance"], value.into());
        }
        "copied-from" => {
            let group = found(kind).1.split_once('/').map_or("", |(group, _)| group);
            let id = format!("web:{group}/{kind}:{NAMESPACE}/{value}");
            return set(object, &["metadata", "annotations", "argocd.argoproj.io/tracking-id"], id.into());
        }
        "phase" => return set(object, &["status", "phase"], value.into()),
        "label" => return set(object, &["metadata", "labels", "tier"], value.into()),
        "finalizer" => return set(object, &["metadata", "finalizers"], value!([value])),
        other => match other.strip_prefix("annotation:") {
            Some(annotation) => annotation,
            None => return,
        },
    };
    set(object, &["metadata", "annotations", annotation], value.into());
}

/// The definition of Argo's workflows: the status is a field like any other, and every field is kept.
fn workflows() -> Value {
    value!({ "group": "argoproj.io", "scope": "Namespaced",
        "names": { "kind": "Workflow", "plural": "workflows", "singular": "workflow", "listKind": "WorkflowList" },
        "versions": [{ "name": "v1alpha1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": true } } }] })
}

/// The rest of an object of a kind.
fn body<'a>(object: &mut Value, kind: &str, name: &str, of: &impl Fn(&str) -> Option<&'a str>) {
    let image = of("image").unwrap_or("app:1");
    let restart = if matches!(kind, "Job" | "CronJob" | "Pod") { "Never" } else { "Always" };
    let pod = value!({ "restartPolicy": restart, "containers": [{ "name": "main", "image": image }] });
    let selector = of("selector").unwrap_or(name);
    let labels = value!({ "app": selector });
    let template = value!({ "metadata": { "labels": (labels.clone()) }, "spec": (pod.clone()) });
    let replicas = of("replicas").and_then(|count| count.parse::<i64>().ok()).unwrap_or(1);
    let role = value!({ "apiGroup": "rbac.authorization.k8s.io", "kind": (if kind == "RoleBinding" { "Role" } else { "ClusterRole" }), "name": name });
    let spec = match kind {
        "ConfigMap" => return set(object, &["data", "key"], of("v").unwrap_or("1").into()),
        "Secret" => return set(object, &["data", "key"], "MQ==".into()),
        "StorageClass" => return set(object, &["provisioner"], "example.com/disk".into()),
        "ClusterRole" | "Role" => {
            let rules = value!([{ "apiGroups": [""], "resources": ["pods"], "verbs": [(of("verbs").unwrap_or("get"))] }]);
            return set(object, &["rules"], rules);
        }
        "ClusterRoleBinding" | "RoleBinding" => return set(object, &["roleRef"], role),
        "PriorityClass" => return set(object, &["value"], 5.into()),
        "Widget" => value!({ "size": (of("v").unwrap_or("1")) }),
        "Workflow" => value!({ "entrypoint": "main" }),
        "NetworkPolicy" => value!({ "podSelector": {} }),
        "ResourceQuota" => value!({ "hard": { "services": "50" } }),
        "LimitRange" => value!({ "limits": [{ "type": "Pod", "max": { "cpu": "8" } }] }),
        "PodDisruptionBudget" => value!({ "maxUnavailable": 1, "selector": { "matchLabels": labels } }),
        "PersistentVolume" => value!({ "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"],
            "hostPath": { "path": "/tmp/x" } }),
        "PersistentVolumeClaim" => value!({ "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": "1Gi" } } }),
        "CustomResourceDefinition" if name == "workflows.argoproj.io" => workflows(),
        "CustomResourceDefinition" => value!({ "group": "example.com", "scope": "Namespaced",
            "names": { "kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "properties": { "spec": { "type": "object",
                    "properties": { "size": { "type": "string" } } } } } } }] }),
        "Service" => value!({ "selector": labels, "ports": [{ "port": 80 }] }),
        "DaemonSet" => value!({ "selector": { "matchLabels": labels }, "template": template }),
        "Pod" => pod,
        "ReplicationController" => value!({ "replicas": 0, "selector": labels, "template": template }),
        "ReplicaSet" | "Deployment" => value!({ "replicas": replicas, "selector": { "matchLabels": labels },
            "template": template }),
        "HorizontalPodAutoscaler" => value!({ "maxReplicas": 3,
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": name } }),
        "StatefulSet" => value!({ "serviceName": name, "replicas": replicas,
            "selector": { "matchLabels": labels }, "template": template }),
        "Job" => value!({ "backoffLimit": 0, "template": { "spec": pod } }),
        "CronJob" => {
            value!({ "schedule": "0 0 1 1 *", "jobTemplate": { "spec": { "template": { "spec": pod } } } })
        }
        "IngressClass" => value!({ "controller": "example.com/ingress" }),
        "Ingress" => value!({ "defaultBackend": { "service": { "name": name, "port": { "number": 80 } } } }),
        _ => return,
    };
    set(object, &["spec"], spec);
}
