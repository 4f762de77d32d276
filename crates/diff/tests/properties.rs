//! Laws of the diff, for objects of every kind that manifests hold.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use tautline_core::{FieldManager, Manifest, MaskingKey, Object, Origin, Presence, Timestamp, Value, value};
use tautline_diff::{
    Differ, Difference, Outcome, Sides, Structured, TextStyle, ThreeWay, View, normalize, with_changes,
};
use tautline_merge::{Apply, ClientApply, apply, client_apply, merge_patch, strategic};
use tautline_schema::{Schemas, builtin, defaults, shared};
use tautline_test_generators::{object, related};

/// 10 000 cases, always. `TAUTLINE_CASES` says another number. What failed once is kept beside this file.
#[allow(clippy::disallowed_methods, reason = "how long tests run, the environment says")]
fn config() -> Config {
    let cases = std::env::var("TAUTLINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let seeds = FileFailurePersistence::WithSource("regressions");
    Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() }
}

fn masking() -> MaskingKey {
    MaskingKey::new([5; 32])
}

fn structured() -> Structured {
    Structured::new(shared(), FieldManager::tautline(), masking(), Vec::new())
}

fn three_way() -> ThreeWay {
    ThreeWay::new(shared(), masking())
}

fn compare(differ: &dyn Differ, desired: &Object, live: &Object) -> Difference {
    let desired = Manifest::new(desired.clone(), Origin::file("a.yaml", 1));
    let mut live = live.clone();
    masking().mask_object(&mut live);
    let live = Presence::Present(Arc::new(live));
    differ.diff(&Sides { desired: &desired, live: &live, learned: None, ignore: None, taken_over: &[] })
}

fn texts(changes: &[tautline_diff::Change]) -> String {
    changes.iter().map(|change| change.to_string() + "\n").collect()
}

/// What the server has after an apply.
fn applied(live: Option<&Object>, config: &Object) -> (Object, bool) {
    let schemas = builtin();
    let mut applied = apply(Apply {
        live,
        config,
        manager: &FieldManager::tautline(),
        force: true,
        subresource: None,
        now: Timestamp::from_seconds(0),
        schemas,
        defaulter: &|object, live| defaults::settle_over(object, live, schemas),
    })
    .expect("applies");
    defaults::through_storage(&mut applied.object, schemas);
    (applied.object, applied.changed)
}

/// What the server has after `kubectl apply`.
fn client_side(live: Option<&Object>, config: &Object) -> Object {
    let schemas = builtin();
    let root = schemas.root(&config.gvk()).expect("known");
    let before = live.map(Object::to_value).unwrap_or_default();
    let value = match client_apply(config, live, schemas).expect("applies") {
        ClientApply::Create(value) => value,
        ClientApply::Unchanged => before,
        ClientApply::Strategic(patch) => strategic::apply(&before, &patch, root.node()).expect("applies"),
        ClientApply::Merge(patch) => merge_patch::apply(&before, &patch).expect("applies"),
    };
    let mut object = Object::new(value).expect("an object");
    defaults::settle(&mut object, schemas).expect("storable");
    defaults::through_storage(&mut object, schemas);
    object
}

/// Lists in an order of their own: items that a list gains come last when changes are made.
fn sorted(object: &Object) -> String {
    fn sort(value: &mut Value) {
        match value {
            Value::List(items) => {
                items.iter_mut().for_each(sort);
                items.sort_by_key(Value::to_json);
            }
            Value::Map(map) => map.values_mut().for_each(sort),
            _ => {}
        }
    }
    let mut object = object.clone();
    masking().mask_object(&mut object);
    object.metadata_mut().remove("managedFields");
    object.as_map_mut().remove("status");
    let mut value = object.into_value();
    sort(&mut value);
    value.to_json()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_was_applied_does_not_differ(seed in any::<u64>()) {
        let desired = object(seed);
        let difference = compare(&structured(), &desired, &applied(None, &desired).0);
        prop_assert_eq!(difference.outcome, Outcome::Unchanged, "{:?}", difference.changes);
        let difference = compare(&three_way(), &desired, &client_side(None, &desired));
        prop_assert_eq!(difference.outcome, Outcome::Unchanged, "{:?}", difference.changes);
    }

    #[test]
    fn the_changes_made_are_what_an_apply_makes(seed in any::<u64>(), other in any::<u64>()) {
        let before = object(seed);
        let desired = related(&before, other);
        let live = applied(None, &before).0;
        let after = applied(Some(&live), &desired).0;
        let difference = compare(&structured(), &desired, &live);
        let mut masked = live.clone();
        masking().mask_object(&mut masked);
        let mut after_masked = after.clone();
        masking().mask_object(&mut after_masked);
        let made = with_changes(&masked, &difference.changes);
        let normal = |object: &Object| sorted(&normalize(object, builtin()).expect("storable"));
        prop_assert_eq!(normal(&made), normal(&after_masked));
        // And then nothing is left to do, unless the server itself makes another change of the same apply: an empty
        // map that lost its last field is dropped, and comes back.
        let again = applied(Some(&after), &desired).0;
        let left = compare(&structured(), &desired, &after);
        let is_left = sorted(&again) != sorted(&after);
        prop_assert_eq!(left.outcome == Outcome::Change, is_left, "{}", texts(&left.changes));
    }

    #[test]
    fn client_side_changes_are_what_kubectl_makes(seed in any::<u64>(), other in any::<u64>()) {
        let before = object(seed);
        let desired = related(&before, other);
        let live = client_side(None, &before);
        let after = client_side(Some(&live), &desired);
        let difference = compare(&three_way(), &desired, &live);
        let hidden = |object: &Object| {
            let mut object = object.clone();
            object.metadata_mut().map_at("annotations").remove("kubectl.kubernetes.io/last-applied-configuration");
            masking().mask_object(&mut object);
            object
        };
        let made = with_changes(&hidden(&live), &difference.changes);
        let normal = |object: &Object| sorted(&normalize(object, builtin()).expect("storable"));
        prop_assert_eq!(normal(&made), normal(&hidden(&after)));
        prop_assert_eq!(compare(&three_way(), &desired, &after).outcome, Outcome::Unchanged);
    }

    #[test]
    fn normalisation_is_idempotent_and_hides_no_change(seed in any::<u64>(), other in any::<u64>()) {
        let before = object(seed);
        let desired = related(&before, other);
        let normal = |object: &Object| normalize(object, builtin()).expect("storable");
        prop_assert_eq!(normal(&normal(&desired)), normal(&desired));
        let live = applied(None, &before).0;
        if normal(&desired) == normal(&before) {
            let after = applied(Some(&live), &desired).0;
            if sorted(&live) != sorted(&after) {
                // Only ownership tells these apart: a map that lost its last owned field is dropped. The comparison sees
                // it.
                prop_assert_eq!(compare(&structured(), &desired, &live).outcome, Outcome::Change);
            }
        }
        if compare(&structured(), &desired, &live).outcome == Outcome::Unchanged {
            prop_assert_eq!(sorted(&live), sorted(&applied(Some(&live), &desired).0));
        }
    }

    #[test]
    fn r26_masks_leak_no_secret_byte(
        old in prop::collection::vec("[a-zA-Z0-9]{12,40}", 3),
        new in prop::collection::vec("[a-zA-Z0-9]{12,40}", 3),
        same in prop::collection::vec(any::<bool>(), 3),
    ) {
        let secret = |values: &[String]| {
            let data: tautline_core::Map = values.iter().enumerate().map(|(i, v)| (format!("k{i}"), v.as_str())).collect();
            Object::new(value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "n" },
                "type": "Opaque", "data": (Value::Map(data)) })).expect("an object")
        };
        let new: Vec<String> = old.iter().zip(new).zip(same).map(|((old, new), same)| if same { old.clone() } else { new }).collect();
        let (mut live, desired) = (secret(&old), secret(&new));
        live.annotate("kubectl.kubernetes.io/last-applied-configuration", &secret(&old).to_value().to_json());
        masking().mask_object(&mut live);
        let desired = Manifest::new(desired, Origin::default());
        let present = Presence::Present(Arc::new(live));
        let sides = Sides { desired: &desired, live: &present, learned: None, ignore: None, taken_over: &[] };
        for differ in [&structured() as &dyn Differ, &three_way()] {
            let difference = differ.diff(&sides);
            let view = View::new(&sides, &difference);
            let shown = [view.to_text(&TextStyle { context: 99, coloured: true }), view.to_json().to_json(), format!("{:?}", view.to_columns(99))];
            for text in &shown {
                for value in old.iter().chain(&new) {
                    prop_assert!(!text.contains(value.as_str()), "{text}");
                }
            }
            // Equal ones look equal, and different ones different.
            let changed: Vec<String> = difference.changes.iter().map(|change| change.path.to_string()).collect();
            for (i, (old, new)) in old.iter().zip(&new).enumerate() {
                prop_assert_eq!(changed.contains(&format!("data.k{i}")), old != new);
            }
        }
    }
}
