//! What befalls pods, in the words of the scheduler, the kubelet and admission.
//!
//! | an image's last path segment begins with | what happens |
//! |---|---|
//! | `oom` | killed for its memory again and again |
//! | `unready` | its readiness probe fails |
//! | `slow` | its startup probe has not passed |
//! | `nocommand` | its command is not in the image |
//! | `private` | it needs credentials to be pulled |
//! | `evicted` | the node runs out of memory |
//! | `lost` | its node does not answer any more |

use tautline_core::{Map, Object, Value, value};

use crate::troubled::Troubled;

/// What a controller or the kubelet tells in an Event: a reason and a sentence.
pub(crate) type Told = Option<(&'static str, String)>;

/// Why admission refuses a pod.
pub(crate) async fn refusal(stage: &Troubled, pod: &Object) -> Option<(u16, String)> {
    let namespace = pod.namespace();
    let forbidden = |why: String| Some((403, format!("pods \"{}\" is forbidden: {why}", pod.name())));
    if let Some(account) = pod.str_at(&["spec", "serviceAccountName"])
        && stage.find("v1", "ServiceAccount", namespace, account).await.is_none()
    {
        let why = format!(
            "error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
        );
        return forbidden(why);
    }
    if let Some(class) = pod.str_at(&["spec", "priorityClassName"])
        && stage.find("scheduling.k8s.io/v1", "PriorityClass", "", class).await.is_none()
    {
        return forbidden(format!("no PriorityClass with name {class} was found"));
    }
    for hooks in stage.all("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration").await {
        for hook in hooks.list_at(&["webhooks"]) {
            let text = |path: &[&str]| hook.str_at(path).unwrap_or_default().to_owned();
            let (service, space) =
                (text(&["clientConfig", "service", "name"]), text(&["clientConfig", "service", "namespace"]));
            if space != namespace || stage.find("v1", "Service", &space, &service).await.is_some() {
                continue;
            }
            let why = format!(
                "Internal error occurred: failed calling webhook \"{}\": failed to call webhook: Post \"https://{service}.{space}.svc:443/?timeout=10s\": service \"{service}\" not found",
                text(&["name"])
            );
            return Some((500, why));
        }
    }
    None
}

/// Whether nobody can do anything for an object: a claim without its class or volume, a load balancer without a cloud.
pub(crate) async fn stands_still(stage: &Troubled, object: &Object) -> Told {
    if object.annotation("test/stands-still").is_some() {
        return Some(("", String::new()));
    }
    if !object.is("", "PersistentVolumeClaim") {
        return None;
    }
    let class = object.str_at(&["spec", "storageClassName"]).filter(|class| !class.is_empty());
    if let Some(class) = class
        && stage.find("storage.k8s.io/v1", "StorageClass", "", class).await.is_none()
    {
        return Some(("ProvisioningFailed", format!("storageclass.storage.k8s.io \"{class}\" not found")));
    }
    let volume = object.str_at(&["spec", "volumeName"]).filter(|volume| !volume.is_empty())?;
    let is_missing = stage.find("v1", "PersistentVolume", "", volume).await.is_none();
    is_missing.then(|| ("", String::new()))
}

/// Changes what the kubelet would say of a pod into what befalls it.
pub(crate) async fn befalls(stage: &Troubled, pod: &Object, status: &mut Map) -> Told {
    if let Some(message) = unschedulable(stage, pod).await {
        let condition = value!({ "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": message, "lastTransitionTime": "2030-01-01T00:00:00Z" });
        *status = Map::new();
        status.insert("phase", "Pending");
        status.insert("conditions", value!([condition]));
        return None;
    }
    if let Some((kind, name, volume)) = missing_volume(stage, pod).await {
        every_container_waits(pod, status, "ContainerCreating", "");
        let message =
            format!("MountVolume.SetUp failed for volume \"{volume}\" : {kind} \"{name}\" not found");
        return Some(("FailedMount", message));
    }
    let mut told = None;
    for container in pod.list_at(&["spec", "containers"]) {
        let name = container.str_at(&["name"]).unwrap_or_default();
        let image = container.str_at(&["image"]).unwrap_or_default();
        if let Some(message) = missing_setting(stage, pod, container).await {
            set(
                status,
                name,
                value!({ "state": { "waiting": { "reason": "CreateContainerConfigError", "message": message } } }),
            );
            becomes_unready(status, "Pending");
            continue;
        }
        told = of_image(image.rsplit('/').next().unwrap_or_default(), name, status).or(told);
    }
    let gates = pod.list_at(&["spec", "readinessGates"]);
    if !gates.is_empty() {
        ready(status, "False", "ReadinessGatesNotReady", "the status of pod readiness gate is not \"True\"");
    }
    told
}

async fn unschedulable(stage: &Troubled, pod: &Object) -> Option<String> {
    for volume in pod.list_at(&["spec", "volumes"]) {
        let Some(claim) = volume.str_at(&["persistentVolumeClaim", "claimName"]) else { continue };
        match stage.find("v1", "PersistentVolumeClaim", pod.namespace(), claim).await {
            None => {
                return Some(format!(
                    "0/1 nodes are available: persistentvolumeclaim \"{claim}\" not found."
                ));
            }
            Some(claim) if claim.str_at(&["status", "phase"]) != Some("Bound") => {
                return Some(
                    "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.".to_owned(),
                );
            }
            Some(_) => {}
        }
    }
    let asks = pod.list_at(&["spec", "containers"]).iter();
    let cpu = asks.filter_map(|c| c.str_at(&["resources", "requests", "cpu"]));
    if cpu.filter_map(|cpu| cpu.parse::<f64>().ok()).sum::<f64>() > 64.0 {
        return Some("0/1 nodes are available: 1 Insufficient cpu.".to_owned());
    }
    let selector = pod.at(&["spec", "nodeSelector"]).and_then(Value::as_map).filter(|map| !map.is_empty());
    selector
        .map(|_| "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.".to_owned())
}

async fn missing_volume(stage: &Troubled, pod: &Object) -> Option<(&'static str, String, String)> {
    for volume in pod.list_at(&["spec", "volumes"]) {
        for (field, named, kind, word) in
            [("secret", "secretName", "Secret", "secret"), ("configMap", "name", "ConfigMap", "configmap")]
        {
            let Some(source) = volume.get(field) else { continue };
            let Some(name) = source.str_at(&[named]) else { continue };
            let is_optional = source.get("optional").and_then(Value::as_bool).unwrap_or(false);
            if !is_optional && stage.find("v1", kind, pod.namespace(), name).await.is_none() {
                return Some((
                    word,
                    name.to_owned(),
                    volume.str_at(&["name"]).unwrap_or_default().to_owned(),
                ));
            }
        }
    }
    None
}

/// The first Secret or ConfigMap of a container's environment that is not there, or lacks a key.
async fn missing_setting(stage: &Troubled, pod: &Object, container: &Value) -> Option<String> {
    let mut wanted: Vec<(&str, &Value)> = Vec::new();
    for source in container.list_at(&["envFrom"]) {
        wanted.extend(source.get("secretRef").map(|s| ("Secret", s)));
        wanted.extend(source.get("configMapRef").map(|s| ("ConfigMap", s)));
    }
    for variable in container.list_at(&["env"]) {
        wanted.extend(variable.at(&["valueFrom", "secretKeyRef"]).map(|s| ("Secret", s)));
        wanted.extend(variable.at(&["valueFrom", "configMapKeyRef"]).map(|s| ("ConfigMap", s)));
    }
    for (kind, source) in wanted {
        if source.get("optional").and_then(Value::as_bool).unwrap_or(false) {
            continue;
        }
        let name = source.str_at(&["name"]).unwrap_or_default();
        let Some(found) = stage.find("v1", kind, pod.namespace(), name).await else {
            return Some(format!("{} \"{name}\" not found", kind.to_ascii_lowercase()));
        };
        if let Some(key) = source.str_at(&["key"])
            && found.at(&["data", key]).is_none()
        {
            return Some(format!("couldn't find key {key} in {kind} {}/{name}", pod.namespace()));
        }
    }
    None
}

/// What an image's name tells.
fn of_image(image: &str, name: &str, status: &mut Map) -> Told {
    let running = value!({ "running": { "startedAt": "2030-01-01T00:00:00Z" } });
    let (state, last, phase, told): (Value, Value, &str, Told) = match image.split(['-', ':']).next()? {
        "oom" => {
            let waiting = value!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container" } });
            let last = value!({ "terminated": { "exitCode": 137, "reason": "OOMKilled" } });
            set(status, name, value!({ "restartCount": 3 }));
            (waiting, last, "Running", None)
        }
        "unready" => {
            let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
            set(status, name, value!({ "started": true }));
            (running, Value::map(), "Running", Some(("Unhealthy", message.to_owned())))
        }
        "slow" => {
            let message = "Startup probe failed: connect: connection refused";
            set(status, name, value!({ "started": false }));
            (running, Value::map(), "Running", Some(("Unhealthy", message.to_owned())))
        }
        "nocommand" => {
            let message =
                "failed to create containerd task: exec: \"serve\": executable file not found in $PATH";
            (
                value!({ "waiting": { "reason": "RunContainerError", "message": message } }),
                Value::map(),
                "Running",
                None,
            )
        }
        "private" => {
            let message =
                format!("failed to pull image \"{image}\": pull access denied, authorization failed");
            (
                value!({ "waiting": { "reason": "ErrImagePull", "message": message } }),
                Value::map(),
                "Pending",
                None,
            )
        }
        "evicted" => {
            status.insert("phase", "Failed");
            status.insert("reason", "Evicted");
            status.insert("message", "The node was low on resource: memory.");
            ready(status, "False", "PodFailed", "");
            return None;
        }
        "lost" => {
            ready(status, "False", "NodeNotReady", "");
            return None;
        }
        _ => return None,
    };
    set(status, name, value!({ "state": state, "lastState": last }));
    becomes_unready(status, phase);
    told
}

fn every_container_waits(pod: &Object, status: &mut Map, reason: &str, message: &str) {
    for container in pod.list_at(&["spec", "containers"]) {
        let mut waiting = value!({ "reason": reason });
        if !message.is_empty() {
            waiting.as_map_mut().unwrap().insert("message", message);
        }
        set(
            status,
            container.str_at(&["name"]).unwrap_or_default(),
            value!({ "state": { "waiting": waiting } }),
        );
    }
    becomes_unready(status, "Pending");
}

/// Sets fields of a container's status; a container that has trouble is not ready.
fn set(status: &mut Map, name: &str, fields: Value) {
    let Some(Value::List(list)) = status.get_mut("containerStatuses") else { return };
    for entry in list.iter_mut().filter(|entry| entry.str_at(&["name"]) == Some(name)) {
        let map = entry.as_map_mut().unwrap();
        map.insert("ready", false);
        for (key, value) in fields.as_map().unwrap() {
            map.insert(key.clone(), value.clone());
        }
    }
}

fn becomes_unready(status: &mut Map, phase: &str) {
    status.insert("phase", phase);
    ready(status, "False", "ContainersNotReady", "containers with unready status");
}

fn ready(status: &mut Map, word: &str, reason: &str, message: &str) {
    let Some(Value::List(list)) = status.get_mut("conditions") else { return };
    let is_it = |c: &&mut Value| matches!(c.str_at(&["type"]), Some("Ready" | "ContainersReady"));
    for condition in list.iter_mut().filter(is_it) {
        let map = condition.as_map_mut().unwrap();
        map.insert("status", word);
        map.insert("reason", reason);
        map.insert("message", message);
    }
}
