//! kstatus: the second view of the same objects, in the words that Flux, Helm and kpt use.
//!
//! These are kstatus' documented rules as they are, its leniencies too: a custom resource that says nothing is Current,
//! and a Pod that failed is Current. Where Argo CD (and [`crate::assess`]) says something else:
//!
//! | object | kstatus | Argo CD | why |
//! |---|---|---|---|
//! | Pod that failed | Current: it has ended | Degraded | an end is not a success |
//! | Pod waiting for an image or a configuration | InProgress | Degraded | it does not pass by itself |
//! | Pod unschedulable for 15 s | Failed | Progressing | nodes may come |
//! | Job that runs | Current: it was started | Progressing | the work is not done |
//! | Service of type LoadBalancer without an address | Current, if it has a cluster address | Progressing | nobody reaches it yet |
//! | Ingress without an address | Current | Progressing | the same |
//! | paused Deployment | as any other | Suspended | a pause is somebody's wish |
//! | Deployment in a rollout, too many replicas | InProgress (`ExtraPods`, …) | Progressing | – |
//! | ReplicaSet whose pods cannot be made | InProgress | Degraded | a quota does not pass by itself |
//! | DaemonSet with OnDelete | counted | Healthy | pods are replaced by hand |
//! | claim that is lost | InProgress | Degraded | a lost volume does not come back |
//! | HorizontalPodAutoscaler, APIService | Current | by their conditions | – |
//! | custom resource, Ready=False | InProgress | by its script | – |
//! | custom resource without a status | Current | by its script; here Progressing for kinds of the table | told nothing is not well |
//! | PodDisruptionBudget | Current | Degraded on a False condition | – |

mod built_in;

use tautline_core::{Object, Timestamp, Value};

use crate::conditions::conditions;

/// How an object is, in kstatus' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum KStatus {
    /// It is not yet as its spec says.
    InProgress,
    /// It will not come to be so by itself.
    Failed,
    /// It is as its spec says.
    Current,
    /// It is being deleted.
    Terminating,
    /// It is not there.
    NotFound,
    /// It cannot be told.
    Unknown,
}

/// A status with its reason and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KResult {
    /// The status.
    pub status: KStatus,
    /// One word; empty where kstatus has none.
    pub reason: String,
    /// A sentence; may be empty.
    pub message: String,
}

impl KResult {
    fn new(status: KStatus, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), message: message.into() }
    }

    fn current() -> Self {
        Self::new(KStatus::Current, "", "")
    }

    fn waits(reason: &str, message: impl Into<String>) -> Self {
        Self::new(KStatus::InProgress, reason, message)
    }

    fn failed(reason: &str, message: impl Into<String>) -> Self {
        Self::new(KStatus::Failed, reason, message)
    }
}

/// An object's status by kstatus' rules, in their order: deletion, generation, Reconciling and Stalled, the kind's own
/// rule, Ready; whatever is left is Current. `now` is for pods that are not scheduled.
///
/// ```
/// use tautline_core::{Object, Timestamp, value};
/// use tautline_health::{KStatus, kstatus};
///
/// let cup = Object::new(value!({ "apiVersion": "tea.example.org/v1", "kind": "Cup",
///     "metadata": { "name": "a", "generation": 2 }, "status": { "observedGeneration": 1 } }))?;
/// let found = kstatus(&cup, Timestamp::default());
/// assert_eq!((found.status, found.reason.as_str()), (KStatus::InProgress, "LatestGenerationNotObserved"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn kstatus(object: &Object, now: Timestamp) -> KResult {
    if object.is_terminating() {
        return KResult::new(KStatus::Terminating, "", "Resource scheduled for deletion");
    }
    if let Some(observed) = object.at(&["status", "observedGeneration"]).filter(|value| !value.is_null()) {
        let Some(observed) = observed.as_i64() else {
            return KResult::new(KStatus::Unknown, "", "status.observedGeneration is no whole number");
        };
        if object.generation().is_some_and(|generation| generation != observed) {
            return KResult::waits("LatestGenerationNotObserved", "its generation is not observed yet");
        }
    }
    for c in conditions(object).filter(|c| c.status == "True") {
        match c.kind {
            "Reconciling" => return KResult::new(KStatus::InProgress, c.reason, c.message),
            "Stalled" => return KResult::new(KStatus::Failed, c.reason, c.message),
            _ => {}
        }
    }
    if let Some(found) = built_in::rule(object, now) {
        return found;
    }
    let ready = conditions(object).find(|c| c.kind == "Ready");
    match ready.as_ref().map(|c| c.status) {
        Some("False" | "Unknown") => {
            let (reason, message) = ready.map_or(("", ""), |c| (c.reason, c.message));
            KResult::new(KStatus::InProgress, reason, message)
        }
        _ => KResult::current(),
    }
}

/// The status of many: failed if one is, unknown if one is, `wanted` if all are, else in progress.
pub fn kstatus_of_all(all: impl IntoIterator<Item = KStatus>, wanted: KStatus) -> KStatus {
    let (mut is_unknown, mut is_wanted) = (false, true);
    for status in all {
        match status {
            KStatus::Failed => return KStatus::Failed,
            KStatus::Unknown => is_unknown = true,
            status => is_wanted &= status == wanted,
        }
    }
    match (is_unknown, is_wanted) {
        (true, _) => KStatus::Unknown,
        (_, true) => wanted,
        _ => KStatus::InProgress,
    }
}

/// A number, or what kstatus takes in its place.
fn number(object: &Object, path: &[&str], or: i64) -> i64 {
    object.at(path).and_then(Value::as_i64).unwrap_or(or)
}

#[cfg(test)]
mod tests;
