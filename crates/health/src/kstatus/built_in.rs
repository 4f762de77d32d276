//! The kinds that kstatus has rules of their own for.

use tautline_core::{Object, Timestamp};
use tautline_grammar::time;

use super::{KResult, KStatus, number};
use crate::conditions::{condition, conditions};

/// How long a pod may wait for a node before it counts as failed, in seconds.
const SCHEDULE_WINDOW: u64 = 15;

/// The kind's own rule, whatever its version; `None` for a kind without one.
pub(super) fn rule(object: &Object, now: Timestamp) -> Option<KResult> {
    Some(match (object.group(), object.kind()) {
        ("", "Secret" | "ConfigMap") | ("batch", "CronJob") | ("policy", "PodDisruptionBudget") => {
            KResult::current()
        }
        ("", "Service") => service(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Pod") => pod(object, now),
        ("apps" | "extensions", "Deployment") => deployment(object),
        ("apps" | "extensions", "ReplicaSet") => replica_set(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps" | "extensions", "DaemonSet") => daemon_set(object),
        ("batch", "Job") => job(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        _ => return None,
    })
}

fn service(object: &Object) -> KResult {
    let is_balanced = object.str_at(&["spec", "type"]) == Some("LoadBalancer");
    match object.str_at(&["spec", "clusterIP"]).unwrap_or_default() {
        "" if is_balanced => KResult::waits("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer"),
        _ => KResult::current(),
    }
}

fn claim(object: &Object) -> KResult {
    match object.str_at(&["status", "phase"]).unwrap_or("unknown") {
        "Bound" => KResult::current(),
        phase => KResult::waits("NotBound", format!("PVC is not Bound. phase: {phase}")),
    }
}

fn pod(object: &Object, now: Timestamp) -> KResult {
    let is_crashing = || {
        let statuses = object.list_at(&["status", "containerStatuses"]).iter();
        let mut waiting = statuses.filter_map(|s| s.str_at(&["state", "waiting", "reason"]));
        waiting.any(|reason| reason == "CrashLoopBackOff")
    };
    match object.str_at(&["status", "phase"]).unwrap_or_default() {
        "Succeeded" | "Failed" => KResult::current(),
        "Running" if condition(object, "Ready").is_some_and(|c| c.status == "True") => KResult::current(),
        "Running" if is_crashing() => {
            KResult::failed("ContainerCrashLooping", "a container ends again and again")
        }
        "Running" => KResult::waits("PodRunningNotReady", "Pod is running but is not Ready"),
        "Pending" => {
            let scheduled = condition(object, "PodScheduled");
            let is_refused = scheduled.is_some_and(|c| c.status == "False" && c.reason == "Unschedulable");
            let created = time::parse(object.metadata_str("creationTimestamp")).ok();
            let is_old = created.is_some_and(|at| now.since(at).as_secs() > SCHEDULE_WINDOW);
            match is_refused && is_old {
                true => KResult::failed("PodUnschedulable", "Pod could not be scheduled"),
                false => KResult::waits("PodPending", "Pod is in the Pending phase"),
            }
        }
        "" => KResult::waits("PodNotObserved", "Pod phase not available"),
        other => KResult::new(KStatus::Unknown, "", format!("unknown phase {other}")),
    }
}

/// The first of these that waits.
fn first(all: &[(bool, &str, &str)]) -> KResult {
    let waiting = all.iter().find(|(waits, ..)| *waits);
    waiting.map_or_else(KResult::current, |(_, reason, message)| KResult::waits(reason, *message))
}

fn deployment(object: &Object) -> KResult {
    let progress = condition(object, "Progressing");
    if progress.as_ref().is_some_and(|c| c.reason == "ProgressDeadlineExceeded") {
        return KResult::failed("ProgressDeadlineExceeded", "Progress deadline exceeded");
    }
    let deadline = number(object, &["spec", "progressDeadlineSeconds"], i64::from(i32::MAX));
    let has_progressed = deadline == i64::from(i32::MAX)
        || progress.is_some_and(|c| c.status == "True" && c.reason == "NewReplicaSetAvailable");
    let is_available = condition(object, "Available").is_some_and(|c| c.status == "True");
    let wished = number(object, &["spec", "replicas"], 1);
    let count = |field: &str| number(object, &["status", field], 0);
    let (updated, available) = (count("updatedReplicas"), count("availableReplicas"));
    first(&[
        (wished > count("replicas"), "LessReplicas", "there are fewer replicas than wished for"),
        (wished > updated, "LessUpdated", "fewer replicas are updated than wished for"),
        (count("replicas") > wished, "ExtraPods", "there are more replicas than wished for"),
        (updated > available, "LessAvailable", "fewer replicas are available than updated"),
        (wished > count("readyReplicas"), "LessReady", "fewer replicas are ready than wished for"),
        (!has_progressed, "ReplicaSetNotAvailable", "ReplicaSet not Available"),
        (!is_available, "DeploymentNotAvailable", "Deployment not Available"),
    ])
}

fn replica_set(object: &Object) -> KResult {
    if condition(object, "ReplicaFailure").is_some_and(|c| c.status == "True") {
        return KResult::waits("ReplicaFailure", "Replica Failure condition. Check Pods");
    }
    let wished = number(object, &["spec", "replicas"], 1);
    let count = |field: &str| number(object, &["status", field], 0);
    first(&[
        (
            wished > count("fullyLabeledReplicas"),
            "LessLabelled",
            "fewer replicas bear the labels than wished for",
        ),
        (
            wished > count("availableReplicas"),
            "LessAvailable",
            "fewer replicas are available than wished for",
        ),
        (wished > count("readyReplicas"), "LessReady", "fewer replicas are ready than wished for"),
        (count("replicas") > wished, "ExtraPods", "there are more replicas than wished for"),
    ])
}

fn stateful_set(object: &Object) -> KResult {
    if object.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
        return KResult::current();
    }
    let wished = number(object, &["spec", "replicas"], 1);
    let count = |field: &str| number(object, &["status", field], 0);
    let counted = first(&[
        (wished > count("replicas"), "LessReplicas", "there are fewer replicas than wished for"),
        (wished > count("readyReplicas"), "LessReady", "fewer replicas are ready than wished for"),
        (count("replicas") > wished, "ExtraPods", "there are more replicas than wished for"),
    ]);
    let partition = number(object, &["spec", "updateStrategy", "rollingUpdate", "partition"], -1);
    if counted.status != KStatus::Current {
        return counted;
    }
    if partition != -1 {
        let waits = count("updatedReplicas") < wished - partition;
        return first(&[(waits, "PartitionRollout", "the partition is not rolled out")]);
    }
    let text = |field: &str| object.str_at(&["status", field]).unwrap_or_default();
    first(&[
        (wished > count("currentReplicas"), "LessCurrent", "fewer replicas are current than wished for"),
        (
            text("currentRevision") != text("updateRevision"),
            "RevisionMismatch",
            "a revision is being rolled out",
        ),
    ])
}

fn daemon_set(object: &Object) -> KResult {
    if object.generation().is_none() {
        return KResult::waits("NoGeneration", "metadata.generation is missing");
    }
    if object.i64_at(&["status", "observedGeneration"]).is_none() {
        return KResult::waits("NoObservedGeneration", "status.observedGeneration is missing");
    }
    let Some(wished) = object.i64_at(&["status", "desiredNumberScheduled"]) else {
        return KResult::waits("NoDesiredNumber", "status.desiredNumberScheduled is missing");
    };
    let count = |field: &str| number(object, &["status", field], 0);
    first(&[
        (wished > count("currentNumberScheduled"), "LessCurrent", "fewer pods are there than wished for"),
        (wished > count("updatedNumberScheduled"), "LessUpdated", "fewer pods are updated than wished for"),
        (wished > count("numberAvailable"), "LessAvailable", "fewer pods are available than wished for"),
        (wished > count("numberReady"), "LessReady", "fewer pods are ready than wished for"),
    ])
}

fn job(object: &Object) -> KResult {
    let is_suspended = object.at(&["spec", "suspend"]).and_then(|v| v.as_bool()).unwrap_or(false);
    for c in conditions(object).filter(|c| c.status == "True") {
        match c.kind {
            "Complete" => return KResult::current(),
            "Failed" => return KResult::failed("JobFailed", c.message),
            "Suspended" if is_suspended => return KResult::current(),
            _ => {}
        }
    }
    match object.str_at(&["status", "startTime"]).unwrap_or_default() {
        "" => KResult::waits("JobNotStarted", "Job not started"),
        _ => KResult::new(KStatus::Current, "", "Job in progress"),
    }
}

fn definition(object: &Object) -> KResult {
    for c in conditions(object) {
        match (c.kind, c.status) {
            ("NamesAccepted", "False") => return KResult::failed(c.reason, c.message),
            ("Established", "False") if c.reason != "Installing" => {
                return KResult::failed(c.reason, c.message);
            }
            ("Established", "True") => return KResult::current(),
            _ => {}
        }
    }
    KResult::waits("Installing", "Install in progress")
}
