//! Sync options and ignored differences, as Applications written for Argo CD use them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline_cluster::Patch;
use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

const APP: &str = "argoproj.io/v1alpha1";

fn key_is<'a>(wanted: &'a str) -> impl Fn(Option<&Object>) -> bool + Send + Sync + 'a {
    move |o| o.is_some_and(|o| o.str_at(&["data", "key"]) == Some(wanted))
}

fn with_options(name: &str, options: &[&str]) -> Value {
    let mut app = application(name, name, "prod");
    let options: tautline_core::List = options.iter().copied().chain(["CreateNamespace=true"]).collect();
    set(&mut app, &["spec", "syncPolicy", "syncOptions"], options.into());
    app
}

fn annotated(manifest: &str, annotations: &str) -> String {
    manifest.replacen("metadata:\n", &format!("metadata:\n  annotations: {{{annotations}}}\n"), 1)
}

#[tokio::test]
async fn ignored_fields_keep_their_value_and_no_other() {
    let stand = Stand::start().await;
    stand.commit(
        "main",
        &[("web/web.yaml", &deployment("web", "web:1", 2)), ("web/a.yaml", &config_map("a", "1"))],
    );
    let mut app = with_options("web", &[]);
    set(
        &mut app,
        &["spec", "ignoreDifferences"],
        value!([
            { "group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"] },
            { "group": "*", "kind": "*", "jqPathExpressions": [".spec.template.spec.containers[]?.image"] }
        ]),
    );
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let theirs = value!({ "spec": { "replicas": 5 } });
    stand.patch("apps/v1", "Deployment", "prod", "web", Patch::Merge(theirs)).await;
    let image = value!({ "spec": { "template": { "spec": { "containers": [{ "name": "app", "image": "web:9" }] } } } });
    stand.patch("apps/v1", "Deployment", "prod", "web", Patch::Strategic(image)).await;
    stand.let_time_pass().await;
    let is = |o: &Object| {
        let image =
            o.list_at(&["spec", "template", "spec", "containers"])[0].str_at(&["image"]).map(str::to_owned);
        (o.i64_at(&["spec", "replicas"]), image)
    };
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(is(&live), (Some(5), Some("web:9".to_owned())));
    stand.until_app("web", "Synced", "Healthy").await;
    // Something else in Git changes: it is applied, and the ignored fields stay.
    let next = deployment("web", "web:2", 3).replace("labels: {app: web}", "labels: {app: web, tier: front}");
    let revision = stand.commit("main", &[("web/web.yaml", &next), ("web/a.yaml", &config_map("a", "1"))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let live = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_eq!(live.str_at(&["spec", "template", "metadata", "labels", "tier"]), Some("front"));
    assert_eq!(is(&live), (Some(5), Some("web:9".to_owned())));
}

#[tokio::test]
async fn fields_of_a_manager_are_ignored() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = with_options("web", &[]);
    let rules = value!([{ "group": "", "kind": "ConfigMap", "managedFieldsManagers": ["person"] }]);
    set(&mut app, &["spec", "ignoreDifferences"], rules);
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.patch("v1", "ConfigMap", "prod", "a", Patch::Merge(value!({ "data": { "key": "theirs" } }))).await;
    stand.let_time_pass().await;
    assert!(key_is("theirs")(stand.get("v1", "ConfigMap", "prod", "a").await.as_deref()));
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn a_wrong_rule_is_named_and_nothing_is_written() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = with_options("web", &[]);
    let rules = value!([{ "kind": "ConfigMap", "jqPathExpressions": [".a | env"] }]);
    set(&mut app, &["spec", "ignoreDifferences"], rules);
    stand.apply(app).await;
    stand.until_condition("web", "InvalidSpecError", "ignoreDifferences[0].jqPathExpressions").await;
    assert_eq!(stand.written(), 0);
}

#[tokio::test]
async fn replace_puts_the_whole_object_in_the_place_of_the_live_one() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(with_options("web", &["Replace=true"])).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let uid = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap().uid();
    let theirs = value!({ "data": { "key": "theirs", "extra": "x" } });
    stand.patch("v1", "ConfigMap", "prod", "a", Patch::Merge(theirs)).await;
    let live = stand.until("v1", "ConfigMap", "prod", "a", "replaced", key_is("1")).await.unwrap();
    assert_eq!(live.at(&["data", "extra"]), None, "a replace leaves nothing of others");
    assert_eq!(live.uid(), uid);
    assert!(stand.asked("update", "configmaps") >= 1);
}

#[tokio::test]
async fn force_deletes_and_creates_anew_what_cannot_be_changed() {
    let stand = Stand::start().await;
    let selector =
        |label: &str| deployment("web", "web:1", 1).replace("{app: web}", &format!("{{app: {label}}}"));
    stand.commit("main", &[("web/web.yaml", &selector("one"))]);
    stand.apply(with_options("web", &["Force=true"])).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let before = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    let revision = stand.commit("main", &[("web/web.yaml", &selector("two"))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let after = stand.get("apps/v1", "Deployment", "prod", "web").await.unwrap();
    assert_ne!(before.uid(), after.uid());
    assert_eq!(after.str_at(&["spec", "selector", "matchLabels", "app"]), Some("two"));
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn client_side_apply_is_kubectls() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(with_options("web", &["ServerSideApply=false"])).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let live = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    assert!(live.annotation("kubectl.kubernetes.io/last-applied-configuration").is_some());
    let next = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  other: \"2\"\n";
    let revision = stand.commit("main", &[("web/a.yaml", next)]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    let live = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    assert_eq!(live.at(&["data", "key"]), None, "what left Git goes");
    assert_eq!(live.str_at(&["data", "other"]), Some("2"));
}

#[tokio::test]
async fn a_prune_that_needs_it_waits_for_a_person() {
    let stand = Stand::start().await;
    let careful = annotated(&config_map("careful", "1"), "argocd.argoproj.io/sync-options: Prune=confirm");
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/b.yaml", &careful)]);
    stand.apply(with_options("web", &[])).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.refresh("web").await;
    let what = "waiting for a confirmation";
    stand
        .until(APP, "Application", "argocd", "web", what, |app| {
            let message =
                app.and_then(|a| a.str_at(&["status", "operationState", "message"])).unwrap_or_default();
            message == "waiting for pruning confirmation of /ConfigMap/careful"
        })
        .await;
    let app = stand.app("web").await;
    let rows = app.list_at(&["status", "resources"]);
    let row = rows.iter().find(|r| r.str_at(&["name"]) == Some("careful")).unwrap();
    assert_eq!(row.get("requiresDeletionConfirmation"), Some(&Value::Bool(true)));
    assert!(stand.get("v1", "ConfigMap", "prod", "careful").await.is_some());
    let approved = value!({ "metadata": { "annotations": {
        "argocd.argoproj.io/deletion-approved": "2999-01-01T00:00:00Z" } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(approved)).await;
    stand.until("v1", "ConfigMap", "prod", "careful", "pruned", |o| o.is_none()).await;
}

#[tokio::test]
async fn a_deletion_that_needs_it_waits_for_a_person() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(with_options("web", &["Delete=confirm"])).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.until_condition("web", "DeletionError", "waiting for confirmation to delete").await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_some());
    let approved = value!({ "metadata": { "annotations": {
        "argocd.argoproj.io/deletion-approved": "2999-01-01T00:00:00Z" } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(approved)).await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
}

#[tokio::test]
async fn the_namespace_gets_its_metadata_and_keeps_what_others_set() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = with_options("web", &[]);
    let metadata = value!({ "labels": { "team": "shop" }, "annotations": { "note": "hi" } });
    set(&mut app, &["spec", "syncPolicy", "managedNamespaceMetadata"], metadata);
    stand.apply(app.clone()).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let namespace = stand.get("v1", "Namespace", "", "prod").await.unwrap();
    assert_eq!((namespace.label("team"), namespace.annotation("note")), (Some("shop"), Some("hi")));
    assert_eq!(namespace.annotation("argocd.argoproj.io/tracking-id"), None, "it is never pruned");
    stand
        .patch(
            "v1",
            "Namespace",
            "",
            "prod",
            Patch::Merge(value!({ "metadata": { "labels": { "b": "c" } } })),
        )
        .await;
    let other = value!({ "labels": { "team": "books" } });
    set(&mut app, &["spec", "syncPolicy", "managedNamespaceMetadata"], other);
    stand.apply(app).await;
    let is_new = |o: Option<&Object>| o.is_some_and(|o| o.label("team") == Some("books"));
    let namespace = stand.until("v1", "Namespace", "", "prod", "relabelled", is_new).await.unwrap();
    assert_eq!(namespace.label("b"), Some("c"));
}

#[tokio::test]
async fn an_app_that_wants_it_so_does_not_sync_beside_another_owner() {
    let stand = Stand::start().await;
    stand.commit(
        "main",
        &[
            ("one/a.yaml", &config_map("a", "1")),
            ("web/a.yaml", &config_map("a", "2")),
            ("web/b.yaml", &config_map("b", "1")),
        ],
    );
    stand.apply(application("one", "one", "prod")).await;
    stand.until_app("one", "Synced", "Healthy").await;
    stand.apply(with_options("web", &["FailOnSharedResource=true"])).await;
    stand
        .until_condition("web", "SyncError", "Shared resource found: ConfigMap prod/a is owned by app one")
        .await;
    assert!(stand.get("v1", "ConfigMap", "prod", "b").await.is_none());
}

#[tokio::test]
async fn extraneous_objects_and_ignored_health_do_not_count() {
    let stand = Stand::start().await;
    let sick =
        annotated(&deployment("sick", "broken:1", 1), "argocd.argoproj.io/ignore-healthcheck: \"true\"");
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/sick.yaml", &sick)]);
    let mut app = with_options("web", &[]);
    set(&mut app, &["spec", "syncPolicy", "automated", "prune"], Value::Bool(false));
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let extra = value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "extra", "namespace": "prod",
        "annotations": { "argocd.argoproj.io/tracking-id": "web:/ConfigMap:prod/extra",
            "argocd.argoproj.io/compare-options": "IgnoreExtraneous" } } });
    stand.create_as("person", extra).await;
    stand.let_time_pass().await;
    stand.until_app("web", "Synced", "Healthy").await;
}

/// Asks for a sync as Argo CD's API server does.
async fn ask(stand: &Stand, sync: Value) {
    let operation = value!({ "operation": { "sync": sync, "initiatedBy": { "username": "me" } } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(operation)).await;
}

async fn until_operation(stand: &Stand, phase: &str, text: &str) -> std::sync::Arc<Object> {
    let app = stand.until(APP, "Application", "argocd", "web", text, |app| {
        let at = |field: &str| {
            app.and_then(|a| a.str_at(&["status", "operationState", field])).unwrap_or_default()
        };
        at("phase") == phase && at("message").contains(text)
    });
    app.await.unwrap()
}

#[tokio::test]
async fn r01_a_dry_run_writes_nothing_and_another_revision_is_refused() {
    let stand = Stand::start().await;
    let revision = stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = with_options("web", &[]);
    set(&mut app, &["spec", "syncPolicy", "automated"], Value::Null);
    stand.apply(app).await;
    stand.until_app("web", "OutOfSync", "Missing").await;
    ask(&stand, value!({ "dryRun": true, "revision": (revision.as_str()) })).await;
    let app = until_operation(&stand, "Succeeded", "dry run").await;
    let results = app.list_at(&["status", "operationState", "syncResult", "resources"]);
    let result = results.iter().find(|r| r.str_at(&["name"]) == Some("a")).unwrap();
    assert_eq!(result.str_at(&["message"]), Some("create (dry run)"));
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    ask(&stand, value!({ "revision": "0123456789" })).await;
    until_operation(&stand, "Error", "0123456789").await;
    ask(&stand, value!({ "manifests": ["{}"] })).await;
    until_operation(&stand, "Error", "operation.sync.manifests").await;
    assert_eq!(stand.written(), 0);
    ask(&stand, value!({ "revision": "main" })).await;
    until_operation(&stand, "Succeeded", "all tasks run").await;
    stand.until_app("web", "Synced", "Healthy").await;
}
