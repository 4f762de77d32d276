//! Taking fields and items out of a value.

use tautline_core::{Key, List, PathElement, Value};
use tautline_schema::TypeRef;

use super::shape::{Shape, is_atomic_list, is_atomic_map, item_element, shape_of};
use super::typed::Typed;
use crate::FieldSet;

/// The value without the paths of a set. What becomes empty by that becomes null, as on the server.
pub(super) fn remove(from: &Typed, paths: &FieldSet) -> Typed {
    Typed { value: without(&from.value, paths, from.root.node()), root: from.root.clone() }
}

fn without(value: &Value, paths: &FieldSet, of: TypeRef<'_>) -> Value {
    match (shape_of(of, value), value) {
        (Shape::Scalar(_), value) => value.clone(),
        (Shape::List, Value::List(items)) if !items.is_empty() && !is_atomic_list(of) => {
            let kept: Vec<Value> = items.iter().filter_map(|item| without_item(item, paths, of)).collect();
            if kept.is_empty() { Value::Null } else { Value::List(kept.into_iter().collect::<List>()) }
        }
        (Shape::Map, Value::Map(map)) if !map.is_empty() && !is_atomic_map(of) => {
            let kept: Vec<(Key, Value)> = map
                .iter()
                .filter_map(|(key, item)| {
                    let element = PathElement::Field(key.clone());
                    if paths.has(&element) {
                        return None;
                    }
                    let item =
                        match (paths.child(&element).filter(|below| !below.is_empty()), of.field_key(key)) {
                            (Some(below), Some(of)) => without(item, below, of),
                            _ => item.clone(),
                        };
                    Some((key.clone(), item))
                })
                .collect();
            if kept.is_empty() { Value::Null } else { Value::Map(kept.into_iter().collect()) }
        }
        // An empty or atomic list or map is only reached when something below it was to go.
        _ => Value::Null,
    }
}

fn without_item(item: &Value, paths: &FieldSet, of: TypeRef<'_>) -> Option<Value> {
    let Ok(element) = item_element(of, item) else { return Some(item.clone()) };
    if paths.has(&element) {
        return None;
    }
    match (paths.child(&element).filter(|below| !below.is_empty()), of.items()) {
        (Some(below), Some(of)) => Some(without(item, below, of)),
        _ => Some(item.clone()),
    }
}
