//! Rules R4, R5, R7, R9, R12, R21, R23, R26: what is written, and what is not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use std::time::Duration;

use tautline_apiserver::{Admission, Failure};
use tautline_cluster::Patch;
use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

const APP: &str = "argoproj.io/v1alpha1";

fn key_is<'a>(wanted: &'a str) -> impl Fn(Option<&Object>) -> bool + Send + Sync + 'a {
    move |o| o.is_some_and(|o| o.str_at(&["data", "key"]) == Some(wanted))
}

async fn one(manifest: &str) -> Stand {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", manifest)]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand
}

#[tokio::test]
async fn r04_requests_are_counted() {
    let stand = Stand::start().await;
    let files = |changed: &str| -> Vec<(String, String)> {
        (0..100)
            .map(|i| {
                (format!("web/{i}.yaml"), config_map(&format!("c{i}"), if i == 0 { changed } else { "1" }))
            })
            .collect()
    };
    let commit = |changed: &str| {
        let files = files(changed);
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        stand.commit("main", &files)
    };
    let revision = commit("1");
    stand.let_time_pass().await;
    stand.clear_counts();
    stand.apply(application("web", "web", "elsewhere")).await;
    stand.until_synced("web", &revision).await;
    assert_eq!(stand.written(), 100);
    assert_eq!(stand.asked("get", "configmaps"), 0);
    assert!(stand.asked("patch", "applications.argoproj.io") <= 4, "{:?}", stand.counts());
    stand.clear_counts();
    let revision = commit("2");
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    assert_eq!(stand.written(), 1);
    stand.let_time_pass().await;
    stand.clear_counts();
    stand.refresh("web").await;
    stand
        .until(APP, "Application", "argocd", "web", "refreshed", |a| {
            a.is_some_and(|a| a.annotation("argocd.argoproj.io/refresh").is_none())
        })
        .await;
    assert_eq!(stand.written(), 0);
    assert_eq!(stand.asked("patch", "applications.argoproj.io"), 1, "a refresh without news is one patch");
}

#[tokio::test]
async fn r05_what_admission_sets_is_not_fought() {
    let mut stand = Stand::embedded().await;
    stand.server().add_mutating(Admission::new("inject", |review, object| {
        if review.ask.resource == "deployments" {
            let mut whole = object.to_value();
            set(&mut whole, &["spec", "replicas"], 3.into());
            let template = whole.get_mut("spec").and_then(|s| s.get_mut("template")).and_then(|t| t.get_mut("spec"));
            if let Some(Value::List(containers)) = template.and_then(|t| t.get_mut("containers"))
                && containers.iter().len() == 1
            {
                containers.push(value!({ "name": "sidecar", "image": "proxy:1", "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent", "resources": {} }));
            }
            *object = Object::new(whole).unwrap();
        }
        Ok(())
    }));
    stand.commit("main", &[("web/d.yaml", &deployment("web", "shop:1", 1))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.let_time_pass().await;
    stand.until_app("web", "Synced", "Healthy").await;
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(live.i64_at(&["spec", "replicas"]), Some(3));
    assert_eq!(live.list_at(&["spec", "template", "spec", "containers"]).len(), 2);
    assert!(stand.asked("apply", "deployments.apps") <= 2, "{:?}", stand.counts());
    // A controller that has just started knows no answer: it asks, once, and writes nothing.
    stand.stop_controller().await;
    stand.clear_counts();
    stand.start_controller().await;
    let asked = async {
        while stand.asked("dry-run", "deployments.apps") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("the server is asked");
    stand.let_time_pass().await;
    stand.until_app("web", "Synced", "Healthy").await;
    assert_eq!(stand.asked("dry-run", "deployments.apps"), 1, "{:?}", stand.counts());
    assert_eq!(stand.asked("apply", "deployments.apps"), 0, "{:?}", stand.counts());
}

#[tokio::test]
async fn r07_a_client_side_object_of_argo_cd_is_taken_over() {
    let stand = Stand::start().await;
    stand.apply(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "prod" } })).await;
    let target = value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "prod",
        "annotations": { "argocd.argoproj.io/tracking-id": "web:/ConfigMap:prod/a",
            "kubectl.kubernetes.io/last-applied-configuration": "{}" } },
        "data": { "key": "1", "old": "x" } });
    stand.create_as("argocd-controller", target).await;
    let manifest = |old: &str| format!("{}{old}", config_map("a", "1"));
    stand.commit("main", &[("web/a.yaml", &manifest("  old: x\n"))]);
    let before = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let after = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    assert_eq!((before.uid(), before.get("data")), (after.uid(), after.get("data")));
    let revision = stand.commit("main", &[("web/a.yaml", &manifest(""))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let gone = |o: Option<&Object>| o.is_some_and(|o| o.at(&["data", "old"]).is_none());
    stand.until("v1", "ConfigMap", "prod", "a", "without the old field", gone).await;
}

#[tokio::test]
async fn r07_taking_over_a_synced_deployment_changes_no_generation() {
    let stand = Stand::start().await;
    stand.apply(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "prod" } })).await;
    let target = value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "prod",
        "annotations": { "argocd.argoproj.io/tracking-id": "web:apps/Deployment:prod/web" } },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "web" } },
            "template": { "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "app", "image": "shop:1" }] } } } });
    stand.create_as("argocd-controller", target).await;
    let is_up = |o: Option<&Object>| o.is_some_and(|o| o.i64_at(&["status", "availableReplicas"]) == Some(1));
    let before = stand.until("apps/v1", "Deployment", "prod", "web", "up", is_up).await.unwrap();
    stand.commit("main", &[("web/d.yaml", &deployment("web", "shop:1", 1))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let operation = value!({ "operation": { "sync": { "prune": true } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(operation)).await;
    let is_run = |o: Option<&Object>| {
        o.is_some_and(|o| o.str_at(&["status", "operationState", "phase"]) == Some("Succeeded"))
    };
    stand.until(APP, "Application", "argocd", "web", "synced by hand", is_run).await;
    let after = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!((before.uid(), before.generation()), (after.uid(), after.generation()));
}

#[tokio::test]
async fn r09_fields_that_git_does_not_set_are_left_alone() {
    let manifest = deployment("web", "shop:1", 1).replace("  replicas: 1\n", "");
    let stand = one(&manifest).await;
    stand.clear_counts();
    let theirs = value!({ "metadata": { "annotations": { "example.com/note": "theirs" } }, "spec": { "replicas": 3 } });
    stand.patch("apps/v1", "Deployment", "prod", "web", Patch::Merge(theirs)).await;
    stand.let_time_pass().await;
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(
        (live.i64_at(&["spec", "replicas"]), live.annotation("example.com/note")),
        (Some(3), Some("theirs"))
    );
    assert_eq!(stand.asked("apply", "deployments.apps"), 0);
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn r12_a_terminating_object_is_waited_for_and_made_anew() {
    let held =
        config_map("a", "1").replacen("metadata:\n", "metadata:\n  finalizers: [example.com/hold]\n", 1);
    let stand = one(&held).await;
    let uid = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap().uid();
    stand.delete("v1", "ConfigMap", "prod", "a").await;
    stand.until_app("web", "OutOfSync", "Progressing").await;
    stand.clear_counts();
    stand.let_time_pass().await;
    assert_eq!(stand.asked("apply", "configmaps"), 2, "both are the marker's");
    let release = value!([{ "op": "remove", "path": "/metadata/finalizers" }]);
    stand.patch("v1", "ConfigMap", "prod", "a", Patch::Json(release)).await;
    let is_new = |o: Option<&Object>| o.is_some_and(|o| o.uid() != uid);
    stand.until("v1", "ConfigMap", "prod", "a", "made anew", is_new).await;
    stand.until_app("web", "Synced", "Healthy").await;
}

const AUTOSCALER: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: web\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 3\n  maxReplicas: 9\n";

#[tokio::test]
async fn r16_replicas_that_leave_git_stay_while_an_autoscaler_stands_by() {
    let stand = Stand::start().await;
    let web = deployment("web", "shop:1", 3);
    stand.commit("main", &[("web/web.yaml", &web), ("web/scaler.yaml", AUTOSCALER)]);
    stand.apply(application("web", "web", "prod")).await;
    let is_up =
        |o: Option<&Object>| o.is_some_and(|o| o.at(&["status", "readyReplicas"]) == Some(&Value::from(3)));
    stand.until("apps/v1", "Deployment", "prod", "web", "up", is_up).await;
    let generation = |o: &Object| o.metadata().and_then(|m| m.get("generation")).cloned();
    let before = generation(&stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap());
    let without = web.replace("  replicas: 3\n", "");
    let revision = stand.commit("main", &[("web/web.yaml", &without), ("web/scaler.yaml", AUTOSCALER)]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(live.at(&["spec", "replicas"]), Some(&Value::from(3)));
    assert_eq!(generation(&live), before, "it never was less");
}

#[tokio::test]
async fn r16_replicas_that_leave_git_with_no_autoscaler_are_the_default() {
    let stand = Stand::start().await;
    let web = deployment("web", "shop:1", 3);
    stand.commit("main", &[("web/web.yaml", &web)]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let revision = stand.commit("main", &[("web/web.yaml", &web.replace("  replicas: 3\n", ""))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(live.at(&["spec", "replicas"]), Some(&Value::from(1)));
}

#[tokio::test]
async fn r21_an_operation_is_consumed_and_run() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated"], Value::Null);
    stand.apply(app).await;
    stand.until_app("web", "OutOfSync", "Missing").await;
    stand.let_time_pass().await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    let operation =
        value!({ "operation": { "initiatedBy": { "username": "ann" }, "sync": { "prune": true } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(operation)).await;
    let app = stand.until_app("web", "Synced", "Healthy").await;
    assert!(app.get("operation").is_none());
    let by = app.str_at(&["status", "operationState", "operation", "initiatedBy", "username"]);
    assert_eq!(by, Some("ann"));
}

#[tokio::test]
async fn r23_a_fight_is_held_back_and_the_others_heal_at_once() {
    let stand = one(&format!("{}---\n{}", config_map("a", "1"), config_map("b", "1"))).await;
    let theirs = || Patch::Merge(value!({ "data": { "key": "theirs" } }));
    for _ in 0..20 {
        stand.patch("v1", "ConfigMap", "prod", "a", theirs()).await;
        stand.until("v1", "ConfigMap", "prod", "a", "healed", key_is("1")).await;
    }
    stand.patch("v1", "ConfigMap", "prod", "a", theirs()).await;
    stand.until_condition("web", "SyncError", "somebody keeps writing").await;
    stand.patch("v1", "ConfigMap", "prod", "b", theirs()).await;
    stand.until("v1", "ConfigMap", "prod", "b", "healed", key_is("1")).await;
    assert!(!key_is("1")(stand.get("v1", "ConfigMap", "prod", "a").await.as_deref()), "a is held back");
    stand.until("v1", "ConfigMap", "prod", "a", "healed later", key_is("1")).await;
}

#[tokio::test]
async fn r26_no_secret_value_shows_anywhere() {
    let canary = "c4n4ry-5up3r";
    let encoded = "YzRuNHJ5LTV1cDNy";
    let secret =
        format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: {canary}\n");
    let stand = Stand::start().await;
    stand.commit("main", &[("web/s.yaml", &secret)]);
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated", "selfHeal"], false.into());
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let theirs = value!({ "data": { "password": "dGhlaXJz" } });
    stand.patch("v1", "Secret", "prod", "s", Patch::Merge(theirs)).await;
    let app = stand.until_app("web", "OutOfSync", "Healthy").await;
    let runtime = stand.controller.as_ref().unwrap().runtime();
    let id = tautline_core::AppId::new("argocd", "web");
    let report = format!("{:?} {:?}", runtime.apps().await, runtime.app(&id).await);
    for text in [app.to_value().to_json(), report] {
        for value in [canary, encoded, "dGhlaXJz", "theirs"] {
            assert!(!text.contains(value), "{value} in {text}");
        }
    }
    let live = stand.get("v1", "Secret", "prod", "s").await.unwrap();
    assert_eq!(live.str_at(&["data", "password"]), Some("dGhlaXJz"));
}

/// The table is of another minor: the cluster's own documents say what its types are, each asked for once, and what
/// rests on a default is asked of the server.
#[tokio::test]
async fn r06_a_cluster_of_another_minor_speaks_for_itself() {
    let stand = Stand::embedded_of("v1.30.4").await;
    let web = deployment("web", "shop:1", 3);
    stand.commit("main", &[("web/web.yaml", &web), ("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let documents =
        stand.counts().iter().filter(|((verb, _), _)| *verb == "openapi").map(|(_, n)| n).sum::<u64>();
    assert_eq!(documents, 2, "v1 and apps/v1: {:?}", stand.counts());
    stand.clear_counts();

    let revision = stand.commit("main", &[("web/web.yaml", &web.replace("shop:1", "shop:2"))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    assert_eq!(stand.asked("dry-run", "deployments.apps"), 0, "{:?}", stand.counts());
    assert!(stand.counts().keys().all(|(verb, _)| *verb != "openapi"));

    let revision = stand.commit("main", &[("web/web.yaml", &web.replace("  replicas: 3\n", ""))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    assert!(stand.asked("dry-run", "deployments.apps") > 0, "{:?}", stand.counts());
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(live.at(&["spec", "replicas"]), Some(&Value::from(1)));
}

const MULTI: &str = "apiVersion: multi.example.org/VERSION\nkind: Multi\nmetadata: {name: m}\nspec: SPEC\n";

fn multi(version: &str, spec: &str) -> String {
    MULTI.replace("VERSION", version).replace("SPEC", spec)
}

/// The manifest moves to a version with a field that the version of our last apply lacks: the server gives up on it,
/// and our entry is moved.
#[tokio::test]
async fn r15_an_apply_through_another_version_moves_our_entry() {
    let stand = Stand::start().await;
    let version = |name: &str, storage: bool, field: &str| {
        value!({ "name": name, "served": true, "storage": storage, "schema": { "openAPIV3Schema": {
            "type": "object", "properties": { "spec": { "type": "object", "properties": {
                "name": { "type": "string" }, field: { "type": "string" } } } } } } })
    };
    let crd = value!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "multis.multi.example.org" },
        "spec": { "group": "multi.example.org", "scope": "Namespaced",
            "names": { "plural": "multis", "singular": "multi", "kind": "Multi", "listKind": "MultiList" },
            "versions": [(version("v1", true, "newField")), (version("v1beta1", false, "oldField"))] } });
    stand.install(crd).await;
    stand.commit("main", &[("web/m.yaml", &multi("v1beta1", "{name: a}"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;

    let revision = stand.commit("main", &[("web/m.yaml", &multi("v1", "{name: a, newField: b}"))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let live = stand.get("multi.example.org/v1", "Multi", "prod", "m").await.unwrap();
    assert_eq!(live.str_at(&["spec", "newField"]), Some("b"));
    let entries = live.list_at(&["metadata", "managedFields"]);
    let ours: Vec<_> = entries.iter().filter(|e| e.str_at(&["manager"]) == Some("tautline")).collect();
    assert_eq!(ours.len(), 1, "{entries:?}");
    assert_eq!(ours[0].str_at(&["apiVersion"]), Some("multi.example.org/v1"));
}

/// The server refuses to say what a sync would change: an app that a person syncs is Unknown there, and a sync that a
/// person starts is done.
#[tokio::test]
async fn r05_a_refused_dry_run_is_unknown_where_a_person_syncs() {
    let stand = Stand::embedded_of("v1.30.4").await;
    let web = deployment("web", "shop:1", 3);
    stand.commit("main", &[("web/web.yaml", &web)]);
    let mut app = application("web", "web", "prod");
    stand.apply(app.clone()).await;
    stand.until_app("web", "Synced", "Healthy").await;
    set(&mut app, &["spec", "syncPolicy", "automated"], Value::Null);
    stand.apply(app).await;
    stand.server().add_validating(Admission::new("no-dry-runs", |review, _| {
        if review.dry_run {
            Err(Failure::new(400, "BadRequest", "no side effects are promised"))
        } else {
            Ok(())
        }
    }));

    stand.commit("main", &[("web/web.yaml", &web.replace("  replicas: 3\n", ""))]);
    stand.refresh("web").await;
    stand.until_app("web", "Unknown", "Healthy").await;
    stand.let_time_pass().await;
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(live.at(&["spec", "replicas"]), Some(&Value::from(3)));

    let operation = value!({ "operation": { "initiatedBy": { "username": "ann" }, "sync": {} } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(operation)).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(live.at(&["spec", "replicas"]), Some(&Value::from(1)));
}
