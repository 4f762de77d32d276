//! Objects as people write them, made from the schema: the input of property tests.
//!
//! A seed is an object: what fails once fails again. Names and values come from a small vocabulary, so that two
//! objects often agree, overlap and collide.
//!
//! ```
//! use tautline_test_generators::{object, related};
//! let a = object(7);
//! assert_eq!(a, object(7));
//! assert_eq!(a.key(), related(&a, 8).key());
//! ```
#![forbid(unsafe_code)]

mod dice;
mod values;

use tautline_core::{GroupVersionKind, Key, Map, Object, Value};
use tautline_schema::{ListType, MapType, Root, Schemas, TypeKind, TypeRef, builtin};

pub use dice::Dice;

/// The kinds that objects are made of: those that manifests hold.
pub const KINDS: [(&str, &str, &str); 18] = [
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "StatefulSet"),
    ("apps", "v1", "DaemonSet"),
    ("", "v1", "Pod"),
    ("", "v1", "Service"),
    ("", "v1", "ConfigMap"),
    ("", "v1", "Secret"),
    ("", "v1", "ServiceAccount"),
    ("", "v1", "PersistentVolumeClaim"),
    ("batch", "v1", "Job"),
    ("batch", "v1", "CronJob"),
    ("networking.k8s.io", "v1", "Ingress"),
    ("networking.k8s.io", "v1", "NetworkPolicy"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler"),
    ("policy", "v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "v1", "Role"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
    ("storage.k8s.io", "v1", "StorageClass"),
];

/// The object of a seed: of one of [`KINDS`], with every field the schema declares having its chance.
pub fn object(seed: u64) -> Object {
    let mut dice = Dice::new(seed);
    let (group, version, kind) = KINDS[dice.roll(KINDS.len())];
    of_kind(&GroupVersionKind::new(group, version, kind), &mut dice)
}

/// Another wish for the same object: fields stay, change, go and come.
pub fn related(object: &Object, seed: u64) -> Object {
    let mut dice = Dice::new(seed);
    let gvk = object.gvk();
    let other = of_kind(&gvk, &mut dice);
    let root = root(&gvk);
    match mixed(&object.to_value(), &other.to_value(), Some(root.node()), &mut dice) {
        Value::Map(map) => identified(map, &gvk),
        _ => object.clone(),
    }
}

/// Two wishes that share no field but those that every object has: what two owners may write side by side.
pub fn disjoint(seed: u64) -> (Object, Object) {
    let mut dice = Dice::new(seed);
    let whole = object(dice.next());
    let (mut one, mut other) = (whole.clone(), whole.clone());
    let names: Vec<_> = whole.field_names().cloned().collect();
    for name in names.iter().filter(|name| !["apiVersion", "kind", "metadata"].contains(&name.as_str())) {
        let from = if dice.chance(50) { &mut one } else { &mut other };
        match whole.get(name) {
            Some(Value::Map(map)) if is_granular(&whole, name) => {
                let (a, b) = halves(map, &mut dice);
                // An empty map would be owned as a whole.
                for (side, half) in [(&mut one, a), (&mut other, b)] {
                    match half.is_empty() {
                        true => drop(side.as_map_mut().remove(name)),
                        false => drop(side.as_map_mut().insert(name.clone(), half)),
                    }
                }
            }
            _ => drop(from.as_map_mut().remove(name)),
        }
    }
    other.metadata_mut().retain(|key, _| key == "name" || key == "namespace");
    (one, other)
}

/// Whether the keys of a field are owned one by one.
fn is_granular(object: &Object, name: &Key) -> bool {
    let root = root(&object.gvk());
    root.node()
        .field_key(name)
        .is_some_and(|of| of.kind() == TypeKind::Object && of.map_type() == MapType::Granular)
}

fn halves(map: &Map, dice: &mut Dice) -> (Map, Map) {
    let (mut a, mut b) = (Map::new(), Map::new());
    for (key, value) in map {
        if dice.chance(50) {
            a.insert(key, value)
        } else {
            b.insert(key, value)
        };
    }
    (a, b)
}

fn root(gvk: &GroupVersionKind) -> Root {
    builtin().root(gvk).expect("the built-in table has the kinds of KINDS")
}

fn of_kind(gvk: &GroupVersionKind, dice: &mut Dice) -> Object {
    let root = root(gvk);
    match values::value(root.node(), dice, 0) {
        Value::Map(map) => identified(map, gvk),
        _ => identified(Map::new(), gvk),
    }
}

/// What tells an object, and nothing that only a server sets.
fn identified(mut map: Map, gvk: &GroupVersionKind) -> Object {
    map.remove("status");
    // In the form that is sent, a Secret has no `stringData`.
    map.remove("stringData");
    map.insert("apiVersion", gvk.api_version());
    map.insert("kind", gvk.kind.as_str());
    let kept = ["labels", "annotations", "finalizers"];
    let metadata = map.map_at("metadata");
    metadata.retain(|key, _| kept.contains(&key.as_str()));
    metadata.insert("name", "a");
    metadata.insert("namespace", "n");
    Object::from_map(map)
}

/// Some of one, some of the other.
fn mixed(a: &Value, b: &Value, of: Option<TypeRef<'_>>, dice: &mut Dice) -> Value {
    match (a, b) {
        (Value::Map(a), Value::Map(b)) => {
            let mut out = Map::new();
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(key))) {
                let of = of.and_then(|of| of.field_key(key));
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => drop(out.insert(key, mixed(a, b, of, dice))),
                    (Some(a), None) if dice.chance(80) => drop(out.insert(key, a)),
                    (None, Some(b)) if dice.chance(30) => drop(out.insert(key, b)),
                    _ => {}
                }
            }
            Value::Map(out)
        }
        (Value::List(a), Value::List(b)) => mixed_lists(a, b, of, dice),
        (a, b) => {
            if dice.chance(70) {
                a.clone()
            } else {
                b.clone()
            }
        }
    }
}

fn mixed_lists(a: &[Value], b: &[Value], of: Option<TypeRef<'_>>, dice: &mut Dice) -> Value {
    let keys = match of.map(TypeRef::list_type) {
        Some(ListType::Map(keys)) => keys.to_vec(),
        Some(ListType::Set) => Vec::new(),
        _ => return Value::from(if dice.chance(70) { a } else { b }.to_vec()),
    };
    let is_one = |x: &Value, y: &Value| match keys.is_empty() {
        true => x == y,
        false => values::is_one(x, y, &keys, of),
    };
    let mut out: Vec<Value> = a.iter().filter(|_| dice.chance(80)).cloned().collect();
    for item in b {
        match out.iter_mut().find(|other| is_one(other, item)) {
            Some(other) => *other = mixed(other, item, of.and_then(TypeRef::items), dice),
            None if dice.chance(50) => {
                let at = dice.roll(out.len() + 1);
                out.insert(at, item.clone());
            }
            None => {}
        }
    }
    Value::from(out)
}
