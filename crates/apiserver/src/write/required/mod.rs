//! Validation of built-in kinds: what must be there and what values may be, in the server's words.
//!
//! It covers what people get wrong most, as recorded from kube-apiserver 1.37.2; what is not checked here is
//! accepted.

mod config;
mod pods;
mod workloads;

use tautline_core::{Object, Value};

use crate::catalog::Served;
use crate::failure::Wrong;

/// Checks an object of a built-in kind.
pub(super) fn check(served: &Served, object: &Object) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    match (served.group(), served.gvk().kind.as_str()) {
        ("", "Pod") => pods::spec(object.get("spec"), "spec", &mut wrong),
        ("apps", "Deployment") => workloads::deployment(object, &mut wrong),
        ("apps", "ReplicaSet") => workloads::selecting(object, "ReplicaSet", true, &mut wrong),
        ("apps", "StatefulSet") => workloads::selecting(object, "statefulset", true, &mut wrong),
        ("apps", "DaemonSet") => workloads::selecting(object, "daemonset", true, &mut wrong),
        ("batch", "Job") => workloads::job(object, &mut wrong),
        ("", "Service") => config::service(object, &mut wrong),
        ("", "ConfigMap" | "Secret") => config::keys(object, &mut wrong),
        ("", "PersistentVolumeClaim") => config::claim(object, &mut wrong),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            config::binding(object, &mut wrong)
        }
        ("storage.k8s.io", "StorageClass") if text(object, &["provisioner"]).is_empty() => {
            wrong.push(Wrong::required("provisioner", ""));
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => config::crd(object, &mut wrong),
        _ => {}
    }
    wrong
}

/// What the server accepts with a warning.
pub(super) fn warnings(served: &Served, object: &Object) -> Vec<String> {
    match (served.group(), served.gvk().kind.as_str()) {
        ("", "Endpoints") => {
            vec!["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned()]
        }
        ("", "Service") if !object.list_at(&["spec", "externalIPs"]).is_empty() => {
            let why = match text(object, &["spec", "type"]) {
                "ExternalName" => "ignored when spec.type is \"ExternalName\"",
                _ => "deprecated and may no longer be implemented in some clusters",
            };
            vec![format!("spec.externalIPs is {why}")]
        }
        _ => Vec::new(),
    }
}

fn text<'o>(object: &'o Object, keys: &[&str]) -> &'o str {
    object.str_at(keys).unwrap_or_default()
}

/// A number within bounds, else the server's message.
fn not_negative(object: &Object, keys: &[&str], wrong: &mut Vec<Wrong>) {
    if let Some(value) = object.at(keys).filter(|v| v.as_i64().is_some_and(|n| n < 0)) {
        wrong.push(Wrong::invalid(keys.join("."), value, "must be greater than or equal to 0"));
    }
}

fn port_problem(value: Option<&Value>) -> Option<&'static str> {
    let number = value.and_then(Value::as_i64)?;
    (!(1..=65535).contains(&number)).then_some("must be between 1 and 65535, inclusive")
}
