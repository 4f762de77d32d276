//! [`builtin`]: the table of Kubernetes' own kinds.

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
    roots: ByName<Id>,
    kinds: ByName<Arc<Kind>>,
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
        let kinds = table.kinds.into_iter().map(|kind| (kind.gvk.clone(), Arc::new(kind)));
        Self { types, roots: ByName::of(table.roots), kinds: ByName::of(kinds), metadata }
    }

    /// The types of everything that has a type but is no resource: `DeleteOptions`, `Scale`, `Status`.
    pub fn type_of(&self, gvk: &GroupVersionKind) -> Option<Root> {
        self.roots.get(gvk).map(|id| Root::new(self.types.clone(), *id))
    }

    /// How many types and kinds the table holds, and its size in bytes.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.types.len(), self.kinds.all.len(), TABLE.len())
    }
}

/// What is known of each kind, found by the kind's name, which few share.
#[derive(Debug)]
struct ByName<T> {
    /// Sorted.
    all: Vec<(GroupVersionKind, T)>,
    /// Where kinds of a name are: open addressing, so that a search compares one or two.
    slots: Vec<u16>,
}

const EMPTY: u16 = u16::MAX;

impl<T> ByName<T> {
    fn of(all: impl IntoIterator<Item = (GroupVersionKind, T)>) -> Self {
        let all: BTreeMap<GroupVersionKind, T> = all.into_iter().collect();
        let all: Vec<(GroupVersionKind, T)> = all.into_iter().collect();
        let mut slots = vec![EMPTY; (all.len() * 4).next_power_of_two()];
        let size = slots.len();
        for (place, (gvk, _)) in (0..EMPTY).zip(&all) {
            let mut slot = first_slot(&gvk.kind, size);
            while slots.get(slot).is_some_and(|place| *place != EMPTY) {
                slot = (slot + 1) % size;
            }
            if let Some(free) = slots.get_mut(slot) {
                *free = place;
            }
        }
        Self { all, slots }
    }

    fn get(&self, gvk: &GroupVersionKind) -> Option<&T> {
        let mut slot = first_slot(&gvk.kind, self.slots.len());
        loop {
            let place = *self.slots.get(slot).filter(|place| **place != EMPTY)?;
            match self.all.get(usize::from(place)) {
                Some((other, known)) if other == gvk => return Some(known),
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
    }
}

/// Spreads names by their first and last letters and their length.
fn first_slot(name: &str, size: usize) -> usize {
    let bytes = name.as_bytes();
    let end = bytes.get(bytes.len().saturating_sub(8)..).unwrap_or_default();
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let start = bytes.first().copied().unwrap_or_default();
    let sum = end.iter().fold(u64::from(start) << 8 | bytes.len() as u64, mix);
    (sum ^ (sum >> 29)) as usize % size.max(1)
}

impl Schemas for Builtin {
    fn root(&self, gvk: &GroupVersionKind) -> Option<Root> {
        self.type_of(gvk)
    }

    fn kind(&self, gvk: &GroupVersionKind) -> Option<Arc<Kind>> {
        self.kinds.get(gvk).cloned()
    }

    fn kinds(&self) -> Vec<Arc<Kind>> {
        self.kinds.all.iter().map(|(_, kind)| kind.clone()).collect()
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
