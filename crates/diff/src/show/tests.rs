use std::sync::Arc;

use tautline_core::{FieldManager, Manifest, MaskingKey, Object, Origin, Presence, Value, value};

use super::*;
use crate::{Differ, Structured};

fn view(desired: Value, live: Value) -> View {
    let masking = MaskingKey::new([7; 32]);
    let mut live = Object::new(live).unwrap();
    masking.mask_object(&mut live);
    let differ = Structured::new(tautline_schema::shared(), FieldManager::tautline(), masking, Vec::new());
    let desired = Manifest::new(Object::new(desired).unwrap(), Origin::file("a.yaml", 3));
    let live = Presence::Present(Arc::new(live));
    let sides = Sides { desired: &desired, live: &live, learned: None, ignore: None, taken_over: &[] };
    View::new(&sides, &differ.diff(&sides))
}

fn config_map(data: Value) -> Value {
    value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "n",
        "uid": "u", "resourceVersion": "7" }, "data": data })
}

fn without_identity(mut object: Value) -> Value {
    for field in ["uid", "resourceVersion"] {
        object.get_mut("metadata").unwrap().as_map_mut().unwrap().remove(field);
    }
    object
}

#[test]
fn text_is_unified_with_context_and_reasons() {
    let live = config_map(value!({ "a": "1", "b": "2", "c": "3", "d": "4", "e": "\u{1b}[2J" }));
    let desired = without_identity(config_map(value!({ "c": "30" })));
    let text = view(desired, live).to_text(&TextStyle { context: 1, coloured: false });
    assert_eq!(
        text,
        "@@ -4,3 +4,3 @@\n   b: \"2\"\n-  c: \"3\"\n+  c: \"30\"\n   d: \"4\"\n    data.c: \"3\" → \"30\" (set in Git, a.yaml:3)\n    data.c is taken from before-first-apply (Update)\n"
    );
}

#[test]
fn columns_pair_the_lines() {
    let sections = view(without_identity(config_map(value!({ "a": "2" }))), config_map(value!({ "a": "1" })))
        .to_columns(0);
    let [Section { rows }] = sections.as_slice() else { panic!("{sections:?}") };
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row.kind, RowKind::Changed);
    assert_eq!(row.left.as_ref().map(|line| (line.number, line.text.as_str())), Some((3, "  a: \"1\"")));
    assert_eq!(row.right.as_ref().map(|line| line.text.as_str()), Some("  a: \"2\""));
}

#[test]
fn json_is_stable() {
    let live = config_map(value!({ "a": "1" }));
    let json = view(without_identity(config_map(value!({ "a": "2" }))), live).to_json().to_json();
    assert_eq!(
        json,
        r#"{"changes":[{"from":"1","path":"data.a","to":"2","why":{"detail":"a.yaml:3","rule":"set-in-git"}}],"needs":[],"outcome":"change","ownershipOnly":false,"taken":[{"from":"before-first-apply","operation":"Update","path":"data.a"}],"version":1}"#
    );
}

#[test]
fn r26_equal_secrets_look_equal_and_nothing_else_shows() {
    let secret = |data: Value| {
        value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a", "namespace": "n" },
        "type": "Opaque", "data": data })
    };
    let live = secret(value!({ "a": "aHVudGVyMg==", "b": "b2xk", "same": "c2FtZQ==" }));
    let desired = secret(value!({ "a": "bmV3", "b": "bmV3", "same": "c2FtZ\nQ==" }));
    let view = view(desired, live);
    let all =
        [view.to_text(&TextStyle::default()), view.to_json().to_json(), format!("{:?}", view.to_columns(9))];
    for text in &all {
        assert!(!text.contains("aHVu") && !text.contains("masked") && !text.contains("bmV3"), "{text}");
    }
    assert!(
        all[0].contains(
            "-  a: (hidden 1)\n-  b: (hidden 2)\n+  a: (hidden 4)\n+  b: (hidden 4)\n   same: (hidden 3)"
        ),
        "{}",
        all[0]
    );
}
