//! What is sent of an object that has ignored fields.

use tautline_core::{FieldPath, Object, PathElement, Value};

use super::Others;
use crate::edit::{remove, set};

/// The desired object with the live values of ignored fields, or without these fields where somebody else owns
/// them or nobody has them.
pub(super) fn payload<'p>(
    desired: &Object,
    live: &Object,
    others: &Others,
    paths: impl Iterator<Item = &'p FieldPath>,
) -> Object {
    let mut out = desired.to_value();
    let live_value = live.to_value();
    let is_secret = desired.is("", "Secret");
    for path in paths.filter(|path| !is_identity(path)) {
        match path.get(&live_value) {
            Some(_) if others.own(path) => remove(&mut out, path.elements()),
            // A Secret's live values are known by their digests only: what Git has stays.
            Some(_) if is_secret => {}
            // An item that Git does not name is nobody's to send.
            Some(_) if names_item(path) && path.get(&out).is_none() => {}
            Some(value) => set(&mut out, path.elements(), value),
            None => remove(&mut out, path.elements()),
        }
    }
    match out {
        Value::Map(map) => Object::from_map(map),
        _ => desired.clone(),
    }
}

/// What tells an object from others, and ours from theirs, is always sent.
fn is_identity(path: &FieldPath) -> bool {
    let text = path.to_string();
    ["", "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.annotations"]
        .contains(&text.as_str())
        || text.contains("tracking-id")
}

fn names_item(path: &FieldPath) -> bool {
    !matches!(path.last(), Some(PathElement::Field(_)))
}
