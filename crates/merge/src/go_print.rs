//! Values and paths as Go's `fmt` prints them in the API server's messages.

use std::fmt::Write;

use tautline_core::{FieldPath, PathElement, Value};

/// A path as structured-merge-diff prints it: `.spec.containers[name="app"].image`.
pub(crate) fn path(path: &FieldPath) -> String {
    path.elements().map(element).collect()
}

pub(crate) fn element(element: &PathElement) -> String {
    match element {
        PathElement::Field(name) => format!(".{name}"),
        PathElement::Item(keys) => {
            let pairs: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={}", brief(v))).collect();
            format!("[{}]", pairs.join(","))
        }
        PathElement::Value(value) => format!("[={}]", brief(value)),
        PathElement::Index(i) => format!("[{i}]"),
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::List(items) => format!("[{}]", items.iter().map(brief).collect::<Vec<_>>().join(",")),
        Value::Map(map) => map.iter().map(|(k, v)| format!("{k}={}", brief(v))).collect(),
        other => plain(other),
    }
}

/// A value as Go's `%v` prints it, which is how the API server shows a patch that it refuses: maps as `map[a:1 b:2]`,
/// lists as `[1 2]`, null as `<nil>`.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => float(*n),
        Value::String(text) => text.to_string(),
        Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Map(map) => {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{}", plain(v))).collect();
            format!("map[{}]", pairs.join(" "))
        }
    }
}

/// `%#v`: as Go source.
pub(crate) fn source(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => quote(text),
        Value::List(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(source).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{}:{}", quote(k), source(v))).collect();
            format!("map[string]interface {{}}{{{}}}", pairs.join(", "))
        }
        other => plain(other),
    }
}

/// The name of the Go type that JSON becomes.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

/// `%v` of a float: the shortest form, with an exponent below 1e-4 and from 1e21 on.
fn float(n: f64) -> String {
    let size = n.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{n:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        return format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    n.to_string()
}

/// `%q`.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The word for a JSON value in the messages of Go's decoder.
pub(crate) fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}
