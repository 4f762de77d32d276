//! The store as its callers see it, without an executor.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use tautline_apiserver::{
    Fault, FaultRule, Identity, Local, Matcher, Options, Right, Server, Verb, WatchEvent,
};
use tautline_cluster::{Deleted, Patch, Query, Target, WriteOptions};
use tautline_core::{FieldManager, Object, Value, value};
use tautline_ownership::Propagation;

fn start() -> Local {
    Server::new(Options::default()).caller(Identity::admin("test/1.0"))
}

fn by_test() -> WriteOptions {
    WriteOptions::by(FieldManager::new("test"))
}

fn config_map(name: &str) -> Object {
    Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": "default" }, "data": { "a": "1" } }))
    .unwrap()
}

fn at(local: &Local, object: &Object) -> Target {
    Target::of(local.resource(object.api_version(), object.kind()).unwrap(), object)
}

fn make(local: &Local, object: Object) -> std::sync::Arc<Object> {
    local.make(&at(local, &object), &object, &by_test()).unwrap().object
}

#[test]
fn objects_are_made_read_and_listed() {
    let local = start();
    let made = make(&local, config_map("a"));
    assert!(made.uid().is_some());
    assert_eq!(local.read(&at(&local, &made)).unwrap().as_deref(), Some(&*made));
    let twice = local.make(&at(&local, &made), &config_map("a"), &by_test()).unwrap_err();
    assert_eq!((twice.code, twice.message.as_str()), (409, "configmaps \"a\" already exists"));
    let (all, version) = local.list_all(&Query::all(at(&local, &made).resource)).unwrap();
    assert_eq!(version.to_string(), made.resource_version().unwrap().to_string());
    // One kube-root-ca.crt in each of the four namespaces.
    assert_eq!(all.len(), 5);
}

#[test]
fn a_missing_namespace_is_a_404() {
    let local = start();
    let mut object = config_map("a");
    object.metadata_mut().insert("namespace", "nothere");
    let failure = local.make(&at(&local, &object), &object, &by_test()).unwrap_err();
    assert_eq!((failure.code, failure.message.as_str()), (404, "namespaces \"nothere\" not found"));
}

#[test]
fn r10_apply_with_version_one_creates_but_never_updates() {
    let local = start();
    let mut object = config_map("a");
    object.metadata_mut().insert("resourceVersion", "1");
    let target = at(&local, &object);
    assert!(local.server_apply(&target, &object, &by_test()).unwrap().created);
    let failure = local.server_apply(&target, &object, &by_test()).unwrap_err();
    assert_eq!((failure.code, failure.reason.as_str()), (409, "Conflict"));
}

#[test]
fn r10_apply_with_a_uid_never_creates() {
    let local = start();
    let mut object = config_map("a");
    object.metadata_mut().insert("uid", "11111111-2222-4333-8444-555555555555");
    let failure = local.server_apply(&at(&local, &object), &object, &by_test()).unwrap_err();
    assert_eq!(failure.code, 409);
}

#[test]
fn a_stale_version_is_a_conflict_and_no_change_is_no_write() {
    let local = start();
    let made = make(&local, config_map("a"));
    let target = at(&local, &made);
    let patch = Patch::Merge(value!({ "data": { "b": "2" } }));
    let changed = local.change(&target, &patch, &by_test()).unwrap().object;
    assert_ne!(changed.resource_version(), made.resource_version());
    let failure = local.put(&target, &made, &by_test()).unwrap_err();
    assert!(
        failure.message.starts_with("Operation cannot be fulfilled on configmaps \"a\": the object has been")
    );
    let again = local.change(&target, &patch, &by_test()).unwrap().object;
    assert_eq!(again.resource_version(), changed.resource_version());
}

#[test]
fn watches_read_on_from_a_version_until_it_is_forgotten() {
    let local = start();
    let made = make(&local, config_map("a"));
    let resource = at(&local, &made).resource;
    let mut query = Query::all(resource);
    query.since = made.resource_version();
    let mut watch = local.open_watch(&query).unwrap();
    assert!(watch.try_next().is_none());
    make(&local, config_map("b"));
    local.remove(&at(&local, &made), Propagation::Background).unwrap();
    assert!(matches!(watch.try_next(), Some(WatchEvent::Added(o)) if o.name() == "b"));
    assert!(matches!(watch.try_next(), Some(WatchEvent::Deleted(o)) if o.name() == "a"));
    assert!(watch.try_next().is_none());
    make(&local, config_map("c"));
    local.server().compact();
    let mut late = local.open_watch(&query).unwrap();
    assert!(matches!(late.try_next(), Some(WatchEvent::Failed(failure)) if failure.code == 410));
    local.server().drop_watches();
    watch.try_next();
    assert!(watch.is_over());
}

#[test]
fn a_selection_shows_objects_that_begin_or_cease_to_be_selected() {
    let local = start();
    let mut object = config_map("a");
    object.metadata_mut().insert("labels", value!({ "t": "x" }));
    let made = make(&local, object);
    let target = at(&local, &made);
    let mut query = Query::all(target.resource.clone());
    query.labels = "t=x".to_owned();
    query.since = made.resource_version();
    let mut watch = local.open_watch(&query).unwrap();
    let label = |text: &str| Patch::Merge(value!({ "metadata": { "labels": { "t": text } } }));
    local.change(&target, &label("y"), &by_test()).unwrap();
    local.change(&target, &label("x"), &by_test()).unwrap();
    assert!(matches!(watch.try_next(), Some(WatchEvent::Deleted(o)) if o.label("t") == Some("x")));
    assert!(matches!(watch.try_next(), Some(WatchEvent::Added(_))));
}

fn owned(name: &str, owner: &Object, block: bool) -> Object {
    let mut object = config_map(name);
    let reference = value!({ "apiVersion": owner.api_version(), "kind": owner.kind(), "name": owner.name(),
        "uid": owner.metadata_str("uid"), "controller": true, "blockOwnerDeletion": block });
    object.metadata_mut().insert("ownerReferences", value!([reference]));
    object
}

fn exists(local: &Local, name: &str) -> bool {
    local.read(&at(local, &config_map(name))).unwrap().is_some()
}

#[test]
fn dependents_follow_their_owner_in_the_background() {
    let local = start();
    let owner = make(&local, config_map("owner"));
    let child = make(&local, owned("child", &owner, true));
    make(&local, owned("grandchild", &child, true));
    assert_eq!(local.remove(&at(&local, &owner), Propagation::Background).unwrap(), Deleted::Gone);
    assert!(!exists(&local, "child") && !exists(&local, "grandchild"));
}

#[test]
fn a_foreground_delete_waits_for_held_dependents() {
    let local = start();
    let owner = make(&local, config_map("owner"));
    let mut held = owned("held", &owner, true);
    held.metadata_mut().insert("finalizers", value!(["ex.test/hold"]));
    let held = make(&local, held);
    assert_eq!(local.remove(&at(&local, &owner), Propagation::Foreground).unwrap(), Deleted::Terminating);
    assert!(exists(&local, "owner") && exists(&local, "held"));
    let free = Patch::Merge(value!({ "metadata": { "finalizers": null } }));
    local.change(&at(&local, &held), &free, &by_test()).unwrap();
    assert!(!exists(&local, "owner") && !exists(&local, "held"));
}

#[test]
fn orphans_stay_without_their_owner() {
    let local = start();
    let owner = make(&local, config_map("owner"));
    let child = make(&local, owned("child", &owner, true));
    local.remove(&at(&local, &owner), Propagation::Orphan).unwrap();
    let child = local.read(&at(&local, &child)).unwrap().unwrap();
    assert_eq!(child.owner_references().count(), 0);
    assert!(!exists(&local, "owner"));
}

#[test]
fn r12_a_terminating_namespace_takes_nothing_in_and_goes_when_it_is_empty() {
    let local = start();
    let namespace =
        Object::new(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "n" } }));
    let namespace = make(&local, namespace.unwrap());
    let mut held = config_map("held");
    held.metadata_mut().insert("namespace", "n");
    held.metadata_mut().insert("finalizers", value!(["ex.test/hold"]));
    let held = make(&local, held);
    assert_eq!(local.remove(&at(&local, &namespace), Propagation::Background).unwrap(), Deleted::Terminating);
    let mut late = config_map("late");
    late.metadata_mut().insert("namespace", "n");
    let failure = local.make(&at(&local, &late), &late, &by_test()).unwrap_err();
    assert_eq!(failure.code, 403);
    assert_eq!(failure.details.unwrap().causes[0].reason, "NamespaceTerminating");
    let free = Patch::Merge(value!({ "metadata": { "finalizers": null } }));
    local.change(&at(&local, &held), &free, &by_test()).unwrap();
    assert!(local.read(&at(&local, &namespace)).unwrap().is_none());
}

#[test]
fn a_crd_serves_its_kind_and_takes_its_objects_along() {
    let local = start();
    let crd = Object::new(value!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "gears.ex.test" },
        "spec": { "group": "ex.test", "scope": "Namespaced", "names": { "kind": "Gear", "plural": "gears" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "teeth": { "type": "integer" } } },
                    "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } } } } }] } }))
    .unwrap();
    let crd = make(&local, crd);
    let stored = local.read(&at(&local, &crd)).unwrap().unwrap();
    let conditions = stored.list_at(&["status", "conditions"]);
    assert!(conditions.iter().any(|c| c.str_at(&["type"]) == Some("Established")));
    let mut options = by_test();
    options.strict = false;
    let gear = Object::new(value!({ "apiVersion": "ex.test/v1", "kind": "Gear",
        "metadata": { "name": "g", "namespace": "default" },
        "spec": { "teeth": 7, "nope": 1 }, "status": { "ok": true } }))
    .unwrap();
    let written = local.make(&at(&local, &gear), &gear, &options).unwrap();
    assert_eq!(written.warnings, ["unknown field \"spec.nope\""]);
    assert_eq!(written.object.at(&["spec"]), Some(&value!({ "teeth": 7 })));
    assert_eq!(written.object.get("status"), None);
    assert_eq!(written.object.generation(), Some(1));
    options.subresource = Some("status".to_owned());
    let status = Patch::Merge(value!({ "status": { "ok": true }, "spec": { "teeth": 8 } }));
    let written = local.change(&at(&local, &gear), &status, &options).unwrap();
    assert_eq!(written.object.i64_at(&["spec", "teeth"]), Some(7));
    assert_eq!(written.object.at(&["status", "ok"]).and_then(Value::as_bool), Some(true));
    assert_eq!(written.object.generation(), Some(1));
    let target = at(&local, &gear);
    local.remove(&at(&local, &crd), Propagation::Background).unwrap();
    assert!(local.resource("ex.test/v1", "Gear").is_none());
    assert_eq!(local.read(&target).unwrap_err().code, 404);
}

#[test]
fn rights_and_faults_strike_where_they_are_told_to() {
    let local = start();
    let server = local.server().clone();
    server.deny(Right { user: "admin".to_owned(), may_not: Matcher::new(Verb::List, "secrets") });
    let secrets = Query::all(local.resource("v1", "Secret").unwrap());
    let failure = local.list_all(&secrets).unwrap_err();
    assert_eq!(
        failure.message,
        "secrets is forbidden: User \"admin\" cannot list resource \"secrets\" in API group \"\" at the cluster scope"
    );
    let matcher = Matcher::new(Verb::Create, "configmaps");
    server.add_fault(FaultRule { on: matcher, nth: 2, times: 1, fault: Fault::AfterCommit });
    make(&local, config_map("a"));
    let failure = local.make(&at(&local, &config_map("b")), &config_map("b"), &by_test()).unwrap_err();
    assert_eq!(failure.code, 504);
    assert!(exists(&local, "b"));
    assert_eq!(server.counts().of(Verb::Create, "configmaps"), 2);
}

#[test]
fn reads_lag_watches_end_and_the_server_restarts_on_demand() {
    let local = start();
    let server = local.server().clone();
    let made = make(&local, config_map("a"));
    let target = at(&local, &made);
    let patch = Patch::Merge(value!({ "data": { "a": "2" } }));
    local.change(&target, &patch, &by_test()).unwrap();
    let data =
        |local: &Local| local.read(&target).unwrap().unwrap().str_at(&["data", "a"]).unwrap().to_owned();
    server.add_fault(FaultRule::once(Matcher::new(Verb::Get, "configmaps"), Fault::Stale(1)));
    assert_eq!((data(&local), data(&local)), ("1".to_owned(), "2".to_owned()));
    server.add_fault(FaultRule::once(Matcher::new(Verb::Watch, "configmaps"), Fault::DropWatch(1)));
    let mut query = Query::all(target.resource.clone());
    query.since = made.resource_version();
    let mut watch = local.open_watch(&query).unwrap();
    make(&local, config_map("b"));
    assert!(matches!(watch.try_next(), Some(WatchEvent::Modified(_))));
    assert!(watch.try_next().is_none() && watch.is_over());
    let mut open = local.open_watch(&query).unwrap();
    server.add_fault(FaultRule::once(Matcher::new(Verb::List, "configmaps"), Fault::Restart));
    assert_eq!(local.list_all(&Query::all(target.resource.clone())).unwrap_err().code, 503);
    open.try_next();
    assert!(open.is_over());
    let mut late = local.open_watch(&query).unwrap();
    assert!(matches!(late.try_next(), Some(WatchEvent::Failed(failure)) if failure.code == 410));
}

#[test]
fn a_snapshot_starts_a_server_with_the_same_state() {
    use tautline_apiserver::Snapshot;
    let local = start();
    let crd =
        Object::new(value!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "gears.ex.test" },
        "spec": { "group": "ex.test", "scope": "Namespaced", "names": { "kind": "Gear", "plural": "gears" },
            "versions": [{ "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object" } } }] } }));
    make(&local, crd.unwrap());
    let gear = value!({ "apiVersion": "ex.test/v1", "kind": "Gear", "metadata": { "name": "g", "namespace": "default" } });
    let gear = make(&local, Object::new(gear).unwrap());
    let made = make(&local, config_map("a"));
    let files = local.server().snapshot().to_files();
    assert!(files["gears.ex.test.jsonl"].contains("\"g\""));
    let again =
        Server::from_snapshot(Options::default(), &Snapshot::from_files(files.clone()).unwrap()).unwrap();
    let other = again.caller(Identity::admin("test"));
    assert_eq!(other.read(&at(&other, &made)).unwrap().as_deref(), Some(&*made));
    assert_eq!(other.read(&at(&other, &gear)).unwrap().as_deref(), Some(&*gear));
    assert_eq!(again.snapshot(), local.server().snapshot());
    // It goes on from there: newer versions, other uids.
    let next = make(&other, config_map("b"));
    assert!(next.uid() != made.uid() && again.version() > local.server().version());
    let taken = futures::executor::block_on(Snapshot::of_cluster(&local)).unwrap();
    assert_eq!(taken.to_files(), files);
}
