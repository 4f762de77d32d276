//! Maps do what a sorted map of the standard library does, whatever their keys are and whoever shares them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use tautline_core::{Key, List, Map, MapDraft, Packed, Value};

/// 256 cases, or as many as `TAUTLINE_CASES` says. What failed once is kept beside this file and tried first.
#[allow(clippy::disallowed_methods, reason = "how long tests run, the environment says")]
fn config() -> Config {
    let cases = std::env::var("TAUTLINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
    let seeds = FileFailurePersistence::WithSource("regressions");
    Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() }
}

type Model = BTreeMap<String, Value>;

/// Names of Kubernetes' fields, others, and texts that are none: empty, long, of characters of several bytes.
fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "status",
        "name",
        "namespace",
        "labels",
        "image",
        "env",
        "ports",
        "value",
        "f:spec",
        "f:name",
        ".",
        "containers",
        "replicas",
        "template",
    ]);
    prop_oneof![
        4 => known.prop_map(str::to_owned),
        1 => "[a-c]{0,2}",
        1 => "(k:\\{\"name\":\"[a-c]\"\\}|é😀{0,6}|example\\.org/a-name-of-some-length-[a-c])",
    ]
}

fn item() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..9i64).prop_map(Value::Int),
        "[a-c]{0,20}".prop_map(Value::string),
        Just(Value::Null),
        prop::collection::vec(0..9i64, 0..3).prop_map(Value::from),
    ]
}

/// Up to 24 entries: keys of up to seven lie elsewhere than more do.
fn entries() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec((key(), item()), 0..24)
}

#[derive(Clone, Debug)]
enum Step {
    Insert(String, Value),
    Remove(String),
    Change(String, Value),
    MapAt(String),
    KeepShorter(usize),
    Extend(Vec<(String, Value)>),
    ChangeAll(i64),
    Share,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (key(), item()).prop_map(|(key, value)| Step::Insert(key, value)),
        3 => key().prop_map(Step::Remove),
        2 => (key(), item()).prop_map(|(key, value)| Step::Change(key, value)),
        1 => key().prop_map(Step::MapAt),
        1 => (0..9usize).prop_map(Step::KeepShorter),
        1 => prop::collection::vec((key(), item()), 0..9).prop_map(Step::Extend),
        1 => (0..9i64).prop_map(Step::ChangeAll),
        2 => Just(Step::Share),
    ]
}

/// Does a step to both; what they answer is the same.
fn run(step: &Step, map: &mut Map, model: &mut Model) {
    match step.clone() {
        Step::Insert(key, value) => {
            assert_eq!(map.insert(key.clone(), value.clone()), model.insert(key, value))
        }
        Step::Remove(key) => assert_eq!(map.remove(&key), model.remove(&key)),
        Step::Change(key, value) => {
            let (ours, theirs) = (map.get_mut(&key), model.get_mut(&key));
            assert_eq!(ours, theirs);
            ours.into_iter().chain(theirs).for_each(|place| *place = value.clone());
        }
        Step::MapAt(key) => {
            map.map_at(&key).insert("spec", 1);
            let at = model.entry(key).or_default();
            if at.as_map().is_none() {
                *at = Value::map();
            }
            at.as_map_mut().map(|map| map.insert("spec", 1));
        }
        Step::KeepShorter(len) => {
            map.retain(|key, _| key.len() < len);
            model.retain(|key, _| key.len() < len);
        }
        Step::Extend(entries) => {
            map.extend(entries.clone());
            model.extend(entries);
        }
        Step::ChangeAll(n) => {
            map.values_mut().filter(|value| value.is_null()).for_each(|value| *value = n.into());
            map.for_each_mut(|key, value| {
                if key.len() as i64 == n {
                    *value = Value::from(key);
                }
            });
            for (key, value) in model {
                if value.is_null() {
                    *value = n.into();
                }
                if key.len() as i64 == n {
                    *value = Value::from(key.as_str());
                }
            }
        }
        Step::Share => {}
    }
}

/// All that can be read of a map is what the model has.
fn check(map: &Map, model: &Model) {
    let texts = |(key, value): (&Key, &Value)| (key.as_str().to_owned(), value.clone());
    let ours: Vec<_> = map.iter().map(texts).collect();
    let theirs: Vec<_> = model.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    assert_eq!(ours, theirs);
    assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
    assert!(map.iter().rev().map(texts).eq(theirs.iter().rev().cloned()));
    assert!(map.keys().map(Key::as_str).eq(model.keys()));
    assert!(map.values().eq(model.values()));
    for (at, entry) in theirs.iter().enumerate() {
        let (key, value) = entry;
        assert_eq!((map.get(key), map.get_key(&Key::new(key))), (Some(value), Some(value)), "{key}");
        assert!(map.contains_key(key));
        assert_eq!(map.iter().get(at).map(texts).as_ref(), Some(entry));
        assert_eq!(map.iter().nth(at).map(texts).as_ref(), Some(entry));
        let mut rest = map.iter();
        rest.by_ref().take(at).for_each(drop);
        assert_eq!((rest.first().map(texts).as_ref(), rest.len()), (Some(entry), theirs.len() - at));
    }
    let (mut all, end) = (map.iter(), theirs.len());
    assert!(
        map.iter().get(end).is_none() && map.iter().nth(end).is_none() && map.iter().nth(end + 9).is_none()
    );
    assert!(all.by_ref().count() == end && map.get("no such key").is_none());
    // Made another way it is the same, to the last byte.
    let again: Map = theirs.iter().rev().cloned().collect();
    assert_eq!((&again, Value::Map(again.clone()).digest()), (map, Value::Map(map.clone()).digest()));
    let value = Value::Map(map.clone());
    assert_eq!(Packed::new(&value).open().expect("own bytes"), value);
    assert!(map.clone().into_iter().map(|(key, value)| (key.to_string(), value)).eq(theirs));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_map_is_a_sorted_map(start in entries(), steps in prop::collection::vec(step(), 0..24)) {
        let mut map: Map = start.iter().cloned().collect();
        let mut model: Model = start.into_iter().collect();
        let mut shared = vec![(map.clone(), model.clone())];
        check(&map, &model);
        for step in &steps {
            run(step, &mut map, &mut model);
            check(&map, &model);
            match step {
                Step::Share => shared.push((map.clone(), model.clone())),
                // From now on nobody shares it.
                _ => map = Value::from_json(Value::Map(map).to_json().as_bytes())
                    .ok().and_then(|value| value.as_map().cloned()).expect("a map"),
            }
        }
        shared.iter().for_each(|(map, model)| check(map, model));
    }

    #[test]
    fn maps_side_by_side_have_each_key_once(a in entries(), b in entries()) {
        let maps: [Map; 2] = [a.iter().cloned().collect(), b.iter().cloned().collect()];
        let models: [Model; 2] = [a.into_iter().collect(), b.into_iter().collect()];
        let [one, other] = &maps;
        let zipped: Vec<_> = one.zip(other).map(|(key, a, b)| (key.to_string(), a, b)).collect();
        let mut keys: Vec<&String> = models.iter().flat_map(BTreeMap::keys).collect();
        keys.sort();
        keys.dedup();
        let expect: Vec<_> = keys.iter().map(|key| (key.to_string(), models[0].get(*key), models[1].get(*key))).collect();
        prop_assert_eq!(zipped, expect);
        prop_assert_eq!(one == other, models[0] == models[1]);
    }

    #[test]
    fn a_draft_is_what_was_decided(start in entries(), decisions in prop::collection::vec(0..4u8, 24), put in item()) {
        let map: Map = start.into_iter().collect();
        let mut draft = MapDraft::of(&map);
        let mut expect = Map::new();
        for ((key, value), decision) in map.iter().zip(&decisions) {
            match decision {
                0 => draft.skip(),
                1 => {
                    draft.replace(put.clone());
                    expect.insert(key, put.clone());
                }
                _ => {
                    draft.keep();
                    expect.insert(key, value);
                }
            }
        }
        let made = draft.finish();
        prop_assert_eq!(made.is_same(&map), decisions.iter().take(map.len()).all(|decision| *decision > 1));
        prop_assert_eq!(made, expect);
    }

    #[test]
    fn a_stack_gives_the_last_of_equal_keys(below in entries(), above in entries()) {
        let entry = |(key, value): &(String, Value)| (Key::new(key), value.clone());
        let mut stack: Vec<_> = below.iter().chain(&above).map(entry).collect();
        let map = Map::taken_from(&mut stack, below.len());
        check(&map, &above.into_iter().collect());
        prop_assert_eq!(stack, below.iter().map(entry).collect::<Vec<_>>());
    }

    #[test]
    fn a_list_is_a_vector(items in prop::collection::vec(item(), 0..9), more in item(), is_shared in any::<bool>()) {
        let mut list: List = items.iter().cloned().collect();
        let other = is_shared.then(|| list.clone());
        prop_assert_eq!(&*list, &*items);
        prop_assert_eq!(&items.iter().filter(|item| !item.is_null()).cloned().collect::<List>(),
            &List::from(items.iter().filter(|item| !item.is_null()).cloned().collect::<Vec<_>>()));
        list.push(more.clone());
        if let Some(first) = list.first_mut() {
            *first = more.clone();
        }
        let mut expect = items.clone();
        expect.push(more.clone());
        expect[0] = more;
        prop_assert_eq!(list.clone().into_vec(), expect.clone());
        prop_assert_eq!(list.into_iter().collect::<Vec<_>>(), expect);
        prop_assert!(other.is_none_or(|other| *other == *items));
    }
}

#[test]
fn more_keys_than_there_are_numbers_are_all_found() {
    let names = (0..70_000).map(|i| format!("hostile-{i}"));
    let known = (0..).map_while(Key::from_known_id).map(|key| key.to_string());
    let model: Model = names.chain(known.clone()).map(|name| (name.clone(), Value::string(name))).collect();
    let mut map: Map = model.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect();
    assert!(map.keys().map(Key::as_str).eq(model.keys()));
    assert!(model.iter().all(|(key, value)| map.get(key) == Some(value)));
    let json = Value::Map(map.clone()).to_json();
    assert_eq!(Value::from_json(json.as_bytes()), Ok(Value::Map(map.clone())));
    assert_eq!(Packed::new(&Value::Map(map.clone())).open(), Ok(Value::Map(map.clone())));
    map.retain(|key, _| key.known_id().is_some());
    let known: Model = known.map(|name| (name.clone(), Value::string(name))).collect();
    check(&map, &known);
}

#[test]
fn an_iterator_that_tells_its_length_wrong_is_believed_nothing() {
    struct Liar(usize, usize);
    impl Iterator for Liar {
        type Item = i64;
        fn next(&mut self) -> Option<i64> {
            self.0 = self.0.checked_sub(1)?;
            Some(self.0 as i64)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.1, Some(self.1))
        }
    }
    for told in 0..5 {
        let list: List = Liar(3, told).collect();
        assert_eq!(list, List::from(vec![Value::Int(2), Value::Int(1), Value::Int(0)]), "{told}");
    }
}
