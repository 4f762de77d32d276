//! `toYamlPretty`: YAML as go-yaml v3 writes it with an indent of two: lists indented, long text in one line.

use tautline_core::{Map, Value};

/// Writes a value, without the line break at the end.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    emit(value, 0, &mut out);
    out
}

fn emit(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Map(map) if !map.is_empty() => emit_map(map, indent, out),
        Value::List(list) if !list.is_empty() => {
            for (i, item) in list.iter().enumerate() {
                if i > 0 {
                    line(indent, out);
                }
                out.push_str("- ");
                emit(item, indent + 2, out);
            }
        }
        Value::Float(n) => out.push_str(&crate::decode::scalar_text(&Value::Float(*n)).unwrap_or_default()),
        scalar => {
            let text = scalar_text(scalar);
            // Lines of a block follow the indent of where they stand.
            let indent = indent.saturating_sub(2);
            out.push_str(&text.replace('\n', &format!("\n{}", " ".repeat(indent))));
        }
    }
}

fn emit_map(map: &Map, indent: usize, out: &mut String) {
    // The order is that of `toYaml`, which sorts naturally too.
    let mut keys: Vec<&str> = map.keys().map(|k| k.as_str()).collect();
    let order = natural(map);
    keys.sort_by_key(|key| order.iter().position(|k| k == key));
    for (i, key) in keys.into_iter().enumerate() {
        if i > 0 {
            line(indent, out);
        }
        out.push_str(&scalar_text(&Value::string(key)));
        out.push(':');
        match map.get(key) {
            Some(value @ (Value::Map(_) | Value::List(_))) if !is_empty(value) => {
                line(indent + 2, out);
                emit(value, indent + 2, out);
            }
            Some(value) => {
                out.push(' ');
                emit(value, indent + 2, out);
            }
            None => {}
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Map(map) => map.is_empty(),
        Value::List(list) => list.is_empty(),
        _ => false,
    }
}

/// The keys as the YAML writer orders them.
fn natural(map: &Map) -> Vec<String> {
    let shape: Map = map.keys().map(|key| (key.as_str(), Value::Null)).collect();
    let text = tautline_yaml::write(&Value::Map(shape));
    let keys = tautline_yaml::nodes(&text, &tautline_yaml::Options::default()).unwrap_or_default();
    match keys.first().map(|node| &node.kind) {
        Some(tautline_yaml::NodeKind::Map { entries, .. }) => {
            entries.iter().filter_map(|(key, _)| key.as_str().map(str::to_owned)).collect()
        }
        _ => map.keys().map(|k| k.as_str().to_owned()).collect(),
    }
}

fn line(indent: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&" ".repeat(indent));
}

/// A scalar as `toYaml` writes it, in one line unless it is a block.
fn scalar_text(value: &Value) -> String {
    let written = tautline_yaml::write(value);
    let written = written.strip_suffix('\n').unwrap_or(&written);
    if written.starts_with(['|', '>']) || !written.contains('\n') {
        return written.to_owned();
    }
    let mut lines = written.split('\n').map(|line| line.trim_start_matches(' '));
    let mut joined = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        joined.push(' ');
        joined.push_str(if written.starts_with('"') {
            line.strip_prefix("\\ ").map_or(line, |_| &line[1..])
        } else {
            line
        });
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn lists_are_indented_and_text_is_not_folded() {
        let long = "word ".repeat(30) + "end";
        let value =
            value!({ "l": [1, { "a": [2], "b": "x\ny\n" }], "f": 1000000.0, "e": {}, "t": long.as_str() });
        let expect =
            format!("e: {{}}\nf: 1e+06\nl:\n  - 1\n  - a:\n      - 2\n    b: |\n      x\n      y\nt: {long}");
        assert_eq!(write(&value), expect);
    }
}
