//! The schemas of a live cluster: its CRDs before the built-in table.

use std::sync::{Arc, PoisonError, RwLock};

use tautline_core::{GroupVersionKind, Object};
use tautline_schema::{CustomKinds, Kind, Root, Schemas};

use crate::embedder::Definitions;

/// The built-in table with the cluster's CustomResourceDefinitions in front of it. Clones share it.
#[derive(Clone)]
pub struct LiveSchemas {
    custom: Arc<RwLock<Arc<CustomKinds>>>,
    base: Arc<dyn Schemas>,
}

impl LiveSchemas {
    /// Schemas over this base, without any CRD yet.
    pub fn new(base: Arc<dyn Schemas>) -> Self {
        Self { custom: Arc::default(), base }
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
}
