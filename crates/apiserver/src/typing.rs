//! The seam to crates `schema` and `merge`: defaults, patches, and who owns which field.

use std::sync::Arc;

use tautline_cluster::Cause;
use tautline_core::{FieldManager, Object, Timestamp, Value};
use tautline_merge::{Apply, ApplyError, PatchError, Update, json_patch, merge_patch, strategic};
use tautline_schema::defaults::Over;

use crate::caller::Ask;
use crate::catalog::{Catalog, Served};
use crate::failure::Failure;
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
    let mut new = own(catalog, Some(old), new, manager, subresource, now);
    if ask.subresource == "scale" {
        forget_scale_times(&mut new);
    }
    new
}

/// Who wrote through the scale has no time: the server forgets it. Entries without a time come first.
fn forget_scale_times(object: &mut Object) {
    let Some(Value::List(entries)) = object.metadata_mut().get_mut("managedFields") else { return };
    for entry in entries.iter_mut() {
        if entry.str_at(&["subresource"]) == Some("scale")
            && let Some(map) = entry.as_map_mut()
        {
            map.remove("time");
        }
    }
    let key = |entry: &Value| {
        let text = |field: &str| entry.str_at(&[field]).unwrap_or_default().to_owned();
        (text("operation"), text("time"), text("manager"))
    };
    entries.sort_by_cached_key(key);
}

/// An object as it comes back from the store: built-in kinds are kept as protobuf, which knows no empty lists, so
/// those that are always printed are null.
pub(crate) fn from_protobuf(served: &Served, object: &mut Object) {
    let Some(root) =
        served.root.as_ref().filter(|_| served.custom.is_none() && served.group() != "apiextensions.k8s.io")
    else {
        return;
    };
    let node = root.node();
    let always = |of: tautline_schema::TypeRef<'_>| -> Vec<String> {
        let lists = of.fields().filter(|f| f.presence == tautline_schema::Presence::Always);
        lists.filter(|f| f.of.items().is_some()).map(|f| f.name.to_string()).collect()
    };
    let empty = |value: Option<&Value>| value.and_then(Value::as_list).is_some_and(|list| list.is_empty());
    for field in always(node) {
        if empty(object.get(&field)) {
            object.as_map_mut().insert(field.as_str(), Value::Null);
        }
    }
    for field in node.declared("spec").map(always).unwrap_or_default() {
        if empty(object.at(&["spec", &field])) {
            object.as_map_mut().map_at("spec").insert(field.as_str(), Value::Null);
        }
    }
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
    let settle = |object: &mut Object, _: Option<Over<'_>>| default(catalog, object);
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
    if old.is_some_and(|old| *old == applied.object && !how.writes_anyway) {
        return Ok(None);
    }
    let fields = applied.object.metadata().and_then(|m| m.get("managedFields")).cloned().unwrap_or_default();
    Ok(Some((applied.object, fields)))
}

/// An apply that is refused.
pub(crate) fn refusal(error: ApplyError) -> Failure {
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
/// Those of the patch: 422 for operations of a JSON patch that cannot be done, 400 for a patch of the wrong form,
/// 500 for directives that make no sense.
pub(crate) fn patched(served: &Served, old: &Value, patch: &PatchBody) -> Result<Value, Failure> {
    let root = served.root.as_ref();
    let patched = match patch {
        PatchBody::Strategic(Value::Null) => return Ok(old.clone()),
        PatchBody::Merge(patch) | PatchBody::Apply(patch) => {
            must_be_map(patch)?;
            merge_patch::apply(old, patch)
        }
        PatchBody::Strategic(patch) => {
            must_be_map(patch).map_err(|failure| Failure {
                message: failure.message.trim_start_matches("error decoding patch: ").to_owned(),
                ..failure
            })?;
            match root {
                Some(root) => strategic::apply(old, patch, root.node()),
                None => merge_patch::apply(old, patch),
            }
        }
        PatchBody::Json(Value::Null) => return Ok(old.clone()),
        PatchBody::Json(operations) => {
            if operations.as_list().is_none() {
                let kind = go_kind(operations);
                return Err(Failure::bad_request(format!(
                    "error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
                )));
            }
            json_patch::apply(old, operations, json_patch::Dialect::Kubernetes)
        }
    };
    let mut new = patched.map_err(refused_patch)?;
    if let Some(map) = new.as_map_mut().filter(|_| matches!(patch, PatchBody::Strategic(_))) {
        // Whatever a strategic patch says of them, the object stays of its kind.
        for field in ["apiVersion", "kind"] {
            if let Some(own) = old.get(field) {
                map.insert(field, own.clone());
            }
        }
    }
    Ok(new)
}

fn refused_patch(error: PatchError) -> Failure {
    match error.status {
        400 => Failure::bad_request(error.message),
        422 => Failure::new(422, "Invalid", error.message).about("", "", ""),
        _ => Failure::internal(error.message),
    }
}

fn must_be_map(patch: &Value) -> Result<(), Failure> {
    match patch {
        Value::Map(_) => Ok(()),
        Value::Null => Err(Failure::bad_request("Invalid JSON Patch")),
        other => Err(Failure::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go_kind(other)
        ))),
    }
}

/// What Go's decoder calls a JSON value.
pub(crate) fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Map(_) => "object",
        Value::List(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Null => "null",
        Value::Int(_) | Value::Float(_) => "number",
    }
}

/// An object in the version it is stored in.
pub(crate) fn to_stored(served: &Served, object: Object) -> Object {
    if *served.gvk() == served.stored { object } else { crate::convert::convert(&object, &served.stored) }
}

/// An object that is not stored, as it would come back from the store.
pub(crate) fn as_stored(served: &Served, object: Object) -> Arc<Object> {
    let mut stored = to_stored(served, object);
    from_protobuf(served, &mut stored);
    Arc::new(from_stored(served, &stored))
}

/// A stored object in the version that is asked for. A custom resource loses what this version does not know.
pub(crate) fn from_stored(served: &Served, object: &Object) -> Object {
    if object.gvk() == *served.gvk() {
        return object.clone();
    }
    let converted = crate::convert::convert(object, served.gvk());
    match (&served.custom, &served.root) {
        (Some(_), Some(root)) => crate::write::pruned(converted, root),
        _ => converted,
    }
}
