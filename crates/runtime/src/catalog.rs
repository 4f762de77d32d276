//! What the cluster serves, as the engine asks it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tautline_cluster::{ApiResource, Discovery};
use tautline_core::{GroupKind, GroupVersionKind};
use tautline_ownership::{Scope, Scopes};
use tautline_render::ClusterApis;
use tokio::sync::Notify;

use crate::message::Excludes;

/// The last complete discovery. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Catalog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    served: RwLock<Served>,
    /// Rings when the first discovery is there.
    known: Notify,
}

#[derive(Debug, Default)]
struct Served {
    discovery: Discovery,
    preferred: BTreeMap<GroupKind, ApiResource>,
    is_known: bool,
    excluded: Excluded,
    /// As charts ask about it.
    apis: Arc<ClusterApis>,
}

/// Which kinds the operator wants left alone.
#[derive(Clone, Default)]
struct Excluded(Option<Excludes>);

impl std::fmt::Debug for Excluded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Excluded(some)" } else { "Excluded(none)" })
    }
}

impl Excluded {
    fn holds(&self, kind: &GroupKind) -> bool {
        self.0.as_ref().is_some_and(|excludes| excludes(kind))
    }

    /// Whether the kind is not to be read either. Definitions are: they say what other kinds are like.
    fn hides(&self, kind: &GroupKind) -> bool {
        self.holds(kind) && kind.kind != "CustomResourceDefinition"
    }
}

impl Catalog {
    /// Takes which kinds are left alone from now on.
    pub(crate) fn exclude(&self, excludes: Excludes) {
        let mut served = self.0.served.write().unwrap_or_else(PoisonError::into_inner);
        served.excluded = Excluded(Some(excludes));
    }

    /// Takes a new discovery. Kinds of groups that are stale in it are kept from before. Answers whether
    /// anything changed.
    pub fn update(&self, mut discovery: Discovery) -> bool {
        let mut served = self.0.served.write().unwrap_or_else(PoisonError::into_inner);
        for resource in &served.discovery.resources {
            if discovery.is_stale(&resource.gvk.group) && discovery.find(&resource.gvk).is_none() {
                discovery.resources.push(resource.clone());
            }
        }
        if served.is_known && served.discovery == discovery {
            return false;
        }
        let mut preferred: BTreeMap<GroupKind, ApiResource> = BTreeMap::new();
        for resource in &discovery.resources {
            preferred.entry(resource.gvk.group_kind()).or_insert_with(|| resource.clone());
        }
        let apis = Arc::new(apis(&discovery));
        let excluded = served.excluded.clone();
        *served = Served { discovery, preferred, is_known: true, excluded, apis };
        drop(served);
        self.0.known.notify_waiters();
        true
    }

    /// What charts may ask about, once it is known (rule R25): a render before that would take everything
    /// for absent.
    pub async fn apis(&self) -> Arc<ClusterApis> {
        loop {
            let rings = self.0.known.notified();
            if let Some(apis) = self.known_apis() {
                return apis;
            }
            rings.await;
        }
    }

    fn known_apis(&self) -> Option<Arc<ClusterApis>> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        served.is_known.then(|| served.apis.clone())
    }

    /// The kind in exactly this version.
    pub fn resource(&self, gvk: &GroupVersionKind) -> Option<ApiResource> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        served.discovery.find(gvk).filter(|_| !served.excluded.hides(&gvk.group_kind())).cloned()
    }

    /// The kind in its preferred version.
    pub fn preferred(&self, kind: &GroupKind) -> Option<ApiResource> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        served.preferred.get(kind).filter(|_| !served.excluded.hides(kind)).cloned()
    }

    /// Every kind in its preferred version that can be listed.
    pub fn listable(&self) -> Vec<ApiResource> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        let hides = |resource: &ApiResource| served.excluded.hides(&resource.gvk.group_kind());
        served.preferred.values().filter(|r| r.allows("list") && !hides(r)).cloned().collect()
    }
}

impl Scopes for Catalog {
    fn scope(&self, kind: &GroupKind) -> Option<Scope> {
        let resource = self.preferred(kind)?;
        Some(if resource.namespaced { Scope::Namespaced } else { Scope::Cluster })
    }

    fn is_served(&self, kind: &GroupKind) -> Option<bool> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        if served.excluded.hides(kind) {
            return Some(false);
        }
        if served.preferred.contains_key(kind) {
            return Some(true);
        }
        (served.is_known && !served.discovery.is_stale(&kind.group)).then_some(false)
    }

    fn is_excluded(&self, kind: &GroupKind) -> bool {
        self.0.served.read().unwrap_or_else(PoisonError::into_inner).excluded.holds(kind)
    }
}

/// `group/version` and `group/version/Kind` of everything that is served.
fn apis(discovery: &Discovery) -> ClusterApis {
    let mut api_versions = std::collections::BTreeSet::new();
    for resource in &discovery.resources {
        let version = resource.gvk.group_version().to_string();
        api_versions.insert(format!("{version}/{}", resource.gvk.kind));
        api_versions.insert(version);
    }
    ClusterApis {
        kube_version: discovery.server_version.clone(),
        api_versions: api_versions.into_iter().collect(),
    }
}
