//! Filling in one default: at a path of field names, where `[]` stands for every item.

use tautline_core::{Map, Value};

/// A rule: where, and the default as JSON.
pub(super) type Rule = (&'static str, &'static str);

/// Sets each rule's default where its field is absent, null or empty. Nothing is set below what is absent.
pub(super) fn set_all(value: &mut Value, rules: &[Rule]) {
    for (path, json) in rules {
        let Ok(default) = Value::from_json(json.as_bytes()) else { continue };
        each(value, path, &mut |map, field| set(map, field, default.clone()));
    }
}

/// Visits the maps that hold a path's last field.
pub(super) fn each(value: &mut Value, path: &str, visit: &mut dyn FnMut(&mut Map, &str)) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, items) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
    let Some(rest) = rest else {
        if let Value::Map(map) = value {
            visit(map, name);
        }
        return;
    };
    match value.get_mut(name) {
        Some(Value::List(list)) if items => list.iter_mut().for_each(|item| each(item, rest, visit)),
        Some(below @ Value::Map(_)) => each(below, rest, visit),
        _ => {}
    }
}

/// Sets a field that is absent, null, or empty text or an empty list.
pub(super) fn set(map: &mut Map, field: &str, default: impl Into<Value>) {
    let unset = match map.get(field) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::List(items)) => items.is_empty(),
        Some(_) => false,
    };
    if unset {
        map.insert(field, default);
    }
}

/// The map below a chain of fields, if it is there.
pub(super) fn map_at<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Map> {
    path.iter().try_fold(value, |value, field| value.get_mut(field))?.as_map_mut()
}
