//! [`Cache`]: the live objects of the watched kinds, compact, with what is known about each kind.

mod bodies;
mod events;
mod kind;
mod ledger;
mod lists;
mod named;
mod outlines;
mod read;
mod sketch;
mod slab;
mod snapshot;
mod store;
mod texts;
mod uids;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::quality::FixedState;
use tautline_core::{GroupKind, GroupVersionKind, MaskingKey, Object, ResourceKey, ResourceVersion};

use crate::ApiResource;
use kind::Kind;
use store::Store;

pub use kind::KindState;
pub use lists::StaleList;
pub use read::BadItem;
pub use snapshot::SnapshotError;

/// The live objects of the watched kinds.
///
/// A pure data structure: whoever runs the watches feeds it, and each call answers which objects changed.
/// Objects rest compressed against a sample of their kind; Secrets are masked as they come in. A kind is
/// [`KindState::Listing`] until a complete list has ended, and nothing of it is ever absent before that.
///
/// # What a watch may do wrong
/// Events that come twice, late or in another order change nothing: an object is known by uid and version, its end by
/// uid. An item or event whose bytes are those seen last is not decoded. A list that is older than what was heard
/// proves nothing ([`StaleList`]), until it is clear that the server itself went back.
#[derive(Debug)]
pub struct Cache {
    kinds: BTreeMap<GroupKind, Kind>,
    store: Store,
    masking: MaskingKey,
    /// For the marks of bytes seen.
    marking: FixedState,
    /// The key of sketches' digests.
    sketching: [u8; 32],
    scratch: Vec<u8>,
    decoded: u64,
    /// What a snapshot told of kinds that are not watched yet.
    remembered: BTreeMap<GroupKind, (GroupVersionKind, Option<ResourceVersion>)>,
    /// The namespaces that the watches see, if not all.
    namespaces: Option<BTreeSet<String>>,
    /// How far each of these was heard of since its kind's last list: each is watched by itself.
    heard_in: BTreeMap<GroupKind, BTreeMap<String, ResourceVersion>>,
}

impl Cache {
    /// An empty cache that masks Secrets with this key.
    pub fn new(masking: MaskingKey) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = masking.derive("the marks of bytes seen");
        Self {
            kinds: BTreeMap::new(),
            store: Store::default(),
            marking: FixedState::with_seed(u64::from_le_bytes([a, b, c, d, e, f, g, h])),
            sketching: masking.derive("sketches"),
            masking,
            scratch: Vec::new(),
            decoded: 0,
            remembered: BTreeMap::new(),
            namespaces: None,
            heard_in: BTreeMap::new(),
        }
    }

    /// Says that the watches see these namespaces alone: objects in others are unknown, whatever their kind's lists hold.
    pub fn limit(&mut self, namespaces: impl IntoIterator<Item = String>) {
        self.namespaces = Some(namespaces.into_iter().collect());
    }

    /// The key that Secrets are masked with.
    pub fn masking(&self) -> &MaskingKey {
        &self.masking
    }

    /// Keeps of a kind's objects only what is needed of them as somebody's children, from their next change on: who
    /// they are, whose, and what health and causes go by. For pods, ReplicaSets and the like while no app's desired
    /// state holds one; other kinds stay whole. An object that an app owns is always whole. Answers whether this is
    /// another choice than before: a kind that is to be whole from now on must be listed anew.
    pub fn keep_in_outline(&mut self, resource: &ApiResource, in_outline: bool) -> bool {
        let fits = outlines::has_outline(&resource.gvk.group, &resource.gvk.kind);
        let before = std::mem::replace(&mut self.kind_mut(resource).in_outline, in_outline && fits);
        before != (in_outline && fits)
    }

    /// Forgets a kind that is no longer watched.
    pub fn forget(&mut self, kind: &GroupKind) {
        self.kinds.remove(kind);
        self.heard_in.remove(kind);
        let slots: Vec<u32> = self.store.of_kind(kind).collect();
        slots.into_iter().for_each(|at| drop(self.remove(at)));
    }

    /// The kinds that are watched, with what is known of each.
    pub fn kinds(&self) -> impl Iterator<Item = (&GroupKind, &KindState)> {
        self.kinds.iter().map(|(kind, entry)| (kind, &entry.state))
    }

    /// What is known of a kind; `None` if it is not watched.
    pub fn state(&self, kind: &GroupKind) -> Option<&KindState> {
        self.kinds.get(kind).map(|entry| &entry.state)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items and events had to be decoded so far; the others were known by their bytes.
    pub fn decoded(&self) -> u64 {
        self.decoded
    }

    /// How many different bodies the objects that are kept in outline share.
    pub fn outlines(&self) -> usize {
        self.store.outline_count()
    }

    /// Every object of a kind, by namespace and name.
    pub fn objects(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        self.opened(self.store.of_kind(kind))
    }

    fn kind_mut(&mut self, resource: &ApiResource) -> &mut Kind {
        let kind = resource.gvk.group_kind();
        let Self { kinds, remembered, store, .. } = self;
        kinds.entry(kind).or_insert_with_key(|kind| {
            let told = remembered.remove(kind);
            let is_same_version = told.as_ref().is_some_and(|(gvk, _)| *gvk == resource.gvk);
            if !is_same_version {
                // Objects in another version are other bodies: they are fetched anew.
                let slots: Vec<u32> = store.of_kind(kind).collect();
                slots.into_iter().for_each(|at| store.remove(at));
            }
            let mut kind = Kind::listing(resource.clone());
            kind.is_restored = is_same_version;
            kind.heard = told.filter(|_| is_same_version).and_then(|(_, heard)| heard);
            kind
        })
    }

    /// Whether a snapshot told of this kind, so that [confirming](Cache::confirm) it is worth while.
    pub fn is_restored(&self, kind: &GroupKind) -> bool {
        let is_begun = self.kinds.get(kind).is_some_and(|entry| entry.is_restored);
        is_begun || self.remembered.contains_key(kind)
    }

    fn remove(&mut self, at: u32) -> ResourceKey {
        let key = self.store.key(at);
        self.store.remove(at);
        key
    }

    fn opened(&self, slots: impl Iterator<Item = u32>) -> Vec<Arc<Object>> {
        let mut found: Vec<(ResourceKey, u32)> = slots.map(|at| (self.store.key(at), at)).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|(_, at)| self.store.open(at).ok()).map(Arc::new).collect()
    }
}

#[cfg(test)]
mod tests;
