//! [`OfKind`]: schemas that are asked for one kind over and over.

use std::sync::Arc;

use tautline_core::{GroupKind, GroupVersionKind, Object};
use tautline_schema::{Kind, Root, Schemas};

/// Schemas that remember one kind's type.
pub(crate) struct OfKind<'a> {
    schemas: &'a dyn Schemas,
    gvk: GroupVersionKind,
    root: Option<Root>,
}

impl<'a> OfKind<'a> {
    pub(crate) fn new(schemas: &'a dyn Schemas, object: &Object) -> Self {
        let gvk = object.gvk();
        Self { schemas, root: schemas.root(&gvk), gvk }
    }

    /// The kind's type.
    pub(crate) fn own_root(&self) -> Option<&Root> {
        self.root.as_ref()
    }

    /// [`Schemas::knows_defaults`] of the kind.
    pub(crate) fn knows_own_defaults(&self) -> bool {
        self.schemas.knows_defaults(&self.gvk)
    }
}

impl Schemas for OfKind<'_> {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        if *gvk == self.gvk { self.root.clone() } else { self.schemas.root(gvk) }
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.schemas.kind(gvk)
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        self.schemas.kinds()
    }

    fn any_version(&self, kind: &GroupKind) -> Option<Arc<Kind>> {
        self.schemas.any_version(kind)
    }

    fn generation(&self) -> u64 {
        self.schemas.generation()
    }

    fn convert(&self, object: &Object, to: &GroupVersionKind) -> Option<Object> {
        self.schemas.convert(object, to)
    }

    fn knows_defaults(&self, gvk: &GroupVersionKind) -> bool {
        self.schemas.knows_defaults(gvk)
    }
}
