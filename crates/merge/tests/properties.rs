//! Laws that hold for every input: of field sets, of apply, and of each kind of patch.

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use tautline_core::{FieldManager, FieldPath, Map, Object, PathElement, Timestamp, Value, value};
use tautline_merge::{
    Applied, Apply, ApplyError, FieldSet, ManagedFields, Manager, Operation, apply, json_patch, merge_patch,
    strategic,
};
use tautline_schema::{Schemas, builtin, defaults};

/// 10 000 cases, always: these laws decide whether a cluster is written rightly. `TAUTLINE_CASES` says another number.
/// What failed once is kept beside this file and tried first.
#[allow(clippy::disallowed_methods, reason = "how long tests run, the environment says")]
fn config() -> Config {
    let cases = std::env::var("TAUTLINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let seeds = FileFailurePersistence::WithSource("regressions");
    Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() }
}

fn element() -> impl Strategy<Value = PathElement> {
    let name = prop::sample::select(vec!["a", "b", "spec", "x/y", "<z>"]);
    prop_oneof![
        name.clone().prop_map(|n| PathElement::Field(n.into())),
        (name.clone(), 0..3i64).prop_map(|(n, i)| {
            let mut keys = Map::new();
            keys.insert("name", n);
            keys.insert("port", i);
            PathElement::Item(keys)
        }),
        name.prop_map(|n| PathElement::Value(Value::from(n))),
    ]
}

fn field_set() -> impl Strategy<Value = FieldSet> {
    let path = prop::collection::vec(element(), 1..4).prop_map(|e| e.into_iter().collect::<FieldPath>());
    prop::collection::vec(path, 0..12).prop_map(|paths| paths.into_iter().collect())
}

fn names(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["app", "side", "init", "proxy"], count).prop_shuffle()
}

fn container(name: &'static str) -> impl Strategy<Value = Value> {
    let image = prop::sample::select(vec!["i:1", "i:2", "i:3"]);
    (image, names(0..4), prop::option::of(0..3i64), prop::collection::btree_set(80..84i64, 0..3)).prop_map(
        move |(image, env, level, ports)| {
            let mut container = value!({ "name": name, "image": image });
            let map = container.as_map_mut().expect("a map");
            if !env.is_empty() {
                let items: Vec<Value> = env
                    .into_iter()
                    .map(|n| value!({ "name": n, "value": level.unwrap_or(7).to_string() }))
                    .collect();
                map.insert("env", items);
            }
            if !ports.is_empty() {
                let items: Vec<Value> =
                    ports.into_iter().map(|p| value!({ "containerPort": p, "protocol": "TCP" })).collect();
                map.insert("ports", items);
            }
            if let Some(level) = level {
                map.insert("args", vec![level.to_string()]);
            }
            container
        },
    )
}

fn labels() -> impl Strategy<Value = Map> {
    prop::collection::btree_map(
        prop::sample::select(vec!["l", "m", "n"]),
        prop::sample::select(vec!["1", "2"]),
        1..4,
    )
    .prop_map(|m| m.into_iter().collect())
}

/// A Deployment, or a part of one: what an applier might send.
fn deployment() -> impl Strategy<Value = Object> {
    let containers = names(1..4).prop_flat_map(|names| names.into_iter().map(container).collect::<Vec<_>>());
    (containers, labels(), prop::option::of(0..4i64), any::<bool>()).prop_map(|(containers, labels, replicas, paused)| {
        let mut object = value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d", "namespace": "n" },
            "spec": { "selector": { "matchLabels": { "app": "d" } }, "template": { "metadata": { "labels": { "app": "d" } }, "spec": {} } } });
        object.get_mut("metadata").and_then(Value::as_map_mut).expect("a map").insert("labels", labels);
        let spec = object.get_mut("spec").and_then(Value::as_map_mut).expect("a map");
        if let Some(replicas) = replicas {
            spec.insert("replicas", replicas);
        }
        if paused {
            spec.insert("paused", true);
        }
        spec.map_at("template").map_at("spec").insert("containers", containers);
        Object::new(object).expect("an object")
    })
}

fn applied(
    live: Option<&Object>,
    config: &Object,
    manager: &str,
    force: bool,
) -> Result<Applied, ApplyError> {
    let schemas = builtin();
    apply(Apply {
        live,
        config,
        manager: &FieldManager::new(manager),
        force,
        subresource: None,
        now: Timestamp::from_seconds(0),
        schemas,
        defaulter: &|object, live| defaults::settle_over(object, live, schemas),
    })
}

fn owned(object: &Object, manager: &str) -> FieldSet {
    let owners = ManagedFields::read(object).expect("readable owners");
    let manager = Manager::new(manager, Operation::Apply, "apps/v1", "");
    owners.get(&manager).map(|owned| owned.fields.clone()).unwrap_or_default()
}

/// What an applier owns in the object's own version.
fn owned_by(object: &Object, manager: &str) -> FieldSet {
    let owners = ManagedFields::read(object).expect("readable owners");
    let manager = Manager::new(manager, Operation::Apply, object.api_version(), "");
    owners.get(&manager).map(|owned| owned.fields.clone()).unwrap_or_default()
}

fn values(object: &Object) -> Object {
    let mut object = object.clone();
    object.metadata_mut().remove("managedFields");
    object
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sets_print_and_parse(set in field_set()) {
        prop_assert_eq!(FieldSet::from_json(&set.to_json()).expect("own output"), set.clone());
        prop_assert_eq!(FieldSet::from_value(&set.to_value()).expect("own output"), set);
    }

    #[test]
    fn set_algebra(a in field_set(), b in field_set(), c in field_set()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.intersection(&b).paths(), b.intersection(&a).paths());
        prop_assert_eq!(a.union(&a).paths(), a.paths());
        prop_assert!(a.difference(&a).is_empty());
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)).paths().len(), a.len());
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        for path in a.recursive_difference(&b).paths() {
            prop_assert!(a.contains(&path) && !b.covers(&path));
        }
    }

    #[test]
    fn apply_is_idempotent(config in deployment()) {
        let first = applied(None, &config, "a", false).expect("applies").object;
        let again = applied(Some(&first), &config, "a", false).expect("applies");
        prop_assert!(!again.changed);
        prop_assert_eq!(again.object, first);
    }

    #[test]
    fn the_manager_owns_exactly_its_fields(before in deployment(), config in deployment()) {
        let live = applied(None, &before, "a", false).expect("applies").object;
        let alone = owned(&applied(None, &config, "b", false).expect("applies").object, "b");
        let after = applied(Some(&live), &config, "b", true).expect("forced").object;
        prop_assert_eq!(owned(&after, "b"), alone);
    }

    #[test]
    fn nothing_foreign_changes_without_force(before in deployment(), config in deployment()) {
        let live = applied(None, &before, "a", false).expect("applies").object;
        match applied(Some(&live), &config, "b", false) {
            Err(ApplyError::Conflicts(conflicts)) => prop_assert!(!conflicts.is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
            Ok(after) => {
                // What a owned, it owns, and applying its configuration again changes nothing.
                prop_assert_eq!(owned(&after.object, "a"), owned(&live, "a"));
                let again = applied(Some(&after.object), &before, "a", false).expect("no conflict");
                prop_assert_eq!(owned(&again.object, "b"), owned(&after.object, "b"));
            }
        }
    }

    #[test]
    fn only_what_was_owned_is_removed(first in deployment(), second in deployment()) {
        let live = applied(None, &first, "a", false).expect("applies").object;
        let other = value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d", "namespace": "n",
            "annotations": { "kept": "yes" } } });
        let live = applied(Some(&live), &Object::new(other).expect("an object"), "b", false).expect("disjoint").object;
        let after = applied(Some(&live), &second, "a", false).expect("applies").object;
        prop_assert_eq!(after.annotation("kept"), Some("yes"));
        let fresh = applied(None, &second, "a", false).expect("applies").object;
        let mut expected = values(&fresh);
        expected.annotate("kept", "yes");
        let sorted = |object: &Object| {
            let mut value = values(object).into_value();
            sort_lists(&mut value);
            value
        };
        prop_assert_eq!(sorted(&after), sorted(&expected));
    }

    #[test]
    fn disjoint_owners_commute(config in deployment()) {
        let other = value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d", "namespace": "n",
            "annotations": { "x": "y" } } });
        let other = Object::new(other).expect("an object");
        let ab = applied(Some(&applied(None, &config, "a", false).expect("applies").object), &other, "b", false);
        let ba = applied(Some(&applied(None, &other, "b", false).expect("applies").object), &config, "a", false);
        prop_assert_eq!(ab.expect("disjoint").object, ba.expect("disjoint").object);
    }

    #[test]
    fn patches_lead_from_one_object_to_the_other(a in deployment(), b in deployment()) {
        let (a, b) = (a.into_value(), b.into_value());
        let patch = json_patch::create(&a, &b);
        prop_assert_eq!(json_patch::apply(&a, &patch, json_patch::Dialect::Rfc6902).expect("applies"), b.clone());
        prop_assert_eq!(json_patch::apply(&a, &patch, json_patch::Dialect::Kubernetes).expect("applies"), b.clone());
        let patch = merge_patch::create(&a, &b);
        prop_assert_eq!(merge_patch::apply(&a, &patch).expect("applies"), b.clone());
        let gvk = tautline_core::GroupVersionKind::new("apps", "v1", "Deployment");
        let root = builtin().root(&gvk).expect("known");
        let patch = strategic::create_two_way(&a, &b, root.node()).expect("diffs");
        let patched = strategic::apply(&a, &patch, root.node()).expect("applies");
        prop_assert_eq!(patched, b, "{}", patch.to_json());
    }

    #[test]
    fn apply_is_idempotent_for_every_kind(seed in any::<u64>()) {
        let config = tautline_test_generators::object(seed);
        let first = applied(None, &config, "a", false).expect("applies").object;
        // An applier of nothing is none: the server then takes the object for one that was never applied.
        if owned_by(&first, "a").is_empty() {
            return Ok(());
        }
        let again = applied(Some(&first), &config, "a", false).expect("applies");
        let left = json_patch::create(&first.to_value(), &again.object.to_value());
        prop_assert_eq!(left.to_json(), "[]");
        prop_assert!(!again.changed);
    }

    #[test]
    fn disjoint_owners_of_every_kind_commute(seed in any::<u64>()) {
        let (a, b) = tautline_test_generators::disjoint(seed);
        let owns = |config: &Object| !owned_by(&applied(None, config, "x", false).expect("applies").object, "x").is_empty();
        if !owns(&a) || !owns(&b) {
            return Ok(());
        }
        let over = |first: &Object, one: &str, second: &Object, two: &str| {
            let live = applied(None, first, one, false).expect("applies").object;
            applied(Some(&live), second, two, false)
        };
        // What one side's defaults fill in, the other may set otherwise: that is a change, and no conflict.
        let (ab, ba) = (over(&a, "a", &b, "b").expect("disjoint"), over(&b, "b", &a, "a").expect("disjoint"));
        prop_assert_eq!(owned_by(&ab.object, "a"), owned_by(&ba.object, "a"));
        prop_assert_eq!(owned_by(&ab.object, "b"), owned_by(&ba.object, "b"));
    }

    #[test]
    fn after_an_apply_of_every_kind_the_manager_owns_its_fields(seed in any::<u64>(), other in any::<u64>()) {
        let before = tautline_test_generators::object(seed);
        let config = tautline_test_generators::related(&before, other);
        let live = applied(None, &before, "a", false).expect("applies").object;
        let alone = owned_by(&applied(None, &config, "b", false).expect("applies").object, "b");
        let after = applied(Some(&live), &config, "b", true).expect("forced").object;
        prop_assert_eq!(owned_by(&after, "b"), alone);
        match applied(Some(&live), &config, "b", false) {
            Err(ApplyError::Conflicts(conflicts)) => prop_assert!(!conflicts.is_empty()),
            Err(error) => prop_assert!(false, "{error}"),
            Ok(after) => prop_assert_eq!(owned_by(&after.object, "a"), owned_by(&live, "a")),
        }
    }

    #[test]
    fn patches_of_every_kind_lead_from_one_to_the_other(seed in any::<u64>(), other in any::<u64>()) {
        let a = tautline_test_generators::object(seed);
        let b = tautline_test_generators::related(&a, other);
        let root = builtin().root(&a.gvk()).expect("known");
        let (a, b) = (a.into_value(), b.into_value());
        let patch = json_patch::create(&a, &b);
        for dialect in [json_patch::Dialect::Rfc6902, json_patch::Dialect::Kubernetes] {
            prop_assert_eq!(json_patch::apply(&a, &patch, dialect).expect("applies"), b.clone());
        }
        let mut theirs: serde_json::Value = serde_json::from_str(&a.to_json()).expect("JSON");
        let reference: json_patch_reference::Patch = serde_json::from_str(&patch.to_json()).expect("a patch");
        json_patch_reference::patch(&mut theirs, &reference).expect("applies");
        prop_assert_eq!(Value::from_json(theirs.to_string().as_bytes()).expect("JSON"), b.clone());
        prop_assert_eq!(merge_patch::apply(&a, &merge_patch::create(&a, &b)).expect("applies"), b.clone());
        // Lists whose merge key some items lack have no strategic patch, as with kubectl.
        if let Ok(patch) = strategic::create_two_way(&a, &b, root.node()) {
            let mut patched = strategic::apply(&a, &patch, root.node()).expect("applies");
            let mut b = b.clone();
            // Where only the order of a set of scalars changes, kubectl's patch says nothing.
            sort_scalars(&mut patched);
            sort_scalars(&mut b);
            let left = json_patch::create(&patched, &b);
            prop_assert_eq!(left.to_json(), "[]", "left after {}", patch.to_json());
        }
    }

    #[test]
    fn json_patch_agrees_with_the_reference(a in deployment(), b in deployment()) {
        let (a, b) = (a.into_value(), b.into_value());
        let patch = json_patch::create(&a, &b);
        let mut theirs: serde_json::Value = serde_json::from_str(&a.to_json()).expect("JSON");
        let reference: json_patch_reference::Patch = serde_json::from_str(&patch.to_json()).expect("a patch");
        json_patch_reference::patch(&mut theirs, &reference).expect("applies");
        prop_assert_eq!(Value::from_json(theirs.to_string().as_bytes()).expect("JSON"), b);
    }
}

use ::json_patch as json_patch_reference;

fn sort_scalars(value: &mut Value) {
    match value {
        Value::List(items) if items.iter().all(|item| !matches!(item, Value::Map(_) | Value::List(_))) => {
            items.sort_by_key(Value::to_json);
        }
        Value::List(items) => items.iter_mut().for_each(sort_scalars),
        Value::Map(map) => map.values_mut().for_each(sort_scalars),
        _ => {}
    }
}

/// Items of keyed lists keep the order that they were first applied in: compared as sets.
fn sort_lists(value: &mut Value) {
    match value {
        Value::List(items) => {
            items.iter_mut().for_each(sort_lists);
            items.sort_by_key(Value::to_json);
        }
        Value::Map(map) => map.values_mut().for_each(sort_lists),
        _ => {}
    }
}
