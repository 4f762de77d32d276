//! A controller that dies at any of its effects, before it or after: the next one brings the same end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use tautline::engine::{OperationPhase, SyncStatus};
use tautline_core::{Value, value};
use tautline_tests::scenario::{key, manifest};
use tautline_tests::simulation::{Crash, EFFECTS, Moment, Simulation};
use tautline_tests::stand::{application, set};

const QUIET: Duration = Duration::from_secs(400);

/// What is synced first, if anything, and what is synced then.
struct Story {
    name: &'static str,
    before: &'static [&'static str],
    then: &'static [&'static str],
    /// What must have been done in this order in the end, by whichever controller.
    order: &'static [&'static str],
}

const STORIES: [Story; 4] = [
    Story {
        name: "fresh",
        before: &[],
        then: &["ConfigMap a", "ServiceAccount s", "Deployment d", "Service v"],
        order: &["Namespace/prod", "ServiceAccount/s", "ConfigMap/a", "Service/v", "Deployment/d"],
    },
    Story {
        name: "update",
        before: &["ConfigMap a v=1", "ConfigMap b v=1", "Deployment d replicas=1"],
        then: &["ConfigMap a v=2", "ConfigMap b v=2", "Deployment d replicas=2", "Secret new"],
        order: &["Secret/new", "Deployment/d"],
    },
    Story {
        name: "prune",
        before: &["ConfigMap a", "ConfigMap b", "Service v", "Deployment d"],
        then: &["ConfigMap a v=2"],
        order: &["ConfigMap/a", "-Deployment/d", "-Service/v", "-ConfigMap/b"],
    },
    Story {
        name: "hooks and waves",
        before: &["ConfigMap a v=1", "ConfigMap old"],
        then: &[
            "Job migrate hook=PreSync",
            "ConfigMap a v=2",
            "Deployment d wave=1",
            "Job during hook=Sync wave=2 policy=HookSucceeded",
            "Job smoke hook=PostSync",
        ],
        order: &["Job/migrate", "ConfigMap/a", "Deployment/d", "Job/during", "Job/smoke"],
    },
];

fn files(objects: &[&str]) -> Vec<(String, String)> {
    (0..)
        .zip(objects)
        .map(|(n, object): (u32, _)| (format!("web/{n}.json"), manifest(object).to_json()))
        .collect()
}

/// A story up to the point at which the controller may die.
fn begun(story: &Story) -> Simulation {
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "automated"], value!({ "prune": true, "selfHeal": true }));
    let mut simulation = Simulation::new(app);
    if !story.before.is_empty() {
        simulation.commit(files(story.before));
        simulation.run(QUIET);
        simulation.deeds.clear();
        simulation.effects.clear();
    }
    simulation.commit(files(story.then));
    simulation
}

/// What the cluster holds in the end, versions and times aside.
fn end(simulation: &Simulation) -> BTreeMap<String, Value> {
    let kinds = ["ConfigMap", "Secret", "ServiceAccount", "Service", "Deployment", "Job"];
    let names = ["a", "b", "s", "d", "v", "new", "old", "migrate", "during", "smoke"];
    let all = kinds.iter().flat_map(|kind| names.iter().map(move |name| format!("{kind}/{name}")));
    all.filter_map(|name| {
        let live = simulation.get(&key(&name))?;
        let field = |field: &str| live.get(field).cloned().unwrap_or_default();
        let spec = if live.kind() == "Deployment" { field("spec") } else { Value::Null };
        Some((name, value!({ "data": (field("data")), "spec": spec })))
    })
    .collect()
}

/// Checks what holds in the end whatever happened.
fn check_end(simulation: &mut Simulation, story: &Story, expected: &BTreeMap<String, Value>, place: &str) {
    let report = simulation.report();
    assert_eq!(report.sync, SyncStatus::Synced, "{place}: {:?}", simulation.deeds);
    assert_eq!(&end(simulation), expected, "{place}");
    let phase = report.operation.map(|operation| operation.phase);
    assert!(!matches!(phase, Some(OperationPhase::Running)), "{place}: a sync still runs");
    let done: Vec<String> = simulation.deeds.iter().filter(|d| d.is_done).map(ToString::to_string).collect();
    let mut last = 0;
    for step in story.order {
        let at = done.iter().position(|d| d == step);
        let at = at.unwrap_or_else(|| panic!("{place}: {step} was never done, but {done:?}"));
        assert!(at >= last, "{place}: {step} came too early: {done:?}");
        last = at;
    }
    // Nothing is left to do (L1).
    let before = simulation.deeds.len();
    simulation.run(QUIET);
    assert_eq!(simulation.deeds.len(), before, "{place}: it goes on writing");
}

/// Kills the controller at an effect, and once more as it begins again if `twice`.
fn dies_at(story: &Story, crash: Crash, expected: &BTreeMap<String, Value>, place: &str) {
    let mut simulation = begun(story);
    simulation.crash = Some(crash);
    simulation.run(QUIET);
    assert!(simulation.crash.is_none(), "{place}: it never died");
    check_end(&mut simulation, story, expected, place);
}

#[test]
fn twelve_effects_before_and_after_in_four_stories() {
    let mut cases = 0;
    for story in &STORIES {
        let mut undisturbed = begun(story);
        undisturbed.run(QUIET);
        let (effects, expected) = (undisturbed.effects.clone(), end(&undisturbed));
        check_end(&mut undisturbed, story, &expected, story.name);
        for effect in EFFECTS {
            let occurs: Vec<usize> =
                effects.iter().enumerate().filter(|(_, e)| **e == effect).map(|(n, _)| n).collect();
            for moment in [Moment::Before, Moment::After] {
                // The first and the last time; one that does not occur in a story is the end of the story.
                let at = [occurs.first(), occurs.last()].map(|at| at.copied().unwrap_or(effects.len() - 1));
                for at in at {
                    let place = format!("{}, {moment:?} {effect} ({at})", story.name);
                    dies_at(story, Crash { at, moment }, &expected, &place);
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 2 * 2 * 12 * 4);
}

#[test]
fn every_single_effect_of_every_story() {
    for story in &STORIES {
        let mut undisturbed = begun(story);
        undisturbed.run(QUIET);
        let (count, expected) = (undisturbed.effects.len(), end(&undisturbed));
        for at in 0..count {
            for moment in [Moment::Before, Moment::After] {
                let place = format!("{}, {moment:?} effect {at} ({})", story.name, undisturbed.effects[at]);
                dies_at(story, Crash { at, moment }, &expected, &place);
            }
        }
    }
}

#[test]
fn a_hook_that_has_ended_is_not_run_again_after_a_crash() {
    let story = &STORIES[3];
    let mut undisturbed = begun(story);
    undisturbed.run(QUIET);
    let expected = end(&undisturbed);
    let ran = |simulation: &Simulation, name: &str| {
        simulation.deeds.iter().filter(|d| d.is_done && d.to_string() == format!("Job/{name}")).count()
    };
    for at in 0..undisturbed.effects.len() {
        for moment in [Moment::Before, Moment::After] {
            let mut simulation = begun(story);
            simulation.crash = Some(Crash { at, moment });
            simulation.run(QUIET);
            assert_eq!(end(&simulation), expected);
            // At least once, as promised; twice only where its start was not on record yet.
            for hook in ["migrate", "smoke"] {
                let times = ran(&simulation, hook);
                assert_eq!(
                    times, 1,
                    "{hook} ran {times} times after {moment:?} effect {at}: {:?}",
                    simulation.deeds
                );
            }
        }
    }
}
