//! Comparing the app's objects, one by one, with what lives.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::{GroupKind, ResourceKey, Timestamp};
use tautline_plan::Hook;

use super::{App, ScanState};
use crate::event::{Effect, World};
use crate::report::SyncStatus;
use crate::resource::Resource;

impl App {
    /// Judges the objects among these keys that are ours.
    pub(crate) fn judge(
        &mut self,
        keys: &[ResourceKey],
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let mut changed = false;
        for key in keys {
            if world.scopes.is_excluded(&key.group_kind()) {
                // It is left alone, whatever is still known of it: neither compared nor pruned.
                let known = self.resources.remove(key);
                self.is_kinds_stale |= known;
                changed |= known;
                continue;
            }
            if !self.resources.contains_key(key) && !self.is_ours(key, world) {
                // Something below one of its objects may tell why that is not well.
                changed |= self.has_trouble();
                continue;
            }
            let destination = &self.spec.destination;
            let is_new = !self.resources.contains_key(key);
            let resource = self.resources.get_or_insert_with(key, || {
                let pair = tautline_ownership::pair_one(
                    key.clone(),
                    &self.prepared,
                    destination,
                    world.live,
                    world.neighbours,
                );
                Resource::new(pair)
            });
            let before = resource.kinds_it_brings();
            changed |= resource.judge(&self.prepared, &self.spec, world, now);
            self.is_kinds_stale |= is_new || resource.kinds_it_brings() != before;
            // What a hook left is no object of the app, until that goes with all it made.
            let is_left = self.spec.deletion.is_none() && resource.is_hook();
            let is_strange = resource.pair.desired.is_none() && !is_tracked(resource);
            let is_over = resource.is_over() || is_strange || is_left;
            if is_over {
                self.resources.remove(key);
                self.is_kinds_stale = true;
                changed = true;
            }
        }
        self.ask_about(keys, world, out);
        if changed {
            out.push(Effect::Report { urgent: false });
        }
    }

    pub(crate) fn judge_all(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        let mut keys: BTreeSet<ResourceKey> = self.prepared.manifests.keys().cloned().collect();
        keys.extend(world.live.tracked_by(self.spec.destination.app.as_str()));
        keys.extend(self.resources.keys().cloned());
        if let Some(application) = &self.spec.destination.application {
            keys.remove(application);
        }
        let keys: Vec<ResourceKey> = keys.into_iter().collect();
        self.judge(&keys, world, now, out);
        if self.is_ready(world) {
            self.reconciled_at = Some(now);
        }
    }

    fn is_ours(&self, key: &ResourceKey, world: &World<'_>) -> bool {
        if self.spec.destination.application.as_ref() == Some(key) {
            return false;
        }
        if self.prepared.manifests.contains_key(key) {
            return true;
        }
        let live = world.live.get(key).present();
        live.is_some_and(|o| {
            tautline_ownership::owner_of(&o).as_deref() == Some(self.spec.destination.app.as_str())
                // What a hook left is no object of the app, until that goes with all it made.
                && (self.spec.deletion.is_some() || Hook::of(&o).is_none())
        })
    }

    pub(super) fn wanted_kinds(&self, world: &World<'_>) -> BTreeSet<GroupKind> {
        let mut kinds: BTreeSet<GroupKind> = self.spec.kinds.clone();
        kinds.extend(self.prepared.scopes.keys().cloned());
        let extra = self.resources.values().filter(|resource| resource.pair.desired.is_none());
        kinds.extend(extra.map(|resource| resource.pair.key.group_kind()));
        kinds.extend(self.hooks.iter().map(|(_, manifest)| manifest.key().group_kind()));
        if self.spec.policy.create_namespace {
            kinds.insert(GroupKind::new("", "Namespace"));
        }
        // R16: whether an autoscaler stands by decides what becomes of replicas that leave Git.
        if self.resources.values().any(Resource::drops_replicas) {
            kinds.insert(tautline_plan::autoscaler_kind());
        }
        kinds.retain(|kind| world.scopes.is_served(kind) != Some(false));
        kinds
    }

    pub(super) fn unreadable_kinds(&self, world: &World<'_>) -> BTreeMap<GroupKind, String> {
        use tautline_core::Why;
        let why = |kind: &GroupKind| match world.live.freshness(kind) {
            Err(why @ (Why::Forbidden { .. } | Why::Failing { .. })) => Some((kind.clone(), why.to_string())),
            _ => None,
        };
        self.watched.iter().filter_map(why).collect()
    }

    /// Whether every kind that matters is listed, or known to be unreadable.
    pub(crate) fn is_ready(&self, world: &World<'_>) -> bool {
        use tautline_core::Why;
        self.rendered.is_some()
            && self
                .watched
                .iter()
                .all(|kind| !matches!(world.live.freshness(kind), Err(Why::Listing(_) | Why::NotWatched(_))))
    }

    pub(super) fn sync_status(&self) -> SyncStatus {
        if self.comparison_error.is_some() || !self.spec.refused.is_empty() || self.rendered.is_none() {
            return SyncStatus::Unknown;
        }
        if !self.unreadable.is_empty() {
            return SyncStatus::Unknown;
        }
        if self.namespace_differs {
            return SyncStatus::OutOfSync;
        }
        // Unknown is no claim that the rest agrees.
        let counted = self.own().filter(|resource| !resource.is_extraneous());
        let worst = counted.map(Resource::sync).max_by_key(|s| match s {
            SyncStatus::Synced => 0,
            SyncStatus::Unknown => 1,
            SyncStatus::OutOfSync => 2,
        });
        worst.unwrap_or(SyncStatus::Synced)
    }

    pub(super) fn scanned(
        &mut self,
        result: Result<BTreeSet<GroupKind>, String>,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        match result {
            Ok(kinds) => {
                self.spec.kinds.extend(kinds);
                self.is_kinds_stale = true;
                self.scan = ScanState::Done;
                self.judge_all(world, now, out);
            }
            Err(message) => {
                self.scan = ScanState::Failed(message);
                out.push(Effect::Report { urgent: true });
            }
        }
    }
}

fn is_tracked(resource: &Resource) -> bool {
    !matches!(
        resource.pair.owner,
        tautline_ownership::Owner::Untracked
            | tautline_ownership::Owner::Other(_)
            | tautline_ownership::Owner::Abandoned(_)
    )
}
