//! What is particular to each kind: which part a write may touch, what counts as a change of the wish.

use tautline_core::{Object, Value, value};

use crate::catalog::Served;

/// The kinds by which requests are admitted.
const ADMISSION: [&str; 6] = [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Built-in kinds that count generations, as recorded from kube-apiserver 1.37.2.
const GENERATIONS: [(&str, &[&str]); 13] = [
    ("", &["Pod", "PodTemplate", "ReplicationController"]),
    ("apps", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("batch", &["CronJob", "Job"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("networking.k8s.io", &["Ingress", "IngressClass", "NetworkPolicy"]),
    ("policy", &["PodDisruptionBudget"]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("admissionregistration.k8s.io", &ADMISSION),
    ("resource.k8s.io", &["DeviceClass", "DeviceTaintRule", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("node.k8s.io", &[]),
];

/// Built-in kinds whose PUT must say which version it replaces.
const CONDITIONAL: [(&str, &[&str]); 9] = [
    ("admissionregistration.k8s.io", &ADMISSION),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("certificates.k8s.io", &["ClusterTrustBundle", "PodCertificateRequest"]),
    ("coordination.k8s.io", &["Lease", "LeaseCandidate"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodDisruptionBudget"]),
    ("storage.k8s.io", &["CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttachment"]),
    ("storagemigration.k8s.io", &["StorageVersionMigration"]),
];

/// Kinds that a PUT creates when they are not there, as recorded.
const PUT_CREATES: [(&str, &[&str]); 6] = [
    ("", &["Service", "Event", "Endpoints", "LimitRange", "Node", "PersistentVolume"]),
    ("events.k8s.io", &["Event"]),
    ("coordination.k8s.io", &["Lease"]),
    ("rbac.authorization.k8s.io", &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]),
    ("autoscaling", &[]),
    ("discovery.k8s.io", &[]),
];

fn listed(table: &[(&str, &[&str])], served: &Served) -> bool {
    table.iter().any(|(group, kinds)| *group == served.group() && kinds.contains(&served.gvk().kind.as_str()))
}

impl Served {
    /// Whether its objects count generations.
    pub(crate) fn counts_generations(&self) -> bool {
        self.custom.is_some() || listed(&GENERATIONS, self)
    }

    /// Whether a PUT creates an object that is not there.
    pub(crate) fn put_creates(&self) -> bool {
        self.custom.is_none() && listed(&PUT_CREATES, self)
    }

    /// Whether a PUT may leave the resourceVersion out.
    pub(crate) fn updates_unconditionally(&self) -> bool {
        self.custom.is_none() && !listed(&CONDITIONAL, self)
    }

    /// Prepares a new object: what only the server may say is taken off or set.
    pub(super) fn prepare_create(&self, object: &mut Object) {
        if self.has_status() {
            object.as_map_mut().remove("status");
        }
        match (self.group(), self.gvk().kind.as_str()) {
            ("", "Namespace") => {
                let name = object.name().to_owned();
                object.metadata_mut().map_at("labels").insert("kubernetes.io/metadata.name", name);
                let finalizers = object.list_at(&["spec", "finalizers"]).to_vec();
                if !finalizers.iter().any(|f| f.as_str() == Some("kubernetes")) {
                    let all: Vec<Value> = finalizers.into_iter().chain(["kubernetes".into()]).collect();
                    object.as_map_mut().map_at("spec").insert("finalizers", Value::from(all));
                }
                object.as_map_mut().insert("status", value!({ "phase": "Active" }));
            }
            ("", "Pod") => {
                let class = qos_class(object);
                object.as_map_mut().insert("status", value!({ "phase": "Pending", "qosClass": class }));
            }
            ("", "PersistentVolumeClaim" | "PersistentVolume") => {
                object.as_map_mut().insert("status", value!({ "phase": "Pending" }));
            }
            ("batch", "Job") => job_selector(object),
            ("", "LimitRange") if object.name().is_empty() => {
                let uid = object.metadata_str("uid").to_owned();
                object.metadata_mut().insert("name", uid);
            }
            _ => {}
        }
        fold_string_data(object);
    }

    /// Prepares an update through the main endpoint: the status stays, the generation counts.
    pub(super) fn prepare_update(&self, old: &Object, new: &mut Object) {
        if self.has_status() {
            copy_top(old, new, "status");
        }
        if self.is("", "Namespace") {
            // Only `finalize` takes the namespace's own finalizers off.
            let finalizers = old.at(&["spec", "finalizers"]).cloned();
            if let Some(finalizers) = finalizers {
                new.as_map_mut().map_at("spec").insert("finalizers", finalizers);
            }
        }
        fold_string_data(new);
        if self.is("", "Pod") {
            super::admission::keep_tolerating(new);
            super::admission::keep_priority(old, new);
        }
        if self.is("", "PersistentVolumeClaim") {
            super::admission::mirror_data_source(new);
        }
        if self.is("apps", "DaemonSet") {
            super::admission::count_template(old, new);
        }
        self.count_generation(old, new);
        if self.is("networking.k8s.io", "NetworkPolicy") {
            let spec = new.as_map_mut().map_at("spec");
            for field in ["ingress", "egress"] {
                if spec.get(field).and_then(Value::as_list).is_some_and(|list| list.is_empty()) {
                    spec.remove(field);
                }
            }
        }
    }

    /// The lists of a NetworkPolicy's wish that an apply makes empty where there were none: its strategy takes that for a
    /// change, although nothing of it can be seen.
    pub(super) fn emptied(&self, old: &Object, wanted: &Object) -> Vec<&'static str> {
        let is_policy = self.is("networking.k8s.io", "NetworkPolicy");
        let lists = ["ingress", "egress"].into_iter().filter(|_| is_policy);
        let is_empty = |value: Option<&Value>| value.and_then(Value::as_list).is_some_and(|l| l.is_empty());
        lists
            .filter(|field| {
                is_empty(wanted.at(&["spec", field])) && old.at(&["spec", field]).is_none_or(Value::is_null)
            })
            .collect()
    }

    /// Takes of an update through `status` the status alone.
    pub(super) fn prepare_status(&self, old: &Object, new: &mut Object) {
        let managed = new.metadata().and_then(|m| m.get("managedFields")).cloned();
        let status = new.get("status").cloned();
        let own: &[&str] = match (self.group(), self.gvk().kind.as_str()) {
            ("apps", "Deployment") => &["annotations", "finalizers"],
            ("apps" | "batch", _) => &["labels", "annotations", "finalizers"],
            ("", "Pod" | "Node" | "Namespace") => &["labels", "annotations", "finalizers"],
            _ => &[],
        };
        let given = new.metadata().cloned().unwrap_or_default();
        *new = old.clone();
        if self.custom.is_none() {
            let metadata = given;
            for field in own.iter().copied() {
                match metadata.get(field) {
                    Some(value) => drop(new.metadata_mut().insert(field, value.clone())),
                    None => drop(new.metadata_mut().remove(field)),
                }
            }
        }
        match status {
            Some(status) => drop(new.as_map_mut().insert("status", status)),
            None => drop(new.as_map_mut().remove("status")),
        }
        if let Some(managed) = managed {
            new.metadata_mut().insert("managedFields", managed);
        }
    }

    fn count_generation(&self, old: &Object, new: &mut Object) {
        // A PriorityClass starts to count and never goes on.
        if !self.counts_generations() || self.is("scheduling.k8s.io", "PriorityClass") {
            return;
        }
        let status_apart = self.has_status() || self.custom.is_none();
        let fields = |object: &Object| -> Vec<(String, Value)> {
            let skip = |name: &str| {
                ["metadata", "apiVersion", "kind"].contains(&name) || (status_apart && name == "status")
            };
            object
                .as_map()
                .iter()
                .filter(|(name, _)| !skip(name))
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect()
        };
        let annotations = |object: &Object| object.metadata().and_then(|m| m.get("annotations")).cloned();
        // The strategies of Deployment and of no other workload count annotations as part of the wish.
        let annotated = self.is("apps", "Deployment") && annotations(old) != annotations(new);
        if annotated || fields(old) != fields(new) {
            let generation = old.generation().unwrap_or(0) + 1;
            new.metadata_mut().insert("generation", generation);
        }
    }
}

fn copy_top(old: &Object, new: &mut Object, field: &str) {
    match old.get(field) {
        Some(value) => drop(new.as_map_mut().insert(field, value.clone())),
        None => drop(new.as_map_mut().remove(field)),
    }
}

/// A Secret's `stringData` goes into `data` and is never read back.
fn fold_string_data(object: &mut Object) {
    use base64::Engine;
    if !object.is("", "Secret") {
        return;
    }
    let Some(Value::Map(plain)) = object.as_map_mut().remove("stringData") else { return };
    let data = object.as_map_mut().map_at("data");
    for (key, text) in plain {
        let bytes = text.as_str().unwrap_or_default().as_bytes();
        data.insert(key, base64::engine::general_purpose::STANDARD.encode(bytes));
    }
}

/// The selector and the labels that the server gives a Job whose author named none.
fn job_selector(job: &mut Object) {
    let manual = job.at(&["spec", "manualSelector"]).and_then(Value::as_bool) == Some(true);
    if manual {
        return;
    }
    let (uid, name) = (job.metadata_str("uid").to_owned(), job.name().to_owned());
    let of_template = job.at(&["spec", "template", "metadata", "labels"]).filter(|labels| !labels.is_null());
    // A Job without labels has those of its template: the very same map, which the selector's labels go into.
    let shared = of_template.is_some() && job.metadata().and_then(|m| m.get("labels")) == of_template;
    let spec = job.as_map_mut().map_at("spec");
    let labels = spec.map_at("template").map_at("metadata").map_at("labels");
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        labels.insert(key, value.as_str());
    }
    let labels = Value::Map(labels.clone());
    let selector = spec.map_at("selector").map_at("matchLabels");
    selector.insert("batch.kubernetes.io/controller-uid", uid);
    if shared {
        job.metadata_mut().insert("labels", labels);
    }
}

/// `status.qosClass`, by the resources of all containers.
fn qos_class(pod: &Object) -> &'static str {
    let containers: Vec<&Value> =
        pod.list_at(&["spec", "containers"]).iter().chain(pod.list_at(&["spec", "initContainers"])).collect();
    let get = |c: &Value, side: &str, name: &str| c.at(&["resources", side, name]).cloned();
    let any = containers.iter().any(|c| {
        ["requests", "limits"].iter().any(|side| ["cpu", "memory"].iter().any(|n| get(c, side, n).is_some()))
    });
    let guaranteed = containers.iter().all(|c| {
        ["cpu", "memory"].iter().all(|name| {
            let limit = get(c, "limits", name);
            limit.is_some() && get(c, "requests", name).is_none_or(|r| Some(r) == limit)
        })
    });
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
