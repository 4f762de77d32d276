//! The kubelet: pods run, become ready, fail or finish as their images' names say.
//!
//! | the image's last path segment begins with | what happens |
//! |---|---|
//! | `broken` | it is never pulled: `ImagePullBackOff` |
//! | `fail` | its container exits with 1: the pod fails, or restarts for ever if its policy says so |
//! | anything else | it runs; in a pod whose restart policy is not `Always` it exits with 0 |

use std::time::Duration;

use tautline_core::{Map, Object, Timestamp, Value, value};
use tautline_grammar::time;

use crate::action::Action;
use crate::shape::Conditions;
use crate::trouble::Trouble;

/// What the kubelet does about a pod.
pub(crate) fn step(pod: &Object, now: Timestamp, trouble: Option<Trouble>) -> Vec<Action> {
    if pod.is_terminating() {
        if trouble == Some(Trouble::StuckTerminating) {
            return Vec::new();
        }
        let grace = pod.metadata().and_then(|m| m.get("deletionGracePeriodSeconds")).and_then(Value::as_i64);
        // With a grace of zero only finalizers hold it: those are not the kubelet's.
        let discard = grace.is_some_and(|g| g > 0).then(|| Action::discard(pod, Some(Duration::ZERO)));
        return discard.flatten().into_iter().collect();
    }
    if matches!(crate::shape::phase(pod), "Succeeded" | "Failed") {
        return Vec::new();
    }
    Action::status(pod, status(pod, now, trouble)).into_iter().collect()
}

/// What the scheduler writes about a pod that has no place.
pub(crate) fn pending(pod: &Object, why: &str, now: Timestamp) -> Vec<Action> {
    let mut status = pod.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    status.insert("phase", "Pending");
    let mut conditions = Conditions::of(pod, now);
    conditions.set("PodScheduled", "False", "Unschedulable", why, false);
    conditions.write(&mut status);
    Action::status(pod, status).into_iter().collect()
}

/// Whether a pod has been given a place, or never was refused one.
pub(crate) fn is_scheduled(pod: &Object) -> bool {
    crate::shape::condition(pod, "PodScheduled").is_none_or(|c| c.str_at(&["status"]) == Some("True"))
}

/// What becomes of a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unpullable,
    Runs,
    Unready,
    Succeeds,
    Fails,
    CrashLoops,
}

fn fate(container: &Value, policy: &str, init: bool, trouble: Option<Trouble>) -> Fate {
    let image = container.str_at(&["image"]).unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    match () {
        () if trouble == Some(Trouble::ImagePullBackOff) => Fate::Unpullable,
        () if trouble == Some(Trouble::CrashLoopBackOff) && !init && policy == "Never" => Fate::Fails,
        () if trouble == Some(Trouble::CrashLoopBackOff) && !init => Fate::CrashLoops,
        () if trouble == Some(Trouble::FailingProbe) && !init => Fate::Unready,
        () if name.starts_with("broken") => Fate::Unpullable,
        () if name.starts_with("fail") && policy == "Never" => Fate::Fails,
        () if name.starts_with("fail") => Fate::CrashLoops,
        () if init || policy != "Always" => Fate::Succeeds,
        () => Fate::Runs,
    }
}

fn status(pod: &Object, now: Timestamp, trouble: Option<Trouble>) -> Map {
    let policy = pod.str_at(&["spec", "restartPolicy"]).unwrap_or("Always");
    let fates = |field: &str, init: bool| -> Vec<(Value, Fate)> {
        pod.list_at(&["spec", field]).iter().map(|c| (c.clone(), fate(c, policy, init, trouble))).collect()
    };
    let (first, main) = (fates("initContainers", true), fates("containers", false));
    let initialized = first.iter().all(|(_, fate)| *fate == Fate::Succeeds);
    let ready = initialized && main.iter().all(|(_, fate)| *fate == Fate::Runs);
    let phase = phase(&first, &main, initialized);
    let mut status = pod.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let since = pod.str_at(&["status", "startTime"]).map_or_else(|| time::seconds(now), str::to_owned);
    status.insert("phase", phase);
    status.insert("startTime", since.as_str());
    status.insert("hostIP", "192.0.2.1");
    status.insert("hostIPs", value!([{ "ip": "192.0.2.1" }]));
    if phase != "Pending" || !initialized || !main.is_empty() {
        let ip = address(pod);
        status.insert("podIP", ip.as_str());
        status.insert("podIPs", value!([{ "ip": ip.as_str() }]));
    }
    if let Some(generation) = pod.generation() {
        status.insert("observedGeneration", generation);
    }
    let states = |list: &[(Value, Fate)], wait: bool, field: &str| -> Value {
        list.iter().map(|(c, f)| container_status(pod, c, *f, wait, field, &since)).collect::<Vec<_>>().into()
    };
    status.insert("containerStatuses", states(&main, !initialized, "containerStatuses"));
    if !first.is_empty() {
        status.insert("initContainerStatuses", states(&first, false, "initContainerStatuses"));
    }
    conditions(pod, now, &mut status, initialized, ready, phase);
    status
}

fn phase(first: &[(Value, Fate)], main: &[(Value, Fate)], initialized: bool) -> &'static str {
    let any = |fate: Fate| main.iter().any(|(_, f)| *f == fate);
    match () {
        () if first.iter().any(|(_, f)| *f == Fate::Fails) => "Failed",
        () if !initialized || any(Fate::Unpullable) => "Pending",
        () if any(Fate::Runs) || any(Fate::Unready) || any(Fate::CrashLoops) => "Running",
        () if any(Fate::Fails) => "Failed",
        () => "Succeeded",
    }
}

fn conditions(pod: &Object, now: Timestamp, status: &mut Map, initialized: bool, ready: bool, phase: &str) {
    let mut conditions = Conditions::of(pod, now);
    let names = |field: &str| -> String {
        let all = pod.list_at(&["spec", field]).iter().filter_map(|c| c.str_at(&["name"]));
        format!("[{}]", all.collect::<Vec<_>>().join(" "))
    };
    let word = |yes: bool| if yes { "True" } else { "False" };
    let (reason, message) = match (ready, phase) {
        (true, _) => ("", String::new()),
        (_, "Succeeded") => ("PodCompleted", String::new()),
        (_, "Failed") => ("PodFailed", String::new()),
        _ => ("ContainersNotReady", format!("containers with unready status: {}", names("containers"))),
    };
    conditions.set(
        "PodReadyToStartContainers",
        word(!matches!(phase, "Succeeded" | "Failed")),
        "",
        "",
        false,
    );
    if initialized {
        let reason = if phase == "Succeeded" { "PodCompleted" } else { "" };
        conditions.set("Initialized", "True", reason, "", false);
    } else {
        let message = format!("containers with incomplete status: {}", names("initContainers"));
        conditions.set("Initialized", "False", "ContainersNotInitialized", &message, false);
    }
    conditions.set("Ready", word(ready), reason, &message, false);
    conditions.set("ContainersReady", word(ready), reason, &message, false);
    conditions.set("PodScheduled", "True", "", "", false);
    conditions.write(status);
}

fn container_status(
    pod: &Object,
    container: &Value,
    fate: Fate,
    wait: bool,
    field: &str,
    since: &str,
) -> Value {
    let name = container.str_at(&["name"]).unwrap_or_default();
    let image = container.str_at(&["image"]).unwrap_or_default();
    let old = pod.list_at(&["status", field]).iter().find(|s| s.str_at(&["name"]) == Some(name));
    let started = old.and_then(|o| o.str_at(&["state", "running", "startedAt"])).unwrap_or(since);
    let ended = |code: i64, reason: &str| {
        value!({ "terminated": { "exitCode": code, "reason": reason, "startedAt": since, "finishedAt": since,
            "containerID": format!("containerd://{}", id(pod, name)) } })
    };
    let init = field == "initContainerStatuses";
    let (state, last, restarts) = match (wait, fate) {
        (true, _) => (value!({ "waiting": { "reason": "PodInitializing" } }), Value::map(), 0),
        (_, Fate::Unpullable) => (unpullable(image), Value::map(), 0),
        (_, Fate::Runs | Fate::Unready) => (value!({ "running": { "startedAt": started } }), Value::map(), 0),
        (_, Fate::Succeeds) => (ended(0, "Completed"), Value::map(), 0),
        (_, Fate::Fails) => (ended(1, "Error"), Value::map(), 0),
        (_, Fate::CrashLoops) => (crash_loop(pod, name), ended(1, "Error"), 1),
    };
    let pulled = !wait && fate != Fate::Unpullable;
    let mut status = value!({ "name": name, "image": image, "imageID": "", "restartCount": restarts,
        "state": state, "lastState": last, "started": !wait && matches!(fate, Fate::Runs | Fate::Unready),
        "ready": !wait && (fate == Fate::Runs || init && fate == Fate::Succeeds) });
    if let (true, Some(map)) = (pulled, status.as_map_mut()) {
        map.insert("containerID", format!("containerd://{}", id(pod, name)));
        map.insert("imageID", format!("sha256:{}", tautline_core::Digest::of_bytes(image.as_bytes())));
    }
    status
}

fn unpullable(image: &str) -> Value {
    let message = format!(
        "Back-off pulling image \"{image}\": ErrImagePull: failed to pull and unpack image \"{image}\": \
         failed to resolve reference \"{image}\": {image}: not found"
    );
    value!({ "waiting": { "reason": "ImagePullBackOff", "message": message } })
}

fn crash_loop(pod: &Object, container: &str) -> Value {
    let message = format!(
        "back-off 10s restarting failed container={container} pod={}_{}({})",
        pod.name(),
        pod.namespace(),
        pod.metadata_str("uid")
    );
    value!({ "waiting": { "reason": "CrashLoopBackOff", "message": message } })
}

fn id(pod: &Object, container: &str) -> String {
    tautline_core::Digest::of_parts([pod.metadata_str("uid"), container]).to_string()
}

/// An address of the pod network, always the same for one pod.
fn address(pod: &Object) -> String {
    let digest = tautline_core::Digest::of_bytes(pod.metadata_str("uid").as_bytes());
    let byte = |i: usize| digest.as_bytes().get(i).copied().unwrap_or(1);
    format!("10.244.{}.{}", byte(0), byte(1).clamp(1, 254))
}
