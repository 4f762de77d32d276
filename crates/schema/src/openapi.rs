//! Reading a v3 OpenAPI document: definitions into [`Types`], `x-kubernetes-group-version-kind` into roots.

use std::collections::BTreeMap;

use tautline_core::{GroupVersionKind, Key, Map, Value};

use crate::Presence;
use crate::index::FieldIndex;
use crate::types::{DEDUCED, Field, Format, Id, MapType, Node, PatchStrategy, TypeKind, Types, UNTYPED};

/// What a document holds: types, and which of them are kinds.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) types: Types,
    pub(crate) roots: BTreeMap<GroupVersionKind, Id>,
}

/// Reads documents into one graph: definitions of equal names are one type.
pub(crate) struct Reader<'a> {
    definitions: BTreeMap<&'a str, &'a Value>,
    types: Types,
    named: BTreeMap<String, Id>,
    /// References whose place is changed by what stands beside them: default, patch strategy, map type.
    variants: Vec<(Id, Node, bool)>,
}

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
const DURATION: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Duration";

/// Reads `components.schemas` of documents as `/openapi/v3/…` serves them.
pub(crate) fn read(documents: &[Value]) -> Document {
    read_with(documents, &|_, _, _| None)
}

/// How a definition's field is printed: asked with the definition's name, the field's and what kind it is.
pub(crate) type PresenceOf<'a> = dyn Fn(&str, &str, TypeKind) -> Option<Presence> + 'a;

pub(crate) fn read_with(documents: &[Value], presence: &PresenceOf<'_>) -> Document {
    let mut reader = Reader {
        definitions: BTreeMap::new(),
        types: Types::new(),
        named: BTreeMap::new(),
        variants: Vec::new(),
    };
    for document in documents {
        let schemas = document.at(&["components", "schemas"]).and_then(Value::as_map);
        for (name, schema) in schemas.into_iter().flatten() {
            reader.definitions.entry(name.as_str()).or_insert(schema);
        }
    }
    let names: Vec<&str> = reader.definitions.keys().copied().collect();
    for name in &names {
        reader.named_type(name);
    }
    let mut roots = BTreeMap::new();
    for (name, schema) in &reader.definitions {
        for gvk in schema.list_at(&["x-kubernetes-group-version-kind"]) {
            let part = |key| gvk.str_at(&[key]).unwrap_or_default();
            if let Some(id) = reader.named.get(*name) {
                roots.insert(GroupVersionKind::new(part("group"), part("version"), part("kind")), *id);
            }
        }
    }
    reader.set_presences(presence);
    let mut types = reader.types;
    complete_variants(reader.variants, &mut types);
    Document { types, roots }
}

/// Reads one schema that refers to nothing, as a CustomResourceDefinition holds it.
pub(crate) fn read_inline(types: Types, schema: &Value, preserve: bool) -> (Types, Id) {
    let mut reader =
        Reader { definitions: BTreeMap::new(), types, named: BTreeMap::new(), variants: Vec::new() };
    let id = reader.schema(schema, preserve);
    (reader.types, id)
}

impl Reader<'_> {
    fn set_presences(&mut self, presence: &PresenceOf<'_>) {
        for (name, id) in &self.named {
            let Some(node) = self.types.nodes.get(*id as usize) else { continue };
            let mut fields = node.fields.clone();
            for field in &mut fields {
                let of = self.types.nodes.get(field.id as usize);
                let is_variant = self.variants.iter().any(|(variant, ..)| *variant == field.id);
                let kind = match of {
                    Some(node) if is_variant => node.items.and_then(|id| self.types.nodes.get(id as usize)),
                    other => other,
                };
                let kind = kind.map(|node| node.kind).unwrap_or_default();
                field.presence = presence(name, &field.name, kind).unwrap_or_default();
            }
            if let Some(node) = self.types.nodes.get_mut(*id as usize) {
                node.fields = fields;
                node.index = FieldIndex::default();
            }
        }
    }

    fn named_type(&mut self, name: &str) -> Id {
        if let Some(id) = self.named.get(name) {
            return *id;
        }
        let Some(schema) = self.definitions.get(name).copied() else { return DEDUCED };
        // The place is taken first: definitions refer to themselves.
        let id = self.types.add(Node::default());
        self.named.insert(name.to_owned(), id);
        let node = match name {
            QUANTITY => Node { kind: TypeKind::Quantity, ..Node::default() },
            RAW_EXTENSION => Node {
                items: Some(UNTYPED),
                additional: Some(UNTYPED),
                map_type: MapType::Atomic,
                preserve_unknown: true,
                ..Node::default()
            },
            MICRO_TIME => Node { kind: TypeKind::String, format: Format::MicroTime, ..Node::default() },
            DURATION => Node { kind: TypeKind::String, format: Format::Duration, ..Node::default() },
            _ => self.node(schema, false),
        };
        if let Some(place) = self.types.nodes.get_mut(id as usize) {
            *place = node;
        }
        id
    }

    /// The type of a place that uses a schema: a reference with what is said beside it, or a type of its own.
    fn schema(&mut self, schema: &Value, preserve: bool) -> Id {
        let Some(name) = reference(schema) else {
            let node = self.node(schema, preserve);
            return self.types.add(node);
        };
        let id = self.named_type(name);
        if !says_more(schema) {
            return id;
        }
        let mut beside = Node::default();
        read_attributes(schema, &mut beside);
        let granular = schema.str_at(&["x-kubernetes-map-type"]) == Some("granular");
        let same = self
            .variants
            .iter()
            .find(|(variant, node, g)| *node == beside && *g == granular && self.variant_of(*variant) == id);
        if let Some((found, ..)) = same {
            return *found;
        }
        let variant = self.types.add(Node { items: Some(id), ..Node::default() });
        self.variants.push((variant, beside, granular));
        variant
    }

    fn variant_of(&self, variant: Id) -> Id {
        self.types.nodes.get(variant as usize).and_then(|node| node.items).unwrap_or(DEDUCED)
    }

    fn node(&mut self, schema: &Value, preserve: bool) -> Node {
        let mut node = Node::default();
        read_attributes(schema, &mut node);
        let preserve = preserve || node.preserve_unknown;
        if schema.get("x-kubernetes-int-or-string").and_then(Value::as_bool) == Some(true)
            || schema.str_at(&["format"]) == Some("int-or-string")
        {
            node.kind = TypeKind::IntOrString;
        }
        if matches!(node.kind, TypeKind::Any | TypeKind::IntOrString | TypeKind::List) {
            node.items = Some(match schema.get("items") {
                Some(items) => self.schema(items, preserve),
                None => UNTYPED,
            });
        }
        if matches!(node.kind, TypeKind::Any | TypeKind::IntOrString | TypeKind::Object) {
            self.fields(schema, preserve, &mut node);
        }
        node
    }

    fn fields(&mut self, schema: &Value, preserve: bool, node: &mut Node) {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_map).unwrap_or(&empty);
        let required = schema.list_at(&["required"]);
        node.fields = properties
            .iter()
            .map(|(name, property)| Field {
                name: name.clone(),
                id: self.schema(property, preserve),
                required: required.iter().any(|r| r.as_str() == Some(name)),
                presence: Presence::AsWritten,
            })
            .collect();
        node.additional = match schema.get("additionalProperties") {
            // An object without properties is free-form, as is one that preserves unknown fields.
            None => (preserve || properties.is_empty()).then_some(DEDUCED),
            Some(Value::Bool(allowed)) => allowed.then_some(DEDUCED),
            Some(of) => Some(self.schema(of, preserve)),
        };
    }
}

/// The definition that a schema refers to, directly or as the only member of `allOf`.
fn reference(schema: &Value) -> Option<&str> {
    let direct = schema.str_at(&["$ref"]);
    let target = direct.or_else(|| match schema.list_at(&["allOf"]) {
        [only] => only.str_at(&["$ref"]),
        _ => None,
    })?;
    target.rsplit('/').next()
}

fn says_more(schema: &Value) -> bool {
    schema.as_map().is_some_and(|map| {
        map.keys()
            .any(|key| matches!(key.as_str(), "default" | "nullable") || key.starts_with("x-kubernetes-"))
    })
}

/// Everything that a schema says of its place and kind, but for what lies below it.
fn read_attributes(schema: &Value, node: &mut Node) {
    let flag = |key| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    node.kind = match text("type") {
        "object" => TypeKind::Object,
        "array" => TypeKind::List,
        "string" => TypeKind::String,
        "integer" => TypeKind::Integer,
        "number" => TypeKind::Number,
        "boolean" => TypeKind::Boolean,
        _ => TypeKind::Any,
    };
    node.format = match text("format") {
        "" => Format::None,
        "byte" => Format::Byte,
        "date-time" => Format::DateTime,
        "int32" => Format::Int32,
        "int64" => Format::Int64,
        _ => Format::Other,
    };
    node.nullable = flag("nullable");
    node.preserve_unknown = flag("x-kubernetes-preserve-unknown-fields");
    node.embedded = flag("x-kubernetes-embedded-resource");
    let strategy = text("x-kubernetes-patch-strategy");
    node.patch = PatchStrategy {
        merge: strategy.split(',').any(|s| s == "merge"),
        retain_keys: strategy.split(',').any(|s| s == "retainKeys"),
        replace: strategy.split(',').any(|s| s == "replace"),
    };
    node.merge_key = schema.get("x-kubernetes-patch-merge-key").and_then(Value::as_str).map(Key::from);
    node.default = schema.get("default").cloned();
    if text("x-kubernetes-map-type") == "atomic" {
        node.map_type = MapType::Atomic;
    }
    match text("x-kubernetes-list-type") {
        "set" => node.set = true,
        "map" => {
            let keys = schema.list_at(&["x-kubernetes-list-map-keys"]);
            node.keys = keys.iter().filter_map(Value::as_str).map(Key::from).collect();
        }
        "" if node.patch.merge && node.kind == TypeKind::List => match &node.merge_key {
            Some(key) => node.keys = Box::new([key.clone()]),
            None => node.set = true,
        },
        _ => {}
    }
}

/// Replaces places that stood for "this definition, but with these attributes" by whole types. Done last:
/// only then every definition is complete.
fn complete_variants(variants: Vec<(Id, Node, bool)>, types: &mut Types) {
    for (variant, beside, granular) in variants {
        let of = types.nodes.get(variant as usize).and_then(|node| node.items).unwrap_or(DEDUCED);
        let Some(mut node) = types.nodes.get(of as usize).cloned() else { continue };
        node.nullable |= beside.nullable;
        node.default = beside.default.or(node.default);
        if beside.patch != PatchStrategy::default() {
            node.patch = beside.patch;
        }
        node.merge_key = beside.merge_key.or(node.merge_key);
        if granular || beside.map_type == MapType::Atomic {
            node.map_type = beside.map_type;
        }
        if let Some(place) = types.nodes.get_mut(variant as usize) {
            *place = node;
        }
    }
}
