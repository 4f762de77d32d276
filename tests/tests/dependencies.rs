//! Objects and apps that wait for each other.
#![allow(clippy::unwrap_used, reason = "helpers fail the test that uses them")]

use tautline_cluster::Patch;
use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

fn dependent(name: &str, on: Value) -> Value {
    let mut app = application(name, name, "prod");
    set(&mut app, &["metadata", "annotations"], on);
    app
}

#[tokio::test]
async fn an_app_is_synced_when_those_it_depends_on_are_well() {
    let stand = Stand::start().await;
    stand.commit(
        "main",
        &[("db/db.yaml", &deployment("db", "broken:1", 1)), ("web/a.yaml", &config_map("a", "1"))],
    );
    stand.apply(dependent("web", value!({ "tautline.dev/depends-on-apps": "db" }))).await;
    stand.until_condition("web", "DependencyWarning", "there is no app argocd/db").await;
    stand.apply(application("db", "db", "prod")).await;
    stand.until_condition("web", "DependencyWarning", "app argocd/db is").await;
    stand.let_time_pass().await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    let revision = stand.commit(
        "main",
        &[("db/db.yaml", &deployment("db", "db:1", 1)), ("web/a.yaml", &config_map("a", "1"))],
    );
    stand.refresh("db").await;
    stand.until_synced("web", &revision).await;
    let app = stand.until_app("web", "Synced", "Healthy").await;
    assert!(app.list_at(&["status", "conditions"]).is_empty());
    // Drift is undone whatever becomes of the other app.
    let broken = value!({ "spec": { "template": { "spec": { "containers": [{ "name": "app", "image": "broken:2" }] } } } });
    stand.patch("apps/v1", "Deployment", "prod", "db", Patch::Strategic(broken)).await;
    let drift = value!({ "data": { "key": "drift" } });
    stand.patch("v1", "ConfigMap", "prod", "a", Patch::Merge(drift)).await;
    let is_back = |o: Option<&Object>| o.is_some_and(|o| o.str_at(&["data", "key"]) == Some("1"));
    stand.until("v1", "ConfigMap", "prod", "a", "undone", is_back).await;
}

#[tokio::test]
async fn apps_that_depend_on_each_other_in_a_circle_are_told_so() {
    let stand = Stand::start().await;
    stand.commit("main", &[("a/a.yaml", &config_map("a", "1")), ("b/b.yaml", &config_map("b", "1"))]);
    stand.apply(dependent("a", value!({ "tautline.dev/depends-on-apps": "b" }))).await;
    stand.apply(dependent("b", value!({ "tautline.dev/depends-on-apps": "argocd/a" }))).await;
    stand.until_condition("a", "DependencyWarning", "in a circle").await;
    stand.until_condition("b", "DependencyWarning", "in a circle").await;
}

#[tokio::test]
async fn an_object_is_written_when_what_it_depends_on_is_well() {
    let stand = Stand::start().await;
    let annotation = "metadata:\n  annotations: {tautline.dev/depends-on: apps/Deployment/db}\n";
    let waiting = config_map("a", "1").replacen("metadata:\n", annotation, 1);
    let files = |image: &str| deployment("db", image, 1);
    stand.commit("main", &[("web/db.yaml", &files("broken:1")), ("web/a.yaml", &waiting)]);
    stand.apply(application("web", "web", "prod")).await;
    let waits = |app: Option<&Object>| {
        let message =
            app.and_then(|a| a.str_at(&["status", "operationState", "message"])).unwrap_or_default();
        message.ends_with("Deployment/db, which ConfigMap prod/a depends on")
    };
    stand.until("argoproj.io/v1alpha1", "Application", "argocd", "web", "waiting", waits).await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    let revision = stand.commit("main", &[("web/db.yaml", &files("db:1")), ("web/a.yaml", &waiting)]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn the_life_of_an_app_is_told_by_events() {
    let stand = Stand::start().await;
    let revision = stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &revision).await;
    stand.let_time_pass().await;
    let events = stand.list("v1", "Event", "argocd").await;
    let told: Vec<String> = (events.iter())
        .map(|e| format!("{}: {}", e.str_at(&["reason"]).unwrap(), e.str_at(&["message"]).unwrap()))
        .collect();
    for wanted in [
        format!("OperationStarted: Initiated automated sync to '{revision}'"),
        format!("OperationCompleted: Sync operation to {revision} succeeded"),
    ] {
        assert_eq!(told.iter().filter(|told| **told == wanted).count(), 1, "{wanted} in {told:?}");
    }
}
