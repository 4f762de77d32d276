//! Links between objects: owners, apps, uids.

use super::super::uids::NONE;
use super::Store;
use super::slot::{HAS_MORE_OWNERS, IS_OUTLINE, Slot};

impl Store {
    /// The objects that a uid owns, in no order.
    pub(in super::super) fn children(&self, uid: &str) -> Vec<u32> {
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

    pub(in super::super) fn of_app(&self, app: &str) -> impl Iterator<Item = u32> {
        let slots = self.apps.find(app).and_then(|id| self.by_app.get(&id));
        slots.into_iter().flatten().copied()
    }

    pub(in super::super) fn app_of(&self, at: u32) -> Option<&str> {
        let slot = self.slot(at);
        (slot.flags & IS_OUTLINE == 0 && slot.body != 0).then(|| self.apps.get(slot.body))
    }

    /// Every app that an object names.
    pub(in super::super) fn app_names(&self) -> impl Iterator<Item = &str> {
        let used = self.by_app.iter().filter(|(_, slots)| !slots.is_empty());
        used.map(|(app, _)| self.apps.get(*app))
    }

    /// Whether the object names an owner, known or not.
    pub(in super::super) fn has_owner(&self, at: u32) -> bool {
        self.slot(at).owner != NONE
    }

    /// The objects that own this one, as far as they are known.
    pub(in super::super) fn owners(&self, at: u32) -> Vec<u32> {
        let more = self.more_owners.get(&at).into_iter().flatten();
        let all = std::iter::once(&self.slot(at).owner).chain(more);
        all.filter(|uid| **uid != NONE).map(|uid| self.uids.slot(*uid)).filter(|slot| *slot != NONE).collect()
    }

    /// The uids of the owners, in their order.
    pub(super) fn owner_uids(&self, at: u32) -> Vec<String> {
        let more = self.more_owners.get(&at).into_iter().flatten();
        let all = std::iter::once(&self.slot(at).owner).chain(more);
        all.filter(|uid| **uid != NONE).map(|uid| self.uids.text(*uid).as_str().to_owned()).collect()
    }

    /// The object with this uid.
    pub(in super::super) fn by_uid(&self, uid: &str) -> Option<u32> {
        self.uids.find(uid).map(|id| self.uids.slot(id)).filter(|slot| *slot != NONE)
    }

    /// Takes all links and bodies from a slot; its name and kind stay.
    pub(super) fn empty(&mut self, at: u32) {
        let Slot { kind, flags, uid, owner, next, prev, body, .. } = *self.slot(at);
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
                self.release(owner);
            }
        }
        if flags & IS_OUTLINE != 0 {
            let node = self.read_own(self.slot(at).own()).map(|own| own.node).unwrap_or_default();
            if let Some(node) = self.nodes.find(&node) {
                self.nodes.give(node);
            }
            if let Some(shelf) = self.shelf_mut(kind) {
                shelf.outlines.give(body);
            }
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
        self.release(uid);
        self.release(owner);
    }

    /// Forgets a uid that no object has or names as an owner.
    fn release(&mut self, uid: u32) {
        if !self.more_children.contains_key(&uid) {
            self.uids.release(uid);
        }
    }

    pub(super) fn set_app(&mut self, at: u32, app: &str) {
        let app = if app.is_empty() { 0 } else { self.apps.take(app) };
        if app != 0 {
            self.by_app.entry(app).or_default().insert(at);
        }
        self.slot_mut(at).body = app;
    }

    pub(super) fn link_owners<'o>(&mut self, at: u32, uids: impl Iterator<Item = &'o str>) {
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
            self.more_children.entry(*owner).or_default().push(at);
        }
        self.more_owners.insert(at, more.to_vec());
    }
}
