//! Bodies: packed whole, or as outlines.

use tautline_core::{GroupKind, Object, PackError, Packed, Value};

use super::super::outlines::{self, Own};
use super::super::sketch::Sketch;
use super::super::snapshot::{Reader, Writer};
use super::super::uids::NONE;
use super::slot::{IS_OUTLINE, Slot};
use super::{Filing, KindId, LONGEST_DICTIONARY, Store};

impl Store {
    /// Puts an object in its place, over what is there.
    pub(in super::super) fn put(&mut self, object: &Object, filing: Filing) -> u32 {
        let kind = self.kind(&GroupKind::new(object.group(), object.kind()));
        let outline = filing.in_outline.then(|| outlines::outline(object)).flatten();
        let at = self.emptied(kind, object.namespace(), object.name());
        self.set_version(at, object.metadata_str("resourceVersion"));
        self.set_uid(at, object.metadata_str("uid"));
        self.link_owners(at, object.owner_references().map(|owner| owner.uid));
        match (outline, &filing.app) {
            (Some((body, own)), None) => {
                let number = self.shelf_mut(kind).map_or(0, |shelf| shelf.outlines.take(&body));
                self.set_outline(at, number, own.created, own.generation, &own.node);
            }
            (_, app) => {
                self.set_app(at, app.as_deref().unwrap_or_default());
                self.set_body(at, kind, object);
            }
        }
        let slot = self.slot_mut(at);
        (slot.seen, slot.mark) = (filing.seen, filing.mark);
        at
    }

    /// Puts an object in its place that nobody decoded.
    pub(in super::super) fn put_drawn(
        &mut self,
        kind: &GroupKind,
        sketch: &Sketch<'_>,
        outline: u32,
        seen: u8,
        mark: u32,
    ) {
        let kind = self.kind(kind);
        // Before the place is emptied: this object may be the only one that has this outline.
        if let Some(shelf) = self.shelf_mut(kind) {
            shelf.outlines.take_again(outline);
        }
        let at = self.emptied(kind, sketch.identity.namespace, sketch.identity.name);
        self.set_version(at, sketch.identity.version);
        self.set_uid(at, sketch.identity.uid);
        self.link_owners(at, sketch.owners.iter().copied());
        self.set_outline(at, outline, sketch.created, sketch.generation, sketch.node);
        let slot = self.slot_mut(at);
        (slot.seen, slot.mark) = (seen, mark);
    }

    /// The outline of objects with this sketch, if one was met.
    pub(in super::super) fn outline_of(&self, kind: &GroupKind, digest: &[u8; 16]) -> Option<u32> {
        self.shelf(*self.kinds.get(kind)?)?.outlines.of_sketch(digest)
    }

    /// Remembers that objects with this sketch have the outline that this one has.
    pub(in super::super) fn note_sketch(&mut self, at: u32, digest: [u8; 16]) {
        let Slot { kind, body, .. } = *self.slot(at);
        if self.slot(at).is_outline()
            && let Some(shelf) = self.shelf_mut(kind)
        {
            shelf.outlines.note_sketch(digest, body);
        }
    }

    /// A place with nothing but its name.
    fn emptied(&mut self, kind: KindId, namespace: &str, name: &str) -> u32 {
        match self.find_in(kind, namespace, name) {
            Some(at) => {
                self.empty(at);
                at
            }
            None => self.new_slot(kind, namespace, name),
        }
    }

    /// Gives an object an outline, a use of which was counted already, and what is its own.
    pub(super) fn set_outline(&mut self, at: u32, outline: u32, created: u64, generation: i64, node: &str) {
        let node = self.nodes.take(node);
        let mut own = Writer(Vec::with_capacity(20));
        for number in [created, generation.unsigned_abs(), u64::from(node)] {
            own.number(number);
        }
        let slot = self.slot_mut(at);
        slot.set_own(&own.0);
        (slot.body, slot.flags) = (outline, slot.flags | IS_OUTLINE);
    }

    fn set_body(&mut self, at: u32, kind: KindId, object: &Object) {
        let mut packed = std::mem::take(&mut self.scratch);
        packed.clear();
        self.pack(kind, object, &mut packed);
        self.slot_mut(at).set_own(&packed);
        self.scratch = packed;
    }

    /// The object as it is known; an error if its bytes are damaged.
    pub(in super::super) fn open(&self, at: u32) -> Result<Object, PackError> {
        let slot = self.slot(at);
        let own = slot.own();
        let shelf = self.shelf(slot.kind).ok_or(PackError)?;
        let mut object = if slot.flags & IS_OUTLINE != 0 {
            let body = shelf.outlines.open(slot.body)?;
            let uids = self.owner_uids(at);
            let own = self.read_own(own).ok_or(PackError)?;
            outlines::object(body, &slot.name_text(), &uids, &own).ok_or(PackError)?
        } else {
            whole(Packed::read(own, &shelf.dictionary)?)?
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

    /// Packs the object's body; what the slot holds itself is left out.
    fn pack(&mut self, kind: KindId, object: &Object, out: &mut Vec<u8>) {
        let mut body = object.clone();
        for field in ["name", "namespace", "uid", "resourceVersion"] {
            body.metadata_mut().remove(field);
        }
        let body: Value = body.into_value();
        let Some(shelf) = self.shelf_mut(kind) else { return };
        if shelf.dictionary.is_empty() {
            let mut sample = Packed::plain(&body);
            sample.truncate(LONGEST_DICTIONARY);
            shelf.dictionary = sample.into_boxed_slice();
        }
        Packed::write(&body, &shelf.dictionary, out);
    }

    /// What is an outlined object's own.
    pub(super) fn read_own(&self, bytes: &[u8]) -> Option<Own> {
        let mut read = Reader(bytes);
        let (created, generation, node) = (read.number()?, read.number()?, read.number()?);
        let node = self.nodes.text(u32::try_from(node).ok()?).to_owned();
        Some(Own { created, generation: i64::try_from(generation).ok()?, node })
    }
}

/// An object of a body that lacks what its slot holds.
fn whole(body: Value) -> Result<Object, PackError> {
    match body {
        Value::Map(map) => Ok(Object::from_map(map)),
        _ => Err(PackError),
    }
}
