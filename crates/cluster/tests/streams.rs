//! Whatever a stream of events does, the cache ends as a fresh list would make it, and never calls absent what is there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail the test that uses them")]

use std::collections::BTreeMap;

use tautline_cluster::{ApiResource, Cache, KindState, RawEvent, RawObject};
use tautline_core::{
    GroupKind, GroupVersionKind, MaskingKey, Object, Presence, ResourceKey, ResourceVersion, Timestamp, Uid,
    Value,
};
use tautline_ownership::LiveView;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn resource() -> ApiResource {
    ApiResource {
        gvk: GroupVersionKind::new("", "v1", "Pod"),
        plural: "pods".into(),
        namespaced: true,
        verbs: Vec::new(),
        short_names: Vec::new(),
        subresources: Vec::new(),
    }
}

fn kind() -> GroupKind {
    GroupKind::new("", "Pod")
}

/// Numbers from a seed, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[derive(Clone)]
enum Change {
    Put(String, bool),
    End(String),
}

/// A server's whole history of one kind.
#[derive(Default)]
struct Server {
    history: Vec<(u64, &'static str, Change)>,
    version: u64,
    lives: u64,
}

impl Server {
    fn state_at(&self, version: u64) -> BTreeMap<&'static str, String> {
        let mut state = BTreeMap::new();
        for (_, name, change) in self.history.iter().take_while(|(at, ..)| *at <= version) {
            match change {
                Change::Put(json, _) => drop(state.insert(*name, json.clone())),
                Change::End(_) => drop(state.remove(name)),
            }
        }
        state
    }

    fn change(&mut self, dice: &mut Dice) {
        self.version += 1 + dice.below(3) as u64;
        let name = NAMES[dice.below(NAMES.len())];
        let now = self.state_at(self.version).get(name).cloned();
        let uid = |json: &str| {
            Value::from_json(json.as_bytes()).unwrap().str_at(&["metadata", "uid"]).unwrap().to_owned()
        };
        let change = match &now {
            Some(json) if dice.below(3) == 0 => Change::End(self.body(name, &uid(json), dice)),
            Some(json) => Change::Put(self.body(name, &uid(json), dice), false),
            None => {
                self.lives += 1;
                Change::Put(self.body(name, &format!("uid-{}", self.lives), dice), true)
            }
        };
        self.history.push((self.version, name, change));
    }

    fn body(&self, name: &str, uid: &str, dice: &mut Dice) -> String {
        format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"n","uid":"{uid}","resourceVersion":"{}","ownerReferences":[{{"apiVersion":"v1","kind":"X","name":"x","uid":"owner-{}"}}]}},"status":{{"phase":"{}"}}}}"#,
            self.version,
            dice.below(3),
            ["Pending", "Running"][dice.below(2)]
        )
    }

    fn event(&self, at: usize) -> RawEvent {
        let raw = |json: &String| RawObject::Json(json.clone().into_bytes().into());
        match &self.history[at].2 {
            Change::Put(json, true) => RawEvent::Added(raw(json)),
            Change::Put(json, false) => RawEvent::Modified(raw(json)),
            Change::End(json) => RawEvent::Deleted(raw(json)),
        }
    }
}

fn list(cache: &mut Cache, server: &Server, version: u64) -> bool {
    cache.begin_list(resource());
    for json in server.state_at(version).into_values() {
        cache.list_item(&kind(), &RawObject::Json(json.into_bytes().into())).unwrap();
    }
    cache.end_list(&kind(), ResourceVersion::new(version.to_string()), Timestamp::default()).is_ok()
}

fn key(name: &str) -> ResourceKey {
    ResourceKey::new("", "Pod", "n", name)
}

/// What is said to be absent was absent in the version that the evidence names.
fn no_wrong_absence(cache: &Cache, server: &Server, story: &str) {
    for name in NAMES {
        if let Presence::Absent(freshness) = cache.get(&key(name)) {
            let at: u64 = freshness.version.as_str().parse().unwrap();
            assert!(!server.state_at(at).contains_key(name), "{name} was there at {at}\n{story}");
        }
    }
}

fn contents(cache: &Cache) -> Vec<String> {
    let mut all: Vec<String> = cache.objects(&kind()).iter().map(|o| o.to_value().to_json()).collect();
    for owner in 0..3 {
        let children = cache.children(&Uid::new(format!("owner-{owner}")));
        all.extend(children.iter().map(|child| format!("{owner} owns {}", child.name())));
    }
    all
}

fn heard(cache: &Cache) -> Option<u64> {
    match cache.state(&kind()) {
        Some(KindState::Synced { version, .. }) => version.as_str().parse().ok(),
        _ => None,
    }
}

fn play(seed: u64, in_outline: bool) {
    let mut dice = Dice(seed);
    let mut server = Server::default();
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    cache.keep_in_outline(&resource(), in_outline);
    let mut story = format!("seed {seed}, outline {in_outline}\n");
    // How many events of the history the running watch has delivered; none runs before a list.
    let mut delivered: Option<usize> = None;
    let until =
        |server: &Server, version: u64| server.history.iter().filter(|(at, ..)| *at <= version).count();
    let give = |cache: &mut Cache, server: &Server, at: usize| {
        cache.event(&kind(), &server.event(at), Timestamp::default()).unwrap();
    };
    for _ in 0..60 {
        let what = dice.below(12);
        match (what, delivered) {
            (0..=3, _) => server.change(&mut dice),
            (4..=6, Some(at)) if at < server.history.len() => {
                give(&mut cache, &server, at);
                delivered = Some(at + 1);
            }
            // Once more, something that came before.
            (7, Some(at)) if at > 0 => give(&mut cache, &server, dice.below(at)),
            // A few in another order, each of them at last.
            (8, Some(at)) if at + 1 < server.history.len() => {
                let end = (at + 2 + dice.below(3)).min(server.history.len());
                let mut order: Vec<usize> = (at..end).collect();
                for i in (1..order.len()).rev() {
                    order.swap(i, dice.below(i + 1));
                }
                order.into_iter().for_each(|at| give(&mut cache, &server, at));
                delivered = Some(end);
            }
            // The stream breaks with what was on its way, and goes on from what was heard.
            (9, Some(_)) => delivered = heard(&cache).map(|version| until(&server, version)),
            // The version is too old: a list, now and then by a server that lags behind.
            (10, _) => {
                let late = dice.below(4) == 0;
                let at = if late { server.version.saturating_sub(3) } else { server.version };
                delivered = list(&mut cache, &server, at).then(|| until(&server, at));
            }
            // A list that breaks off in the middle.
            (11, _) => {
                cache.begin_list(resource());
                if let Some(json) = server.state_at(server.version).into_values().next() {
                    cache.list_item(&kind(), &RawObject::Json(json.into_bytes().into())).unwrap();
                }
            }
            _ => {}
        }
        story.push_str(&format!("{what} delivered {delivered:?} of {}\n", server.history.len()));
        no_wrong_absence(&cache, &server, &story);
    }
    // At the end the watch catches up, if one runs; else there is a list.
    match delivered {
        Some(at) => (at..server.history.len()).for_each(|at| give(&mut cache, &server, at)),
        None => assert!((0..3).any(|_| list(&mut cache, &server, server.version)), "{story}"),
    }
    let mut fresh = Cache::new(MaskingKey::new([1; 32]));
    fresh.keep_in_outline(&resource(), in_outline);
    assert!(list(&mut fresh, &server, server.version));
    assert_eq!(contents(&cache), contents(&fresh), "{story}");
    assert_eq!(cache.len(), server.state_at(server.version).len());
}

#[test]
fn a_random_stream_ends_as_a_fresh_list() {
    #[allow(clippy::disallowed_methods, reason = "the depth of a test")]
    let many = if std::env::var_os("TAUTLINE_DEEP").is_some() { 50_000 } else { 2_000 };
    for seed in 0..many {
        play(seed, seed % 2 == 0);
    }
}

#[test]
fn a_restored_server_is_believed_at_its_third_list() {
    let mut server = Server { version: 100, ..Server::default() };
    let mut dice = Dice(7);
    (0..20).for_each(|_| server.change(&mut dice));
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    let late = server.version;
    assert!(list(&mut cache, &server, late));
    let before = late - 12;
    for _ in 0..2 {
        assert!(!list(&mut cache, &server, before));
        assert!(NAMES.iter().all(|name| matches!(cache.get(&key(name)), Presence::Unknown(_))));
    }
    assert!(list(&mut cache, &server, before));
    let mut fresh = Cache::new(MaskingKey::new([1; 32]));
    assert!(list(&mut fresh, &server, before));
    assert_eq!(contents(&cache), contents(&fresh));
    // And from there on as ever.
    assert!(list(&mut cache, &server, before + 1));
}

#[test]
fn unchanged_bytes_are_not_decoded() {
    let mut server = Server::default();
    let mut dice = Dice(3);
    (0..30).for_each(|_| server.change(&mut dice));
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    assert!(list(&mut cache, &server, server.version));
    let (before, many) = (cache.decoded(), server.state_at(server.version).len() as u64);
    assert_eq!(before, many);
    assert!(list(&mut cache, &server, server.version));
    assert_eq!(cache.decoded(), before, "a second list of the same costs no decoding");
    server.change(&mut dice);
    assert!(list(&mut cache, &server, server.version));
    assert!(cache.decoded() <= before + 1);
}

#[test]
fn a_snapshot_counts_only_once_it_is_confirmed() {
    let mut server = Server::default();
    let mut dice = Dice(5);
    (0..30).for_each(|_| server.change(&mut dice));
    for in_outline in [false, true] {
        let mut first = Cache::new(MaskingKey::new([1; 32]));
        first.keep_in_outline(&resource(), in_outline);
        assert!(list(&mut first, &server, server.version));
        let bytes = first.snapshot();
        let mut second = Cache::new(MaskingKey::new([1; 32]));
        second.restore(&bytes).unwrap();
        assert!(second.is_restored(&kind()));
        assert!(matches!(second.get(&key("a")), Presence::Unknown(_)), "nobody has confirmed it");
        second.keep_in_outline(&resource(), in_outline);
        server.change(&mut dice);
        second.begin_list(resource());
        let mut fetched = 0;
        for json in server.state_at(server.version).into_values() {
            let item = RawObject::Json(json.into_bytes().into());
            if !second.confirm(&kind(), &item) {
                fetched += 1;
                second.list_item(&kind(), &item).unwrap();
            }
        }
        assert!(fetched <= 1);
        assert!(matches!(second.get(&key("a")), Presence::Unknown(_)));
        second
            .end_list(&kind(), ResourceVersion::new(server.version.to_string()), Timestamp::default())
            .unwrap();
        let mut fresh = Cache::new(MaskingKey::new([1; 32]));
        fresh.keep_in_outline(&resource(), in_outline);
        assert!(list(&mut fresh, &server, server.version));
        assert_eq!(contents(&second), contents(&fresh));
    }
}

#[test]
fn of_a_snapshot_stays_what_is_watched_and_in_sight() {
    let mut first = Cache::new(MaskingKey::new([1; 32]));
    let item = |name: &str| {
        let json = format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"n","uid":"{name}","resourceVersion":"5"}}}}"#
        );
        RawObject::Json(json.into_bytes().into())
    };
    let kinds = ["ConfigMap", "Service"].map(|kind| ApiResource {
        gvk: GroupVersionKind::new("", "v1", kind),
        plural: kind.to_lowercase(),
        namespaced: true,
        verbs: Vec::new(),
        short_names: Vec::new(),
        subresources: Vec::new(),
    });
    for resource in &kinds {
        let kind = resource.gvk.group_kind();
        first.begin_list(resource.clone());
        first.list_item(&kind, &item("a")).unwrap();
        first.end_list(&kind, "7".into(), Timestamp::default()).unwrap();
    }
    let mut second = Cache::new(MaskingKey::new([1; 32]));
    second.limit(["n".to_owned()]);
    second.restore(&first.snapshot()).unwrap();
    assert_eq!(second.len(), 2);
    let kind = kinds[0].gvk.group_kind();
    second.begin_list(kinds[0].clone());
    second.list_item(&kind, &item("a")).unwrap();
    second.end_list(&kind, "7".into(), Timestamp::default()).unwrap();
    second.forget_unwatched();
    assert_eq!(second.len(), 1, "nobody has asked for Services since");
    assert!(matches!(second.get(&ResourceKey::new("", "ConfigMap", "n", "a")), Presence::Present(_)));
    assert!(second.get(&ResourceKey::new("", "ConfigMap", "n", "b")).is_absent());
    let elsewhere = second.get(&ResourceKey::new("", "ConfigMap", "m", "a"));
    assert!(elsewhere.unknown().is_some_and(|why| why.to_string().contains("namespace m")), "{elsewhere:?}");
}

#[test]
fn what_was_heard_of_one_namespace_says_nothing_of_another() {
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    cache.limit(["m", "n"].map(str::to_owned));
    cache.begin_list(resource());
    cache.end_list(&kind(), "10".into(), Timestamp::default()).unwrap();
    let json = r#"{"metadata":{"name":"a","namespace":"m","uid":"1","resourceVersion":"20"}}"#;
    let event = RawEvent::Added(RawObject::Json(json.as_bytes().to_vec().into()));
    cache.event(&kind(), &event, Timestamp::default()).unwrap();
    let absent_as_of =
        |cache: &Cache, namespace: &str| match cache.get(&ResourceKey::new("", "Pod", namespace, "b")) {
            Presence::Absent(freshness) => freshness.version.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
    assert_eq!((absent_as_of(&cache, "m"), absent_as_of(&cache, "n")), ("20".to_owned(), "10".to_owned()));
    // An answer to our write in the slower namespace is news there.
    let ours = Object::new(
        Value::from_json(br#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"n","uid":"2","resourceVersion":"15"}}"#)
            .unwrap(),
    );
    assert!(cache.wrote(&ours.unwrap()));
    assert!(matches!(cache.get(&ResourceKey::new("", "Pod", "n", "b")), Presence::Present(_)));
}

#[test]
fn a_snapshot_that_is_not_for_this_cache_is_not_taken() {
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    let mut server = Server::default();
    let mut dice = Dice(5);
    (0..10).for_each(|_| server.change(&mut dice));
    assert!(list(&mut cache, &server, server.version));
    let bytes = cache.snapshot();
    let mut other = Cache::new(MaskingKey::new([2; 32]));
    assert_eq!(
        other.restore(&bytes).unwrap_err().to_string(),
        "the snapshot's secrets are masked with another key; it is written anew"
    );
    for at in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let mut cache = Cache::new(MaskingKey::new([1; 32]));
        assert!(cache.restore(&damaged).is_err() && cache.is_empty());
        assert!(cache.restore(&bytes[..at]).is_err());
    }
}

#[test]
fn a_kind_that_comes_to_be_wanted_whole_is_fetched_whole() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n","uid":"6b0f5a0e-0b1c-4c62-8ee9-0123456789ab","resourceVersion":"7","generation":3,
        "creationTimestamp":"2030-01-02T03:04:05Z","labels":{"app":"web"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"r","controller":true}]},
        "spec":{"nodeName":"node-1","containers":[{"name":"app","image":"web:1","command":["x"],"env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],"readinessProbe":{"httpGet":{}}}],
        "volumes":[{"name":"kube-api-access-xyz12","projected":{}},{"name":"c","configMap":{"name":"settings"}}]},
        "status":{"phase":"Running","podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2030-01-02T03:04:05Z"}]}}"#;
    let item = RawObject::Json(pod.as_bytes().to_vec().into());
    let whole = Object::new(Value::from_json(pod.as_bytes()).unwrap()).unwrap();
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    cache.keep_in_outline(&resource(), true);
    let take = |cache: &mut Cache| {
        cache.begin_list(resource());
        cache.list_item(&kind(), &item).unwrap();
        cache.end_list(&kind(), "7".into(), Timestamp::default()).unwrap();
        cache.objects(&kind()).remove(0)
    };
    let outline = take(&mut cache);
    assert_eq!(
        outline.at(&["spec", "containers"]).unwrap().to_json(),
        r#"[{"env":[{"name":"B","valueFrom":{"secretKeyRef":{"key":"k","name":"s"}}}],"image":"web:1","name":"app","readinessProbe":{}}]"#
    );
    assert_eq!(outline.list_at(&["spec", "volumes"]).len(), 1);
    for path in [
        &["metadata", "uid"][..],
        &["metadata", "creationTimestamp"],
        &["metadata", "generation"],
        &["spec", "nodeName"],
        &["metadata", "ownerReferences"],
    ] {
        assert_eq!(outline.at(path), whole.at(path));
    }
    assert_eq!(outline.at(&["status", "podIP"]), None);
    assert_eq!(cache.children(&Uid::new("r")).len(), 1);
    cache.keep_in_outline(&resource(), false);
    assert_eq!(*take(&mut cache), whole, "the same bytes are decoded once more");
}

#[test]
fn pods_of_one_template_share_their_outline() {
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    cache.keep_in_outline(&resource(), true);
    cache.begin_list(resource());
    for i in 0..100 {
        let pod = format!(
            r#"{{"metadata":{{"name":"web-{i}","namespace":"n","uid":"6b0f5a0e-0b1c-4c62-8ee9-{i:012}","resourceVersion":"{}","ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"r"}}]}},"spec":{{"nodeName":"node-{}"}},"status":{{"phase":"Running","podIP":"10.0.0.{i}"}}}}"#,
            i + 1,
            i % 7
        );
        cache.list_item(&kind(), &RawObject::Json(pod.into_bytes().into())).unwrap();
    }
    cache.end_list(&kind(), "500".into(), Timestamp::default()).unwrap();
    assert_eq!((cache.len(), cache.outlines()), (100, 1));
    let node = |name: &str| {
        cache.get(&key(name)).present().unwrap().str_at(&["spec", "nodeName"]).unwrap().to_owned()
    };
    assert_eq!((node("web-8"), node("web-13")), ("node-1".to_owned(), "node-6".to_owned()));
    cache.forget(&kind());
    assert_eq!((cache.len(), cache.outlines()), (0, 0));
}
