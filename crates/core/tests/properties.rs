//! Laws of values, paths and values at rest.

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use tautline_core::{FieldPath, List, Map, Packed, PathElement, Value};

/// 256 cases, or as many as `TAUTLINE_CASES` says. What failed once is kept beside this file and tried first.
#[allow(clippy::disallowed_methods, reason = "how long tests run, the environment says")]
fn config() -> Config {
    let cases = std::env::var("TAUTLINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
    let seeds = FileFailurePersistence::WithSource("regressions");
    Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-9i64..9).prop_map(|n| Value::Float(n as f64)),
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(Value::Float),
        "[ -~é😀\n]{0,40}".prop_map(Value::string),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| Value::List(List::from(items))),
            prop::collection::vec(("(spec|metadata|name|[ -~é]{0,8})", inner), 0..6)
                .prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>())),
        ]
    })
}

fn element() -> impl Strategy<Value = PathElement> {
    let name = "(spec|a|80|true|null|x/y|[ -~é]{0,6})";
    prop_oneof![
        name.prop_map(|name| PathElement::Field(name.into())),
        prop::collection::vec((name, scalar()), 1..3)
            .prop_map(|keys| PathElement::Item(keys.into_iter().collect())),
        scalar().prop_map(PathElement::Value),
        (0..1000usize).prop_map(PathElement::Index),
    ]
}

/// The same JSON with the keys of each map in another order.
fn reversed(value: &Value, out: &mut String) {
    match value {
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { " , " } else { "" });
                reversed(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (i, (key, value)) in map.iter().rev().enumerate() {
                out.push_str(if i > 0 { ",\n" } else { "" });
                out.push_str(&Value::from(key).to_json());
                out.push(':');
                reversed(value, out);
            }
            out.push('}');
        }
        scalar => scalar.write_json(out),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn json_and_values_at_rest_come_back(value in value()) {
        prop_assert_eq!(Value::from_json(value.to_json().as_bytes()).expect("own output"), value.clone());
        prop_assert_eq!(Packed::new(&value).open().expect("own bytes"), value.clone());
        let by_serde: Value = serde_json::from_value(serde_json::to_value(&value).expect("JSON")).expect("JSON");
        prop_assert_eq!(by_serde, value);
    }

    #[test]
    fn what_repeats_at_rest_is_one_when_it_is_opened(a in value(), b in value()) {
        let twice = Value::from(vec![a.clone(), b.clone(), a.clone()]);
        let map: Map = [("spec", &a), ("status", &twice), ("x", &b)].into_iter().collect();
        let all = Value::from(vec![twice.clone(), Value::Map(map), twice]);
        let opened = Packed::new(&all).open().expect("own bytes");
        prop_assert_eq!(&opened, &all);
        prop_assert_eq!(format!("{opened:?}"), format!("{all:?}"));
        let items = opened.as_list().expect("a list");
        prop_assert!(items[0].is_same(&items[2]));
        prop_assert!(items[0].is_same(items[1].get("status").expect("put there")));
    }

    #[test]
    fn damage_at_rest_is_an_error_or_another_value(value in value(), at in 0..200usize, flip in 1..=255u8, cut in 0..200usize) {
        let mut bytes = Vec::new();
        Packed::write(&value, &[], &mut bytes);
        prop_assert_eq!(Packed::read(&bytes, &[]).expect("own bytes"), value);
        let place = at % bytes.len();
        bytes[place] ^= flip;
        let _ = Packed::read(&bytes, &[]);
        bytes.truncate(cut);
        let _ = Packed::read(&bytes, &[]);
    }

    #[test]
    fn the_order_of_maps_never_matters(value in value()) {
        let mut text = String::new();
        reversed(&value, &mut text);
        let again = Value::from_json(text.as_bytes()).expect("JSON");
        prop_assert_eq!(again.digest(), value.digest());
        prop_assert_eq!(again.to_json(), value.to_json());
        prop_assert_eq!(again, value);
    }

    #[test]
    fn digests_are_equal_where_values_are(a in value(), b in value()) {
        prop_assert_eq!(a == b, a.digest() == b.digest());
        let copy = Value::from_json(a.to_json().as_bytes()).expect("own output");
        prop_assert_eq!(copy.digest(), a.digest());
    }

    #[test]
    fn paths_print_and_parse(elements in prop::collection::vec(element(), 0..5)) {
        let path: FieldPath = elements.into_iter().collect();
        let text = path.to_string();
        prop_assert_eq!(text.parse::<FieldPath>().map_err(|e| TestCaseError::fail(e.to_string()))?, path);
    }

    #[test]
    fn no_text_is_too_strange_for_a_path_or_for_json(text in "[-a-z0-9\\[\\]{}=,.:\"\\\\ \u{0}-\u{1f}é]{0,40}") {
        let _ = text.parse::<FieldPath>();
        let _ = Value::from_json(text.as_bytes());
    }
}
