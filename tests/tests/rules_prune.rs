//! Rules R3, R17, R18, R19: nothing goes because something is unknown, and what goes, goes in order.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline_apiserver::{Failure, Fault, FaultRule, Matcher, Verb};
use tautline_cluster::Patch;
use tautline_core::value;
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

const APP: &str = "argoproj.io/v1alpha1";
/// A manifest whose third line is not YAML.
const BROKEN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n";

async fn two_maps() -> Stand {
    two_maps_on(Stand::start().await).await
}

async fn two_maps_on(stand: Stand) -> Stand {
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/b.yaml", &config_map("b", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand
}

async fn both_stay(stand: &Stand) {
    stand.let_time_pass().await;
    for name in ["a", "b"] {
        let object = stand.get("v1", "ConfigMap", "prod", name).await;
        assert!(object.is_some_and(|o| !o.is_terminating()), "{name} stays");
    }
    assert_eq!(stand.asked("delete", "configmaps"), 0);
}

#[tokio::test]
async fn r17_a_render_error_prunes_nothing() {
    let stand = two_maps().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/c.yaml", BROKEN)]);
    stand.refresh("web").await;
    stand.until_condition("web", "ComparisonError", "web/c.yaml").await;
    both_stay(&stand).await;
}

#[tokio::test]
async fn r17_a_branch_that_is_gone_prunes_nothing() {
    let stand = two_maps().await;
    stand.delete_branch("main");
    stand.refresh("web").await;
    let app = stand.until_condition("web", "ComparisonError", "main").await;
    assert_eq!(app.str_at(&["status", "sync", "status"]), Some("Unknown"));
    both_stay(&stand).await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.refresh("web").await;
    stand.until("v1", "ConfigMap", "prod", "b", "pruned", |o| o.is_none()).await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn r17_a_path_that_is_gone_prunes_nothing() {
    let stand = two_maps().await;
    stand.commit("main", &[("other/a.yaml", &config_map("a", "1"))]);
    stand.refresh("web").await;
    stand.until_condition("web", "ComparisonError", "web").await;
    both_stay(&stand).await;
}

#[tokio::test]
async fn r17_an_empty_render_after_a_full_one_needs_allow_empty() {
    let stand = two_maps().await;
    stand.commit("main", &[("web/README.md", "nothing")]);
    stand.refresh("web").await;
    stand.until_condition("web", "SyncError", "allowEmpty").await;
    both_stay(&stand).await;
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated", "allowEmpty"], true.into());
    stand.apply(app).await;
    stand.until("v1", "ConfigMap", "prod", "a", "pruned", |o| o.is_none()).await;
    stand.until("v1", "ConfigMap", "prod", "b", "pruned", |o| o.is_none()).await;
}

#[tokio::test]
async fn r17_a_failed_apply_withholds_the_prunes() {
    let stand = two_maps_on(Stand::embedded().await).await;
    let refusal = Failure::new(403, "Forbidden", "the policy forbids a");
    let on = Matcher::new(Verb::Patch, "configmaps").named("a");
    stand.server().add_fault(FaultRule::always(on, Fault::Answer(refusal)));
    stand.commit("main", &[("web/a.yaml", &config_map("a", "2"))]);
    stand.refresh("web").await;
    stand.until_condition("web", "SyncError", "the policy forbids a").await;
    both_stay(&stand).await;
}

#[tokio::test]
async fn r17_without_prune_it_is_only_shown() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/b.yaml", &config_map("b", "1"))]);
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated", "prune"], false.into());
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.refresh("web").await;
    let app = stand.until_app("web", "OutOfSync", "Healthy").await;
    let rows = app.list_at(&["status", "resources"]);
    assert!(rows.iter().any(|r| r.str_at(&["name"]) == Some("b")
        && r.at(&["requiresPruning"]).and_then(|v| v.as_bool()) == Some(true)));
    both_stay(&stand).await;
}

#[tokio::test]
async fn r03_killed_after_the_first_object_of_a_new_kind_it_is_pruned_after_a_restart() {
    let mut stand = two_maps().await;
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  ports:\n  - port: 80\n";
    let kept = [("web/a.yaml", config_map("a", "1")), ("web/b.yaml", config_map("b", "1"))];
    let mut files: Vec<(&str, &str)> = kept.iter().map(|(p, t)| (*p, t.as_str())).collect();
    let without = files.clone();
    files.push(("web/s.yaml", service));
    stand.commit("main", &files);
    stand.refresh("web").await;
    stand.until("v1", "Service", "prod", "s", "created", |o| o.is_some()).await;
    stand.stop_controller().await;
    let app = stand.app("web").await;
    assert!(app.annotation("tautline.dev/kinds").unwrap_or_default().contains("Service"));
    // What was killed could not write its status.
    let forget = value!({ "status": { "resources": [] } });
    stand.patch(APP, "Application", "argocd", "web", Patch::Merge(forget)).await;
    stand.commit("main", &without);
    stand.start_controller().await;
    stand.until("v1", "Service", "prod", "s", "pruned", |o| o.is_none()).await;
    stand.until_app("web", "Synced", "Healthy").await;
}

fn options(manifest: &str, line: &str) -> String {
    manifest.replacen("metadata:\n", &format!("metadata:\n  annotations: {{{line}}}\n"), 1)
}

#[tokio::test]
async fn r01_r18_what_asks_to_be_kept_is_kept() {
    let stand = Stand::start().await;
    let no_prune = options(&config_map("p", "1"), "argocd.argoproj.io/sync-options: Prune=false");
    let no_delete = options(&config_map("d", "1"), "argocd.argoproj.io/sync-options: Delete=false");
    let keep = options(&config_map("k", "1"), "helm.sh/resource-policy: keep");
    let all = [
        ("web/a.yaml", config_map("a", "1")),
        ("web/p.yaml", no_prune),
        ("web/d.yaml", no_delete),
        ("web/k.yaml", keep),
    ];
    let files: Vec<(&str, &str)> = all.iter().map(|(p, t)| (*p, t.as_str())).collect();
    stand.commit("main", &files);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let without: Vec<(&str, &str)> =
        files.iter().filter(|(p, _)| !p.contains("/p.") && !p.contains("/k.")).copied().collect();
    let revision = stand.commit("main", &without);
    stand.refresh("web").await;
    stand
        .until(APP, "Application", "argocd", "web", "compared", |a| {
            a.is_some_and(|a| a.str_at(&["status", "sync", "revision"]) == Some(revision.as_str()))
        })
        .await;
    stand.let_time_pass().await;
    assert_eq!(stand.asked("delete", "configmaps"), 0);
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    assert!(stand.get("v1", "ConfigMap", "prod", "d").await.is_some());
    assert!(stand.get("v1", "ConfigMap", "prod", "k").await.is_some());
}

#[tokio::test]
async fn r18_without_the_finalizer_the_objects_stay() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = application("web", "web", "prod");
    set(&mut app, &["metadata", "finalizers"], value!([]));
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
    stand.let_time_pass().await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_some());
}

#[tokio::test]
async fn r18_the_finalizer_leaves_last() {
    let stand = Stand::start().await;
    let held =
        config_map("a", "1").replacen("metadata:\n", "metadata:\n  finalizers: [example.com/hold]\n", 1);
    stand.commit("main", &[("web/a.yaml", &held), ("web/d.yaml", &deployment("web", "shop:1", 1))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.delete(APP, "Application", "argocd", "web").await;
    stand
        .until("v1", "ConfigMap", "prod", "a", "terminating", |o| o.is_some_and(|o| o.is_terminating()))
        .await;
    stand.let_time_pass().await;
    assert!(
        stand.get("apps/v1", "Deployment", "prod", "web").await.is_none(),
        "Deployments go before ConfigMaps"
    );
    assert!(stand.app("web").await.finalizers().next().is_some());
    let release = value!([{ "op": "remove", "path": "/metadata/finalizers" }]);
    stand.patch("v1", "ConfigMap", "prod", "a", Patch::Json(release)).await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
}

#[tokio::test]
async fn r19_a_namespace_with_foreign_content_is_kept() {
    let stand = Stand::start().await;
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n";
    stand.commit("main", &[("web/ns.yaml", namespace), ("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let foreign = value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "theirs", "namespace": "prod" } });
    stand.apply(foreign).await;
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    assert!(stand.get("v1", "ConfigMap", "prod", "theirs").await.is_some());
    assert!(stand.get("v1", "Namespace", "", "prod").await.is_some_and(|n| !n.is_terminating()));
}

#[tokio::test]
async fn r19_a_namespace_of_its_own_goes_with_the_app() {
    let stand = Stand::start().await;
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n";
    stand.commit("main", &[("web/ns.yaml", namespace), ("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
    assert!(stand.get("v1", "Namespace", "", "prod").await.is_none());
}

const WIDGETS: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.example.com\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            type: object\n            properties:\n              size: {type: integer}\n";

#[tokio::test]
async fn r19_a_definition_and_its_resource_in_one_commit_and_definitions_are_never_pruned() {
    let stand = Stand::start().await;
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\nspec:\n  size: 3\n";
    stand.commit(
        "main",
        &[("web/a.yaml", widget), ("web/crd.yaml", WIDGETS), ("web/m.yaml", &config_map("m", "1"))],
    );
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    assert!(stand.get("example.com/v1", "Widget", "prod", "w").await.is_some());
    stand.commit("main", &[("web/m.yaml", &config_map("m", "1"))]);
    stand.refresh("web").await;
    stand.until("example.com/v1", "Widget", "prod", "w", "pruned", |o| o.is_none()).await;
    stand.let_time_pass().await;
    let crd =
        stand.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "widgets.example.com").await;
    assert!(crd.is_some_and(|crd| !crd.is_terminating()));
}
