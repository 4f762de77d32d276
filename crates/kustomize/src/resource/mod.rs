//! A resource: an object and what the build remembers of it.

mod absorb;
mod id;
mod list;
mod read;
mod scope;

use compact_str::CompactString;
use tautline_core::Origin;
use tautline_yaml::Node;

use crate::error::Result;
use crate::fields;

pub(crate) use id::{Gvk, Id, split_api_version};
pub(crate) use list::{Resources, matches_texts, parse_selector};
pub(crate) use read::{from_value, read_resources};
pub(crate) use scope::is_known;

/// An identity that a resource had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) name: CompactString,
    /// Effective: `default`, or [`id::NOT_NAMESPACED`].
    pub(crate) namespace: CompactString,
    pub(crate) kind: CompactString,
}

/// What a generated resource does with one that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub(crate) fn read(text: &str) -> Self {
        match text {
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            "create" => Self::Create,
            _ => Self::Unspecified,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// What Kustomize keeps in annotations of its own while it builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Earlier identities, the original first.
    pub(crate) former: Vec<Former>,
    pub(crate) prefixes: Vec<CompactString>,
    pub(crate) suffixes: Vec<CompactString>,
    pub(crate) behavior: Option<Behavior>,
    pub(crate) needs_hash: bool,
    pub(crate) may_change_name: bool,
    pub(crate) may_change_kind: bool,
    /// It came out of a Helm chart, and keeps its namespace.
    pub(crate) from_chart: bool,
}

impl Memory {
    /// Whether there would be such annotations.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An object and what the build remembers of it.
#[derive(Clone)]
pub(crate) struct Resource {
    pub(crate) node: Node,
    pub(crate) memory: Memory,
    /// The vars that take their value from it.
    pub(crate) vars: Vec<String>,
    /// The file and line it was read from, and what changed it since.
    pub(crate) origin: Origin,
    /// How many nodes were added that stand in several places; see [`fields::shared_text`].
    pub(crate) shared: usize,
    /// What wrote its fields, if somebody asked.
    pub(crate) leaves: crate::trace::Leaves,
}

impl Resource {
    pub(crate) fn new(node: Node, origin: Origin) -> Self {
        Self {
            node,
            memory: Memory::default(),
            vars: Vec::new(),
            origin,
            shared: 0,
            leaves: crate::trace::Leaves::new(),
        }
    }

    pub(crate) fn kind(&self) -> &str {
        self.node.field("kind").and_then(Node::as_str).unwrap_or_default()
    }

    pub(crate) fn api_version(&self) -> &str {
        self.node.field("apiVersion").and_then(Node::as_str).unwrap_or_default()
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::of(self.api_version(), self.kind())
    }

    pub(crate) fn name(&self) -> &str {
        meta_text(&self.node, "name")
    }

    pub(crate) fn namespace(&self) -> &str {
        meta_text(&self.node, "namespace")
    }

    /// What it is now.
    pub(crate) fn id(&self) -> Id {
        identify(&self.node)
    }

    /// What it was before, the original first; group and version are those of today.
    pub(crate) fn former_ids(&self) -> impl Iterator<Item = Id> + '_ {
        let gvk = self.gvk();
        self.memory.former.iter().map(move |former| {
            let gvk = Gvk { kind: former.kind.clone(), ..gvk.clone() };
            Id::of(gvk, &former.name, &former.namespace)
        })
    }

    /// What it was when it was read.
    pub(crate) fn original_id(&self) -> Id {
        let original = self.former_ids().next();
        original.unwrap_or_else(|| self.id())
    }

    /// Remembers today's identity before it changes.
    pub(crate) fn remember_id(&mut self) {
        let id = self.id();
        if id.name.is_empty() {
            return;
        }
        self.memory.former.push(Former {
            namespace: id.effective_namespace().into(),
            name: id.name,
            kind: id.gvk.kind,
        });
    }

    pub(crate) fn set_name(&mut self, name: &str) -> Result<()> {
        let metadata = fields::field_or_insert(&mut self.node, "metadata", Node::map)?;
        fields::set_field(metadata, "name", Node::plain(name))
    }

    pub(crate) fn set_namespace(&mut self, namespace: &str) -> Result<()> {
        if namespace.is_empty() {
            if let Some(metadata) = self.node.field_mut("metadata") {
                metadata.remove("namespace");
            }
            return Ok(());
        }
        let metadata = fields::field_or_insert(&mut self.node, "metadata", Node::map)?;
        fields::set_field(metadata, "namespace", Node::plain(namespace))
    }

    pub(crate) fn set_kind(&mut self, kind: &str) -> Result<()> {
        fields::set_field(&mut self.node, "kind", Node::plain(kind))
    }

    pub(crate) fn set_api_version(&mut self, api_version: &str) -> Result<()> {
        fields::set_field(&mut self.node, "apiVersion", Node::plain(api_version))
    }

    /// Labels or annotations with their texts.
    pub(crate) fn texts(&self, field: &str) -> Vec<(String, String)> {
        let Some(metadata) = self.node.field("metadata") else { return Vec::new() };
        let Some(map) = metadata.field(field) else { return Vec::new() };
        let text = |node: &Node| node.as_str().unwrap_or_default().to_owned();
        let mut texts: Vec<(String, String)> = Vec::new();
        for (key, value) in map.entries() {
            let key = text(key);
            texts.retain(|(known, _)| *known != key);
            texts.push((key, text(value)));
        }
        texts
    }

    /// One label or annotation.
    pub(crate) fn text_of(&self, field: &str, key: &str) -> Option<&str> {
        self.node
            .field("metadata")?
            .field(field)?
            .entries()
            .iter()
            .rev()
            .find_map(|(k, value)| (k.as_str() == Some(key)).then(|| value.as_str().unwrap_or_default()))
    }

    /// Replaces labels or annotations; without any the field goes.
    pub(crate) fn set_texts(&mut self, field: &str, mut texts: Vec<(String, String)>) -> Result<()> {
        let metadata = fields::field_or_insert(&mut self.node, "metadata", Node::map)?;
        if metadata.is_null() {
            *metadata = Node::map();
        }
        metadata.remove(field);
        if texts.is_empty() {
            return Ok(());
        }
        texts.sort_by(|a, b| a.0.cmp(&b.0));
        let mut map = Node::map();
        for (key, text) in texts {
            fields::set_field(&mut map, &key, Node::text(text))?;
        }
        metadata.push(field, map);
        Ok(())
    }

    /// Whether nothing is left of it.
    pub(crate) fn is_gone(&self) -> bool {
        fields::is_empty(Some(&self.node))
    }

    /// Notes what changed it.
    pub(crate) fn note(&mut self, via: &str) {
        if self.origin.via.last().is_none_or(|last| last != via) {
            self.origin.via.push(via.to_owned());
        }
    }
}

fn meta_text<'n>(node: &'n Node, field: &str) -> &'n str {
    let metadata = node.field("metadata").filter(|metadata| !metadata.is_null());
    let value = metadata.and_then(|metadata| metadata.field(field));
    value.filter(|value| !fields::is_empty(Some(value))).and_then(Node::as_str).unwrap_or_default()
}

/// An object's identity.
pub(crate) fn identify(node: &Node) -> Id {
    let text = |field: &str| node.field(field).and_then(Node::as_str).unwrap_or_default();
    Id::of(Gvk::of(text("apiVersion"), text("kind")), meta_text(node, "name"), meta_text(node, "namespace"))
}
