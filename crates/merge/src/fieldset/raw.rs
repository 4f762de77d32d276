//! `fieldsV1` as it lies in `managedFields`, asked without being taken apart into a [`crate::FieldSet`].

pub(crate) mod claim;

use tautline_core::{FieldPath, Key, Map, PathElement, Value};
use tautline_schema::TypeRef;

use super::json::{parse, print};
use crate::structured::shape::{Allowed, Shape, is_atomic_list, is_atomic_map};

/// Whether printing what is read gives the same again, and nothing is owned field by field that its type has as one
/// value. Also `false` where that takes a closer look.
pub(crate) fn stands(root: &Map, of: TypeRef<'_>) -> bool {
    !root.contains_key(".") && !root.is_empty() && node_stands(root, Some(of))
}

/// A node with something below it.
fn node_stands(node: &Map, of: Option<TypeRef<'_>>) -> bool {
    let of = match of.map(|of| (Allowed::by(of).shape(), of)) {
        Some((Shape::List, of)) if is_atomic_list(of) => return false,
        // Types that are only deduced from values say nothing about atomic or not.
        Some((Shape::Map, of))
            if of.fields().len() == 0 && of.additional().is_some_and(TypeRef::is_untyped) =>
        {
            None
        }
        Some((Shape::Map, of)) if is_atomic_map(of) => return false,
        Some((Shape::Scalar(_), _)) | None => None,
        Some((shape, of)) => Some((shape, of)),
    };
    let mut is_leaf = true;
    for (key, below) in node {
        let Value::Map(below) = below else { return false };
        if key.is_dot() {
            if !below.is_empty() {
                return false;
            }
            continue;
        }
        is_leaf = false;
        let field = key.strip_prefix("f:");
        if field.is_none() && !is_canonical(key) {
            return false;
        }
        let of = || match (of?, field) {
            ((Shape::List, of), _) => of.items(),
            ((_, of), Some(name)) => of.field_key(&key.disowned().unwrap_or_else(|| Key::new(name))),
            ((_, of), None) => of.additional(),
        };
        if !below.is_empty() && !node_stands(below, of()) {
            return false;
        }
    }
    !is_leaf
}

/// Whether the name of an item is as it would be printed.
fn is_canonical(key: &str) -> bool {
    if key.strip_prefix("k:{").and_then(|rest| rest.strip_suffix('}')).is_some_and(is_plain_keys) {
        return true;
    }
    let has_fraction = |value: &Value| matches!(value, Value::Float(_) | Value::List(_) | Value::Map(_));
    match parse(key) {
        Ok(Some(PathElement::Item(keys))) if keys.values().any(has_fraction) => false,
        Ok(Some(PathElement::Value(value))) if has_fraction(&value) => false,
        Ok(Some(element @ (PathElement::Item(_) | PathElement::Value(_)))) => print(&element) == key,
        _ => false,
    }
}

/// Whether this is `"key":"text"` or `"key":7`, several with commas and in order, and nothing in it is ever escaped.
fn is_plain_keys(keys: &str) -> bool {
    let mut before = "";
    let mut rest = keys;
    loop {
        let Some((name, after)) = plain_text(rest) else { return false };
        let Some(value) = after.strip_prefix(':') else { return false };
        let after = match plain_text(value) {
            Some((_, after)) => after,
            None => {
                let digits = value.bytes().take_while(u8::is_ascii_digit).count();
                if !(1..=18).contains(&digits) || (digits > 1 && value.starts_with('0')) {
                    return false;
                }
                value.get(digits..).unwrap_or_default()
            }
        };
        if name <= before {
            return false;
        }
        before = name;
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return after.is_empty(),
        }
    }
}

/// Text in quotes that needs no escapes, and what comes after it.
fn plain_text(json: &str) -> Option<(&str, &str)> {
    let rest = json.strip_prefix('"')?;
    let end = rest.bytes().position(|b| !(0x20..0x7f).contains(&b) || b"\"\\<>&".contains(&b))?;
    let (text, after) = rest.split_at_checked(end)?;
    Some((text, after.strip_prefix('"')?))
}

/// Whether a path is a member.
pub(crate) fn has(root: &Map, path: &FieldPath) -> bool {
    !path.is_root() && path.elements().try_fold(root, below).is_some_and(is_member)
}

/// Whether a path or one above it is a member.
pub(crate) fn covers(root: &Map, path: &FieldPath) -> bool {
    let mut node = root;
    for element in path.elements() {
        match below(node, element) {
            Some(next) if is_member(next) => return true,
            Some(next) => node = next,
            None => return false,
        }
    }
    false
}

/// Whether something below a path is a member.
pub(crate) fn touches(root: &Map, path: &FieldPath) -> bool {
    path.elements().try_fold(root, below).is_some_and(|node| node.keys().any(|key| key != "."))
}

fn below<'r>(node: &'r Map, element: &PathElement) -> Option<&'r Map> {
    node.get(&print(element))?.as_map()
}

fn is_member(node: &Map) -> bool {
    node.is_empty() || has_dot(node)
}

/// It sorts before the names of all else that is owned.
fn has_dot(node: &Map) -> bool {
    node.keys().next().is_some_and(Key::is_dot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_canonical_as_they_are_printed() {
        for (name, expect) in [
            (r#"k:{"name":"app"}"#, true),
            (r#"k:{"containerPort":80,"protocol":"TCP"}"#, true),
            (r#"k:{"protocol":"TCP","containerPort":80}"#, false),
            (r#"k:{"name": "app"}"#, false),
            (r#"k:{"name":"a<b"}"#, false),
            (r#"k:{"name":"a\u003cb"}"#, true),
            (r#"k:{"port":08}"#, false),
            (r#"k:{"port":1.0}"#, false),
            (r#"v:"example.com/x""#, true),
            ("v:7", true),
            ("i:1", false),
            ("x:1", false),
        ] {
            assert_eq!(is_canonical(name), expect, "{name}");
        }
    }
}
