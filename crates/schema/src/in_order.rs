//! [`InOrder`]: the types of a map's keys, found by going along beside them.

use tautline_core::Key;

use crate::types::{Field, FieldRef, TypeRef};

/// How far ahead is looked: types have many fields of which a map has a few.
const STRIDE: usize = 6;

/// The types of a map's keys for one who comes along them in order: each search goes on where the last one ended.
#[derive(Clone, Debug)]
pub struct InOrder<'a> {
    of: TypeRef<'a>,
    fields: &'a [Field],
    /// The numbers of all fields' names; empty where they are looked for otherwise.
    names: &'a [u16],
    next: usize,
}

impl<'a> InOrder<'a> {
    #[inline]
    pub(crate) fn of(of: TypeRef<'a>) -> Self {
        let node = of.node();
        Self { of, fields: &node.fields, names: node.index.names(&node.fields), next: 0 }
    }

    /// [`TypeRef::declared_key`] of a key that sorts after those asked for before.
    #[inline]
    pub fn declared(&mut self, key: &Key) -> Option<TypeRef<'a>> {
        self.declared_field(key).map(|field| self.of.field_type(field))
    }

    /// A declared field, with what the schema says of the field itself.
    #[inline]
    pub(crate) fn declared_ref(&mut self, key: &Key) -> Option<FieldRef<'a>> {
        self.declared_field(key).map(|field| self.of.field_ref(field))
    }

    /// [`TypeRef::field_key`] of a key that sorts after those asked for before.
    #[inline]
    pub fn field(&mut self, key: &Key) -> Option<TypeRef<'a>> {
        self.declared(key).or_else(|| self.of.additional())
    }

    #[inline]
    fn declared_field(&mut self, key: &Key) -> Option<&'a Field> {
        if self.names.is_empty() {
            return if self.fields.is_empty() { None } else { self.search(key) };
        }
        // What has no number is none of these.
        let id = key.known_id()?;
        while self.names.get(self.next + STRIDE).is_some_and(|name| *name <= id) {
            self.next += STRIDE;
        }
        loop {
            match *self.names.get(self.next)? {
                name if name < id => self.next += 1,
                name if name == id => return self.fields.get(self.next),
                _ => return None,
            }
        }
    }

    fn search(&mut self, key: &Key) -> Option<&'a Field> {
        if key.known_id().is_some() {
            return self.of.node().index.find(self.fields, key);
        }
        let left = self.fields.get(self.next..).unwrap_or_default();
        self.next += left.partition_point(|field| field.name < *key);
        self.fields.get(self.next).filter(|field| field.name == *key)
    }
}
