//! The built-in table's bytes: numbers as LEB128, texts once, all compressed by LZ4.

use std::collections::BTreeMap;

use tautline_core::{FieldPath, GroupVersionKind, Key, Value};

use crate::index::FieldIndex;
use crate::kind::{Kind, ScalePaths, Scope, Subresource};
use crate::types::{Field, Format, Id, MapType, Node, PatchStrategy, Presence, TypeKind, Types};

/// Types, which of them are kinds, and what discovery says of the kinds.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) types: Types,
    pub(crate) roots: BTreeMap<GroupVersionKind, Id>,
    pub(crate) kinds: Vec<Kind>,
}

impl Default for Table {
    fn default() -> Self {
        Self { types: Types::new(), roots: BTreeMap::new(), kinds: Vec::new() }
    }
}

const KINDS: [TypeKind; 9] = [
    TypeKind::Any,
    TypeKind::Object,
    TypeKind::List,
    TypeKind::String,
    TypeKind::Integer,
    TypeKind::Number,
    TypeKind::Boolean,
    TypeKind::IntOrString,
    TypeKind::Quantity,
];
const FORMATS: [Format; 8] = [
    Format::None,
    Format::Byte,
    Format::DateTime,
    Format::MicroTime,
    Format::Duration,
    Format::Int32,
    Format::Int64,
    Format::Other,
];
const PRESENCES: [Presence; 4] =
    [Presence::AsWritten, Presence::Always, Presence::UnlessNull, Presence::UnlessZero];

/// Writes a table.
pub(crate) fn encode(table: &Table) -> Vec<u8> {
    let mut out = Writer::default();
    out.list(&table.types.nodes, Writer::node);
    out.number(table.roots.len());
    for (gvk, id) in &table.roots {
        out.gvk(gvk);
        out.number(*id as usize);
    }
    out.list(&table.kinds, Writer::kind);
    lz4_flex::compress_prepend_size(&out.finish())
}

/// Reads a table; `None` if the bytes are broken.
pub(crate) fn decode(bytes: &[u8]) -> Option<Table> {
    let bytes = lz4_flex::decompress_size_prepended(bytes).ok()?;
    let mut reader = Reader { bytes: &bytes, texts: Vec::new() };
    let texts = reader.list(|r| r.raw_text())?;
    reader.texts = texts;
    let nodes = reader.list(Reader::node)?;
    let roots = reader.list(|r| Some((r.gvk()?, r.id()?)))?;
    let kinds = reader.list(Reader::kind)?;
    let count = nodes.len();
    let below = |id: Id| (id as usize) < count;
    let sound = nodes.iter().all(|node: &Node| {
        node.fields.iter().all(|f| below(f.id))
            && node.items.is_none_or(below)
            && node.additional.is_none_or(below)
    });
    let sound = sound && count >= 2 && roots.iter().all(|(_, id)| below(*id));
    sound.then(|| Table { types: Types { nodes }, roots: roots.into_iter().collect(), kinds })
}

#[derive(Default)]
struct Writer {
    body: Vec<u8>,
    numbers: BTreeMap<String, usize>,
    texts: Vec<String>,
}

impl Writer {
    fn finish(self) -> Vec<u8> {
        let mut head = Writer::default();
        head.number(self.texts.len());
        for text in &self.texts {
            head.number(text.len());
            head.body.extend_from_slice(text.as_bytes());
        }
        head.body.extend_from_slice(&self.body);
        head.body
    }

    fn number(&mut self, mut n: usize) {
        while n >= 0x80 {
            self.body.push((n as u8) | 0x80);
            n >>= 7;
        }
        self.body.push(n as u8);
    }

    fn text(&mut self, text: &str) {
        let next = self.texts.len();
        let number = *self.numbers.entry(text.to_owned()).or_insert(next);
        if number == next {
            self.texts.push(text.to_owned());
        }
        self.number(number);
    }

    fn list<T>(&mut self, items: &[T], write: fn(&mut Self, &T)) {
        self.number(items.len());
        for item in items {
            write(self, item);
        }
    }

    fn option<T>(&mut self, value: Option<&T>, write: fn(&mut Self, &T)) {
        self.number(usize::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn gvk(&mut self, gvk: &GroupVersionKind) {
        for text in [&gvk.group, &gvk.version, &gvk.kind] {
            self.text(text);
        }
    }

    fn id(&mut self, id: &Id) {
        self.number(*id as usize);
    }

    fn node(&mut self, node: &Node) {
        let place = |found: Option<usize>| found.unwrap_or_default();
        self.number(place(KINDS.iter().position(|k| *k == node.kind)));
        self.number(place(FORMATS.iter().position(|f| *f == node.format)));
        let flags = [
            node.nullable,
            node.preserve_unknown,
            node.embedded,
            node.set,
            node.map_type == MapType::Atomic,
            node.patch.merge,
            node.patch.retain_keys,
            node.patch.replace,
        ];
        self.number(flags.iter().rev().fold(0, |bits, flag| bits << 1 | usize::from(*flag)));
        self.list(&node.keys, |w, key| w.text(key));
        self.option(node.merge_key.as_ref(), |w, key| w.text(key));
        self.option(node.default.as_ref(), |w, value| w.text(&value.to_json()));
        self.list(&node.fields, |w, field| {
            w.text(&field.name);
            w.id(&field.id);
            w.number(usize::from(field.required));
            w.number(PRESENCES.iter().position(|p| *p == field.presence).unwrap_or_default());
        });
        self.option(node.items.as_ref(), Writer::id);
        self.option(node.additional.as_ref(), Writer::id);
    }

    fn kind(&mut self, kind: &Kind) {
        self.gvk(&kind.gvk);
        self.text(&kind.plural);
        self.text(&kind.singular);
        self.number(usize::from(kind.is_namespaced()));
        for texts in [&kind.short_names, &kind.categories, &kind.verbs] {
            self.list(texts, |w, text| w.text(text));
        }
        self.list(&kind.subresources, |w, sub| {
            w.text(&sub.name);
            w.gvk(&sub.gvk);
            w.list(&sub.verbs, |w, verb| w.text(verb));
            w.option(sub.scale.as_ref(), |w, scale| {
                w.text(&scale.spec_replicas.to_string());
                w.text(&scale.status_replicas.to_string());
                w.option(scale.label_selector.as_ref(), |w, path| w.text(&path.to_string()));
            });
        });
        self.number(usize::from(kind.preferred));
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    texts: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<usize> {
        let mut n = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            n |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    fn flag(&mut self) -> Option<bool> {
        self.number().map(|n| n != 0)
    }

    fn id(&mut self) -> Option<Id> {
        Id::try_from(self.number()?).ok()
    }

    fn raw_text(&mut self) -> Option<&'a str> {
        let len = self.number()?;
        let (text, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        std::str::from_utf8(text).ok()
    }

    fn text(&mut self) -> Option<&'a str> {
        let number = self.number()?;
        self.texts.get(number).copied()
    }

    fn string(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    fn key(&mut self) -> Option<Key> {
        self.text().map(Key::from)
    }

    fn path(&mut self) -> Option<FieldPath> {
        self.text()?.parse().ok()
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let len = self.number()?;
        (0..len).map(|_| read(self)).collect()
    }

    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.flag()? {
            true => read(self).map(Some),
            false => Some(None),
        }
    }

    fn gvk(&mut self) -> Option<GroupVersionKind> {
        Some(GroupVersionKind::new(self.text()?, self.text()?, self.text()?))
    }

    fn node(&mut self) -> Option<Node> {
        let kind = *KINDS.get(self.number()?)?;
        let format = *FORMATS.get(self.number()?)?;
        let flags = self.number()?;
        let flag = |bit: usize| flags >> bit & 1 == 1;
        Some(Node {
            kind,
            format,
            nullable: flag(0),
            preserve_unknown: flag(1),
            embedded: flag(2),
            set: flag(3),
            map_type: if flag(4) { MapType::Atomic } else { MapType::Granular },
            patch: PatchStrategy { merge: flag(5), retain_keys: flag(6), replace: flag(7) },
            keys: self.list(Self::key)?.into(),
            merge_key: self.option(Self::key)?,
            default: self.option(|r| Value::from_json(r.text()?.as_bytes()).ok())?,
            fields: self.list(Self::field)?.into(),
            items: self.option(Self::id)?,
            additional: self.option(Self::id)?,
            index: FieldIndex::default(),
        })
    }

    fn field(&mut self) -> Option<Field> {
        Some(Field {
            name: self.key()?,
            id: self.id()?,
            required: self.flag()?,
            presence: *PRESENCES.get(self.number()?)?,
        })
    }

    fn kind(&mut self) -> Option<Kind> {
        Some(Kind {
            gvk: self.gvk()?,
            plural: self.string()?,
            singular: self.string()?,
            scope: if self.flag()? { Scope::Namespaced } else { Scope::Cluster },
            short_names: self.list(Self::string)?,
            categories: self.list(Self::string)?,
            verbs: self.list(Self::string)?,
            subresources: self.list(Self::subresource)?,
            preferred: self.flag()?,
        })
    }

    fn subresource(&mut self) -> Option<Subresource> {
        Some(Subresource {
            name: self.string()?,
            gvk: self.gvk()?,
            verbs: self.list(Self::string)?,
            scale: self.option(|r| {
                Some(ScalePaths {
                    spec_replicas: r.path()?,
                    status_replicas: r.path()?,
                    label_selector: r.option(Self::path)?,
                })
            })?,
        })
    }
}
