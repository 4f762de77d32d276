//! What the cluster serves, which kinds are watched, and where an app's objects may be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use tautline_cluster::{ApiResource, Cache};
use tautline_core::{AppId, GroupKind, GroupVersionKind, Why};
use tautline_engine::Event;
use tautline_ownership::{AppInstance, LiveView, Scopes};

use super::{Coordinator, Watched};
use crate::message::Message;
use crate::watcher::Watcher;

/// How often the cluster is searched at most, however many apps come one after another.
const SCAN_EVERY: Duration = Duration::from_millis(500);

impl Coordinator {
    pub(super) fn kind_changed(&mut self, kind: &GroupKind) {
        if kind.kind == "CustomResourceDefinition" {
            self.definitions_changed();
        }
        let concerned: Vec<AppId> =
            self.apps.iter().filter(|(_, e)| e.kinds.contains(kind)).map(|(id, _)| id.clone()).collect();
        for id in concerned {
            self.step(&id, Event::Kinds);
        }
    }

    pub(super) fn definitions_changed(&mut self) {
        let kind = GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition");
        let definitions = self.cache.read().unwrap_or_else(PoisonError::into_inner).objects(&kind);
        // Their status says nothing about types.
        let specs = definitions.iter().filter_map(|crd| crd.get("spec")).map(|spec| spec.to_json());
        let digest = tautline_core::Digest::of_parts(specs);
        if self.definitions.replace(digest) != Some(digest) {
            self.parts.definitions.update(&definitions);
            self.step_all(|_| Event::Rules);
        }
        self.discover();
    }

    /// Asks the cluster what it serves.
    pub(super) fn discover(&mut self) {
        if std::mem::replace(&mut self.is_discovering, true) {
            return;
        }
        let (cluster, catalog, out) = (self.parts.cluster.clone(), self.catalog.clone(), self.out.clone());
        tokio::spawn(async move {
            loop {
                match cluster.discover().await {
                    Ok(discovery) => {
                        catalog.update(discovery);
                        let _ = out.send(Message::Discovered);
                        return;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "discovery failed; trying again");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        });
    }

    /// Searches the cluster, unless that is under way: whoever wants it then is served by it.
    pub(super) fn scan(&mut self) {
        if std::mem::replace(&mut self.is_scanning, true) {
            return;
        }
        let now = self.parts.clock.now();
        let since = self.scanned_at.map_or(SCAN_EVERY, |before| now.since(before));
        let rest = SCAN_EVERY.saturating_sub(since);
        self.scanned_at = Some(now + rest);
        let (performer, out) = (self.performer.clone(), self.out.clone());
        tokio::spawn(async move {
            tokio::time::sleep(rest).await;
            let result = performer.scan().await;
            let _ = out.send(Message::Scanned(result));
        });
    }

    pub(super) fn scanned(&mut self, result: &Result<Vec<(String, BTreeSet<GroupKind>)>, String>) {
        self.is_scanning = false;
        let mut waiting: Vec<(AppId, AppInstance)> = Vec::new();
        for (id, entry) in &mut self.apps {
            if std::mem::take(&mut entry.wants_scan) {
                waiting.push((id.clone(), entry.input.spec.destination.app.clone()));
            }
        }
        for (id, instance) in waiting {
            let kinds = result.clone().map(|found| {
                found
                    .into_iter()
                    .find(|(app, _)| app == instance.as_str())
                    .map(|(_, kinds)| kinds)
                    .unwrap_or_default()
            });
            self.step(&id, Event::Scanned(kinds));
        }
    }

    /// Watches exactly the kinds that some app needs, the kinds of their children, and CRDs.
    pub(super) fn watch_kinds(&mut self) {
        let needed: BTreeSet<GroupKind> = self.apps.values().flat_map(|e| e.kinds.iter().cloned()).collect();
        let mut wanted = needed.clone();
        wanted.extend(needed.iter().flat_map(child_kinds));
        wanted.insert(GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition"));
        let is_left_alone =
            |kind: &GroupKind| self.catalog.is_excluded(kind) && self.catalog.preferred(kind).is_none();
        wanted.retain(|kind| !is_left_alone(kind));
        let gone: Vec<GroupKind> =
            self.watchers.keys().filter(|kind| !wanted.contains(*kind)).cloned().collect();
        gone.iter().for_each(|kind| self.end_watch(kind));
        let written = self.written();
        for kind in wanted {
            let Some(resource) = self.read_in(&kind, &written) else { continue };
            if self.watchers.get(&kind).is_some_and(|watched| watched.in_version != resource.gvk) {
                self.end_watch(&kind);
            }
            if !self.keep(&resource, !needed.contains(&kind)) && self.watchers.contains_key(&kind) {
                continue;
            }
            let (cluster, cache) = (self.parts.cluster.clone(), self.cache.clone());
            let in_version = resource.gvk.clone();
            let watcher =
                Watcher { cluster, cache, clock: self.parts.clock.clone(), out: self.out.clone(), resource };
            self.watchers.insert(kind, Watched { in_version, task: tokio::spawn(watcher.run()) });
        }
    }

    /// Ends a watch; nothing is known of the kind until there is another.
    fn end_watch(&mut self, kind: &GroupKind) {
        if let Some(watched) = self.watchers.remove(kind) {
            watched.task.abort();
        }
        self.cache.write().unwrap_or_else(PoisonError::into_inner).forget(kind);
    }

    /// The versions that manifests use.
    fn written(&self) -> BTreeMap<GroupKind, BTreeSet<GroupVersionKind>> {
        let mut written: BTreeMap<GroupKind, BTreeSet<GroupVersionKind>> = BTreeMap::new();
        for gvk in self.apps.values().flat_map(|entry| entry.app.written()) {
            written.entry(gvk.group_kind()).or_default().insert(gvk.clone());
        }
        written
    }

    /// The version that a kind is read in: that of the manifests, so that both sides of a comparison have one form (rule
    /// R15). Where apps write it in several, it is the one that the cluster prefers.
    fn read_in(
        &self,
        kind: &GroupKind,
        written: &BTreeMap<GroupKind, BTreeSet<GroupVersionKind>>,
    ) -> Option<ApiResource> {
        let mut versions = written.get(kind).into_iter().flatten();
        let only = versions.next().filter(|_| versions.next().is_none());
        only.and_then(|gvk| self.catalog.resource(gvk)).or_else(|| self.catalog.preferred(kind))
    }

    /// Of kinds that only controllers make an outline is kept. Answers whether the kind, known in outline so far, must be
    /// listed anew because an app needs its objects whole.
    fn keep(&mut self, resource: &ApiResource, in_outline: bool) -> bool {
        let kind = resource.gvk.group_kind();
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        let is_anew = cache.keep_in_outline(resource, in_outline) && !in_outline;
        if is_anew {
            cache.forget(&kind);
            cache.keep_in_outline(resource, in_outline);
            if let Some(watched) = self.watchers.remove(&kind) {
                watched.task.abort();
            }
        }
        is_anew
    }
}

/// The kinds that a kind's controller makes, for the resource tree.
fn child_kinds(kind: &GroupKind) -> Vec<GroupKind> {
    let children: &[(&str, &str)] = match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => &[("apps", "ReplicaSet"), ("", "Pod")],
        ("apps", "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => &[("", "Pod")],
        ("batch", "CronJob") => &[("batch", "Job"), ("", "Pod")],
        _ => &[],
    };
    children.iter().map(|(group, kind)| GroupKind::new(*group, *kind)).collect()
}

/// Whether a kind is listed, for tests and waits.
pub(crate) fn is_listed(cache: &Cache, kind: &GroupKind) -> bool {
    !matches!(cache.freshness(kind), Err(Why::Listing(_) | Why::NotWatched(_)))
}
