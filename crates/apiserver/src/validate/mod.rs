//! Validation of built-in kinds, as kube-apiserver 1.37 does it and in its words, a module for each API group.
//!
//! [`check`] looks at an object as a whole, [`check_update`] at what changed, [`warnings`] at what is accepted with
//! a word of caution. The rules are written against [`at::At`], a place in the object that knows its path.
//! Complaints come in the server's order: the written rules first, the declared ones after them.

mod admission_policies;
mod admissionregistration;
mod apiextensions;
mod apps;
mod at;
mod autoscaling;
mod batch;
mod core;
mod cron;
mod diff;
mod flowcontrol;
mod go;
mod meta;
mod networking;
mod policy;
mod rules;
mod storage;
mod texts;
mod warnings;

use tautline_core::Object;

use crate::catalog::Served;
use crate::failure::Wrong;

#[cfg(feature = "http")]
pub(crate) use warnings::ENDPOINTS;
pub(crate) use warnings::warnings;

/// Checks an object of a built-in kind. What holds for new objects only is left out for old ones.
pub(crate) fn check(served: &Served, object: &Object, is_new: bool) -> Vec<Wrong> {
    let check = at::Check::default();
    let root = check.root(object);
    match (served.group(), served.gvk().kind.as_str()) {
        ("", "Pod") => core::pods::pod(root, is_new),
        ("", "PodTemplate") => core::pods::template(root.at("template")),
        ("", "ReplicationController") => core::nodes::replication_controller(root),
        ("", "Service") => core::services::service(root),
        ("", "ConfigMap") => core::config::config_map(root),
        ("", "Secret") => core::config::secret(root),
        ("", "PersistentVolumeClaim") => core::claims::spec(root.at("spec")),
        ("", "PersistentVolume") => core::persistent::volume(root),
        ("", "ResourceQuota") => core::quotas::quota(root),
        ("", "LimitRange") => core::quotas::limit_range(root),
        ("", "Endpoints") => core::endpoints::endpoints(root),
        ("", "Node") => core::nodes::node(root),
        ("apps", "Deployment") => apps::deployment(root),
        ("apps", "ReplicaSet") => apps::replica_set(root),
        ("apps", "StatefulSet") => apps::stateful_set(root, is_new),
        ("apps", "DaemonSet") => apps::daemon_set(root),
        ("apps", "ControllerRevision") => apps::controller_revision(root),
        ("batch", "Job") => batch::job(root, is_new),
        ("batch", "CronJob") => batch::cron_job(root, is_new),
        ("networking.k8s.io", "Ingress") => {
            if is_new {
                networking::new_ingress(root);
            }
            networking::ingress(root);
        }
        ("networking.k8s.io", "IngressClass") => networking::ingress_class(root),
        ("networking.k8s.io", "NetworkPolicy") => networking::network_policy(root),
        ("autoscaling", "HorizontalPodAutoscaler") if served.gvk().version == "v2" => {
            autoscaling::autoscaler(root)
        }
        ("policy", "PodDisruptionBudget") => policy::disruption_budget(root),
        ("rbac.authorization.k8s.io", "Role") => policy::role(root, true),
        ("rbac.authorization.k8s.io", "ClusterRole") => policy::role(root, false),
        ("rbac.authorization.k8s.io", "RoleBinding") => policy::binding(root, true),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding") => policy::binding(root, false),
        ("scheduling.k8s.io", "PriorityClass") => policy::priority_class(root),
        ("coordination.k8s.io", "Lease") => policy::lease(root),
        ("storage.k8s.io", "StorageClass") => storage::class(root),
        ("storage.k8s.io", "CSIDriver") => storage::driver(root),
        ("node.k8s.io", "RuntimeClass") => policy::runtime_class(root),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => flowcontrol::flow_schema(root),
        ("", "Event") => core::nodes::event(root),
        ("", "Namespace") => core::nodes::namespace(root),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => admissionregistration::webhooks(root),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            admission_policies::validating(root);
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => admission_policies::mutating(root),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => {
            admission_policies::binding(root, true);
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding") => {
            admission_policies::binding(root, false);
        }
        ("discovery.k8s.io", "EndpointSlice") => storage::endpoint_slice(root),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => apiextensions::definition(root),
        _ => {}
    }
    let mut wrong = check.take();
    if served.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        // By field; within a schema in the order in which it is walked.
        let key = |wrong: &crate::failure::Wrong| match wrong.field.find(".openAPIV3Schema") {
            Some(at) => wrong.field.get(..at).unwrap_or_default().to_owned(),
            None => wrong.field.clone(),
        };
        wrong.sort_by_cached_key(key);
    }
    wrong
}

/// Checks a status that is written by itself.
pub(crate) fn check_status(served: &Served, object: &Object) -> Vec<Wrong> {
    let check = at::Check::default();
    if served.is("", "Service") {
        core::services::status(check.root(object));
    }
    check.take()
}

/// Checks what changed of an object. Some kinds are looked at for changes before they are checked as a whole, most
/// after.
pub(crate) fn check_update(served: &Served, old: &Object, new: &Object, is_applied: bool) -> Vec<Wrong> {
    let changes = at::Check::default();
    let kind = (served.group(), served.gvk().kind.as_str());
    let mut first = false;
    match kind {
        ("", "Pod") => core::pods::update(&changes, old, new),
        ("", "Service") => {
            first = true;
            core::services::update(&changes, old, new);
        }
        ("", "ConfigMap") => {
            first = true;
            core::config::update_config_map(&changes, old, new);
        }
        ("", "Secret") => {
            first = true;
            core::config::update_secret(&changes, old, new);
        }
        ("", "PersistentVolumeClaim") => core::claims::update(&changes, old, new),
        ("", "PersistentVolume") => core::persistent::update(&changes, old, new),
        ("", "ResourceQuota") => core::quotas::update_quota(&changes, old, new),
        ("apps", "Deployment" | "ReplicaSet") => apps::update_selector(&changes, old, new),
        ("apps", "DaemonSet") => {
            first = true;
            apps::update_selector(&changes, old, new);
        }
        ("apps", "StatefulSet") => apps::update_stateful_set(&changes, old, new, is_applied),
        ("apps", "ControllerRevision") => apps::update_revision(&changes, old, new),
        ("batch", "Job") => batch::update_job(&changes, old, new),
        ("networking.k8s.io", "IngressClass") => {
            first = true;
            networking::update_class(&changes, old, new);
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            policy::update_binding(&changes, old, new);
        }
        ("scheduling.k8s.io", "PriorityClass") => policy::update_priority_class(&changes, old, new),
        ("storage.k8s.io", "StorageClass") => storage::update_class(&changes, old, new),
        ("storage.k8s.io", "CSIDriver") => storage::update_driver(&changes, old, new),
        ("node.k8s.io", "RuntimeClass") => policy::update_runtime_class(&changes, old, new),
        ("", "Node") => core::nodes::update(&changes, old, new),
        ("discovery.k8s.io", "EndpointSlice") => storage::update_slice(&changes, old, new),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => apiextensions::update(&changes, old, new),
        _ => {}
    }
    // An update of these looks at nothing but what changed.
    let whole = match kind {
        ("storage.k8s.io", "StorageClass")
        | ("scheduling.k8s.io", "PriorityClass")
        | ("node.k8s.io", "RuntimeClass")
        | ("apps", "ControllerRevision") => Vec::new(),
        _ => check(served, new, false),
    };
    let changed = changes.take();
    if kind == ("apiextensions.k8s.io", "CustomResourceDefinition") && !changed.is_empty() {
        // The name no longer fits the group and the plural, which may not change: that is said once.
        return changed;
    }
    if first { [changed, whole].concat() } else { [whole, changed].concat() }
}

/// Checks a regular expression, with Go's message for the commonest mistakes.
fn go_regex(pattern: &str) -> Result<(), String> {
    if regex::Regex::new(pattern).is_ok() {
        return Ok(());
    }
    let count = |c: char| pattern.chars().filter(|found| *found == c).count();
    let why = if count('(') > count(')') {
        "missing closing ): "
    } else if count(')') > count('(') {
        "unexpected ): "
    } else if count('[') > count(']') {
        "missing closing ]: "
    } else {
        "invalid syntax: "
    };
    Err(format!("error parsing regexp: {why}`{pattern}`"))
}
