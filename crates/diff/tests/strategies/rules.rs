//! The safety rules that hold for comparisons.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tautline_core::{
    Digest, FieldManager, Freshness, Manifest, Need, Object, Origin, Presence, ResourceKey, Timestamp, Value,
    value,
};
use tautline_diff::{
    Asking, Circumstances, Differ, Difference, DryRun, DryRuns, IgnoreRules, Learned, Memo, Outcome,
    ServerSide, Sides, Structured, Why, question,
};
use tautline_schema::shared;

use crate::{compare, compare_beside, deployment, object, pod, stored, structured, texts, three_way};

/// Answers kept by question, and what was asked.
#[derive(Default)]
struct Answers(Mutex<BTreeMap<(ResourceKey, Digest), DryRun>>);

impl DryRuns for Answers {
    fn answer(&self, object: &ResourceKey, question: &Digest) -> Option<DryRun> {
        self.0.lock().expect("not poisoned").get(&(object.clone(), *question)).cloned()
    }
}

fn thing(spec: Value) -> Value {
    value!({ "apiVersion": "example.com/v1", "kind": "Thing", "metadata": { "name": "t", "namespace": "n" }, "spec": spec })
}

#[test]
fn r05_the_servers_dry_run_settles_what_we_do_not_know() {
    let answers = Arc::new(Answers::default());
    let differ = ServerSide::new(
        Arc::new(structured()),
        answers.clone(),
        shared(),
        FieldManager::tautline(),
        Asking::WhenUnknown,
    );
    let (desired, live) = (thing(value!({ "size": "1000m" })), thing(value!({ "size": "1" })));
    let first = compare(&differ, &desired, &live);
    let asked = object(live.clone());
    assert_eq!((first.outcome, first.needs.as_slice()), (Outcome::Change, &[Need::DryRun(asked.key())][..]));
    let question = question(&object(desired.clone()), &asked);
    let mut admitted = object(live.clone());
    admitted.annotate("injected", "by a webhook");
    let answer = |answer: DryRun| {
        drop(answers.0.lock().expect("not poisoned").insert((asked.key(), question), answer))
    };
    answer(DryRun::Accepted(Arc::new(admitted)));
    let settled = compare(&differ, &desired, &live);
    assert_eq!(settled.outcome, Outcome::Unchanged);
    assert!(settled.changes.iter().all(|change| change.why == Why::SetByAdmission), "{:?}", texts(&settled));
    // Whoever keeps answers itself gives them to the differ that did not know, and comes to the same.
    let live_side = Presence::Present(Arc::new(asked.clone()));
    let manifest = Manifest::new(object(desired.clone()), Origin::file("a.yaml", 2));
    let sides = Sides { desired: &manifest, live: &live_side, learned: None, ignore: None, taken_over: &[] };
    let kept = answers.answer(&asked.key(), &question).expect("was answered");
    let unsure = structured().diff(&sides);
    assert_eq!(structured().answered(&sides, &unsure, &kept), settled);
    answer(DryRun::Refused("spec.size: too small".to_owned()));
    let refused = compare(&differ, &desired, &live);
    assert_eq!(
        refused.outcome,
        Outcome::Unknown("the server refuses a dry run: spec.size: too small".to_owned())
    );
    // Another desired object is another question.
    assert_eq!(compare(&differ, &thing(value!({ "size": "2" })), &live).needs.len(), 1);
}

#[test]
fn r06_defaults_of_unknown_schemas_are_not_guessed() {
    let difference =
        compare(&structured(), &thing(value!({ "a": 1 })), &thing(value!({ "a": 1, "defaulted": true })));
    assert_eq!(difference.outcome, Outcome::Unchanged);
    assert_eq!(difference.needs, [Need::DryRun(object(thing(value!({}))).key())]);
}

#[test]
fn r09_who_is_overridden_is_named_with_the_time() {
    let desired = deployment(value!({ "replicas": 3 }));
    let mut live = object(stored(&deployment(value!({ "replicas": 5 }))));
    live.metadata_mut().insert("managedFields", value!([{ "manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1",
        "time": "2030-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": { "f:spec": { "f:replicas": {} } } }]));
    let difference = compare(&structured(), &desired, &live.to_value());
    assert_eq!(
        texts(&difference),
        ["spec.replicas: 5 → 3 (set in Git, a.yaml:2; owned by kubectl-edit since 2030-01-01T00:00:00Z)"]
    );
    assert_eq!(difference.taken.first().map(|taken| taken.from.as_str()), Some("kubectl-edit"));
}

#[test]
fn r09_ignored_fields_are_shown_with_their_rule() {
    let rule = value!({ "group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"] });
    let rules = IgnoreRules::read(&[rule]).expect("a rule");
    let desired = deployment(value!({ "replicas": 3 }));
    let live = stored(&deployment(value!({ "replicas": 5 })));
    for differ in [&structured() as &dyn Differ, &three_way()] {
        let difference = compare_beside(differ, &desired, &live, Some(&rules), None);
        assert_eq!(difference.outcome, Outcome::Unchanged);
        assert_eq!(texts(&difference), ["spec.replicas: 5 → 3 (ignored by jsonPointers /spec/replicas)"]);
    }
}

#[test]
fn r05_what_admission_answers_is_no_drift_by_whatever_key() {
    let port = |name: Option<&str>| {
        let mut port = value!({ "containerPort": 80, "protocol": "TCP" });
        port.as_map_mut().expect("a map").extend(name.map(|name| ("name", name)));
        pod(value!({ "ports": [port] }))
    };
    let desired = port(Some("web"));
    let answer = stored(&port(Some("admitted")));
    let learned =
        Learned::from_answer(&object(desired.clone()), &object(stored(&desired)), &object(answer.clone()));
    let learned = learned.expect("admission changed it");
    let difference = compare_beside(&structured(), &desired, &answer, None, Some(&learned));
    assert_eq!(difference.outcome, Outcome::Unchanged, "{:?}", texts(&difference));
    let elsewhere =
        compare_beside(&structured(), &desired, &stored(&port(Some("drift"))), None, Some(&learned));
    assert_eq!(elsewhere.outcome, Outcome::Change);
}

/// Counts how often it is asked.
struct Counting(Structured, Mutex<usize>);

impl Differ for Counting {
    fn diff(&self, sides: &Sides<'_>) -> Difference {
        *self.1.lock().expect("not poisoned") += 1;
        self.0.diff(sides)
    }
}

#[test]
fn r14_a_heartbeat_is_a_hit_and_an_unchanged_version_allocates_nothing() {
    let differ = Counting(structured(), Mutex::new(0));
    let count = || *differ.1.lock().expect("not poisoned");
    let desired = Manifest::new(object(deployment(value!({ "replicas": 3 }))), Origin::file("a.yaml", 1));
    let version = |version: &str, ready: i64, replicas: i64| {
        let mut live = object(stored(&deployment(value!({ "replicas": replicas }))));
        live.metadata_mut().insert("uid", "u");
        live.metadata_mut().insert("resourceVersion", version);
        live.metadata_mut().insert("managedFields", value!([{ "manager": "kubelet", "operation": "Update", "apiVersion": "apps/v1",
            "subresource": "status", "time": version, "fieldsType": "FieldsV1", "fieldsV1": { "f:status": {} } }]));
        live.as_map_mut().insert("status", value!({ "readyReplicas": ready }));
        Presence::Present(Arc::new(live))
    };
    let circumstances = Circumstances { options: Digest::of_bytes(b"options"), schemas: 1 };
    let mut memo = Memo::new();
    let mut ask = |live: &Presence<Arc<Object>>, circumstances: &Circumstances| {
        let sides = Sides { desired: &desired, live, learned: None, ignore: None, taken_over: &[] };
        memo.diff(&differ, &sides, circumstances)
    };
    let first = ask(&version("1", 0, 5), &circumstances);
    assert_eq!((first.outcome.clone(), count()), (Outcome::Change, 1));
    // The same version, read again: no digest, no allocation.
    let again = version("1", 0, 5);
    let used = allocation_counter::measure(|| drop(ask(&again, &circumstances)));
    assert_eq!((used.count_total, count()), (0, 1));
    // A status heartbeat: a digest, and no comparison.
    ask(&version("2", 3, 5), &circumstances);
    assert_eq!(count(), 1);
    // Whatever else: another spec, other options, other schemas, gone.
    ask(&version("3", 3, 3), &circumstances);
    assert_eq!(count(), 2);
    ask(&version("3", 3, 3), &Circumstances { options: Digest::of_bytes(b"others"), ..circumstances });
    ask(&version("3", 3, 3), &Circumstances { schemas: 2, ..circumstances });
    let key = object(deployment(value!({}))).key();
    let freshness = Freshness { kind: key.group_kind(), version: "4".into(), at: Timestamp::default() };
    ask(&Presence::Absent(freshness), &Circumstances { schemas: 2, ..circumstances });
    assert_eq!(count(), 5);
}

#[test]
fn r15_owners_of_another_version_are_not_guessed_away() {
    // The fields of v1 and v2 differ: what our entry of v1 means in v2 only the server knows.
    let hpa = value!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "h", "namespace": "n" },
        "spec": { "maxReplicas": 3, "scaleTargetRef": { "kind": "Deployment", "name": "web", "apiVersion": "apps/v1" },
            "metrics": [{ "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } } }] } });
    let mut live = object(stored(&hpa));
    live.metadata_mut().insert(
        "managedFields",
        value!([{ "manager": "tautline", "operation": "Apply", "apiVersion": "autoscaling/v1",
        "time": "2030-01-01T00:00:00Z", "fieldsType": "FieldsV1",
        "fieldsV1": { "f:spec": { "f:maxReplicas": {}, "f:targetCPUUtilizationPercentage": {} } } }]),
    );
    let difference = compare(&structured(), &hpa, &live.to_value());
    assert_eq!(difference.needs, [Need::DryRun(live.key())]);
}
