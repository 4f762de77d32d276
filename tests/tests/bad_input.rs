//! Bad input: it is named where it stands, and nothing else suffers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline_apiserver::{Matcher, Right, Verb};
use tautline_core::{Object, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

const APP: &str = "argoproj.io/v1alpha1";
/// A manifest whose third line is not YAML.
const BROKEN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n";

fn key_is<'a>(wanted: &'a str) -> impl Fn(Option<&Object>) -> bool + Send + Sync + 'a {
    move |o| o.is_some_and(|o| o.str_at(&["data", "key"]) == Some(wanted))
}

#[tokio::test]
async fn a_missing_path_is_named() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "nowhere", "prod")).await;
    stand.until_condition("web", "ComparisonError", "nowhere").await;
    assert_eq!(stand.written(), 0);
}

#[tokio::test]
async fn a_missing_branch_is_named() {
    let stand = Stand::start().await;
    stand.apply(application("web", "web", "prod")).await;
    stand.until_condition("web", "ComparisonError", "main").await;
    assert_eq!(stand.written(), 0);
}

#[tokio::test]
async fn broken_yaml_of_one_app_leaves_the_others_alone() {
    let stand = Stand::start().await;
    stand.commit("main", &[("a/a.yaml", BROKEN), ("b/b.yaml", &config_map("b", "1"))]);
    stand.apply(application("a", "a", "prod")).await;
    stand.apply(application("b", "b", "prod")).await;
    stand.until_app("b", "Synced", "Healthy").await;
    stand.until_condition("a", "ComparisonError", "a/a.yaml:").await;
}

#[tokio::test]
async fn what_the_server_rejects_is_shown_and_the_others_are_applied() {
    let stand = Stand::start().await;
    let bad = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: bad\nspec:\n  selector:\n    matchLabels: {app: bad}\n  template:\n    metadata:\n      labels: {app: other}\n    spec:\n      containers:\n      - name: app\n        image: shop:1\n";
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/bad.yaml", bad)]);
    stand.apply(application("web", "web", "prod")).await;
    let app = stand.until_condition("web", "SyncError", "selector").await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_some());
    let results = app.list_at(&["status", "operationState", "syncResult", "resources"]);
    let bad = results.iter().find(|r| r.str_at(&["name"]) == Some("bad")).unwrap();
    assert_eq!(bad.str_at(&["status"]), Some("SyncFailed"));
    assert!(bad.str_at(&["message"]).unwrap().contains("selector"), "{bad:?}");
    let rows = app.list_at(&["status", "resources"]);
    let row = rows.iter().find(|r| r.str_at(&["name"]) == Some("bad")).unwrap();
    assert!(row.str_at(&["health", "message"]).unwrap_or_default().contains("selector"), "{row:?}");
    stand.let_time_pass().await;
    assert_eq!(stand.asked("apply", "deployments.apps"), 1, "a refused write is not tried again");
    stand.commit(
        "main",
        &[("web/a.yaml", &config_map("a", "2")), ("web/bad.yaml", &deployment("bad", "shop:1", 1))],
    );
    stand.refresh("web").await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn an_unknown_kind_is_named_and_the_others_are_applied() {
    let stand = Stand::start().await;
    let unknown = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\n";
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/w.yaml", unknown)]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_condition("web", "SyncError", "Widget").await;
    stand.until("v1", "ConfigMap", "prod", "a", "applied", key_is("1")).await;
}

#[tokio::test]
async fn two_manifests_with_one_identity_are_a_warning() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/b.yaml", &config_map("a", "2"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_condition("web", "RepeatedResourceWarning", "web/a.yaml").await;
    stand.until_app("web", "Synced", "Healthy").await;
    assert!(key_is("2")(stand.get("v1", "ConfigMap", "prod", "a").await.as_deref()));
}

#[tokio::test]
async fn a_missing_project_is_an_invalid_spec() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "project"], "shop".into());
    stand.apply(app).await;
    stand.until_condition("web", "InvalidSpecError", "shop").await;
    stand.let_time_pass().await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    stand
        .apply(value!({ "apiVersion": APP, "kind": "AppProject",
        "metadata": { "name": "shop", "namespace": "argocd" },
        "spec": { "sourceRepos": ["*"], "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }] } }))
        .await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn r02_another_cluster_is_refused_and_its_finalizer_stays() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "destination", "server"], "https://10.0.0.1".into());
    stand.apply(app).await;
    stand.until_condition("web", "InvalidSpecError", "10.0.0.1").await;
    stand.commit("main", &[("web/b.yaml", &config_map("b", "1"))]);
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.let_time_pass().await;
    assert!(stand.app("web").await.finalizers().next().is_some());
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_some());
    assert!(stand.get("v1", "ConfigMap", "prod", "b").await.is_none());
}

#[tokio::test]
async fn no_right_to_list_one_kind_makes_that_app_unknown_and_prunes_nothing_of_it() {
    let mut stand = Stand::embedded().await;
    stand.commit(
        "main",
        &[
            ("web/a.yaml", &config_map("a", "1")),
            ("web/d.yaml", &deployment("web", "shop:1", 1)),
            ("api/a.yaml", &config_map("b", "1")),
        ],
    );
    stand.apply(application("web", "web", "prod")).await;
    stand.apply(application("api", "api", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.until_app("api", "Synced", "Healthy").await;
    stand.stop_controller().await;
    for verb in [Verb::List, Verb::Watch] {
        let may_not = Matcher::new(verb, "deployments.apps").by("tautline");
        stand.server().deny(Right { user: String::new(), may_not });
    }
    stand.commit("main", &[("web/a.yaml", &config_map("a", "2")), ("api/a.yaml", &config_map("b", "2"))]);
    stand.start_controller().await;
    stand.until("v1", "ConfigMap", "prod", "b", "at 2", key_is("2")).await;
    stand.until_app("api", "Synced", "Healthy").await;
    stand.until("v1", "ConfigMap", "prod", "a", "at 2", key_is("2")).await;
    stand.until_condition("web", "ComparisonError", "Deployment").await;
    assert_eq!(stand.app("web").await.str_at(&["status", "sync", "status"]), Some("Unknown"));
    stand.let_time_pass().await;
    assert!(stand.get("apps/v1", "Deployment", "prod", "web").await.is_some());
}
