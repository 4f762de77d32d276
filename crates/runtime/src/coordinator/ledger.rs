//! [`Ledger`]: whose the objects are, across apps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use tautline_core::{AppId, ResourceKey};

use super::Coordinator;

/// Whose the live and desired objects are, across apps, at one moment. Which fields of an object are whose says
/// `tautline_merge::Owners`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Objects that the renders of several apps hold, with these apps.
    pub shared: BTreeMap<ResourceKey, BTreeSet<AppId>>,
    /// Live objects whose tracking id names an app that does not exist, with that name.
    pub abandoned: BTreeMap<ResourceKey, String>,
    /// Live objects in the apps' namespaces that are no app's, nor made for another object; of kinds that are watched.
    pub orphaned: BTreeSet<ResourceKey>,
}

impl Coordinator {
    pub(crate) fn ledger(&self) -> Ledger {
        let holders = &self.index.holders;
        let shared = holders.iter().filter(|(_, apps)| apps.len() > 1);
        let shared = shared.map(|(key, apps)| (key.clone(), apps.iter().cloned().collect())).collect();
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let exists = |app: &str| self.index.by_instance.contains_key(app) || self.elsewhere.contains(app);
        let gone = cache.apps().into_iter().filter(|app| !exists(app));
        let abandoned = gone.flat_map(|app| {
            tautline_ownership::LiveView::tracked_by(&*cache, app)
                .into_iter()
                .map(move |key| (key, app.to_owned()))
        });
        let abandoned = abandoned.collect();
        let namespaces: BTreeSet<&str> =
            self.apps.values().map(|entry| entry.input.spec.destination.namespace.as_str()).collect();
        let orphaned = namespaces.into_iter().flat_map(|namespace| cache.orphans(namespace));
        let orphaned = orphaned.filter(|key| !holders.contains_key(key)).collect();
        Ledger { shared, abandoned, orphaned }
    }
}
