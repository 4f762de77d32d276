//! Making strategic merge patches, of two sides or of three.

use tautline_core::{Key, Map, Value, value};
use tautline_schema::TypeRef;

use super::lists::{are_maps, deduplicated, sorted_by};
use super::{DELETE_FROM, DIRECTIVE, Purpose, RETAIN_KEYS, Result, SET_ORDER, merge_maps};
use crate::go_print;
use crate::patch::PatchError;

/// What of a difference is wanted.
#[derive(Clone, Copy)]
struct Wanted {
    deletions: bool,
    changes: bool,
    order: bool,
    retain_keys: bool,
}

/// The patch that turns one object into another.
///
/// # Errors
/// Where items of a list that is merged have no merge key.
pub fn create_two_way(from: &Value, to: &Value, of: TypeRef<'_>) -> Result<Value> {
    let wanted = Wanted { deletions: true, changes: true, order: true, retain_keys: false };
    diff_maps(&map(from), &map(to), Some(of), wanted).map(Value::Map)
}

/// The patch that client-side apply sends: what differs between the live object and the new configuration is
/// set, what the last applied one had and the new one has not is deleted.
///
/// # Errors
/// Where items of a list that is merged have no merge key.
pub fn create_three_way(last: &Value, wanted: &Value, live: &Value, of: TypeRef<'_>) -> Result<Value> {
    let all = Wanted { deletions: true, changes: true, order: true, retain_keys: false };
    let changes = diff_maps(&map(live), &map(wanted), Some(of), Wanted { deletions: false, ..all })?;
    let deletions = diff_maps(&map(last), &map(wanted), Some(of), Wanted { changes: false, ..all })?;
    merge_maps(deletions, changes, Some(of), Purpose::Combine).map(Value::Map)
}

fn map(value: &Value) -> Map {
    value.as_map().cloned().unwrap_or_default()
}

fn diff_maps(from: &Map, to: &Map, of: Option<TypeRef<'_>>, wanted: Wanted) -> Result<Map> {
    let mut patch: Vec<(Key, Value)> = Vec::new();
    for (key, new) in to {
        match from.get(key) {
            None if wanted.changes => patch.push((key.clone(), new.clone())),
            None => {}
            Some(old) if key == DIRECTIVE => {
                patch.extend((old != new).then(|| (key.clone(), new.clone())));
            }
            Some(old) => diff_field(key, old, new, of.and_then(|of| of.field(key)), wanted, &mut patch)?,
        }
    }
    if wanted.deletions {
        patch.extend(from.keys().filter(|key| !to.contains_key(key)).map(|key| (key.clone(), Value::Null)));
    }
    let dropped = from.iter().any(|(key, value)| !value.is_null() && !to.contains_key(key));
    if wanted.retain_keys && (!patch.is_empty() || dropped) {
        let keys: Vec<Value> = to.iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| Value::from(k)).collect();
        if !keys.is_empty() {
            patch.push((Key::from(RETAIN_KEYS), Value::List(keys.into())));
        }
    }
    Ok(patch.into_iter().collect())
}

fn diff_field(
    key: &Key,
    old: &Value,
    new: &Value,
    of: Option<TypeRef<'_>>,
    wanted: Wanted,
    patch: &mut Vec<(Key, Value)>,
) -> Result<()> {
    let strategy = of.map(|of| of.patch_strategy()).unwrap_or_default();
    match (old, new) {
        // Set as a whole, the field is in every patch.
        (Value::Map(_), Value::Map(_)) if strategy.replace => {
            patch.extend(wanted.changes.then(|| (key.clone(), new.clone())));
        }
        (Value::Map(old), Value::Map(new)) => {
            let below = diff_maps(old, new, of, Wanted { retain_keys: strategy.retain_keys, ..wanted })?;
            if !below.is_empty() {
                patch.push((key.clone(), Value::Map(below)));
            }
        }
        (Value::List(old), Value::List(new)) if strategy.merge => {
            let wanted = Wanted { retain_keys: strategy.retain_keys, ..wanted };
            let lists = diff_lists(old, new, of, wanted)?;
            let names = [key.to_string(), format!("{DELETE_FROM}/{key}"), format!("{SET_ORDER}/{key}")];
            for (name, list) in names.into_iter().zip(lists) {
                if !list.is_empty() {
                    patch.push((Key::from(name), Value::List(list.into())));
                }
            }
        }
        (old, new) if wanted.changes && (old != new) => patch.push((key.clone(), new.clone())),
        _ => {}
    }
    Ok(())
}

/// What to merge, what to take out, and the order.
fn diff_lists(
    old: &[Value],
    new: &[Value],
    of: Option<TypeRef<'_>>,
    wanted: Wanted,
) -> Result<[Vec<Value>; 3]> {
    if new.is_empty() {
        // All items go; with an empty old list there is nothing to say.
        if old.is_empty() || !wanted.deletions {
            return Ok([Vec::new(), Vec::new(), Vec::new()]);
        }
    }
    if old.is_empty() && new.is_empty() {
        return Ok([Vec::new(), Vec::new(), Vec::new()]);
    }
    if !are_maps(&[old, new])? {
        return diff_sets(old, new, wanted);
    }
    let key = of.and_then(|of| of.merge_key()).unwrap_or_default();
    let (merged, deleted) = diff_keyed(old, new, key, of, wanted)?;
    let mut merged = sorted_by(merged, new, key, true)?;
    let same_order = old.len() == new.len() && old.iter().zip(new).all(|(a, b)| a.get(key) == b.get(key));
    merged.extend(deleted);
    let ordered = wanted.order
        && (wanted.changes && (!merged.is_empty() || !same_order) || wanted.deletions && !merged.is_empty());
    let order = |item: &Value| {
        let mut only = Map::new();
        only.insert(key, item.get(key).cloned().unwrap_or_default());
        Value::Map(only)
    };
    let order = if ordered { new.iter().map(order).collect() } else { Vec::new() };
    Ok([merged, Vec::new(), order])
}

fn sorted_by_text(items: &[Value], text: impl Fn(&Value) -> String) -> Vec<&Value> {
    // The server's sort takes equals for out of order and so turns them round.
    let mut sorted: Vec<&Value> = items.iter().rev().collect();
    sorted.sort_by_key(|item| text(item));
    sorted
}

fn diff_keyed(
    old: &[Value],
    new: &[Value],
    key: &str,
    of: Option<TypeRef<'_>>,
    wanted: Wanted,
) -> Result<(Vec<Value>, Vec<Value>)> {
    let name = |item: &Value| item.get(key).map(go_print::plain).unwrap_or_default();
    for item in old.iter().chain(new) {
        if item.get(key).is_none() {
            let shown = go_print::plain(item);
            return Err(PatchError::internal(format!(
                "map: {shown} does not contain declared merge key: {key}"
            )));
        }
    }
    let items = of.and_then(|of| of.items());
    let (mut patch, mut deleted) = (Vec::new(), Vec::new());
    let mut left = sorted_by_text(old, name).into_iter().peekable();
    let mut right = sorted_by_text(new, name).into_iter().peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return Ok((patch, deleted)),
            (Some(a), Some(b)) => name(a).cmp(&name(b)),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        match order {
            std::cmp::Ordering::Equal => {
                let (Some(a), Some(b)) = (left.next(), right.next()) else { continue };
                let mut below = diff_maps(&map(a), &map(b), items, wanted)?;
                if !below.is_empty() {
                    below.insert(key, b.get(key).cloned().unwrap_or_default());
                    patch.push(Value::Map(below));
                }
            }
            std::cmp::Ordering::Greater => patch.extend(right.next().filter(|_| wanted.changes).cloned()),
            std::cmp::Ordering::Less => {
                if let Some(gone) = left.next().filter(|_| wanted.deletions) {
                    let mut directive = map(&value!({ DIRECTIVE: "delete" }));
                    directive.insert(key, gone.get(key).cloned().unwrap_or_default());
                    deleted.push(Value::Map(directive));
                }
            }
        }
    }
}

fn diff_sets(old: &[Value], new: &[Value], wanted: Wanted) -> Result<[Vec<Value>; 3]> {
    let (mut added, mut deleted) = (Vec::new(), Vec::new());
    let mut left = sorted_by_text(old, go_print::plain).into_iter().peekable();
    let mut right = sorted_by_text(new, go_print::plain).into_iter().peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(a), Some(b)) => go_print::plain(a).cmp(&go_print::plain(b)),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        if order.is_eq() {
            left.next();
            right.next();
        } else if order.is_lt() {
            deleted.extend(left.next().filter(|_| wanted.deletions).cloned());
        } else {
            added.extend(right.next().filter(|_| wanted.changes).cloned());
        }
    }
    let added = sorted_by(added, new, "", false)?;
    let deleted = deduplicated(deleted);
    // The old list was sorted in place before it is compared, in kubectl too: a difference in order alone is one.
    let sorted: Vec<Value> = sorted_by_text(old, go_print::plain).into_iter().cloned().collect();
    let ordered =
        wanted.order && (wanted.deletions && !deleted.is_empty() || wanted.changes && sorted != new);
    Ok([added, deleted, if ordered { new.to_vec() } else { Vec::new() }])
}
