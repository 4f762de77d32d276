//! Expressions that want to harm: each is refused when it is read or ends soon as Unknown, and others are unaffected.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::time::Duration;

use cpu_time::ThreadTime;
use tautline_core::{Object, Timestamp, Value, value};
use tautline_health::HealthStatus;
use tautline_scripts::Customizations;

/// An object with a list of 5 000 entries and a text of 200 KB.
fn object(kind: &str) -> Object {
    let list: Vec<Value> = (0..5_000_i64).map(Value::from).collect();
    let text = "a".repeat(200_000);
    Object::new(value!({ "apiVersion": "example.org/v1", "kind": kind, "metadata": { "name": "a" },
        "spec": { "list": list, "text": text, "deep": { "a": { "b": [[[1]]] } } } }))
    .unwrap()
}

/// What the expression comes to: the refusal of its text, or the message of an object that is Unknown by it.
#[track_caller]
fn stopped(expression: &str) -> String {
    let quoted = Value::string(expression).to_json();
    let text = format!(
        "- {{apiVersion: example.org/v1, kind: Bad, current: {quoted}}}\n- {{apiVersion: example.org/v1, kind: Good, current: 'metadata.name == \"a\"'}}"
    );
    let (bad, good) = (object("Bad"), object("Good"));
    let started = ThreadTime::now();
    let told = match Customizations::from_yaml(&text) {
        Err(refusal) => refusal.to_string(),
        Ok(rules) => {
            let health = rules.judge(&bad, Timestamp::default()).health.unwrap();
            assert_eq!(health.status, HealthStatus::Unknown, "{:.100}: {health:?}", expression);
            health.message
        }
    };
    let took = started.elapsed();
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 100 });
    assert!(took < limit, "{took:?}: {expression:.100}");
    assert!(!told.is_empty() && told.len() < 2_000, "{:.200}", told);
    let alone = "- {apiVersion: example.org/v1, kind: Good, current: 'metadata.name == \"a\"'}";
    let rules = Customizations::from_yaml(alone).unwrap();
    assert_eq!(rules.judge(&good, Timestamp::default()).health.unwrap().status, HealthStatus::Healthy);
    told
}

#[test]
fn loops_within_loops() {
    stopped("spec.list.all(a, spec.list.all(b, a + b >= 0))");
    stopped("spec.list.all(a, spec.list.all(b, spec.list.all(c, spec.list.all(d, true))))");
    stopped("spec.list.map(a, spec.list.map(b, spec.list)).size() > 0");
    stopped("spec.list.filter(a, spec.list.exists(b, b == a + 10000)).size() == 0");
    stopped("spec.list.exists_one(a, spec.list.exists_one(b, a == b))");
}

#[test]
fn texts_that_grow() {
    stopped(&format!("'a'{} == 'b'", ".replace('a', 'aaaaaaaaaa')".repeat(40)));
    stopped(&format!("spec.text{} == 'b'", ".replace('a', 'aaaaaaaaaa')".repeat(10)));
    stopped("spec.list.map(a, spec.text + spec.text).size() > 0");
    stopped("spec.list.map(a, spec.text.split('')).size() > 0");
    stopped("spec.list.all(a, spec.text.upperAscii() != 'x')");
    stopped("spec.list.map(a, spec.text).join(spec.text) == ''");
    stopped(&format!("({}).size() > 0", vec!["spec.text"; 2_000].join(" + ")));
}

#[test]
fn patterns() {
    stopped("spec.list.all(a, !spec.text.matches('(a*)*b'))");
    stopped("spec.text.matches('(')");
    stopped("spec.text.matches('((a{1000}){1000}){1000}')");
    stopped("spec.list.map(a, spec.text.findAll('a')).size() > 0");
}

#[test]
fn depth_and_length() {
    stopped(&format!("{}true{}", "(".repeat(20_000), ")".repeat(20_000)));
    stopped(&format!("{}true", "!".repeat(50_000)));
    stopped(&format!("{}1{} == 1", "[".repeat(20_000), "]".repeat(20_000)));
    stopped(&format!("1{} > 0", " + 1".repeat(100_000)));
    stopped(&format!("metadata{}", ".a".repeat(50_000)));
    stopped(&format!("{}true{}", "true ? (".repeat(10_000), ") : false".repeat(10_000)));
}

#[test]
fn what_is_no_truth_or_not_there() {
    stopped("1");
    stopped("'Healthy'");
    stopped("status.phase == 'Ready'");
    stopped("nobody.knows == 1");
    stopped("spec.list[100000] == 1");
    stopped("1 / 0 == 1");
    stopped("9223372036854775807 + 1 > 0");
    stopped("spec.list[0].matches('a')");
    stopped("1 +");
    stopped("\u{0}");
    stopped("system('true')");
}
