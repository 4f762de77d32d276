//! What a reading makes of what it finds: values, or trees.

use std::borrow::Cow;
use std::vec::Drain;

use tautline_core::{Key, List, Map, Value};

use crate::full::to_value;
use crate::node::{Comment, Extras, Node, NodeKind, ScalarStyle, Span};
use crate::read::{Options, Resolver};
use crate::scalar::{Scalar, may_resolve, resolve};

/// Makes keys and values. Nothing instead of one means that the full path must decide.
pub(super) trait Make {
    /// Where a node stands, noted before what is behind it is read.
    type Place;
    type Key;
    type Value;
    /// Whether keys count as nodes of their own.
    const KEYS_COUNT: bool;

    fn place(&mut self, at: usize) -> Self::Place;
    /// Moves a place on along its line, past nothing but space.
    fn shift(&mut self, place: &mut Self::Place, at: usize) -> Option<()>;
    fn comment(&mut self, text: &str, inline: bool);
    fn key(&mut self, place: Self::Place, text: &str, style: ScalarStyle) -> Option<Self::Key>;
    fn scalar(&mut self, place: Self::Place, text: Cow<'_, str>, style: ScalarStyle) -> Option<Self::Value>;
    /// A plain scalar of several lines.
    fn folded(&mut self, place: Self::Place, text: String) -> Option<Self::Value>;
    /// What is left out.
    fn null(&mut self, place: Self::Place) -> Option<Self::Value>;
    fn list(&mut self, place: Self::Place, items: Drain<'_, Self::Value>, flow: bool) -> Option<Self::Value>;
    /// A map of the entries from `base` on, which it takes.
    fn map(
        &mut self,
        place: Self::Place,
        entries: &mut Vec<(Self::Key, Self::Value)>,
        base: usize,
        flow: bool,
    ) -> Option<Self::Value>;
}

/// Makes values, which know no places and no comments.
pub(super) struct Values<'a> {
    pub(super) options: &'a Options,
}

impl Make for Values<'_> {
    type Place = ();
    type Key = Key;
    type Value = Value;
    const KEYS_COUNT: bool = false;

    fn place(&mut self, _: usize) {}

    fn shift(&mut self, (): &mut (), _: usize) -> Option<()> {
        Some(())
    }

    fn comment(&mut self, _: &str, _: bool) {}

    fn key(&mut self, (): (), text: &str, style: ScalarStyle) -> Option<Key> {
        let is_text = style != ScalarStyle::Plain
            || !text.bytes().next().is_some_and(may_resolve)
            || resolve(text, self.options.resolver) == Scalar::String;
        is_text.then(|| Key::new(text))
    }

    fn scalar(&mut self, (): (), text: Cow<'_, str>, style: ScalarStyle) -> Option<Value> {
        if style != ScalarStyle::Plain || !text.bytes().next().is_some_and(may_resolve) {
            return Some(Value::string(text));
        }
        match resolve(&text, self.options.resolver) {
            Scalar::Timestamp if self.options.resolver == Resolver::V3 => None,
            scalar => to_value(scalar, &text).ok(),
        }
    }

    fn folded(&mut self, (): (), text: String) -> Option<Value> {
        // With a break inside it is text, unless it looks like a date with a time.
        (!text.starts_with(|c: char| c.is_ascii_digit())).then(|| Value::string(text))
    }

    fn null(&mut self, (): ()) -> Option<Value> {
        Some(Value::Null)
    }

    fn list(&mut self, (): (), items: Drain<'_, Value>, _: bool) -> Option<Value> {
        Some(Value::List(items.collect::<List>()))
    }

    fn map(&mut self, (): (), entries: &mut Vec<(Key, Value)>, base: usize, _: bool) -> Option<Value> {
        let written = entries.len() - base;
        let map = Map::taken_from(entries, base);
        let refused = self.options.strict || self.options.resolver == Resolver::V3;
        (!refused || map.len() == written).then_some(Value::Map(map))
    }
}

/// Makes trees.
pub(super) struct Trees<'a> {
    text: &'a str,
    /// The place noted last: its line, where that line starts, and the place itself.
    line: usize,
    line_start: usize,
    last: usize,
    pending: Vec<Comment>,
}

impl<'a> Trees<'a> {
    pub(super) fn new(text: &'a str, line: usize) -> Self {
        Self { text, line, line_start: 0, last: 0, pending: Vec::new() }
    }
}

/// Where a tree's node stands, and the comments before it.
pub(super) type Place = (Span, Extras);

impl Make for Trees<'_> {
    type Place = Place;
    type Key = Node;
    type Value = Node;
    const KEYS_COUNT: bool = true;

    fn place(&mut self, at: usize) -> Place {
        let passed = self.text.as_bytes().get(self.last..at).unwrap_or_default();
        let breaks = passed.iter().filter(|b| **b == b'\n').count();
        if breaks > 0 {
            self.line += breaks;
            self.line_start = passed.iter().rposition(|b| *b == b'\n').map_or(at, |p| self.last + p + 1);
        }
        self.last = at;
        let before = self.text.get(self.line_start..at).unwrap_or_default();
        let column = if before.is_ascii() { before.len() } else { before.chars().count() };
        (Span::new(self.line, column + 1), Extras::new(None, std::mem::take(&mut self.pending)))
    }

    fn shift(&mut self, place: &mut Place, at: usize) -> Option<()> {
        let ends = matches!(self.text.as_bytes().get(at), None | Some(b'\n' | b'#'));
        place.0 = self.place(at).0;
        (!ends).then_some(())
    }

    fn comment(&mut self, text: &str, inline: bool) {
        self.pending.push(Comment { text: text.to_owned(), inline });
    }

    fn key(&mut self, place: Place, text: &str, style: ScalarStyle) -> Option<Node> {
        Some(node(place, NodeKind::Scalar { text: text.into(), style }))
    }

    fn scalar(&mut self, place: Place, text: Cow<'_, str>, style: ScalarStyle) -> Option<Node> {
        Some(node(place, NodeKind::Scalar { text: text.into(), style }))
    }

    fn folded(&mut self, place: Place, text: String) -> Option<Node> {
        Some(node(place, NodeKind::Scalar { text: text.into(), style: ScalarStyle::Plain }))
    }

    fn null(&mut self, _: Place) -> Option<Node> {
        None
    }

    fn list(&mut self, place: Place, items: Drain<'_, Node>, flow: bool) -> Option<Node> {
        Some(node(place, NodeKind::List { items: items.collect(), flow }))
    }

    fn map(
        &mut self,
        place: Place,
        entries: &mut Vec<(Node, Node)>,
        base: usize,
        flow: bool,
    ) -> Option<Node> {
        Some(node(place, NodeKind::Map { entries: entries.drain(base..).collect(), flow }))
    }
}

fn node((span, extras): Place, kind: NodeKind) -> Node {
    Node { kind, tag: None, span, extras }
}
