//! [`Store`]: objects at rest, found by name, by uid, by owner and by app.
//!
//! An object takes a [`Slot`], its name and body in one piece of memory, and a place in each of two tables. Slots and
//! uids are numbered, so that links between objects take four bytes.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use tautline_core::{GroupKind, Object, PackError, Packed, ResourceKey, ResourceVersion, Uid, Value};

use super::outlines::{self, Outlines, Own};
use super::snapshot::{Reader, Writer};
use super::texts::Texts;
use super::uids::{NONE, Uids};

/// Which kind, by number; no kind is 0.
pub(super) type KindId = u16;

/// One object. 56 bytes, its name and body aside.
#[derive(Debug)]
pub(super) struct Slot {
    /// `resourceVersion` as a number; 0 if it is none, then the text is in [`Store::odd_versions`].
    version: u64,
    /// The name, ended by a zero, and what is the object's own: its packed body, or what its outline lacks.
    blob: Box<[u8]>,
    kind: KindId,
    flags: u8,
    /// The number of the list that held it last.
    pub(super) seen: u8,
    namespace: u32,
    uid: u32,
    /// The first of its owners.
    owner: u32,
    /// Its neighbours in its owner's list.
    next: u32,
    prev: u32,
    /// Its app; of an outline the shared body.
    body: u32,
    /// Of the bytes that it was decoded from; 0 if there were none.
    pub(super) mark: u32,
}

const DELETED_BY_US: u8 = 1;
const IS_OUTLINE: u8 = 2;
const HAS_MORE_OWNERS: u8 = 4;

/// The longest sample that a kind's objects are packed with.
const LONGEST_DICTIONARY: usize = 24 << 10;

/// Objects of one kind.
#[derive(Debug)]
struct Shelf {
    kind: GroupKind,
    by_name: HashTable<u32>,
    /// The first object in plain form: the others look much like it.
    dictionary: Box<[u8]>,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    /// Slot 0 is nobody's.
    slots: Vec<Slot>,
    free: Vec<u32>,
    shelves: Vec<Shelf>,
    kinds: HashMap<GroupKind, KindId>,
    namespaces: Texts,
    apps: Texts,
    nodes: Texts,
    by_app: HashMap<u32, std::collections::BTreeSet<u32>>,
    uids: Uids,
    outlines: Outlines,
    odd_versions: HashMap<u32, String>,
    /// Owners after the first.
    more_owners: HashMap<u32, Vec<u32>>,
    more_children: HashMap<u32, Vec<u32>>,
    len: usize,
    hasher: RandomState,
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
        self.outlines.len()
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
        });
        let id = KindId::try_from(self.shelves.len()).unwrap_or(KindId::MAX);
        self.kinds.insert(kind.clone(), id);
        id
    }

    pub(super) fn find(&self, key: &ResourceKey) -> Option<u32> {
        // No allocation for the lookup: the map is asked by a key of the same shape.
        let kind = *self.kinds.get(&key.group_kind())?;
        self.find_in(kind, &key.namespace, &key.name)
    }

    pub(super) fn find_in(&self, kind: KindId, namespace: &str, name: &str) -> Option<u32> {
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
        &self.slots[at as usize]
    }

    pub(super) fn slot_mut(&mut self, at: u32) -> &mut Slot {
        &mut self.slots[at as usize]
    }

    pub(super) fn key(&self, at: u32) -> ResourceKey {
        let slot = self.slot(at);
        let kind = self.shelf(slot.kind).map(|shelf| shelf.kind.clone());
        let GroupKind { group, kind } = kind.unwrap_or_else(|| GroupKind::new("", ""));
        let namespace = self.namespaces.get(slot.namespace).to_owned();
        ResourceKey { group, kind, namespace, name: String::from_utf8_lossy(slot.name()).into_owned() }
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

    /// The object as it is known; an error if its bytes are damaged.
    pub(super) fn open(&self, at: u32) -> Result<Object, PackError> {
        let slot = self.slot(at);
        let own = slot.own();
        let mut object = if slot.flags & IS_OUTLINE != 0 {
            let body = Packed::read(self.outlines.bytes(slot.body), &[])?;
            let uids = self.owner_uids(at);
            let own = self.read_own(own).ok_or(PackError)?;
            outlines::object(body, &slot.name_text(), &uids, &own).ok_or(PackError)?
        } else {
            let dictionary = self.shelf(slot.kind).map_or(&[][..], |shelf| &shelf.dictionary);
            whole(Packed::read(own, dictionary)?)?
        };
        let version = self.version(at);
        let metadata = object.metadata_mut();
        metadata.insert("name", String::from_utf8_lossy(slot.name()).as_ref());
        if slot.namespace != 0 {
            metadata.insert("namespace", self.namespaces.get(slot.namespace));
        }
        if slot.uid != NONE {
            metadata.insert("uid", self.uids.text(slot.uid).as_str());
        }
        if !version.as_str().is_empty() {
            metadata.insert("resourceVersion", version.as_str());
        }
        Ok(object)
    }

    /// Puts an object in its place, over what is there.
    pub(super) fn put(&mut self, object: &Object, filing: Filing) -> u32 {
        let kind = self.kind(&GroupKind::new(object.group(), object.kind()));
        let at = match self.find_in(kind, object.namespace(), object.name()) {
            Some(at) => {
                self.empty(at);
                at
            }
            None => self.new_slot(kind, object.namespace(), object.name()),
        };
        self.fill(at, object, &filing);
        at
    }

    pub(super) fn remove(&mut self, at: u32) {
        self.empty(at);
        let slot = &self.slots[at as usize];
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

    /// The objects that a uid owns, in no order.
    pub(super) fn children(&self, uid: &str) -> Vec<u32> {
        let Some(id) = self.uids.find(uid) else { return Vec::new() };
        let mut found = Vec::new();
        let mut next = self.uids.first(id);
        while next != NONE {
            found.push(next);
            next = self.slot(next).next;
        }
        found.extend(self.more_children.get(&id).into_iter().flatten());
        found
    }

    pub(super) fn of_app(&self, app: &str) -> impl Iterator<Item = u32> {
        let slots = self.apps.find(app).and_then(|id| self.by_app.get(&id));
        slots.into_iter().flatten().copied()
    }

    pub(super) fn app_of(&self, at: u32) -> Option<&str> {
        let slot = self.slot(at);
        (slot.flags & IS_OUTLINE == 0 && slot.body != 0).then(|| self.apps.get(slot.body))
    }

    /// The objects that own this one, as far as they are known.
    pub(super) fn owners(&self, at: u32) -> Vec<u32> {
        let more = self.more_owners.get(&at).into_iter().flatten();
        let all = std::iter::once(&self.slot(at).owner).chain(more);
        all.filter(|uid| **uid != NONE).map(|uid| self.uids.slot(*uid)).filter(|slot| *slot != NONE).collect()
    }

    /// The uids of the owners, in their order.
    fn owner_uids(&self, at: u32) -> Vec<String> {
        let more = self.more_owners.get(&at).into_iter().flatten();
        let all = std::iter::once(&self.slot(at).owner).chain(more);
        all.filter(|uid| **uid != NONE).map(|uid| self.uids.text(*uid).as_str().to_owned()).collect()
    }

    /// The object with this uid.
    pub(super) fn by_uid(&self, uid: &str) -> Option<u32> {
        self.uids.find(uid).map(|id| self.uids.slot(id)).filter(|slot| *slot != NONE)
    }

    /// Writes the objects of a kind, as they rest.
    pub(super) fn write(&self, kind: &GroupKind, out: &mut Writer) {
        let shelf = self.kinds.get(kind).and_then(|id| self.shelf(*id));
        out.bytes(shelf.map_or(&[], |shelf| &shelf.dictionary));
        out.number(self.of_kind(kind).count() as u64);
        for at in self.of_kind(kind) {
            let slot = self.slot(at);
            out.text(self.namespaces.get(slot.namespace));
            out.bytes(slot.name());
            out.text(self.uid(at).as_ref().map_or("", Uid::as_str));
            out.text(self.version(at).as_str());
            out.number(u64::from(slot.mark));
            let more = self.more_owners.get(&at).map_or(&[][..], |more| more);
            let owners = std::iter::once(&slot.owner).chain(more).filter(|owner| **owner != NONE);
            out.number(owners.clone().count() as u64);
            owners.for_each(|owner| out.text(self.uids.text(*owner).as_str()));
            out.number(u64::from(slot.is_outline()));
            if slot.is_outline() {
                out.bytes(self.outlines.bytes(slot.body));
                out.text(&self.read_own(slot.own()).map(|own| own.node).unwrap_or_default());
            } else {
                out.text(self.app_of(at).unwrap_or_default());
            }
            out.bytes(slot.own());
        }
    }

    /// Reads what [`Store::write`] wrote.
    pub(super) fn read(&mut self, kind: &GroupKind, read: &mut Reader<'_>) -> Option<()> {
        let id = self.kind(kind);
        let dictionary = read.bytes()?;
        if let Some(shelf) = self.shelves.get_mut(usize::from(id).wrapping_sub(1)) {
            shelf.dictionary = dictionary.into();
        }
        for _ in 0..read.number()? {
            let (namespace, name) = (read.text()?, read.text()?);
            let at = self.new_slot(id, namespace, name);
            let (uid, version) = (read.text()?, read.text()?);
            self.set_version(at, version);
            self.set_uid(at, uid);
            self.slot_mut(at).mark = u32::try_from(read.number()?).ok()?;
            let owners = (0..read.number()?).map(|_| read.text()).collect::<Option<Vec<&str>>>()?;
            self.link_owners(at, owners.into_iter());
            let mut blob = named(name).into_vec();
            if read.number()? == 1 {
                let (body, node) = (read.bytes()?, read.text()?);
                // The node's number is another in this store.
                let own = Own { node: node.to_owned(), ..self.read_own(read.bytes()?)? };
                self.write_own(&own, &mut blob);
                let body = self.outlines.take_packed(body);
                let slot = self.slot_mut(at);
                (slot.body, slot.flags) = (body, slot.flags | IS_OUTLINE);
            } else {
                self.set_app(at, read.text()?);
                blob.extend(read.bytes()?);
            }
            self.slot_mut(at).blob = blob.into_boxed_slice();
        }
        Some(())
    }

    fn shelf(&self, kind: KindId) -> Option<&Shelf> {
        self.shelves.get(usize::from(kind).checked_sub(1)?)
    }

    fn new_slot(&mut self, kind: KindId, namespace: &str, name: &str) -> u32 {
        let namespace = self.namespaces.take(namespace);
        let slot = Slot { kind, namespace, blob: named(name), ..Slot::nobody() };
        if self.slots.is_empty() {
            self.slots.push(Slot::nobody());
        }
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        let Self { slots, shelves, hasher, .. } = self;
        let hash = |at: &u32| {
            let slot = &slots[*at as usize];
            hasher.hash_one((slot.namespace, slot.name_text().as_ref()))
        };
        if let Some(shelf) = shelves.get_mut(usize::from(kind).wrapping_sub(1)) {
            shelf.by_name.insert_unique(hash(&at), at, hash);
            self.len += 1;
        }
        at
    }

    /// Takes all links and bodies from a slot; its name and kind stay.
    fn empty(&mut self, at: u32) {
        let Slot { flags, uid, owner, next, prev, body, .. } = *self.slot(at);
        if prev != NONE {
            self.slot_mut(prev).next = next;
        } else if owner != NONE && self.uids.first(owner) == at {
            self.uids.set_first(owner, next);
        }
        if next != NONE {
            self.slot_mut(next).prev = prev;
        }
        if flags & HAS_MORE_OWNERS != 0 {
            for owner in self.more_owners.remove(&at).unwrap_or_default() {
                if let Some(children) = self.more_children.get_mut(&owner) {
                    children.retain(|child| *child != at);
                    if children.is_empty() {
                        self.more_children.remove(&owner);
                    }
                }
                self.uids.name_more(owner, -1);
                self.uids.release(owner);
            }
        }
        if flags & IS_OUTLINE != 0 {
            let node = self.read_own(self.slot(at).own()).map(|own| own.node).unwrap_or_default();
            if let Some(node) = self.nodes.find(&node) {
                self.nodes.give(node);
            }
            self.outlines.give(body);
        } else if body != 0 {
            if let Some(slots) = self.by_app.get_mut(&body) {
                slots.remove(&at);
                if slots.is_empty() {
                    self.by_app.remove(&body);
                }
            }
            self.apps.give(body);
        }
        if uid != NONE && self.uids.slot(uid) == at {
            self.uids.set_slot(uid, NONE);
        }
        self.odd_versions.remove(&at);
        let slot = self.slot_mut(at);
        (slot.flags, slot.uid, slot.owner, slot.next, slot.prev, slot.body) = (0, NONE, NONE, NONE, NONE, 0);
        self.uids.release(uid);
        self.uids.release(owner);
    }

    fn fill(&mut self, at: u32, object: &Object, filing: &Filing) {
        self.set_version(at, object.metadata_str("resourceVersion"));
        self.set_uid(at, object.metadata_str("uid"));
        self.link_owners(at, object.owner_references().map(|owner| owner.uid));
        let outline = filing.in_outline.then(|| outlines::outline(object)).flatten();
        let mut blob = self.slot(at).name().to_vec();
        blob.push(0);
        match (outline, &filing.app) {
            (Some((body, own)), None) => {
                self.write_own(&own, &mut blob);
                let body = self.outlines.take(&body);
                let slot = self.slot_mut(at);
                (slot.body, slot.flags) = (body, slot.flags | IS_OUTLINE);
            }
            (_, app) => {
                self.pack(self.slot(at).kind, object, &mut blob);
                self.set_app(at, app.as_deref().unwrap_or_default());
            }
        }
        let slot = self.slot_mut(at);
        (slot.seen, slot.mark, slot.blob) = (filing.seen, filing.mark, blob.into_boxed_slice());
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

    fn set_app(&mut self, at: u32, app: &str) {
        let app = if app.is_empty() { 0 } else { self.apps.take(app) };
        if app != 0 {
            self.by_app.entry(app).or_default().insert(at);
        }
        self.slot_mut(at).body = app;
    }

    fn link_owners<'o>(&mut self, at: u32, uids: impl Iterator<Item = &'o str>) {
        let mut owners: Vec<u32> = Vec::new();
        for uid in uids.filter(|uid| !uid.is_empty()) {
            let id = self.uids.enter(uid);
            if !owners.contains(&id) {
                owners.push(id);
            }
        }
        let Some((first, more)) = owners.split_first() else { return };
        let next = self.uids.first(*first);
        self.uids.set_first(*first, at);
        if next != NONE {
            self.slot_mut(next).prev = at;
        }
        let slot = self.slot_mut(at);
        (slot.owner, slot.next) = (*first, next);
        if more.is_empty() {
            return;
        }
        slot.flags |= HAS_MORE_OWNERS;
        for owner in more {
            self.uids.name_more(*owner, 1);
            self.more_children.entry(*owner).or_default().push(at);
        }
        self.more_owners.insert(at, more.to_vec());
    }

    /// Packs the object's body; what the slot holds itself is left out.
    fn pack(&mut self, kind: KindId, object: &Object, out: &mut Vec<u8>) {
        let mut body = object.clone();
        for field in ["name", "namespace", "uid", "resourceVersion"] {
            body.metadata_mut().remove(field);
        }
        let body: Value = body.into_value();
        let Some(shelf) = self.shelves.get_mut(usize::from(kind).wrapping_sub(1)) else { return };
        if shelf.dictionary.is_empty() {
            let mut sample = Packed::plain(&body);
            sample.truncate(LONGEST_DICTIONARY);
            shelf.dictionary = sample.into_boxed_slice();
        }
        Packed::write(&body, &shelf.dictionary, out);
    }

    fn write_own(&mut self, own: &Own, out: &mut Vec<u8>) {
        let node = self.nodes.take(&own.node);
        let mut writer = Writer(std::mem::take(out));
        for number in [own.created, own.generation.unsigned_abs(), u64::from(node)] {
            writer.number(number);
        }
        *out = writer.0;
    }

    fn read_own(&self, bytes: &[u8]) -> Option<Own> {
        let mut read = Reader(bytes);
        let (created, generation, node) = (read.number()?, read.number()?, read.number()?);
        let node = self.nodes.text(u32::try_from(node).ok()?).to_owned();
        Some(Own { created, generation: i64::try_from(generation).ok()?, node })
    }
}

impl Slot {
    fn nobody() -> Self {
        Self {
            version: 0,
            blob: Box::default(),
            kind: 0,
            flags: 0,
            seen: 0,
            namespace: 0,
            uid: NONE,
            owner: NONE,
            next: NONE,
            prev: NONE,
            body: 0,
            mark: 0,
        }
    }

    /// We deleted it and its DELETED event has not come.
    pub(super) fn is_deleted_by_us(&self) -> bool {
        self.flags & DELETED_BY_US != 0
    }

    pub(super) fn delete_by_us(&mut self) {
        self.flags |= DELETED_BY_US;
    }

    /// Only what is needed of it as somebody's child is kept.
    pub(super) fn is_outline(&self) -> bool {
        self.flags & IS_OUTLINE != 0
    }

    fn name(&self) -> &[u8] {
        let end = self.blob.iter().position(|byte| *byte == 0).unwrap_or(self.blob.len());
        self.blob.get(..end).unwrap_or_default()
    }

    fn name_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.name())
    }

    fn own(&self) -> &[u8] {
        self.blob.get(self.name().len() + 1..).unwrap_or_default()
    }
}

/// An object of a body that lacks what its slot holds.
fn whole(body: Value) -> Result<Object, PackError> {
    match body {
        Value::Map(map) => Ok(Object::from_map(map)),
        _ => Err(PackError),
    }
}

fn named(name: &str) -> Box<[u8]> {
    name.bytes().chain([0]).collect()
}
