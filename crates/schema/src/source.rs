//! [`Schemas`]: the question, whoever answers it; and [`Overlay`]: one answer before another.

use std::fmt;
use std::sync::Arc;

use tautline_core::{GroupKind, GroupVersionKind};

use crate::{Kind, Root};

/// Answers what the types say. Unknown kinds answer `None`, never a guess.
pub trait Schemas: Send + Sync {
    /// The type of a kind's objects.
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root>;

    /// What discovery says of a kind.
    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>>;

    /// All kinds, sorted by group, version and kind.
    fn kinds(&self) -> Vec<Arc<Kind>>;

    /// A kind in the version its group prefers, or in the only one.
    fn any_version(&self, kind: &GroupKind) -> Option<Arc<Kind>> {
        let mut found: Option<Arc<Kind>> = None;
        for candidate in self.kinds().into_iter().filter(|k| k.gvk.group_kind() == *kind) {
            if found.is_none() || candidate.preferred {
                found = Some(candidate);
            }
        }
        found
    }

    /// Another number whenever anything that is answered may have changed: what was concluded from answers is kept
    /// under it. A source that never changes has one number for ever.
    fn generation(&self) -> u64 {
        0
    }

    /// An object of a kind in another version of it, where that is not the same text under another name and the source
    /// knows the conversion.
    fn convert(
        &self,
        _object: &tautline_core::Object,
        _to: &GroupVersionKind,
    ) -> Option<tautline_core::Object> {
        None
    }

    /// Whether defaults that live in the API server's code are known to be those of
    /// [`crate::KUBERNETES_VERSION`] for this kind (rule R6): true for the built-in table and for custom
    /// resources, whose schema says everything.
    fn knows_defaults(&self, gvk: &GroupVersionKind) -> bool {
        self.root(gvk).is_some()
    }
}

/// Several sources, the first that knows a kind answers.
///
/// For a live cluster: its own OpenAPI and CRDs first, the built-in table after them only where
/// `/version` has the table's minor.
#[derive(Clone, Default)]
pub struct Overlay {
    layers: Vec<Arc<dyn Schemas>>,
}

impl Overlay {
    /// No source yet: everything is unknown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source that is asked after those already there.
    #[must_use]
    pub fn then(mut self, source: Arc<dyn Schemas>) -> Self {
        self.layers.push(source);
        self
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Overlay({} sources)", self.layers.len())
    }
}

impl Schemas for Overlay {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        self.layers.iter().find_map(|layer| layer.root(gvk))
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.layers.iter().find_map(|layer| layer.kind(gvk))
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        let mut all: Vec<Arc<Kind>> = Vec::new();
        for kind in self.layers.iter().flat_map(|layer| layer.kinds()) {
            if !all.iter().any(|k| k.gvk == kind.gvk) {
                all.push(kind);
            }
        }
        all.sort_by(|a, b| a.gvk.cmp(&b.gvk));
        all
    }

    fn generation(&self) -> u64 {
        // Each layer's number only grows, so their sum does whenever one does.
        self.layers.iter().map(|layer| layer.generation()).fold(0, u64::wrapping_add)
    }

    fn knows_defaults(&self, gvk: &GroupVersionKind) -> bool {
        let answering = self.layers.iter().find(|layer| layer.root(gvk).is_some());
        answering.is_some_and(|layer| layer.knows_defaults(gvk))
    }
}
