//! The schemas of a live cluster (rule R6): its CRDs, then the built-in table if the cluster is of the table's minor,
//! then the cluster's own OpenAPI documents.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tautline_core::{GroupVersion, GroupVersionKind, Object, Value};
use tautline_schema::{ClusterOpenApi, CustomKinds, Kind, Root, Schemas, is_tables_minor};

use crate::embedder::Definitions;

/// What a cluster says of its types, and the built-in table where it may speak for the cluster. Clones share it.
///
/// Until a version is known the table answers: a library that is never told one works with what it has.
#[derive(Clone)]
pub struct LiveSchemas {
    custom: Arc<RwLock<Arc<CustomKinds>>>,
    served: Arc<RwLock<Served>>,
    /// How often what is said of types changed.
    changes: Arc<AtomicU64>,
    /// The CRDs that were told last: uid and generation.
    told: Arc<Mutex<Vec<String>>>,
    base: Arc<dyn Schemas>,
}

/// What the cluster serves about itself.
#[derive(Default)]
struct Served {
    /// Its version, once it is known.
    version: Option<String>,
    documents: ClusterOpenApi,
    /// Group versions whose documents were told, those that do not exist included.
    told: BTreeSet<GroupVersion>,
}

impl Served {
    /// Whether the built-in table may speak for the cluster.
    fn is_tables(&self) -> bool {
        self.version.as_deref().is_none_or(is_tables_minor)
    }
}

impl LiveSchemas {
    /// Schemas over this base, without any CRD yet.
    pub fn new(base: Arc<dyn Schemas>) -> Self {
        Self {
            custom: Arc::default(),
            served: Arc::default(),
            changes: Arc::default(),
            told: Arc::default(),
            base,
        }
    }

    fn served(&self) -> RwLockReadGuard<'_, Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn served_mut(&self) -> RwLockWriteGuard<'_, Served> {
        self.served.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table, if it may speak.
    fn table(&self) -> Option<&Arc<dyn Schemas>> {
        self.served().is_tables().then_some(&self.base)
    }

    fn custom(&self) -> Arc<CustomKinds> {
        self.custom.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for LiveSchemas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveSchemas")
    }
}

impl Definitions for LiveSchemas {
    fn update(&self, definitions: &[Arc<Object>]) {
        let mut custom = CustomKinds::new();
        for definition in definitions {
            if let Err(error) = custom.add(definition) {
                tracing::warn!(%error, "a CustomResourceDefinition is passed over");
            }
        }
        *self.custom.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(custom);
        let mut told: Vec<String> = definitions.iter().map(|definition| version_of(definition)).collect();
        told.sort();
        let mut before = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *before != told {
            *before = told;
            // Counted last: what is concluded meanwhile is kept under the old number, and made anew.
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    fn version(&self, version: &str) {
        let mut served = self.served_mut();
        if served.version.as_deref() == Some(version) {
            return;
        }
        let was_tables = served.is_tables();
        *served = Served {
            version: Some(version.to_owned()),
            documents: ClusterOpenApi::new(version),
            told: BTreeSet::new(),
        };
        if !(was_tables && served.is_tables()) {
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    fn lacks(&self, kind: &GroupVersionKind) -> Option<GroupVersion> {
        let of = kind.group_version();
        (self.root(kind).is_none() && !self.served().told.contains(&of)).then_some(of)
    }

    fn document(&self, of: GroupVersion, document: Option<Value>) {
        let mut served = self.served_mut();
        if let Some(document) = document {
            served.documents.add_document(of.clone(), document);
            self.changes.fetch_add(1, Ordering::Release);
        }
        served.told.insert(of);
    }
}

/// A definition in one state of its spec; what its status says changes no type.
fn version_of(definition: &Object) -> String {
    match definition.generation() {
        Some(generation) => format!("{} {generation}", definition.metadata_str("uid")),
        None => definition.to_value().digest().to_string(),
    }
}

impl Schemas for LiveSchemas {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        let known = self.custom().root(gvk).or_else(|| self.table()?.root(gvk));
        known.or_else(|| self.served().documents.root(gvk))
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.custom().kind(gvk).or_else(|| self.base.kind(gvk))
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        let mut kinds = self.custom().kinds();
        kinds.extend(self.base.kinds());
        kinds
    }

    /// Only for custom resources, whose schema says everything, and where the table speaks: what is read from a
    /// document says nothing of defaults that live in code.
    fn knows_defaults(&self, gvk: &GroupVersionKind) -> bool {
        self.custom().root(gvk).is_some() || self.table().is_some_and(|table| table.knows_defaults(gvk))
    }

    fn generation(&self) -> u64 {
        self.changes.load(Ordering::Acquire).wrapping_add(self.base.generation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn another_minor_speaks_for_itself() {
        let schemas = LiveSchemas::new(tautline_schema::shared());
        let deployment = GroupVersionKind::new("apps", "v1", "Deployment");
        assert!(schemas.root(&deployment).is_some() && schemas.knows_defaults(&deployment));
        schemas.version("v1.37.9");
        assert!(schemas.lacks(&deployment).is_none() && schemas.generation() == 0);

        schemas.version("v1.30.1");
        assert!(schemas.root(&deployment).is_none() && schemas.generation() == 1);
        let apps = schemas.lacks(&deployment).unwrap();
        assert_eq!(apps.to_string(), "apps/v1");
        schemas.document(
            apps,
            Some(value!({ "components": { "schemas": { "io.k8s.api.apps.v1.Deployment": {
                "type": "object",
                "properties": { "apiVersion": { "type": "string" }, "kind": { "type": "string" } },
                "x-kubernetes-group-version-kind": [{ "group": "apps", "kind": "Deployment", "version": "v1" }] } } } })),
        );
        assert!(schemas.root(&deployment).is_some() && !schemas.knows_defaults(&deployment));
        assert!(schemas.lacks(&deployment).is_none());

        // What the cluster has no document of is asked once.
        let other = GroupVersionKind::new("metrics.k8s.io", "v1", "PodMetrics");
        schemas.document(schemas.lacks(&other).unwrap(), None);
        assert!(schemas.lacks(&other).is_none() && schemas.root(&other).is_none());
    }

    #[test]
    fn the_generation_counts_changes_of_what_crds_say() {
        let crd = |generation: i64, ready: bool| {
            Arc::new(Object::from_map(
                match value!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": { "name": "things.example.com", "uid": "u", "generation": generation },
                "spec": { "group": "example.com", "scope": "Namespaced", "names": { "plural": "things", "kind": "Thing" },
                    "versions": [{ "name": "v1", "served": true, "storage": true,
                        "schema": { "openAPIV3Schema": { "type": "object" } } }] },
                "status": { "ready": ready } })
                {
                    tautline_core::Value::Map(map) => map,
                    _ => tautline_core::Map::new(),
                },
            ))
        };
        let schemas = LiveSchemas::new(tautline_schema::shared());
        let mut seen = vec![schemas.generation()];
        for definitions in [vec![crd(1, false)], vec![crd(1, true)], vec![crd(2, true)], vec![]] {
            schemas.update(&definitions);
            seen.push(schemas.generation());
        }
        assert_eq!(seen, [0, 1, 1, 2, 3]);
    }
}
