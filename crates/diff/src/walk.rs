//! Walking two objects side by side.

use tautline_core::{FieldPath, Key, List, Map, Object, PathElement, Value};
use tautline_schema::{ListType, Root, TypeKind, TypeRef};

/// Fields that say nothing about what anybody wants.
const SERVER_METADATA: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/// A field with its value on either side.
pub(crate) type Differing = (FieldPath, Option<Value>, Option<Value>);

type Type<'a> = Option<TypeRef<'a>>;

/// The fields in which two objects differ, status and the server's own metadata aside. Items of lists are named as
/// the schema says; where there is none, those that all have a `name` of their own by that.
pub(crate) fn differing(a: &Object, b: &Object, schema: Option<&Root>) -> Vec<Differing> {
    let of = schema.map(Root::node);
    let stored = of.is_some_and(TypeRef::is_compiled);
    let mut walk = Walk { path: FieldPath::root(), found: Vec::new(), stored };
    let is_wanted = |key: &Key| key != "status";
    walk.maps(a.as_map(), b.as_map(), of, &|key| is_wanted(key) && key != "metadata");
    let empty = Map::new();
    let (a, b) = (a.metadata().unwrap_or(&empty), b.metadata().unwrap_or(&empty));
    walk.path.push(PathElement::Field("metadata".into()));
    let of = of.and_then(|of| of.field("metadata"));
    walk.maps(a, b, of, &|key| !SERVER_METADATA.contains(&key.as_str()));
    walk.found.sort_by_cached_key(|(path, _, _)| first_field(path));
    walk.found
}

/// An object as it is shown: without its status and the server's own metadata.
pub(crate) fn without_server_fields(object: &Object) -> Map {
    let mut fields = object.as_map().clone();
    fields.remove("status");
    let metadata = fields.map_at("metadata");
    metadata.retain(|key, _| !SERVER_METADATA.contains(&key.as_str()));
    fields
}

fn first_field(path: &FieldPath) -> Option<Key> {
    match path.elements().first() {
        Some(PathElement::Field(name)) => Some(name.clone()),
        _ => None,
    }
}

struct Walk {
    path: FieldPath,
    found: Vec<Differing>,
    /// Kubernetes' own kinds are stored as protocol buffers, which know no empty lists and maps.
    stored: bool,
}

impl Walk {
    fn maps(&mut self, a: &Map, b: &Map, of: Type<'_>, wanted: &dyn Fn(&Key) -> bool) {
        if a.is_same(b) {
            return;
        }
        for (key, old, new) in a.zip(b).filter(|(key, _, _)| wanted(key)) {
            if old == new {
                continue;
            }
            self.path.push(PathElement::Field(key.clone()));
            self.values(old, new, of.and_then(|of| of.field_key(key)));
            self.path.pop();
        }
    }

    fn values(&mut self, a: Option<&Value>, b: Option<&Value>, of: Type<'_>) {
        match (a, b) {
            (a, b) if a == b => {}
            (Some(a), Some(b)) if self.stored && is_nothing(a, of) && is_nothing(b, of) => {}
            (Some(Value::Map(a)), Some(Value::Map(b))) => self.maps(a, b, of, &|_| true),
            (Some(Value::List(a)), Some(Value::List(b))) => self.lists(a, b, of),
            (a, b) => self.report(a.cloned(), b.cloned()),
        }
    }

    fn report(&mut self, from: Option<Value>, to: Option<Value>) {
        self.found.push((self.path.clone(), from, to));
    }

    /// Lists whose items have names are walked item by item, lists of one length by place; any other pair differs
    /// as a whole, as do lists that differ in their order only.
    fn lists(&mut self, a: &List, b: &List, of: Type<'_>) {
        let items = of.and_then(TypeRef::items);
        if let (Some(in_a), Some(in_b)) = (named(a, of), named(b, of)) {
            let before = self.found.len();
            let find = |items: &[(PathElement, &Value)], name: &PathElement| {
                items.iter().find(|(n, _)| n == name).map(|(_, value)| (*value).clone())
            };
            for (name, old) in &in_a {
                self.step(name, Some(old), find(&in_b, name).as_ref(), items);
            }
            for (name, new) in in_b.iter().filter(|(name, _)| find(&in_a, name).is_none()) {
                self.step(name, None, Some(new), items);
            }
            if self.found.len() > before {
                return;
            }
        } else if a.len() == b.len() {
            for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                self.step(&PathElement::Index(i), Some(a), Some(b), items);
            }
            return;
        }
        self.report(Some(Value::List(a.clone())), Some(Value::List(b.clone())));
    }

    fn step(&mut self, element: &PathElement, a: Option<&Value>, b: Option<&Value>, of: Type<'_>) {
        if a == b {
            return;
        }
        self.path.push(element.clone());
        self.values(a, b, of);
        self.path.pop();
    }
}

/// Whether storage keeps nothing of a value: a list or map of keys that is empty. An empty struct is something.
fn is_nothing(value: &Value, of: Type<'_>) -> bool {
    let Some(of) = of.filter(|of| !of.is_untyped()) else { return false };
    match value {
        Value::Null => true,
        Value::List(list) => list.is_empty(),
        Value::Map(map) => {
            map.is_empty()
                && of.kind() == TypeKind::Object
                && !of.is_compiled()
                && of.additional().is_some_and(|of| !of.is_untyped())
        }
        _ => false,
    }
}

/// A list's items with their names, if all have one of their own.
fn named<'v>(list: &'v List, of: Type<'_>) -> Option<Vec<(PathElement, &'v Value)>> {
    let by_name = ["name".into()];
    let keys: &[Key] = match of.filter(|of| !of.is_untyped()).map(TypeRef::list_type) {
        Some(ListType::Map(keys)) => keys,
        Some(ListType::Set) => &[],
        Some(ListType::Atomic) => return None,
        None => &by_name,
    };
    let items = list.iter().map(|item| Some((name(item, keys)?, item)));
    let items: Vec<(PathElement, &Value)> = items.collect::<Option<_>>()?;
    let is_own = |i: usize, name: &PathElement| items.iter().take(i).all(|(other, _)| other != name);
    items.iter().enumerate().all(|(i, (name, _))| is_own(i, name)).then_some(items)
}

/// The name of an item by these keys, of which it has some; by its value without any.
fn name(item: &Value, keys: &[Key]) -> Option<PathElement> {
    if keys.is_empty() {
        return (!matches!(item, Value::Map(_) | Value::List(_) | Value::Null))
            .then(|| PathElement::Value(item.clone()));
    }
    let named: Map = keys.iter().filter_map(|key| Some((key, item.get(key)?.clone()))).collect();
    (!named.is_empty()).then_some(PathElement::Item(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;
    use tautline_schema::{Schemas, builtin};

    fn check(a: Value, b: Value, expect: &[&str]) {
        let object = |spec| {
            Object::new(
                value!({ "apiVersion": "v1", "kind": "X", "metadata": { "name": "x" }, "spec": spec }),
            )
            .unwrap()
        };
        let got: Vec<String> =
            differing(&object(a), &object(b), None).into_iter().map(|(p, _, _)| p.to_string()).collect();
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
        let got: Vec<String> =
            differing(&a, &b, root.as_ref()).into_iter().map(|(p, _, _)| p.to_string()).collect();
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
        let paths: Vec<String> = found.into_iter().map(|(path, _, _)| path.to_string()).collect();
        assert_eq!(paths, ["metadata.finalizers", "spec.ports"], "one change each, not one an item");
    }
}
