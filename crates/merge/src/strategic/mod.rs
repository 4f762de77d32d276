//! Strategic merge patch: lists merged by the schema's merge keys, and directives.
//!
//! | directive | says |
//! |---|---|
//! | `$patch: replace` / `delete` | the map, or the item, is replaced or deleted; in a list, the list is replaced |
//! | `$retainKeys` | keys of the map that are not listed are dropped |
//! | `$setElementOrder/name` | the order of the list `name` |
//! | `$deleteFromPrimitiveList/name` | values to take out of the set `name` |
//!
//! As `strategicpatch` of Kubernetes 1.37 applies and makes them.

mod diff;
mod lists;

use tautline_core::{Key, Map, Value};
use tautline_schema::TypeRef;

use crate::go_print;
use crate::patch::PatchError;

pub use diff::{create_three_way, create_two_way};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

type Result<T> = std::result::Result<T, PatchError>;

/// What merging is for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Purpose {
    /// A patch is applied to an object: directives are carried out.
    Apply,
    /// Two patches become one: directives stay.
    Combine,
}

/// Applies a strategic merge patch to an object of a type.
///
/// # Errors
/// With the API server's status and words: 400 for malformed directives, 500 for missing merge keys and mixed
/// lists, 422 for lists of lists.
pub fn apply(object: &Value, patch: &Value, of: TypeRef<'_>) -> Result<Value> {
    let Value::Map(patch) = patch else {
        if patch.is_null() {
            return Ok(object.clone());
        }
        let kind = go_print::json_kind(patch);
        return Err(PatchError::bad_request(format!(
            "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )));
    };
    let original = object.as_map().cloned().unwrap_or_default();
    merge_maps(original, patch.clone(), Some(of), Purpose::Apply).map(Value::Map)
}

pub(crate) fn merge_maps(
    mut original: Map,
    mut patch: Map,
    of: Option<TypeRef<'_>>,
    purpose: Purpose,
) -> Result<Map> {
    if let Some(directive) = patch.get(DIRECTIVE).cloned() {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Map::new()),
            _ => Err(unknown_directive(&directive, &patch)),
        };
    }
    retain_keys(&mut original, &mut patch, purpose)?;
    lists::set_orders(&mut original, &mut patch, of, purpose)?;
    for (key, wanted) in patch {
        merge_field(&mut original, key, wanted, of, purpose)?;
    }
    Ok(original)
}

fn merge_field(
    original: &mut Map,
    key: Key,
    wanted: Value,
    of: Option<TypeRef<'_>>,
    purpose: Purpose,
) -> Result<()> {
    let mut key = key;
    let mut deletes = false;
    if key.starts_with(DELETE_FROM) {
        if purpose == Purpose::Combine {
            original.insert(key, wanted);
            return Ok(());
        }
        let name = list_name(&key, DELETE_FROM)
            .ok_or_else(|| PatchError::bad_request("invalid patch format of primitive list"))?;
        key = Key::from(name);
        deletes = true;
    }
    if wanted.is_null() {
        original.remove(&key);
        if purpose == Purpose::Apply {
            return Ok(());
        }
    }
    let field = of.and_then(|of| of.field(&key));
    let merged = match (original.get(&key).cloned(), wanted) {
        (Some(Value::Map(_)), wanted @ Value::Map(_))
            if field.is_some_and(|of| of.patch_strategy().replace) =>
        {
            Some(wanted)
        }
        (Some(Value::Map(present)), Value::Map(wanted)) => {
            Some(Value::Map(merge_maps(present, wanted, field, purpose)?))
        }
        (Some(Value::List(present)), Value::List(wanted)) => {
            let strategy = field.map(|of| of.patch_strategy()).unwrap_or_default();
            if strategy.merge || deletes {
                let merged = lists::merge(present.into_vec(), wanted.into_vec(), field, deletes, purpose)?;
                Some(Value::List(merged.into()))
            } else {
                Some(Value::List(wanted))
            }
        }
        (_, _) if deletes => return Ok(()),
        (Some(present), wanted) if std::mem::discriminant(&present) == std::mem::discriminant(&wanted) => {
            without_directives(wanted)
        }
        (_, wanted) => {
            let wanted = if purpose == Purpose::Apply { without_nulls(wanted) } else { wanted };
            without_directives(wanted)
        }
    };
    match merged {
        Some(value) => original.insert(key, value),
        None => original.remove(&key),
    };
    Ok(())
}

/// `$retainKeys` must list every key that the patch sets; all others of the original go.
fn retain_keys(original: &mut Map, patch: &mut Map, purpose: Purpose) -> Result<()> {
    let Some(listed) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if purpose == Purpose::Combine {
        match original.get(RETAIN_KEYS) {
            Some(present) if *present != listed => {
                let (a, b) = (go_print::plain(present), go_print::plain(&listed));
                return Err(PatchError::internal(format!(
                    "{a} and {b} are not deep equal: this may happen when calculating the 3-way diff patch"
                )));
            }
            _ => drop(original.insert(RETAIN_KEYS, listed)),
        }
        return Ok(());
    }
    let bad = || PatchError::bad_request("invalid patch format of retainKeys");
    let Value::List(listed) = listed else { return Err(bad()) };
    let has = |key: &Key| listed.iter().any(|k| k.as_str() == Some(key.as_str()));
    let directive = |key: &Key| key.starts_with(DELETE_FROM) || key.starts_with(SET_ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !directive(key) && !has(key)) {
        return Err(bad());
    }
    original.retain(|key, _| has(key));
    Ok(())
}

fn unknown_directive(directive: &Value, patch: &Map) -> PatchError {
    // Go's `%s` names the type of what is no string.
    let shown = match directive {
        Value::String(text) => text.to_string(),
        Value::Null => "%!s(<nil>)".to_owned(),
        other => format!("%!s({}={})", go_print::type_name(other), go_print::plain(other)),
    };
    let map = go_print::plain(&Value::Map(patch.clone()));
    PatchError::internal(format!("unknown patch type: {shown} in map: {map}"))
}

/// The list that a directive's key names after the slash.
fn list_name<'k>(key: &'k str, directive: &str) -> Option<&'k str> {
    let (prefix, name) = key.split_once('/')?;
    (prefix == directive).then_some(name)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(
            map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect(),
        ),
        Value::List(items) => Value::List(items.into_iter().map(without_nulls).collect()),
        scalar => scalar,
    }
}

/// What is left of a value that is new as a whole: maps with a directive are not set at all.
fn without_directives(value: Value) -> Option<Value> {
    Some(match value {
        Value::Map(map) if map.contains_key(DIRECTIVE) => return None,
        Value::Map(map) => {
            let kept = map.into_iter().filter_map(|(k, v)| Some((k, without_directives(v)?)));
            Value::Map(kept.collect())
        }
        Value::List(items) => Value::List(items.into_iter().filter_map(without_directives).collect()),
        scalar => scalar,
    })
}
