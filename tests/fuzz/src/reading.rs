//! Drivers of what reads text.

use tautline_core::{Budget, FieldPath, Packed, Value};
use tautline_grammar::Quantity;
use tautline_yaml::{Options, Resolver, nodes, read, read_all, read_fully, write};

fn small() -> Budget {
    Budget { bytes: 1 << 20, nodes: 100_000, depth: 100, steps: 1_000_000, ..Budget::default() }
}

/// The first byte chooses the rules, the rest is the text.
fn options(data: &[u8]) -> Option<(Options, &str)> {
    let (first, rest) = data.split_first()?;
    let resolver = if first & 1 == 0 { Resolver::V2 } else { Resolver::V3 };
    Some((Options { resolver, strict: first & 2 != 0, budget: small() }, std::str::from_utf8(rest).ok()?))
}

/// The full YAML path: what it reads it writes and reads again, and its trees and streams hold.
pub fn yaml_full(data: &[u8]) {
    let Some((options, text)) = options(data) else { return };
    let _ = nodes(text, &options);
    let _ = read_all(text, &options);
    if options.resolver == Resolver::V2
        && let Ok(value) = read_fully(text, &options)
        && !holds_merge_key(&value)
    {
        let written = write(&value);
        let again = read_fully(&written, &Options { budget: Budget::default(), ..options });
        assert_eq!(again.map(|v| v.to_json()).ok(), Some(value.to_json()), "{written}");
    }
}

/// The one key that go-yaml writes and does not read again: it means a merge.
fn holds_merge_key(value: &Value) -> bool {
    match value {
        Value::Map(map) => map.iter().any(|(key, value)| key == "<<" || holds_merge_key(value)),
        Value::List(items) => items.iter().any(holds_merge_key),
        _ => false,
    }
}

/// The fast YAML path: it reads nothing otherwise than the full path.
pub fn yaml_fast(data: &[u8]) {
    let Some((options, text)) = options(data) else { return };
    let (fast, full) = (read(text, &options), read_fully(text, &options));
    let starts_as_json = text.trim_start().starts_with('{');
    if !starts_as_json {
        assert_eq!(fast.map(|v| v.to_json()).ok(), full.map(|v| v.to_json()).ok());
    }
}

/// JSON: what is read is written and read again, and rests.
pub fn json(data: &[u8]) {
    if let Ok(value) = Value::from_json_within(data, &small()) {
        let again = Value::from_json(value.to_json().as_bytes()).expect("own output is JSON");
        assert_eq!(again, value);
        assert_eq!(again.digest(), value.digest());
        assert_eq!(Packed::new(&value).open().expect("own bytes"), value);
    }
}

/// Field paths: what parses prints as what parses to the same.
pub fn field_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(path) = text.parse::<FieldPath>() {
        let again: FieldPath = path.to_string().parse().expect("own output is a path");
        assert_eq!(again, path);
        let _ = path.get(&Value::map());
    }
}

/// Quantities: what parses prints as what parses, and in the end to the same: beyond 63 bits the server clamps what it
/// reads in digits, not what it reads with an exponent.
pub fn quantity(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(quantity) = text.parse::<Quantity>() {
        let printed = quantity.to_string();
        let again: Quantity = printed.parse().expect("own output is a quantity");
        let settled = again.to_string();
        assert_eq!(settled.parse::<Quantity>().map(|quantity| quantity.to_string()).ok(), Some(settled));
    }
}
