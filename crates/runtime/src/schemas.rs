//! The schemas of a live cluster: its CRDs before the built-in table.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tautline_core::{GroupVersionKind, Object};
use tautline_schema::{CustomKinds, Kind, Root, Schemas};

use crate::embedder::Definitions;

/// The built-in table with the cluster's CustomResourceDefinitions in front of it. Clones share it.
#[derive(Clone)]
pub struct LiveSchemas {
    custom: Arc<RwLock<Arc<CustomKinds>>>,
    /// How often what the CRDs say changed.
    changes: Arc<AtomicU64>,
    /// The CRDs that were told last: uid and generation.
    told: Arc<Mutex<Vec<String>>>,
    base: Arc<dyn Schemas>,
}

impl LiveSchemas {
    /// Schemas over this base, without any CRD yet.
    pub fn new(base: Arc<dyn Schemas>) -> Self {
        Self { custom: Arc::default(), changes: Arc::default(), told: Arc::default(), base }
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
        self.custom().root(gvk).or_else(|| self.base.root(gvk))
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.custom().kind(gvk).or_else(|| self.base.kind(gvk))
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        let mut kinds = self.custom().kinds();
        kinds.extend(self.base.kinds());
        kinds
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
