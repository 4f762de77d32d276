//! What the status says of an operation, its results and the history, as clients of Argo CD read it.
#![allow(clippy::unwrap_used, reason = "helpers fail the test that uses them")]

use tautline_cluster::Patch;
use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

const APP: &str = "argoproj.io/v1alpha1";

fn at<'a>(app: &'a Object, path: &[&str]) -> &'a str {
    app.str_at(path).unwrap_or_default()
}

async fn ask(stand: &Stand, operation: Value) {
    let patch = Patch::Merge(value!({ "operation": operation }));
    stand.patch(APP, "Application", "argocd", "web", patch).await;
}

#[tokio::test]
async fn what_was_asked_for_and_what_came_of_it_stay_readable() {
    let stand = Stand::start().await;
    let files = |value: &str| {
        [("web/a.yaml", config_map("a", value)), ("web/web.yaml", deployment("web", "shop:1", 1))]
    };
    let commit = |value: &str| {
        let files = files(value);
        stand.commit("main", &files.each_ref().map(|(path, text)| (*path, text.as_str())))
    };
    let first = commit("1");
    let mut web = application("web", "web", "prod");
    set(&mut web, &["spec", "syncPolicy", "automated"], Value::Null);
    set(
        &mut web,
        &["spec", "syncPolicy", "managedNamespaceMetadata"],
        value!({ "labels": { "team": "shop" } }),
    );
    stand.apply(web.clone()).await;
    stand.until_app("web", "OutOfSync", "Missing").await;
    ask(
        &stand,
        value!({ "sync": { "prune": true, "syncOptions": ["CreateNamespace=true"] },
            "initiatedBy": { "username": "ann" }, "info": [{ "name": "ticket", "value": "5" }],
            "retry": { "limit": 2 } }),
    )
    .await;
    stand.until_app("web", "Synced", "Healthy").await;
    let app = stand.until_synced("web", &first).await;
    let state = app.at(&["status", "operationState"]).unwrap();
    let asked = state.get("operation").unwrap();
    assert_eq!(asked.str_at(&["sync", "revision"]), Some(first.as_str()));
    assert_eq!(asked.str_at(&["initiatedBy", "username"]), Some("ann"));
    assert_eq!(asked.list_at(&["info"]).first().and_then(|info| info.str_at(&["value"])), Some("5"));
    assert_eq!(asked.i64_at(&["retry", "limit"]), Some(2));
    assert_eq!(asked.list_at(&["sync", "syncOptions"]).len(), 1);
    assert!(state.at(&["syncResult", "managedNamespaceMetadata", "labels", "team"]).is_some());
    let results = state.list_at(&["syncResult", "resources"]);
    let kinds: Vec<&str> = results.iter().filter_map(|result| result.str_at(&["kind"])).collect();
    assert_eq!(kinds, ["Namespace", "ConfigMap", "Deployment"], "in the order of the plan");
    let images = results.last().map(|result| result.list_at(&["images"])).unwrap_or_default();
    assert_eq!(images.first().and_then(Value::as_str), Some("shop:1"));
    // Another source, and an operation of other words: nothing of the first is left in the second, and the history
    // keeps what was deployed by whom.
    let second = commit("2");
    set(&mut web, &["spec", "source", "directory"], value!({ "recurse": true }));
    stand.apply(web).await;
    stand.refresh("web").await;
    stand.until_app("web", "OutOfSync", "Healthy").await;
    ask(&stand, value!({ "sync": {}, "initiatedBy": { "username": "bob" } })).await;
    let app = stand.until_synced("web", &second).await;
    let asked = app.at(&["status", "operationState", "operation"]).unwrap();
    assert_eq!(asked.str_at(&["initiatedBy", "username"]), Some("bob"));
    assert!(asked.get("info").is_none() && asked.get("retry").is_none(), "{}", asked.to_json());
    let history = app.list_at(&["status", "history"]);
    let by: Vec<_> = history.iter().map(|entry| entry.str_at(&["initiatedBy", "username"])).collect();
    assert_eq!(by, [Some("ann"), Some("bob")]);
    let recurses = |entry: &Value| entry.at(&["source", "directory"]).is_some();
    assert_eq!(history.iter().map(recurses).collect::<Vec<_>>(), [false, true]);
    assert_eq!(at(&app, &["status", "operationState", "phase"]), "Succeeded");
}
