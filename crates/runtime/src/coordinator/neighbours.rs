//! Who holds what, and what an app may know of the others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tautline_core::{AppId, ResourceKey, Want};
use tautline_ownership::Neighbours;

use super::Entry;

/// Who holds what, across apps.
#[derive(Default)]
pub(crate) struct Index {
    pub(super) by_instance: HashMap<String, AppId>,
    /// Of most objects there is one.
    pub(super) holders: HashMap<ResourceKey, Vec<AppId>>,
    held: HashMap<AppId, BTreeSet<ResourceKey>>,
}

impl Index {
    /// Takes what an app's complete render holds. Answers whether anything changed.
    pub(super) fn set_held(&mut self, id: &AppId, keys: BTreeSet<ResourceKey>) -> bool {
        let before = self.held.remove(id).unwrap_or_default();
        if before == keys {
            self.held.insert(id.clone(), keys);
            // The render is current now, which is news in itself.
            return true;
        }
        for key in before.difference(&keys) {
            if let Some(holders) = self.holders.get_mut(key) {
                holders.retain(|holder| holder != id);
                if holders.is_empty() {
                    self.holders.remove(key);
                }
            }
        }
        for key in keys.difference(&before) {
            let holders = self.holders.entry(key.clone()).or_default();
            holders.push(id.clone());
            holders.sort();
        }
        self.held.insert(id.clone(), keys);
        true
    }
}

pub(super) struct Others<'a> {
    pub(super) apps: &'a BTreeMap<AppId, Entry>,
    pub(super) index: &'a Index,
    pub(super) elsewhere: &'a BTreeSet<String>,
    pub(super) me: &'a AppId,
    pub(super) want: &'a Want,
}

impl Neighbours for Others<'_> {
    fn exists(&self, app: &str) -> bool {
        self.index.by_instance.contains_key(app) || self.elsewhere.contains(app)
    }

    fn holds(&self, app: &str, key: &ResourceKey) -> Option<bool> {
        let id = self.index.by_instance.get(app)?;
        self.apps.get(id)?.app.holds(key)
    }

    fn other_holder(&self, _: &str, key: &ResourceKey) -> Option<String> {
        let holders = self.index.holders.get(key)?;
        holders.iter().find(|id| *id != self.me).map(|id| id.name.clone())
    }

    fn obstacle(&self, app: &AppId) -> Option<String> {
        let Some(entry) = self.apps.get(app) else {
            return Some(match app == self.me {
                true => format!("app {app} depends on itself"),
                false => format!("there is no app {app}"),
            });
        };
        if let Some(way) = self.way_back(app) {
            let way: Vec<String> = way.iter().map(ToString::to_string).collect();
            return Some(format!("the apps {} depend on each other in a circle", way.join(", ")));
        }
        entry.app.unfinished().map(|what| format!("app {app} {what}"))
    }

    fn undecided(&self) -> bool {
        self.apps.values().any(|e| e.app.is_undecided() && e.input.spec.want == *self.want)
    }
}

impl Others<'_> {
    /// The apps by which a dependency leads back to the one that asks, if it does.
    fn way_back(&self, from: &AppId) -> Option<Vec<AppId>> {
        let mut seen = BTreeSet::new();
        let mut ways = vec![vec![self.me.clone(), from.clone()]];
        while let Some(way) = ways.pop() {
            let Some(entry) = way.last().and_then(|last| self.apps.get(last)) else { continue };
            for next in &entry.input.spec.depends_on {
                if next == self.me {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    ways.push(way.iter().chain([next]).cloned().collect());
                }
            }
        }
        None
    }
}
