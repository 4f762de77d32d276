//! Keys and scalars that JSON cannot take, printed as Go prints them.

use tautline_core::Value;
use tautline_yaml::{Error, ErrorKind, Node, Options};

/// What is said of a key that is no text, if it can be found again.
pub(super) fn fault(text: &str, options: &Options, error: &Error) -> Option<String> {
    let ErrorKind::Key(what) = error.kind else { return None };
    let document = tautline_yaml::nodes(text, options).ok()?.into_iter().next()?;
    let (key, value) = entry(&document, error)?;
    let printed = |node: &Node| node.to_value(options).ok().map(|value| syntax(&value, true));
    Some(match what {
        "null" => format!("unsupported map key of type: %!s(<nil>), key: <nil>, value: {}", printed(value)?),
        "64-bit unsigned integer" => {
            let number: u64 = key.as_str()?.replace('_', "").parse().ok()?;
            format!("unsupported map key of type: uint64, key: {number:#x}, value: {}", printed(value)?)
        }
        _ => format!("yaml: invalid map key: {}", printed(key)?),
    })
}

/// The text of the scalar that an error is about.
pub(super) fn scalar(text: &str, options: &Options, error: &Error) -> Option<String> {
    let document = tautline_yaml::nodes(text, options).ok()?.into_iter().next()?;
    find(&document, error)?.as_str().map(str::to_owned)
}

fn is_at(node: &Node, error: &Error) -> bool {
    (node.span.line as usize, node.span.column as usize) == (error.line, error.column)
}

fn entry<'n>(node: &'n Node, error: &Error) -> Option<(&'n Node, &'n Node)> {
    let within = |(key, value): &'n (Node, Node)| {
        if is_at(key, error) {
            return Some((key, value));
        }
        entry(key, error).or_else(|| entry(value, error))
    };
    let of_items = || node.items().iter().find_map(|item| entry(item, error));
    node.entries().iter().find_map(within).or_else(of_items)
}

fn find<'n>(node: &'n Node, error: &Error) -> Option<&'n Node> {
    if node.is_scalar() && is_at(node, error) {
        return Some(node);
    }
    let within = |(key, value): &'n (Node, Node)| find(key, error).or_else(|| find(value, error));
    let of_items = || node.items().iter().find_map(|item| find(item, error));
    node.entries().iter().find_map(within).or_else(of_items)
}

/// `%#v` of a value in an interface; a nil at the top prints otherwise than one within.
fn syntax(value: &Value, is_top: bool) -> String {
    match value {
        Value::Null if is_top => "<nil>".to_owned(),
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => tautline_gotemplate::quote(text.as_bytes()),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| syntax(item, false)).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entry = |(key, value): &(&tautline_core::Key, &Value)| {
                format!("{}:{}", tautline_gotemplate::quote(key.as_str().as_bytes()), syntax(value, false))
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
        }
        scalar => crate::decode::scalar_text(scalar).unwrap_or_default(),
    }
}
