//! Events of watches, and the answers to our own writes.

use tautline_core::{GroupKind, Object, ResourceKey, ResourceVersion, Timestamp, Uid};

use super::kind::Kind;
use super::read::Read;
use super::{BadItem, Cache, KindState};
use crate::scan::{Identity, identity};
use crate::{RawEvent, RawObject};

impl Cache {
    /// Takes an event of a watch. Answers the object that changed, if one did.
    ///
    /// # Errors
    /// When the event holds no object; list the kind again.
    pub fn event(
        &mut self,
        kind: &GroupKind,
        event: &RawEvent,
        now: Timestamp,
    ) -> Result<Option<ResourceKey>, BadItem> {
        match event {
            RawEvent::Bookmark(version) => {
                self.heard(kind, version, now);
                Ok(None)
            }
            RawEvent::Added(item) | RawEvent::Modified(item) => {
                if self.unchanged(kind, item).is_some() {
                    return Ok(None);
                }
                let read = self.read(kind, item)?;
                let identity = read.identity();
                self.heard_of(kind, &identity, now);
                let mark = self.mark(item);
                Ok(self.take(kind, &read, mark).then(|| identity.key(kind)))
            }
            RawEvent::Deleted(item) => {
                if let RawObject::Json(json) = item
                    && let Some(ended) = identity(json)
                {
                    return Ok(self.ended(kind, &ended, now));
                }
                let object = self.decode(kind, item)?;
                Ok(self.ended(kind, &Identity::of(&object), now))
            }
        }
    }

    /// Takes the server's answer to our write, unless something newer is known (rule R13).
    pub fn wrote(&mut self, object: &Object) -> bool {
        let mut object = object.clone();
        self.masking.mask_object(&mut object);
        let Some(kind) = self.kinds.get(&object.key().group_kind()) else { return false };
        // An answer that comes after the object's DELETED event must not bring it back.
        let is_synced = matches!(kind.state, KindState::Synced { .. });
        let heard = self.heard_at(kind, object.namespace()).filter(|_| is_synced);
        let heard_later =
            heard.zip(object.resource_version()).is_some_and(|(heard, ours)| heard.is_at_least(&ours));
        if heard_later && self.store.find(&object.key()).is_none() {
            return false;
        }
        let kind = object.key().group_kind();
        self.take(&kind, &Read::Whole { object, sketch: None }, 0)
    }

    /// Remembers that we deleted an object: unknown until its next event comes (rule R13), unless it is known already
    /// that it is about to go.
    pub fn deleted(&mut self, key: &ResourceKey, uid: &Uid) {
        let Some(at) = self.store.find(key).filter(|at| self.store.has_uid(*at, uid.as_str())) else {
            return;
        };
        if !self.store.open(at).is_ok_and(|live| live.is_terminating()) {
            self.store.slot_mut(at).delete_by_us();
        }
    }

    /// Takes note of the end of an object's life. Answers its key if that life was the present one.
    fn ended(&mut self, kind: &GroupKind, ended: &Identity<'_>, now: Timestamp) -> Option<ResourceKey> {
        self.heard_of(kind, ended, now);
        if let Some(entry) = self.kinds.get_mut(kind) {
            entry.remember_deletion(ended.uid);
        }
        // A DELETED event of an earlier life says nothing about the present one.
        let found = self.store.find_at(kind, ended.namespace, ended.name);
        found.filter(|at| self.store.has_uid(*at, ended.uid)).map(|at| self.remove(at))
    }

    /// Stores an object unless its like or better is known, or it has ended. Answers whether anything changed.
    fn take(&mut self, kind: &GroupKind, read: &Read<'_>, mark: u32) -> bool {
        let Identity { namespace, name, uid, version } = read.identity();
        let entry = self.kinds.get(kind);
        if entry.is_some_and(|entry| entry.is_deleted(uid)) {
            return false;
        }
        match self.store.find_at(kind, namespace, name) {
            Some(at) if self.store.has_uid(at, uid) && self.store.is_at_least(at, version) => return false,
            Some(at) if self.is_older(at, version) => return false,
            None if entry.is_some_and(|entry| entry.is_before_list(version)) => return false,
            _ => {}
        }
        let seen = entry.map_or(0, |entry| entry.list);
        self.keep(kind, read, mark, seen);
        true
    }

    fn heard_of(&mut self, kind: &GroupKind, what: &Identity<'_>, now: Timestamp) {
        let version = ResourceVersion::from(what.version);
        if self.namespaces.is_some() {
            let heard = self.heard_in.entry(kind.clone()).or_default();
            heard.insert(what.namespace.to_owned(), version.clone());
        }
        self.heard(kind, &version, now);
    }

    /// The version up to which a namespace's objects of a kind were heard of. Where namespaces are watched one by one,
    /// what was heard of another says nothing.
    pub(super) fn heard_at<'k>(&'k self, kind: &'k Kind, namespace: &str) -> Option<&'k ResourceVersion> {
        if self.namespaces.is_none() {
            return kind.heard.as_ref();
        }
        let heard = self.heard_in.get(&kind.resource.gvk.group_kind());
        heard.and_then(|heard| heard.get(namespace)).or(kind.listed.as_ref())
    }

    fn heard(&mut self, kind: &GroupKind, version: &ResourceVersion, now: Timestamp) {
        let Some(entry) = self.kinds.get_mut(kind) else { return };
        entry.hear(version);
        if let (KindState::Synced { version: known, at }, Some(heard)) = (&mut entry.state, &entry.heard) {
            known.clone_from(heard);
            *at = now;
        }
    }
}
