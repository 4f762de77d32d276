use std::sync::Arc;

use tautline_core::{Freshness, Manifest, Object, Origin, Presence, ResourceKey, Timestamp, Value, value};
use tautline_diff::{Difference, Outcome};
use tautline_ownership::{Owner, Pair};

use crate::{Inputs, Next, Plan, PlanOptions, Progress, Standing, StepId, StepResult};

fn object(kind: &str, name: &str, annotations: Value) -> Object {
    let version = if kind == "Deployment" { "apps/v1" } else { "v1" };
    let namespace = if kind == "Namespace" { Value::Null } else { "n".into() };
    let mut object = Object::new(value!({ "apiVersion": version, "kind": kind,
        "metadata": { "name": name, "uid": "u", "resourceVersion": "1", "annotations": annotations } }))
    .unwrap();
    if !namespace.is_null() {
        object.metadata_mut().insert("namespace", namespace);
    }
    object
}

fn wanted(kind: &str, name: &str, wave: &str) -> (Pair, Difference) {
    let object = object(kind, name, value!({ "argocd.argoproj.io/sync-wave": wave }));
    let key = object.key();
    let freshness = Freshness { kind: key.group_kind(), version: "1".into(), at: Timestamp::default() };
    let desired = Some(Manifest::new(object, Origin::file("a.yaml", 1)));
    let pair =
        Pair { key, desired, live: Presence::Absent(freshness), owner: Owner::Nobody, also_held_by: None };
    (pair, Difference::of(Outcome::Create))
}

fn extra(kind: &str, name: &str, annotations: Value) -> (Pair, Difference) {
    let object = object(kind, name, annotations);
    let live = Presence::Present(Arc::new(object.clone()));
    let pair = Pair { key: object.key(), desired: None, live, owner: Owner::Us, also_held_by: None };
    (pair, Difference::of(Outcome::Delete))
}

fn build(pairs: &[(Pair, Difference)], prune: bool) -> (Plan, Vec<String>) {
    let options = PlanOptions { prune, is_whole: true, awaits_last_wave: true, ..PlanOptions::default() };
    let (plan, withheld) = Plan::build(Inputs::default(), pairs.iter().map(|(p, d)| (p, d)), &[], &options);
    (plan, withheld.into_iter().map(|w| format!("{}: {}", w.key.name, w.message)).collect())
}

fn names(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|s| format!("{} {} {}", s.stage, s.action.word(), s.key.name)).collect()
}

#[test]
fn waves_then_kinds_then_deletes() {
    let pairs = [
        wanted("Deployment", "web", "0"),
        wanted("ConfigMap", "late", "1"),
        wanted("ConfigMap", "b", "0"),
        wanted("ConfigMap", "a", "0"),
        extra("ConfigMap", "old", Value::map()),
        extra("Deployment", "older", Value::map()),
    ];
    let (plan, _) = build(&pairs, true);
    let expect =
        ["0 create a", "0 create b", "1 create web", "2 create late", "3 prune older", "4 prune old"];
    assert_eq!(names(&plan), expect);
}

#[test]
fn a_namespace_moves_before_what_lives_in_it() {
    let (plan, _) = build(&[wanted("Namespace", "n", "5"), wanted("ConfigMap", "a", "-1")], false);
    assert_eq!(names(&plan), ["0 create n", "1 create a"]);
}

#[test]
fn r01_r19_what_says_so_is_kept() {
    let option = |o: &str| value!({ "argocd.argoproj.io/sync-options": o });
    let pairs = [
        extra("ConfigMap", "a", option("Replace=true, Prune=false")),
        extra("ConfigMap", "b", option("Prune=confirm")),
        extra("ConfigMap", "c", value!({ "helm.sh/resource-policy": "keep" })),
        extra("ConfigMap", "d", Value::map()),
    ];
    let (plan, withheld) = build(&pairs, true);
    assert_eq!(names(&plan), ["0 prune b", "0 prune d"]);
    assert_eq!(withheld.len(), 2);
    let mut progress = Progress::default();
    assert_eq!(plan.next(&progress), Next::Run(vec![StepId(1)]), "b waits for a confirmation");
    progress.end(StepId(1), StepResult::Done(String::new()));
    assert_eq!(plan.next(&progress), Next::Wait("waiting for pruning confirmation of /ConfigMap/b".into()));
    progress.is_confirmed = true;
    assert_eq!(plan.next(&progress), Next::Run(vec![StepId(0)]));
    let (plan, withheld) = build(&pairs[3..], false);
    assert!(plan.is_empty());
    assert_eq!(withheld, ["d: ignored (requires pruning)"]);
}

#[test]
fn r17_nothing_is_deleted_after_a_failed_apply() {
    let pairs = [
        wanted("ConfigMap", "a", "0"),
        wanted("ConfigMap", "b", "0"),
        extra("ConfigMap", "old", Value::map()),
    ];
    let (plan, _) = build(&pairs, true);
    let mut progress = Progress::default();
    let Next::Run(first) = plan.next(&progress) else { panic!("two creates may run") };
    assert_eq!(first.len(), 2);
    first.iter().for_each(|step| progress.start(*step));
    assert!(matches!(plan.next(&progress), Next::Wait(_)));
    progress.end(first[0], StepResult::Failed("no".into()));
    progress.end(first[1], StepResult::Done(String::new()));
    match plan.next(&progress) {
        Next::Finished { withheld, reason } => {
            assert_eq!(withheld.len(), 1);
            assert_eq!(reason, "nothing is deleted because ConfigMap n/a failed");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wave_waits_for_the_health_of_the_one_before() {
    let (plan, _) = build(&[wanted("ConfigMap", "a", "0"), wanted("ConfigMap", "b", "1")], false);
    let mut progress = Progress::default();
    progress.end(StepId(0), StepResult::Done(String::new()));
    assert_eq!(plan.next(&progress), Next::Wait("waiting for healthy state of /ConfigMap/a".into()));
    progress.observe(StepId(0), Standing::Settled);
    assert_eq!(plan.next(&progress), Next::Run(vec![StepId(1)]));
    progress.end(StepId(1), StepResult::Done(String::new()));
    let last = Next::Wait("waiting for healthy state of /ConfigMap/b".into());
    assert_eq!(plan.next(&progress), last, "the last wave is awaited too");
}

#[test]
fn a_single_wave_waits_for_nothing() {
    let (plan, _) = build(&[wanted("Deployment", "a", "0")], false);
    let mut progress = Progress::default();
    progress.end(StepId(0), StepResult::Done(String::new()));
    assert_eq!(plan.awaited(&progress).count(), 0);
    assert_eq!(plan.next(&progress), Next::Finished { withheld: vec![], reason: String::new() });
}

#[test]
fn a_failure_stops_the_later_kinds_of_its_wave() {
    let (plan, _) = build(&[wanted("ConfigMap", "a", "0"), wanted("Deployment", "web", "0")], false);
    let mut progress = Progress::default();
    progress.end(StepId(0), StepResult::Refused("no".into()));
    let Next::Finished { withheld, reason } = plan.next(&progress) else { panic!("it has ended") };
    assert_eq!(withheld, [StepId(1)]);
    assert_eq!(reason, "what comes later was not begun because ConfigMap n/a failed");
}

#[test]
fn r20_another_apps_object_gets_no_step() {
    let (mut pair, _) = wanted("ConfigMap", "a", "0");
    pair.owner = Owner::Other("api".into());
    let (plan, withheld) = build(&[(pair, Difference::of(Outcome::Change))], true);
    assert!(plan.is_empty());
    assert_eq!(withheld, ["a: ConfigMap n/a is owned by app api; remove it from one of the two"]);
    let (mut pair, difference) = extra("ConfigMap", "b", Value::map());
    pair.also_held_by = Some("api".into());
    assert_eq!(build(&[(pair, difference)], true).1, ["b: not pruned: app api holds it too"]);
}

#[test]
fn a_plan_comes_back_from_json() {
    let (plan, _) = build(&[wanted("ConfigMap", "a", "0"), extra("ConfigMap", "b", Value::map())], true);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    assert!(plan.to_text().contains("1 object is deleted:\n  - ConfigMap n/b"), "{}", plan.to_text());
    let _ = ResourceKey::new("", "", "", "");
}

fn depending(kind: &str, name: &str, on: &str) -> (Pair, Difference) {
    let (mut pair, difference) = wanted(kind, name, "0");
    let object = object(kind, name, value!({ "tautline.dev/depends-on": on }));
    pair.desired = Some(Manifest::new(object, Origin::file("a.yaml", 1)));
    (pair, difference)
}

#[test]
fn an_object_waits_for_what_it_depends_on_and_the_rest_goes_on() {
    let pairs = [
        depending("ConfigMap", "a", "apps/Deployment/db"),
        wanted("ConfigMap", "b", "0"),
        wanted("Deployment", "db", "0"),
        wanted("Service", "late", "1"),
    ];
    let (plan, _) = build(&pairs, false);
    assert_eq!(plan.faults, Vec::<String>::new());
    let id = |name: &str| plan.steps.iter().find(|s| s.key.name == name).unwrap().id;
    let mut progress = Progress::default();
    for expect in ["b", "db"] {
        assert_eq!(plan.next(&progress), Next::Run(vec![id(expect)]));
        progress.end(id(expect), StepResult::Done(String::new()));
    }
    let wait = "waiting for healthy state of apps/Deployment/db, which ConfigMap n/a depends on";
    assert_eq!(plan.next(&progress), Next::Wait(wait.into()));
    progress.observe(id("b"), Standing::Settled);
    progress.observe(id("db"), Standing::Settled);
    assert_eq!(plan.next(&progress), Next::Run(vec![id("a")]), "the next wave comes after it");
    progress.end(id("a"), StepResult::Done(String::new()));
    progress.observe(id("a"), Standing::Settled);
    assert_eq!(plan.next(&progress), Next::Run(vec![id("late")]));
}

#[test]
fn dependencies_that_cannot_be_met_are_told() {
    let faults = |pairs: &[(Pair, Difference)]| build(pairs, false).0.faults.join("; ");
    let circle = [depending("ConfigMap", "a", "Secret/b"), depending("Secret", "b", "ConfigMap/n/a")];
    assert_eq!(faults(&circle), "ConfigMap n/a, Secret n/b depend on each other in a circle");
    let missing = [depending("ConfigMap", "a", "Secret/b")];
    assert_eq!(faults(&missing), "ConfigMap n/a depends on Secret/b, which the app does not hold");
    let later = [depending("ConfigMap", "a", "Secret/b"), wanted("Secret", "b", "1")];
    assert_eq!(faults(&later), "ConfigMap n/a depends on Secret n/b, which comes in a later wave or phase");
    let broken = [depending("ConfigMap", "a", "db")];
    assert!(faults(&broken).ends_with("\"db\" is not [GROUP/]KIND/[NAMESPACE/]NAME"), "{}", faults(&broken));
}

#[test]
fn what_depends_on_others_is_pruned_before_them() {
    let pairs = [
        extra("Secret", "a", value!({ "tautline.dev/depends-on": "ConfigMap/z" })),
        extra("ConfigMap", "z", Value::map()),
    ];
    let (plan, _) = build(&pairs, true);
    let id = |name: &str| plan.steps.iter().find(|s| s.key.name == name).unwrap().id;
    let mut progress = Progress::default();
    assert_eq!(plan.next(&progress), Next::Run(vec![id("a")]));
    progress.end(id("a"), StepResult::Done(String::new()));
    assert!(matches!(plan.next(&progress), Next::Wait(_)));
    progress.observe(id("a"), Standing::Settled);
    assert_eq!(plan.next(&progress), Next::Run(vec![id("z")]));
}
