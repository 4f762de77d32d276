//! Objects as bytes for a snapshot.

use tautline_core::{GroupKind, Uid};

use super::super::snapshot::{Reader, Writer};
use super::super::uids::NONE;
use super::Store;

impl Store {
    /// Writes the objects of a kind, as they rest.
    pub(in super::super) fn write(&self, kind: &GroupKind, out: &mut Writer) {
        let Some(shelf) = self.kinds.get(kind).and_then(|id| self.shelf(*id)) else {
            return (0..4).for_each(|_| out.number(0));
        };
        out.bytes(&shelf.dictionary);
        out.bytes(shelf.outlines.dictionary());
        let numbers = shelf.outlines.write(out);
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
                out.number(numbers.get(&slot.body).copied().unwrap_or_default());
                // The node's number is another in another store.
                let own = self.read_own(slot.own()).unwrap_or_default();
                out.number(own.created);
                out.number(own.generation.unsigned_abs());
                out.text(&own.node);
            } else {
                out.text(self.app_of(at).unwrap_or_default());
                out.bytes(slot.own());
            }
        }
    }

    /// Reads what [`Store::write`] wrote.
    pub(in super::super) fn read(&mut self, kind: &GroupKind, read: &mut Reader<'_>) -> Option<()> {
        let id = self.kind(kind);
        let (dictionary, of_outlines) = (read.bytes()?, read.bytes()?);
        if let Some(shelf) = self.shelf_mut(id) {
            shelf.dictionary = dictionary.into();
            shelf.outlines.set_dictionary(of_outlines);
        }
        let outlines = self.shelf_mut(id)?.outlines.read(read)?;
        for _ in 0..read.number()? {
            let (namespace, name) = (read.text()?, read.text()?);
            let at = self.new_slot(id, namespace, name);
            let (uid, version) = (read.text()?, read.text()?);
            self.set_version(at, version);
            self.set_uid(at, uid);
            self.slot_mut(at).mark = u32::try_from(read.number()?).ok()?;
            let owners = (0..read.number()?).map(|_| read.text()).collect::<Option<Vec<&str>>>()?;
            self.link_owners(at, owners.into_iter());
            if read.number()? == 1 {
                let outline = *outlines.get(usize::try_from(read.number()?).ok()?)?;
                self.shelf_mut(id)?.outlines.take_again(outline);
                let (created, generation) = (read.number()?, i64::try_from(read.number()?).ok()?);
                self.set_outline(at, outline, created, generation, read.text()?);
            } else {
                self.set_app(at, read.text()?);
                self.slot_mut(at).set_own(read.bytes()?);
            }
        }
        Some(())
    }
}
