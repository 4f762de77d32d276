//! An object kept in outline without being decoded is the same as one that was decoded.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fmt::Write as _;
use std::sync::Arc;

use tautline_cluster::{ApiResource, Cache, RawEvent, RawObject};
use tautline_core::{GroupKind, GroupVersionKind, MaskingKey, Object, Timestamp, Value};

/// Numbers from a seed, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

fn resource(kind: &str) -> ApiResource {
    let api_version = if kind == "Pod" { "v1" } else { "apps/v1" };
    ApiResource {
        gvk: GroupVersionKind::parse(api_version, kind),
        plural: format!("{}s", kind.to_lowercase()),
        namespaced: true,
        verbs: Vec::new(),
        short_names: Vec::new(),
        subresources: Vec::new(),
    }
}

/// Parts of names that are texts of the objects too, where marks could stand for the wrong thing.
const PARTS: [&str; 8] = ["web", "v1", "Pod", "True", "api", "", "7", "apps"];

fn object(kind: &str, number: usize, version: usize, dice: &mut Dice) -> String {
    // What like objects share, their names and moments aside.
    let shape = &mut Dice(dice.below(4) as u64);
    let name = format!("{}-{}-{}-{number}", dice.of(&PARTS), dice.of(&PARTS), dice.of(&PARTS));
    let mut metadata =
        format!(r#""name":"{name}","namespace":"n","uid":"uid-{number}","resourceVersion":"{version}""#);
    if dice.below(2) == 0 {
        write!(
            metadata,
            r#","generation":{},"creationTimestamp":"2030-01-0{}T03:04:05Z""#,
            dice.below(9),
            1 + dice.below(9)
        )
        .unwrap();
    }
    let label = |shape: &mut Dice| match shape.below(4) {
        0 => name.rsplit_once('-').unwrap().0.to_owned(),
        1 => "say \\\"it\\\"".to_owned(),
        _ => shape.of(&PARTS).to_owned(),
    };
    write!(metadata, r#","labels":{{"app":"{}","x":"{}"}}"#, label(shape), label(shape)).unwrap();
    match shape.below(5) {
        0 => metadata.push_str(r#","annotations":{"deployment.kubernetes.io/revision":"3","other":"y"}"#),
        1 => write!(
            metadata,
            r#","annotations":{{"argocd.argoproj.io/tracking-id":"shop:{}/{kind}:n/{name}"}}"#,
            if kind == "Pod" { "" } else { "apps" }
        )
        .unwrap(),
        _ => {}
    }
    let owner = |shape: &mut Dice, dice: &mut Dice| {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"X","name":"{}","uid":"owner-{}","controller":{}}}"#,
            label(shape),
            dice.below(3),
            shape.of(&["true", "false"])
        )
    };
    match shape.below(4) {
        0 => {}
        1 => {
            write!(metadata, r#","ownerReferences":[{},{}]"#, owner(shape, dice), owner(shape, dice)).unwrap()
        }
        _ => write!(metadata, r#","ownerReferences":[{}]"#, owner(shape, dice)).unwrap(),
    }
    metadata.push_str(r#","managedFields":[{"manager":"k:{\"]","fieldsV1":{"f:a":{"}":{}}}}]"#);
    let kind_and_version = match dice.below(2) {
        0 => format!(r#""kind":"{kind}","apiVersion":"{}","#, resource(kind).gvk.api_version()),
        _ => String::new(),
    };
    let container = format!(
        r#"{{"name":"{}","image":"x:{}","env":[{{"name":"A","value":"{number}"}},{{"name":"B","valueFrom":{{"secretKeyRef":{{"name":"{}","key":"k"}}}}}}],"readinessProbe":{{"exec":{number}}},"resources":{{"n":{number}}}}}"#,
        shape.of(&PARTS),
        shape.below(2),
        label(shape)
    );
    let spec = match kind {
        "Pod" => format!(
            r#""nodeName":"node-{}","serviceAccountName":"{}","dnsPolicy":"{number}","volumes":[{{"name":"kube-api-access-{number}","projected":{{}}}},{{"name":"c","configMap":{{"name":"{}"}}}},{{"name":"e","emptyDir":{{}}}}],"containers":[{container}]"#,
            dice.below(3),
            label(shape),
            label(shape)
        ),
        _ => format!(
            r#""replicas":{},"template":{{"metadata":{{"name":"{number}"}},"spec":{{"serviceAccountName":"{}","containers":[{container}]}}}}"#,
            shape.below(2),
            label(shape)
        ),
    };
    let status = format!(
        r#""phase":"{}","podIP":"10.0.0.{number}","ready":{},"list":[1,2.5,null,{{"startedAt":"{number}","reason":"{}"}}]"#,
        shape.of(&["Running", "Pending"]),
        shape.of(&["true", "false"]),
        label(shape)
    );
    format!(r#"{{{kind_and_version}"metadata":{{{metadata}}}, "spec":{{{spec}}},"status":{{{status}}}}}"#)
}

fn decoded(json: &str, kind: &str) -> RawObject {
    let Value::Map(mut map) = Value::from_json(json.as_bytes()).unwrap() else { unreachable!("it is a map") };
    map.insert("apiVersion", resource(kind).gvk.api_version());
    map.insert("kind", kind);
    RawObject::Object(Arc::new(Object::from_map(map)))
}

/// Who wrote which field is no part of an outline, and left out before decoding; an object that has no outline may have
/// it or not.
fn contents(cache: &Cache, kind: &GroupKind) -> Vec<String> {
    let text = |object: &Arc<Object>| {
        let mut object = (**object).clone();
        object.metadata_mut().remove("managedFields");
        object.to_value().to_json()
    };
    cache.objects(kind).iter().map(text).collect()
}

#[track_caller]
fn assert_same(caches: [&Cache; 2], kind: &GroupKind, when: &str) {
    let [raw, whole] = caches.map(|cache| contents(cache, kind));
    let first = raw.iter().zip(&whole).find(|(a, b)| a != b);
    assert_eq!((first, raw.len()), (None, whole.len()), "{when}");
}

#[test]
fn what_is_not_decoded_is_the_same_as_what_is() {
    let (mut read, mut all) = (0, 0);
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let kind = ["Pod", "ReplicaSet"][seed as usize % 2];
        let group_kind = resource(kind).gvk.group_kind();
        let mut caches = [(); 2].map(|()| Cache::new(MaskingKey::new([1; 32])));
        for cache in &mut caches {
            cache.keep_in_outline(&resource(kind), true);
            cache.begin_list(resource(kind));
        }
        let [raw, whole] = &mut caches;
        for number in 0..30 {
            let json = object(kind, number, 1 + number, &mut dice);
            raw.list_item(&group_kind, &RawObject::Json(json.clone().into_bytes().into())).unwrap();
            whole.list_item(&group_kind, &decoded(&json, kind)).unwrap();
        }
        for cache in [&mut *raw, &mut *whole] {
            cache.end_list(&group_kind, "100".into(), Timestamp::default()).unwrap();
        }
        assert_same([raw, whole], &group_kind, &format!("seed {seed}, listed"));
        for version in 0..60 {
            let json = object(kind, dice.below(30), 101 + version, &mut dice);
            let event = RawEvent::Modified(RawObject::Json(json.clone().into_bytes().into()));
            let same = RawEvent::Modified(decoded(&json, kind));
            let changed = raw.event(&group_kind, &event, Timestamp::default()).unwrap();
            assert_eq!(changed, whole.event(&group_kind, &same, Timestamp::default()).unwrap());
        }
        assert_same([raw, whole], &group_kind, &format!("seed {seed}, changed"));
        (read, all) = (read + raw.decoded(), all + whole.decoded());
    }
    assert!(read * 10 < all * 9, "{read} of {all} were decoded: too few sketches were met twice");
}
