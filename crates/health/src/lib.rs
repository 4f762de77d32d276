//! Is this object well?
//!
//! Each built-in kind has its own way to say that it works: a Deployment counts replicas, a Job has
//! conditions, a claim is bound. [`assess`] knows them, as Argo CD judges them; `DIFFERENCES.md` beside this
//! crate lists where not, and why. It is a pure function of the object.
//!
//! | kind | healthy when | differs from Argo CD 3.6 |
//! |---|---|---|
//! | Deployment, StatefulSet, DaemonSet, ReplicaSet | the generation is observed and its replicas are updated and available | – |
//! | Pod | ready, or succeeded | image and configuration errors of init containers count too |
//! | Service, Ingress | a load balancer has an address | – |
//! | PersistentVolumeClaim | bound | – |
//! | Job | complete | – |
//! | HorizontalPodAutoscaler, APIService, CustomResourceDefinition, Namespace | by their conditions and phase | Namespace: Argo CD has no rule |
//! | well-known custom resources | by the table in `rules/table.txt`: conditions, phases, fields, counts | told nothing yet is Progressing |
//! | other custom resources | by their Ready, Available, Synced, Reconciling and Stalled conditions, as kstatus | Argo CD has no rule |
//! | anything else | `None`: counts for nothing | – |
//!
//! ```
//! use tautline_core::{Object, Value};
//! use tautline_health::{HealthStatus, assess};
//!
//! let json = br#"{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data"},
//!     "status":{"phase":"Pending"}}"#;
//! let health = assess(&Object::new(Value::from_json(json)?)?).unwrap();
//! assert_eq!(health.status, HealthStatus::Progressing);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # And if not, why?
//! [`explain`] goes from an object that is not well down to what it owns and on to what that names, until it
//! finds what is wrong first. It reads only what [`Surroundings`] know already, accuses nobody of whom nothing is
//! known, and says of which objects the Events would tell more.
//!
//! ```
//! use tautline_core::{Object, Timestamp, value};
//! use tautline_health::{BuiltIn, Objects, explain};
//!
//! let pod = Object::new(value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "uid": "1" },
//!     "spec": { "containers": [{ "name": "app",
//!         "envFrom": [{ "secretRef": { "name": "db-password" } }] }] },
//!     "status": { "phase": "Pending", "containerStatuses": [{ "name": "app", "state": { "waiting": {
//!         "reason": "CreateContainerConfigError", "message": "secret \"db-password\" not found" } } }] } }))?;
//! let around = Objects::new([pod.clone()]);
//! let cause = explain(&pod, &BuiltIn, &around, Timestamp::default()).unwrap();
//! assert_eq!(cause.to_string(), "Pod web is Degraded ← container app: secret \"db-password\" not found \
//!     ← Secret db-password does not exist");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # More views
//! | what | tells |
//! |---|---|
//! | [`kstatus`] | the same objects in the words and by the rules of kstatus, as Flux and Helm see them; its module lists where the two differ and why |
//! | [`Standings`] | since when an object is as it is, and whether it flaps |
//! | [`edges`] | whom an object sends requests to, what it uses, what it scales: the network view |
//! | [`Rules`] | a user's own table of rules |
#![forbid(unsafe_code)]

mod batch;
mod cause;
mod conditions;
mod edges;
mod kstatus;
mod network;
mod objects;
mod pod;
mod rules;
mod standing;
mod status;
mod workload;

use std::sync::Arc;

use tautline_core::{GroupKind, Object, Presence, ResourceKey, Timestamp, Why};

pub use cause::{Cause, Link, Relation, explain};
pub use edges::{Edge, EdgeKind, edges};
pub use kstatus::{KResult, KStatus, kstatus, kstatus_of_all};
pub use objects::Objects;
pub use rules::{RuleError, Rules};
pub use standing::{Standing, Standings};
pub use status::{Health, HealthStatus, worst};

/// Judges the health of some kinds of objects.
pub trait HealthCheck: Send + Sync {
    /// The object's health; `None` if this check has nothing to say about it.
    fn assess(&self, object: &Object, around: &dyn Surroundings, now: Timestamp) -> Option<Health>;
}

/// What is known around an object, for checks that look further than its own fields.
pub trait Surroundings: Send + Sync {
    /// The objects that it owns, as far as they are watched.
    fn children(&self, object: &Object) -> Vec<Arc<Object>>;

    /// One object: there, not there with evidence, or unknown. By default nothing is known.
    fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>> {
        Presence::Unknown(Why::NotWatched(key.group_kind()))
    }

    /// Every known object of a kind, for selectors. By default none.
    fn of_kind(&self, _: &GroupKind) -> Vec<Arc<Object>> {
        Vec::new()
    }

    /// The Events about an object; `None` if nobody has asked for them yet.
    fn events(&self, _: &ResourceKey) -> Option<Vec<Arc<Object>>> {
        None
    }

    /// The app whose desired state holds the object, if that is known.
    fn app_of(&self, _: &ResourceKey) -> Option<String> {
        None
    }
}

/// The rules of this crate as a [`HealthCheck`].
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl HealthCheck for BuiltIn {
    fn assess(&self, object: &Object, _: &dyn Surroundings, _: Timestamp) -> Option<Health> {
        assess(object)
    }
}

/// The health of an object by its own fields; `None` for a kind without a rule.
pub fn assess(object: &Object) -> Option<Health> {
    if object.is_terminating() {
        return Some(Health::new(HealthStatus::Progressing, "Pending deletion"));
    }
    native(object).or_else(|| rules::known(object)).or_else(|| rules::generic(object))
}

/// The kinds that Kubernetes itself has.
fn native(object: &Object) -> Option<Health> {
    match (object.group(), object.kind()) {
        ("apps", "Deployment") => Some(workload::deployment(object)),
        ("apps", "StatefulSet") => Some(workload::stateful_set(object)),
        ("apps", "DaemonSet") => Some(workload::daemon_set(object)),
        ("apps", "ReplicaSet") => Some(workload::replica_set(object)),
        ("", "Pod") => Some(pod::pod(object)),
        ("", "Service") => Some(network::service(object)),
        ("networking.k8s.io" | "extensions", "Ingress") => Some(network::ingress(object)),
        ("", "PersistentVolumeClaim") => Some(network::claim(object)),
        ("", "Namespace") => Some(network::namespace(object)),
        ("batch", "Job") => Some(batch::job(object)),
        ("batch", "CronJob") => Some(batch::cron_job(object)),
        ("autoscaling", "HorizontalPodAutoscaler") => Some(conditions::autoscaler(object)),
        ("apiregistration.k8s.io", "APIService") => Some(conditions::api_service(object)),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Some(conditions::definition(object)),
        ("policy", "PodDisruptionBudget") => Some(conditions::disruption_budget(object)),
        _ => None,
    }
}

/// The name of the rule that [`assess`] goes by: `group/Kind`, the kind alone in the core group, or
/// `conditions` for a custom resource that only its standard conditions tell about.
pub fn rule_name(object: &Object) -> String {
    if !object.is_terminating() && native(object).is_none() && rules::known(object).is_none() {
        return "conditions".to_owned();
    }
    match object.group() {
        "" => object.kind().to_owned(),
        group => format!("{group}/{}", object.kind()),
    }
}

#[cfg(test)]
mod tests;
