//! Laws that hold for any app: made of random objects, waves, hooks and options.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "helpers fail the test that uses them"
)]

mod apps;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tautline::apply::{Executor, Fresh, Job, WriteSettings};
use tautline::diff::{Difference, Outcome};
use tautline::engine::SyncStatus;
use tautline::ownership::{AppInstance, CompleteRender, Destination, Owner, Pair, Scope, Scopes, prepare};
use tautline::plan::{Condition, HookRun, Inputs, Next, Plan, PlanOptions, Progress, Standing, StepResult};
use tautline_apiserver::Server;
use tautline_cluster::Target;
use tautline_core::{
    AppId, Freshness, GroupKind, Manifest, Object, Origin, Presence, ResourceKey, Timestamp, Value,
};
use tautline_tests::scenario::{key, manifest};
use tautline_tests::simulation::{Crash, Moment, Simulation};
use tautline_tests::stand::set;

use apps::{KINDS, config, files, objects, simulation, state};

const QUIET: Duration = Duration::from_secs(400);
proptest! {
    #![proptest_config(config())]

    /// plan(apply(plan)) is empty, and what is there is what Git wants.
    #[test]
    fn a_sync_leaves_nothing_to_do(first in objects(), second in objects()) {
        let mut simulation = simulation();
        simulation.commit(files(&first));
        simulation.run(QUIET);
        simulation.commit(files(&second));
        simulation.run(QUIET);
        let kept = first.iter().any(|o| o.contains("keep") || o.contains("Prune=false"));
        prop_assert!(kept || simulation.report().sync == SyncStatus::Synced, "{:?}", simulation.report());
        for object in second.iter().filter(|o| !o.contains("hook=")) {
            let words: Vec<&str> = object.split(' ').collect();
            prop_assert!(simulation.get(&key(&format!("{}/{}", words[0], words[1]))).is_some(), "{object}");
        }
        let before = simulation.deeds.len();
        simulation.run(QUIET);
        prop_assert_eq!(simulation.deeds.len(), before, "{:?}", &simulation.deeds[before..]);
    }

    /// Any prefix, a crash, and going on come to the same end.
    #[test]
    fn a_crash_anywhere_comes_to_the_same_end(first in objects(), second in objects(), at in 0..200_usize, after: bool) {
        let run = |crash: Option<usize>| {
            let mut simulation = simulation();
            simulation.commit(files(&first));
            simulation.run(QUIET);
            let begun = simulation.effects.len();
            simulation.commit(files(&second));
            let moment = if after { Moment::After } else { Moment::Before };
            simulation.crash = crash.map(|at| Crash { at: begun + at, moment });
            simulation.run(QUIET);
            let effects = simulation.effects.len() - begun;
            (state(&simulation), simulation.report().sync, effects)
        };
        let undisturbed = run(None);
        let disturbed = run(Some(at % undisturbed.2.max(1)));
        prop_assert_eq!(undisturbed.0, disturbed.0);
        prop_assert_eq!(undisturbed.1, disturbed.1);
    }

    /// Steps that may run side by side may run in any order.
    #[test]
    fn the_order_of_independent_steps_does_not_matter(first in objects(), second in objects(), seed: u64) {
        let run = |shuffle: Option<u64>| {
            let mut simulation = simulation();
            simulation.shuffle = shuffle;
            for objects in [&first, &second] {
                simulation.commit(files(objects));
                simulation.run(QUIET);
            }
            (state(&simulation), simulation.report().sync)
        };
        prop_assert_eq!(run(None), run(Some(seed)));
    }

    /// What is not the app's stays as it is, whatever Git holds; and what Git holds is never deleted.
    #[test]
    fn nothing_but_the_apps_own_is_deleted(first in objects(), second in objects(), theirs in 0..3_u8) {
        let mut simulation = simulation();
        simulation.apply_as("person", manifest("Namespace prod"));
        let owner = ["", " owner=other", " owner=web-2"][usize::from(theirs)];
        let strangers: Vec<String> = KINDS.iter().filter(|k| **k != "Job").map(|k| format!("{k} stranger{owner}")).collect();
        for stranger in &strangers {
            let mut object = manifest(stranger);
            set(&mut object, &["metadata", "namespace"], "prod".into());
            simulation.apply_as("person", object);
        }
        let uid = |s: &Simulation, kind: &str| s.get(&key(&format!("{kind}/stranger"))).and_then(|o| o.uid());
        let before: Vec<_> = KINDS.iter().map(|kind| uid(&simulation, kind)).collect();
        for objects in [&first, &second] {
            simulation.commit(files(objects));
            let begun = simulation.deeds.len();
            simulation.run(QUIET);
            for deed in simulation.deeds[begun..].iter().filter(|d| d.is_delete && !d.is_hook) {
                let is_held = objects.iter().any(|o| o.starts_with(&format!("{} {} ", deed.key.kind, deed.key.name)));
                prop_assert!(!is_held, "{} is in Git", deed.text);
                prop_assert!(deed.key.name != "stranger", "{}", deed.text);
            }
        }
        let after: Vec<_> = KINDS.iter().map(|kind| uid(&simulation, kind)).collect();
        prop_assert_eq!(before, after);
    }

    /// Whatever ends well or badly, no step runs before what it waits for, and every plan comes to an end.
    #[test]
    fn a_plan_is_followed_in_topological_order(first in objects(), live in objects(), fails in prop::collection::vec(0..40_u32, 0..3)) {
        let plan = plan(&first, &live);
        let mut progress = Progress::default();
        progress.is_confirmed = true;
        let mut ended: Vec<u32> = Vec::new();
        for _ in 0..=plan.steps.len() + 2 {
            match plan.next(&progress) {
                Next::Run(steps) => {
                    let before = ended.clone();
                    for id in steps {
                    let step = plan.step(id).unwrap();
                    prop_assert!(!ended.contains(&id.0), "{step} runs twice");
                    let is_early = step.after.iter().any(|earlier| !ended.contains(&earlier.0));
                    prop_assert!(!is_early, "{step} ran before what it depends on");
                    if step.condition == Condition::Always && step.phase != tautline::plan::Phase::SyncFail {
                        let open = plan.steps.iter().filter(|s| s.stage < step.stage && s.condition == Condition::Always);
                        // What depends on something that is not there yet is passed over.
                        let is_held = |s: &&tautline::plan::Step| s.after.iter().any(|id| !before.contains(&id.0));
                        let open: Vec<_> = open.filter(|s| !ended.contains(&s.id.0) && !is_held(s) && s.phase != tautline::plan::Phase::SyncFail).collect();
                        prop_assert!(open.is_empty(), "{step} ran before {open:?}");
                    }
                    ended.push(id.0);
                    progress.start(id);
                    let result = if fails.contains(&id.0) { StepResult::Failed("no".into()) } else { StepResult::Done(String::new()) };
                    progress.end(id, result);
                    progress.observe(id, Standing::Settled);
                    }
                },
                Next::Wait(reason) => prop_assert!(false, "it waits for ever: {reason}"),
                Next::Finished { .. } => return Ok(()),
            }
        }
        prop_assert!(false, "it never ends");
    }

    /// A plan that was written down is the plan that it was.
    #[test]
    fn a_plan_serialises_and_comes_back_equal(first in objects(), live in objects()) {
        let plan = plan(&first, &live);
        let text = serde_json::to_string(&plan).unwrap();
        let back: Plan = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&back, &plan);
        prop_assert_eq!(back.digest(), plan.digest());
    }

    /// A step that was decided on another state of its object writes nothing to it.
    #[test]
    fn a_stale_precondition_never_writes(first in objects(), live in objects(), again: bool) {
        let plan = plan(&first, &live);
        for step in plan.steps.iter().filter(|s| s.hook.is_none() && s.precondition.uid.is_some()) {
            let server = Server::default();
            let admin = server.caller(tautline_apiserver::Identity::admin("person"));
            let apply = |object: Value| {
                let object = Object::new(object).unwrap();
                let resource = admin.resource(object.api_version(), object.kind()).unwrap();
                let options = tautline_cluster::WriteOptions { force: true, ..tautline_cluster::WriteOptions::by(tautline_core::FieldManager::new("person")) };
                admin.server_apply(&Target::of(resource, &object), &object, &options).unwrap().object
            };
            apply(manifest("Namespace prod"));
            // The same name, another object; or the very object, changed since.
            let mut text = manifest(&format!("{} {} label=new owner=web", step.key.kind, step.key.name));
            set(&mut text, &["metadata", "namespace"], "prod".into());
            let there = apply(text);
            let mut step = step.clone();
            if again {
                step.precondition.uid = there.uid();
            }
            let resource = admin.resource(there.api_version(), there.kind()).unwrap();
            let desired = (!step.action.is_delete()).then(|| there.clone());
            let executor = Executor::new(
                Arc::new(admin.clone()), WriteSettings { tries: 1, ..WriteSettings::default() },
                Arc::new(|_, _, _| None), tautline::client_side(tautline_schema::shared()));
            let complete = tautline::ownership::CompleteRender::of([]);
            let job = Job { step: &step, desired: desired.as_deref(), complete: Some(&complete), app: "web", resource: &resource, take_over_also: &[] };
            let fresh = Fresh { live: Presence::Present(there.clone()), freshness: Ok(Freshness { kind: there.key().group_kind(), version: "1".into(), at: Timestamp::default() }) };
            let before = server.version();
            let performed = futures::FutureExt::now_or_never(executor.perform(&job, &|| fresh.clone())).unwrap();
            prop_assert_eq!(server.version(), before, "{} wrote: {:?}", step, performed.result);
            prop_assert!(!matches!(performed.result, StepResult::Done(_)), "{step}: {:?}", performed.result);
        }
    }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever is planned: without a current complete list of the kind, a complete render that does not hold the object,
    /// and the app's own mark on it, nothing is deleted.
    #[test]
    fn no_delete_without_proof_of_absence(live in objects(), lack in 0..5_u8) {
        let plan = plan(&[], &live);
        for step in plan.steps.iter().filter(|s| s.hook.is_none() && s.action.is_delete()) {
            let server = Server::default();
            let admin = server.caller(tautline_apiserver::Identity::admin("person"));
            let owner = if lack == 3 { "other" } else { "web" };
            let there = put(&admin, &format!("{} {} owner={owner}", step.key.kind, step.key.name));
            let mut step = step.clone();
            step.precondition.uid = there.uid();
            step.precondition.reads = Some(tautline::plan::digest_of_reads(&there));
            let held = CompleteRender::of([there.key()]);
            let empty = CompleteRender::of([]);
            let complete = match lack { 1 => None, 2 => Some(&held), _ => Some(&empty) };
            let kind = there.key().group_kind();
            let freshness = match lack {
                0 => Err(tautline_core::Why::Listing(kind)),
                _ => Ok(Freshness { kind, version: "1".into(), at: Timestamp::default() }),
            };
            let fresh = Fresh { live: Presence::Present(there.clone()), freshness };
            let resource = admin.resource(there.api_version(), there.kind()).unwrap();
            let job = Job { step: &step, desired: None, complete, app: "web", resource: &resource, take_over_also: &[] };
            let before = server.version();
            let performed = perform(&admin, &job, &fresh);
            let is_deleted = server.version() != before;
            prop_assert_eq!(is_deleted, lack == 4, "lack {}: {:?}", lack, performed.result);
        }
    }

    /// An app whose render breaks, or that Git no longer shows, deletes nothing until it is whole again.
    #[test]
    fn an_incomplete_render_deletes_nothing(first in objects(), second in objects(), is_gone: bool) {
        let mut simulation = simulation();
        simulation.commit(files(&first));
        simulation.run(QUIET);
        let before = simulation.deeds.len();
        let mut broken = files(&second);
        broken.push(("web/broken.yaml".to_owned(), "apiVersion: v1\nkind: ConfigMap\nmetadata: [".to_owned()));
        if is_gone {
            broken.clear();
        }
        simulation.commit(broken);
        simulation.run(QUIET);
        let deletes: Vec<_> = simulation.deeds[before..].iter().filter(|deed| deed.is_delete).collect();
        prop_assert!(deletes.is_empty(), "{deletes:?}");
        simulation.commit(files(&second));
        simulation.run(QUIET);
        let kept = first.iter().any(|o| o.contains("keep") || o.contains("Prune=false"));
        prop_assert!(kept || simulation.report().sync == SyncStatus::Synced, "{:?}", simulation.report());
    }
}

/// An object that lives in the app's namespace.
fn put(admin: &tautline_apiserver::Local, object: &str) -> Arc<Object> {
    let apply = |object: Value| {
        let object = Object::new(object).unwrap();
        let resource = admin.resource(object.api_version(), object.kind()).unwrap();
        let by = tautline_core::FieldManager::new("person");
        let options =
            tautline_cluster::WriteOptions { force: true, ..tautline_cluster::WriteOptions::by(by) };
        admin.server_apply(&Target::of(resource, &object), &object, &options).unwrap().object
    };
    apply(manifest("Namespace prod"));
    let mut object = manifest(object);
    set(&mut object, &["metadata", "namespace"], "prod".into());
    apply(object)
}

fn perform(admin: &tautline_apiserver::Local, job: &Job<'_>, fresh: &Fresh) -> tautline::apply::Performed {
    let settings = WriteSettings { tries: 1, ..WriteSettings::default() };
    let client_side = tautline::client_side(tautline_schema::shared());
    let executor = Executor::new(Arc::new(admin.clone()), settings, Arc::new(|_, _, _| None), client_side);
    let look = || fresh.clone();
    futures::FutureExt::now_or_never(executor.perform(job, &look)).expect("the server answers at once")
}

/// Everything stands in a namespace.
struct Namespaced;

impl Scopes for Namespaced {
    fn scope(&self, _: &GroupKind) -> Option<Scope> {
        Some(Scope::Namespaced)
    }

    fn is_served(&self, _: &GroupKind) -> Option<bool> {
        Some(true)
    }
}

/// The plan that brings the live objects, all of them the app's, to what Git holds.
fn plan(git: &[String], live: &[String]) -> Plan {
    let destination = Destination {
        app: AppInstance::of(&AppId::new("argocd", "web"), "argocd"),
        namespace: "prod".to_owned(),
        application: None,
    };
    let manifests = |objects: &[String]| {
        let made = |object: &String| {
            Manifest::new(Object::new(manifest(object)).unwrap(), Origin::file("a.yaml", 1))
        };
        tautline::plan::set_apart(&objects.iter().map(made).collect::<Vec<_>>())
    };
    let always = ["ConfigMap always v=1".to_owned()];
    let ((git, hooks), (live, _)) = (manifests(&[git, &always].concat()), manifests(live));
    let git = prepare(&git, &destination, &Namespaced).manifests;
    let live = prepare(&live, &destination, &Namespaced).manifests;
    let keys: BTreeSet<ResourceKey> = git.keys().chain(live.keys()).cloned().collect();
    let absent = |key: &ResourceKey| {
        Presence::Absent(Freshness { kind: key.group_kind(), version: "1".into(), at: Timestamp::default() })
    };
    let pairs: Vec<(Pair, Difference)> = (keys.iter())
        .map(|key| {
            let desired = git.get(key).cloned();
            let present = live.get(key).map(|manifest| {
                let mut object = (*manifest.object).clone();
                object.metadata_mut().insert("uid", format!("uid-{key}"));
                Arc::new(object)
            });
            let outcome = match (&desired, &present) {
                (Some(_), None) => Outcome::Create,
                (Some(new), Some(old)) if new.object.at(&["data"]) == old.at(&["data"]) => Outcome::Unchanged,
                (Some(_), Some(_)) => Outcome::Change,
                (None, _) => Outcome::Delete,
            };
            let owner = if present.is_some() { Owner::Us } else { Owner::Nobody };
            let live = present.map_or_else(|| absent(key), Presence::Present);
            (Pair { key: key.clone(), desired, live, owner, also_held_by: None }, Difference::of(outcome))
        })
        .collect();
    let runs: Vec<HookRun> = (hooks.into_iter())
        .flat_map(|(hook, manifest)| {
            let prepared = prepare(&[manifest], &destination, &Namespaced).manifests;
            let phases = hook.phases.clone();
            phases.into_iter().flat_map(move |phase| {
                let hook = hook.clone();
                let run = move |(key, manifest): (ResourceKey, Manifest)| HookRun {
                    live: Presence::Absent(Freshness {
                        kind: key.group_kind(),
                        version: "1".into(),
                        at: Timestamp::default(),
                    }),
                    hook: hook.clone(),
                    phase,
                    manifest,
                    is_resumed: false,
                    is_finished: false,
                };
                prepared.clone().into_iter().map(run).collect::<Vec<_>>()
            })
        })
        .collect();
    let options =
        PlanOptions { prune: true, is_whole: true, awaits_last_wave: true, ..PlanOptions::default() };
    Plan::build(Inputs::default(), pairs.iter().map(|(p, d)| (p, d)), &runs, &options).0
}
