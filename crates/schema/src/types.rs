//! [`Types`]: a graph of types in one arena, and [`TypeRef`]: one of them, to walk from.

use std::fmt;
use std::sync::Arc;

use tautline_core::{FieldPath, Key, Map, PathElement, Value};

pub use crate::attributes::{Format, ListType, MapType, PatchStrategy, Presence, TypeKind};
use crate::in_order::InOrder;
use crate::index::FieldIndex;

/// The number of a type in its arena.
pub(crate) type Id = u32;

/// The type of "anything, field by field": what structured merge calls deduced. Always at this place.
pub(crate) const DEDUCED: Id = 0;
/// The type of "anything, as one leaf": what structured merge calls untyped atomic. Always at this place.
pub(crate) const UNTYPED: Id = 1;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: TypeKind,
    pub(crate) format: Format,
    pub(crate) nullable: bool,
    pub(crate) preserve_unknown: bool,
    pub(crate) embedded: bool,
    /// A list that is a set or has keys. Without either it is atomic.
    pub(crate) set: bool,
    pub(crate) keys: Box<[Key]>,
    pub(crate) map_type: MapType,
    pub(crate) patch: PatchStrategy,
    pub(crate) merge_key: Option<Key>,
    pub(crate) default: Option<Value>,
    pub(crate) fields: Box<[Field]>,
    pub(crate) items: Option<Id>,
    pub(crate) additional: Option<Id>,
    /// Made when it is first asked for: the fields do not change after that.
    pub(crate) index: FieldIndex,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Key,
    pub(crate) id: Id,
    pub(crate) required: bool,
    pub(crate) presence: Presence,
}

/// A graph of types. Cheap to share, never changed once built.
#[derive(Clone)]
pub struct Types {
    pub(crate) nodes: Vec<Node>,
}

impl Types {
    /// An arena with the two types that every other may refer to.
    pub(crate) fn new() -> Self {
        let any = |items, additional, map_type| Node {
            items: Some(items),
            additional: Some(additional),
            map_type,
            ..Node::default()
        };
        Self { nodes: vec![any(UNTYPED, DEDUCED, MapType::Granular), any(UNTYPED, UNTYPED, MapType::Atomic)] }
    }

    pub(crate) fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        (self.nodes.len() - 1) as Id
    }

    #[inline]
    pub(crate) fn at(&self, id: Id) -> TypeRef<'_> {
        TypeRef { types: self, id }
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none; never so.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Copies a type of another arena, and all that it refers to, into this one.
    pub(crate) fn import(&mut self, from: TypeRef<'_>) -> Id {
        let mut copied = std::collections::BTreeMap::from([(DEDUCED, DEDUCED), (UNTYPED, UNTYPED)]);
        self.import_node(from, &mut copied)
    }

    fn import_node(&mut self, from: TypeRef<'_>, copied: &mut std::collections::BTreeMap<Id, Id>) -> Id {
        if let Some(id) = copied.get(&from.id) {
            return *id;
        }
        let mut node = from.node().clone();
        // The place is taken first: types may refer to themselves.
        let id = self.add(Node::default());
        copied.insert(from.id, id);
        for field in &mut node.fields {
            field.id = self.import_node(from.types.at(field.id), copied);
        }
        node.items = node.items.map(|item| self.import_node(from.types.at(item), copied));
        node.additional = node.additional.map(|of| self.import_node(from.types.at(of), copied));
        if let Some(place) = self.nodes.get_mut(id as usize) {
            *place = node;
        }
        id
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Types({})", self.nodes.len())
    }
}

/// The type of a kind's objects, with the graph it is in.
#[derive(Clone, Debug)]
pub struct Root {
    types: Arc<Types>,
    id: Id,
}

impl Root {
    pub(crate) fn new(types: Arc<Types>, id: Id) -> Self {
        Self { types, id }
    }

    /// The type, to walk from.
    pub fn node(&self) -> TypeRef<'_> {
        self.types.at(self.id)
    }

    /// The type at a path, if the schema knows it.
    pub fn at(&self, path: &FieldPath) -> Option<TypeRef<'_>> {
        self.node().at(path)
    }
}

/// One type in a graph. Copying it costs nothing.
#[derive(Clone, Copy)]
pub struct TypeRef<'a> {
    types: &'a Types,
    id: Id,
}

impl<'a> TypeRef<'a> {
    pub(crate) fn id(self) -> Id {
        self.id
    }

    #[inline]
    pub(crate) fn node(self) -> &'a Node {
        // Ids are made by `Types::add` or checked by the decoder; the first node stands for a broken one.
        &self.types.nodes[self.id as usize]
    }

    /// What its values are.
    #[inline]
    pub fn kind(self) -> TypeKind {
        self.node().kind
    }

    /// What the text of a string, or the size of a number, must be.
    #[inline]
    pub fn format(self) -> Format {
        self.node().format
    }

    /// The type of a field that the schema declares by name.
    pub fn declared(self, name: &str) -> Option<TypeRef<'a>> {
        let fields = &self.node().fields;
        let i = fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok()?;
        fields.get(i).map(|field| self.types.at(field.id))
    }

    /// [`TypeRef::declared`] by a key: names of the table compare as numbers.
    #[inline]
    pub fn declared_key(self, name: &Key) -> Option<TypeRef<'a>> {
        let node = self.node();
        node.index.find(&node.fields, name).map(|field| self.types.at(field.id))
    }

    #[inline]
    pub(crate) fn field_type(self, field: &Field) -> TypeRef<'a> {
        self.types.at(field.id)
    }

    #[inline]
    pub(crate) fn field_ref(self, field: &'a Field) -> FieldRef<'a> {
        FieldRef {
            name: &field.name,
            required: field.required,
            presence: field.presence,
            of: self.types.at(field.id),
        }
    }

    /// Whether a map has all fields that Go always prints. Also `false` where that takes a closer look.
    pub fn has_always_printed(self, map: &Map) -> bool {
        let node = self.node();
        let is_there = |place: &u8| {
            let field = node.fields.get(usize::from(*place));
            field.is_some_and(|field| map.get_key(&field.name).is_some())
        };
        node.index.always_printed(&node.fields).is_some_and(|places| places.iter().all(is_there))
    }

    /// [`TypeRef::field`] by a key.
    #[inline]
    pub fn field_key(self, name: &Key) -> Option<TypeRef<'a>> {
        self.declared_key(name).or_else(|| self.additional())
    }

    /// The type of a key: the declared field's, or that of further keys; `None` if the schema knows neither.
    pub fn field(self, name: &str) -> Option<TypeRef<'a>> {
        self.declared(name).or_else(|| self.additional())
    }

    /// The types of a map's keys, to ask for in order.
    #[inline]
    pub fn in_order(self) -> InOrder<'a> {
        InOrder::of(self)
    }

    /// The declared fields, sorted by name.
    #[inline]
    pub fn fields(self) -> impl ExactSizeIterator<Item = FieldRef<'a>> {
        self.node().fields.iter().map(move |field| self.field_ref(field))
    }

    /// The type of a list's items.
    #[inline]
    pub fn items(self) -> Option<TypeRef<'a>> {
        self.node().items.map(|id| self.types.at(id))
    }

    /// The type of keys that are not declared; `None` if there may be none.
    #[inline]
    pub fn additional(self) -> Option<TypeRef<'a>> {
        self.node().additional.map(|id| self.types.at(id))
    }

    /// How the items of a list are told apart.
    #[inline]
    pub fn list_type(self) -> ListType<'a> {
        let node = self.node();
        match (node.keys.is_empty(), node.set) {
            (false, _) => ListType::Map(&node.keys),
            (true, true) => ListType::Set,
            (true, false) => ListType::Atomic,
        }
    }

    /// Whether the keys of a map are owned one by one.
    #[inline]
    pub fn map_type(self) -> MapType {
        self.node().map_type
    }

    /// How strategic merge patches change it.
    pub fn patch_strategy(self) -> PatchStrategy {
        self.node().patch
    }

    /// The key by which strategic merge patches tell items apart.
    pub fn merge_key(self) -> Option<&'a str> {
        self.node().merge_key.as_ref().map(Key::as_str)
    }

    /// The default that the schema declares where the field is used.
    pub fn default(self) -> Option<&'a Value> {
        self.node().default.as_ref()
    }

    /// Whether `null` is a value of it.
    pub fn nullable(self) -> bool {
        self.node().nullable
    }

    /// Whether keys that are not declared are kept: `x-kubernetes-preserve-unknown-fields`.
    pub fn preserves_unknown(self) -> bool {
        self.node().preserve_unknown
    }

    /// Whether its values are whole objects: `x-kubernetes-embedded-resource`.
    pub fn is_embedded(self) -> bool {
        self.node().embedded
    }

    /// Whether it is one of Kubernetes' own types, of which is known how Go prints them.
    #[inline]
    pub fn is_compiled(self) -> bool {
        self.node().fields.iter().any(|field| field.presence != Presence::AsWritten)
    }

    /// Whether nothing is known of it but that it is a value.
    #[inline]
    pub fn is_untyped(self) -> bool {
        self.id == DEDUCED || self.id == UNTYPED
    }

    /// The type one step further.
    pub fn step(self, element: &PathElement) -> Option<TypeRef<'a>> {
        match element {
            PathElement::Field(name) => self.field_key(name),
            PathElement::Item(_) | PathElement::Value(_) | PathElement::Index(_) => self.items(),
        }
    }

    /// The type at a path, if the schema knows it.
    pub fn at(self, path: &FieldPath) -> Option<TypeRef<'a>> {
        path.elements().try_fold(self, |of, element| of.step(element))
    }

    /// Whether both are one type of one graph.
    pub fn is_same(self, other: TypeRef<'_>) -> bool {
        std::ptr::eq(self.types, other.types) && self.id == other.id
    }
}

impl fmt::Debug for TypeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeRef({} {:?})", self.id, self.kind())
    }
}

/// A declared field of a map.
#[derive(Clone, Copy, Debug)]
pub struct FieldRef<'a> {
    /// Its name.
    pub name: &'a Key,
    /// Whether the schema demands it.
    pub required: bool,
    /// How the API server prints it.
    pub presence: Presence,
    /// Its type.
    pub of: TypeRef<'a>,
}
