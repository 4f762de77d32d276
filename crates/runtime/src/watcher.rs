//! One task a kind: list, watch, list again when the watch is too old.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use tautline_cluster::{
    ApiResource, Cache, Cluster, ClusterError, KindState, Query, RawEvent, RawObject, Target,
};
use tautline_core::{Backoff, Clock, GroupKind, ResourceKey, ResourceVersion, Why};
use tokio::sync::mpsc;

use crate::message::Message;

const RETRY: Backoff =
    Backoff { base: Duration::from_millis(200), factor: 2.0, max: Duration::from_secs(30) };

/// How many objects are fetched at once that a snapshot did not know.
const FETCHES: usize = 8;
/// How many watches in a row may break without a word before the kind is listed again.
const MOST_BROKEN: u32 = 3;

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
        let kind = self.kind();
        if self.with_cache(|cache| cache.is_restored(&kind))
            && let Some(end) = self.confirm().await?
        {
            return self.end_list(end, Vec::new());
        }
        self.with_cache(|cache| cache.begin_list(self.resource.clone()));
        let mut changed: Vec<ResourceKey> = Vec::new();
        let mut broken = None;
        let mut sink = |item: RawObject| match self.with_cache(|cache| cache.list_item(&kind, &item)) {
            Ok(key) => changed.extend(key),
            Err(bad) => broken = Some(bad),
        };
        let end = self.cluster.list(&Query::all(self.resource.clone()), &mut sink).await?;
        if let Some(bad) = broken {
            return Err(self.unreadable(&bad));
        }
        self.end_list(end.version, changed)
    }

    /// Confirms what a snapshot told by a list of metadata, and fetches what is new since. `None` if so much is new
    /// that a whole list costs less.
    async fn confirm(&self) -> Result<Option<ResourceVersion>, ClusterError> {
        let kind = self.kind();
        self.with_cache(|cache| cache.begin_list(self.resource.clone()));
        let (mut all, mut missing) = (0_usize, Vec::new());
        let mut sink = |item: RawObject| {
            all += 1;
            if !self.with_cache(|cache| cache.confirm(&kind, &item)) {
                missing
                    .extend(item.metadata(&self.resource.gvk).map(|o| Target::of(self.resource.clone(), &o)));
            }
        };
        let query = Query { metadata_only: true, ..Query::all(self.resource.clone()) };
        let end = self.cluster.list(&query, &mut sink).await?;
        if missing.len() > 20 + all / 20 {
            return Ok(None);
        }
        let mut fetches = futures::stream::iter(missing)
            .map(|target| async move { self.cluster.get(&target).await })
            .buffer_unordered(FETCHES);
        while let Some(found) = fetches.next().await {
            // What is gone by now is not held by the list's end either.
            let Some(object) = found? else { continue };
            let item = RawObject::Object(object);
            self.with_cache(|cache| cache.list_item(&kind, &item)).map_err(|bad| self.unreadable(&bad))?;
        }
        Ok(Some(end.version))
    }

    fn end_list(
        &self,
        version: ResourceVersion,
        mut changed: Vec<ResourceKey>,
    ) -> Result<ResourceVersion, ClusterError> {
        let kind = self.kind();
        let was_known = self.with_cache(|cache| {
            let was_known = matches!(cache.state(&kind), Some(KindState::Synced { .. }));
            changed.extend(
                cache.end_list(&kind, version.clone(), self.clock.now()).map_err(|e| self.unreadable(&e))?,
            );
            Ok::<bool, ClusterError>(was_known)
        })?;
        let _ = self.out.send(if was_known { Message::Changed(changed) } else { Message::Kind(kind) });
        Ok(version)
    }

    fn unreadable(&self, problem: &dyn std::error::Error) -> ClusterError {
        ClusterError::Answer { step: format!("list {}", self.kind()), problem: problem.to_string() }
    }

    /// Watches until the version is too old, going on where a watch ended.
    async fn watch_from(&self, mut version: ResourceVersion) {
        let kind = self.kind();
        let (mut failures, mut broken) = (0, 0);
        loop {
            let query = Query { since: Some(version.clone()), ..Query::all(self.resource.clone()) };
            let mut events = match self.cluster.watch(&query).await {
                Ok(events) => events,
                // A version from the future is one of before the server was restored from a backup.
                Err(error) if error.is_gone() || error.is_ahead() => return,
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
                        Some(next) => (version, broken) = (next, 0),
                        None => return,
                    },
                    Err(error) if error.is_gone() => return,
                    // What breaks at the same place again and again is in the way: a list goes around it.
                    Err(_) if broken >= MOST_BROKEN => return,
                    Err(_) => {
                        broken += 1;
                        break;
                    }
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
                Some(KindState::Synced { version, .. }) => Some(version.clone()),
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

#[cfg(test)]
mod tests;
