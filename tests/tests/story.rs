//! The story that the controller lives up to, told by Application resources.

use tautline_cluster::Patch;
use tautline_core::value;
use tautline_tests::stand::{Stand, application, config_map, deployment};

#[tokio::test]
async fn a_commit_becomes_a_healthy_cluster() {
    let stand = Stand::start().await;
    let web = deployment("web", "shop:1", 2);
    let revision =
        stand.commit("main", &[("web/a.yaml", &web), ("web/b.yaml", &config_map("settings", "one"))]);
    stand.apply(application("web", "web", "prod")).await;
    let app = stand.until_app("web", "Synced", "Healthy").await;
    assert_eq!(app.str_at(&["status", "sync", "revision"]), Some(revision.as_str()));
    assert_eq!(app.str_at(&["status", "operationState", "phase"]), Some("Succeeded"));
    assert_eq!(app.list_at(&["status", "resources"]).len(), 2);
    assert_eq!(app.list_at(&["status", "history"]).len(), 1);
    assert_eq!(app.list_at(&["status", "summary", "images"])[0].as_str(), Some("shop:1"));
    assert_eq!(app.str_at(&["status", "sourceType"]), Some("Directory"));
}

#[tokio::test]
async fn drift_and_deletion_are_healed() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &deployment("web", "shop:1", 2))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let image =
        value!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:1" }]);
    stand.patch("apps/v1", "Deployment", "prod", "web", Patch::Json(image)).await;
    let is_back = |object: Option<&tautline_core::Object>| {
        object.is_some_and(|o| {
            o.list_at(&["spec", "template", "spec", "containers"])[0].str_at(&["image"]) == Some("shop:1")
        })
    };
    stand.until("apps/v1", "Deployment", "prod", "web", "back at shop:1", is_back).await;
    stand.delete("apps/v1", "Deployment", "prod", "web").await;
    stand
        .until("apps/v1", "Deployment", "prod", "web", "created anew", |o| {
            o.is_some_and(|o| !o.is_terminating())
        })
        .await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn what_leaves_git_leaves_the_cluster() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/b.yaml", &config_map("b", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "2"))]);
    stand.refresh("web").await;
    stand.until("v1", "ConfigMap", "prod", "b", "pruned", |o| o.is_none()).await;
    let a = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    assert_eq!(a.str_at(&["data", "key"]), Some("2"));
}

#[tokio::test]
async fn an_application_that_goes_takes_its_objects_along() {
    let stand = Stand::start().await;
    stand.commit(
        "main",
        &[("web/a.yaml", &deployment("web", "shop:1", 1)), ("web/b.yaml", &config_map("b", "1"))],
    );
    stand.commit("feature", &[("web/a.yaml", &config_map("a", "preview"))]);
    stand.apply(application("web", "web", "prod")).await;
    let mut preview = application("preview", "web", "preview");
    preview
        .get_mut("spec")
        .unwrap()
        .get_mut("source")
        .unwrap()
        .as_map_mut()
        .unwrap()
        .insert("targetRevision", "feature");
    stand.apply(preview).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.until_app("preview", "Synced", "Healthy").await;
    stand.delete("argoproj.io/v1alpha1", "Application", "argocd", "preview").await;
    stand.until("argoproj.io/v1alpha1", "Application", "argocd", "preview", "gone", |o| o.is_none()).await;
    assert!(stand.get("v1", "ConfigMap", "preview", "a").await.is_none());
    assert!(stand.get("apps/v1", "Deployment", "prod", "web").await.is_some());
}

#[tokio::test]
async fn bad_yaml_is_shown_and_touches_nothing() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let broken = format!("{}  x: [1\n  y: 2\n", config_map("a", "2"));
    stand.commit("main", &[("web/a.yaml", &broken)]);
    stand.refresh("web").await;
    stand.until_condition("web", "ComparisonError", "web/a.yaml:").await;
    let a = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    assert_eq!(a.str_at(&["data", "key"]), Some("1"));
}
