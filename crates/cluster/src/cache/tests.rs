use std::sync::Arc;

use tautline_core::{
    GroupKind, GroupVersionKind, MaskingKey, Object, Presence, ResourceKey, Timestamp, Uid, Why, value,
};
use tautline_ownership::LiveView;

use super::{Cache, KindState};
use crate::{ApiResource, RawEvent, RawObject};

fn config_maps() -> ApiResource {
    ApiResource {
        gvk: GroupVersionKind::new("", "v1", "ConfigMap"),
        plural: "configmaps".into(),
        namespaced: true,
        verbs: vec!["list".into(), "watch".into()],
        short_names: Vec::new(),
        subresources: Vec::new(),
    }
}

fn kind() -> GroupKind {
    GroupKind::new("", "ConfigMap")
}

fn key(name: &str) -> ResourceKey {
    ResourceKey::new("", "ConfigMap", "n", name)
}

fn object(name: &str, uid: &str, version: &str) -> RawObject {
    let object = Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": name, "namespace": "n", "uid": uid, "resourceVersion": version,
        "annotations": { "argocd.argoproj.io/tracking-id": format!("web:/ConfigMap:n/{name}") } } }));
    RawObject::Object(Arc::new(object.unwrap()))
}

fn listed(items: &[(&str, &str, &str)], version: &str) -> Cache {
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    cache.begin_list(config_maps());
    for (name, uid, version) in items {
        cache.list_item(&kind(), &object(name, uid, version)).unwrap();
    }
    cache.end_list(&kind(), version.into(), Timestamp::default()).unwrap();
    cache
}

fn state(cache: &Cache, name: &str) -> String {
    match cache.get(&key(name)) {
        Presence::Present(object) => format!("present at {}", object.resource_version().unwrap()),
        Presence::Absent(freshness) => format!("absent at {}", freshness.version),
        Presence::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn nothing_is_absent_before_the_list_ends() {
    let mut cache = Cache::new(MaskingKey::new([1; 32]));
    assert_eq!(state(&cache, "a"), "unknown: ConfigMap is not watched");
    cache.begin_list(config_maps());
    cache.list_item(&kind(), &object("a", "u1", "3")).unwrap();
    assert_eq!(state(&cache, "a"), "unknown: ConfigMap is still being listed");
    let changed = cache.end_list(&kind(), "5".into(), Timestamp::default()).unwrap();
    assert_eq!(changed, [key("a")]);
    assert_eq!((state(&cache, "a"), state(&cache, "b")), ("present at 3".into(), "absent at 5".into()));
}

#[test]
fn a_failing_kind_is_unknown_and_comes_back() {
    let mut cache = listed(&[("a", "u1", "3")], "5");
    assert!(cache.fail(&config_maps(), Why::Forbidden { kind: kind(), message: "no".into() }));
    assert_eq!(state(&cache, "a"), "unknown: ConfigMap may not be listed: no");
    cache.begin_list(config_maps());
    assert!(matches!(cache.state(&kind()), Some(KindState::Unknown(_))), "until the list ends");
    cache.end_list(&kind(), "9".into(), Timestamp::default()).unwrap();
    assert_eq!(state(&cache, "a"), "absent at 9");
}

#[test]
fn r13_our_write_is_not_undone_by_an_older_event_or_list() {
    let mut cache = listed(&[("a", "u1", "3")], "5");
    let RawObject::Object(ours) = object("a", "u1", "8") else { unreachable!() };
    assert!(cache.wrote(&ours));
    let older = RawEvent::Modified(object("a", "u1", "6"));
    assert_eq!(cache.event(&kind(), &older, Timestamp::default()).unwrap(), None);
    assert_eq!(state(&cache, "a"), "present at 8");
    cache.begin_list(config_maps());
    cache.end_list(&kind(), "7".into(), Timestamp::default()).unwrap();
    assert_eq!(state(&cache, "a"), "present at 8", "a list older than our write proves nothing about it");
}

#[test]
fn r13_what_we_deleted_is_unknown_until_its_event_comes() {
    let mut cache = listed(&[("a", "u1", "3")], "5");
    cache.deleted(&key("a"), &Uid::new("u1"));
    assert!(state(&cache, "a").starts_with("unknown: the cache is behind our write"));
    let gone = RawEvent::Deleted(object("a", "u1", "6"));
    assert_eq!(cache.event(&kind(), &gone, Timestamp::default()).unwrap(), Some(key("a")));
    assert_eq!(state(&cache, "a"), "absent at 6");
}

#[test]
fn r13_what_we_deleted_and_finalizers_hold_is_seen_to_be_going() {
    let leaving = |version: &str| {
        let RawObject::Object(object) = object("a", "u1", version) else { unreachable!() };
        let mut object = (*object).clone();
        object.metadata_mut().insert("deletionTimestamp", "2030-01-01T00:00:00Z");
        RawEvent::Modified(RawObject::Object(std::sync::Arc::new(object)))
    };
    let mut cache = listed(&[("a", "u1", "3")], "5");
    cache.deleted(&key("a"), &Uid::new("u1"));
    assert!(state(&cache, "a").starts_with("unknown: the cache is behind our write"));
    assert_eq!(cache.event(&kind(), &leaving("6"), Timestamp::default()).unwrap(), Some(key("a")));
    assert_eq!(state(&cache, "a"), "present at 6");
    cache.deleted(&key("a"), &Uid::new("u1"));
    assert_eq!(state(&cache, "a"), "present at 6", "the answer came after the event");
}

#[test]
fn a_late_deletion_of_an_earlier_life_is_ignored() {
    let mut cache = listed(&[("a", "u2", "7")], "8");
    let gone = RawEvent::Deleted(object("a", "u1", "5"));
    assert_eq!(cache.event(&kind(), &gone, Timestamp::default()).unwrap(), None);
    assert_eq!(state(&cache, "a"), "present at 7");
}

#[test]
fn objects_are_found_by_app() {
    let cache = listed(&[("a", "u1", "3"), ("b", "u2", "4")], "5");
    assert_eq!(cache.tracked_by("web"), [key("a"), key("b")]);
    assert!(cache.tracked_by("api").is_empty());
    assert_eq!(cache.apps_of(&key("a")), ["web"]);
}
