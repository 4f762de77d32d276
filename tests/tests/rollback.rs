//! A revision that somebody asks for instead of the one that the app follows.
#![allow(clippy::unwrap_used, reason = "helpers fail the test that uses them")]

use tautline_cluster::Patch;
use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map, set};

const APP: &str = "argoproj.io/v1alpha1";

fn holds<'a>(wanted: &'a str) -> impl Fn(Option<&Object>) -> bool + Send + Sync + 'a {
    move |o| o.is_some_and(|o| o.str_at(&["data", "key"]) == Some(wanted))
}

/// As `argocd app rollback` writes it: the revision, and the source of that time.
async fn roll_back(stand: &Stand, revision: &str) {
    let source = stand.app("web").await.at(&["spec", "source"]).cloned().unwrap();
    let operation = value!({ "operation": {
        "sync": { "revision": revision, "source": source, "syncStrategy": { "apply": {} } },
        "initiatedBy": { "username": "ann" }
    } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(operation)).await;
}

fn conditions(app: &Object) -> Vec<String> {
    app.list_at(&["status", "conditions"])
        .iter()
        .filter_map(|c| c.str_at(&["type"]).map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_rollback_under_auto_sync_holds_until_a_newer_commit() {
    let mut stand = Stand::start().await;
    let first = stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &first).await;
    let second = stand.commit("main", &[("web/a.yaml", &config_map("a", "2"))]);
    stand.refresh("web").await;
    stand.until_synced("web", &second).await;

    roll_back(&stand, &first).await;
    stand.until("v1", "ConfigMap", "prod", "a", "at 1", holds("1")).await;
    let app = stand.until_condition("web", "RollbackWarning", &first).await;
    assert_eq!(app.str_at(&["status", "sync", "revision"]), Some(&*first));
    // Neither another look, nor drift, nor a restart undoes it.
    stand.refresh("web").await;
    let drift = value!({ "data": { "key": "drift" } });
    stand.patch("v1", "ConfigMap", "prod", "a", Patch::Merge(drift)).await;
    stand.until("v1", "ConfigMap", "prod", "a", "at 1", holds("1")).await;
    stand.stop_controller().await;
    stand.start_controller().await;
    stand.refresh("web").await;
    stand.let_time_pass().await;
    stand.until("v1", "ConfigMap", "prod", "a", "at 1", holds("1")).await;
    assert!(conditions(&*stand.app("web").await).contains(&"RollbackWarning".to_owned()));

    let third = stand.commit("main", &[("web/a.yaml", &config_map("a", "3"))]);
    stand.refresh("web").await;
    let app = stand.until_synced("web", &third).await;
    stand.until("v1", "ConfigMap", "prod", "a", "at 3", holds("3")).await;
    assert!(!conditions(&app).contains(&"RollbackWarning".to_owned()));
}

#[tokio::test]
async fn without_auto_sync_a_rollback_is_compared_with_what_the_app_follows() {
    let stand = Stand::start().await;
    let first = stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let second = stand.commit("main", &[("web/a.yaml", &config_map("a", "2"))]);
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated"], Value::Null);
    stand.apply(app).await;
    stand.until_app("web", "OutOfSync", "Missing").await;
    roll_back(&stand, &first).await;
    stand.until("v1", "ConfigMap", "prod", "a", "at 1", holds("1")).await;
    let app = stand.until_app("web", "OutOfSync", "Healthy").await;
    assert_eq!(app.str_at(&["status", "sync", "revision"]), Some(&*second));
    let result = app.str_at(&["status", "operationState", "syncResult", "revision"]);
    assert_eq!(result, Some(&*first));
}

#[tokio::test]
async fn a_revision_that_is_not_there_is_an_error_and_changes_nothing() {
    let stand = Stand::start().await;
    let first = stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &first).await;
    roll_back(&stand, "v9").await;
    let is_error = |app: Option<&Object>| {
        app.and_then(|a| a.str_at(&["status", "operationState", "phase"])) == Some("Error")
    };
    let app = stand.until(APP, "Application", "argocd", "web", "in error", is_error).await.unwrap();
    let message = app.str_at(&["status", "operationState", "message"]).unwrap_or_default();
    assert!(message.contains("v9"), "{message}");
    stand.until_app("web", "Synced", "Healthy").await;
}
