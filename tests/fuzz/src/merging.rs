//! Drivers of what merges.

use tautline_core::{Budget, FieldManager, Object, Timestamp, Value};
use tautline_merge::{Apply, ApplyError, FieldSet, apply};
use tautline_schema::{Schemas, builtin, defaults};
use tautline_test_generators::{object, related};

/// Two JSON values, split at a zero byte.
fn two(data: &[u8]) -> Option<(Value, Value)> {
    let at = data.iter().position(|byte| *byte == 0)?;
    let budget = Budget { nodes: 20_000, depth: 60, ..Budget::default() };
    let read = |bytes: &[u8]| Value::from_json_within(bytes, &budget).ok();
    Some((read(data.get(..at)?)?, read(data.get(at + 1..)?)?))
}

/// A seed, and what else there is.
fn seeded(data: &[u8]) -> Option<(u64, &[u8])> {
    let (seed, rest) = data.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*seed), rest))
}

/// `FieldsV1`: the server's form is read and written byte for byte, and the algebra holds.
pub fn fields_v1(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(set) = FieldSet::from_json(text) else { return };
    let printed = set.to_json();
    let again = FieldSet::from_json(&printed).expect("own output is FieldsV1");
    assert_eq!(again.to_json(), printed);
    assert!(again.difference(&again).is_empty());
    assert_eq!(again.union(&again).to_json(), printed);
}

/// Strategic merge: any patch over a generated object, or any two values as kind Pod.
pub fn strategic_merge(data: &[u8]) {
    use tautline_merge::strategic;
    let Some((seed, rest)) = seeded(data) else { return };
    let a = object(seed);
    let Some(root) = builtin().root(&a.gvk()) else { return };
    let a = a.into_value();
    if let Some((wanted, patch)) = two(rest) {
        let _ = strategic::apply(&a, &patch, root.node());
        if let Ok(patch) = strategic::create_two_way(&a, &wanted, root.node()) {
            let _ = strategic::apply(&a, &patch, root.node());
        }
        let _ = strategic::create_three_way(&wanted, &patch, &a, root.node());
    }
}

/// Structured merge: what is applied is idempotent, whatever the configuration adds to a generated object.
pub fn structured_merge(data: &[u8]) {
    let Some((seed, rest)) = seeded(data) else { return };
    let live = object(seed);
    let mut config = related(&live, seed.rotate_left(17));
    if let Ok(Value::Map(spec)) = Value::from_json_within(rest, &Budget { depth: 60, ..Budget::default() }) {
        for (key, value) in &spec {
            config.as_map_mut().insert(key, value);
        }
    }
    if Object::new(config.to_value()).is_err() {
        return;
    }
    let Ok(live) = applied(None, &live, "a") else { return };
    if let Ok(once) = applied(Some(&live), &config, "b") {
        // The one thing that may come anew is an empty map that lost its last field: values stay readable.
        let _ =
            applied(Some(&once), &config, "b").map(|again| defaults::settle(&mut again.clone(), builtin()));
    }
}

fn applied(live: Option<&Object>, config: &Object, manager: &str) -> Result<Object, ApplyError> {
    let schemas = builtin();
    let request = Apply {
        live,
        config,
        manager: &FieldManager::new(manager),
        force: true,
        subresource: None,
        now: Timestamp::from_seconds(0),
        schemas,
        defaulter: &|object, live| defaults::settle_over(object, live, schemas),
    };
    apply(request).map(|applied| applied.object)
}

/// JSON patch: any patch over any document, and the patch between two documents leads from one to the other.
pub fn json_patch(data: &[u8]) {
    use tautline_merge::{json_patch, merge_patch};
    let Some((document, other)) = two(data) else { return };
    for dialect in [json_patch::Dialect::Rfc6902, json_patch::Dialect::Kubernetes] {
        let _ = json_patch::apply(&document, &other, dialect);
        // kube-apiserver's patch puts only maps and lists in the place of a whole document.
        let is_whole = matches!(other, Value::List(_) | Value::Map(_));
        if dialect == json_patch::Dialect::Kubernetes && !is_whole {
            continue;
        }
        let patch = json_patch::create(&document, &other);
        assert_eq!(json_patch::apply(&document, &patch, dialect).expect("own patch applies"), other);
    }
    let _ = merge_patch::apply(&document, &other);
}
