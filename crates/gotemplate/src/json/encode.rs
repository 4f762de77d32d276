//! Writing JSON.

use crate::format::{Float, format_float};
use crate::parse::decode;
use crate::{Exhausted, Failure, Go, Kind, Number, Value};

/// How JSON is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonStyle {
    /// `json.Marshal`: on one line, `<`, `>` and `&` escaped.
    Compact,
    /// `json.MarshalIndent` with two spaces, escaped likewise.
    Pretty,
    /// On one line, nothing escaped that need not be.
    Raw,
}

/// Bytes of one text.
const LIMIT: usize = 16 << 20;
/// Go looks for cycles when it is this deep.
const DEPTH: usize = 1000;

/// Writes a value as the JSON of Go's `encoding/json`: keys sorted, floats plain up to 1e21, bytes as base64.
///
/// # Errors
/// In Go's words for what has no JSON form: NaN, functions, maps that hold themselves. And for a text of more
/// than 16 MiB.
pub fn encode_json(value: &Value, style: JsonStyle, go: Go) -> Result<String, Failure> {
    encode_within(value, style, go, LIMIT)
}

/// The same, with a limit of its own.
pub(crate) fn encode_within(
    value: &Value,
    style: JsonStyle,
    go: Go,
    limit: usize,
) -> Result<String, Failure> {
    let mut writer = Writer { out: String::new(), style, go, limit: limit.min(LIMIT) };
    writer.value(value, 0)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    style: JsonStyle,
    go: Go,
    limit: usize,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        if self.out.len() > self.limit {
            return Err(Failure::exhausted(Exhausted::Bytes));
        }
        match value {
            Value::NoValue | Value::Nil => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Float(n) => self.float(Float::F64(*n), *n)?,
            Value::Number(Number::Float32(n)) => self.float(Float::F32(*n), (*n).into())?,
            Value::Int(_) | Value::Number(_) => match (value.as_signed(), value.as_unsigned()) {
                (Some(n), _) => self.out.push_str(&n.to_string()),
                (None, n) => self.out.push_str(&n.unwrap_or_default().to_string()),
            },
            Value::String(text) => self.string(text.as_bytes()),
            Value::Bytes(bytes) => {
                let text = super::base64(bytes);
                self.string(text.as_bytes());
            }
            Value::Complex(_) | Value::Function(_) => {
                return Err(format!("json: unsupported type: {}", value.type_name()).into());
            }
            _ if depth > DEPTH => {
                let name = value.type_name();
                return Err(format!("json: unsupported value: encountered a cycle via {name}").into());
            }
            container => stacker::maybe_grow(64 << 10, 1 << 20, || self.container(container, depth))?,
        }
        Ok(())
    }

    fn container(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        match value {
            Value::List(list) if list.is_nil() => self.out.push_str("null"),
            Value::Map(map) if map.is_nil() => self.out.push_str("null"),
            Value::List(list) => self.list(list.iter(), depth)?,
            Value::Map(map) => {
                self.map(map.entries().iter().map(|(k, v)| (k.as_bytes(), v)), depth)?;
            }
            Value::Host(host) => match host.to_json() {
                Some(value) => self.value(&value, depth + 1)?,
                None if host.kind() == Kind::Slice => {
                    self.list(host.entries().iter().map(|(_, v)| v), depth)?;
                }
                None => {
                    let entries: Vec<_> =
                        host.entries().into_iter().map(|(k, v)| (k.to_string(), v)).collect();
                    self.map(entries.iter().map(|(k, v)| (k.as_bytes(), v)), depth)?;
                }
            },
            _ => {}
        }
        Ok(())
    }

    fn list<'v>(&mut self, items: impl Iterator<Item = &'v Value>, depth: usize) -> Result<(), Failure> {
        let mut any = false;
        self.out.push('[');
        for item in items {
            self.separate(std::mem::replace(&mut any, true), depth + 1);
            self.value(item, depth + 1)?;
        }
        self.close(any, depth, ']');
        Ok(())
    }

    fn map<'v>(
        &mut self,
        entries: impl Iterator<Item = (&'v [u8], &'v Value)>,
        depth: usize,
    ) -> Result<(), Failure> {
        let mut any = false;
        self.out.push('{');
        for (key, item) in entries {
            self.separate(std::mem::replace(&mut any, true), depth + 1);
            self.string(key);
            self.out.push_str(if self.style == JsonStyle::Pretty { ": " } else { ":" });
            self.value(item, depth + 1)?;
        }
        self.close(any, depth, '}');
        Ok(())
    }

    fn separate(&mut self, after_another: bool, depth: usize) {
        if after_another {
            self.out.push(',');
        }
        self.line(depth);
    }

    fn close(&mut self, any: bool, depth: usize, bracket: char) {
        if any {
            self.line(depth);
        }
        self.out.push(bracket);
    }

    fn line(&mut self, depth: usize) {
        if self.style == JsonStyle::Pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", depth));
        }
    }

    fn float(&mut self, n: Float, wide: f64) -> Result<(), Failure> {
        if !wide.is_finite() {
            return Err(format!("json: unsupported value: {}", format_float(n, 'g', None)).into());
        }
        let size = wide.abs();
        let (small, large) = match n {
            Float::F32(n) => (n != 0.0 && n.abs() < 1e-6, n.abs() >= 1e21),
            Float::F64(_) => (size != 0.0 && size < 1e-6, size >= 1e21),
        };
        let mut text = format_float(n, if small || large { 'e' } else { 'f' }, None);
        if small || large {
            // e-09 is written e-9.
            let at = text.len().saturating_sub(4);
            if text[at..].starts_with("e-0") {
                text.remove(at + 2);
            }
        }
        self.out.push_str(&text);
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) {
        let html = self.style != JsonStyle::Raw;
        self.out.push('"');
        let mut at = 0;
        while let Some((c, width)) = decode(&bytes[at..]) {
            at += width;
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\x08' => self.out.push_str("\\b"),
                '\x0c' => self.out.push_str("\\f"),
                '<' | '>' | '&' if html => self.escape(c),
                '\u{2028}' | '\u{2029}' => self.escape(c),
                '\u{fffd}' if width == 1 && self.go < Go::V1_27 => self.out.push_str("\\ufffd"),
                c if c < ' ' => self.escape(c),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        self.out.push_str(&format!("\\u{:04x}", u32::from(c)));
    }
}
