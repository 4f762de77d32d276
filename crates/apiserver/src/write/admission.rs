//! What kube-apiserver's own admission plugins fill into new objects, and strategies beside them. None of it has an
//! owner in managedFields.

use tautline_core::{Object, Value, value};
use tautline_grammar::time::seconds;

use crate::catalog::Served;
use crate::failure::Failure;
use crate::state::State;

/// Where a pod finds its token.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The annotation in which the API of a DaemonSet keeps how often its template changed.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

impl State {
    /// Completes a new object as the default plugins do: StorageObjectInUseProtection, TaintNodesByCondition,
    /// ServiceAccount, Priority and DefaultTolerationSeconds.
    pub(super) fn complete(&mut self, served: &Served, object: &mut Object) {
        match (served.group(), served.gvk().kind.as_str()) {
            ("", "PersistentVolumeClaim") => {
                protect(object, "kubernetes.io/pvc-protection");
                mirror_data_source(object);
            }
            ("", "PersistentVolume") => {
                protect(object, "kubernetes.io/pv-protection");
                let now = seconds(self.now());
                object.as_map_mut().map_at("status").insert("lastPhaseTransitionTime", now);
            }
            ("storage.k8s.io", "VolumeAttributesClass") => protect(object, "kubernetes.io/vac-protection"),
            ("", "Node") => taint(object),
            ("", "Pod") => self.complete_pod(object),
            ("apps", "DaemonSet") => object.annotate(TEMPLATE_GENERATION, "1"),
            _ => {}
        }
    }

    /// The defaults that are a moment in time: since when a device is tainted. Who writes the taint owns them.
    pub(super) fn note_times(&self, served: &Served, object: &mut Object) {
        let now = seconds(self.now());
        let note = |taint: Option<&mut Value>| {
            if let Some(taint) =
                taint.and_then(Value::as_map_mut).filter(|taint| !taint.contains_key("timeAdded"))
            {
                taint.insert("timeAdded", now.as_str());
            }
        };
        if served.is("resource.k8s.io", "DeviceTaintRule") {
            note(object.as_map_mut().map_at("spec").get_mut("taint"));
        }
        if served.is("resource.k8s.io", "ResourceSlice") {
            let devices = object.as_map_mut().map_at("spec").get_mut("devices").and_then(Value::as_list_mut);
            for device in devices.into_iter().flat_map(|list| list.iter_mut()) {
                let taints = device.get_mut("taints").and_then(Value::as_list_mut);
                taints.into_iter().flat_map(|list| list.iter_mut()).for_each(|taint| note(Some(taint)));
            }
        }
    }

    /// A claim grows only where its class lets it: PersistentVolumeClaimResize.
    ///
    /// # Errors
    /// 403.
    pub(super) fn may_grow(&self, old: &Object, new: &Object) -> Result<(), Failure> {
        let size = |claim: &Object| {
            let amount = claim.at(&["spec", "resources", "requests", "storage"]);
            amount.and_then(tautline_grammar::Quantity::from_value).and_then(Result::ok)
        };
        let class = new.str_at(&["spec", "storageClassName"]).unwrap_or_default();
        let expands = self
            .find_builtin("storage.k8s.io/v1", "StorageClass", "", class)
            .is_some_and(|class| class.get("allowVolumeExpansion").and_then(Value::as_bool) == Some(true));
        match (size(old), size(new)) {
            (Some(before), Some(after)) if after > before && !expands => {
                let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the \
                           pvc must support resize";
                Err(Failure::forbidden("", "persistentvolumeclaims", new.name(), why))
            }
            _ => Ok(()),
        }
    }

    fn complete_pod(&mut self, pod: &mut Object) {
        let volume = format!("kube-api-access-{}", self.new_suffix());
        let automounts = pod.at(&["spec", "automountServiceAccountToken"]) != Some(&Value::Bool(false));
        let spec = pod.as_map_mut().map_at("spec");
        if !spec.contains_key("serviceAccountName") {
            spec.insert("serviceAccountName", "default");
        }
        let account = spec.get("serviceAccountName").cloned().unwrap_or_default();
        spec.insert("serviceAccount", account);
        for (field, value) in
            [("priority", Value::Int(0)), ("preemptionPolicy", "PreemptLowerPriority".into())]
        {
            if !spec.contains_key(field) {
                spec.insert(field, value);
            }
        }
        tolerate(spec);
        if automounts && mount(spec, &volume) {
            let mut volumes = spec.get("volumes").and_then(Value::as_list).cloned().unwrap_or_default();
            volumes.push(token_volume(&volume));
            spec.insert("volumes", Value::List(volumes));
        }
    }
}

/// Counts a change of a DaemonSet's template, which its API keeps in an annotation.
pub(super) fn count_template(old: &Object, new: &mut Object) {
    let template = |object: &Object| object.at(&["spec", "template"]).cloned();
    let known: i64 = old.annotation(TEMPLATE_GENERATION).and_then(|n| n.parse().ok()).unwrap_or(1);
    let count = known + i64::from(template(old) != template(new));
    new.annotate(TEMPLATE_GENERATION, &count.to_string());
}

/// A changed pod keeps the rank that it had.
pub(super) fn keep_priority(old: &Object, new: &mut Object) {
    for field in ["priority", "preemptionPolicy"] {
        let spec = new.as_map_mut().map_at("spec");
        if let (Some(value), false) = (old.at(&["spec", field]), spec.contains_key(field)) {
            spec.insert(field, value.clone());
        }
    }
}

/// A changed pod goes on tolerating what every pod tolerates for a while.
pub(super) fn keep_tolerating(pod: &mut Object) {
    tolerate(pod.as_map_mut().map_at("spec"));
}

fn protect(object: &mut Object, finalizer: &str) {
    let mut finalizers: Vec<Value> = object.finalizers().map(Value::from).collect();
    if finalizers.iter().all(|known| known.as_str() != Some(finalizer)) {
        finalizers.push(finalizer.into());
        object.metadata_mut().insert("finalizers", Value::from(finalizers));
    }
}

pub(super) fn mirror_data_source(claim: &mut Object) {
    let spec = claim.as_map_mut().map_at("spec");
    // Others are for `dataSourceRef` alone.
    let is_known = spec.get("dataSource").is_none_or(|source| {
        let text = |field| source.str_at(&[field]).unwrap_or_default();
        matches!(
            (text("apiGroup"), text("kind")),
            ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
        )
    });
    if !is_known {
        spec.remove("dataSource");
    }
    if let (Some(source), None) = (spec.get("dataSource").cloned(), spec.get("dataSourceRef")) {
        spec.insert("dataSourceRef", source);
    }
}

fn taint(node: &mut Object) {
    const KEY: &str = "node.kubernetes.io/not-ready";
    let spec = node.as_map_mut().map_at("spec");
    let mut taints = spec.get("taints").and_then(Value::as_list).cloned().unwrap_or_default();
    if taints.iter().all(|taint| taint.str_at(&["key"]) != Some(KEY)) {
        taints.push(value!({ "key": KEY, "effect": "NoSchedule" }));
        spec.insert("taints", Value::List(taints));
    }
}

/// A pod stays on a node that is not ready for five minutes, unless it says otherwise.
fn tolerate(spec: &mut tautline_core::Map) {
    let mut tolerations = spec.get("tolerations").and_then(Value::as_list).cloned().unwrap_or_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |t: &Value| {
            let same_key = [None, Some(""), Some(key)].contains(&t.str_at(&["key"]));
            same_key && [None, Some(""), Some("NoExecute")].contains(&t.str_at(&["effect"]))
        };
        if !tolerations.iter().any(covers) {
            tolerations.push(value!({ "key": key, "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300 }));
        }
    }
    spec.insert("tolerations", Value::List(tolerations));
}

/// Mounts the token where a container has nothing mounted yet; whether any container needs it.
fn mount(spec: &mut tautline_core::Map, volume: &str) -> bool {
    let mut is_needed = false;
    for field in ["initContainers", "containers"] {
        let containers = spec.get_mut(field).and_then(Value::as_list_mut);
        for container in containers.into_iter().flat_map(|list| list.iter_mut()).filter_map(Value::as_map_mut)
        {
            let mut mounts =
                container.get("volumeMounts").and_then(Value::as_list).cloned().unwrap_or_default();
            if mounts.iter().all(|m| m.str_at(&["mountPath"]) != Some(TOKEN_PATH)) {
                mounts.push(value!({ "name": volume, "readOnly": true, "mountPath": TOKEN_PATH }));
                container.insert("volumeMounts", Value::List(mounts));
                is_needed = true;
            }
        }
    }
    is_needed
}

fn token_volume(name: &str) -> Value {
    value!({ "name": name, "projected": { "defaultMode": 420, "sources": [
        { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
        { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
        { "downwardAPI": { "items": [{ "path": "namespace",
            "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } }] } }
    ] } })
}
