//! The full path: events to a [`Node`] tree, and the tree to a value by go-yaml's rules.

use std::collections::HashMap;

use tautline_core::{Key, List, Map, Value};

use crate::error::{Error, ErrorKind};
use crate::node::{Builder, Node, NodeKind, ScalarStyle};
use crate::read::{Options, Resolver};
use crate::scalar::{Scalar, resolve, timestamp};

/// Reads the first document.
pub(crate) fn read(text: &str, options: &Options) -> Result<Value, Error> {
    let mut builder = Builder::new(text, options, false)?;
    match builder.document()? {
        Some(node) => node.to_value(options),
        None => Ok(Value::Null),
    }
}

impl Node {
    /// The value of the tree, with aliases expanded and merge keys applied, by the options' rules.
    pub fn to_value(&self, options: &Options) -> Result<Value, Error> {
        let mut converter = Converter { options, anchors: HashMap::new(), decoded: 0, aliased: 0, depth: 0 };
        converter.value(self, 0)
    }
}

/// What an anchor stands for when its alias comes.
enum Anchored<'n> {
    /// Its value is being built: an alias now would contain itself.
    Open,
    /// Its value, its node and how many nodes it expands to.
    Done(Value, &'n Node, usize),
}

struct Converter<'n, 'o> {
    options: &'o Options,
    anchors: HashMap<usize, Anchored<'n>>,
    /// Nodes decoded, and those of them by way of aliases.
    decoded: usize,
    aliased: usize,
    /// How deep in aliases the work is.
    depth: usize,
}

impl<'n> Converter<'n, '_> {
    fn value(&mut self, node: &'n Node, level: usize) -> Result<Value, Error> {
        let before = self.decoded;
        self.count(node, 1, level)?;
        if let Some(anchor) = node.anchor() {
            self.anchors.insert(anchor.id, Anchored::Open);
        }
        let value = match &node.kind {
            NodeKind::Scalar { text, style } => self.scalar(node, text, *style)?,
            NodeKind::List { items, .. } => {
                let items: Result<Vec<Value>, Error> =
                    items.iter().map(|item| self.value(item, level + 1)).collect();
                Value::List(List::from(items?))
            }
            NodeKind::Map { entries, .. } => Value::Map(self.map(entries, level)?),
            NodeKind::Alias(_) => self.alias(node, level)?.0,
        };
        if let Some(anchor) = node.anchor() {
            let size = self.decoded - before;
            self.anchors.insert(anchor.id, Anchored::Done(value.clone(), node, size));
        }
        Ok(value)
    }

    /// Counts nodes against the budget and go-yaml's limit on aliases.
    fn count(&mut self, node: &Node, nodes: usize, level: usize) -> Result<(), Error> {
        self.decoded = self.decoded.saturating_add(nodes);
        if self.depth > 0 {
            self.aliased = self.aliased.saturating_add(nodes);
        }
        let budget = &self.options.budget;
        if self.aliased > 100 && self.decoded > 1000 {
            // From 99 % of a small document down to 10 % of one with four million nodes.
            let share = (self.decoded.saturating_sub(400_000)).min(3_600_000) as f64 / 3_600_000.0;
            if self.aliased as f64 / self.decoded as f64 > 0.99 - 0.89 * share {
                return Err(node.error(ErrorKind::Aliasing));
            }
        }
        if self.decoded > budget.nodes {
            return Err(node.error(ErrorKind::Nodes(budget.nodes)));
        }
        if level > budget.depth {
            return Err(node.error(ErrorKind::Depth(budget.depth)));
        }
        if self.decoded.is_multiple_of(1024) && budget.cancel.is_cancelled() {
            return Err(node.error(ErrorKind::Cancelled));
        }
        Ok(())
    }

    /// An alias's value and node. The value is shared, but counts as if it were written out.
    fn alias(&mut self, node: &Node, level: usize) -> Result<(Value, &'n Node), Error> {
        let NodeKind::Alias(anchor) = &node.kind else {
            return Err(node.error(ErrorKind::Merge));
        };
        let (value, target, size) = match self.anchors.get(&anchor.id) {
            Some(Anchored::Done(value, target, size)) => (value.clone(), *target, *size),
            Some(Anchored::Open) => return Err(node.error(ErrorKind::Cycle(anchor.name.clone()))),
            None => return Err(node.error(ErrorKind::UnknownAnchor(anchor.name.clone()))),
        };
        self.depth += 1;
        let counted = self.count(node, size, level + height(&value, self.options.budget.depth));
        self.depth -= 1;
        counted.map(|()| (value, target))
    }

    fn map(&mut self, nodes: &'n [(Node, Node)], level: usize) -> Result<Map, Error> {
        let v3 = self.options.resolver == Resolver::V3;
        let strict = v3 || self.options.strict;
        let mut entries: Vec<(Key, Value)> = Vec::with_capacity(nodes.len());
        let mut merged: Vec<(Key, Value)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (key, value) in nodes {
            if is_merge(key) {
                let into = if v3 { &mut merged } else { &mut entries };
                self.merge(value, level, into)?;
                continue;
            }
            let name = self.key(key, level)?;
            if strict && !seen.insert(name.clone()) {
                return Err(key.error(ErrorKind::Duplicate(name.to_string())));
            }
            let value = self.value(value, level + 1)?;
            entries.push((name, value));
        }
        if !v3 {
            return Ok(entries.into_iter().collect());
        }
        // v3: keys of the map itself win over merged ones, and of those the first.
        merged.extend(entries);
        Ok(merged.into_iter().collect())
    }

    /// Adds the entries of a merge key's value: of a list, the first map wins.
    fn merge(&mut self, node: &'n Node, level: usize, into: &mut Vec<(Key, Value)>) -> Result<(), Error> {
        match &node.kind {
            NodeKind::List { items, .. } => {
                for item in items.iter().rev() {
                    if matches!(item.kind, NodeKind::List { .. } | NodeKind::Scalar { .. }) {
                        return Err(item.error(ErrorKind::Merge));
                    }
                    self.merge(item, level + 1, into)?;
                }
                Ok(())
            }
            NodeKind::Map { .. } | NodeKind::Alias(_) => match self.value(node, level + 1)? {
                Value::Map(map) => {
                    into.extend(map);
                    Ok(())
                }
                _ => Err(node.error(ErrorKind::Merge)),
            },
            NodeKind::Scalar { .. } => Err(node.error(ErrorKind::Merge)),
        }
    }

    /// A key as sigs.k8s.io/yaml 1.6 turns it into text.
    fn key(&mut self, node: &'n Node, level: usize) -> Result<Key, Error> {
        if let NodeKind::Scalar { text, style } = &node.kind
            && node.anchor().is_none()
        {
            self.count(node, 1, level)?;
            return key_text(node, text, self.typed(node, text, *style)?);
        }
        let value = self.value(node, level + 1)?;
        let target = match &node.kind {
            NodeKind::Alias(_) => self.alias(node, level)?.1,
            _ => node,
        };
        match (&target.kind, value) {
            (NodeKind::Scalar { text, style }, _) => key_text(node, text, self.typed(target, text, *style)?),
            _ => Err(node.error(ErrorKind::Key(target.kind_name()))),
        }
    }

    /// What a scalar is by its tag, style and text.
    fn typed(&self, node: &Node, text: &str, style: ScalarStyle) -> Result<Typed, Error> {
        let resolver = self.options.resolver;
        let scalar = match node.tag.as_deref() {
            None if style != ScalarStyle::Plain => Scalar::String,
            None => resolve(text, resolver),
            Some("!!binary") => {
                let data = base64(text).ok_or_else(|| node.error(ErrorKind::Base64))?;
                return Ok(Typed::Text(String::from_utf8_lossy(&data).into_owned()));
            }
            Some(tag @ ("!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp")) => {
                tagged(tag, resolve(text, resolver)).map_err(|kind| node.error(kind))?
            }
            Some(_) => Scalar::String,
        };
        Ok(Typed::Scalar(scalar))
    }

    fn scalar(&self, node: &Node, text: &str, style: ScalarStyle) -> Result<Value, Error> {
        let scalar = match self.typed(node, text, style)? {
            Typed::Text(text) => return Ok(Value::string(text)),
            Typed::Scalar(scalar) => scalar,
        };
        if scalar == Scalar::Timestamp
            && self.options.resolver == Resolver::V3
            && let Some(time) = timestamp(text)
        {
            return Ok(Value::string(time.rfc3339()));
        }
        to_value(scalar, text).map_err(|kind| node.error(kind))
    }
}

/// A scalar with its type known.
enum Typed {
    Scalar(Scalar),
    /// Text that is not the one written.
    Text(String),
}

/// The value of a resolved scalar, as it comes out of the detour through JSON.
pub(crate) fn to_value(scalar: Scalar, text: &str) -> Result<Value, ErrorKind> {
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(b) => Value::Bool(b),
        Scalar::Int(n) => Value::Int(n),
        Scalar::Unsigned(n) => Value::Float(n as f64),
        Scalar::Float(n) if n.is_nan() => return Err(ErrorKind::NotFinite("NaN")),
        Scalar::Float(n) if n.is_infinite() => {
            return Err(ErrorKind::NotFinite(if n > 0.0 { "+Inf" } else { "-Inf" }));
        }
        // `1.0` is written `1` in JSON and is an integer from there on.
        Scalar::Float(n) if n.fract() == 0.0 && n.abs() < 9_223_372_036_854_775_808.0 => Value::Int(n as i64),
        Scalar::Float(n) => Value::Float(n),
        Scalar::Timestamp | Scalar::String => Value::string(text),
    })
}

fn tagged(tag: &str, scalar: Scalar) -> Result<Scalar, ErrorKind> {
    let found = match scalar {
        Scalar::Null => "!!null",
        Scalar::Bool(_) => "!!bool",
        Scalar::Int(n) if tag == "!!float" => return Ok(Scalar::Float(n as f64)),
        Scalar::Int(_) | Scalar::Unsigned(_) => "!!int",
        Scalar::Float(_) => "!!float",
        Scalar::Timestamp => "!!timestamp",
        Scalar::String => "!!str",
    };
    if found == tag { Ok(scalar) } else { Err(ErrorKind::Tag { found, tag: tag.to_owned() }) }
}

fn key_text(node: &Node, text: &str, typed: Typed) -> Result<Key, Error> {
    let scalar = match typed {
        Typed::Text(text) => return Ok(Key::new(&text)),
        Typed::Scalar(scalar) => scalar,
    };
    Ok(match scalar {
        Scalar::Null => return Err(node.error(ErrorKind::Key("null"))),
        Scalar::Unsigned(_) => return Err(node.error(ErrorKind::Key("64-bit unsigned integer"))),
        Scalar::Bool(b) => Key::new(if b { "true" } else { "false" }),
        Scalar::Int(n) => Key::new(&n.to_string()),
        Scalar::Float(n) => Key::new(&crate::write::float_key(n)),
        Scalar::Timestamp | Scalar::String => Key::new(text),
    })
}

fn is_merge(key: &Node) -> bool {
    match &key.kind {
        NodeKind::Scalar { text, style } => {
            text == "<<"
                && match key.tag.as_deref() {
                    None => *style == ScalarStyle::Plain,
                    Some(tag) => tag == "!!merge",
                }
        }
        _ => false,
    }
}

/// How many levels a value has below it, looking no deeper than a limit.
fn height(value: &Value, limit: usize) -> usize {
    if limit == 0 {
        return 1;
    }
    let below = |value: &Value| height(value, limit - 1);
    match value {
        Value::List(list) => 1 + list.iter().map(below).max().unwrap_or(0),
        Value::Map(map) => 1 + map.values().map(below).max().unwrap_or(0),
        _ => 0,
    }
}

/// Standard base64 with padding; line breaks are skipped, as Go's decoder does.
fn base64(text: &str) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let digits = symbols.iter().rposition(|b| *b != b'=').map_or(0, |last| last + 1);
    let padding = symbols.len() - digits;
    if padding > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(symbols.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for symbol in symbols.iter().take(digits) {
        let digit = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}
