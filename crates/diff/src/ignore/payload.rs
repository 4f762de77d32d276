//! What is sent of an object that has ignored fields.

use tautline_core::{FieldPath, Object, PathElement, Value};

use super::Others;

/// The desired object with the live values of ignored fields, or without these fields where somebody else owns
/// them or nobody has them.
pub(super) fn payload<'p>(
    desired: &Object,
    live: &Object,
    others: &Others,
    paths: impl Iterator<Item = &'p FieldPath>,
) -> Object {
    let mut out = desired.to_value();
    let live_value = live.to_value();
    let is_secret = desired.is("", "Secret");
    for path in paths.filter(|path| !is_identity(path)) {
        match path.get(&live_value) {
            Some(_) if others.own(path) => remove(&mut out, path.elements()),
            // A Secret's live values are known by their digests only: what Git has stays.
            Some(_) if is_secret => {}
            Some(value) => set(&mut out, path.elements(), value),
            None => remove(&mut out, path.elements()),
        }
    }
    match out {
        Value::Map(map) => Object::from_map(map),
        _ => desired.clone(),
    }
}

/// What tells an object from others, and ours from theirs, is always sent.
fn is_identity(path: &FieldPath) -> bool {
    let text = path.to_string();
    ["", "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.annotations"]
        .contains(&text.as_str())
        || text.contains("tracking-id")
}

fn remove(value: &mut Value, path: &[PathElement]) {
    let Some((first, rest)) = path.split_first() else { return };
    match (first, rest.is_empty(), value) {
        (PathElement::Field(name), true, Value::Map(map)) => drop(map.remove(name.as_str())),
        (element, true, Value::List(list)) => {
            if let Some(at) = place(list, element) {
                let kept = list.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, item)| item.clone());
                *list = kept.collect();
            }
        }
        (element, false, value) => {
            if let Some(below) = below(value, element) {
                remove(below, rest);
            }
        }
        _ => {}
    }
}

/// Sets a value, making the maps above it; a list item that is not there is not made.
fn set(value: &mut Value, path: &[PathElement], to: &Value) {
    match path.split_first() {
        None => *value = to.clone(),
        Some((PathElement::Field(name), rest)) => {
            let Value::Map(map) = value else { return };
            if rest.is_empty() {
                map.insert(name.clone(), to.clone());
                return;
            }
            let makes_map = matches!(rest.first(), Some(PathElement::Field(_)));
            if map.get(name.as_str()).is_none() && makes_map {
                map.insert(name.clone(), Value::map());
            }
            if let Some(below) = map.get_mut(name.as_str()) {
                set(below, rest, to);
            }
        }
        Some((element, rest)) => {
            if let Some(below) = below(value, element) {
                set(below, rest, to);
            }
        }
    }
}

fn below<'v>(value: &'v mut Value, element: &PathElement) -> Option<&'v mut Value> {
    match (element, value) {
        (PathElement::Field(name), Value::Map(map)) => map.get_mut(name.as_str()),
        (element, Value::List(list)) => {
            let at = place(list, element)?;
            list.get_mut(at)
        }
        _ => None,
    }
}

fn place(list: &[Value], element: &PathElement) -> Option<usize> {
    list.iter()
        .position(|item| match element {
            PathElement::Item(keys) => keys.iter().all(|(key, value)| item.get(key.as_str()) == Some(value)),
            PathElement::Value(value) => item == value,
            PathElement::Index(_) | PathElement::Field(_) => false,
        })
        .or(match element {
            PathElement::Index(at) if *at < list.len() => Some(*at),
            _ => None,
        })
}
