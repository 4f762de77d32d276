//! What the page shows of an app: its plan, and where in Git a change comes from.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline::RuntimePages;
use tautline::web::{AppPage, Pages, Plan};
use tautline_core::{Value, value};
use tautline_tests::stand::{Stand, application, config_map, set};

/// The page's plan once it is as the check wants it.
async fn plan(pages: &RuntimePages, check: impl Fn(&Plan) -> bool) -> Plan {
    let seek = async {
        loop {
            let page: Option<AppPage> = pages.app("argocd", "web").await;
            if let Some(plan) = page.and_then(|page| page.plan).filter(|plan| check(plan)) {
                return plan;
            }
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    match tokio::time::timeout(patience, seek).await {
        Ok(plan) => plan,
        Err(_) => panic!("the plan is {:#?}", pages.app("argocd", "web").await.map(|page| page.plan)),
    }
}

fn manual() -> Value {
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated"], Value::Null);
    app
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n";

#[tokio::test]
async fn what_a_sync_would_do_is_shown_by_wave_and_without_secrets() {
    let stand = Stand::embedded().await;
    let hook = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations: {argocd.argoproj.io/hook: PreSync}\nspec:\n  template:\n    spec: {restartPolicy: Never, containers: [{name: a, image: a}]}\n";
    let late = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: late\n  annotations: {argocd.argoproj.io/sync-wave: \"1\"}\ndata: {\"<script>\": \"x\"}\n";
    let files = [("web/s.yaml", SECRET), ("web/h.yaml", hook), ("web/l.yaml", late)];
    stand.commit("main", &files);
    stand.apply(manual()).await;
    let runtime = stand.controller.as_ref().unwrap().runtime().clone();
    let pages = RuntimePages::follow(runtime);
    let proposed = plan(&pages, |plan| plan.state == "Proposed").await;
    let groups: Vec<(&str, i64)> = proposed.groups.iter().map(|g| (g.phase.as_str(), g.wave)).collect();
    assert_eq!(groups, [("PreSync", 0), ("Sync", 0), ("Sync", 1)], "{proposed:#?}");
    assert_eq!((proposed.counts.create, proposed.counts.hooks, proposed.counts.delete), (3, 1, 0));
    let blocked = &proposed.groups[2].steps[0].message;
    assert!(blocked.contains("after"), "{blocked}");
    let shown = format!("{proposed:?}");
    for secret in ["hunter2", "aHVudGVyMg"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_plan_that_is_refused_says_why_and_what_it_would_destroy() {
    let stand = Stand::embedded().await;
    let mut app = application("web", "web", "prod");
    set(&mut app, &["metadata", "annotations"], value!({ "tautline.dev/deletion-budget": "0" }));
    let (a, b) = (config_map("a", "1"), config_map("b", "1"));
    stand.commit("main", &[("web/a.yaml", a.as_str()), ("web/b.yaml", b.as_str())]);
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let pages = RuntimePages::follow(stand.controller.as_ref().unwrap().runtime().clone());
    let ended = plan(&pages, |plan| plan.state == "Ended").await;
    assert!(ended.groups.iter().flat_map(|g| &g.steps).all(|step| step.state == "Done"), "{ended:#?}");
    stand.commit("main", &[("web/a.yaml", a.as_str())]);
    stand.refresh("web").await;
    let refused = plan(&pages, |plan| plan.state == "Refused").await;
    assert!(refused.blocked.contains("its budget is 0"), "{}", refused.blocked);
    assert_eq!(refused.destroyed.len(), 1, "{refused:#?}");
    assert!(refused.destroyed[0].contains("ConfigMap prod/b"), "{refused:#?}");
}

#[tokio::test]
async fn a_change_names_the_line_of_its_field() {
    let stand = Stand::embedded().await;
    let file = |value: &str| format!("# of the shop\n---\n{}", config_map("a", value));
    stand.commit("main", &[("web/a.yaml", file("1").as_str())]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.apply(manual()).await;
    stand.commit("main", &[("web/a.yaml", file("2").as_str())]);
    stand.refresh("web").await;
    let pages = RuntimePages::follow(stand.controller.as_ref().unwrap().runtime().clone());
    let seek = async {
        loop {
            let page: Option<AppPage> = pages.app("argocd", "web").await;
            let nodes = page.map(|page| page.tree).unwrap_or_default();
            if let Some(change) = nodes.into_iter().flat_map(|node| node.changes).next() {
                return change;
            }
            tokio::task::yield_now().await;
        }
    };
    let change = tokio::time::timeout(std::time::Duration::from_secs(20), seek).await.unwrap();
    assert!(change.ends_with(r#""1" → "2" (set in Git, web/a.yaml:8)"#), "{change}");
}
