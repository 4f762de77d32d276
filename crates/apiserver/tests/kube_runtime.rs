//! The runtime of kube-rs on the tower service: watchers in both modes, reflectors, controllers, finalizers, waiting,
//! events and leases.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::runtime::finalizer::{Event as Finalize, finalizer};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{Controller, WatchStreamExt, reflector, watcher};
use kube::{Client, Resource, ResourceExt};
use tautline_apiserver::{Fault, FaultRule, HttpService, Matcher, Server, Verb};

fn start() -> (Server, Client) {
    let server = Server::default();
    (server.clone(), Client::new(HttpService::new(server, "admin"), "default"))
}

fn map(name: &str) -> ConfigMap {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    ConfigMap { metadata, ..ConfigMap::default() }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.unwrap()
}

/// A watcher goes on over dropped watches, a forgotten history and pages.
async fn watches(config: watcher::Config) {
    let (server, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    for i in 0..5 {
        maps.create(&PostParams::default(), &map(&format!("first-{i}"))).await.unwrap();
    }
    let mut seen = pin!(watcher(maps.clone(), config).default_backoff().applied_objects());
    let mut names = std::collections::BTreeSet::new();
    while names.len() < 6 {
        names.insert(within(seen.try_next()).await.unwrap().unwrap().name_any());
    }
    server.drop_watches();
    maps.create(&PostParams::default(), &map("second")).await.unwrap();
    while !names.contains("second") {
        names.extend(within(seen.try_next()).await.ok().flatten().map(|o| o.name_any()));
    }
    server.drop_watches();
    server.compact();
    maps.create(&PostParams::default(), &map("third")).await.unwrap();
    while !names.contains("third") {
        names.extend(within(seen.next()).await.and_then(Result::ok).map(|o| o.name_any()));
    }
}

#[tokio::test]
async fn a_watcher_that_lists_goes_on() {
    watches(watcher::Config::default().page_size(2)).await;
}

#[tokio::test]
async fn a_watcher_that_streams_its_list_goes_on() {
    watches(watcher::Config::default().streaming_lists()).await;
}

#[tokio::test]
async fn a_reflector_holds_what_is_there() {
    let (_, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    maps.create(&PostParams::default(), &map("a")).await.unwrap();
    let (store, writer) = reflector::store();
    let stream = reflector(writer, watcher(maps.clone(), watcher::Config::default()));
    tokio::spawn(stream.for_each(|_| async {}));
    within(store.wait_until_ready()).await.unwrap();
    let has = |name: &str| store.get(&reflector::ObjectRef::new(name).within("default")).is_some();
    assert!(has("a") && !has("b"));
    maps.create(&PostParams::default(), &map("b")).await.unwrap();
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    within(async {
        while has("a") || !has("b") {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

const FINALIZER: &str = "test.example/cleanup";

async fn clean_up(object: Arc<ConfigMap>, maps: Arc<Api<ConfigMap>>) -> Result<Action, BoxedError> {
    if !object.name_any().starts_with("held") {
        return Ok(Action::await_change());
    }
    let done = finalizer(&maps, FINALIZER, object, |event| async {
        match event {
            Finalize::Apply(object) => {
                let mut copy = map(&format!("copy-of-{}", object.name_any()));
                copy.metadata.owner_references = object.controller_owner_ref(&()).map(|owner| vec![owner]);
                maps.patch(&copy.name_any(), &PatchParams::apply("test").force(), &Patch::Apply(&copy))
                    .await?;
            }
            Finalize::Cleanup(object) => {
                maps.create(&PostParams::default(), &map(&format!("end-of-{}", object.name_any()))).await?;
            }
        }
        Ok::<_, kube::Error>(Action::await_change())
    });
    done.await.map_err(|e| BoxedError(e.to_string()))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BoxedError(String);

#[tokio::test]
async fn a_controller_with_a_finalizer_tries_again_and_cleans_up() {
    let (server, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    server.add_fault(FaultRule::once(Matcher::new(Verb::Patch, "configmaps"), Fault::TooManyRequests(0)));
    let controller = Controller::new(maps.clone(), watcher::Config::default());
    let controller = controller.owns(maps.clone(), watcher::Config::default());
    let again = |_: Arc<ConfigMap>, _: &BoxedError, _: Arc<Api<ConfigMap>>| Action::requeue(Duration::ZERO);
    tokio::spawn(controller.run(clean_up, again, Arc::new(maps.clone())).for_each(|_| async {}));
    let held = maps.create(&PostParams::default(), &map("held")).await.unwrap();
    let is_there = |map: Option<&ConfigMap>| map.is_some();
    within(await_condition(maps.clone(), "copy-of-held", is_there)).await.unwrap();
    maps.delete("held", &DeleteParams::default()).await.unwrap();
    let uid = held.uid().unwrap();
    within(await_condition(maps.clone(), "held", conditions::is_deleted(&uid))).await.unwrap();
    within(await_condition(maps.clone(), "end-of-held", is_there)).await.unwrap();
    assert!(maps.get_opt("copy-of-held").await.unwrap().is_none(), "it goes with its owner");
}

#[tokio::test]
async fn events_are_told_and_counted() {
    let (_, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let about = maps.create(&PostParams::default(), &map("a")).await.unwrap();
    let reporter = Reporter { controller: "tester".to_owned(), instance: None };
    let recorder = Recorder::new(client.clone(), reporter);
    let event = Event {
        type_: EventType::Normal,
        reason: "Seen".to_owned(),
        note: Some("it is there".to_owned()),
        action: "Look".to_owned(),
        secondary: None,
    };
    recorder.publish(&event, &about.object_ref(&())).await.unwrap();
    recorder.publish(&event, &about.object_ref(&())).await.unwrap();
    let events: Api<k8s_openapi::api::events::v1::Event> = Api::default_namespaced(client.clone());
    let told = events.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].series.as_ref().map(|s| s.count), Some(2));
    // The core group shows the same Event.
    let old: Api<k8s_openapi::api::core::v1::Event> = Api::default_namespaced(client);
    let of_it = ListParams::default().fields("involvedObject.name=a");
    assert_eq!(old.list(&of_it).await.unwrap().items[0].message.as_deref(), Some("it is there"));
}

#[tokio::test]
async fn a_lease_has_one_holder() {
    let (_, client) = start();
    let leases: Api<Lease> = Api::default_namespaced(client);
    let by = |holder: &str| LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(15),
        ..LeaseSpec::default()
    };
    let metadata = ObjectMeta { name: Some("leader".to_owned()), ..ObjectMeta::default() };
    let lease = Lease { metadata, spec: Some(by("one")) };
    let made = leases.create(&PostParams::default(), &lease).await.unwrap();
    let taken = Lease { spec: Some(by("two")), ..made.clone() };
    leases.replace("leader", &PostParams::default(), &taken).await.unwrap();
    let stale =
        leases.replace("leader", &PostParams::default(), &Lease { spec: Some(by("three")), ..made }).await;
    assert!(matches!(stale, Err(kube::Error::Api(status)) if status.code == 409));
    let now = leases.get("leader").await.unwrap();
    assert_eq!(now.spec.unwrap().holder_identity.as_deref(), Some("two"));
}
