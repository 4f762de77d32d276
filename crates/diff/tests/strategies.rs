//! What the strategies say of one change, and what they hold to be no change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tautline_core::{
    Digest, FieldManager, Freshness, Manifest, MaskingKey, Need, Object, Origin, Presence, ResourceKey,
    Timestamp, Value, value,
};
use tautline_diff::{
    Asking, Circumstances, Differ, Difference, DryRun, DryRuns, IgnoreRules, Learned, Memo, Outcome,
    ServerSide, Sides, Structured, ThreeWay, Why, normalize, question,
};
use tautline_schema::{builtin, defaults, shared};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn object(value: Value) -> Object {
    Object::new(value).expect("an object")
}

fn key() -> MaskingKey {
    MaskingKey::new([3; 32])
}

fn structured() -> Structured {
    Structured::new(shared(), FieldManager::tautline(), key(), Vec::new())
}

fn three_way() -> ThreeWay {
    ThreeWay::new(shared(), key())
}

fn compare(differ: &dyn Differ, desired: &Value, live: &Value) -> Difference {
    compare_beside(differ, desired, live, None, None)
}

fn compare_beside(
    differ: &dyn Differ,
    desired: &Value,
    live: &Value,
    ignore: Option<&IgnoreRules>,
    learned: Option<&Learned>,
) -> Difference {
    let desired = Manifest::new(object(desired.clone()), Origin::file("a.yaml", 2));
    let live = Presence::Present(Arc::new(object(live.clone())));
    differ.diff(&Sides { desired: &desired, live: &live, learned, ignore, taken_over: &[] })
}

fn texts(difference: &Difference) -> Vec<String> {
    difference.changes.iter().map(ToString::to_string).collect()
}

/// The object as the server would store it.
fn stored(value: &Value) -> Value {
    let mut stored = object(value.clone());
    defaults::settle(&mut stored, builtin()).expect("storable");
    stored.into_value()
}

fn deployment(spec: Value) -> Value {
    let mut object = value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "n" },
        "spec": { "selector": { "matchLabels": { "app": "web" } }, "template": { "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "app", "image": "i:1" }] } } } });
    let into = object.get_mut("spec").and_then(Value::as_map_mut).expect("a map");
    into.extend(spec.as_map().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    object
}

/// Both are one to every strategy: what Git has, and what the server made of it.
fn same(desired: &Value, live: &Value) {
    for (name, differ) in [("structured", &structured() as &dyn Differ), ("three-way", &three_way())] {
        let difference = compare(differ, desired, live);
        assert_eq!(difference.outcome, Outcome::Unchanged, "{name}: {:?}", texts(&difference));
    }
    let normal = |value: &Value| normalize(&object(value.clone()), builtin()).expect("storable");
    assert_eq!(normal(desired).into_value().to_json(), normal(live).into_value().to_json());
}

fn other(desired: &Value, live: &Value, path: &str) {
    for (name, differ) in [("structured", &structured() as &dyn Differ), ("three-way", &three_way())] {
        let difference = compare(differ, desired, live);
        let paths: Vec<String> = difference.changes.iter().map(|change| change.path.to_string()).collect();
        assert_eq!((difference.outcome, paths), (Outcome::Change, vec![path.to_owned()]), "{name}");
    }
}

fn pod(container: Value) -> Value {
    let mut first = value!({ "name": "app", "image": "i" });
    first
        .as_map_mut()
        .expect("a map")
        .extend(container.as_map().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "namespace": "n" }, "spec": { "containers": [first] } })
}

#[test]
fn quantities_have_one_form() {
    let cpu = |text: Value| pod(value!({ "resources": { "limits": { "cpu": text } } }));
    same(&cpu(value!("1000m")), &stored(&cpu(value!("1"))));
    same(&cpu(value!(0.2)), &stored(&cpu(value!("200m"))));
    other(&cpu(value!("2")), &stored(&cpu(value!("1"))), "spec.containers[name=app].resources.limits.cpu");
}

#[test]
fn int_or_string_keeps_its_kind() {
    let probe = |port: Value| pod(value!({ "livenessProbe": { "httpGet": { "path": "/", "port": port } } }));
    same(&probe(value!(80.0)), &stored(&probe(value!(80))));
    other(
        &probe(value!("80")),
        &stored(&probe(value!(80))),
        "spec.containers[name=app].livenessProbe.httpGet.port",
    );
}

#[test]
fn defaults_are_no_change() {
    let desired = deployment(value!({}));
    same(&desired, &stored(&desired));
    let set = value!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "db", "namespace": "n" },
        "spec": { "serviceName": "db", "selector": { "matchLabels": { "app": "db" } }, "template": { "metadata": { "labels": { "app": "db" } },
            "spec": { "containers": [{ "name": "app", "image": "i" }] } },
            "volumeClaimTemplates": [{ "metadata": { "name": "d" }, "spec": { "accessModes": ["ReadWriteOnce"],
                "resources": { "requests": { "storage": "1024Mi" } } } }] } });
    same(&set, &stored(&set));
}

#[test]
fn empty_and_null_are_nothing() {
    let live = stored(&pod(value!({})));
    same(&pod(value!({ "env": [], "args": null })), &live);
    let mut with_empty = pod(value!({}));
    with_empty
        .get_mut("spec")
        .and_then(Value::as_map_mut)
        .expect("a map")
        .insert("imagePullSecrets", Value::list());
    same(&with_empty, &live);
    let role = |rules: Value| value!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "r", "namespace": "n" }, "rules": rules });
    same(&role(value!(null)), &stored(&role(value!([]))));
}

#[test]
fn the_order_of_sets_and_keyed_lists_is_one_change() {
    let ports = |ports: Value| pod(value!({ "ports": ports }));
    let (http, admin) = (
        value!({ "containerPort": 80, "protocol": "TCP" }),
        value!({ "containerPort": 81, "protocol": "TCP" }),
    );
    let live = stored(&ports(value!([(http.clone()), (admin.clone())])));
    other(&ports(value!([admin, http])), &live, "spec.containers[name=app].ports");
}

#[test]
fn secrets_fold_and_compare_by_content() {
    let secret = |fields: Value| {
        let mut secret = value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "n" }, "type": "Opaque" });
        secret
            .as_map_mut()
            .expect("a map")
            .extend(fields.as_map().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
        secret
    };
    let mut live = object(stored(&secret(value!({ "data": { "a": "aGVsbG8=" } }))));
    key().mask_object(&mut live);
    let live = live.into_value();
    for fields in [
        value!({ "stringData": { "a": "hello" } }),
        value!({ "data": { "a": "aGVs\nbG8=" } }),
        value!({ "data": { "a": "aGVsbG9=" } }),
    ] {
        for differ in [&structured() as &dyn Differ, &three_way()] {
            let difference = compare(differ, &secret(fields.clone()), &live);
            assert_eq!(difference.outcome, Outcome::Unchanged, "{}", fields.to_json());
        }
    }
    assert_eq!(
        compare(&structured(), &secret(value!({ "data": { "a": "bmV3" } })), &live).outcome,
        Outcome::Change
    );
}

#[test]
fn rules_of_aggregated_roles_are_their_controllers() {
    let role = |rules: Value| {
        value!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "r" },
        "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { "a": "b" } }] }, "rules": rules })
    };
    let live = role(value!([{ "verbs": ["get"], "apiGroups": [""], "resources": ["pods"] }]));
    same(&role(value!([])), &live);
    let desired = Manifest::new(object(role(value!([]))), Origin::default());
    let live = Presence::Present(Arc::new(object(live)));
    let sent = structured().payload(&Sides {
        desired: &desired,
        live: &live,
        learned: None,
        ignore: None,
        taken_over: &[],
    });
    assert!(sent.is_some_and(|sent| sent.get("rules").is_none()), "they are not sent either");
}

#[test]
fn endpoints_are_packed() {
    let endpoints = |subsets: Value| value!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": { "name": "e", "namespace": "n" }, "subsets": subsets });
    let desired = endpoints(value!([
        { "addresses": [{ "ip": "10.0.0.2" }], "ports": [{ "port": 80 }] },
        { "addresses": [{ "ip": "10.0.0.1" }], "ports": [{ "port": 80, "protocol": "TCP" }] }]));
    let live = endpoints(
        value!([{ "addresses": [{ "ip": "10.0.0.1" }, { "ip": "10.0.0.2" }], "ports": [{ "port": 80, "protocol": "TCP" }] }]),
    );
    same(&desired, &live);
    let fewer = endpoints(value!([{ "addresses": [{ "ip": "10.0.0.1" }], "ports": [{ "port": 80 }] }]));
    assert_eq!(compare(&structured(), &fewer, &live).outcome, Outcome::Change);
}

#[test]
fn status_is_not_compared() {
    let desired = deployment(value!({ "replicas": 2 }));
    let mut live = stored(&desired);
    live.as_map_mut().expect("a map").insert("status", value!({ "replicas": 2 }));
    same(&desired, &live);
}

#[test]
fn client_side_apply_removes_what_was_applied_before() {
    let labelled = |labels: Value| value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "n", "labels": labels }, "data": { "x": "1" } });
    let last = labelled(value!({ "mine": "1", "gone": "1" }));
    let mut live = object(labelled(value!({ "mine": "1", "gone": "1", "somebody": "2" })));
    live.annotate(LAST_APPLIED, &last.to_json());
    let desired = labelled(value!({ "mine": "2" }));
    let difference = compare(
        &three_way(),
        &desired,
        live.as_map().get("kind").map(|_| live.to_value()).as_ref().expect("a value"),
    );
    assert_eq!(
        texts(&difference),
        [
            r#"metadata.labels.gone: "1" → (absent) (no longer in Git, and nobody else owns it)"#,
            r#"metadata.labels.mine: "1" → "2" (set in Git, a.yaml:2)"#
        ]
    );
    // Without a usable annotation nothing is removed.
    for annotation in [None, Some("{broken")] {
        let mut live = live.clone();
        live.metadata_mut().map_at("annotations").remove(LAST_APPLIED);
        if let Some(text) = annotation {
            live.annotate(LAST_APPLIED, text);
        }
        let difference = compare(&three_way(), &desired, &live.to_value());
        assert_eq!(texts(&difference), [r#"metadata.labels.mine: "1" → "2" (set in Git, a.yaml:2)"#]);
    }
}

#[test]
fn a_masked_secret_still_loses_its_keys_client_side() {
    let secret = |data: Value| value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "n" }, "data": data, "type": "Opaque" });
    let mut live = object(secret(value!({ "a": "YQ==", "b": "Yg==" })));
    live.annotate(LAST_APPLIED, &secret(value!({ "a": "YQ==", "b": "Yg==" })).to_json());
    key().mask_object(&mut live);
    let difference = compare(&three_way(), &secret(value!({ "a": "YQ==" })), &live.to_value());
    let paths: Vec<String> = difference.changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(paths, ["data.b"]);
}

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
