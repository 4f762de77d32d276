//! One task a kind: list, watch, list again when the watch is too old.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use tautline_cluster::{ApiResource, Cache, Cluster, ClusterError, Query, RawEvent, RawObject};
use tautline_core::{Backoff, Clock, GroupKind, ResourceKey, ResourceVersion, Why};
use tokio::sync::mpsc;

use crate::message::Message;

const RETRY: Backoff =
    Backoff { base: Duration::from_millis(200), factor: 2.0, max: Duration::from_secs(30) };

pub(crate) struct Watcher {
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) cache: Arc<RwLock<Cache>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) out: mpsc::UnboundedSender<Message>,
    pub(crate) resource: ApiResource,
}

impl Watcher {
    /// Keeps the cache up with the kind until the task is aborted.
    pub(crate) async fn run(self) {
        let mut failures = 0;
        loop {
            match self.list().await {
                Ok(version) => {
                    failures = 0;
                    self.watch_from(version).await;
                }
                Err(error) => {
                    self.failed(&error);
                    tokio::time::sleep(RETRY.delay(failures)).await;
                    failures += 1;
                }
            }
        }
    }

    fn kind(&self) -> GroupKind {
        self.resource.gvk.group_kind()
    }

    fn with_cache<T>(&self, work: impl FnOnce(&mut Cache) -> T) -> T {
        work(&mut self.cache.write().unwrap_or_else(PoisonError::into_inner))
    }

    async fn list(&self) -> Result<ResourceVersion, ClusterError> {
        self.with_cache(|cache| cache.begin_list(self.resource.clone()));
        let kind = self.kind();
        let mut changed: Vec<ResourceKey> = Vec::new();
        let mut broken = None;
        let mut sink = |item: RawObject| match self.with_cache(|cache| cache.list_item(&kind, &item)) {
            Ok(key) => changed.extend(key),
            Err(bad) => broken = Some(bad),
        };
        let end = self.cluster.list(&Query::all(self.resource.clone()), &mut sink).await?;
        if let Some(bad) = broken {
            return Err(ClusterError::Answer { step: format!("list {kind}"), problem: bad.to_string() });
        }
        let was_known = self.with_cache(|cache| {
            let was_known = matches!(cache.state(&kind), Some(tautline_cluster::KindState::Synced { .. }));
            changed.extend(cache.end_list(&kind, end.version.clone(), self.clock.now()));
            was_known
        });
        let _ = self.out.send(if was_known { Message::Changed(changed) } else { Message::Kind(kind) });
        Ok(end.version)
    }

    /// Watches until the version is too old, going on where a watch ended.
    async fn watch_from(&self, mut version: ResourceVersion) {
        let kind = self.kind();
        let mut failures = 0;
        loop {
            let query = Query { since: Some(version.clone()), ..Query::all(self.resource.clone()) };
            let mut events = match self.cluster.watch(&query).await {
                Ok(events) => events,
                Err(error) if error.is_gone() => return,
                Err(error) => {
                    if error.is_forbidden() || failures > 5 {
                        return self.failed(&error);
                    }
                    tokio::time::sleep(RETRY.delay(failures)).await;
                    failures += 1;
                    continue;
                }
            };
            while let Some(event) = events.next().await {
                failures = 0;
                match event {
                    Ok(event) => match self.take(&kind, &event) {
                        Some(next) => version = next,
                        None => return,
                    },
                    Err(error) if error.is_gone() => return,
                    Err(_) => break,
                }
            }
            // A watch that ends at once, again and again, must not spin.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Takes one event into the cache. Answers the version to go on from; `None` if the event is unreadable.
    fn take(&self, kind: &GroupKind, event: &RawEvent) -> Option<ResourceVersion> {
        let (result, version) = self.with_cache(|cache| {
            let result = cache.event(kind, event, self.clock.now());
            let version = match cache.state(kind) {
                Some(tautline_cluster::KindState::Synced { version, .. }) => Some(version.clone()),
                _ => None,
            };
            (result, version)
        });
        match result {
            Ok(Some(key)) => drop(self.out.send(Message::Changed(vec![key]))),
            Ok(None) => {}
            Err(bad) => {
                tracing::warn!(%bad, "an event cannot be read; listing again");
                return None;
            }
        }
        version
    }

    fn failed(&self, error: &ClusterError) {
        let kind = self.kind();
        let why = match error.is_forbidden() {
            true => Why::Forbidden { kind: kind.clone(), message: error.to_string() },
            false => Why::Failing { kind: kind.clone(), message: error.to_string() },
        };
        tracing::warn!(%kind, %error, "a kind cannot be read");
        if self.with_cache(|cache| cache.fail(&self.resource, why)) {
            let _ = self.out.send(Message::Kind(kind));
        }
    }
}
