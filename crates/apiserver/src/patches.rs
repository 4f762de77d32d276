//! JSON patches and strategic merge patches, until crate `merge` has them.

use tautline_core::{List, Map, Value};
use tautline_schema::TypeRef;

/// RFC 7386.
pub(crate) fn merge(into: &mut Value, patch: &Value) {
    let Value::Map(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if into.as_map().is_none() {
        *into = Value::map();
    }
    let Some(map) = into.as_map_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            let mut below = map.get(key).cloned().unwrap_or_default();
            merge(&mut below, value);
            map.insert(key.clone(), below);
        }
    }
}

/// RFC 6902. An operation that fails fails the patch.
pub(crate) fn json(root: &mut Value, operations: &Value) -> Option<()> {
    for operation in operations.as_list()?.iter() {
        let path = pointer(operation.str_at(&["path"])?)?;
        let value = operation.get("value").cloned();
        match operation.str_at(&["op"])? {
            "add" => add(root, &path, value?)?,
            "remove" => drop(remove(root, &path)?),
            "replace" => *find(root, &path)? = value?,
            "test" => (*find(root, &path)? == value?).then_some(())?,
            "move" => {
                let moved = remove(root, &pointer(operation.str_at(&["from"])?)?)?;
                add(root, &path, moved)?;
            }
            "copy" => {
                let copied = find(root, &pointer(operation.str_at(&["from"])?)?)?.clone();
                add(root, &path, copied)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn pointer(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let parts = text.strip_prefix('/')?.split('/');
    Some(parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'v>(root: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    let mut at = root;
    for token in path {
        at = match at {
            Value::Map(map) => map.get_mut(token)?,
            Value::List(list) => {
                let i = index(token, list.len())?;
                list.get_mut(i)?
            }
            _ => return None,
        };
    }
    Some(at)
}

/// An index; negative ones count from the end, as the server's library has it.
fn index(token: &str, len: usize) -> Option<usize> {
    let n: i64 = token.parse().ok()?;
    let len = i64::try_from(len).ok()?;
    usize::try_from(if n < 0 { n + len } else { n }).ok()
}

fn add(root: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((last, before)) = path.split_last() else {
        *root = value;
        return Some(());
    };
    match find(root, before)? {
        Value::Map(map) => drop(map.insert(last.as_str(), value)),
        Value::List(list) => {
            let mut items = list.to_vec();
            let i = if last == "-" { items.len() } else { index(last, items.len() + 1)? };
            if i > items.len() {
                return None;
            }
            items.insert(i, value);
            *list = items.into();
        }
        _ => return None,
    }
    Some(())
}

fn remove(root: &mut Value, path: &[String]) -> Option<Value> {
    let (last, before) = path.split_last()?;
    match find(root, before)? {
        Value::Map(map) => map.remove(last),
        Value::List(list) => {
            let mut items = list.to_vec();
            let i = index(last, items.len()).filter(|i| *i < items.len())?;
            let removed = items.remove(i);
            *list = items.into();
            Some(removed)
        }
        _ => None,
    }
}

/// A strategic merge patch on a value of a type.
pub(crate) fn strategic(into: &mut Value, patch: &Value, of: Option<TypeRef<'_>>) {
    let Value::Map(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if patch.get("$patch").and_then(Value::as_str) == Some("replace") {
        let mut new = patch.clone();
        new.remove("$patch");
        *into = Value::Map(new);
        return;
    }
    if into.as_map().is_none() {
        *into = Value::map();
    }
    let Some(map) = into.as_map_mut() else { return };
    if let Some(Value::List(kept)) = patch.get("$retainKeys") {
        map.retain(|key, _| kept.iter().any(|k| k.as_str() == Some(key)));
    }
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        let field = of.and_then(|of| of.field(key));
        let order = patch.get(&format!("$setElementOrder/{key}")).and_then(Value::as_list);
        field_patch(map, key, value, field, order);
    }
    for (key, gone) in patch.iter() {
        if let (Some(field), Value::List(gone)) = (key.strip_prefix("$deleteFromPrimitiveList/"), gone)
            && let Some(Value::List(list)) = map.get_mut(field)
        {
            *list = list.iter().filter(|item| !gone.contains(item)).cloned().collect();
        }
    }
}

fn field_patch(map: &mut Map, key: &str, value: &Value, of: Option<TypeRef<'_>>, order: Option<&List>) {
    let merges = of.is_some_and(|of| of.patch_strategy().merge);
    match value {
        Value::Null => drop(map.remove(key)),
        Value::Map(patch) if patch.get("$patch").and_then(Value::as_str) == Some("delete") => {
            drop(map.remove(key))
        }
        Value::Map(_) => {
            let mut below = map.get(key).cloned().unwrap_or_else(Value::map);
            strategic(&mut below, value, of);
            map.insert(key, below);
        }
        Value::List(items) if merges => {
            let old = map.get(key).and_then(Value::as_list).cloned().unwrap_or_default();
            let merged = merge_list(&old, items, of, order);
            map.insert(key, Value::List(merged));
        }
        other => drop(map.insert(key, other.clone())),
    }
}

fn merge_list(old: &List, patch: &List, of: Option<TypeRef<'_>>, order: Option<&List>) -> List {
    let Some(name) = of.and_then(|of| of.merge_key()) else {
        let added = patch.iter().filter(|item| !old.contains(item)).cloned();
        return old.iter().cloned().chain(added).collect();
    };
    let directive = |item: &Value| item.str_at(&["$patch"]).map(str::to_owned);
    if patch.iter().any(|item| directive(item).as_deref() == Some("replace")) {
        return patch.iter().filter(|item| directive(item).is_none()).cloned().collect();
    }
    let mut items = old.to_vec();
    let mut new = Vec::new();
    for change in patch.iter() {
        let same = |item: &Value| item.get(name).is_some() && item.get(name) == change.get(name);
        match (directive(change).as_deref(), items.iter_mut().find(|item| same(item))) {
            (Some("delete"), _) => items.retain(|item| !same(item)),
            (_, Some(item)) => strategic(item, change, of.and_then(|of| of.items())),
            (_, None) => {
                let mut item = Value::map();
                strategic(&mut item, change, of.and_then(|of| of.items()));
                new.push(item);
            }
        }
    }
    let Some(order) = order else {
        // Without an order new items go first, as recorded.
        new.extend(items);
        return new.into();
    };
    let place = |item: &Value| order.iter().position(|o| o.get(name) == item.get(name));
    items.extend(new);
    let last = items.iter().filter_map(place).max().map_or(0, |n| n + 1);
    items.sort_by_key(|item| place(item).unwrap_or(last));
    items.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn json_patches() {
        let check = |operations: Value, expect: &str| {
            let mut root = value!({ "a": [1, 2], "b": { "c/d": 1 } });
            let text = json(&mut root, &operations).map_or("refused".to_owned(), |()| root.to_json());
            assert_eq!(text, expect);
        };
        check(value!([{ "op": "add", "path": "/a/-", "value": 3 }]), r#"{"a":[1,2,3],"b":{"c/d":1}}"#);
        check(value!([{ "op": "remove", "path": "/b/c~1d" }]), r#"{"a":[1,2],"b":{}}"#);
        check(value!([{ "op": "test", "path": "/a/-1", "value": 1 }]), "refused");
        check(value!([{ "op": "move", "from": "/a/0", "path": "/x" }]), r#"{"a":[2],"b":{"c/d":1},"x":1}"#);
        check(value!([{ "op": "replace", "path": "/nope", "value": 1 }]), "refused");
    }
}
