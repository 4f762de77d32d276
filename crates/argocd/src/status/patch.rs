//! From one status to the next.

use tautline_core::{Map, Value};

/// The merge patch from one map to another: what is the same is left out, and what is gone is named with null, since a
/// merge patch leaves what it does not name. Lists are sent whole.
///
/// An app of a thousand objects of which none changed sends no list of a thousand. The patch holds for the version that
/// `before` is of, and says so.
pub(crate) fn merge_patch(before: &Map, after: &Map) -> Map {
    let mut patch = Map::new();
    for (key, value) in after {
        match (before.get(key.as_str()), value) {
            (Some(old), new) if old == new => {}
            (Some(Value::Map(old)), Value::Map(new)) => {
                drop(patch.insert(key.clone(), merge_patch(old, new)))
            }
            // What was no map before becomes one without nulls.
            (_, new) => drop(patch.insert(key.clone(), new.clone())),
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(key.as_str())) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn a_patch_names_what_changed_and_what_is_gone() {
        let check = |before: Value, after: Value, expect: &str| {
            let (before, after) = (before.as_map().unwrap().clone(), after.as_map().unwrap().clone());
            assert_eq!(Value::Map(merge_patch(&before, &after)).to_json(), expect);
        };
        check(value!({ "a": 1, "b": [1, 2] }), value!({ "a": 1, "b": [1, 2] }), "{}");
        check(value!({ "a": { "x": 1, "y": 2 } }), value!({ "a": { "y": 3 } }), r#"{"a":{"x":null,"y":3}}"#);
        check(value!({ "a": 1, "b": [1, 2] }), value!({ "b": [1] }), r#"{"a":null,"b":[1]}"#);
        check(value!({ "a": null }), value!({ "a": { "x": 1 } }), r#"{"a":{"x":1}}"#);
    }
}
