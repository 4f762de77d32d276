//! The walk from an object to what is wrong first.

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{Need, Object, Presence, ResourceKey, Timestamp};

use super::{Link, Relation};
use crate::{Health, HealthCheck, HealthStatus, Surroundings};

/// A chain below some object.
pub(super) type Links = Vec<Link>;

/// How many objects one walk may look at.
const MOST_OBJECTS: usize = 400;
/// How long a chain may get.
const DEEPEST: usize = 12;

pub(super) struct Walk<'a> {
    check: &'a dyn HealthCheck,
    pub(super) around: &'a dyn Surroundings,
    pub(super) now: Timestamp,
    pub(super) needs: BTreeSet<Need>,
    seen: BTreeSet<ResourceKey>,
    depth: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(check: &'a dyn HealthCheck, around: &'a dyn Surroundings, now: Timestamp) -> Self {
        Self { check, around, now, needs: BTreeSet::new(), seen: BTreeSet::new(), depth: 0 }
    }

    /// The chain that begins with this object; `None` if nothing is wrong with it. An object is looked at once.
    pub(super) fn explain(&mut self, object: &Object, relation: Relation) -> Option<Links> {
        if self.depth >= DEEPEST || self.seen.len() >= MOST_OBJECTS || !self.seen.insert(object.key()) {
            return None;
        }
        let health = self.health(object);
        let is_silent = is_silent(object);
        let is_well = health.as_ref().is_none_or(|health| health.status == HealthStatus::Healthy);
        if is_well && !is_silent {
            return None;
        }
        let mut link = Link::of(object, relation, health.as_ref());
        if health.is_some_and(|health| health.status == HealthStatus::Suspended) {
            return Some(vec![link]);
        }
        self.depth += 1;
        let below = match object.is_terminating() {
            true => self.ending(object, &mut link),
            false => self.below(object, &mut link),
        };
        self.depth -= 1;
        if is_well && below.is_none() {
            return None;
        }
        Some(std::iter::once(link).chain(below.unwrap_or_default()).collect())
    }

    fn below(&mut self, object: &Object, link: &mut Link) -> Option<Links> {
        match (object.group(), object.kind()) {
            ("", "Pod") => self.pod(object, link),
            ("", "PersistentVolumeClaim") => self.claim(object, link),
            ("", "Service") => self.service(object, link),
            ("networking.k8s.io" | "extensions", "Ingress") => self.ingress(object, link),
            ("apiregistration.k8s.io", "APIService") => self.api_service(object, link),
            ("admissionregistration.k8s.io", _) => self.webhooks(object),
            ("autoscaling", "HorizontalPodAutoscaler") => self.autoscaler(object, link),
            ("apps" | "batch", _) => self.workload(object, link),
            _ => self.custom(object, link),
        }
    }

    pub(super) fn health(&self, object: &Object) -> Option<Health> {
        self.check.assess(object, self.around, self.now)
    }

    /// What holds an object that is being deleted.
    fn ending(&mut self, object: &Object, link: &mut Link) -> Option<Links> {
        let all: Vec<&str> = object.finalizers().collect();
        link.reason = "PendingDeletion".to_owned();
        if !all.is_empty() {
            link.message = format!("its deletion waits for {}", all.join(", "));
        }
        if all.contains(&"foregroundDeletion") {
            let child = self.around.children(object).into_iter().find(|child| child.is_terminating());
            return child.and_then(|child| self.explain(&child, Relation::Owned));
        }
        None
    }

    /// The chain of the first child that has one, the worst first.
    pub(super) fn owned(&mut self, object: &Object) -> Option<Links> {
        let mut children: Vec<(HealthStatus, i64, Arc<Object>)> = Vec::new();
        for child in self.around.children(object) {
            let status = self.health(&child).map_or(HealthStatus::Healthy, |health| health.status);
            if status != HealthStatus::Healthy {
                children.push((status, revision(&child), child));
            }
        }
        children.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| a.2.key().cmp(&b.2.key())));
        children.into_iter().take(20).find_map(|(.., child)| self.explain(&child, Relation::Owned))
    }

    /// What is wrong with a named object: it is missing, or has troubles of its own. Nothing if it is unknown.
    pub(super) fn named(&mut self, key: &ResourceKey, relation: Relation) -> Option<Links> {
        match self.around.get(key) {
            Presence::Present(object) => self.explain(&object, relation),
            Presence::Absent(_) => Some(vec![self.missing(key, relation)]),
            Presence::Unknown(_) => None,
        }
    }

    pub(super) fn missing(&self, key: &ResourceKey, relation: Relation) -> Link {
        let message = match self.around.app_of(key) {
            Some(app) => format!("belongs to app {app}, not yet synced"),
            None => "does not exist".to_owned(),
        };
        Link {
            relation,
            object: key.clone(),
            container: None,
            status: Some(HealthStatus::Missing),
            reason: "Missing".to_owned(),
            message,
        }
    }

    /// What the last warning among an object's Events says; asks for them if nobody has.
    pub(super) fn ask_events(&mut self, object: &Object, link: &mut Link) {
        let key = object.key();
        let Some(events) = self.around.events(&key) else {
            self.needs.insert(Need::Events(key));
            return;
        };
        let time = |event: &Object| {
            ["lastTimestamp", "eventTime"]
                .iter()
                .find_map(|field| event.str_at(&[field]))
                .unwrap_or_default()
                .to_owned()
        };
        let warnings = events.iter().filter(|event| event.str_at(&["type"]) == Some("Warning"));
        // RFC 3339 times in UTC order as text.
        if let Some(event) = warnings.max_by_key(|event| time(event)) {
            let text = |field: &str| event.str_at(&[field]).unwrap_or_default().trim().to_owned();
            link.reason = text("reason");
            link.message = if text("message").is_empty() { text("note") } else { text("message") };
        }
    }
}

impl Link {
    pub(super) fn of(object: &Object, relation: Relation, health: Option<&Health>) -> Self {
        Self {
            relation,
            object: object.key(),
            container: None,
            status: health.map(|health| health.status),
            reason: String::new(),
            message: health.map(|health| health.message.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn tell(&mut self, reason: impl Into<String>, message: impl Into<String>) {
        (self.reason, self.message) = (reason.into(), message.into());
    }
}

/// Kinds that are healthy whatever stands behind them.
fn is_silent(object: &Object) -> bool {
    matches!(
        (object.group(), object.kind()),
        ("", "Service")
            | ("networking.k8s.io" | "extensions", "Ingress")
            | (
                "admissionregistration.k8s.io",
                "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration"
            )
    )
}

/// The number of a Deployment's rollout: the newest ReplicaSet is the one that is waited for.
fn revision(object: &Object) -> i64 {
    let text = object.annotation("deployment.kubernetes.io/revision");
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
