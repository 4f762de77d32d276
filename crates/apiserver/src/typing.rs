//! The seam to crates `schema` and `merge`: defaults, patches, and who owns which field.

use tautline_cluster::Cause;
use tautline_core::{FieldManager, Object, Timestamp, Value};
use tautline_merge::{Apply, ApplyError, Update};

use crate::caller::Ask;
use crate::catalog::{Catalog, Served};
use crate::failure::Failure;
use crate::patches;
use crate::write::{How, PatchBody};

/// Brings an object into the form that the server stores, with its defaults.
///
/// # Errors
/// The server's message for what it cannot decode.
pub(crate) fn default(catalog: &Catalog, object: &mut Object) -> Result<(), String> {
    tautline_schema::defaults::settle(object, catalog)
}

/// Notes who owns the fields of a new object.
pub(crate) fn own_create(catalog: &Catalog, object: Object, manager: &str, now: Timestamp) -> Object {
    own(catalog, None, object, manager, None, now)
}

/// Notes who owns the fields that an update changed.
pub(crate) fn own_update(
    catalog: &Catalog,
    ask: &Ask,
    old: &Object,
    new: Object,
    manager: &str,
    now: Timestamp,
) -> Object {
    let subresource = Some(ask.subresource.as_str()).filter(|s| !s.is_empty());
    own(catalog, Some(old), new, manager, subresource, now)
}

/// Where ownership cannot be told, the object keeps the owners it had, as on the real server.
fn own(
    catalog: &Catalog,
    live: Option<&Object>,
    object: Object,
    manager: &str,
    subresource: Option<&str>,
    now: Timestamp,
) -> Object {
    let manager = FieldManager::new(manager);
    let request = Update { live, object: &object, manager: &manager, subresource, now, schemas: catalog };
    match tautline_merge::update(request) {
        Ok(owned) => owned,
        Err(_) => {
            let mut object = object;
            let kept = live.and_then(|old| old.metadata()).and_then(|m| m.get("managedFields")).cloned();
            match kept {
                Some(fields) => drop(object.metadata_mut().insert("managedFields", fields)),
                None => drop(object.metadata_mut().remove("managedFields")),
            }
            object
        }
    }
}

/// Applies an object: the new object and its managedFields, or `None` if nothing changes.
///
/// # Errors
/// 409 with a cause for each conflict, 500 for values that do not fit their types.
pub(crate) fn apply(
    catalog: &Catalog,
    ask: &Ask,
    old: Option<&Object>,
    wanted: &Object,
    how: &How,
    now: Timestamp,
) -> Result<Option<(Object, Value)>, Failure> {
    let manager = FieldManager::new(&how.manager);
    let settle = |object: &mut Object| default(catalog, object);
    let request = Apply {
        live: old,
        config: wanted,
        manager: &manager,
        force: how.force,
        subresource: Some(ask.subresource.as_str()).filter(|s| !s.is_empty()),
        now,
        schemas: catalog,
        defaulter: &settle,
    };
    let applied = tautline_merge::apply(request).map_err(refusal)?;
    if old.is_some_and(|old| *old == applied.object) {
        return Ok(None);
    }
    let fields = applied.object.metadata().and_then(|m| m.get("managedFields")).cloned().unwrap_or_default();
    Ok(Some((applied.object, fields)))
}

fn refusal(error: ApplyError) -> Failure {
    let message = error.to_string();
    match error {
        ApplyError::Conflicts(conflicts) => {
            let cause = |conflict: &tautline_merge::Conflict| Cause {
                reason: "FieldManagerConflict".to_owned(),
                message: conflict.message(),
                field: conflict.field(),
            };
            let mut causes: Vec<Cause> = conflicts.iter().map(cause).collect();
            causes.sort_by(|a, b| a.message.cmp(&b.message));
            Failure::new(409, "Conflict", message).about("", "", "").because(causes)
        }
        ApplyError::BadRequest(_) => Failure::bad_request(message),
        _ => Failure::internal(message),
    }
}

/// A patched object.
///
/// # Errors
/// 422 for operations of a JSON patch that cannot be done, 400 for a patch of the wrong form.
pub(crate) fn patched(served: &Served, old: &Value, patch: &PatchBody) -> Result<Value, Failure> {
    let mut new = old.clone();
    match patch {
        PatchBody::Merge(patch) | PatchBody::Apply(patch) => {
            must_be_map(patch)?;
            patches::merge(&mut new, patch);
        }
        PatchBody::Strategic(patch) => {
            if patch.is_null() {
                return Ok(new);
            }
            must_be_map(patch)?;
            patches::strategic(&mut new, patch, served.root.as_ref().map(|root| root.node()));
        }
        PatchBody::Json(operations) => {
            if operations.as_list().is_none() {
                let why = "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch";
                return Err(Failure::bad_request(why));
            }
            let message = "the server rejected our request due to an error in our request";
            let refused = || Failure::new(422, "Invalid", message).about("", "", "");
            patches::json(&mut new, operations).ok_or_else(refused)?;
        }
    }
    if let Some(map) = new.as_map_mut() {
        // Whatever a patch says of them, the object stays of its kind.
        for field in ["apiVersion", "kind"] {
            if let Some(own) = old.get(field) {
                map.insert(field, own.clone());
            }
        }
    }
    Ok(new)
}

fn must_be_map(patch: &Value) -> Result<(), Failure> {
    match patch {
        Value::Map(_) => Ok(()),
        _ => Err(Failure::bad_request("error decoding patch: the patch is no object")),
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
