//! [`write_canonical`]: a tree as it comes out of Kustomize's detour through JSON.

use crate::error::{Error, ErrorKind};
use crate::node::{Node, NodeKind, ScalarStyle};
use crate::read::Resolver;
use crate::scalar::{Scalar, is_timestamp, resolve, timestamp};

use super::printer::Printer;
use super::{is_simple_key, number, order, string};

/// Writes a tree as `kustomize build` 5.8 prints an object: its values by go-yaml v3's rules, then as
/// [`write`](crate::write()) writes values. Equal to converting the tree and writing the value, but integers
/// up to 64 bits without sign stay exact.
///
/// # Errors
/// If a key is twice in a map or no text, a scalar does not fit its tag, or a number is infinite: Go's JSON
/// has none of these.
pub fn write_canonical(node: &Node) -> Result<String, Error> {
    let mut out = String::new();
    write_canonical_onto(node, &mut out)?;
    Ok(out)
}

/// [`write_canonical`] behind what a text holds already, which must be nothing or whole lines.
///
/// # Errors
/// As [`write_canonical`]; part of the node may have been written then.
pub fn write_canonical_onto(node: &Node, out: &mut String) -> Result<(), Error> {
    let mut printer = Printer::onto(std::mem::take(out));
    let written = emit(node, &mut printer, false);
    *out = printer.finish();
    written
}

fn emit(node: &Node, printer: &mut Printer, in_map: bool) -> Result<(), Error> {
    match &node.kind {
        NodeKind::Scalar { text, style } => scalar(node, text, *style, printer),
        NodeKind::List { items, .. } if items.is_empty() => {
            printer.plain("[]");
            Ok(())
        }
        NodeKind::Map { entries, .. } if entries.is_empty() => {
            printer.plain("{}");
            Ok(())
        }
        NodeKind::List { items, .. } => {
            printer.open(in_map);
            for item in items {
                printer.item();
                emit(item, printer, false)?;
            }
            printer.close();
            Ok(())
        }
        NodeKind::Map { entries, .. } => {
            printer.open(false);
            for (key, value) in sorted(entries)? {
                let simple = is_simple_key(key);
                printer.key(simple, |printer| string(key, printer, simple));
                emit(value, printer, true)?;
            }
            printer.close();
            Ok(())
        }
        NodeKind::Alias(anchor) => Err(node.error(ErrorKind::UnknownAnchor(anchor.name.clone()))),
    }
}

fn sorted(entries: &[(Node, Node)]) -> Result<Vec<(&str, &Node)>, Error> {
    let mut named = Vec::with_capacity(entries.len());
    let mut lower = true;
    for (key, value) in entries {
        let name = key_text(key)?;
        lower = lower && name.bytes().all(|b| b.is_ascii_lowercase());
        named.push((name, value));
    }
    // Names in lower case sort alike either way, and the comparison of others is costly.
    if lower {
        named.sort_by_key(|(name, _)| *name);
    } else {
        named = order::sort_named(named);
    }
    // Equal names stand side by side: no other name compares as equal to one.
    for pair in named.windows(2) {
        if let [(first, _), (second, value)] = pair
            && first == second
        {
            return Err(value.error(ErrorKind::Duplicate((*first).to_owned())));
        }
    }
    Ok(named)
}

fn key_text(key: &Node) -> Result<&str, Error> {
    let NodeKind::Scalar { text, style } = &key.kind else {
        return Err(key.error(ErrorKind::Key("collection")));
    };
    let is_text = match key.tag.as_deref() {
        None => *style != ScalarStyle::Plain || resolve(text, Resolver::V3) == Scalar::String,
        Some(tag) => tag == "!!str",
    };
    if is_text { Ok(text) } else { Err(key.error(ErrorKind::Key("scalar that is no text"))) }
}

fn scalar(node: &Node, text: &str, style: ScalarStyle, printer: &mut Printer) -> Result<(), Error> {
    let value = match node.tag.as_deref() {
        None if style != ScalarStyle::Plain => Scalar::String,
        None => resolve(text, Resolver::V3),
        Some("!!int" | "!!float" | "!!bool" | "!!null" | "!!timestamp" | "!!binary") => {
            let options = crate::read::Options { resolver: Resolver::V3, ..Default::default() };
            let value = node.to_value(&options)?;
            super::emit(&value, printer, false);
            return Ok(());
        }
        Some(_) => Scalar::String,
    };
    match value {
        Scalar::Null => printer.plain("null"),
        Scalar::Bool(b) => printer.plain(if b { "true" } else { "false" }),
        Scalar::Int(n) => printer.plain(&n.to_string()),
        Scalar::Unsigned(n) => printer.plain(&n.to_string()),
        Scalar::Float(n) if n.is_nan() => return Err(node.error(ErrorKind::NotFinite("NaN"))),
        Scalar::Float(n) if n.is_infinite() => {
            return Err(node.error(ErrorKind::NotFinite(if n > 0.0 { "+Inf" } else { "-Inf" })));
        }
        Scalar::Float(n) => printer.plain(&float(n)),
        Scalar::Timestamp => match timestamp(text) {
            Some(time) if is_timestamp(text) => string(&time.rfc3339(), printer, false),
            _ => string(text, printer, false),
        },
        Scalar::String => string(text, printer, false),
    }
    Ok(())
}

/// A float as JSON writes it, read again: a whole number in 64 bits is an integer of its shortest digits.
fn float(n: f64) -> String {
    if n.fract() == 0.0 && n.abs() < 1e21 {
        let digits = n.to_string();
        if let Ok(n) = digits.parse::<i64>() {
            return n.to_string();
        }
        if digits.parse::<u64>().is_ok() {
            return digits;
        }
    }
    number::float(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::nodes;
    use crate::read::Options;

    fn check(yaml: &str, expect: &str) {
        let node = nodes(yaml, &Options::default()).unwrap().remove(0);
        assert_eq!(write_canonical(&node).unwrap(), expect);
    }

    #[test]
    fn values_are_those_of_v3_and_keys_are_sorted() {
        check("b: yes\na: 0o17\n", "a: 15\nb: \"yes\"\n");
        check(
            "big: 18446744073709551615\nf: 1e3\nd: 2020-01-02\n",
            "big: 18446744073709551615\nd: \"2020-01-02T00:00:00Z\"\nf: 1000\n",
        );
        check("a: !!str 5\nb: [{x: 1}, {}]\n", "a: \"5\"\nb:\n- x: 1\n- {}\n");
    }

    #[test]
    fn what_json_lacks_is_refused() {
        for yaml in ["a: 1\na: 2\n", "1: x\n", "a: .nan\n", "a: !!int x\n"] {
            let node = nodes(yaml, &Options::default()).unwrap().remove(0);
            assert!(write_canonical(&node).is_err(), "{yaml}");
        }
    }

    #[test]
    fn a_made_scalar_is_what_it_looks_like() {
        let mut map = Node::map();
        map.push("a", Node::plain("5"));
        map.push("b", Node::text("5"));
        assert_eq!(write_canonical(&map).unwrap(), "a: 5\nb: \"5\"\n");
    }
}
