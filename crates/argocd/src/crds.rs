//! The CustomResourceDefinitions of the controller.

use tautline_core::{Object, Value, value};

/// The CRDs of `Application` and `AppProject`: no status subresource, unknown fields preserved, as with
/// Argo CD 3.6, so that either controller can work with them.
pub fn definitions() -> Vec<Object> {
    [
        ("Application", "applications", vec!["app", "apps"]),
        ("AppProject", "appprojects", vec!["appproj", "appprojs"]),
    ]
    .into_iter()
    .map(|(kind, plural, short)| definition(kind, plural, short))
    .collect()
}

fn definition(kind: &str, plural: &str, short: Vec<&str>) -> Object {
    let anything = value!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let mut columns = Vec::new();
    if kind == "Application" {
        for (name, path) in [
            ("Sync Status", ".status.sync.status"),
            ("Health Status", ".status.health.status"),
            ("Revision", ".status.sync.revision"),
        ] {
            columns.push(value!({ "name": name, "jsonPath": path, "type": "string" }));
        }
    }
    let mut properties = value!({ "spec": anything.clone(), "status": anything.clone() });
    if kind == "Application"
        && let Some(map) = properties.as_map_mut()
    {
        map.insert("operation", anything);
    }
    let schema = value!({ "type": "object", "required": ["spec"], "properties": properties });
    let version = value!({
        "name": "v1alpha1", "served": true, "storage": true,
        "schema": { "openAPIV3Schema": schema }, "additionalPrinterColumns": Value::from(columns)
    });
    let crd = value!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.argoproj.io"), "labels": { "app.kubernetes.io/part-of": "argocd" } },
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced",
            "names": { "kind": kind, "listKind": format!("{kind}List"), "plural": plural,
                "singular": kind.to_lowercase(), "shortNames": Value::from(short) },
            "versions": [version]
        }
    });
    Object::from_map(crd.as_map().cloned().unwrap_or_default())
}
