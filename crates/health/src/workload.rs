//! Deployment, StatefulSet, DaemonSet and ReplicaSet (apps/v1), as Argo CD 3.6 judges them.

use tautline_core::Object;

use crate::conditions::condition;
use crate::status::{Health, HealthStatus};

/// Whether the controller has not seen the present generation yet.
fn is_behind(object: &Object) -> bool {
    let observed = count(object, "observedGeneration");
    object.generation().is_some_and(|generation| generation > observed)
}

fn count(object: &Object, field: &str) -> i64 {
    object.i64_at(&["status", field]).unwrap_or(0)
}

fn wanted(object: &Object) -> i64 {
    object.i64_at(&["spec", "replicas"]).unwrap_or(1)
}

fn not_observed(kind: &str) -> Health {
    Health::progressing(format!(
        "Waiting for rollout to finish: observed {kind} generation less than desired generation"
    ))
}

pub(crate) fn deployment(object: &Object) -> Health {
    if object.at(&["spec", "paused"]).and_then(|v| v.as_bool()) == Some(true) {
        return Health::new(HealthStatus::Suspended, "Deployment is paused");
    }
    if is_behind(object) {
        return not_observed("deployment");
    }
    if condition(object, "Progressing").is_some_and(|c| c.reason == "ProgressDeadlineExceeded") {
        return Health::degraded(format!("Deployment {:?} exceeded its progress deadline", object.name()));
    }
    let (updated, replicas, available) =
        (count(object, "updatedReplicas"), count(object, "replicas"), count(object, "availableReplicas"));
    if updated < wanted(object) {
        let wanted = wanted(object);
        return Health::progressing(format!(
            "Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
        ));
    }
    if replicas > updated {
        let old = replicas - updated;
        return Health::progressing(format!(
            "Waiting for rollout to finish: {old} old replicas are pending termination..."
        ));
    }
    if available < updated {
        return Health::progressing(format!(
            "Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        ));
    }
    Health::healthy()
}

pub(crate) fn stateful_set(object: &Object) -> Health {
    if count(object, "observedGeneration") == 0 || is_behind(object) {
        return Health::progressing("Waiting for statefulset spec update to be observed...");
    }
    let (ready, wanted) = (count(object, "readyReplicas"), wanted(object));
    if ready < wanted {
        return Health::progressing(format!("Waiting for {} pods to be ready...", wanted - ready));
    }
    let updated = count(object, "updatedReplicas");
    let strategy = object.str_at(&["spec", "updateStrategy", "type"]).unwrap_or("RollingUpdate");
    if strategy == "OnDelete" {
        return Health::new(HealthStatus::Healthy, format!("statefulset has {ready} ready pods"));
    }
    let partition = object.i64_at(&["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    if partition > 0 {
        return if updated < wanted - partition {
            let aim = wanted - partition;
            Health::progressing(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {aim} new pods have been updated..."
            ))
        } else {
            Health::new(
                HealthStatus::Healthy,
                format!("partitioned roll out complete: {updated} new pods have been updated..."),
            )
        };
    }
    let revision = |field| object.str_at(&["status", field]).unwrap_or_default();
    if revision("updateRevision") != revision("currentRevision") {
        let to = revision("updateRevision");
        return Health::progressing(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {to}..."
        ));
    }
    Health::healthy()
}

pub(crate) fn daemon_set(object: &Object) -> Health {
    if is_behind(object) {
        return not_observed("daemon set");
    }
    if object.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
        return Health::new(
            HealthStatus::Healthy,
            format!(
                "daemon set {} out of {} new pods have been updated",
                count(object, "updatedNumberScheduled"),
                count(object, "desiredNumberScheduled")
            ),
        );
    }
    let (updated, desired) =
        (count(object, "updatedNumberScheduled"), count(object, "desiredNumberScheduled"));
    if updated < desired {
        return Health::progressing(format!(
            "Waiting for daemon set {:?} rollout to finish: {updated} out of {desired} new pods have been updated...",
            object.name()
        ));
    }
    let available = count(object, "numberAvailable");
    if available < desired {
        return Health::progressing(format!(
            "Waiting for daemon set {:?} rollout to finish: {available} of {desired} updated pods are available...",
            object.name()
        ));
    }
    Health::healthy()
}

pub(crate) fn replica_set(object: &Object) -> Health {
    if is_behind(object) {
        return not_observed("replica set");
    }
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|c| c.status == "True") {
        return Health::degraded(failure.message.to_owned());
    }
    let (available, wanted) = (count(object, "availableReplicas"), wanted(object));
    if available < wanted {
        return Health::progressing(format!(
            "Waiting for rollout to finish: {available} out of {wanted} new replicas are available..."
        ));
    }
    Health::healthy()
}
