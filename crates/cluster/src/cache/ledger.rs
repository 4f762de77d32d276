//! Which app's an object is, over all apps at once.

use tautline_core::ResourceKey;

use super::Cache;

impl Cache {
    /// The app that an object names as its owner, by its tracking id.
    pub fn app_of(&self, key: &ResourceKey) -> Option<&str> {
        self.store.find(key).and_then(|at| self.store.app_of(at))
    }

    /// Every app that some object names as its owner, sorted.
    pub fn apps(&self) -> Vec<&str> {
        let mut apps: Vec<&str> = self.store.app_names().collect();
        apps.sort_unstable();
        apps
    }

    /// The objects of a namespace that are nobody's: no app's, and not made for another object. Only kinds that are
    /// watched are known; what every namespace has is not counted.
    pub fn orphans(&self, namespace: &str) -> Vec<ResourceKey> {
        let mut found = Vec::new();
        for kind in self.kinds.keys() {
            let slots = self
                .store
                .of_kind(kind)
                .filter(|at| self.store.app_of(*at).is_none() && !self.store.has_owner(*at));
            let keys = slots.map(|at| self.store.key(at));
            found.extend(keys.filter(|key| key.namespace == namespace && !is_standard(key)));
        }
        found.sort_unstable();
        found
    }
}

/// What a namespace has of itself.
fn is_standard(key: &ResourceKey) -> bool {
    matches!(
        (&*key.group, &*key.kind, &*key.name),
        ("", "ConfigMap", "kube-root-ca.crt") | ("", "ServiceAccount", "default")
    )
}
