//! Client-side apply as kubectl 1.37 does it: a patch from the last applied, the new and the live object.

use tautline_core::{Map, Object, Value};
use tautline_schema::Schemas;

use crate::patch::{PatchError, merge};
use crate::strategic;
use crate::structured::{LAST_APPLIED, print_last_applied};

/// What client-side apply sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientApply {
    /// The object is not there: POST this.
    Create(Value),
    /// Nothing to do.
    Unchanged,
    /// PATCH with this.
    Strategic(Value),
    /// PATCH with this: the kind has no strategic merge.
    Merge(Value),
}

/// Works out what client-side apply sends for a configuration.
///
/// # Errors
/// Where lists cannot be compared because items have no merge key, or the annotation is no JSON (400).
pub fn client_apply(
    config: &Object,
    live: Option<&Object>,
    schemas: &dyn Schemas,
) -> Result<ClientApply, PatchError> {
    let wanted = annotated(config);
    let Some(live) = live else { return Ok(ClientApply::Create(without_nulls(wanted.into_value()))) };
    let last = match live.annotation(LAST_APPLIED).filter(|text| !text.is_empty()) {
        Some(text) => Value::from_json(text.as_bytes())
            .map_err(|e| PatchError::bad_request(format!("the last-applied annotation is no JSON: {e}")))?,
        None => Value::map(),
    };
    let (wanted, live) = (wanted.to_value(), live.to_value());
    let root = schemas.root(&config.gvk()).filter(|root| root.node().is_compiled());
    let patch = match &root {
        Some(root) => strategic::create_three_way(&last, &wanted, &live, root.node())?,
        None => create_merge(&last, &wanted, &live),
    };
    Ok(match (patch.as_map().is_none_or(Map::is_empty), root) {
        (true, _) => ClientApply::Unchanged,
        (false, Some(_)) => ClientApply::Strategic(patch),
        (false, None) => ClientApply::Merge(patch),
    })
}

/// kubectl's encoder leaves out what is null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            let kept = map.into_iter().filter(|(_, v)| !v.is_null());
            Value::Map(kept.map(|(k, v)| (k, without_nulls(v))).collect())
        }
        other => other,
    }
}

/// The configuration with itself in the annotation.
fn annotated(config: &Object) -> Object {
    let mut bare = config.clone();
    // kubectl writes the annotations' map even if it is empty.
    bare.metadata_mut().map_at("annotations").remove(LAST_APPLIED);
    let text = print_last_applied(&bare);
    bare.annotate(LAST_APPLIED, &text);
    bare
}

/// The three-way JSON merge patch: changes of live to wanted without removals, and the removals of last to wanted.
pub fn create_merge(last: &Value, wanted: &Value, live: &Value) -> Value {
    let changes = merge::create(live, wanted);
    let removals = merge::create(last, wanted);
    let changes = changes.as_map().map(|map| keep(map, false)).unwrap_or_default();
    let removals = removals.as_map().map(|map| keep(map, true)).unwrap_or_default();
    Value::Map(merge::combine(&removals, &changes))
}

/// Only the nulls of a patch, or all but them.
fn keep(patch: &Map, nulls: bool) -> Map {
    let kept = patch.iter().filter_map(|(key, value)| match value {
        Value::Null => nulls.then(|| (key.clone(), Value::Null)),
        Value::Map(map) if map.is_empty() => (!nulls).then(|| (key.clone(), value.clone())),
        Value::Map(map) => {
            Some(keep(map, nulls)).filter(|m| !m.is_empty()).map(|m| (key.clone(), Value::Map(m)))
        }
        other => (!nulls).then(|| (key.clone(), other.clone())),
    });
    kept.collect()
}
