//! What a plan destroys: budgets, and data that nobody deletes unasked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline_cluster::Patch;
use tautline_core::value;
use tautline_tests::stand::{Stand, application, config_map, set};

const APP: &str = "argoproj.io/v1alpha1";

fn many(count: usize) -> Vec<(String, String)> {
    (0..count).map(|i| (format!("web/{i}.yaml"), config_map(&format!("c{i}"), "1"))).collect()
}

fn commit(stand: &Stand, files: &[(String, String)]) -> String {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    stand.commit("main", &files)
}

#[tokio::test]
async fn a_plan_that_deletes_most_of_its_app_is_refused_with_its_numbers() {
    let stand = Stand::start().await;
    commit(&stand, &many(16));
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    commit(&stand, &many(4));
    stand.refresh("web").await;
    let app = stand.until_condition("web", "SyncError", "deletes 12 of the app's 16 objects").await;
    assert_eq!(app.str_at(&["status", "sync", "status"]), Some("OutOfSync"));
    stand.let_time_pass().await;
    assert!(stand.get("v1", "ConfigMap", "prod", "c15").await.is_some());
    let allow = value!({ "metadata": { "annotations": { "tautline.dev/deletion-budget": "80%" } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(allow)).await;
    stand.until("v1", "ConfigMap", "prod", "c15", "pruned", |o| o.is_none()).await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn a_sync_by_hand_is_not_held_to_the_budget() {
    let stand = Stand::start().await;
    commit(&stand, &many(3));
    let mut app = application("web", "web", "prod");
    set(&mut app, &["metadata", "annotations"], value!({ "tautline.dev/deletion-budget": "0" }));
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    commit(&stand, &many(2));
    stand.refresh("web").await;
    stand.until_condition("web", "SyncError", "its budget is 0").await;
    let operation =
        value!({ "operation": { "initiatedBy": { "username": "ann" }, "sync": { "prune": true } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(operation)).await;
    stand.until("v1", "ConfigMap", "prod", "c2", "pruned", |o| o.is_none()).await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn a_claim_is_pruned_when_a_person_has_confirmed_it() {
    let stand = Stand::start().await;
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\nspec:\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: 1Gi\n";
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/data.yaml", claim)]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until("v1", "PersistentVolumeClaim", "prod", "data", "there", |o| o.is_some()).await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.refresh("web").await;
    stand
        .until(APP, "Application", "argocd", "web", "waiting", |app| {
            let message = app.and_then(|a| a.str_at(&["status", "operationState", "message"]));
            message.is_some_and(|m| m.contains("waiting for pruning confirmation") && m.contains("data"))
        })
        .await;
    assert!(
        stand.get("v1", "PersistentVolumeClaim", "prod", "data").await.is_some_and(|o| !o.is_terminating())
    );
    let approve = value!({ "metadata": { "annotations": { "argocd.argoproj.io/deletion-approved": "2100-01-01T00:00:00Z" } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(approve)).await;
    let is_going = |o: Option<&tautline_core::Object>| o.is_none_or(|o| o.is_terminating());
    stand.until("v1", "PersistentVolumeClaim", "prod", "data", "going", is_going).await;
}

#[tokio::test]
async fn a_budget_that_cannot_be_read_is_an_invalid_spec() {
    let stand = Stand::start().await;
    commit(&stand, &many(1));
    let mut app = application("web", "web", "prod");
    set(&mut app, &["metadata", "annotations"], value!({ "tautline.dev/deletion-budget": "some" }));
    stand.apply(app).await;
    stand.until_condition("web", "InvalidSpecError", "is no budget").await;
}
