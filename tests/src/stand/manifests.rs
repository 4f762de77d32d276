//! Applications and objects as people write them.

use tautline_core::{Value, value};

use super::REPOSITORY;

/// An automated Application with prune and self-heal.
pub fn application(name: &str, path: &str, namespace: &str) -> Value {
    value!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": "argocd",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"] },
        "spec": {
            "project": "default",
            "source": { "repoURL": REPOSITORY, "targetRevision": "main", "path": path },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": namespace },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true },
                "syncOptions": ["CreateNamespace=true"] }
        }
    })
}

/// A Deployment as a manifest.
pub fn deployment(name: &str, image: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: app\n        image: {image}\n"
    )
}

/// A ConfigMap as a manifest.
pub fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"{value}\"\n")
}

/// Sets a field deep in an object.
pub fn set(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, before)) = path.split_last() else { return };
    let mut map = object.as_map_mut().expect("tests set fields of objects");
    for field in before {
        map = map.map_at(field);
    }
    map.insert(*last, value);
}
