//! The cache as the rest of the engine asks it.

use std::sync::Arc;

use tautline_core::{Freshness, GroupKind, Object, Presence, ResourceKey, Uid, Why};
use tautline_ownership::LiveView;

use super::{Cache, KindState};

impl LiveView for Cache {
    fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>> {
        let kind = key.group_kind();
        let freshness = match self.freshness(&kind) {
            Ok(freshness) => self.freshness_in(&kind, &key.namespace, freshness),
            Err(why) => return Presence::Unknown(why),
        };
        let is_seen = |namespaces: &std::collections::BTreeSet<String>| {
            key.namespace.is_empty() || namespaces.contains(&*key.namespace)
        };
        if !self.namespaces.as_ref().is_none_or(is_seen) {
            let namespace = &key.namespace;
            return Presence::Unknown(Why::Other(format!(
                "{key}: namespace {namespace} is not among those that are looked at; add it to them"
            )));
        }
        let Some(at) = self.store.find(key) else { return Presence::Absent(freshness) };
        if self.store.slot(at).is_deleted_by_us() {
            return Presence::Unknown(Why::BehindOurWrite(self.store.version(at)));
        }
        match self.store.open(at) {
            Ok(object) => Presence::Present(Arc::new(object)),
            Err(_) => Presence::Unknown(Why::Other(format!(
                "{key}: the cached copy is damaged; list the kind again"
            ))),
        }
    }

    fn freshness(&self, kind: &GroupKind) -> Result<Freshness, Why> {
        match self.state(kind) {
            None => Err(Why::NotWatched(kind.clone())),
            Some(KindState::Listing) => Err(Why::Listing(kind.clone())),
            Some(KindState::Unknown(why)) => Err(why.clone()),
            Some(KindState::Synced { version, at }) => {
                let listed = self.kinds.get(kind).and_then(|entry| entry.listed.as_ref());
                // Of all namespaces together no more is known than the list told.
                let version = listed.filter(|_| self.namespaces.is_some()).unwrap_or(version);
                Ok(Freshness { kind: kind.clone(), version: version.clone(), at: *at })
            }
        }
    }

    fn tracked_by(&self, app: &str) -> Vec<ResourceKey> {
        let mut keys: Vec<ResourceKey> = self.store.of_app(app).map(|at| self.store.key(at)).collect();
        keys.sort_unstable();
        keys
    }

    fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        self.objects(kind)
    }

    fn children(&self, uid: &Uid) -> Vec<Arc<Object>> {
        self.opened(self.store.children(uid.as_str()).into_iter())
    }
}

impl Cache {
    /// The freshness of a namespace's objects, where each is watched by itself.
    fn freshness_in(&self, kind: &GroupKind, namespace: &str, whole: Freshness) -> Freshness {
        let heard = self.kinds.get(kind).and_then(|entry| self.heard_at(entry, namespace));
        match heard.filter(|_| self.namespaces.is_some()) {
            Some(version) => Freshness { version: version.clone(), ..whole },
            None => whole,
        }
    }

    /// The apps in whose resource tree an object stands: its own, or those of the objects that own it.
    pub fn apps_of(&self, key: &ResourceKey) -> Vec<String> {
        let mut apps = Vec::new();
        let mut pending: Vec<(u32, u32)> = self.store.find(key).map(|at| (at, 0)).into_iter().collect();
        while let Some((at, depth)) = pending.pop() {
            apps.extend(self.store.app_of(at).map(str::to_owned));
            // Owner chains are short; a cycle among hostile ownerReferences ends here.
            if depth < 8 {
                pending.extend(self.store.owners(at).into_iter().map(|owner| (owner, depth + 1)));
            }
        }
        apps.sort_unstable();
        apps.dedup();
        apps
    }

    /// The object with this uid, if it is known.
    pub fn key_of(&self, uid: &Uid) -> Option<ResourceKey> {
        self.store.by_uid(uid.as_str()).map(|at| self.store.key(at))
    }
}
