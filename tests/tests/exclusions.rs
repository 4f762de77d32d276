//! Kinds that argocd-cm leaves alone (`resource.exclusions`, `resource.inclusions`).
#![allow(clippy::unwrap_used, reason = "tests")]

use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map};

fn settings(exclusions: &str) -> Value {
    value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "argocd-cm", "namespace": "argocd" },
        "data": { "resource.exclusions": exclusions } })
}

const QUOTA: &str = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: '5'}}\n";

async fn until_warned(stand: &Stand) {
    let names_it = |condition: &Value| {
        condition.str_at(&["type"]) == Some("ExcludedResourceWarning")
            && condition.str_at(&["message"]).unwrap_or_default().contains("ResourceQuota")
    };
    let is_warned = |app: Option<&Object>| {
        app.is_some_and(|app| app.list_at(&["status", "conditions"]).iter().any(names_it))
    };
    stand.until("argoproj.io/v1alpha1", "Application", "argocd", "web", "warned", is_warned).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_excluded_is_neither_read_nor_written_until_it_is_not() {
    let mut stand = Stand::embedded().await;
    stand.stop_controller().await;
    stand.apply(settings("- apiGroups: ['']\n  kinds: [ResourceQuota]\n  clusters: ['*']\n")).await;
    stand.start_controller().await;
    let config = config_map("c", "one");
    let revision = stand.commit("main", &[("web/c.yaml", &config), ("web/q.yaml", QUOTA)]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &revision).await;
    until_warned(&stand).await;
    assert!(stand.get("v1", "ResourceQuota", "prod", "q").await.is_none(), "it is not written");
    assert_eq!(stand.asked("watch", "resourcequotas"), 0, "it is not watched");
    // The list changes while the controller runs.
    stand.apply(settings("[]")).await;
    stand.until("v1", "ResourceQuota", "prod", "q", "applied", |quota| quota.is_some()).await;
    stand.until_synced("web", &revision).await;
    // What is excluded is never pruned, and the app is Synced without it.
    stand.apply(settings("- apiGroups: ['']\n  kinds: [ResourceQuota]\n  clusters: ['*']\n")).await;
    until_warned(&stand).await;
    let other = config_map("c", "two");
    let gone = stand.commit("main", &[("web/c.yaml", &other)]);
    stand.refresh("web").await;
    stand.until_synced("web", &gone).await;
    assert!(stand.get("v1", "ResourceQuota", "prod", "q").await.is_some(), "it is not pruned");
}

/// The lists may come to hold a kind while an object of it is about to go.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_excluded_while_it_is_to_be_pruned_stays() {
    let stand = Stand::embedded().await;
    let config = config_map("c", "one");
    let kept = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, annotations: \
                {argocd.argoproj.io/sync-options: Prune=confirm}}\nspec: {hard: {pods: '5'}}\n";
    let revision = stand.commit("main", &[("web/c.yaml", &config), ("web/q.yaml", kept)]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &revision).await;
    let other = config_map("c", "two");
    stand.commit("main", &[("web/c.yaml", &other)]);
    stand.refresh("web").await;
    let waits = |app: Option<&Object>| {
        app.is_some_and(|app| app.str_at(&["status", "sync", "status"]) == Some("OutOfSync"))
    };
    stand.until("argoproj.io/v1alpha1", "Application", "argocd", "web", "waiting", waits).await;
    stand.apply(settings("- apiGroups: ['']\n  kinds: [ResourceQuota]\n  clusters: ['*']\n")).await;
    let is_synced = |app: Option<&Object>| {
        app.is_some_and(|app| app.str_at(&["status", "sync", "status"]) == Some("Synced"))
    };
    stand.until("argoproj.io/v1alpha1", "Application", "argocd", "web", "without it", is_synced).await;
    assert!(stand.get("v1", "ResourceQuota", "prod", "q").await.is_some(), "it is not pruned");
}
