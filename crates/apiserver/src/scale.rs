//! The `scale` subresource: an object seen as a number of replicas.

use tautline_core::{FieldPath, Map, Object, PathElement, Value, value};
use tautline_grammar::LabelSelector;

use crate::catalog::Served;
use crate::failure::Wrong;

/// The `Scale` of an object.
pub(crate) fn of(served: &Served, object: &Object) -> Value {
    let (spec, status, selector) = paths(served);
    let whole = object.to_value();
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.metadata().and_then(|m| m.get(field)) {
            metadata.insert(field, value.clone());
        }
    }
    let mut wish = Map::new();
    if let Some(replicas) = spec.get(&whole).filter(|r| r.as_i64() != Some(0)) {
        wish.insert("replicas", replicas.clone());
    }
    let mut is = Map::new();
    is.insert("replicas", status.get(&whole).cloned().unwrap_or(Value::Int(0)));
    if let Some(text) = selector.and_then(|path| selector_text(path.get(&whole)?)) {
        is.insert("selector", text);
    }
    value!({ "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": wish, "status": is })
}

/// Checks the number of replicas of a custom resource that can be scaled.
pub(crate) fn check(served: &Served, object: &Object) -> Vec<Wrong> {
    let custom = served.kind.subresource("scale").and_then(|s| s.scale.clone());
    let Some(path) = custom.map(|paths| paths.spec_replicas) else { return Vec::new() };
    let whole = Value::Map(object.as_map().clone());
    let field: String = path
        .elements()
        .filter_map(|e| if let PathElement::Field(f) = e { Some(format!(".{f}")) } else { None })
        .collect();
    match path.get(&whole) {
        Some(Value::Int(n)) if *n < 0 => {
            vec![Wrong::invalid(field, &Value::Int(*n), "should be a non-negative integer")]
        }
        Some(Value::Int(n)) if *n > i64::from(i32::MAX) => {
            vec![Wrong::invalid(field, &Value::Int(*n), "should be less than or equal to 2147483647")]
        }
        Some(value @ (Value::String(_) | Value::Bool(_) | Value::Float(_))) => {
            let kind = match value {
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                _ => "float64",
            };
            let printed = tautline_merge::go_text(value);
            let detail = format!("{field} accessor error: {printed} is of the type {kind}, expected int64");
            vec![Wrong::invalid(field, &Value::Int(0), &detail)]
        }
        _ => Vec::new(),
    }
}

/// Writes the number of replicas into an object.
pub(crate) fn set_replicas(served: &Served, object: &mut Object, replicas: i64) {
    let (spec, _, _) = paths(served);
    let mut before = spec.elements();
    let Some(last) = before.next_back() else { return };
    let mut map = object.as_map_mut();
    for element in before {
        if let PathElement::Field(name) = element {
            map = map.map_at(name);
        }
    }
    if let PathElement::Field(name) = last {
        map.insert(name.clone(), replicas);
    }
}

fn paths(served: &Served) -> (FieldPath, FieldPath, Option<FieldPath>) {
    let custom = served.kind.subresource("scale").and_then(|s| s.scale.clone());
    match custom {
        Some(paths) => (paths.spec_replicas, paths.status_replicas, paths.label_selector),
        None => (
            FieldPath::fields(["spec", "replicas"]),
            FieldPath::fields(["status", "replicas"]),
            Some(FieldPath::fields(["spec", "selector"])),
        ),
    }
}

/// A selector as text: custom resources keep text, workloads a LabelSelector, controllers of old a map.
fn selector_text(selector: &Value) -> Option<String> {
    match selector {
        Value::String(text) => Some(text.to_string()),
        Value::Map(map) if map.contains_key("matchLabels") || map.contains_key("matchExpressions") => {
            LabelSelector::from_value(selector).ok().map(|s| s.to_string())
        }
        Value::Map(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
            Some(pairs.join(","))
        }
        _ => None,
    }
}
