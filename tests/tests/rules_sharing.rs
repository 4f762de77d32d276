//! Rule R20: two apps, one object.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline_cluster::Patch;
use tautline_core::{Object, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

const APP: &str = "argoproj.io/v1alpha1";

fn tracks<'a>(app: &'a str) -> impl Fn(Option<&Object>) -> bool + Send + Sync + 'a {
    move |o| {
        let id = o.and_then(|o| o.annotation("argocd.argoproj.io/tracking-id")).unwrap_or_default();
        id.split(':').next() == Some(app)
    }
}

async fn shared() -> Stand {
    let stand = Stand::start().await;
    stand.commit("main", &[("a/x.yaml", &config_map("x", "a")), ("b/x.yaml", &config_map("x", "b"))]);
    stand.apply(application("a", "a", "prod")).await;
    stand.until_app("a", "Synced", "Healthy").await;
    stand.apply(application("b", "b", "prod")).await;
    stand.until_condition("b", "SharedResourceWarning", "owned by app a").await;
    stand
}

#[tokio::test]
async fn r20_another_apps_object_is_not_written() {
    let stand = shared().await;
    stand.let_time_pass().await;
    let x = stand.get("v1", "ConfigMap", "prod", "x").await.unwrap();
    assert_eq!(x.str_at(&["data", "key"]), Some("a"));
    assert_eq!(stand.app("b").await.str_at(&["status", "sync", "status"]), Some("OutOfSync"));
}

#[tokio::test]
async fn r20_it_is_taken_over_when_the_owner_no_longer_holds_it() {
    let stand = shared().await;
    let before = stand.get("v1", "ConfigMap", "prod", "x").await.unwrap().uid();
    stand.commit("main", &[("a/other.yaml", &config_map("other", "a")), ("b/x.yaml", &config_map("x", "b"))]);
    stand.refresh("a").await;
    stand.refresh("b").await;
    let x = stand.until("v1", "ConfigMap", "prod", "x", "b's", tracks("b")).await.unwrap();
    assert_eq!((x.str_at(&["data", "key"]), x.uid()), (Some("b"), before));
    stand.until_app("b", "Synced", "Healthy").await;
    stand.until_app("a", "Synced", "Healthy").await;
}

#[tokio::test]
async fn r20_it_is_taken_over_when_the_owner_is_gone_without_its_objects() {
    let stand = shared().await;
    let finalizers = tautline_core::value!({ "metadata": { "finalizers": null } });
    stand.patch(APP, "Application", "argocd", "a", tautline_cluster::Patch::Merge(finalizers)).await;
    stand.delete(APP, "Application", "argocd", "a").await;
    stand.until("v1", "ConfigMap", "prod", "x", "b's", tracks("b")).await;
    stand.until_app("b", "Synced", "Healthy").await;
}

async fn moves(first: &str, second: &str) {
    let stand = Stand::start().await;
    let web = deployment("web", "shop:1", 1);
    let (keep_a, keep_b) = (config_map("keep-a", "1"), config_map("keep-b", "1"));
    stand.commit("main", &[("a/web.yaml", &web), ("a/keep.yaml", &keep_a), ("b/keep.yaml", &keep_b)]);
    stand.apply(application("a", "a", "prod")).await;
    stand.apply(application("b", "b", "prod")).await;
    stand.until_app("a", "Synced", "Healthy").await;
    stand.until_app("b", "Synced", "Healthy").await;
    let before =
        stand.get("apps/v1", "Deployment", "prod", "web").await.expect("the Deployment is there").uid();
    stand.commit("main", &[("b/web.yaml", &web), ("a/keep.yaml", &keep_a), ("b/keep.yaml", &keep_b)]);
    stand.refresh(first).await;
    stand
        .until(APP, "Application", "argocd", first, "refreshed", |app| {
            app.is_some_and(|a| a.annotation("argocd.argoproj.io/refresh").is_none())
        })
        .await;
    stand.refresh(second).await;
    stand.until("apps/v1", "Deployment", "prod", "web", "b's", tracks("b")).await;
    stand.until_app("a", "Synced", "Healthy").await;
    stand.until_app("b", "Synced", "Healthy").await;
    let after =
        stand.get("apps/v1", "Deployment", "prod", "web").await.expect("the Deployment is there").uid();
    assert_eq!(before, after, "the Deployment was not made anew");
}

#[tokio::test]
async fn r20_an_object_moves_when_the_old_owner_looks_first() {
    moves("a", "b").await;
}

#[tokio::test]
async fn r20_an_object_moves_when_the_new_owner_looks_first() {
    moves("b", "a").await;
}

#[tokio::test]
async fn r20_an_app_that_the_selector_leaves_out_keeps_its_objects() {
    let mut stand = Stand::start().await;
    stand.commit("main", &[("a/x.yaml", &config_map("x", "a")), ("b/x.yaml", &config_map("x", "b"))]);
    stand.apply(application("a", "a", "prod")).await;
    stand.until_app("a", "Synced", "Healthy").await;
    stand.stop_controller().await;
    stand.options.selector = "team=b".into();
    stand.start_controller().await;
    let mut b = application("b", "b", "prod");
    set(&mut b, &["metadata", "labels"], tautline_core::value!({ "team": "b" }));
    stand.apply(b).await;
    stand.until_condition("b", "SharedResourceWarning", "owned by app a").await;
    stand.delete(APP, "Application", "argocd", "a").await;
    let finalizers = tautline_core::value!({ "metadata": { "finalizers": null } });
    stand.patch(APP, "Application", "argocd", "a", tautline_cluster::Patch::Merge(finalizers)).await;
    stand.until("v1", "ConfigMap", "prod", "x", "b's", tracks("b")).await;
}

#[tokio::test]
async fn r22_an_app_that_another_controller_runs_too_is_left_alone() {
    let mut stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let last = |app: &Object, manager: &str| {
        let entries = app.list_at(&["metadata", "managedFields"]);
        let theirs = entries.iter().filter(|e| e.str_at(&["manager"]) == Some(manager));
        theirs.filter_map(|e| e.str_at(&["time"])).max().unwrap_or_default().to_owned()
    };
    // Argo CD comes back. The times in managedFields tell only seconds: it writes until it was later.
    let argo = "argocd-application-controller";
    for round in 0.. {
        let status = value!({ "status": { "sync": { "status": format!("{round}") } } });
        stand.patch_as(argo, APP, "Application", "argocd", "web", Patch::Merge(status)).await;
        let app = stand.app("web").await;
        if last(&app, argo) > last(&app, "tautline-status") {
            break;
        }
    }
    let theirs = stand.app("web").await.str_at(&["status", "sync", "status"]).unwrap_or_default().to_owned();
    stand.commit("main", &[("web/a.yaml", &config_map("a", "2"))]);
    stand.refresh("web").await;
    stand.let_time_pass().await;
    let map = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    assert_eq!(map.str_at(&["data", "key"]), Some("1"), "nothing is written for it any more");
    let app = stand.app("web").await;
    assert_eq!(app.str_at(&["status", "sync", "status"]), Some(theirs.as_str()), "its status is theirs");
    stand.until("v1", "Event", "argocd", "web.another-controller", "told", |o| o.is_some()).await;
    stand.stop_controller().await;
    stand.options.take_over = true;
    stand.start_controller().await;
    stand
        .until("v1", "ConfigMap", "prod", "a", "at 2", |o| {
            o.and_then(|o| o.str_at(&["data", "key"])) == Some("2")
        })
        .await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn the_ledger_knows_what_is_shared_abandoned_and_nobodys() {
    let stand = shared().await;
    let mut stray = value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "stray", "namespace": "prod" } });
    stand.apply(stray.clone()).await;
    set(&mut stray, &["metadata", "name"], "left".into());
    let id = "gone:/ConfigMap:prod/left";
    set(&mut stray, &["metadata", "annotations"], value!({ "argocd.argoproj.io/tracking-id": id }));
    stand.apply(stray).await;
    stand.let_time_pass().await;
    let ledger = stand.controller.as_ref().unwrap().runtime().ledger().await;
    let shared: Vec<(String, Vec<&str>)> = ledger
        .shared
        .iter()
        .map(|(key, apps)| (key.to_string(), apps.iter().map(|app| app.name.as_str()).collect()))
        .collect();
    assert_eq!(shared, [("ConfigMap prod/x".to_owned(), vec!["a", "b"])]);
    let abandoned: Vec<(String, &str)> =
        ledger.abandoned.iter().map(|(key, app)| (key.to_string(), app.as_str())).collect();
    assert_eq!(abandoned, [("ConfigMap prod/left".to_owned(), "gone")]);
    let orphaned: Vec<String> = ledger.orphaned.iter().map(|key| key.to_string()).collect();
    assert_eq!(orphaned, ["ConfigMap prod/stray"]);
}
