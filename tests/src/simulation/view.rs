//! What the app sees of the cluster: lists in the place of watches.

use std::collections::BTreeSet;

use tautline::engine::Event;
use tautline::runtime::Definitions;
use tautline_cluster::{KindState, Query, RawObject};
use tautline_core::{GroupKind, ResourceKey, ResourceVersion};

use super::Simulation;

impl Simulation {
    /// Brings the view up to date; answers whether anything is new, which the app is told.
    pub(super) fn look(&mut self) -> bool {
        let version = self.server.version();
        let is_news = self.catalog.update(self.controller.discovery());
        if is_news {
            self.events.push_back(Event::Kinds);
        }
        let kinds = self.watched();
        let is_listed = kinds.iter().all(|kind| self.cache.state(kind).is_some());
        if version == self.seen && is_listed && !is_news {
            return false;
        }
        self.seen = version;
        let gone: Vec<GroupKind> =
            self.cache.kinds().map(|(kind, _)| kind.clone()).filter(|kind| !kinds.contains(kind)).collect();
        gone.iter().for_each(|kind| self.cache.forget(kind));
        let mut changed: BTreeSet<ResourceKey> = BTreeSet::new();
        let mut are_new = false;
        for kind in &kinds {
            let was_known = matches!(self.cache.state(kind), Some(KindState::Synced { .. }));
            are_new |= !was_known;
            changed.extend(self.list(kind));
        }
        self.schemas.update(&self.cache.objects(&definitions()));
        if !changed.is_empty() {
            self.events.push_back(Event::Live(changed.iter().cloned().collect()));
        }
        if are_new {
            self.events.push_back(Event::Kinds);
        }
        are_new || is_news || !changed.is_empty()
    }

    /// Lists a kind into the cache; answers what changed.
    fn list(&mut self, kind: &GroupKind) -> Vec<ResourceKey> {
        let resource = self.catalog.preferred(kind).expect("only kinds that are served are watched");
        self.cache.begin_list(resource.clone());
        let (objects, version) =
            self.controller.list_all(&Query::all(resource)).unwrap_or_else(|e| panic!("{kind}: {e:?}"));
        let mut changed = Vec::new();
        for object in objects {
            changed.extend(
                self.cache.list_item(kind, &RawObject::Object(object)).expect("the server's are objects"),
            );
        }
        let version = ResourceVersion::new(version.to_string());
        let ended = self.cache.end_list(kind, version, self.now());
        changed.extend(ended.expect("the server in the process never lags behind itself"));
        changed
    }

    /// The kinds that the app needs, those of their children, and CRDs.
    fn watched(&self) -> BTreeSet<GroupKind> {
        let mut kinds = self.wanted.clone();
        for kind in &self.wanted {
            let children: &[(&str, &str)] = match kind.kind.as_str() {
                "Deployment" => &[("apps", "ReplicaSet"), ("", "Pod")],
                "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => &[("", "Pod")],
                _ => &[],
            };
            kinds.extend(children.iter().map(|(group, kind)| GroupKind::new(*group, *kind)));
        }
        kinds.insert(definitions());
        kinds.retain(|kind| self.catalog.preferred(kind).is_some());
        kinds
    }
}

fn definitions() -> GroupKind {
    GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition")
}
