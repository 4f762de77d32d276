//! Kubernetes Events about Applications, with Argo CD 3.6's reasons and messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tautline_cluster::{Cluster, Target, WriteOptions};
use tautline_core::{Clock, FieldManager, GroupVersionKind, Map, Object, value};
use tautline_engine::{Intent, Operation, OperationPhase, Trigger};
use tautline_grammar::time::seconds;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::rival::STATUS_MANAGER;

/// How many Events may wait to be written; more are dropped, as Events may be lost anyway.
const QUEUE: usize = 1024;

/// For how long nothing is written after an Event, in times that it took: a server that has much to do is asked less.
const REST: u32 = 4;

/// The longest such rest.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// Writes Events one after another, behind everything else.
pub(crate) struct Events {
    queue: mpsc::Sender<Object>,
    clock: Arc<dyn Clock>,
    count: AtomicU64,
}

/// What an Event says.
pub(crate) struct Announcement {
    is_warning: bool,
    reason: &'static str,
    message: String,
    /// The end of the Event's name, where the same news is told only once.
    once: Option<&'static str>,
}

impl Events {
    /// Starts the task that writes; it ends with what is returned.
    pub(crate) fn new(cluster: Arc<dyn Cluster>, clock: Arc<dyn Clock>) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Object>(QUEUE);
        tokio::spawn(async move {
            let kind = GroupVersionKind::new("", "v1", "Event");
            let mut resource = None;
            while let Some(event) = waiting.recv().await {
                if resource.is_none() {
                    resource = cluster.discover().await.ok().and_then(|d| d.find(&kind).cloned());
                }
                let Some(resource) = &resource else { continue };
                let target = Target::of(resource.clone(), &event);
                let options = WriteOptions::by(FieldManager::new(STATUS_MANAGER));
                let begun = Instant::now();
                if let Err(error) = cluster.create(&target, &event, &options).await {
                    tracing::debug!(event = event.name(), %error, "an Event could not be written");
                }
                tokio::time::sleep((begun.elapsed() * REST).min(LONGEST_REST)).await;
            }
        });
        Self { queue, clock, count: AtomicU64::new(0) }
    }

    /// Tells of an Application.
    pub(crate) fn tell(&self, application: &Object, what: Announcement) {
        let now = seconds(self.clock.now());
        let suffix = match what.once {
            Some(suffix) => suffix.to_owned(),
            // Argo CD takes nanoseconds; a count keeps two of one moment apart.
            None => format!(
                "{:x}.{:x}",
                self.clock.now().micros() * 1000,
                self.count.fetch_add(1, Ordering::Relaxed)
            ),
        };
        let event = value!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": { "name": format!("{}.{suffix}", application.name()), "namespace": application.namespace() },
            "involvedObject": {
                "apiVersion": application.api_version(), "kind": application.kind(),
                "namespace": application.namespace(), "name": application.name(),
                "uid": application.metadata_str("uid"), "resourceVersion": application.metadata_str("resourceVersion")
            },
            "type": (if what.is_warning { "Warning" } else { "Normal" }),
            "reason": what.reason, "message": what.message.as_str(),
            "source": { "component": "tautline" }, "count": 1,
            "firstTimestamp": now.as_str(), "lastTimestamp": now.as_str()
        });
        if let Ok(event) = Object::new(event) {
            // A full queue drops the Event.
            let _ = self.queue.try_send(event);
        }
    }
}

impl Announcement {
    /// Another controller runs the Application too.
    pub(crate) fn rival(message: String) -> Self {
        Self { is_warning: true, reason: "AnotherController", message, once: Some("another-controller") }
    }

    /// A sync begins.
    pub(crate) fn began(intent: &Intent) -> Self {
        let message = match &intent.by {
            Some(by) => {
                let by = if by.is_empty() { "Unknown user" } else { by };
                format!("{by} initiated sync to '{}'", intent.revision)
            }
            None => format!("Initiated automated sync to '{}'", intent.revision),
        };
        Self { is_warning: false, reason: "OperationStarted", message, once: None }
    }

    /// What became of an Application between two statuses, the later not written yet.
    pub(crate) fn of_change(before: Option<&Map>, after: &Map, operation: Option<&Operation>) -> Vec<Self> {
        let news = |what: &str| {
            let status = |of: &'_ Map| of.get(what)?.str_at(&["status"]).map(str::to_owned);
            let (old, new) = (status(before?)?, status(after)?);
            let is_warning = matches!(new.as_str(), "Degraded" | "Unknown");
            let message = format!("Updated {what} status: {old} -> {new}");
            (old != new).then_some(Self { is_warning, reason: "ResourceUpdated", message, once: None })
        };
        let phase = |status: Option<&Map>| {
            let state = status?.get("operationState")?;
            Some((state.str_at(&["startedAt"])?.to_owned(), state.str_at(&["phase"])?.to_owned()))
        };
        let has_ended = phase(before) != phase(Some(after));
        let ended = operation.filter(|operation| {
            // One that is tried again has finished and counts as running.
            let is_over = operation.finished_at.is_some() && operation.phase != OperationPhase::Running;
            // The steps of a deletion are no sync: they have no revision.
            has_ended && is_over && !operation.revision.is_empty()
        });
        let sync = news("sync");
        let health = news("health");
        ended.map(Self::ended).into_iter().chain(sync).chain(health).collect()
    }

    fn ended(operation: &Operation) -> Self {
        let is_warning = operation.phase != OperationPhase::Succeeded;
        let what = if operation.trigger == Trigger::SelfHeal { "Partial sync" } else { "Sync" };
        let message = match is_warning {
            false => format!("{what} operation to {} succeeded", operation.revision),
            true => format!("{what} operation to {} failed: {}", operation.revision, operation.message),
        };
        Self { is_warning, reason: "OperationCompleted", message, once: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_once() {
        let status = |sync: &str, health: &str| {
            value!({ "sync": { "status": sync }, "health": { "status": health } }).as_map().unwrap().clone()
        };
        let told = |before: Option<&Map>, after: &Map| -> Vec<String> {
            Announcement::of_change(before, after, None).into_iter().map(|a| a.message).collect()
        };
        let (old, new) = (status("OutOfSync", "Healthy"), status("Synced", "Healthy"));
        assert_eq!(told(Some(&old), &new), ["Updated sync status: OutOfSync -> Synced"]);
        assert!(told(Some(&new), &new).is_empty());
        assert!(told(None, &new).is_empty(), "the first status is no change");
    }
}
