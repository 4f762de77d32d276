//! [`Store`]: objects at rest, found by name, by uid, by owner and by app.
//!
//! An object takes a [`Slot`], its name and body in one piece of memory, and a place in each of two tables. Slots and
//! uids are numbered, so that links between objects take four bytes.

mod body;
mod disk;
mod links;
mod slot;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use tautline_core::{GroupKind, ResourceKey, ResourceVersion, Uid};

use super::bodies::Outlines;
use super::slab::Slab;
use super::texts::Texts;
use super::uids::{NONE, Uids};
use slot::{Slot, named};

/// Which kind, by number; no kind is 0.
pub(super) type KindId = u16;

/// The longest sample that a kind's objects are packed with.
const LONGEST_DICTIONARY: usize = 24 << 10;

/// Objects of one kind.
#[derive(Debug)]
struct Shelf {
    kind: GroupKind,
    by_name: HashTable<u32>,
    /// The first object in plain form: the others look much like it.
    dictionary: Box<[u8]>,
    outlines: Outlines,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    /// Slot 0 is nobody's.
    slots: Slab<Slot>,
    free: Vec<u32>,
    shelves: Vec<Shelf>,
    kinds: HashMap<GroupKind, KindId>,
    namespaces: Texts,
    apps: Texts,
    nodes: Texts,
    by_app: HashMap<u32, std::collections::BTreeSet<u32>>,
    uids: Uids,
    odd_versions: HashMap<u32, String>,
    /// Owners after the first.
    more_owners: HashMap<u32, Vec<u32>>,
    more_children: HashMap<u32, Vec<u32>>,
    len: usize,
    hasher: RandomState,
    scratch: Vec<u8>,
}

/// What is put into the store beside the object itself.
pub(super) struct Filing {
    /// The app that its tracking id names.
    pub(super) app: Option<String>,
    /// Whether an outline is enough.
    pub(super) in_outline: bool,
    pub(super) seen: u8,
    pub(super) mark: u32,
}

impl Store {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many different bodies stand for the objects that are kept in outline.
    pub(super) fn outline_count(&self) -> usize {
        self.shelves.iter().map(|shelf| shelf.outlines.len()).sum()
    }

    /// The number of a kind, a new one if need be.
    pub(super) fn kind(&mut self, kind: &GroupKind) -> KindId {
        if let Some(id) = self.kinds.get(kind) {
            return *id;
        }
        self.shelves.push(Shelf {
            kind: kind.clone(),
            by_name: HashTable::new(),
            dictionary: Box::default(),
            outlines: Outlines::default(),
        });
        let id = KindId::try_from(self.shelves.len()).unwrap_or(KindId::MAX);
        self.kinds.insert(kind.clone(), id);
        id
    }

    pub(super) fn find(&self, key: &ResourceKey) -> Option<u32> {
        self.find_at(&key.group_kind(), &key.namespace, &key.name)
    }

    pub(super) fn find_at(&self, kind: &GroupKind, namespace: &str, name: &str) -> Option<u32> {
        self.find_in(*self.kinds.get(kind)?, namespace, name)
    }

    fn find_in(&self, kind: KindId, namespace: &str, name: &str) -> Option<u32> {
        let namespace = self.namespaces.find(namespace)?;
        let shelf = self.shelf(kind)?;
        let hash = self.hasher.hash_one((namespace, name));
        let is_it = |slot: &u32| {
            let slot = self.slot(*slot);
            slot.namespace == namespace && slot.name() == name.as_bytes()
        };
        shelf.by_name.find(hash, is_it).copied()
    }

    pub(super) fn slot(&self, at: u32) -> &Slot {
        &self.slots[at]
    }

    pub(super) fn slot_mut(&mut self, at: u32) -> &mut Slot {
        &mut self.slots[at]
    }

    pub(super) fn key(&self, at: u32) -> ResourceKey {
        let slot = self.slot(at);
        let kind = self.shelf(slot.kind).map(|shelf| shelf.kind.clone());
        let GroupKind { group, kind } = kind.unwrap_or_else(|| GroupKind::new("", ""));
        let namespace = self.namespaces.get(slot.namespace).to_owned();
        ResourceKey::new(group, kind, namespace, String::from_utf8_lossy(slot.name()))
    }

    pub(super) fn uid(&self, at: u32) -> Option<Uid> {
        let id = self.slot(at).uid;
        (id != NONE).then(|| self.uids.text(id))
    }

    /// Whether the object has this uid, compared without making text.
    pub(super) fn has_uid(&self, at: u32, uid: &str) -> bool {
        let id = self.slot(at).uid;
        if uid.is_empty() { id == NONE } else { id != NONE && self.uids.find(uid) == Some(id) }
    }

    pub(super) fn version(&self, at: u32) -> ResourceVersion {
        match (self.slot(at).version, self.odd_versions.get(&at)) {
            (_, Some(text)) => ResourceVersion::new(text),
            (number, None) => ResourceVersion::new(number.to_string()),
        }
    }

    /// Whether the object is known at this version or a later one.
    pub(super) fn is_at_least(&self, at: u32, version: &str) -> bool {
        match (self.slot(at).version, version.parse::<u64>()) {
            (known, Ok(version)) if known != 0 => known >= version,
            _ => self.version(at).as_str() == version,
        }
    }

    pub(super) fn is_at(&self, at: u32, version: &str) -> bool {
        match (self.slot(at).version, version.parse::<u64>()) {
            (known, Ok(number)) if known != 0 => known == number,
            _ => self.version(at).as_str() == version,
        }
    }

    pub(super) fn remove(&mut self, at: u32) {
        self.empty(at);
        let slot = &self.slots[at];
        let (kind, namespace) = (slot.kind, slot.namespace);
        let hash = self.hasher.hash_one((namespace, slot.name_text().as_ref()));
        if let Some(shelf) = self.shelves.get_mut(usize::from(kind).wrapping_sub(1))
            && let Ok(found) = shelf.by_name.find_entry(hash, |other| *other == at)
        {
            found.remove();
            self.len -= 1;
        }
        self.namespaces.give(namespace);
        let slot = self.slot_mut(at);
        (slot.kind, slot.blob) = (0, Box::default());
        self.free.push(at);
    }

    /// The objects of a kind, in no order.
    pub(super) fn of_kind(&self, kind: &GroupKind) -> impl Iterator<Item = u32> {
        let shelf = self.kinds.get(kind).and_then(|id| self.shelf(*id));
        shelf.into_iter().flat_map(|shelf| shelf.by_name.iter().copied())
    }

    fn shelf(&self, kind: KindId) -> Option<&Shelf> {
        self.shelves.get(usize::from(kind).checked_sub(1)?)
    }

    fn shelf_mut(&mut self, kind: KindId) -> Option<&mut Shelf> {
        self.shelves.get_mut(usize::from(kind).checked_sub(1)?)
    }

    fn new_slot(&mut self, kind: KindId, namespace: &str, name: &str) -> u32 {
        let namespace = self.namespaces.take(namespace);
        let slot = Slot { kind, namespace, blob: named(name), ..Slot::nobody() };
        if self.slots.len() == 0 {
            self.slots.push(Slot::nobody());
        }
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at] = slot;
                at
            }
            None => self.slots.push(slot),
        };
        let Self { slots, shelves, hasher, .. } = self;
        let hash = |at: &u32| {
            let slot = &slots[*at];
            hasher.hash_one((slot.namespace, slot.name_text().as_ref()))
        };
        if let Some(shelf) = shelves.get_mut(usize::from(kind).wrapping_sub(1)) {
            shelf.by_name.insert_unique(hash(&at), at, hash);
            self.len += 1;
        }
        at
    }

    fn set_version(&mut self, at: u32, version: &str) {
        let number =
            version.parse::<u64>().ok().filter(|number| *number != 0 && number.to_string() == version);
        if number.is_none() {
            self.odd_versions.insert(at, version.to_owned());
        }
        self.slot_mut(at).version = number.unwrap_or(0);
    }

    fn set_uid(&mut self, at: u32, uid: &str) {
        if !uid.is_empty() {
            let id = self.uids.enter(uid);
            self.uids.set_slot(id, at);
            self.slot_mut(at).uid = id;
        }
    }
}
