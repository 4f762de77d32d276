//! [`FieldIndex`]: the fields of one type, found by the numbers of their names.

use std::sync::OnceLock;

use tautline_core::Key;

use crate::types::{Field, Presence};

/// Where a type's fields are: a field of Kubernetes' own is found in a step or two, however many there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldIndex(OnceLock<Places>);

#[derive(Clone, Debug)]
struct Places {
    /// Open addressing over the numbers of names; empty where there are too many fields.
    slots: Box<[u8]>,
    /// The fields that Go always prints.
    always: Box<[u8]>,
    /// The numbers of all names, in order; empty if a name has none, or where a search is faster.
    names: Box<[u16]>,
}

const EMPTY: u8 = u8::MAX;
/// As many as leave a slot free in the largest table.
const MOST: usize = 127;

impl FieldIndex {
    /// The field of a name. The fields are sorted, and always the same.
    #[inline]
    pub(crate) fn find<'f>(&self, fields: &'f [Field], name: &Key) -> Option<&'f Field> {
        let slots = &self.places(fields).slots;
        let Some(id) = name.known_id().filter(|_| !slots.is_empty()) else {
            let i = fields.binary_search_by(|field| field.name.cmp(name)).ok()?;
            return fields.get(i);
        };
        let mut slot = first_slot(id, slots.len());
        loop {
            let place = slots.get(slot).copied().unwrap_or(EMPTY);
            if place == EMPTY {
                return None;
            }
            let field = fields.get(usize::from(place))?;
            if field.name.known_id() == Some(id) {
                return Some(field);
            }
            slot = (slot + 1) & (slots.len() - 1);
        }
    }

    /// The numbers of the names of all fields, to go along beside a map's keys; empty where there are none to go along.
    #[inline]
    pub(crate) fn names(&self, fields: &[Field]) -> &[u16] {
        &self.places(fields).names
    }

    /// The places of the fields that Go always prints; `None` for a type with too many fields to say.
    pub(crate) fn always_printed(&self, fields: &[Field]) -> Option<&[u8]> {
        (fields.len() <= MOST).then(|| &*self.places(fields).always)
    }

    #[inline]
    fn places(&self, fields: &[Field]) -> &Places {
        self.0.get_or_init(|| Places::of(fields))
    }
}

impl Places {
    fn of(fields: &[Field]) -> Self {
        let is_always = |field: &&Field| field.presence == Presence::Always;
        if fields.len() > MOST {
            return Self { slots: Box::default(), always: Box::default(), names: Box::default() };
        }
        let mut slots = vec![EMPTY; (fields.len() * 2).next_power_of_two().max(2)];
        let size = slots.len();
        for (i, id) in fields.iter().enumerate().filter_map(|(i, field)| Some((i, field.name.known_id()?))) {
            let mut slot = first_slot(id, size);
            while slots.get(slot).is_some_and(|place| *place != EMPTY) {
                slot = (slot + 1) & (size - 1);
            }
            if let Some(place) = slots.get_mut(slot) {
                *place = i as u8;
            }
        }
        let always = fields.iter().enumerate().filter(|(_, field)| is_always(field)).map(|(i, _)| i as u8);
        let names: Option<Box<[u16]>> = fields.iter().map(|field| field.name.known_id()).collect();
        Self { always: always.collect(), slots: slots.into(), names: names.unwrap_or_default() }
    }
}

/// Spreads numbers that lie close together.
#[inline]
fn first_slot(id: u16, size: usize) -> usize {
    (usize::from(id.wrapping_mul(0x9e37)) >> 5) & (size - 1)
}

impl PartialEq for FieldIndex {
    /// It says nothing that the fields do not.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
