//! What pairing asks about the cluster.

use std::sync::Arc;

use tautline_core::{AppId, Freshness, GroupKind, Object, Presence, ResourceKey, Uid, Why};

/// Where the objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In namespaces.
    Namespaced,
    /// Beside namespaces.
    Cluster,
}

/// Which kinds are namespaced.
pub trait Scopes: Send + Sync {
    /// The kind's scope; `None` if nobody knows the kind.
    fn scope(&self, kind: &GroupKind) -> Option<Scope>;

    /// Whether the cluster serves the kind; `None` while discovery of its group is stale or missing.
    fn is_served(&self, kind: &GroupKind) -> Option<bool>;

    /// Whether the operator wants objects of the kind left alone: not read, and not written where manifests hold them.
    /// By default none is.
    fn is_excluded(&self, _: &GroupKind) -> bool {
        false
    }
}

/// The live objects, as the cache has them.
pub trait LiveView: Send + Sync {
    /// One object: there, not there with evidence, or unknown.
    fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>>;

    /// Whether the kind is listed completely and current.
    fn freshness(&self, kind: &GroupKind) -> Result<Freshness, Why>;

    /// Every known object whose tracking id names the app (rule R8 applied).
    fn tracked_by(&self, app: &str) -> Vec<ResourceKey>;

    /// Every known object of a kind; ask [`LiveView::freshness`] whether these are all.
    fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Object>>;

    /// The objects with an ownerReference to this uid.
    fn children(&self, uid: &Uid) -> Vec<Arc<Object>>;
}

/// The other apps, for questions of ownership between them.
pub trait Neighbours: Send + Sync {
    /// Whether an app with this name in tracking ids exists.
    fn exists(&self, app: &str) -> bool;

    /// Whether the app's complete current render holds the object; `None` if that is not known.
    fn holds(&self, app: &str, key: &ResourceKey) -> Option<bool>;

    /// An app other than `app` whose current render holds the object.
    fn other_holder(&self, app: &str, key: &ResourceKey) -> Option<String>;

    /// Whether another app of the same source is being rendered, so that it may come to hold what leaves
    /// this one (rule R20).
    fn undecided(&self) -> bool {
        false
    }

    /// What keeps an app that depends on `app` from being synced: it is not there, not synced, not well, or waits
    /// itself for the one that asks. `None` if nothing does.
    fn obstacle(&self, app: &AppId) -> Option<String> {
        Some(format!("app {app} is not known here"))
    }
}
