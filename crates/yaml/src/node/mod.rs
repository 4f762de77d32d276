//! [`Node`]: the tree as it was written, for tools that must keep text and style.

mod anchors;
mod build;
mod edit;
mod extras;
mod tag;

use compact_str::CompactString;

use crate::error::{Error, ErrorKind};

pub(crate) use build::Builder;
pub use build::{nodes, nodes_from, nodes_fully};
pub(crate) use edit::plain_tag;
pub use extras::{Anchor, Comment, Extras};
pub use tag::Tag;

/// A node as it was written.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its tag, resolved and in short form: `!!str`, `!custom`.
    pub tag: Option<Tag>,
    /// Where it stands.
    pub span: Span,
    /// Its anchor and comments, which few nodes have.
    pub extras: Extras,
}

/// The kinds of nodes.
#[derive(Clone, PartialEq)]
pub enum NodeKind {
    /// A scalar with its text after unescaping and folding.
    Scalar {
        /// The text.
        text: CompactString,
        /// How it was written.
        style: ScalarStyle,
    },
    /// A list.
    List {
        /// The items.
        items: Vec<Node>,
        /// Whether it is written in brackets.
        flow: bool,
    },
    /// A map.
    Map {
        /// The entries in the order written, duplicates included.
        entries: Vec<(Node, Node)>,
        /// Whether it is written in braces.
        flow: bool,
    },
    /// An alias of an anchor before it.
    Alias(Box<Anchor>),
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes.
    Plain,
    /// `'…'`.
    SingleQuoted,
    /// `"…"`.
    DoubleQuoted,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// Where a node's first character stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

impl Span {
    /// A place; one beyond four thousand million lines or columns is that far.
    pub(crate) fn new(line: usize, column: usize) -> Self {
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { line: short(line), column: short(column) }
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            NodeKind::Scalar { style, .. } => write!(f, "<{style:?}>"),
            NodeKind::Alias(anchor) => write!(f, "*{}", anchor.name),
            NodeKind::List { items, .. } => f.debug_list().entries(items).finish(),
            NodeKind::Map { entries, .. } => {
                f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish()
            }
        }
    }
}

impl std::fmt::Debug for NodeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scalar { .. } => "Scalar",
            Self::List { .. } => "List",
            Self::Map { .. } => "Map",
            Self::Alias(_) => "Alias",
        })
    }
}

impl Node {
    /// The text of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value at a key of a map; the last where there are several. Aliases are not followed.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Map { entries, .. } => {
                entries.iter().rev().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
            }
            _ => None,
        }
    }

    /// The word for its kind in messages.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            NodeKind::Scalar { .. } => "scalar",
            NodeKind::List { .. } => "list",
            NodeKind::Map { .. } => "map",
            NodeKind::Alias(_) => "alias",
        }
    }

    /// An error where the node stands.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        kind.at_span(self.span)
    }
}
