//! An app that is not well says what is wrong first.
#![allow(clippy::unwrap_used, reason = "helpers fail the test that uses them")]

use tautline_core::Object;
use tautline_tests::stand::{Stand, application, config_map, deployment};

fn message(app: Option<&Object>) -> String {
    app.and_then(|a| a.str_at(&["status", "health", "message"])).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_status_names_the_first_cause_and_forgets_it_when_all_is_well() {
    let stand = Stand::start().await;
    stand.commit(
        "main",
        &[("web/web.yaml", &deployment("web", "broken:1", 1)), ("web/a.yaml", &config_map("a", "1"))],
    );
    stand.apply(application("web", "web", "prod")).await;
    let names_pod = |app: Option<&Object>| {
        let message = message(app);
        message.contains("apps/Deployment:prod/web: Deployment web") && message.contains("← container app: ")
    };
    let app = stand
        .until("argoproj.io/v1alpha1", "Application", "argocd", "web", "explained", names_pod)
        .await
        .unwrap();
    let row = app
        .list_at(&["status", "resources"])
        .iter()
        .find(|r| r.str_at(&["kind"]) == Some("Deployment"))
        .unwrap();
    let told = row.str_at(&["health", "message"]).unwrap();
    assert!(told.starts_with("Deployment web") && told.contains(" ← "), "{told}");
    let revision = stand.commit(
        "main",
        &[("web/web.yaml", &deployment("web", "web:1", 1)), ("web/a.yaml", &config_map("a", "1"))],
    );
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let app = stand.until_app("web", "Synced", "Healthy").await;
    assert_eq!(message(Some(&app)), "");
}
