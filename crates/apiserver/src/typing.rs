//! The seam to crates `schema` and `merge`: defaults, patches, and who owns which field.

use tautline_core::{Object, Timestamp, Value};

use crate::caller::Ask;
use crate::catalog::{Catalog, Served};
use crate::failure::Failure;
use crate::write::{How, PatchBody};

/// Fills in the defaults of a kind.
pub(crate) fn default(_served: &Served, _object: &mut Object) {}

/// Notes who owns the fields of a new object.
pub(crate) fn own_create(
    _catalog: &Catalog,
    _served: &Served,
    object: Object,
    _manager: &str,
    _now: Timestamp,
) -> Result<Object, Failure> {
    Ok(object)
}

/// Notes who owns the fields that an update changed.
pub(crate) fn own_update(
    _catalog: &Catalog,
    _ask: &Ask,
    _old: &Object,
    new: Object,
    _manager: &str,
    _now: Timestamp,
) -> Result<Object, Failure> {
    Ok(new)
}

/// Applies an object: the new object and its managedFields, or `None` if nothing changes.
pub(crate) fn apply(
    _catalog: &Catalog,
    _ask: &Ask,
    old: Option<&Object>,
    wanted: &Object,
    _how: &How,
    _now: Timestamp,
) -> Result<Option<(Object, Value)>, Failure> {
    let mut new = old.map_or_else(Value::map, Object::to_value);
    merge(&mut new, &wanted.to_value());
    let Value::Map(map) = new else { return Ok(None) };
    Ok(Some((Object::from_map(map), Value::Null)))
}

/// A patched object.
pub(crate) fn patched(_served: &Served, old: &Value, patch: &PatchBody) -> Result<Value, Failure> {
    patched_untyped(old, patch)
}

/// A patched value that has no schema.
pub(crate) fn patched_untyped(old: &Value, patch: &PatchBody) -> Result<Value, Failure> {
    match patch {
        PatchBody::Merge(patch) | PatchBody::Strategic(patch) | PatchBody::Apply(patch) => {
            let mut new = old.clone();
            merge(&mut new, patch);
            Ok(new)
        }
        PatchBody::Json(_) => Err(Failure::new(501, "NotImplemented", "JSON patches are not served yet")),
    }
}

fn merge(into: &mut Value, patch: &Value) {
    let Value::Map(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if into.as_map().is_none() {
        *into = Value::map();
    }
    let Some(map) = into.as_map_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            let mut below = map.get(key).cloned().unwrap_or_default();
            merge(&mut below, value);
            map.insert(key.clone(), below);
        }
    }
}

/// An object in the version it is stored in.
pub(crate) fn to_stored(served: &Served, object: Object) -> Object {
    if *served.gvk() == served.stored { object } else { crate::convert::convert(&object, &served.stored) }
}

/// A stored object in the version that is asked for.
pub(crate) fn from_stored(served: &Served, object: &Object) -> Object {
    if object.gvk() == *served.gvk() { object.clone() } else { crate::convert::convert(object, served.gvk()) }
}
