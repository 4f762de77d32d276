//! What the cluster serves, which kinds are watched, and where an app's objects may be.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use tautline_cluster::Cache;
use tautline_core::{AppId, GroupKind, Why};
use tautline_engine::Event;
use tautline_ownership::{AppInstance, LiveView};

use super::Coordinator;
use crate::message::Message;
use crate::watcher::Watcher;

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

    pub(super) fn scan(&mut self) {
        if std::mem::replace(&mut self.is_scanning, true) {
            return;
        }
        let (performer, out) = (self.performer.clone(), self.out.clone());
        tokio::spawn(async move {
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
        let mut wanted: BTreeSet<GroupKind> =
            self.apps.values().flat_map(|e| e.kinds.iter().cloned()).collect();
        let children: Vec<GroupKind> = wanted.iter().flat_map(child_kinds).collect();
        wanted.extend(children);
        wanted.insert(GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition"));
        let gone: Vec<GroupKind> =
            self.watchers.keys().filter(|kind| !wanted.contains(*kind)).cloned().collect();
        for kind in gone {
            if let Some(task) = self.watchers.remove(&kind) {
                task.abort();
            }
            self.cache.write().unwrap_or_else(PoisonError::into_inner).forget(&kind);
        }
        for kind in wanted {
            if self.watchers.contains_key(&kind) {
                continue;
            }
            let Some(resource) = self.catalog.preferred(&kind) else { continue };
            let (cluster, cache) = (self.parts.cluster.clone(), self.cache.clone());
            let watcher =
                Watcher { cluster, cache, clock: self.parts.clock.clone(), out: self.out.clone(), resource };
            self.watchers.insert(kind, tokio::spawn(watcher.run()));
        }
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
