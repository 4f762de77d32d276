//! Uids as numbers, with the objects that carry them and the objects that they own.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use tautline_core::{Digest, Uid};

use super::slab::Slab;

/// No slot, no uid.
pub(super) const NONE: u32 = 0;

/// Every uid that is somebody's or owns somebody, once, in 24 bytes and a place in a table.
#[derive(Debug)]
pub(super) struct Uids {
    known: Slab<Known>,
    table: HashTable<u32>,
    free: Vec<u32>,
    /// The text of uids that are no UUIDs.
    odd: HashMap<u32, String>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    bytes: [u8; 16],
    /// The slot of the object that has it.
    slot: u32,
    /// The first of the objects that it owns.
    first: u32,
}

impl Default for Uids {
    fn default() -> Self {
        let nobody = Known { bytes: [0; 16], slot: NONE, first: NONE };
        let mut known = Slab::default();
        known.push(nobody);
        Self {
            known,
            table: HashTable::new(),
            free: Vec::new(),
            odd: HashMap::new(),
            hasher: RandomState::new(),
        }
    }
}

impl Uids {
    /// The number of a uid, if it is known.
    pub(super) fn find(&self, uid: &str) -> Option<u32> {
        let (bytes, _) = bytes_of(uid);
        let hash = self.hasher.hash_one(bytes);
        self.table.find(hash, |id| self.at(*id).bytes == bytes).copied()
    }

    /// The number of a uid, a new one if need be.
    pub(super) fn enter(&mut self, uid: &str) -> u32 {
        if let Some(id) = self.find(uid) {
            return id;
        }
        let (bytes, is_odd) = bytes_of(uid);
        let known = Known { bytes, slot: NONE, first: NONE };
        let id = match self.free.pop() {
            Some(id) => {
                *self.at_mut(id) = known;
                id
            }
            None => self.known.push(known),
        };
        if is_odd {
            self.odd.insert(id, uid.to_owned());
        }
        let Self { known, table, hasher, .. } = self;
        let hash = |id: &u32| hasher.hash_one(known[*id].bytes);
        table.insert_unique(hash(&id), id, hash);
        id
    }

    /// The uid with this number.
    pub(super) fn text(&self, id: u32) -> Uid {
        match self.odd.get(&id) {
            Some(text) => Uid::new(text),
            None => Uid::new(uuid_text(&self.at(id).bytes)),
        }
    }

    pub(super) fn slot(&self, id: u32) -> u32 {
        self.at(id).slot
    }

    pub(super) fn set_slot(&mut self, id: u32, slot: u32) {
        self.at_mut(id).slot = slot;
    }

    pub(super) fn first(&self, id: u32) -> u32 {
        self.at(id).first
    }

    pub(super) fn set_first(&mut self, id: u32, slot: u32) {
        self.at_mut(id).first = slot;
    }

    /// Forgets a uid that nobody has and that is nobody's first owner. What is an owner beside another must stay.
    pub(super) fn release(&mut self, id: u32) {
        let Known { bytes, slot, first } = *self.at(id);
        if id == NONE || slot != NONE || first != NONE {
            return;
        }
        let hash = self.hasher.hash_one(bytes);
        if let Ok(found) = self.table.find_entry(hash, |other| *other == id) {
            found.remove();
            self.odd.remove(&id);
            self.free.push(id);
        }
    }

    fn at(&self, id: u32) -> &Known {
        &self.known[id]
    }

    fn at_mut(&mut self, id: u32) -> &mut Known {
        &mut self.known[id]
    }
}

/// Sixteen bytes that stand for a uid, and whether its text is not theirs.
pub(super) fn bytes_of(uid: &str) -> ([u8; 16], bool) {
    if let Some(bytes) = uuid(uid) {
        return (bytes, false);
    }
    let digest = Digest::of_bytes(uid.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    (bytes, true)
}

/// Reads a UUID in the one form that it is printed in again.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut digits = 0;
    for (at, byte) in text.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        let place: &mut u8 = bytes.get_mut(digits / 2)?;
        *place = *place << 4 | digit;
        digits += 1;
    }
    Some(bytes)
}

fn uuid_text(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_come_back_as_they_were() {
        let mut uids = Uids::default();
        for text in ["6b0f5a0e-0b1c-4c62-8ee9-0123456789ab", "u1", "6B0F5A0E-0B1C-4C62-8EE9-0123456789AB", ""]
        {
            let id = uids.enter(text);
            assert_eq!(uids.text(id).as_str(), text);
            assert_eq!((uids.enter(text), uids.find(text)), (id, Some(id)));
            uids.release(id);
            assert_eq!(uids.find(text), None);
        }
        assert_eq!(uids.known.len(), 2, "numbers are used again");
    }
}
