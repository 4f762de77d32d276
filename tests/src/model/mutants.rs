//! Objects of all kinds with one or two things wrong: what a server answers to them, its defaults, its refusals and
//! their words, is compared with what another answers.
//!
//! Mutants are made from objects that a real server takes: those of the folder `tests/mutants`, and those that the
//! recordings hold. A number is a mutant: what fails once fails again.

use std::collections::BTreeMap;

use tautline_core::{GroupVersionKind, Value, value};
use tautline_schema::{Root, Schemas, builtin};
use tautline_yaml as yaml;

use super::sequence::{Dice, Request, Version};

/// An object that is valid, and where it is created.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The path of its collection, with `NAMESPACE` for where it is sent.
    pub collection: String,
    /// The object, with `NAMESPACE` where it names its own.
    pub object: Value,
}

/// All seeds, and what their fields hold elsewhere.
#[derive(Debug)]
pub struct Nursery {
    seeds: Vec<Seed>,
    /// Values by the name of the field that holds them.
    pool: BTreeMap<String, Vec<Value>>,
}

/// A way into a value.
type Way = Vec<Step>;

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Nursery {
    /// Reads manifests; documents of kinds that are not built in are left out, as are those that are no mapping.
    ///
    /// # Errors
    /// When a text is not YAML.
    pub fn read(texts: &[&str]) -> Result<Self, yaml::Error> {
        let mut seeds = Vec::new();
        let mut pool: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for text in texts {
            for document in yaml::split(text) {
                let object = yaml::read(document?.text, &yaml::Options::default())?;
                collect(&object, &mut pool);
                seeds.extend(seed(object));
            }
        }
        Ok(Self { seeds, pool })
    }

    /// The seeds.
    pub fn seeds(&self) -> &[Seed] {
        &self.seeds
    }

    /// The request of a number, and what was done to the object in words: a creation, or a replacement of the seed.
    pub fn mutant(&self, number: u64) -> Option<(Request, String)> {
        let mut dice = Dice::new(number);
        let seed = self.seeds.get(dice.roll(self.seeds.len()))?;
        let replaces = dice.roll(3) == 0;
        let mut object = seed.object.clone();
        // A name that is free, so that more than its being taken is looked at.
        let is_named_freely = object.str_at(&["kind"]) != Some("CustomResourceDefinition");
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_map_mut)
            && !replaces
            && is_named_freely
        {
            metadata.insert("name", "fresh");
        }
        let mut done = Vec::new();
        for _ in 0..1 + usize::from(dice.roll(4) == 0) {
            done.push(self.mutate(&mut object, &mut dice));
        }
        let name = seed.object.str_at(&["metadata", "name"]).unwrap_or_default();
        let (method, path) = match replaces {
            true => ("PUT", format!("{}/{name}", seed.collection)),
            false => ("POST", seed.collection.clone()),
        };
        let validation = ["", "&fieldValidation=Strict", "&fieldValidation=Ignore"];
        let validation = dice.of(&validation).unwrap_or_default();
        let request = Request {
            method,
            path: format!("{path}?dryRun=All&fieldManager=mutant{validation}"),
            media: "application/json",
            body: object,
            name: String::new(),
            version: Version::None,
            manager: "mutant",
            force: false,
        };
        Some((request, done.join("; ")))
    }

    fn mutate(&self, object: &mut Value, dice: &mut Dice) -> String {
        let ways = ways(object);
        let Some(way) = dice.of(&ways.iter().collect::<Vec<_>>()).cloned() else { return String::new() };
        let shown = show(&way);
        match dice.roll(8) {
            0 | 1 => {
                remove(object, &way);
                format!("without {shown}")
            }
            2 => {
                let twice = at(object, &way).cloned();
                let (Some(Step::Index(_)), Some(twice)) = (way.last(), twice) else {
                    return self.odd(object, &way, dice);
                };
                if let Some(list) = at_mut(object, &way[..way.len() - 1]).and_then(Value::as_list_mut) {
                    list.push(twice);
                }
                format!("{shown} twice")
            }
            3 => self.grown(object, &way, dice).unwrap_or_else(|| self.odd(object, &way, dice)),
            4 | 5 => self.other(object, &way, dice).unwrap_or_else(|| self.odd(object, &way, dice)),
            _ => self.odd(object, &way, dice),
        }
    }

    /// A value that a field of this name holds elsewhere.
    fn other(&self, object: &mut Value, way: &[Step], dice: &mut Dice) -> Option<String> {
        let Some(Step::Key(key)) = way.iter().rev().find(|step| matches!(step, Step::Key(_))) else {
            return None;
        };
        let values = self.pool.get(key)?;
        let value = values.get(dice.roll(values.len()))?.clone();
        set(object, way, value, show(way).as_str())
    }

    /// A field that the schema declares and the object does not have, with a value that some field of this name holds.
    fn grown(&self, object: &mut Value, way: &[Step], dice: &mut Dice) -> Option<String> {
        let root = root(object)?;
        let mut node = Some(root.node());
        for step in way {
            node = match step {
                Step::Key(key) => node.and_then(|node| node.field(key)),
                Step::Index(_) => node.and_then(|node| node.items()),
            };
        }
        let names: Vec<String> = node?.fields().map(|field| field.name.to_string()).collect();
        let name = names.get(dice.roll(names.len()))?;
        let value = match self.pool.get(name) {
            Some(values) => values.get(dice.roll(values.len()))?.clone(),
            None => odd(dice),
        };
        let shown = format!("{}.{name} = {}", show(way), value.to_json());
        at_mut(object, way)?.as_map_mut()?.insert(name.as_str(), value);
        Some(shown)
    }

    fn odd(&self, object: &mut Value, way: &[Step], dice: &mut Dice) -> String {
        set(object, way, odd(dice), &show(way)).unwrap_or_default()
    }
}

/// Values that fields seldom should have.
fn odd(dice: &mut Dice) -> Value {
    match dice.roll(24) {
        0 => Value::Null,
        1 => Value::string(""),
        2 => Value::string("a"),
        3 => Value::string("Not_A_Name!"),
        4 => Value::string("x".repeat(64)),
        5 => Value::string("y".repeat(260)),
        6 => Value::from(0),
        7 => Value::from(-1),
        8 => Value::from(1),
        9 => Value::from(65_536),
        10 => Value::from(5_000_000_000_i64),
        11 => Value::Float(1.5),
        12 => Value::from(true),
        13 => Value::from(false),
        14 => Value::map(),
        15 => Value::list(),
        16 => Value::string("5%"),
        17 => Value::string("150%"),
        18 => Value::string("10Mi"),
        19 => Value::string("-5"),
        20 => Value::string("../up"),
        21 => Value::string("/abs"),
        22 => value!({ "a": "b" }),
        _ => value!(["a"]),
    }
}

fn seed(object: Value) -> Option<Seed> {
    let gvk = GroupVersionKind::parse(object.str_at(&["apiVersion"])?, object.str_at(&["kind"])?);
    let kind = builtin().kind(&gvk)?;
    let version = gvk.api_version();
    let base = if gvk.group.is_empty() { format!("/api/{version}") } else { format!("/apis/{version}") };
    let place = if kind.is_namespaced() { "/namespaces/NAMESPACE" } else { "" };
    Some(Seed { collection: format!("{base}{place}/{}", kind.plural), object })
}

fn root(object: &Value) -> Option<Root> {
    let gvk = GroupVersionKind::parse(object.str_at(&["apiVersion"])?, object.str_at(&["kind"])?);
    builtin().type_of(&gvk)
}

fn collect(value: &Value, pool: &mut BTreeMap<String, Vec<Value>>) {
    match value {
        Value::Map(map) => {
            for (key, below) in map {
                let known = pool.entry(key.to_string()).or_default();
                if !known.contains(below) {
                    known.push(below.clone());
                }
                collect(below, pool);
            }
        }
        Value::List(list) => list.iter().for_each(|item| collect(item, pool)),
        _ => {}
    }
}

/// The ways to all values, but for those that say what the object is.
fn ways(object: &Value) -> Vec<Way> {
    fn walk(value: &Value, way: &mut Way, all: &mut Vec<Way>) {
        let steps: Vec<(Step, &Value)> = match value {
            Value::Map(map) => map.iter().map(|(key, v)| (Step::Key(key.to_string()), v)).collect(),
            Value::List(list) => list.iter().enumerate().map(|(i, v)| (Step::Index(i), v)).collect(),
            _ => Vec::new(),
        };
        for (step, below) in steps {
            let identity =
                way.is_empty() && matches!(&step, Step::Key(key) if key == "kind" || key == "apiVersion");
            if !identity {
                way.push(step);
                all.push(way.clone());
                walk(below, way, all);
                way.pop();
            }
        }
    }
    let mut all = Vec::new();
    walk(object, &mut Vec::new(), &mut all);
    all
}

fn at<'v>(value: &'v Value, way: &[Step]) -> Option<&'v Value> {
    way.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(i) => value.as_list()?.get(*i),
    })
}

fn at_mut<'v>(value: &'v mut Value, way: &[Step]) -> Option<&'v mut Value> {
    way.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(i) => value.as_list_mut()?.get_mut(*i),
    })
}

fn set(object: &mut Value, way: &[Step], value: Value, shown: &str) -> Option<String> {
    let done = format!("{shown} = {}", value.to_json().chars().take(80).collect::<String>());
    *at_mut(object, way)? = value;
    Some(done)
}

fn remove(object: &mut Value, way: &[Step]) {
    let Some((last, above)) = way.split_last() else { return };
    match (last, at_mut(object, above)) {
        (Step::Key(key), Some(Value::Map(map))) => drop(map.remove(key)),
        (Step::Index(i), Some(Value::List(list))) => {
            let kept = list.iter().enumerate().filter(|(at, _)| at != i).map(|(_, item)| item.clone());
            *list = kept.collect();
        }
        _ => {}
    }
}

fn show(way: &[Step]) -> String {
    let mut text = String::new();
    for step in way {
        match step {
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Index(i) => text.push_str(&format!("[{i}]")),
        }
    }
    text
}
