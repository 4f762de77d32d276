//! Lists in strategic merge patches: merged by key or as sets, and put in order.

use tautline_core::{Key, Map, Value};
use tautline_schema::TypeRef;

use super::{
    DIRECTIVE, Purpose, Result, SET_ORDER, list_name, merge_maps, unknown_directive, without_directives,
};
use crate::go_print;
use crate::patch::PatchError;

fn no_key(map: &Map, key: &str) -> PatchError {
    let map = go_print::plain(&Value::Map(map.clone()));
    PatchError::internal(format!("map: {map} does not contain declared merge key: {key}"))
}

fn wrong_type(expected: &str, actual: &Value) -> PatchError {
    PatchError::internal(format!("expected a {expected}, but received a {}", go_print::type_name(actual)))
}

/// Merges two lists, in the server's order: items of the patch in its order, others before the next that the
/// original had after them.
pub(super) fn merge(
    original: Vec<Value>,
    patch: Vec<Value>,
    of: Option<TypeRef<'_>>,
    deletes: bool,
    purpose: Purpose,
) -> Result<Vec<Value>> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    let key = of.and_then(|of| of.merge_key()).unwrap_or_default();
    let maps = are_maps(&[&original, &patch])?;
    if !maps {
        if purpose == Purpose::Apply && deletes {
            return Ok(original.into_iter().filter(|item| !patch.contains(item)).collect());
        }
        let mut merged = original.clone();
        merged.extend(patch.iter().cloned());
        let merged = deduplicated(merged);
        let (named, others) = merged.into_iter().partition(|item| patch.contains(item));
        return in_order(named, others, &patch, &original, "", false);
    }
    if key.is_empty() {
        return Err(PatchError::internal("cannot merge lists without merge key for "));
    }
    let (mut original, patch) = carry_out_directives(original, patch, key)?;
    let server_order = original.clone();
    for item in &patch {
        let Value::Map(wanted) = item else { return Err(wrong_type("map[string]interface {}", item)) };
        let name = wanted.get(key).ok_or_else(|| no_key(wanted, key))?;
        let items = of.and_then(|of| of.items());
        match find(&original, key, name)? {
            Some(i) => {
                if let Some(place) = original.get_mut(i) {
                    let present = place.as_map().cloned().unwrap_or_default();
                    *place = Value::Map(merge_maps(present, wanted.clone(), items, purpose)?);
                }
            }
            None => original.push(item.clone()),
        }
    }
    let (named, others) = partition(original, &patch, key)?;
    in_order(named, others, &patch, &server_order, key, true)
}

/// Whether the items are maps; they must be of one kind.
pub(super) fn are_maps(lists: &[&[Value]]) -> Result<bool> {
    let mut first: Option<&Value> = None;
    for item in lists.iter().copied().flatten() {
        match first {
            None if matches!(item, Value::List(_)) => {
                return Err(PatchError::unprocessable("lists of lists are not supported"));
            }
            None => first = Some(item),
            Some(other) if std::mem::discriminant(other) != std::mem::discriminant(item) => {
                let all: Vec<String> = lists
                    .iter()
                    .map(|list| go_print::plain(&Value::List(list.iter().cloned().collect())))
                    .collect();
                return Err(PatchError::internal(format!(
                    "list element types are not identical: [{}]",
                    all.join(" ")
                )));
            }
            Some(_) => {}
        }
    }
    match first {
        Some(item) => Ok(matches!(item, Value::Map(_))),
        None => Err(PatchError::internal("no elements in any of the given slices")),
    }
}

/// Deletes and replaces as items of the patch say, and leaves those that are to be merged.
fn carry_out_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>)> {
    let mut plain = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        let Value::Map(map) = &item else { return Err(wrong_type("map[string]interface {}", &item)) };
        let Some(directive) = map.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let name = map.get(key).ok_or_else(|| no_key(map, key))?;
                while let Some(i) = find(&original, key, name)? {
                    original.remove(i);
                }
            }
            Some("replace") => replace = true,
            Some("merge") => {
                return Err(PatchError::internal("merging lists cannot yet be specified in the patch"));
            }
            _ => return Err(unknown_directive(directive, map)),
        }
    }
    Ok(if replace { (plain, Vec::new()) } else { (original, plain) })
}

fn find(list: &[Value], key: &str, name: &Value) -> Result<Option<usize>> {
    for (i, item) in list.iter().enumerate() {
        let Value::Map(map) = item else {
            return Err(PatchError::internal(format!("value for key {i} is not a map")));
        };
        if map.get(key) == Some(name) {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

fn partition(list: Vec<Value>, by: &[Value], key: &str) -> Result<(Vec<Value>, Vec<Value>)> {
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for item in list {
        let Value::Map(map) = &item else { return Err(wrong_type("map[string]interface {}", &item)) };
        let name = map.get(key).ok_or_else(|| no_key(map, key))?;
        if find(by, key, name)?.is_some() { named.push(item) } else { others.push(item) }
    }
    Ok((named, others))
}

/// Keeps the first of equals; the place of a later one is taken by the last item, as on the server.
pub(super) fn deduplicated(mut items: Vec<Value>) -> Vec<Value> {
    let mut i = 0;
    while i < items.len() {
        let mut j = i + 1;
        while j < items.len() {
            if items.get(i) == items.get(j) { drop(items.swap_remove(j)) } else { j += 1 }
        }
        i += 1;
    }
    items
}

fn in_order(
    patch: Vec<Value>,
    others: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: &str,
    maps: bool,
) -> Result<Vec<Value>> {
    let patch = sorted_by(patch, patch_order, key, maps)?;
    let others = sorted_by(others, server_order, key, maps)?;
    let (mut left, mut right) = (others.into_iter().peekable(), patch.into_iter().peekable());
    let mut out = Vec::new();
    loop {
        let take_left = match (left.peek(), right.peek()) {
            (None, None) => return Ok(out),
            (Some(l), Some(r)) => {
                let places = place(server_order, l, key, maps).zip(place(server_order, r, key, maps));
                places.is_some_and(|(l, r)| l < r)
            }
            (Some(_), None) => true,
            (None, Some(_)) => false,
        };
        out.extend(if take_left { left.next() } else { right.next() });
    }
}

fn name_of<'v>(item: &'v Value, key: &str, maps: bool) -> Option<&'v Value> {
    if maps { item.get(key) } else { Some(item) }
}

fn place(order: &[Value], item: &Value, key: &str, maps: bool) -> Option<usize> {
    order.iter().position(|other| name_of(other, key, maps) == name_of(item, key, maps))
}

/// Sorts by another list's order; items that are to be deleted go last.
pub(super) fn sorted_by(items: Vec<Value>, order: &[Value], key: &str, maps: bool) -> Result<Vec<Value>> {
    if !maps {
        let mut items = items;
        items.sort_by_key(|item| place(order, item, key, maps).map_or(-1, |i| i as i64));
        return Ok(items);
    }
    for item in items.iter().chain(order) {
        let Value::Map(map) = item else { return Err(wrong_type("map[string]interface {}", item)) };
        if !map.contains_key(key) {
            return Err(no_key(map, key));
        }
    }
    let to_delete = |item: &Value| item.str_at(&[DIRECTIVE]) == Some("delete");
    let (deleted, mut kept): (Vec<Value>, Vec<Value>) = items.into_iter().partition(to_delete);
    kept.sort_by_key(|item| place(order, item, key, maps).map_or(-1, |i| i as i64));
    kept.extend(deleted);
    Ok(kept)
}

/// Carries out `$setElementOrder/…`, merging the lists it names on the way.
pub(super) fn set_orders(
    original: &mut Map,
    patch: &mut Map,
    of: Option<TypeRef<'_>>,
    purpose: Purpose,
) -> Result<()> {
    let keys: Vec<Key> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    if !keys.is_empty() && of.is_some_and(|of| of.fields().len() == 0 && of.additional().is_some()) {
        let message = "merging an object in json but data type is not struct, instead is: map";
        return Err(PatchError::internal(message));
    }
    for directive in keys {
        let Some(order) = patch.remove(&directive) else { continue };
        if purpose == Purpose::Combine {
            if original.get(&directive).is_some_and(|present| *present != order) {
                return Err(PatchError::bad_request("invalid patch format of setElementOrder list"));
            }
            original.insert(directive.clone(), order.clone());
        }
        let Value::List(order) = order else { return Err(wrong_type("[]interface {}", &order)) };
        let name = list_name(&directive, SET_ORDER)
            .ok_or_else(|| PatchError::bad_request("invalid patch format of setElementOrder list"))?;
        set_order(original, patch, name, &order, of.and_then(|of| of.field(name)), purpose)?;
    }
    Ok(())
}

fn set_order(
    original: &mut Map,
    patch: &mut Map,
    name: &str,
    order: &[Value],
    of: Option<TypeRef<'_>>,
    purpose: Purpose,
) -> Result<()> {
    let list = |value: Option<&Value>| match value {
        None => Ok(None),
        Some(Value::List(items)) => Ok(Some(items.to_vec())),
        Some(other) => Err(wrong_type("[]interface {}", other)),
    };
    let present = list(original.get(name))?;
    let wanted = list(patch.get(name))?;
    let key = of.and_then(|of| of.merge_key()).unwrap_or_default();
    check_order(wanted.as_deref().unwrap_or_default(), order, key)?;
    let merged = match (present.clone(), wanted.clone()) {
        (Some(present), None) => present,
        (None, Some(wanted)) => wanted.into_iter().filter_map(without_directives).collect(),
        (Some(present), Some(wanted)) if of.is_some_and(|of| of.patch_strategy().merge) => {
            merge(present, wanted, of, false, purpose)?
        }
        (Some(_), Some(wanted)) => wanted,
        (None, None) => return Ok(()),
    };
    let (named, others) = if key.is_empty() {
        merged.into_iter().partition(|item| order.contains(item))
    } else {
        partition(merged, order, key)?
    };
    let (present, wanted) = (present.unwrap_or_default(), wanted.unwrap_or_default());
    let maps = are_maps(&[&present, &wanted])?;
    let both = in_order(named, others, order, &present, key, maps)?;
    original.insert(name, Value::List(both.into()));
    patch.remove(name);
    Ok(())
}

/// The items of the patch must come in the order that it sets.
fn check_order(wanted: &[Value], order: &[Value], key: &str) -> Result<()> {
    if wanted.is_empty() || order.is_empty() {
        return Ok(());
    }
    let directive = |item: &Value| item.as_map().is_some_and(|map| map.contains_key(DIRECTIVE));
    let deleted = |item: &Value| item.str_at(&[DIRECTIVE]) == Some("delete");
    let mut left = wanted.iter().filter(|item| key.is_empty() || !deleted(item)).peekable();
    for place in order {
        // Other directives are skipped on the way, but not at the end, as on the server.
        while left.next_if(|item| directive(item)).is_some() {}
        let Some(item) = left.peek() else { return Ok(()) };
        let equal = if key.is_empty() {
            *item == place
        } else {
            let named = |value: &Value| match value {
                Value::Map(map) => map.get(key).cloned().ok_or_else(|| no_key(map, key)),
                other => Err(wrong_type("map[string]interface {}", other)),
            };
            named(item)? == named(place)?
        };
        if equal {
            left.next();
        }
    }
    if left.peek().is_none() {
        return Ok(());
    }
    let show = |list: &[Value]| go_print::plain(&Value::List(list.iter().cloned().collect()));
    Err(PatchError::internal(format!(
        "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
        show(wanted),
        show(order)
    )))
}
