//! Setting and removing values by path.

use tautline_core::{Elements, Object, PathElement, Value};

use crate::Change;

/// The object with changes made: `apply(diff(a, b), a)` is `b`. Items that a list gains come last.
pub fn with_changes<'c>(object: &Object, changes: impl IntoIterator<Item = &'c Change>) -> Object {
    let mut out = object.to_value();
    // Items are removed from behind, so that places that are counted stay true.
    let (gone, put): (Vec<&Change>, Vec<&Change>) =
        changes.into_iter().partition(|change| change.to.is_none());
    for change in put {
        if let Some(to) = &change.to {
            set(&mut out, change.path.elements(), to);
        }
    }
    for change in gone.into_iter().rev() {
        remove(&mut out, change.path.elements());
    }
    match out {
        Value::Map(map) => Object::from_map(map),
        _ => object.clone(),
    }
}

pub(crate) fn remove(value: &mut Value, path: Elements<'_>) {
    let mut rest = path;
    let Some(first) = rest.next() else { return };
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

/// Sets a value, making the maps above it. An item that a list does not have comes last; one that is only named on
/// the way is not made.
pub(crate) fn set(value: &mut Value, path: Elements<'_>, to: &Value) {
    let mut rest = path;
    match rest.next() {
        None => *value = to.clone(),
        Some(PathElement::Field(name)) => {
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
        Some(element) => {
            if let Some(below) = below(value, element) {
                set(below, rest, to);
            } else if rest.is_empty()
                && let Value::List(list) = value
            {
                list.push(to.clone());
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
    let is_it = |item: &Value| match element {
        PathElement::Item(keys) => keys.iter().all(|(key, value)| item.get(key.as_str()) == Some(value)),
        PathElement::Value(value) => item == value,
        PathElement::Index(_) | PathElement::Field(_) => false,
    };
    list.iter().position(is_it).or(match element {
        PathElement::Index(at) if *at < list.len() => Some(*at),
        _ => None,
    })
}
