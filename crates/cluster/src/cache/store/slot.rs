//! [`Slot`]: one object's place.

use super::super::uids::NONE;
use super::KindId;

/// One object. 56 bytes, its name and body aside.
#[derive(Debug)]
pub(in super::super) struct Slot {
    /// `resourceVersion` as a number; 0 if it is none, then the text is in `odd_versions`.
    pub(super) version: u64,
    /// The name, ended by a zero, and what is the object's own: its packed body, or what its outline lacks.
    pub(super) blob: Box<[u8]>,
    pub(super) kind: KindId,
    pub(super) flags: u8,
    /// The number of the list that held it last.
    pub(in super::super) seen: u8,
    pub(super) namespace: u32,
    pub(super) uid: u32,
    /// The first of its owners.
    pub(super) owner: u32,
    /// Its neighbours in its owner's list.
    pub(super) next: u32,
    pub(super) prev: u32,
    /// Its app; of an outline the shared body.
    pub(super) body: u32,
    /// Of the bytes that it was decoded from; 0 if there were none.
    pub(in super::super) mark: u32,
}

pub(super) const DELETED_BY_US: u8 = 1;
pub(super) const IS_OUTLINE: u8 = 2;
pub(super) const HAS_MORE_OWNERS: u8 = 4;

impl Slot {
    pub(super) fn nobody() -> Self {
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
    pub(in super::super) fn is_deleted_by_us(&self) -> bool {
        self.flags & DELETED_BY_US != 0
    }

    pub(in super::super) fn delete_by_us(&mut self) {
        self.flags |= DELETED_BY_US;
    }

    /// Only what is needed of it as somebody's child is kept.
    pub(in super::super) fn is_outline(&self) -> bool {
        self.flags & IS_OUTLINE != 0
    }

    pub(super) fn name(&self) -> &[u8] {
        let end = self.blob.iter().position(|byte| *byte == 0).unwrap_or(self.blob.len());
        self.blob.get(..end).unwrap_or_default()
    }

    pub(super) fn name_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.name())
    }

    pub(super) fn own(&self) -> &[u8] {
        self.blob.get(self.name().len() + 1..).unwrap_or_default()
    }

    /// Sets what is the object's own; its name stays.
    pub(super) fn set_own(&mut self, own: &[u8]) {
        let mut blob = Vec::with_capacity(self.name().len() + 1 + own.len());
        blob.extend_from_slice(self.name());
        blob.push(0);
        blob.extend_from_slice(own);
        self.blob = blob.into_boxed_slice();
    }
}

/// The beginning of a blob.
pub(super) fn named(name: &str) -> Box<[u8]> {
    name.bytes().chain([0]).collect()
}
