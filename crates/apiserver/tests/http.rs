//! The HTTP side through its tower service, without a socket.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tautline_apiserver::{HttpService, Server};
use tautline_core::{Value, value};
use tower::ServiceExt;

struct Client(HttpService);

fn start() -> Client {
    Client(HttpService::new(Server::default(), "admin"))
}

impl Client {
    async fn text(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> (u16, String) {
        let mut request = http::Request::builder().method(method).uri(path).header("user-agent", "test/1.0");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = self.0.clone().oneshot(request).await.unwrap();
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn call(&self, method: &str, path: &str, media: &str, body: &Value) -> (u16, Value) {
        let (code, text) = self.text(method, path, &[("content-type", media)], body.to_json()).await;
        (code, Value::from_json(text.as_bytes()).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, "", &Value::Null).await
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn config_map(name: &str) -> Value {
    value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "a": "1" } })
}

#[tokio::test]
async fn objects_over_http() {
    let client = start();
    let (code, made) = client.call("POST", MAPS, "application/json", &config_map("c")).await;
    assert_eq!(code, 201);
    assert_eq!(made.list_at(&["metadata", "managedFields"])[0].str_at(&["manager"]), Some("test"));
    let apply = format!("{MAPS}/c?fieldManager=me&force=true");
    let (code, _) = client.call("PATCH", &apply, "application/apply-patch+yaml", &config_map("c")).await;
    assert_eq!(code, 200);
    let (code, list) = client.get(&format!("{MAPS}?limit=1")).await;
    assert_eq!((code, list.str_at(&["kind"])), (200, Some("ConfigMapList")));
    assert!(list.str_at(&["metadata", "continue"]).is_some());
    let (code, status) = client.call("DELETE", &format!("{MAPS}/c"), "", &Value::Null).await;
    assert_eq!((code, status.str_at(&["status"])), (200, Some("Success")));
    let (code, status) = client.get(&format!("{MAPS}/c")).await;
    assert_eq!((code, status.str_at(&["message"])), (404, Some("configmaps \"c\" not found")));
}

#[tokio::test]
async fn unknown_fields_are_refused_warned_of_or_dropped() {
    let client = start();
    let mut body = config_map("c");
    body.as_map_mut().unwrap().insert("nope", 1);
    let (code, status) =
        client.call("POST", &format!("{MAPS}?fieldValidation=Strict"), "application/json", &body).await;
    assert_eq!(code, 400);
    assert_eq!(
        status.str_at(&["message"]),
        Some(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"nope\""
        )
    );
}

#[tokio::test]
async fn tables_and_metadata_alone() {
    let client = start();
    client.call("POST", MAPS, "application/json", &config_map("c")).await;
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let (_, text) = client.text("GET", &format!("{MAPS}/c"), &table, String::new()).await;
    let table = Value::from_json(text.as_bytes()).unwrap();
    assert_eq!(table.list_at(&["rows"])[0].get("cells").unwrap().to_json(), r#"["c",1,"0s"]"#);
    let partial = [("accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")];
    let (_, text) = client.text("GET", &format!("{MAPS}/c"), &partial, String::new()).await;
    assert!(!text.contains("\"data\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_after_its_timeout() {
    let client = start();
    let query = "watch=true&timeoutSeconds=1&allowWatchBookmarks=true&sendInitialEvents=true\
                 &resourceVersionMatch=NotOlderThan";
    let (code, text) = client.text("GET", &format!("{MAPS}?{query}"), &[], String::new()).await;
    assert_eq!(code, 200);
    let kinds: Vec<String> = text
        .lines()
        .map(|line| Value::from_json(line.as_bytes()).unwrap().str_at(&["type"]).unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["ADDED", "BOOKMARK"]);
}

#[tokio::test]
async fn discovery_and_openapi_know_every_kind() {
    let client = start();
    let (_, apps) = client.get("/apis/apps/v1").await;
    assert!(apps.list_at(&["resources"]).iter().any(|r| r.str_at(&["name"]) == Some("deployments/scale")));
    let (_, index) = client.get("/openapi/v3").await;
    assert!(index.at(&["paths", "apis/apps/v1"]).is_some());
    let (code, document) = client.get("/openapi/v3/apis/apps/v1").await;
    assert_eq!(code, 200);
    let schema = document.at(&["components", "schemas", "io.k8s.api.apps.v1.Deployment"]).unwrap();
    assert!(schema.at(&["properties", "spec"]).is_some());
    let (_, version) = client.get("/version").await;
    assert_eq!(version.str_at(&["gitVersion"]), Some("v1.37.2"));
}

#[tokio::test(start_paused = true)]
async fn answers_are_late_and_break_off_on_demand() {
    use tautline_apiserver::{Fault, FaultRule, Matcher, Verb};
    let server = Server::default();
    let client = Client(HttpService::new(server.clone(), "admin"));
    let slow = std::time::Duration::from_secs(3);
    server.add_fault(FaultRule::once(Matcher::new(Verb::List, "configmaps"), Fault::Latency(slow)));
    let start = tokio::time::Instant::now();
    assert_eq!(client.get(MAPS).await.0, 200);
    assert!(start.elapsed() >= slow);
    server.add_fault(FaultRule::once(Matcher::new(Verb::Create, "configmaps"), Fault::Reset(10)));
    let request =
        http::Request::builder().method("POST").uri(MAPS).header("content-type", "application/json");
    let request = request.body(Full::new(Bytes::from(config_map("c").to_json()))).unwrap();
    let response = client.0.clone().oneshot(request).await.unwrap();
    assert!(response.into_body().collect().await.is_err());
    assert_eq!(client.get(&format!("{MAPS}/c")).await.0, 200);
}

#[tokio::test]
async fn rights_come_from_roles() {
    use tautline_apiserver::Options;
    let server = Server::new(Options { rbac: true, ..Options::default() });
    let admin = Client(HttpService::new(server.clone(), "admin"));
    let jane = Client(HttpService::new(server, "").with_user("jane"));
    let (code, status) = jane.get(MAPS).await;
    assert_eq!((code, status.str_at(&["reason"])), (403, Some("Forbidden")));
    let bind = |role: &str| {
        value!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": role },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
            "subjects": [{ "kind": "User", "name": "jane" }] })
    };
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    assert_eq!(admin.call("POST", bindings, "application/json", &bind("view")).await.0, 201);
    // `view` is gathered from other roles.
    assert_eq!(jane.get(MAPS).await.0, 200);
    assert_eq!(jane.get("/api/v1/namespaces/default/secrets").await.0, 403);
    assert_eq!(jane.get("/version").await.0, 200);
    let review = value!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": { "verb": "list", "resource": "configmaps", "namespace": "default" } } });
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let (_, answer) = jane.call("POST", reviews, "application/json", &review).await;
    assert_eq!(
        answer.at(&["status"]).unwrap().to_json(),
        r#"{"allowed":true,"reason":"RBAC: allowed by RoleBinding \"view/default\" of ClusterRole \"view\" to User \"jane\""}"#
    );
    let (code, status) = jane.call("POST", bindings, "application/json", &bind("admin")).await;
    assert_eq!(code, 403, "{}", status.to_json());
    let acting = [("impersonate-user", "system:serviceaccount:default:robot")];
    assert_eq!(admin.text("GET", MAPS, &acting, String::new()).await.0, 403);
    assert_eq!(jane.text("GET", MAPS, &acting, String::new()).await.0, 403);
}
