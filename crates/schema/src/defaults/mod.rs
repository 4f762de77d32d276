//! Defaults: of schemas, and those that live in the API server's code.
//!
//! [`settle`] does what the API server does with every object it decodes: read it into its Go type, fill in
//! defaults, print it. The rules of code are tables in this module's parts, one function a Go type; the recorded
//! answers of Kubernetes 1.37.2 decide.

mod custom;
mod kinds;
mod pods;
mod set;
mod stays;
mod table;

use tautline_core::{GroupVersionKind, Object, Value};

use crate::Schemas;
use crate::stored::stored;
use crate::types::TypeRef;

pub use stays::{Over, Touched};

/// Brings an object into the form that the API server stores: values in their one form, defaults filled in.
///
/// # Errors
/// The server's message for a value that its Go type cannot hold. Objects of unknown kinds stay as they are.
pub fn settle(object: &mut Object, schemas: &dyn Schemas) -> Result<(), String> {
    settle_over(object, None, schemas)
}

/// [`settle`] for an object that was laid over one that a server answered with: whatever a server answers with is
/// settled, so what both share in memory needs no look. Where only single values took the place of others, these alone
/// are looked at.
///
/// # Errors
/// Those of [`settle`].
pub fn settle_over(object: &mut Object, over: Option<Over<'_>>, schemas: &dyn Schemas) -> Result<(), String> {
    let is_alike = |over: &Over<'_>| {
        over.live.api_version() == object.api_version() && over.live.kind() == object.kind()
    };
    let over = over.filter(is_alike);
    if over.is_some_and(stays::stay_settled) {
        return Ok(());
    }
    let gvk = object.gvk();
    let Some(root) = schemas.root(&gvk) else { return Ok(()) };
    let mut value = object.to_value();
    let live = over.map(|over| over.live.to_value());
    let live = live.as_ref();
    // Ownership is not the object's content: it passes as it is, an empty list included.
    let managed = object.at(&["metadata", "managedFields"]).cloned();
    if root.node().is_compiled() {
        let decoded = match over {
            Some(over) if over.is_stored => value.clone(),
            _ => decoded(&value, live, &gvk, root.node())?,
        };
        value = decoded.clone();
        kinds::apply(&mut value, live, &gvk);
        // Defaults are typed in Go; here they may have made empty structs that are printed with their fields.
        value = stored(&value, Some(&decoded), root.node())?.unwrap_or_default();
    } else {
        custom::apply(&mut value, live, root.node());
        // The metadata of every object is one Go type.
        let meta = root.node().declared("metadata").zip(object.get("metadata"));
        if let (Some((of, metadata)), Some(map)) = (meta, value.as_map_mut()) {
            let before = live.and_then(|live| live.get("metadata"));
            map.insert("metadata", stored(metadata, before, of)?.unwrap_or_else(Value::map));
        }
    }
    if let Value::Map(map) = value {
        *object = Object::from_map(map);
        if object.gvk() != gvk {
            object.as_map_mut().insert("apiVersion", gvk.api_version());
            object.as_map_mut().insert("kind", gvk.kind.as_str());
        }
        if let Some(managed) = managed
            && object.at(&["metadata", "managedFields"]) != Some(&managed)
        {
            object.metadata_mut().insert("managedFields", managed);
        }
    }
    Ok(())
}

/// An object as its Go type reads it and prints it again.
fn decoded(
    value: &Value,
    live: Option<&Value>,
    gvk: &GroupVersionKind,
    of: TypeRef<'_>,
) -> Result<Value, String> {
    let decoded = stored(value, live, of).map_err(|e| {
        let version = if gvk.group.is_empty() { format!("/{}", gvk.version) } else { gvk.api_version() };
        format!("unable to convert unstructured object to {version}, Kind={}: {e}", gvk.kind)
    })?;
    Ok(decoded.unwrap_or_default())
}

/// What is left of an object after the API server stored it: lists and maps that are always printed come back
/// from storage as null if they are empty.
pub fn through_storage(object: &mut Object, schemas: &dyn Schemas) {
    let Some(root) = schemas.root(&object.gvk()).filter(|root| root.node().is_compiled()) else { return };
    let mut value = object.to_value();
    crate::stored::empty_to_null(&mut value, root.node());
    if let Value::Map(map) = value {
        *object = Object::from_map(map);
    }
}

/// Drops nulls of a custom resource that its schema allows nowhere, as the API server does when it reads a create,
/// PUT or patch. An apply keeps them, and validation refuses them.
pub fn drop_nulls(object: &mut Object, schemas: &dyn Schemas) {
    let Some(root) = schemas.root(&object.gvk()).filter(|root| !root.node().is_compiled()) else { return };
    let mut value = object.to_value();
    custom::drop_nulls(&mut value, root.node());
    if let Value::Map(map) = value {
        *object = Object::from_map(map);
    }
}
