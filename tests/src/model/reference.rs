//! ConfigMaps as they ought to behave, written down as simply as possible: for machines without a real server.
//!
//! It knows an object's data, who owns which key, and that equal writes are none. It tells codes and data, not words.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::Value;

use super::sequence::{Request, Version};

type Data = BTreeMap<String, String>;

/// A ConfigMap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Map {
    data: Data,
    /// The keys that each manager applied, and those that it set otherwise.
    applied: BTreeMap<String, BTreeSet<String>>,
    updated: BTreeMap<String, BTreeSet<String>>,
    version: u64,
}

/// All ConfigMaps of a namespace.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    maps: BTreeMap<String, Map>,
    versions: u64,
    /// The first and last version that was seen of each name.
    seen: BTreeMap<String, (u64, u64)>,
}

/// What an answer must say: its code, and the data of the object where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The status code.
    pub code: u16,
    /// The object's data, where the answer is an object.
    pub data: Option<BTreeMap<String, String>>,
}

impl Reference {
    /// Does a request.
    pub fn ask(&mut self, request: &Request) -> Expected {
        if request.name.is_empty() {
            return Expected { code: 200, data: None };
        }
        let code = self.answer(request);
        let map = self.maps.get(&request.name).filter(|_| code < 300 && request.method != "DELETE");
        if let Some(map) = map {
            let seen = self.seen.entry(request.name.clone()).or_insert((map.version, map.version));
            seen.1 = map.version;
        }
        Expected { code, data: map.map(|map| map.data.clone()) }
    }

    fn answer(&mut self, request: &Request) -> u16 {
        let is_there = self.maps.contains_key(&request.name);
        match (request.method, request.media) {
            ("POST", _) if is_there => 409,
            ("POST", _) => {
                let made = updated(&Map::default(), texts(request.body.get("data")), request.manager);
                self.write(request, made);
                201
            }
            (_, "application/apply-patch+yaml") => self.apply(request),
            _ if !is_there => 404,
            ("GET", _) => 200,
            ("DELETE", _) => {
                self.maps.remove(&request.name);
                200
            }
            ("PUT", _) => match self.is_stale(request) {
                true => 409,
                false => self.update(request, texts(request.body.get("data"))),
            },
            (_, "application/merge-patch+json") => {
                let mut data = self.data(request);
                for (key, value) in request.body.get("data").and_then(Value::as_map).into_iter().flatten() {
                    match value.as_str() {
                        Some(text) => drop(data.insert(key.to_string(), text.to_owned())),
                        None => drop(data.remove(key.as_str())),
                    }
                }
                self.update(request, data)
            }
            _ => self.patch(request),
        }
    }

    fn patch(&mut self, request: &Request) -> u16 {
        let mut data = self.data(request);
        let had_none = data.is_empty();
        for operation in request.body.as_list().into_iter().flatten() {
            let of = |field: &str| operation.str_at(&[field]).unwrap_or_default();
            let key = of("path").trim_start_matches("/data/").to_owned();
            // A map without data has no `/data` to look into.
            let done = !had_none
                && match of("op") {
                    "test" => data.get(&key).is_some_and(|value| value == of("value")),
                    "remove" => data.remove(&key).is_some(),
                    _ => {
                        data.insert(key, of("value").to_owned());
                        true
                    }
                };
            if !done {
                return 422;
            }
        }
        self.update(request, data)
    }

    fn apply(&mut self, request: &Request) -> u16 {
        let wanted = texts(request.body.get("data"));
        let Some(old) = self.maps.get(&request.name).cloned() else {
            // A version that is asked for only keeps from writing over something.
            let mut made = Map { data: wanted.clone(), ..Map::default() };
            made.applied.insert(request.manager.to_owned(), wanted.into_keys().collect());
            self.write(request, made);
            return 201;
        };
        if self.is_stale(request) {
            return 409;
        }
        let mut new = old.clone();
        for (key, value) in &wanted {
            if old.data.get(key) == Some(value) {
                continue;
            }
            let owns = |owners: &BTreeMap<String, BTreeSet<String>>, own: Option<&str>| {
                owners.iter().any(|(name, keys)| Some(name.as_str()) != own && keys.contains(key))
            };
            let taken = owns(&old.applied, Some(request.manager)) || owns(&old.updated, None);
            if taken && !request.force {
                return 409;
            }
            for (name, keys) in new.applied.iter_mut() {
                if name != request.manager {
                    keys.remove(key);
                }
            }
            for keys in new.updated.values_mut() {
                keys.remove(key);
            }
            new.data.insert(key.clone(), value.clone());
        }
        let before = new.applied.insert(request.manager.to_owned(), wanted.keys().cloned().collect());
        // What nobody applies any more goes, unless somebody else owns it.
        for key in before.into_iter().flatten().filter(|key| !wanted.contains_key(key)) {
            let is_owned = new.applied.values().chain(new.updated.values()).any(|keys| keys.contains(&key));
            if !is_owned {
                new.data.remove(&key);
            }
        }
        self.write(request, new);
        200
    }

    fn update(&mut self, request: &Request, data: Data) -> u16 {
        let old = self.maps.get(&request.name).cloned().unwrap_or_default();
        self.write(request, updated(&old, data, request.manager));
        200
    }

    fn write(&mut self, request: &Request, mut map: Map) {
        for owners in [&mut map.applied, &mut map.updated] {
            owners.retain(|_, keys| !keys.is_empty());
        }
        let known = self.maps.get(&request.name);
        map.version = known.map_or(0, |known| known.version);
        if known != Some(&map) {
            self.versions += 1;
            map.version = self.versions;
        }
        self.maps.insert(request.name.clone(), map);
    }

    fn data(&self, request: &Request) -> Data {
        self.maps.get(&request.name).map(|map| map.data.clone()).unwrap_or_default()
    }

    /// The version that a request names.
    fn named(&self, request: &Request) -> Option<u64> {
        let seen = self.seen.get(&request.name);
        match request.version {
            Version::None => None,
            Version::First => seen.map(|seen| seen.0),
            Version::Last => seen.map(|seen| seen.1),
        }
    }

    fn is_stale(&self, request: &Request) -> bool {
        let have = self.maps.get(&request.name).map(|map| map.version);
        self.named(request).is_some_and(|named| have.is_some_and(|have| have != named))
    }
}

/// A map after a write that is no apply: what changed belongs to the writer.
fn updated(old: &Map, data: Data, manager: &str) -> Map {
    let mut new = Map { data, ..old.clone() };
    let keys: BTreeSet<String> = old.data.keys().chain(new.data.keys()).cloned().collect();
    for key in keys.into_iter().filter(|key| old.data.get(key) != new.data.get(key)) {
        for keys in new.applied.values_mut().chain(new.updated.values_mut()) {
            keys.remove(&key);
        }
        if new.data.contains_key(&key) {
            new.updated.entry(manager.to_owned()).or_default().insert(key);
        }
    }
    new
}

fn texts(data: Option<&Value>) -> Data {
    let entries = data.and_then(Value::as_map).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned()))).collect()
}
