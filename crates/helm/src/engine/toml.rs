//! TOML as BurntSushi/toml 1.6 writes and reads it for Helm.

mod words;

use tautline_core::{Key, List, Map, Value};

use crate::Dialect;

/// Writes a value. Nothing is written for nulls in maps; a null in a list is an error.
pub(super) fn write(value: &Value) -> Result<String, String> {
    let mut writer = Writer { out: String::new() };
    writer.value(&mut Vec::new(), value)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
}

impl Writer {
    fn value<'v>(&mut self, path: &mut Vec<&'v str>, value: &'v Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Map(map) => {
                if path.len() == 1 {
                    self.newline();
                }
                if !path.is_empty() {
                    self.line(path, &format!("[{}]", dotted(path)));
                }
                self.map(path, map)
            }
            Value::List(list) if is_tables(list)? => {
                if path.is_empty() {
                    return Err("toml: top-level values must be Go maps or structs".to_owned());
                }
                for item in list.iter() {
                    self.newline();
                    self.line(path, &format!("[[{}]]", dotted(path)));
                    if let Value::Map(map) = item {
                        self.map(path, map)?;
                    }
                }
                Ok(())
            }
            other => {
                if let Some(key) = path.last() {
                    self.indent(path);
                    self.out.push_str(&format!("{} = ", quoted_key(key)));
                }
                self.element(other)?;
                if !path.is_empty() {
                    self.newline();
                }
                Ok(())
            }
        }
    }

    /// Plain entries first, then tables: a table ends its parent's own entries.
    fn map<'v>(&mut self, path: &mut Vec<&'v str>, map: &'v Map) -> Result<(), String> {
        for tables in [false, true] {
            for (key, value) in map {
                if is_table(value)? == tables {
                    path.push(key.as_str());
                    self.value(path, value)?;
                    path.pop();
                }
            }
        }
        Ok(())
    }

    /// A value within a line.
    fn element(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Null => return Err("toml: cannot encode array with nil element".to_owned()),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(n) => self.out.push_str(&n.to_string()),
            Value::Float(n) => self.out.push_str(&float(*n)),
            Value::String(text) => self.out.push_str(&quoted(text)),
            Value::List(list) => {
                self.out.push('[');
                for (i, item) in list.iter().enumerate() {
                    if i > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(item)?;
                }
                self.out.push(']');
            }
            Value::Map(map) => self.inline(map)?,
        }
        Ok(())
    }

    /// A map within a line. A null at the end leaves its comma behind, as in the original.
    fn inline(&mut self, map: &Map) -> Result<(), String> {
        let mut plain: Vec<(&Key, &Value)> = Vec::new();
        let mut tables: Vec<(&Key, &Value)> = Vec::new();
        for (key, value) in map {
            if is_table(value)? { tables.push((key, value)) } else { plain.push((key, value)) }
        }
        self.out.push('{');
        for (entries, more) in [(&plain, !tables.is_empty()), (&tables, false)] {
            for (i, (key, value)) in entries.iter().enumerate() {
                if value.is_null() {
                    continue;
                }
                self.out.push_str(&format!("{} = ", quoted_key(key)));
                self.element(value)?;
                if more || i + 1 != entries.len() {
                    self.out.push_str(", ");
                }
            }
        }
        self.out.push('}');
        Ok(())
    }

    fn line(&mut self, path: &[&str], text: &str) {
        self.indent(path);
        self.out.push_str(text);
        self.newline();
    }

    fn indent(&mut self, path: &[&str]) {
        self.out.push_str(&"  ".repeat(path.len().saturating_sub(1)));
    }

    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }
}

fn is_table(value: &Value) -> Result<bool, String> {
    match value {
        Value::Map(_) => Ok(true),
        Value::List(list) => is_tables(list),
        _ => Ok(false),
    }
}

/// Whether a list holds maps only. A null in it is an error wherever it stands.
fn is_tables(list: &List) -> Result<bool, String> {
    let mut all = !list.is_empty();
    for item in list.iter() {
        match item {
            Value::Null => return Err("toml: cannot encode array with nil element".to_owned()),
            Value::Map(_) => {}
            Value::List(inner) => {
                is_tables(inner)?;
                all = false;
            }
            _ => all = false,
        }
    }
    Ok(all)
}

fn float(n: f64) -> String {
    let text = crate::decode::scalar_text(&Value::Float(n)).unwrap_or_default();
    match text.contains(['e', '.', 'n', 'i']) {
        true => text,
        false => format!("{text}.0"),
    }
}

fn quoted_key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { key.to_owned() } else { quoted(key) }
}

fn dotted(path: &[&str]) -> String {
    path.iter().map(|key| quoted_key(key)).collect::<Vec<_>>().join(".")
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Reads a document. Moments come out as text.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<Map, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(text.len(), |span| span.start);
        words::words(text, error.message(), at, dialect)
    })?;
    Ok(map(table))
}

fn map(table: toml::Table) -> Map {
    table.into_iter().map(|(key, value)| (key, value_of(value))).collect()
}

fn value_of(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(n) => Value::Int(n),
        toml::Value::Float(n) => Value::Float(n),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(items) => Value::List(items.into_iter().map(value_of).collect()),
        toml::Value::Table(table) => Value::Map(map(table)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn writing() {
        let check = |value: Value, expect: &str| assert_eq!(write(&value).unwrap(), expect);
        check(value!({ "b": 1.0, "a": "x\n\"", "n": null }), "a = \"x\\n\\\"\"\nb = 1.0\n");
        check(
            value!({ "t": { "k": 2, "u": { "v": [1.5, "a"] } }, "z": true }),
            "z = true\n\n[t]\n  k = 2\n  [t.u]\n    v = [1.5, \"a\"]\n",
        );
        check(value!({ "l": [{ "a": 1 }, { "b": 2 }] }), "[[l]]\n  a = 1\n\n[[l]]\n  b = 2\n");
        check(value!({ "l": [{ "a": { "c": [{ "x": 1 }] } }, 5] }), "l = [{a = {c = [{x = 1}]}}, 5]\n");
        check(value!({ "a b": 1 }), "\"a b\" = 1\n");
        assert!(write(&value!({ "l": [1, null] })).is_err());
    }
}
