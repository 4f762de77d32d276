//! The order of path elements and values in `FieldsV1`: that of structured-merge-diff v6.

use std::cmp::Ordering;

use tautline_core::{Map, PathElement, Value};

/// Fields, then items by keys, by value, by index; each kind in its own order.
pub(crate) fn compare(a: &PathElement, b: &PathElement) -> Ordering {
    match (a, b) {
        (PathElement::Field(a), PathElement::Field(b)) => a.cmp(b),
        (PathElement::Item(a), PathElement::Item(b)) => compare_maps(a, b),
        (PathElement::Value(a), PathElement::Value(b)) => compare_values(a, b),
        (PathElement::Index(a), PathElement::Index(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(element: &PathElement) -> u8 {
    match element {
        PathElement::Field(_) => 0,
        PathElement::Item(_) => 1,
        PathElement::Value(_) => 2,
        PathElement::Index(_) => 3,
    }
}

/// Numbers (by value, whole or not), strings, booleans, lists, maps, null.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            let (a, b) = (a.as_f64().unwrap_or_default(), b.as_f64().unwrap_or_default());
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) => {
            let differing = a.iter().zip(b.iter()).map(|(a, b)| compare_values(a, b)).find(|o| o.is_ne());
            differing.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Map(a), Value::Map(b)) => compare_maps(a, b),
        _ => value_rank(a).cmp(&value_rank(b)),
    }
}

fn value_rank(value: &Value) -> u8 {
    match value {
        Value::Int(_) | Value::Float(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::List(_) => 3,
        Value::Map(_) => 4,
        Value::Null => 5,
    }
}

fn compare_maps(a: &Map, b: &Map) -> Ordering {
    let pairs = a.iter().zip(b.iter());
    let differing =
        pairs.map(|((k1, v1), (k2, v2))| k1.cmp(k2).then_with(|| compare_values(v1, v2))).find(|o| o.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}
