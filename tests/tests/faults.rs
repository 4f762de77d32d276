//! Faults of the server and of the controller: what was begun ends well.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline_apiserver::{Failure, Fault, FaultRule, Matcher, Verb};
use tautline_cluster::Patch;
use tautline_core::{Object, value};
use tautline_tests::stand::{Stand, application, config_map, deployment, set};

const APP: &str = "argoproj.io/v1alpha1";

fn key_is<'a>(wanted: &'a str) -> impl Fn(Option<&Object>) -> bool + Send + Sync + 'a {
    move |o| o.is_some_and(|o| o.str_at(&["data", "key"]) == Some(wanted))
}

fn many(n: usize, value: &str) -> Vec<(String, String)> {
    (0..n).map(|i| (format!("web/{i}.yaml"), config_map(&format!("c{i}"), value))).collect()
}

fn commit(stand: &Stand, files: &[(String, String)]) -> String {
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    stand.commit("main", &files)
}

#[tokio::test]
async fn watches_that_end_and_history_that_is_gone_during_a_sync() {
    let stand = Stand::embedded().await;
    let revision = commit(&stand, &many(50, "1"));
    stand.apply(application("web", "web", "prod")).await;
    stand.until("v1", "ConfigMap", "prod", "c0", "there", |o| o.is_some()).await;
    stand.server().drop_watches();
    stand.server().compact();
    stand.until_synced("web", &revision).await;
    stand.server().compact();
    stand.server().drop_watches();
    let revision = commit(&stand, &many(40, "2"));
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    stand.until("v1", "ConfigMap", "prod", "c49", "pruned", |o| o.is_none()).await;
    let theirs = value!({ "data": { "key": "theirs" } });
    stand.patch("v1", "ConfigMap", "prod", "c7", Patch::Merge(theirs)).await;
    stand.until("v1", "ConfigMap", "prod", "c7", "healed", key_is("2")).await;
}

#[tokio::test]
async fn writes_that_fail_for_a_while_are_tried_again() {
    let stand = Stand::embedded().await;
    let files = many(6, "1");
    let revision = commit(&stand, &files);
    let of = |name: &str| Matcher::new(Verb::Patch, "configmaps").named(name);
    stand
        .server()
        .add_fault(FaultRule::once(of("c0"), Fault::Answer(Failure::internal("etcd has no leader"))));
    stand.server().add_fault(FaultRule::once(of("c1"), Fault::TooManyRequests(1)));
    stand.server().add_fault(FaultRule::once(of("c2"), Fault::AfterCommit));
    stand.server().add_fault(FaultRule::once(of("c3"), Fault::BeforeCommit));
    stand.apply(application("web", "web", "prod")).await;
    let app = stand.until_synced("web", &revision).await;
    assert_eq!(app.str_at(&["status", "operationState", "phase"]), Some("Succeeded"));
    for i in 0..6 {
        assert!(key_is("1")(stand.get("v1", "ConfigMap", "prod", &format!("c{i}")).await.as_deref()));
    }
    // And deletes.
    let on = Matcher::new(Verb::Delete, "configmaps").named("c5");
    stand.server().add_fault(FaultRule::once(on, Fault::AfterCommit));
    commit(&stand, &files[..5]);
    stand.refresh("web").await;
    stand.until("v1", "ConfigMap", "prod", "c5", "pruned", |o| o.is_none()).await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn a_controller_that_is_stopped_in_the_middle_of_a_sync_goes_on_after_a_restart() {
    let mut stand = Stand::embedded().await;
    let revision = commit(&stand, &many(200, "1"));
    let on = Matcher::new(Verb::Patch, "configmaps");
    // From the 100th write on nothing gets through: the controller is cut off in the middle.
    let cut = FaultRule { on, nth: 100, times: u64::MAX, fault: Fault::Answer(Failure::internal("cut off")) };
    stand.server().add_fault(cut);
    stand.apply(application("web", "web", "prod")).await;
    stand.until("v1", "ConfigMap", "prod", "c0", "there", |o| o.is_some()).await;
    stand.stop_controller().await;
    let mut uids = Vec::new();
    for i in 0..200 {
        uids.push(stand.get("v1", "ConfigMap", "prod", &format!("c{i}")).await.and_then(|o| o.uid()));
    }
    stand.server().clear_faults();
    stand.clear_counts();
    stand.start_controller().await;
    stand.until_synced("web", &revision).await;
    for (i, uid) in uids.into_iter().enumerate() {
        let now = stand.get("v1", "ConfigMap", "prod", &format!("c{i}")).await.and_then(|o| o.uid());
        assert!(now.is_some() && (uid.is_none() || uid == now), "c{i} is there, and the same");
    }
    assert_eq!(stand.asked("delete", "configmaps"), 0);
    assert_eq!(stand.app("web").await.list_at(&["status", "resources"]).len(), 200);
}

#[tokio::test]
async fn without_self_heal_drift_is_only_shown() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated", "selfHeal"], false.into());
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let theirs = value!({ "data": { "key": "theirs" } });
    stand.patch("v1", "ConfigMap", "prod", "a", Patch::Merge(theirs)).await;
    stand.until_app("web", "OutOfSync", "Healthy").await;
    stand.let_time_pass().await;
    assert!(key_is("theirs")(stand.get("v1", "ConfigMap", "prod", "a").await.as_deref()));
}

#[tokio::test]
async fn an_observer_writes_nothing() {
    let mut stand = Stand::without_controller().await;
    stand.options.settings.observe = true;
    stand.commit("main", &[("web/a.yaml", &deployment("web", "shop:1", 1))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.start_controller().await;
    let runtime = stand.controller.as_ref().unwrap().runtime().clone();
    let mut changes = runtime.changes();
    let app = tautline_core::AppId::new("argocd", "web");
    while runtime.report(&app).await.is_none_or(|r| r.sync.to_string() != "OutOfSync") {
        changes.recv().await.unwrap();
    }
    let patch = value!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "hard" } } });
    stand.patch("argoproj.io/v1alpha1", "Application", "argocd", "web", Patch::Merge(patch)).await;
    stand.delete("argoproj.io/v1alpha1", "Application", "argocd", "web").await;
    changes.recv().await.unwrap();
    assert_eq!(stand.writes(), [], "nothing is written, not even to the Application");
}

#[tokio::test]
async fn r10_a_delete_that_meets_a_newer_version_is_judged_again() {
    let stand = Stand::embedded().await;
    let files = many(3, "1");
    let revision = commit(&stand, &files);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &revision).await;
    let conflict = |name: &str| {
        let on = Matcher::new(Verb::Delete, "configmaps").named(name);
        FaultRule::once(
            on,
            Fault::Answer(Failure::conflict("", "configmaps", name, "the precondition failed")),
        )
    };
    stand.server().add_fault(conflict("c2"));
    commit(&stand, &files[..2]);
    stand.refresh("web").await;
    stand.until("v1", "ConfigMap", "prod", "c2", "pruned", |o| o.is_none()).await;
    stand.until_app("web", "Synced", "Healthy").await;
    // And in a cascade.
    stand.server().add_fault(conflict("c1"));
    stand.delete(APP, "Application", "argocd", "web").await;
    stand.until(APP, "Application", "argocd", "web", "gone", |o| o.is_none()).await;
    for name in ["c0", "c1"] {
        assert!(stand.get("v1", "ConfigMap", "prod", name).await.is_none(), "{name} went along");
    }
}

#[tokio::test]
async fn the_twentieth_heal_in_a_row_is_as_fast_as_the_first() {
    let stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &deployment("web", "shop:1", 1))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    let image =
        || value!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:1" }]);
    let is_back = |o: Option<&Object>| {
        o.is_some_and(|o| {
            o.list_at(&["spec", "template", "spec", "containers"])[0].str_at(&["image"]) == Some("shop:1")
        })
    };
    for _ in 0..20 {
        stand.patch("apps/v1", "Deployment", "prod", "web", Patch::Json(image())).await;
        let healed = stand.until("apps/v1", "Deployment", "prod", "web", "back at shop:1", is_back);
        let in_time = tokio::time::timeout(std::time::Duration::from_secs(1), healed).await;
        assert!(in_time.is_ok(), "healed within a second");
    }
}
