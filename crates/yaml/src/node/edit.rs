//! Making and changing trees: what go-yaml v3's `yaml.Node` offers to programs like Kustomize.

use compact_str::CompactString;

use super::{Extras, Node, NodeKind, ScalarStyle, Span, Tag};
use crate::read::Resolver;
use crate::scalar::{Scalar, resolve};

impl Node {
    /// A node made by a program: it stands nowhere ([`Span::line`] is 0) and has no tag.
    pub fn new(kind: NodeKind) -> Self {
        Self { kind, tag: None, span: Span::default(), extras: Extras::default() }
    }

    /// A scalar without quotes. What it is shows only when it is written: `5` will be a number.
    pub fn plain(text: impl Into<CompactString>) -> Self {
        Self::new(NodeKind::Scalar { text: text.into(), style: ScalarStyle::Plain })
    }

    /// A scalar that is text whatever it looks like.
    pub fn text(text: impl Into<CompactString>) -> Self {
        Self { tag: Some(Tag::STR), ..Self::plain(text) }
    }

    /// An empty map in block style.
    pub fn map() -> Self {
        Self::new(NodeKind::Map { entries: Vec::new(), flow: false })
    }

    /// An empty list in block style.
    pub fn list() -> Self {
        Self::new(NodeKind::List { items: Vec::new(), flow: false })
    }

    /// A map's entries; none of any other node.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            NodeKind::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    /// A map's entries, to change them.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<(Node, Node)>> {
        match &mut self.kind {
            NodeKind::Map { entries, .. } => Some(entries),
            _ => None,
        }
    }

    /// A list's items; none of any other node.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::List { items, .. } => items,
            _ => &[],
        }
    }

    /// A list's items, to change them.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.kind {
            NodeKind::List { items, .. } => Some(items),
            _ => None,
        }
    }

    /// Whether it is a scalar.
    pub fn is_scalar(&self) -> bool {
        matches!(self.kind, NodeKind::Scalar { .. })
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.kind, NodeKind::Map { .. })
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.kind, NodeKind::List { .. })
    }

    /// The value at the first such key, as programs over go-yaml v3 look it up.
    pub fn field(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// The value at the first such key, to change it.
    pub fn field_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries_mut()?.iter_mut().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// Takes the first such key and its value out.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let entries = self.entries_mut()?;
        let at = entries.iter().position(|(k, _)| k.as_str() == Some(key))?;
        Some(entries.remove(at).1)
    }

    /// Appends an entry, whether or not its key is there already.
    pub fn push(&mut self, key: impl Into<CompactString>, value: Node) {
        if let Some(entries) = self.entries_mut() {
            // A map seldom gets more than one entry: room for four would be most of a small map's memory.
            if entries.len() < 8 {
                entries.reserve_exact(1);
            }
            entries.push((Node::plain(key), value));
        }
    }

    /// The tag that go-yaml v3 gives the node: the one written, or what its text and style stand for. Empty
    /// for a plain scalar that a program made.
    pub fn short_tag(&self) -> &str {
        if let Some(tag) = &self.tag {
            return tag;
        }
        match &self.kind {
            NodeKind::Map { .. } if self.span.line == 0 => "",
            NodeKind::List { .. } if self.span.line == 0 => "",
            NodeKind::Map { .. } => "!!map",
            NodeKind::List { .. } => "!!seq",
            NodeKind::Alias(_) => "",
            NodeKind::Scalar { style, .. } if *style != ScalarStyle::Plain => "!!str",
            NodeKind::Scalar { .. } if self.span.line == 0 => "",
            NodeKind::Scalar { text, .. } if text == "<<" => "!!merge",
            NodeKind::Scalar { text, .. } => plain_tag(text),
        }
    }

    /// Whether it is null by its tag.
    pub fn is_null(&self) -> bool {
        match (&self.tag, &self.kind) {
            (Some(tag), _) => tag == "!!null",
            (None, NodeKind::Scalar { text, style: ScalarStyle::Plain }) if self.span.line > 0 => {
                resolve(text, Resolver::V3) == Scalar::Null
            }
            _ => false,
        }
    }

    /// Changes a scalar's text and nothing else: what it was, it stays, as far as the new text allows.
    pub fn set_text(&mut self, new: impl Into<CompactString>) {
        let new = new.into();
        let tag = match self.short_tag() {
            "" => None,
            tag => Some(Tag::from(tag)),
        };
        let NodeKind::Scalar { text, style } = &mut self.kind else { return };
        let implied = if *style == ScalarStyle::Plain { plain_tag(&new) } else { "!!str" };
        *text = new;
        self.tag = tag.filter(|tag| tag != implied);
    }
}

/// The tag of a plain scalar by go-yaml v3's rules.
pub(crate) fn plain_tag(text: &str) -> &'static str {
    match resolve(text, Resolver::V3) {
        Scalar::Null => "!!null",
        Scalar::Bool(_) => "!!bool",
        Scalar::Int(_) | Scalar::Unsigned(_) => "!!int",
        Scalar::Float(_) => "!!float",
        Scalar::Timestamp => "!!timestamp",
        Scalar::String => "!!str",
    }
}
