//! Defaults of custom resources: all in their schema.

use tautline_core::{Key, Map, MapDraft, Value};

use crate::types::TypeRef;

/// Fills in what is absent, and null where null is no value; keys that the schema does not know are dropped. What
/// stays as it is keeps its place in memory. What the value shares with one that is filled in needs no look.
pub(super) fn apply(value: &mut Value, before: Option<&Value>, of: TypeRef<'_>) {
    if let Some(filled) = filled(value, before, of) {
        *value = filled;
    }
}

/// `None` if nothing is to be done.
fn filled(value: &Value, before: Option<&Value>, of: TypeRef<'_>) -> Option<Value> {
    if before.is_some_and(|before| value.is_same(before)) {
        return None;
    }
    match value {
        Value::Map(map) => {
            let filled = filled_map(map, before.and_then(Value::as_map), of);
            (!filled.is_same(map)).then_some(Value::Map(filled))
        }
        Value::List(items) => {
            let of = of.items()?;
            let mut out: Option<Vec<Value>> = None;
            for (i, item) in items.iter().enumerate() {
                let before = before.and_then(Value::as_list).and_then(|before| before.get(i));
                match (below(item, before, of), &mut out) {
                    (None, None) => {}
                    (None, Some(out)) => out.push(item.clone()),
                    (Some(filled), out) => {
                        out.get_or_insert_with(|| items.iter().take(i).cloned().collect()).push(filled);
                    }
                }
            }
            out.map(|out| Value::List(out.into()))
        }
        _ => None,
    }
}

fn filled_map(map: &Map, before: Option<&Map>, of: TypeRef<'_>) -> Map {
    let before = |key: &Key| before.and_then(|before| before.get_key(key));
    let mut draft = MapDraft::of(map);
    let mut given = map.iter().peekable();
    for field in of.fields() {
        while let Some((key, value)) = given.next_if(|(key, _)| *key < field.name) {
            further(&mut draft, value, before(key), of);
        }
        let value = given.next_if(|(key, _)| *key == field.name).map(|(_, value)| value);
        let is_unset = value.is_none_or(|value| value.is_null() && !field.of.nullable());
        match (value, field.of.default().filter(|_| is_unset)) {
            (None, None) => {}
            (Some(value), None) => typed(&mut draft, value, before(field.name), field.of),
            (value, Some(default)) => {
                let default = below(default, None, field.of).unwrap_or_else(|| default.clone());
                match value {
                    Some(_) => draft.replace(default),
                    None => draft.put(field.name.clone(), default),
                }
            }
        }
    }
    for (key, value) in given {
        further(&mut draft, value, before(key), of);
    }
    draft.finish()
}

/// A key that the schema does not declare.
fn further(draft: &mut MapDraft<'_>, value: &Value, before: Option<&Value>, of: TypeRef<'_>) {
    match of.additional() {
        Some(of) => typed(draft, value, before, of),
        None => draft.skip(),
    }
}

fn typed(draft: &mut MapDraft<'_>, value: &Value, before: Option<&Value>, of: TypeRef<'_>) {
    match below(value, before, of) {
        Some(filled) => draft.replace(filled),
        None => draft.keep(),
    }
}

/// What is in a value of a type that has fields: whole objects and untyped values are left alone.
fn below(value: &Value, before: Option<&Value>, of: TypeRef<'_>) -> Option<Value> {
    if of.is_compiled() || of.is_untyped() { None } else { filled(value, before, of) }
}

/// Drops nulls that are neither a value nor stand for a default.
pub(super) fn drop_nulls(value: &mut Value, of: TypeRef<'_>) {
    match value {
        Value::Map(map) => {
            map.retain(|key, item| {
                let known = of.field(key).filter(|of| !of.is_untyped());
                !(item.is_null() && known.is_some_and(|of| !of.nullable() && of.default().is_none()))
            });
            let keys: Vec<_> = map.keys().cloned().collect();
            for key in keys {
                if let (Some(of), Some(item)) = (of.field(&key), map.get_mut(&key))
                    && !of.is_untyped()
                    && !of.is_compiled()
                {
                    drop_nulls(item, of);
                }
            }
        }
        Value::List(items) => {
            if let Some(of) = of.items().filter(|of| !of.is_untyped()) {
                items.iter_mut().for_each(|item| drop_nulls(item, of));
            }
        }
        _ => {}
    }
}
