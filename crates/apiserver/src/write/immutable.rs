//! Fields that may not change once they are set.

use tautline_core::{Map, Object, Value};

use crate::catalog::Served;
use crate::failure::Wrong;

const IMMUTABLE: &str = "field is immutable";

/// Compares the fields of built-in kinds that may not change. Where the real server prints its internal Go
/// structs as values, the JSON of the object is printed instead.
pub(super) fn check(served: &Served, old: &Object, new: &Object) -> Vec<Wrong> {
    let mut check = Check { old, new, wrong: Vec::new() };
    match (served.group(), served.gvk().kind.as_str()) {
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => check.field(&["spec", "selector"]),
        ("apps", "StatefulSet") => {
            let fixed = ["serviceName", "podManagementPolicy", "selector", "volumeClaimTemplates"];
            fixed.iter().for_each(|field| check.field(&["spec", field]));
        }
        ("batch", "Job") => job(&mut check),
        ("", "Service") => service(&mut check),
        ("", "ConfigMap" | "Secret") => config(&mut check),
        ("", "PersistentVolumeClaim") => claim(&mut check),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => role_ref(&mut check),
        ("discovery.k8s.io", "EndpointSlice") if old.get("addressType") != new.get("addressType") => {
            check.wrong.push(Wrong::invalid("addressType", &Value::Null, IMMUTABLE));
        }
        ("apps", "ControllerRevision") => check.field(&["data"]),
        ("storage.k8s.io", "StorageClass") => {
            ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]
                .iter()
                .for_each(|field| check.field(&[field]));
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            check.field(&["spec", "scope"]);
            check.field(&["spec", "group"]);
            check.field(&["spec", "names", "plural"]);
            check.field(&["spec", "names", "kind"]);
        }
        ("", "Pod") => pod(&mut check),
        _ => {}
    }
    check.wrong
}

struct Check<'a> {
    old: &'a Object,
    new: &'a Object,
    wrong: Vec<Wrong>,
}

impl Check<'_> {
    fn differs(&self, keys: &[&str]) -> bool {
        self.old.at(keys) != self.new.at(keys)
    }

    fn field(&mut self, keys: &[&str]) {
        if self.differs(keys) {
            let value = self.new.at(keys).cloned().unwrap_or_default();
            self.wrong.push(Wrong::invalid(keys.join("."), &value, IMMUTABLE));
        }
    }
}

fn job(check: &mut Check<'_>) {
    check.field(&["spec", "selector"]);
    let suspended = check.old.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true);
    let never_started = check.old.at(&["status", "startTime"]).is_none();
    if !(suspended && never_started) {
        check.field(&["spec", "template"]);
    }
    check.field(&["spec", "completionMode"]);
    let indexed = check.new.str_at(&["spec", "completionMode"]) == Some("Indexed");
    if !indexed {
        check.field(&["spec", "completions"]);
    }
}

fn service(check: &mut Check<'_>) {
    let external = |object: &Object| object.str_at(&["spec", "type"]) == Some("ExternalName");
    if external(check.old) || external(check.new) {
        return;
    }
    let old = check.old.str_at(&["spec", "clusterIP"]).filter(|ip| !ip.is_empty());
    let new = check.new.str_at(&["spec", "clusterIP"]).filter(|ip| !ip.is_empty());
    if let (Some(old), Some(new)) = (old, new)
        && old != new
    {
        let value = Value::from(vec![new]);
        check.wrong.push(Wrong::invalid("spec.clusterIPs[0]", &value, "may not change once set"));
    }
}

fn config(check: &mut Check<'_>) {
    if check.old.is("", "Secret") {
        check.field(&["type"]);
    }
    if check.old.get("immutable").and_then(Value::as_bool) != Some(true) {
        return;
    }
    for field in ["immutable", "data", "binaryData"] {
        if check.differs(&[field]) {
            check.wrong.push(Wrong::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
}

fn claim(check: &mut Check<'_>) {
    let rest = |object: &Object| -> Map {
        let mut spec = object.get("spec").and_then(Value::as_map).cloned().unwrap_or_default();
        for field in ["volumeName", "storageClassName", "volumeAttributesClassName"] {
            spec.remove(field);
        }
        if object.str_at(&["status", "phase"]) == Some("Bound") {
            spec.map_at("resources").remove("requests");
        }
        spec
    };
    if rest(check.old) != rest(check.new) {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName \
                      for bound claims";
        check.wrong.push(Wrong::forbidden("spec", detail));
    }
    if check.differs(&["spec", "volumeMode"]) {
        let value = check.new.at(&["spec", "volumeMode"]).cloned().unwrap_or_default();
        check.wrong.push(Wrong::invalid("volumeMode", &value, IMMUTABLE));
    }
}

fn role_ref(check: &mut Check<'_>) {
    if check.differs(&["roleRef"]) {
        let text = |field: &str| check.new.str_at(&["roleRef", field]).unwrap_or_default().to_owned();
        let value = format!(
            "{{\"APIGroup\":{:?},\"Kind\":{:?},\"Name\":{:?}}}",
            text("apiGroup"),
            text("kind"),
            text("name")
        );
        let message = format!("Invalid value: {value}: {IMMUTABLE}");
        check.wrong.push(Wrong { field: "roleRef".to_owned(), reason: "FieldValueInvalid", message });
    }
}

/// Of a pod's spec only images, deadlines, added tolerations and scheduling gates may change.
fn pod(check: &mut Check<'_>) {
    let fixed = |object: &Object| -> Map {
        let mut spec = object.get("spec").and_then(Value::as_map).cloned().unwrap_or_default();
        for field in
            ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"]
        {
            spec.remove(field);
        }
        for field in ["containers", "initContainers"] {
            if let Some(Value::List(list)) = spec.get_mut(field) {
                for container in list.iter_mut() {
                    if let Some(map) = container.as_map_mut() {
                        map.remove("image");
                        map.remove("resources");
                    }
                }
            }
        }
        spec
    };
    if fixed(check.old) != fixed(check.new) {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,\
                      `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only \
                      additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set \
                      to 1 if it was previously negative)";
        check.wrong.push(Wrong::forbidden("spec", detail));
    }
}
