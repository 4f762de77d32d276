//! What the strategies say of one change, and what they hold to be no change.

mod rules;

use std::sync::Arc;

use tautline_core::{FieldManager, Manifest, MaskingKey, Object, Origin, Presence, Value, value};
use tautline_diff::{
    Differ, Difference, IgnoreRules, Learned, Outcome, Sides, Structured, ThreeWay, normalize,
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
