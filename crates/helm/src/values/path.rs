//! Dotted paths into values.

use tautline_core::{Map, Value};

/// The map at a dotted path; every part must be a map.
pub(crate) fn table<'v>(values: &'v Map, path: &str) -> Result<&'v Map, String> {
    path.split('.').try_fold(values, |map, name| match map.get(name) {
        Some(Value::Map(map)) => Ok(map),
        _ => Err(format!("{name:?} is not a table")),
    })
}

/// The value at a dotted path, if it is there and no map.
pub(crate) fn scalar<'v>(values: &'v Map, path: &str) -> Option<&'v Value> {
    let (folder, name) = match path.rsplit_once('.') {
        Some((folder, name)) => (table(values, folder).ok()?, name),
        None => (values, path),
    };
    folder.get(name).filter(|value| value.as_map().is_none())
}
