use super::*;
use tautline_core::{FieldManager, Timestamp, value};
use tautline_merge::{Applied, Apply, apply};
use tautline_schema::{Schemas, builtin, defaults};
use tautline_test_generators::{Dice, object, related};

fn check(a: Value, b: Value, expect: &[&str]) {
    let object = |spec| {
        Object::new(value!({ "apiVersion": "v1", "kind": "X", "metadata": { "name": "x" }, "spec": spec }))
            .unwrap()
    };
    let got: Vec<String> =
        differing(&object(a), &object(b), None).into_iter().map(|d| d.path.to_string()).collect();
    assert_eq!(got, expect);
}

#[test]
fn paths_name_list_items() {
    check(value!({ "a": 1, "b": 2 }), value!({ "a": 1, "b": 3 }), &["spec.b"]);
    check(
        value!({ "c": [{ "name": "x", "image": "1" }, { "name": "y" }] }),
        value!({ "c": [{ "name": "y" }, { "name": "x", "image": "2" }] }),
        &["spec.c[name=x].image"],
    );
    check(value!({ "l": [1, 2] }), value!({ "l": [1, 3] }), &["spec.l[1]"]);
    check(value!({ "l": [1, 2] }), value!({ "l": [1] }), &["spec.l"]);
    check(value!({}), value!({}), &[]);
}

#[test]
fn the_schema_names_them_by_its_keys() {
    let service = |ports: Value, finalizers: Value| {
        Object::new(value!({ "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": "x", "finalizers": finalizers }, "spec": { "ports": ports } }))
        .unwrap()
    };
    let a = service(
        value!([{ "port": 80, "protocol": "TCP" }, { "port": 53, "protocol": "UDP" }]),
        value!(["a", "b"]),
    );
    let b = service(
        value!([{ "port": 53, "protocol": "UDP", "name": "dns" }, { "port": 80, "protocol": "TCP" }]),
        value!(["b", "c"]),
    );
    let root = builtin().root(&a.gvk());
    let got: Vec<String> = differing(&a, &b, root.as_ref()).into_iter().map(|d| d.path.to_string()).collect();
    assert_eq!(
        got,
        [
            r#"metadata.finalizers[="a"]"#,
            r#"metadata.finalizers[="c"]"#,
            "spec.ports[port=53,protocol=UDP].name"
        ]
    );
    let reordered = service(
        value!([{ "port": 53, "protocol": "UDP" }, { "port": 80, "protocol": "TCP" }]),
        value!(["b", "a"]),
    );
    let found = differing(&a, &reordered, root.as_ref());
    let paths: Vec<String> = found.into_iter().map(|found| found.path.to_string()).collect();
    assert_eq!(paths, ["metadata.finalizers", "spec.ports"], "one change each, not one an item");
}

/// What an apply says of where it made an object another one is what comparing the two says.
#[test]
fn going_to_the_touched_places_is_going_everywhere() {
    let schemas = builtin();
    let applied = |live: Option<&Object>, config: &Object| -> Option<Applied> {
        apply(Apply {
            live,
            config,
            manager: &FieldManager::new("git"),
            force: true,
            subresource: None,
            now: Timestamp::from_seconds(1_900_000_000),
            schemas,
            defaulter: &|object, over| defaults::settle_over(object, over, schemas),
        })
        .ok()
    };
    let (mut known, mut changes) = (0, 0);
    for seed in 0..2000 {
        let mut dice = Dice::new(seed);
        let wish = object(seed);
        let Some(live) = applied(None, &wish).map(|applied| applied.object) else { continue };
        let config = if dice.chance(30) { related(&wish, seed + 1) } else { edited(&wish, &mut dice) };
        let Some(Applied { object: made, touched: Some(touched), .. }) = applied(Some(&live), &config) else {
            continue;
        };
        let root = schemas.root(&wish.gvk());
        let whole = differing_from(&live, &made, Some(&config), root.as_ref());
        if let Some(found) = root.as_ref().and_then(|root| differing_at(touched, &live, &made, &config, root))
        {
            let told = |found: &Differing| {
                (found.path.to_string(), found.from.clone(), found.to.clone(), found.is_wished)
            };
            let [found, whole] = [found, whole].map(|found| found.iter().map(told).collect::<Vec<_>>());
            assert_eq!(found, whole, "seed {seed}");
            (known, changes) = (known + 1, changes + found.len());
        }
    }
    assert!(known > 500 && changes > 500, "only {known} applies told of {changes} changes");
}

/// The wish with other scalars here and there.
fn edited(wish: &Object, dice: &mut Dice) -> Object {
    fn edit(value: &Value, dice: &mut Dice) -> Value {
        match value {
            Value::Map(map) => {
                Value::Map(map.iter().map(|(key, below)| (key.clone(), edit(below, dice))).collect())
            }
            Value::List(items) => Value::List(items.iter().map(|item| edit(item, dice)).collect::<List>()),
            Value::String(_) if dice.chance(20) => Value::from(dice.one(&["x", "y", "1"])),
            Value::Int(n) if dice.chance(30) => Value::Int(n + 1),
            other => other.clone(),
        }
    }
    let parts = wish.as_map().iter().map(|(key, value)| match key.as_str() {
        "apiVersion" | "kind" => (key.clone(), value.clone()),
        _ => (key.clone(), edit(value, dice)),
    });
    let mut out = Object::from_map(parts.collect());
    for field in ["name", "namespace"] {
        if let Some(name) = wish.at(&["metadata", field]) {
            out.metadata_mut().insert(field, name);
        }
    }
    out
}
