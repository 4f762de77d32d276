//! What is on record of a plan while it is followed: restarts, changes of the leader, two leaders (DESIGN 6).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "helpers fail the test that uses them"
)]

use std::time::Duration;

use proptest::prelude::*;
use tautline::engine::{OperationPhase, SyncStatus};
use tautline::plan::{Deed, Stage};
use tautline_core::AppId;
use tautline_tests::scenario::{key, manifest};
use tautline_tests::simulation::Simulation;
use tautline_tests::stand::{Stand, SystemClock, application, config_map};

const QUIET: Duration = Duration::from_secs(400);

const BEFORE: [&str; 3] =
    ["ConfigMap a v=1", "ConfigMap old", "Deployment e options=Replace=true replicas=1"];
const THEN: [&str; 6] = [
    "Job migrate hook=PreSync",
    "ConfigMap a v=2",
    "Deployment d wave=1",
    "Deployment e options=Replace=true replicas=2",
    "Job during hook=Sync wave=2",
    "Job smoke hook=PostSync",
];

fn files(objects: &[&str]) -> Vec<(String, String)> {
    let named = (0..).zip(objects);
    named.map(|(n, object): (u32, _)| (format!("web/{n}.json"), manifest(object).to_json())).collect()
}

/// The second commit is there, and nobody has looked at it yet.
fn begun() -> Simulation {
    let mut simulation = Simulation::new(application("web", "web", "prod"));
    simulation.commit(files(&BEFORE));
    simulation.run(QUIET);
    simulation.deeds.clear();
    simulation.effects.clear();
    simulation.commit(files(&THEN));
    simulation
}

fn record(simulation: &Simulation) -> tautline::plan::Record {
    simulation.journal.get(&AppId::new("argocd", "web")).expect("a plan was on record")
}

fn check_end(simulation: &mut Simulation, place: &str) {
    let report = simulation.report();
    assert_eq!(report.sync, SyncStatus::Synced, "{place}: {:#?}", simulation.deeds);
    let phase = report.operation.map(|operation| operation.phase);
    assert!(phase != Some(OperationPhase::Running), "{place}: a sync still runs");
    assert!(record(simulation).is_closed, "{place}: {:?}", record(simulation));
    assert!(simulation.get(&key("ConfigMap/old")).is_none(), "{place}: the prune was lost");
    let value = |name: &str, path: &[&str]| {
        simulation.get(&key(name)).and_then(|o| o.at(path).map(|v| v.to_json())).unwrap_or_default()
    };
    assert_eq!(value("ConfigMap/a", &["data", "key"]), "\"2\"", "{place}");
    assert_eq!(value("Deployment/e", &["spec", "replicas"]), "2", "{place}");
    for hook in ["migrate", "during", "smoke"] {
        let ran = |d: &&tautline_tests::simulation::Deed| d.is_done && d.to_string() == format!("Job/{hook}");
        let times = simulation.deeds.iter().filter(ran).count();
        assert_eq!(times, 1, "{place}: {hook} ran {times} times: {:#?}", simulation.deeds);
    }
    let before = simulation.deeds.len();
    simulation.run(QUIET);
    assert_eq!(simulation.deeds.len(), before, "{place}: it goes on writing");
}

#[test]
fn one_entry_each_for_hooks_deletes_and_replaces_and_none_for_applies() {
    let mut simulation = begun();
    let mut seen = std::collections::BTreeSet::new();
    while simulation.effects.last() != Some(&"close") {
        let record = record(&simulation);
        seen.extend(
            record.entries.into_iter().map(|e| (e.deed, e.key.name.clone(), e.stage == Stage::Succeeded)),
        );
        simulation.run_effects(1, QUIET);
    }
    simulation.run(QUIET);
    let kinds: std::collections::BTreeSet<(Deed, &str)> =
        seen.iter().map(|(d, n, _)| (*d, n.as_str())).collect();
    let expected = [
        (Deed::RunHook, "migrate"),
        (Deed::RunHook, "during"),
        (Deed::RunHook, "smoke"),
        (Deed::Delete, "old"),
        (Deed::Replace, "e"),
    ];
    assert_eq!(kinds, expected.into_iter().collect());
    assert!(
        seen.iter().filter(|(deed, _, is_over)| *deed == Deed::RunHook && *is_over).count() == 3,
        "{seen:?}"
    );
    check_end(&mut simulation, "undisturbed");
}

#[test]
fn a_hook_that_was_made_and_is_gone_after_a_restart_is_missed_and_not_run_again() {
    let mut simulation = begun();
    while record(&simulation).made_hooks().is_empty() {
        simulation.run_effects(1, QUIET);
    }
    let job = key("Job/migrate");
    let resource = simulation.admin.resource("batch/v1", "Job").unwrap();
    let target = tautline_cluster::Target::new(resource, &job.namespace, &job.name);
    simulation.admin.remove(&target, tautline::ownership::Propagation::Background).unwrap();
    simulation.restart();
    simulation.run(Duration::from_secs(3));
    let operation = simulation.report().operation.expect("the sync goes on");
    // It has failed, and counts as running because it is tried again.
    assert_eq!(operation.phase, OperationPhase::Running, "{operation:?}");
    assert!(operation.finished_at.is_some() && operation.retries == 1, "{operation:?}");
    assert!(operation.message.contains("missing"), "{}", operation.message);
    assert!(operation.message.contains("Retrying attempt #1 at "), "{}", operation.message);
    // The next try is another run.
    simulation.run(QUIET);
    assert_eq!(simulation.report().sync, SyncStatus::Synced);
}

#[test]
fn another_leader_at_any_effect_goes_on_and_the_first_comes_back() {
    let mut undisturbed = begun();
    undisturbed.run(QUIET);
    check_end(&mut undisturbed, "undisturbed");
    let count = undisturbed.effects.len();
    for at in 0..count {
        let mut simulation = begun();
        simulation.run_effects(at, QUIET);
        let second = simulation.newcomer();
        let first = simulation.lead(second);
        simulation.run(QUIET);
        check_end(&mut simulation, &format!("after {at} effects, the second"));
        // The first one wakes up, and still thinks that it leads.
        simulation.lead(first);
        simulation.run(QUIET);
        check_end(&mut simulation, &format!("after {at} effects, the first again"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("TAUTLINE_DEEP").is_some() { 10_000 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Two controllers take turns at any moment, each with a view that was true when it was paused.
    #[test]
    fn two_leaders_converge_and_double_no_hook(turns in prop::collection::vec(1..25_usize, 2..12)) {
        let mut simulation = begun();
        let mut other = simulation.newcomer();
        for turn in &turns {
            simulation.run_effects(*turn, Duration::from_secs(30));
            other = simulation.lead(other);
        }
        for _ in 0..2 {
            simulation.run(QUIET);
            other = simulation.lead(other);
        }
        simulation.run(QUIET);
        check_end(&mut simulation, &format!("turns {turns:?}"));
    }
}

/// Two controllers on one cluster, each with Applications of its own view: the journal in the Applications keeps the
/// second one from what the first has begun.
#[tokio::test(flavor = "multi_thread")]
async fn two_controllers_on_one_cluster_run_a_hook_once() {
    let mut stand = Stand::embedded().await;
    let cluster = stand.server().caller(tautline_apiserver::Identity::admin("second"));
    let masking = tautline_core::MaskingKey::new([9; 32]);
    let second = tautline::Embedding::new(
        std::sync::Arc::new(cluster),
        stand.source.clone(),
        std::sync::Arc::new(SystemClock),
        masking,
    );
    let second = second.control(stand.options.clone()).await.unwrap();
    let hook = |name: &str, phase: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: {name}-\n  annotations: \
             {{argocd.argoproj.io/hook: {phase}}}\nspec:\n  template:\n    spec: {{restartPolicy: Never, containers: \
             [{{name: a, image: a}}]}}\n"
        )
    };
    let (before, after) = (hook("before", "PreSync"), hook("after", "PostSync"));
    let (mut first, mut last) = (String::new(), String::new());
    for value in ["1", "2", "3"] {
        let config = config_map("a", value);
        let files = [("web/a.yaml", config.as_str()), ("web/b.yaml", &before), ("web/c.yaml", &after)];
        last = stand.commit("main", &files);
        if first.is_empty() {
            first.clone_from(&last);
            stand.apply(application("web", "web", "prod")).await;
        } else {
            stand.refresh("web").await;
        }
        stand.until_synced("web", &last).await;
        let key = ("argoproj.io/v1alpha1", "Application", "argocd", "web");
        let is_closed = |app: Option<&tautline_core::Object>| {
            app.and_then(|app| app.annotation("tautline.dev/journal"))
                .is_some_and(|record| record.contains("\"isClosed\":true") && record.contains(&last))
        };
        stand.until(key.0, key.1, key.2, key.3, "closed in the journal", is_closed).await;
    }
    stand.let_time_pass().await;
    let jobs = stand.list("batch/v1", "Job", "prod").await;
    let names: Vec<String> = jobs.iter().map(|job| job.name().to_owned()).collect();
    for prefix in ["before-", "after-"] {
        let of_last = names.iter().filter(|n| n.starts_with(&format!("{prefix}{}", &last[..7]))).count();
        assert_eq!(of_last, 1, "{prefix}: {names:?}");
    }
    second.stop().await;
    stand.stop_controller().await;
}
