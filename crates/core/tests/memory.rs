//! What values take: of memory while they are open, and at rest.

use tautline_core::{List, Packed, Value, value};

/// A pod as lists hold it, without the help of repetition.
fn pod(i: usize) -> Value {
    let env: List = (0..6)
        .map(|n| value!({ "name": (format!("SETTING_{n}")), "value": (format!("value {i} of {n}")) }))
        .collect();
    let owned = r#"{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:env":{},"f:image":{},"f:name":{},"f:resources":{}}}}}"#;
    value!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": (format!("web-{i}-6d4cf56db6-x7k2p")), "namespace": "prod", "labels": { "app": "web", "pod-template-hash": "6d4cf56db6" },
            "uid": (format!("6b0f5a0e-0b1c-4c62-8ee9-{i:012}")), "resourceVersion": (i.to_string()),
            "managedFields": [{ "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
                "fieldsV1": (Value::from_json(owned.as_bytes()).expect("JSON")) }] },
        "spec": { "containers": [{ "name": "app", "image": "registry.example/web:1.2.3", "env": (Value::List(env)),
            "ports": [{ "containerPort": 8080, "protocol": "TCP" }],
            "resources": { "requests": { "cpu": "100m", "memory": "128Mi" } } }],
            "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30 },
        "status": { "phase": "Running", "podIP": "10.1.2.3", "conditions": [
            { "type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": "2030-01-01T00:00:00Z" }] } })
}

fn in_memory<T>(texts: &[String], decode: impl Fn(&str) -> T) -> f64 {
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut kept = Vec::with_capacity(texts.len());
    let used = allocation_counter::measure(|| kept.extend(texts.iter().map(|text| decode(text))));
    used.bytes_current as f64 / bytes as f64
}

#[test]
fn an_open_value_takes_twice_its_text_and_a_sixth_of_serde_jsons() {
    let texts: Vec<String> = (0..50).map(|i| pod(i).to_json()).collect();
    let ours = in_memory(&texts, |text| Value::from_json(text.as_bytes()).expect("JSON"));
    let theirs = in_memory(&texts, |text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
    println!("in memory: {ours:.2} of the text, serde_json::Value {theirs:.2}");
    // Owners' fields, short keys over nothing, are the worst of it.
    assert!(ours <= 2.0 && ours * 6.0 < theirs, "{ours:.2} of the text, serde_json::Value {theirs:.2}");
}

#[test]
fn a_value_at_rest_takes_less_than_half_of_its_text() {
    for i in 0..50 {
        let value = pod(i);
        let ratio = Packed::new(&value).size() as f64 / value.to_json().len() as f64;
        if i == 0 {
            println!("at rest: {ratio:.2} of the text");
        }
        assert!(ratio <= 0.45, "{ratio:.2} of the text");
    }
}
