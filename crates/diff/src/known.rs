//! Fields that no schema knows (rule R11).

use tautline_core::{FieldPath, Key, Map, Object, PathElement, Value};
use tautline_schema::{Schemas, TypeKind, TypeRef};

/// The object without the fields that its type does not have, and where they stood; `None` if it has no such field, or
/// its type is not known.
///
/// A server-side apply refuses such a field, whatever validation it is told; a client-side one has it dropped by the
/// server. With `Validate=false` it is dropped here, so that both come to the same.
pub fn without_unknown(object: &Object, schemas: &dyn Schemas) -> Option<(Object, Vec<FieldPath>)> {
    let root = schemas.root(&object.gvk())?;
    let mut dropped = Vec::new();
    let mut path = FieldPath::root();
    let mut map = object.as_map().clone();
    prune_map(&mut map, root.node(), &mut path, &mut dropped, true);
    (!dropped.is_empty()).then(|| (Object::from_map(map), dropped))
}

fn prune(value: &mut Value, of: TypeRef<'_>, path: &mut FieldPath, dropped: &mut Vec<FieldPath>) {
    match value {
        Value::Map(map) if of.kind() == TypeKind::Object => {
            prune_map(map, of, path, dropped, of.is_embedded());
        }
        Value::List(list) => {
            let Some(items) = of.items() else { return };
            for (n, item) in list.iter_mut().enumerate() {
                path.push(PathElement::Index(n));
                prune(item, items, path, dropped);
                path.pop();
            }
        }
        _ => {}
    }
}

fn prune_map(
    map: &mut Map,
    of: TypeRef<'_>,
    path: &mut FieldPath,
    dropped: &mut Vec<FieldPath>,
    is_object: bool,
) {
    let is_open = of.preserves_unknown() || of.is_untyped();
    let every_object_has = |name: &str| is_object && matches!(name, "apiVersion" | "kind" | "metadata");
    let is_known = |key: &Key| is_open || of.field_key(key).is_some() || every_object_has(key.as_str());
    let unknown: Vec<Key> = map.keys().filter(|key| !is_known(key)).cloned().collect();
    for key in unknown {
        map.remove(key.as_str());
        dropped.push(path.field(key));
    }
    map.for_each_mut(|key, value| {
        if let Some(field) = of.field_key(key) {
            path.push(PathElement::Field(key.clone()));
            prune(value, field, path, dropped);
            path.pop();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn check(object: Value, expect: &[&str]) {
        let object = Object::new(object).unwrap();
        let schemas = tautline_schema::shared();
        let pruned = without_unknown(&object, &*schemas);
        let paths: Vec<String> =
            pruned.iter().flat_map(|(_, dropped)| dropped.iter().map(ToString::to_string)).collect();
        assert_eq!(paths, expect);
        if let Some((left, _)) = pruned {
            assert!(without_unknown(&left, &*schemas).is_none(), "once is enough");
        }
    }

    #[test]
    fn r11_what_a_type_does_not_have_is_dropped_and_named() {
        check(
            value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "surprise": 1 },
                "data": { "any": "key" }, "dota": {} }),
            &["dota", "metadata.surprise"],
        );
        check(
            value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a" },
                "spec": { "replicaz": 1, "template": { "spec": { "containers": [
                    { "name": "a", "imag": "b", "resources": { "limits": { "x/y": 1 } } }] } } } }),
            &["spec.replicaz", "spec.template.spec.containers[0].imag"],
        );
    }

    #[test]
    fn r11_what_is_whole_or_of_no_known_type_stays() {
        check(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } }), &[]);
        check(
            value!({ "apiVersion": "example.com/v1", "kind": "Nobody", "metadata": { "name": "a" }, "surprise": 1 }),
            &[],
        );
    }
}
