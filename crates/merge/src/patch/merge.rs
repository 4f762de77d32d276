//! JSON merge patch as kube-apiserver 1.37 runs it.

use tautline_core::{Map, Value};

use super::PatchError;

/// Applies a merge patch: null removes, maps merge, everything else replaces.
///
/// # Errors
/// 400 for a patch that is no map.
pub fn apply(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let (Value::Map(document), Value::Map(patch)) = (document, patch) else {
        if patch.is_null() {
            return Err(PatchError::bad_request("Invalid JSON Patch"));
        }
        let kind = crate::go_print::json_kind(patch);
        return Err(PatchError::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )));
    };
    let mut document = document.clone();
    merge(&mut document, patch);
    Ok(Value::Map(document))
}

fn merge(document: &mut Map, patch: &Map) {
    for (key, wanted) in patch {
        match (document.get_mut(key), wanted) {
            (_, Value::Null) => {
                document.remove(key);
            }
            (Some(Value::Map(present)), Value::Map(wanted)) => merge(present, wanted),
            _ => {
                document.insert(key, without_nulls(wanted));
            }
        }
    }
}

/// Nulls in maps say "remove", also where nothing is to be removed; in lists they are values.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let kept = map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v)));
            Value::Map(kept.collect())
        }
        Value::List(items) => Value::List(items.iter().map(without_nulls).collect()),
        scalar => scalar.clone(),
    }
}

/// The merge patch that turns one map into another. Nulls in `to` cannot be expressed and are left out.
pub fn create(from: &Value, to: &Value) -> Value {
    match (from, to) {
        (Value::Map(from), Value::Map(to)) => Value::Map(differ(from, to)),
        _ => to.clone(),
    }
}

fn differ(from: &Map, to: &Map) -> Map {
    let removed = from.keys().filter(|key| !to.contains_key(key)).map(|key| (key.clone(), Value::Null));
    let mut patch: Map = removed.collect();
    for (key, wanted) in to {
        match (from.get(key), wanted) {
            (Some(Value::Map(present)), Value::Map(wanted)) => {
                let below = differ(present, wanted);
                if !below.is_empty() {
                    patch.insert(key, below);
                }
            }
            (Some(present), wanted) if present == wanted => {}
            (_, wanted) => {
                patch.insert(key, wanted.clone());
            }
        }
    }
    patch
}

/// Puts the second patch over the first: what one patch after the other would do, nulls kept.
pub(crate) fn combine(first: &Map, second: &Map) -> Map {
    let mut out = first.clone();
    for (key, wanted) in second {
        match (out.get_mut(key), wanted) {
            (Some(Value::Map(present)), Value::Map(wanted)) => *present = combine(present, wanted),
            _ => {
                out.insert(key, wanted.clone());
            }
        }
    }
    out
}
