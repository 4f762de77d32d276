//! Walking two objects side by side.

use tautline_core::{FieldPath, Key, List, Map, Object, PathElement, Value};

/// Fields that say nothing about what anybody wants.
const SERVER_METADATA: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/// A field with its value on either side.
pub(crate) type Differing = (FieldPath, Option<Value>, Option<Value>);

/// The fields in which two objects differ, status and the server's own metadata aside.
pub(crate) fn differing(a: &Object, b: &Object) -> Vec<Differing> {
    let mut out = Vec::new();
    let strip = |object: &Object| {
        let mut fields = object.as_map().clone();
        fields.remove("status");
        let metadata = fields.map_at("metadata");
        SERVER_METADATA.iter().for_each(|field| drop(metadata.remove(field)));
        fields
    };
    let (a, b) = (strip(a), strip(b));
    maps(&mut FieldPath::root(), &a, &b, &mut out);
    out
}

fn maps(path: &mut FieldPath, a: &Map, b: &Map, out: &mut Vec<Differing>) {
    if a.is_same(b) {
        return;
    }
    let mut keys: Vec<&Key> = a.keys().chain(b.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        path.push(PathElement::Field(key.clone()));
        values(path, a.get(key), b.get(key), out);
        path.pop();
    }
}

fn values(path: &mut FieldPath, a: Option<&Value>, b: Option<&Value>, out: &mut Vec<Differing>) {
    match (a, b) {
        (a, b) if a == b => {}
        (Some(Value::Map(a)), Some(Value::Map(b))) => maps(path, a, b, out),
        (Some(Value::List(a)), Some(Value::List(b))) => lists(path, a, b, out),
        (a, b) => out.push((path.clone(), a.cloned(), b.cloned())),
    }
}

/// Lists whose items all have a unique `name` are walked item by item, lists of one length by place; any
/// other pair differs as a whole.
fn lists(path: &mut FieldPath, a: &List, b: &List, out: &mut Vec<Differing>) {
    if let (Some(in_a), Some(in_b)) = (by_name(a), by_name(b)) {
        let mut names: Vec<&str> = in_a.iter().chain(&in_b).map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        let find = |items: &[(&str, &Value)], name: &str| {
            items.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).clone())
        };
        let before = out.len();
        for name in names {
            path.push(PathElement::Item([("name", name)].into_iter().collect()));
            values(path, find(&in_a, name).as_ref(), find(&in_b, name).as_ref(), out);
            path.pop();
        }
        if out.len() > before {
            return;
        }
        // Only the order differs.
        return out.push((path.clone(), Some(Value::List(a.clone())), Some(Value::List(b.clone()))));
    }
    if a.len() == b.len() {
        for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
            path.push(PathElement::Index(i));
            values(path, Some(a), Some(b), out);
            path.pop();
        }
        return;
    }
    out.push((path.clone(), Some(Value::List(a.clone())), Some(Value::List(b.clone()))));
}

fn by_name(list: &List) -> Option<Vec<(&str, &Value)>> {
    let items: Option<Vec<(&str, &Value)>> =
        list.iter().map(|item| Some((item.str_at(&["name"])?, item))).collect();
    let items = items?;
    let mut names: Vec<&str> = items.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.windows(2).all(|w| matches!(w, [a, b] if a != b)).then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn check(a: Value, b: Value, expect: &[&str]) {
        let object = |spec| {
            Object::new(
                value!({ "apiVersion": "v1", "kind": "X", "metadata": { "name": "x" }, "spec": spec }),
            )
            .unwrap()
        };
        let got: Vec<String> =
            differing(&object(a), &object(b)).into_iter().map(|(p, _, _)| p.to_string()).collect();
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
}
