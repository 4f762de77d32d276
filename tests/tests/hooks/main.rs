//! Hooks and waves, as Applications written for Argo CD use them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

mod stories;

use std::sync::Arc;

use tautline_apiserver::Admission;
use tautline_core::{Object, Value, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

use stories::*;

const APP: &str = "argoproj.io/v1alpha1";

#[tokio::test]
async fn hooks_run_around_the_sync_and_are_shown() {
    let stand = Stand::start().await;
    let revision = stand.commit(
        "main",
        &[
            ("web/a.yaml", &config_map("a", "1")),
            ("web/pre.yaml", &hook("name: migrate", "PreSync", "", "db:1")),
            ("web/post.yaml", &hook("generateName: smoke-", "PostSync", "", "smoke:1")),
            ("web/skip.yaml", &hook("name: never", "Skip", "", "x:1")),
        ],
    );
    stand.apply(application("web", "web", "prod")).await;
    let app = until_phase(&stand, "web", &revision, "Succeeded").await;
    let migrate = result(&app, "migrate");
    assert_eq!(migrate.str_at(&["hookType"]), Some("PreSync"));
    assert_eq!(migrate.str_at(&["hookPhase"]), Some("Succeeded"));
    assert_eq!(migrate.str_at(&["syncPhase"]), Some("PreSync"));
    let smoke = result(&app, "smoke-");
    let name = smoke.str_at(&["name"]).unwrap();
    assert!(name.starts_with(&format!("smoke-{}-postsync-", &revision[..7])), "{name}");
    assert!(stand.get("batch/v1", "Job", "prod", "never").await.is_none());
    let job = stand.get("batch/v1", "Job", "prod", "migrate").await.unwrap();
    assert_eq!(job.i64_at(&["status", "succeeded"]), Some(1));
    let rows = app.list_at(&["status", "resources"]);
    assert!(rows.iter().all(|r| r.str_at(&["kind"]) != Some("Job")), "a hook is no resource: {rows:?}");
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn a_hook_runs_anew_at_every_sync_and_what_it_left_goes_first() {
    let stand = Stand::start().await;
    let files = |value: &str| {
        [
            ("web/a.yaml", config_map("a", value)),
            ("web/pre.yaml", hook("name: migrate", "PreSync", "", "db:1")),
        ]
    };
    let commit = |value: &str| {
        let files = files(value);
        stand.commit("main", &files.each_ref().map(|(path, text)| (*path, text.as_str())))
    };
    let revision = commit("1");
    stand.apply(application("web", "web", "prod")).await;
    until_phase(&stand, "web", &revision, "Succeeded").await;
    let first = stand.get("batch/v1", "Job", "prod", "migrate").await.unwrap();
    // Drift is healed without hooks.
    let theirs = value!({ "data": { "key": "theirs" } });
    stand.patch("v1", "ConfigMap", "prod", "a", tautline_cluster::Patch::Merge(theirs)).await;
    let healed = |o: Option<&Object>| o.is_some_and(|o| o.str_at(&["data", "key"]) == Some("1"));
    stand.until("v1", "ConfigMap", "prod", "a", "healed", healed).await;
    assert_eq!(stand.get("batch/v1", "Job", "prod", "migrate").await.unwrap().uid(), first.uid());
    let revision = commit("2");
    stand.refresh("web").await;
    until_phase(&stand, "web", &revision, "Succeeded").await;
    let second = stand.get("batch/v1", "Job", "prod", "migrate").await.unwrap();
    assert_ne!(first.uid(), second.uid());
}

#[tokio::test]
async fn a_hook_that_succeeds_goes_after_its_phase() {
    let stand = Stand::start().await;
    let revision = stand.commit(
        "main",
        &[
            ("web/a.yaml", &config_map("a", "1")),
            ("web/pre.yaml", &hook("name: migrate", "PreSync", "HookSucceeded", "db:1")),
        ],
    );
    stand.apply(application("web", "web", "prod")).await;
    let app = until_phase(&stand, "web", &revision, "Succeeded").await;
    assert_eq!(result(&app, "migrate").str_at(&["hookPhase"]), Some("Succeeded"));
    stand.until("batch/v1", "Job", "prod", "migrate", "gone", |o| o.is_none()).await;
}

#[tokio::test]
async fn a_failed_hook_stops_the_sync_runs_its_fail_hooks_and_blocks_no_newer_commit() {
    let stand = Stand::start().await;
    let pre = |image: &str| hook("name: migrate", "PreSync", "HookFailed", image);
    let fail = hook("name: page", "SyncFail", "", "pager:1");
    let revision = stand.commit(
        "main",
        &[("web/a.yaml", &config_map("a", "1")), ("web/pre.yaml", &pre("fail:1")), ("web/fail.yaml", &fail)],
    );
    let mut web = application("web", "web", "prod");
    set(&mut web, &["spec", "syncPolicy", "retry"], value!({ "limit": 0 }));
    stand.apply(web).await;
    let app = until_phase(&stand, "web", &revision, "Failed").await;
    assert_eq!(result(&app, "migrate").str_at(&["hookPhase"]), Some("Failed"));
    let message = app.str_at(&["status", "operationState", "message"]).unwrap();
    assert!(message.contains("completed unsuccessfully") && message.contains("migrate"), "{message}");
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none(), "the sync proper was not begun");
    let page = stand.get("batch/v1", "Job", "prod", "page").await.unwrap();
    assert_eq!(page.i64_at(&["status", "succeeded"]), Some(1));
    stand.until("batch/v1", "Job", "prod", "migrate", "gone", |o| o.is_none()).await;
    let revision = stand.commit(
        "main",
        &[("web/a.yaml", &config_map("a", "1")), ("web/pre.yaml", &pre("db:2")), ("web/fail.yaml", &fail)],
    );
    stand.refresh("web").await;
    until_phase(&stand, "web", &revision, "Succeeded").await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn waves_wait_for_health_and_the_last_one_is_awaited() {
    let stand = Stand::start().await;
    let revision = stand.commit(
        "main",
        &[
            ("web/db.yaml", &in_wave(&deployment("db", "db:1", 1), -1)),
            ("web/web.yaml", &deployment("web", "web:1", 1)),
            ("web/last.yaml", &in_wave(&config_map("last", "1"), 3)),
        ],
    );
    stand.apply(application("web", "web", "prod")).await;
    until_phase(&stand, "web", &revision, "Succeeded").await;
    let at = |name: &'static str| {
        let stand = &stand;
        async move { created(&stand.get("apps/v1", "Deployment", "prod", name).await.unwrap()) }
    };
    let last = created(&stand.get("v1", "ConfigMap", "prod", "last").await.unwrap());
    // The last write to a Deployment is the status that makes it healthy.
    assert!(at("db").await < at("web").await && at("web").await < last);
}

#[tokio::test]
async fn a_wave_that_breaks_stops_the_later_ones_until_the_next_commit() {
    let stand = Stand::start().await;
    let files = |image: &str| {
        [
            (
                "web/job.yaml",
                hook("name: load", "Sync", "", image).replacen("argocd.argoproj.io/hook: Sync", "a: b", 1),
            ),
            ("web/late.yaml", in_wave(&config_map("late", "1"), 1)),
        ]
    };
    let commit = |image: &str| {
        let files = files(image);
        stand.commit("main", &files.each_ref().map(|(path, text)| (*path, text.as_str())))
    };
    let revision = commit("fail:1");
    let mut web = application("web", "web", "prod");
    set(&mut web, &["spec", "syncPolicy", "retry"], value!({ "limit": 0 }));
    stand.apply(web).await;
    let app = until_phase(&stand, "web", &revision, "Failed").await;
    assert!(stand.get("v1", "ConfigMap", "prod", "late").await.is_none());
    assert_eq!(result(&app, "load").str_at(&["hookPhase"]), Some("Failed"));
}

/// The definition of a kind whose controller writes a status.
fn definition(kind: &str) -> Value {
    let (plural, lower) = (format!("{}s", kind.to_lowercase()), kind.to_lowercase());
    value!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": (format!("{plural}.example.com")) },
        "spec": { "group": "example.com", "scope": "Namespaced",
            "names": { "kind": kind, "plural": plural, "singular": lower, "listKind": (format!("{kind}List")) },
            "versions": [{ "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object",
                    "x-kubernetes-preserve-unknown-fields": true } } }] } })
}

/// What `argocd-cm` says of the health of both kinds: by a script of the one, by expressions of the other.
fn customizations() -> Value {
    let script = "if obj.status.state == 'done' then return { status = 'Healthy' } end\n\
                  if obj.status.state == 'failed' then return { status = 'Degraded', message = obj.status.why } end\n\
                  return { status = 'Progressing' }";
    let expressions = "- {apiVersion: example.com/v1, kind: Backup, current: \"status.state == 'done'\", failed: \
                       \"status.state == 'failed'\"}";
    value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "argocd-cm", "namespace": "argocd" },
        "data": { "resource.customizations.health.example.com_Migration": script,
            "resource.customizations.expressions": expressions } })
}

#[tokio::test]
async fn hooks_of_custom_kinds_are_judged_by_scripts_and_expressions() {
    let stand = Stand::embedded().await;
    stand.install(definition("Migration")).await;
    stand.install(definition("Backup")).await;
    stand.apply(customizations()).await;
    let hook = |kind: &str, name: &str, phase: &str| {
        format!(
            "apiVersion: example.com/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations: \
             {{argocd.argoproj.io/hook: {phase}, argocd.argoproj.io/hook-delete-policy: HookSucceeded}}\n"
        )
    };
    let files = [
        ("web/a.yaml", config_map("a", "1")),
        ("web/pre.yaml", hook("Migration", "schema", "PreSync")),
        ("web/post.yaml", hook("Backup", "after", "PostSync")),
    ];
    let commit = |value: &str| {
        let mut files = files.clone();
        files[0].1 = config_map("a", value);
        stand.commit("main", &files.each_ref().map(|(path, text)| (*path, text.as_str())))
    };
    let state = |state: &str| value!({ "status": { "state": state, "why": "no such table" } });
    let revision = commit("1");
    let mut web = application("web", "web", "prod");
    set(&mut web, &["spec", "syncPolicy", "retry"], value!({ "limit": 0 }));
    stand.apply(web).await;
    let version = "example.com/v1";
    // Neither the script nor the expressions can say anything before there is a status: the hooks are waited for.
    stand.until(version, "Migration", "prod", "schema", "there", |o| o.is_some()).await;
    let waits = |app: Option<&Object>| {
        app.and_then(|app| app.str_at(&["status", "operationState", "message"]))
            .is_some_and(|message| message.contains("completion of hook example.com/Migration/schema"))
    };
    stand.until(APP, "Application", "argocd", "web", "waiting for its hook", waits).await;
    stand.patch_status(version, "Migration", "prod", "schema", state("done")).await;
    stand.until(version, "Migration", "prod", "schema", "gone", |o| o.is_none()).await;
    stand.until(version, "Backup", "prod", "after", "there", |o| o.is_some()).await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_some());
    stand.patch_status(version, "Backup", "prod", "after", state("done")).await;
    until_phase(&stand, "web", &revision, "Succeeded").await;
    stand.until(version, "Backup", "prod", "after", "gone", |o| o.is_none()).await;
    // One that fails says why.
    let revision = commit("2");
    stand.refresh("web").await;
    stand.until(version, "Migration", "prod", "schema", "there", |o| o.is_some()).await;
    stand.patch_status(version, "Migration", "prod", "schema", state("failed")).await;
    let app = until_phase(&stand, "web", &revision, "Failed").await;
    assert_eq!(result(&app, "schema").str_at(&["message"]), Some("no such table"));
    let config = stand.get("v1", "ConfigMap", "prod", "a").await.unwrap();
    assert_eq!(config.str_at(&["data", "key"]), Some("1"), "the sync proper was not begun");
}

#[tokio::test]
async fn a_hook_that_somebody_holds_is_gone_on_from_when_it_goes() {
    let stand = Stand::embedded().await;
    let held = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  finalizers: [example.com/hold]\n  \
                annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded}\n";
    let revision = stand.commit("main", &[("web/a.yaml", &config_map("a", "1")), ("web/pre.yaml", held)]);
    stand.apply(application("web", "web", "prod")).await;
    let is_leaving = |o: Option<&Object>| o.is_some_and(Object::is_terminating);
    stand.until("v1", "ConfigMap", "prod", "settings", "leaving", is_leaving).await;
    stand.let_time_pass().await;
    let nothing = value!({ "metadata": { "finalizers": null } });
    stand.patch("v1", "ConfigMap", "prod", "settings", tautline_cluster::Patch::Merge(nothing)).await;
    stand.until("v1", "ConfigMap", "prod", "settings", "gone", |o| o.is_none()).await;
    until_phase(&stand, "web", &revision, "Succeeded").await;
}

#[tokio::test]
async fn hooks_of_the_deletion_run_before_and_after_and_are_gone_in_the_end() {
    let stand = Stand::embedded().await;
    stand.commit(
        "main",
        &[
            ("web/a.yaml", &config_map("a", "1")),
            ("web/before.yaml", &hook("name: backup", "PreDelete", "", "backup:1")),
            ("web/after.yaml", &hook("name: farewell", "PostDelete", "", "mail:1")),
        ],
    );
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    assert!(
        stand.get("batch/v1", "Job", "prod", "backup").await.is_none(),
        "a sync runs no hook of the deletion"
    );
    let ran: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let log = ran.clone();
    stand.server().add_validating(Admission::new("log", move |review, object| {
        if review.ask.resource == "jobs" && review.old.is_none() {
            log.lock().unwrap().push(object.name().to_owned());
        }
        Ok(())
    }));
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
    for name in ["backup", "farewell"] {
        assert!(stand.get("batch/v1", "Job", "prod", name).await.is_none(), "{name} is left");
    }
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
    assert_eq!(*ran.lock().unwrap(), ["backup", "farewell"]);
}

#[tokio::test]
async fn an_operation_is_terminated_and_its_hook_goes() {
    let stand = Stand::start().await;
    let revision = stand.commit(
        "main",
        &[
            ("web/a.yaml", &config_map("a", "1")),
            ("web/pre.yaml", &hook("name: hang", "PreSync", "", "broken:1")),
        ],
    );
    let mut web = application("web", "web", "prod");
    set(&mut web, &["spec", "syncPolicy", "retry"], value!({ "limit": 0 }));
    stand.apply(web).await;
    stand.until("batch/v1", "Job", "prod", "hang", "there", |o| o.is_some()).await;
    let app = until_phase(&stand, "web", &revision, "Running").await;
    let message = app.str_at(&["status", "operationState", "message"]).unwrap_or_default().to_owned();
    let terminate = value!({ "status": { "operationState": { "phase": "Terminating" } } });
    stand.patch(APP, "Application", "argocd", "web", tautline_cluster::Patch::Merge(terminate)).await;
    let app = until_phase(&stand, "web", &revision, "Failed").await;
    assert_eq!(
        app.str_at(&["status", "operationState", "message"]),
        Some("Operation terminated"),
        "{message}"
    );
    stand.until("batch/v1", "Job", "prod", "hang", "gone", |o| o.is_none()).await;
    assert!(stand.get("v1", "ConfigMap", "prod", "a").await.is_none());
}

#[tokio::test]
async fn a_controller_that_was_stopped_goes_on_with_its_sync_and_runs_no_hook_twice() {
    let mut stand = Stand::start().await;
    let revision = stand.commit(
        "main",
        &[
            ("web/a.yaml", &config_map("a", "1")),
            ("web/one.yaml", &hook("name: one", "PreSync", "HookSucceeded", "db:1")),
            ("web/post.yaml", &hook("name: two", "PostSync", "", "broken:1")),
        ],
    );
    stand.apply(application("web", "web", "prod")).await;
    stand.until("batch/v1", "Job", "prod", "two", "there", |o| o.is_some()).await;
    until_phase(&stand, "web", &revision, "Running").await;
    let second = stand.get("batch/v1", "Job", "prod", "two").await.unwrap();
    stand.stop_controller().await;
    stand.clear_counts();
    stand.start_controller().await;
    // The job that hangs is let succeed by hand.
    let now = "2026-01-02T03:04:05Z";
    let is = |kind: &str| value!({ "type": kind, "status": "True", "lastTransitionTime": now, "lastProbeTime": now });
    let started = second.str_at(&["status", "startTime"]).unwrap_or(now).to_owned();
    let done = value!({ "status": {
        "startTime": started.as_str(), "completionTime": started.as_str(), "active": null, "ready": 0, "succeeded": 1,
        "conditions": [(is("SuccessCriteriaMet")), (is("Complete"))]
    } });
    let pods = stand.until("batch/v1", "Job", "prod", "two", "still there", |o| o.is_some()).await;
    assert_eq!(pods.unwrap().uid(), second.uid());
    stand.patch_status("batch/v1", "Job", "prod", "two", done).await;
    until_phase(&stand, "web", &revision, "Succeeded").await;
    assert!(
        stand.get("batch/v1", "Job", "prod", "one").await.is_none(),
        "it ran, and went, before the restart"
    );
    assert_eq!(stand.asked("apply", "jobs.batch"), 0, "no hook was run again");
}
