//! The hash behind the names of generated ConfigMaps and Secrets.

use sha2::{Digest, Sha256};
use tautline_core::{Map, Value};
use tautline_yaml::{Node, Options, Resolver};

use crate::error::{Error, Result};

/// The hash of an object: of its kind, data and, for a Secret, type, but not of its name.
pub(crate) fn of(node: &Node) -> Result<String> {
    let kind = node.field("kind").and_then(Node::as_str).unwrap_or_default();
    let mut map = Map::new();
    match kind {
        "ConfigMap" => {
            add(&mut map, node, "data", true)?;
            add(&mut map, node, "binaryData", false)?;
        }
        "Secret" => {
            add(&mut map, node, "data", true)?;
            add(&mut map, node, "stringData", false)?;
            add(&mut map, node, "type", true)?;
        }
        // Kustomize hashes go-yaml's own description of the tree here, which nobody can reproduce but it.
        _ => {
            map.insert("object", value(node)?);
        }
    }
    map.insert("kind", kind);
    map.insert("name", "");
    Ok(encode(&escape_html(&Value::Map(map).to_json())))
}

fn value(node: &Node) -> Result<Value> {
    let options = Options { resolver: Resolver::V3, strict: true, ..Options::default() };
    node.to_value(&options).map_err(|error| Error::Field(format!("yaml: {}", error.kind)))
}

fn add(map: &mut Map, node: &Node, field: &str, always: bool) -> Result<()> {
    let found = match node.field(field) {
        None => Value::from(""),
        Some(field) if field.is_scalar() => Value::from(field.as_str().unwrap_or_default()),
        Some(field) => value(field)?,
    };
    if always || matches!(found, Value::Map(_)) {
        map.insert(field, found);
    }
    Ok(())
}

/// Go's JSON writes these characters as escapes.
pub(crate) fn escape_html(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The first ten digits of the SHA-256, with those replaced that could spell something.
fn encode(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().take(5).flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| match digit {
            0 => 'g',
            1 => 'h',
            3 => 'k',
            10 => 'm',
            14 => 't',
            digit => char::from_digit(u32::from(digit), 16).unwrap_or('g'),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_hashes() {
        let check = |text: &str, expect: &str| {
            let node = tautline_yaml::nodes(text, &Options::default()).unwrap().remove(0);
            assert_eq!(of(&node).unwrap(), expect);
        };
        check("kind: ConfigMap\nmetadata: {name: x}\n", "6ct58987ht");
        check("kind: Secret\ntype: kubernetes.io/foo\ndata: {p: eA==}\n", "gc4952dgd2");
    }
}
