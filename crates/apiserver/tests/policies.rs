//! Admission policies answer as kube-apiserver 1.37 answered: the cases of `policies/cases.json` with the answers that
//! were recorded on one.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tautline_apiserver::{HttpService, Options, Server};
use tautline_core::{Value, value};
use tower::ServiceExt;

struct Client(HttpService);

struct Answer {
    code: u16,
    body: Value,
    warnings: Vec<String>,
}

impl Client {
    fn start() -> Self {
        Self(HttpService::new(Server::new(Options { controllers: false, ..Options::default() }), "admin"))
    }

    async fn ask(&self, method: &str, path: &str, media: &str, body: &Value) -> Answer {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "record")
            .header("content-type", media)
            .body(Full::new(Bytes::from(if body.is_null() { String::new() } else { body.to_json() })))
            .unwrap();
        let response = self.0.clone().oneshot(request).await.unwrap();
        let code = response.status().as_u16();
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings.map(|text| text.to_str().unwrap().to_owned()).collect();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { code, body: Value::from_json(&bytes).unwrap(), warnings }
    }
}

/// Where objects of the cases are made.
fn collection(object: &Value) -> String {
    let api = object.str_at(&["apiVersion"]).unwrap();
    let plural = match object.str_at(&["kind"]).unwrap() {
        "ValidatingAdmissionPolicy" => "validatingadmissionpolicies".to_owned(),
        "MutatingAdmissionPolicy" => "mutatingadmissionpolicies".to_owned(),
        kind => format!("{}s", kind.to_lowercase()),
    };
    let base = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
    match object.str_at(&["metadata", "namespace"]) {
        Some(namespace) => format!("{base}/namespaces/{namespace}/{plural}"),
        None => format!("{base}/{plural}"),
    }
}

/// Without what differs from server to server.
fn cleaned(value: &Value) -> Value {
    const LEFT_OUT: [&str; 6] =
        ["uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink", "time"];
    match value {
        Value::Map(map) => {
            let kept = map.iter().filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
            Value::Map(kept.map(|(key, value)| (key.as_str(), cleaned(value))).collect())
        }
        Value::List(list) => Value::List(list.iter().map(cleaned).collect()),
        other => other.clone(),
    }
}

/// What a case misses, a line each.
async fn misses(case: &Value) -> Vec<String> {
    let name = case.str_at(&["name"]).unwrap();
    let client = Client::start();
    let mut missed = Vec::new();
    for object in case.list_at(&["setup"]) {
        let made = client.ask("POST", &collection(object), "application/json", object).await;
        if made.code != 201 {
            missed.push(format!("{name}: setup: {}", made.body.to_json()));
        }
    }
    for (request, expected) in case.list_at(&["requests"]).iter().zip(case.list_at(&["answers"])) {
        let text = |field: &str, default: &'static str| -> String {
            request.str_at(&[field]).unwrap_or(default).to_owned()
        };
        let body = request.get("body").cloned().unwrap_or_default();
        let media = text("contentType", "application/json");
        let answer = client.ask(&text("method", ""), &text("path", ""), &media, &body).await;
        let got = value!({ "code": u32::from(answer.code), "body": cleaned(&answer.body),
            "warnings": answer.warnings.iter().map(|w| Value::from(w.as_str())).collect::<Vec<_>>() });
        let want = expected.to_json();
        let got = without_names(&got.to_json());
        if got != without_names(&want) {
            missed.push(format!("{name}:\n  want {want}\n  got  {got}"));
        }
    }
    missed
}

/// Generated names are random.
fn without_names(text: &str) -> String {
    let mut parts = text.split("gen-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("gen-");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_alphanumeric()));
    }
    out
}

#[tokio::test]
async fn policies_answer_as_recorded() {
    let cases = Value::from_json(include_bytes!("policies/cases.json")).unwrap();
    let cases = cases.as_list().unwrap();
    let mut missed = Vec::new();
    for case in cases {
        missed.extend(misses(case).await);
    }
    assert!(missed.is_empty(), "{} of {} cases:\n{}", missed.len(), cases.len(), missed.join("\n"));
}

/// As kube-apiserver does: each object of a collection is asked about by itself, and a refusal ends the request.
#[tokio::test]
async fn a_collection_is_deleted_as_policies_allow() {
    const BASE: &str = "/apis/admissionregistration.k8s.io/v1";
    let client = Client::start();
    for (policy, action) in [("keep", "Deny"), ("remark", "Warn")] {
        let object = value!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": { "name": policy }, "spec": {
                "matchConstraints": { "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"],
                    "operations": ["DELETE"], "resources": ["configmaps"] }] },
                "validations": [{ "expression": format!("oldObject.metadata.name != '{policy}'") }] } });
        let binding = value!({ "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding", "metadata": { "name": policy },
            "spec": { "policyName": policy, "validationActions": [action] } });
        let json = "application/json";
        assert_eq!(
            client.ask("POST", &format!("{BASE}/validatingadmissionpolicies"), json, &object).await.code,
            201
        );
        let bindings = format!("{BASE}/validatingadmissionpolicybindings");
        assert_eq!(client.ask("POST", &bindings, json, &binding).await.code, 201);
    }
    let maps = "/api/v1/namespaces/default/configmaps";
    for (name, label) in [("free", "a"), ("keep", "b"), ("remark", "a")] {
        let object = value!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": name, "labels": { "of": label } } });
        assert_eq!(client.ask("POST", maps, "application/json", &object).await.code, 201);
    }
    let refused = client.ask("DELETE", &format!("{maps}?labelSelector=of=b"), "", &Value::Null).await;
    assert_eq!(refused.code, 422);
    let taken = client.ask("DELETE", &format!("{maps}?labelSelector=of=a"), "", &Value::Null).await;
    assert_eq!((taken.code, taken.warnings.len()), (200, 1), "{:?}", taken.warnings);
    let left = client.ask("GET", maps, "", &Value::Null).await.body;
    let left: Vec<&str> =
        left.list_at(&["items"]).iter().filter_map(|o| o.str_at(&["metadata", "name"])).collect();
    assert!(left.contains(&"keep") && !left.contains(&"free") && !left.contains(&"remark"), "{left:?}");
}
