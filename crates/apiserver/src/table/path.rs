//! The JSONPath of printer columns: `.spec.mode`, `.status.conditions[?(@.type=="Ready")].status`, `.a[0]`.

use tautline_core::Value;

/// What a path finds, in order.
pub(super) fn find<'v>(root: &'v Value, path: &str) -> Vec<&'v Value> {
    let path = path.trim().trim_start_matches('{').trim_end_matches('}');
    let mut found = vec![root];
    let mut rest = path.trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = name_end(after);
            let (name, tail) = after.split_at(end);
            let name = name.replace("\\.", ".");
            found = found.into_iter().filter_map(|value| value.get(&name)).collect();
            rest = tail;
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some((inside, tail)) = bracket(after) else { return Vec::new() };
            found = found.into_iter().flat_map(|value| step(value, inside)).collect();
            rest = tail;
        } else {
            return Vec::new();
        }
    }
    found
}

/// Where a name ends: at a dot or bracket that no backslash protects.
fn name_end(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            '\\' => escaped = true,
            '.' | '[' if !escaped => return i,
            _ => escaped = false,
        }
    }
    text.len()
}

fn bracket(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ']') => return Some((text.get(..i)?, text.get(i + 1..)?)),
            _ => {}
        }
    }
    None
}

fn step<'v>(value: &'v Value, inside: &str) -> Vec<&'v Value> {
    let inside = inside.trim();
    let quoted = inside.trim_matches(['"', '\'']);
    match value {
        Value::Map(map) if inside == "*" => map.values().collect(),
        Value::Map(map) => map.get(quoted).into_iter().collect(),
        Value::List(list) if inside == "*" => list.iter().collect(),
        Value::List(list) => match filter(inside) {
            Some((name, want)) => {
                let names: Vec<&str> = name.split('.').collect();
                list.iter()
                    .filter(|item| item.at(&names).map(crate::state::plain).as_deref() == Some(want))
                    .collect()
            }
            None => inside.parse::<usize>().ok().and_then(|i| list.get(i)).into_iter().collect(),
        },
        _ => Vec::new(),
    }
}

/// `?(@.type=="Ready")` as field and text.
fn filter(inside: &str) -> Option<(&str, &str)> {
    let test = inside.strip_prefix('?')?.trim().strip_prefix('(')?.strip_suffix(')')?;
    let (left, right) = test.split_once("==")?;
    let name = left.trim().strip_prefix('@')?.strip_prefix('.')?;
    Some((name.trim(), right.trim().trim_matches(['"', '\''])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn columns_find_fields_items_and_conditions() {
        let root =
            value!({ "a": { "b.c": 1 }, "l": [{ "type": "X", "s": "no" }, { "type": "Y", "s": "yes" }] });
        let check = |path: &str, expect: &str| {
            let found: Vec<String> = find(&root, path).iter().map(|v| v.to_json()).collect();
            assert_eq!(found.join(" "), expect, "{path}");
        };
        check(".a.b\\.c", "1");
        check(".a['b.c']", "1");
        check(".l[0].s", "\"no\"");
        check(".l[*].s", "\"no\" \"yes\"");
        check(".l[?(@.type==\"Y\")].s", "\"yes\"");
        check(".nope.x", "");
    }
}
