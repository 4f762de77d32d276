//! `FieldsV1`: `f:` fields, `k:` keyed items, `v:` items of sets, `i:` items by index, `.` the node itself.

use tautline_core::{JsonError, Key, Map, PathElement, Value};

use super::FieldSet;

/// Why `fieldsV1` cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsError {
    /// The text is no JSON.
    #[error("fieldsV1 is not JSON: {0}")]
    Json(#[from] JsonError),
    /// A node that is no map, or a key without a known prefix and a value after it.
    #[error(
        "fieldsV1 holds {0:?}, which names no field; entries look like \"f:spec\" or \"k:{{\\\"name\\\":\\\"a\\\"}}\""
    )]
    Entry(String),
}

impl FieldSet {
    /// Reads `FieldsV1` text.
    ///
    /// # Errors
    /// When the text is no JSON or a key names no field.
    pub fn from_json(text: &str) -> Result<Self, FieldsError> {
        Self::from_value(&Value::from_json(text.as_bytes())?)
    }

    /// Reads the `fieldsV1` of an entry of `managedFields`.
    ///
    /// # Errors
    /// When a node is no map or a key names no field. Keys of kinds that a future version may add are skipped,
    /// as the API server does.
    pub fn from_value(value: &Value) -> Result<Self, FieldsError> {
        Ok(read(value)?.0)
    }

    /// Prints `FieldsV1` text.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(false, &mut out);
        out
    }

    /// The `fieldsV1` of an entry of `managedFields`.
    pub fn to_value(&self) -> Value {
        Value::Map(self.to_map(false))
    }

    fn to_map(&self, with_self: bool) -> Map {
        let dot = with_self.then(|| (Key::from("."), Value::map()));
        let below = self
            .children
            .iter()
            .map(|(element, child)| (Key::from(print(element)), Value::Map(child.to_map(self.has(element)))));
        let leaves = self.members.iter().filter(|member| self.child(member).is_none());
        dot.into_iter().chain(leaves.map(|m| (Key::from(print(m)), Value::map()))).chain(below).collect()
    }

    fn write(&self, with_self: bool, out: &mut String) {
        out.push('{');
        let mut entries: Vec<(&PathElement, Option<&FieldSet>)> =
            self.children.iter().map(|(element, child)| (element, Some(child))).collect();
        entries.extend(self.members.iter().filter(|m| self.child(m).is_none()).map(|m| (m, None)));
        entries.sort_by(|a, b| super::compare(a.0, b.0));
        if with_self && !entries.is_empty() {
            out.push_str("\".\":{}");
        }
        for (i, (element, child)) in entries.into_iter().enumerate() {
            if i > 0 || with_self {
                out.push(',');
            }
            write_text(&print(element), false, out);
            out.push(':');
            match child {
                Some(child) => child.write(self.has(element), out),
                None => out.push_str("{}"),
            }
        }
        out.push('}');
    }
}

/// What a node holds, and whether the node itself is a member.
fn read(value: &Value) -> Result<(FieldSet, bool), FieldsError> {
    let map = match value {
        Value::Map(map) => map,
        // The server reads null as an empty node.
        Value::Null => return Ok((FieldSet::new(), true)),
        other => return Err(FieldsError::Entry(other.kind_name().to_owned())),
    };
    let mut members = Vec::with_capacity(map.len());
    let mut children = Vec::new();
    let mut with_self = false;
    let mut has_children = false;
    for (key, below) in map {
        if key == "." {
            with_self = true;
            continue;
        }
        let Some(element) = parse(key)? else { continue };
        let (child, member) = read(below)?;
        has_children = true;
        match (member, child.is_empty()) {
            (true, true) => members.push(element),
            (true, false) => {
                members.push(element.clone());
                children.push((element, child));
            }
            (false, false) => children.push((element, child)),
            (false, true) => {}
        }
    }
    Ok((FieldSet::of_parts(members, children), with_self || !has_children))
}

pub(super) fn parse(key: &str) -> Result<Option<PathElement>, FieldsError> {
    let bad = || FieldsError::Entry(key.to_owned());
    let (kind, rest) = key.split_at_checked(2).ok_or_else(bad)?;
    Ok(Some(match kind {
        "f:" => PathElement::Field(Key::from(rest)),
        "v:" => PathElement::Value(Value::from_json(rest.as_bytes()).map_err(|_| bad())?),
        "k:" => match Value::from_json(rest.as_bytes()) {
            Ok(Value::Map(keys)) => PathElement::Item(keys),
            _ => return Err(bad()),
        },
        "i:" => PathElement::Index(rest.parse().map_err(|_| bad())?),
        kind if kind.ends_with(':') => return Ok(None),
        _ => return Err(bad()),
    }))
}

pub(super) fn print(element: &PathElement) -> String {
    match element {
        PathElement::Field(name) => format!("f:{name}"),
        PathElement::Value(value) => {
            let mut out = String::from("v:");
            write_value(value, &mut out);
            out
        }
        PathElement::Item(keys) => {
            let mut out = String::from("k:{");
            for (i, (key, value)) in keys.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_text(key, false, &mut out);
                out.push(':');
                write_value(value, &mut out);
            }
            out.push('}');
            out
        }
        PathElement::Index(i) => format!("i:{i}"),
    }
}

pub(super) fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => write_text(text, true, out),
        other => out.push_str(&other.to_json()),
    }
}

/// Whether nothing in a text is ever escaped.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| PLAIN.get(usize::from(b)).is_some_and(|plain| *plain))
}

/// Whether a byte stands for itself in JSON as Go writes it.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte] = !matches!(byte as u8, b'"' | b'\\' | b'<' | b'>' | b'&');
        byte += 1;
    }
    plain
};

/// Writes JSON text; `html` says whether `<`, `>` and `&` are escaped, as Go does for values but not for keys.
pub(super) fn write_text(text: &str, html: bool, out: &mut String) {
    out.push('"');
    if is_plain(text) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 || (html && "<>&\u{2028}\u{2029}".contains(c)) => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
