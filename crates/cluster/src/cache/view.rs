//! The cache as the rest of the engine asks it.

use std::sync::Arc;

use tautline_core::{Freshness, GroupKind, Object, Presence, ResourceKey, Uid, Why};
use tautline_ownership::LiveView;

use super::{Cache, KindState};

impl LiveView for Cache {
    fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>> {
        let freshness = match self.freshness(&key.group_kind()) {
            Ok(freshness) => freshness,
            Err(why) => return Presence::Unknown(why),
        };
        let Some(entry) = self.objects.get(key) else { return Presence::Absent(freshness) };
        if entry.deleted_by_us {
            return Presence::Unknown(Why::BehindOurWrite(entry.version.clone()));
        }
        match self.open(key) {
            Some(object) => Presence::Present(object),
            None => Presence::Unknown(Why::Other(format!(
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
                Ok(Freshness { kind: kind.clone(), version: version.clone(), at: *at })
            }
        }
    }

    fn tracked_by(&self, app: &str) -> Vec<ResourceKey> {
        self.index.of_app(app).cloned().collect()
    }

    fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        self.objects(kind)
    }

    fn children(&self, uid: &Uid) -> Vec<Arc<Object>> {
        self.index.of_owner(uid).filter_map(|key| self.open(key)).collect()
    }
}

impl Cache {
    /// The apps in whose resource tree an object stands: its own, or those of the objects that own it.
    pub fn apps_of(&self, key: &ResourceKey) -> Vec<String> {
        let mut apps = Vec::new();
        let mut pending = vec![(key.clone(), 0)];
        while let Some((key, depth)) = pending.pop() {
            if let Some(app) = self.index.app_of(&key) {
                apps.push(app.to_owned());
            }
            // Owner chains are short; a cycle among hostile ownerReferences ends here.
            if depth < 8 {
                pending.extend(
                    self.index.owners_of(&key).iter().filter_map(|uid| Some((self.key_of(uid)?, depth + 1))),
                );
            }
        }
        apps.sort_unstable();
        apps.dedup();
        apps
    }

    fn key_of(&self, uid: &Uid) -> Option<ResourceKey> {
        self.by_uid.get(uid).cloned()
    }
}
