//! Who owns what: by tracking id and by ownerReference, kept up with every change.

use std::collections::{BTreeSet, HashMap};

use tautline_core::{Object, ResourceKey, Uid};

#[derive(Debug, Default)]
pub(super) struct Index {
    by_app: HashMap<String, BTreeSet<ResourceKey>>,
    by_owner: HashMap<Uid, BTreeSet<ResourceKey>>,
    /// What each object is filed under, to take it out again.
    filed: HashMap<ResourceKey, Filed>,
}

#[derive(Debug)]
struct Filed {
    app: Option<String>,
    owners: Vec<Uid>,
}

impl Index {
    pub(super) fn insert(&mut self, key: &ResourceKey, object: &Object, app: Option<String>) {
        let owners: Vec<Uid> = object.owner_references().map(|owner| Uid::new(owner.uid)).collect();
        if self.filed.get(key).is_some_and(|filed| filed.app == app && filed.owners == owners) {
            return;
        }
        self.remove(key);
        if app.is_none() && owners.is_empty() {
            return;
        }
        if let Some(app) = &app {
            self.by_app.entry(app.clone()).or_default().insert(key.clone());
        }
        for owner in &owners {
            self.by_owner.entry(owner.clone()).or_default().insert(key.clone());
        }
        self.filed.insert(key.clone(), Filed { app, owners });
    }

    pub(super) fn remove(&mut self, key: &ResourceKey) {
        let Some(filed) = self.filed.remove(key) else { return };
        if let Some(app) = filed.app {
            take(&mut self.by_app, &app, key);
        }
        for owner in filed.owners {
            take(&mut self.by_owner, &owner, key);
        }
    }

    pub(super) fn of_app(&self, app: &str) -> impl Iterator<Item = &ResourceKey> {
        self.by_app.get(app).into_iter().flatten()
    }

    pub(super) fn of_owner(&self, uid: &Uid) -> impl Iterator<Item = &ResourceKey> {
        self.by_owner.get(uid).into_iter().flatten()
    }

    /// The app that an object is filed under.
    pub(super) fn app_of(&self, key: &ResourceKey) -> Option<&str> {
        self.filed.get(key)?.app.as_deref()
    }

    /// The owners that an object is filed under.
    pub(super) fn owners_of(&self, key: &ResourceKey) -> &[Uid] {
        self.filed.get(key).map_or(&[], |filed| &filed.owners)
    }
}

fn take<K: std::hash::Hash + Eq>(map: &mut HashMap<K, BTreeSet<ResourceKey>>, under: &K, key: &ResourceKey) {
    if let Some(keys) = map.get_mut(under) {
        keys.remove(key);
        if keys.is_empty() {
            map.remove(under);
        }
    }
}
