//! [`builtin`]: the table of Kubernetes' own kinds.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tautline_core::GroupVersionKind;

use crate::types::{Id, TypeRef, Types};
use crate::{Kind, Root, Schemas, codec};

/// The version of Kubernetes that the built-in table was made from.
pub const KUBERNETES_VERSION: &str = "1.37.2";

/// Made by `cargo run -p tautline-schema-generator`.
static TABLE: &[u8] = include_bytes!("builtin/table.lz4");

/// Kubernetes' own kinds, from a table inside this crate.
#[derive(Debug)]
pub struct Builtin {
    types: Arc<Types>,
    /// Sorted by [`by_name`].
    roots: Vec<(GroupVersionKind, Id)>,
    kinds: BTreeMap<GroupVersionKind, Arc<Kind>>,
    metadata: Option<Id>,
}

/// The built-in table, read on first use.
pub fn builtin() -> &'static Builtin {
    static READ: OnceLock<Builtin> = OnceLock::new();
    READ.get_or_init(|| Builtin::from_table(codec::decode(TABLE).unwrap_or_default()))
}

/// The built-in table as a source to share.
pub fn shared() -> Arc<dyn Schemas> {
    Arc::new(Shared)
}

/// The type of `metadata`, for kinds that do not say what it is.
pub(crate) fn object_meta() -> Option<TypeRef<'static>> {
    let table = builtin();
    table.metadata.map(|id| table.types.at(id))
}

impl Builtin {
    fn from_table(table: codec::Table) -> Self {
        let types = Arc::new(table.types);
        let metadata = table.roots.values().find_map(|root| {
            let root = types.at(*root);
            root.declared("spec").and(root.declared("metadata")).map(TypeRef::id)
        });
        let kinds = table.kinds.into_iter().map(|kind| (kind.gvk.clone(), Arc::new(kind))).collect();
        let mut roots: Vec<(GroupVersionKind, Id)> = table.roots.into_iter().collect();
        roots.sort_by(|(a, _), (b, _)| by_name(a, b));
        Self { types, roots, kinds, metadata }
    }

    /// The types of everything that has a type but is no resource: `DeleteOptions`, `Scale`, `Status`.
    pub fn type_of(&self, gvk: &GroupVersionKind) -> Option<Root> {
        let place = self.roots.binary_search_by(|(other, _)| by_name(other, gvk)).ok()?;
        self.roots.get(place).map(|(_, id)| Root::new(self.types.clone(), *id))
    }

    /// How many types and kinds the table holds, and its size in bytes.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.types.len(), self.kinds.len(), TABLE.len())
    }
}

/// By the kind's name first, which few share.
fn by_name(a: &GroupVersionKind, b: &GroupVersionKind) -> Ordering {
    a.kind.cmp(&b.kind).then_with(|| a.cmp(b))
}

impl Schemas for Builtin {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        self.type_of(gvk)
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.kinds.get(gvk).cloned()
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        self.kinds.values().cloned().collect()
    }
}

struct Shared;

impl Schemas for Shared {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        builtin().root(gvk)
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        builtin().kind(gvk)
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        builtin().kinds()
    }
}
