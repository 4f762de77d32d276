//! Against a service that answers with canned JSON: what is asked, and what becomes of the answers.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use http_body_util::BodyExt;
use kube::client::Body;
use tautline_cluster::{
    ApiResource, Cluster, ClusterError, Deleted, Patch, Query, RawEvent, RawObject, Stage, Target,
    WriteOptions,
};
use tautline_core::{
    ClusterId, FieldManager, Freshness, GroupKind, GroupVersionKind, Object, Timestamp, Value, value,
};
use tautline_kube::KubeCluster;
use tautline_ownership::{Evidence, Propagation, Reason, Warrant};

type Answer = (u16, &'static [(&'static str, &'static str)], String);

/// What was asked: method, path with parameters, accept, content type, body.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    accept: String,
    kind: String,
    body: String,
}

/// A cluster that answers one request after the other, and what it was asked.
fn cluster(answers: Vec<Answer>) -> (KubeCluster, Arc<Mutex<Vec<Asked>>>) {
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (answers, noted) = (Arc::clone(&answers), Arc::clone(&noted));
        async move {
            let (parts, body) = request.into_parts();
            let header = |name: &str| parts.headers.get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
            let (accept, kind) = (header("accept"), header("content-type"));
            let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let line = format!("{} {}", parts.method, parts.uri);
            noted.lock().unwrap().push(Asked { line, accept, kind, body });
            let (code, headers, body) = answers.lock().unwrap().pop_front().expect("an answer is left");
            let mut response = http::Response::builder().status(code);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            Ok::<_, std::convert::Infallible>(response.body(Body::from(body.into_bytes())).unwrap())
        }
    });
    (KubeCluster::new(kube::Client::new(service, "default"), ClusterId::in_cluster()), asked)
}

fn config_maps() -> ApiResource {
    ApiResource {
        gvk: GroupVersionKind::new("", "v1", "ConfigMap"),
        plural: "configmaps".into(),
        namespaced: true,
        verbs: vec![],
        short_names: vec![],
        subresources: vec![],
    }
}

fn ok(body: Value) -> Answer {
    (200, &[], body.to_json())
}

fn config_map() -> Value {
    value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "a", "namespace": "n", "uid": "u1", "resourceVersion": "7",
        "annotations": { "argocd.argoproj.io/tracking-id": "web:/ConfigMap:n/a" } } })
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let page = |items: Value, version: &str, go_on: &str| {
        ok(value!({ "kind": "ConfigMapList", "metadata": { "resourceVersion": version, "continue": go_on },
            "items": items }))
    };
    let (cluster, asked) = cluster(vec![
        page(value!([{ "a": 1 }, { "a": 2 }]), "5", "tok/en"),
        page(value!([{ "a": 3 }]), "5", ""),
    ]);
    let mut query = Query::all(config_maps());
    (query.namespace, query.labels, query.page) = (Some("n".into()), "x=y,z".into(), 2);
    let mut items = Vec::new();
    let end = cluster
        .list(&query, &mut |item| {
            if let RawObject::Json(json) = item {
                items.push(String::from_utf8(json.to_vec()).unwrap());
            }
        })
        .await
        .unwrap();
    assert_eq!((items.join(""), end.version.as_str()), (r#"{"a":1}{"a":2}{"a":3}"#.to_owned(), "5"));
    let lines: Vec<_> = asked.lock().unwrap().iter().map(|a| a.line.clone()).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/namespaces/n/configmaps?labelSelector=x%3Dy%2Cz&limit=2",
            "GET /api/v1/namespaces/n/configmaps?labelSelector=x%3Dy%2Cz&limit=2&continue=tok%2Fen"
        ]
    );
}

#[tokio::test]
async fn a_refused_list_is_an_error_and_not_empty() {
    let (cluster, _) = cluster(vec![
        (403, &[], r#"{"kind":"Status","code":403,"reason":"Forbidden","message":"no rights"}"#.into()),
        (200, &[], "<html>a portal</html>".into()),
        (404, &[], "404 page not found".into()),
        (404, &[], r#"{"kind":"Status","code":404,"reason":"NotFound","details":{"name":"a"}}"#.into()),
    ]);
    let query = Query::all(config_maps());
    let forbidden = cluster.list(&query, &mut |_| {}).await.unwrap_err();
    assert!(forbidden.is_forbidden() && !forbidden.is_retryable(), "{forbidden}");
    let portal = cluster.list(&query, &mut |_| {}).await.unwrap_err();
    assert!(matches!(portal, ClusterError::Answer { .. }), "{portal}");
    // A path that nobody serves says nothing of the object.
    let target = Target::new(config_maps(), "n", "a");
    assert!(cluster.get(&target).await.is_err());
    assert!(cluster.get(&target).await.unwrap().is_none());
}

/// A watch's lines; the bookmark says that the list ends with it, or nothing.
fn initial(end: &str) -> Answer {
    let lines = [
        r#"{"type":"ADDED","object":{"a":1}}"#,
        r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"6"}}}"#,
        r#"{"type":"ADDED","object":{"a":2}}"#,
        end,
    ];
    (200, &[], lines.join("\n") + "\n")
}

#[tokio::test]
async fn a_list_may_come_as_the_beginning_of_a_watch() {
    let end = r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8","annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
    let page = ok(value!({ "kind": "ConfigMapList", "metadata": { "resourceVersion": "9" }, "items": [] }));
    let (cluster, asked) = cluster(vec![initial(end), initial(""), page]);
    let cluster = cluster.with_streamed_lists();
    let mut resource = config_maps();
    resource.verbs = vec!["list".into(), "watch".into()];
    let query = Query::all(resource);
    let mut items = 0;
    let listed = cluster.list(&query, &mut |_| items += 1).await.unwrap();
    assert_eq!((items, listed.version.as_str()), (2, "8"));
    // A list without its end proves nothing; the next one comes in pages.
    let torn = cluster.list(&query, &mut |_| {}).await.unwrap_err();
    assert!(torn.to_string().contains("the list ended before its end"), "{torn}");
    assert_eq!(cluster.list(&query, &mut |_| {}).await.unwrap().version.as_str(), "9");
    let lines: Vec<_> = asked.lock().unwrap().iter().map(|a| a.line.clone()).collect();
    let expect = "GET /api/v1/configmaps?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    assert!(lines[0].starts_with(expect), "{lines:?}");
    assert!(lines[2].starts_with("GET /api/v1/configmaps?limit=250"), "{lines:?}");
}

#[tokio::test]
async fn a_server_that_streams_no_lists_is_asked_for_pages() {
    let refused = (
        422,
        &[][..],
        r#"{"kind":"Status","code":422,"reason":"Invalid","message":"sendInitialEvents is forbidden"}"#
            .to_owned(),
    );
    let page = ok(value!({ "kind": "ConfigMapList", "metadata": { "resourceVersion": "9" }, "items": [] }));
    let (cluster, _) = cluster(vec![refused, page]);
    let mut resource = config_maps();
    resource.verbs = vec!["watch".into()];
    let listed = cluster.with_streamed_lists().list(&Query::all(resource), &mut |_| {}).await.unwrap();
    assert_eq!(listed.version.as_str(), "9");
}

#[tokio::test]
async fn a_watch_is_a_stream_of_events() {
    let body = concat!(
        r#"{"type":"ADDED","object":{"a":1}}"#,
        "\n",
        r#"{"type":"DELETED","object":{"a":1}}"#,
        "\n",
        r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}}"#,
        "\n",
        r#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#,
        "\n",
        r#"{"type":"ADDED","object":{"a":2}}"#,
        "\n"
    );
    let (cluster, asked) = cluster(vec![(200, &[], body.into())]);
    let mut query = Query::all(config_maps());
    query.since = Some("5".into());
    let events: Vec<_> = cluster.watch(&query).await.unwrap().collect().await;
    assert!(matches!(&events[0], Ok(RawEvent::Added(RawObject::Json(json))) if &json[..] == br#"{"a":1}"#));
    assert!(matches!(&events[1], Ok(RawEvent::Deleted(_))));
    assert!(matches!(&events[2], Ok(RawEvent::Bookmark(version)) if version.as_str() == "8"));
    assert!(events[3].as_ref().unwrap_err().is_gone());
    assert_eq!(events.len(), 4);
    let line = asked.lock().unwrap()[0].line.clone();
    let expect = "?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=";
    assert!(line.starts_with(&format!("GET /api/v1/configmaps{expect}")), "{line}");
}

#[tokio::test]
async fn writes_say_who_writes_and_how() {
    let warned: &[_] = &[("warning", "299 - \"deprecated\"")];
    let (cluster, asked) = cluster(vec![
        (201, warned, config_map().to_json()),
        ok(config_map()),
        ok(config_map()),
        (
            409,
            &[("retry-after", "2")],
            r#"{"kind":"Status","code":409,"reason":"Conflict","message":"m"}"#.into(),
        ),
    ]);
    let object = Object::new(config_map()).unwrap();
    let target = Target::of(config_maps(), &object);
    let mut options = WriteOptions::by(FieldManager::tautline());
    (options.force, options.dry_run) = (true, true);
    let written = cluster.apply(&target, &object, &options).await.unwrap();
    assert!(written.created && written.warnings == ["deprecated"]);
    options = WriteOptions::by(FieldManager::tautline());
    options.strict = false;
    cluster.create(&target, &object, &options).await.unwrap();
    options.subresource = Some("status".into());
    cluster.patch(&target, &Patch::Merge(value!({ "a": 1 })), &options).await.unwrap();
    let conflict = cluster.replace(&target, &object, &options).await.unwrap_err();
    assert_eq!(conflict.status().unwrap().retry_after.unwrap().as_secs(), 2);

    let asked = asked.lock().unwrap().clone();
    let seen: Vec<_> = asked.iter().map(|a| format!("{} [{}]", a.line, a.kind)).collect();
    let (all, one) = ("/api/v1/namespaces/n/configmaps", "/api/v1/namespaces/n/configmaps/a");
    let lenient = "?fieldManager=tautline&fieldValidation=Warn";
    assert_eq!(
        seen,
        [
            format!(
                "PATCH {one}?fieldManager=tautline&fieldValidation=Strict&force=true&dryRun=All [application/apply-patch+yaml]"
            ),
            format!("POST {all}{lenient} [application/json]"),
            format!("PATCH {one}/status{lenient} [application/merge-patch+json]"),
            format!("PUT {one}/status{lenient} [application/json]"),
        ]
    );
    assert_eq!(asked[0].body, config_map().to_json());
}

#[tokio::test]
async fn a_delete_carries_the_warrants_preconditions() {
    let live = Object::new(config_map()).unwrap();
    let warrant = || {
        let kind = GroupKind::new("", "ConfigMap");
        let freshness = Freshness { kind, version: "9".into(), at: Timestamp::default() };
        let propagation = Propagation::Foreground;
        let (reason, render) = (Reason::AppDeleted, None);
        Warrant::judge(&Evidence {
            reason,
            live: &live,
            app: "web",
            freshness: &freshness,
            render,
            propagation,
        })
        .unwrap()
    };
    let mut held = config_map();
    let metadata = held.as_map_mut().unwrap().map_at("metadata");
    metadata.insert("deletionTimestamp", "2026-01-01T00:00:00Z");
    metadata.insert("finalizers", value!(["foregroundDeletion"]));
    let (cluster, asked) = cluster(vec![
        ok(value!({ "kind": "Status", "status": "Success" })),
        ok(held),
        (404, &[], r#"{"kind":"Status","code":404,"reason":"NotFound","details":{"name":"a"}}"#.into()),
        (409, &[], r#"{"kind":"Status","code":409,"reason":"Conflict","message":"uid"}"#.into()),
        ok(config_map()),
    ]);
    let resource = config_maps();
    assert_eq!(cluster.delete(&resource, warrant()).await.unwrap(), Deleted::Gone);
    assert_eq!(cluster.delete(&resource, warrant()).await.unwrap(), Deleted::Terminating);
    assert_eq!(cluster.delete(&resource, warrant()).await.unwrap(), Deleted::NotFound);
    assert!(cluster.delete(&resource, warrant()).await.unwrap_err().is_conflict());
    let other = ApiResource { gvk: GroupVersionKind::new("", "v1", "Secret"), ..config_maps() };
    assert!(cluster.delete(&other, warrant()).await.is_err());
    let grace = Some(std::time::Duration::ZERO);
    let target = Target::new(resource, "n", "a");
    assert_eq!(cluster.discard(&target, &"u1".into(), grace).await.unwrap(), Deleted::Gone);

    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 5, "a warrant for another kind is not sent");
    let body = Value::from_json(asked[0].body.as_bytes()).unwrap();
    let expect = value!({ "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground",
        "preconditions": { "uid": "u1", "resourceVersion": "7" } });
    assert_eq!((body, asked[0].line.as_str()), (expect, "DELETE /api/v1/namespaces/n/configmaps/a"));
    assert!(
        asked[4].body.contains(r#""gracePeriodSeconds":0"#) && !asked[4].body.contains("propagationPolicy")
    );
}

#[tokio::test]
async fn the_end_of_a_log_is_text_and_a_missing_pod_an_error() {
    let pods =
        ApiResource { gvk: GroupVersionKind::new("", "v1", "Pod"), plural: "pods".into(), ..config_maps() };
    let gone = value!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound",
        "message": "pods \"migrate-x\" not found" });
    let answers: Vec<Answer> = vec![(200, &[], "one\ntwo\n".to_owned()), (404, &[], gone.to_json())];
    let (cluster, asked) = cluster(answers);
    let pod = Target::new(pods, "prod", "migrate-x");
    assert_eq!(cluster.log_tail(&pod, "main", 10).await.unwrap().as_deref(), Some("one\ntwo\n"));
    let line = asked.lock().unwrap()[0].line.clone();
    let expected =
        "GET /api/v1/namespaces/prod/pods/migrate-x/log?container=main&tailLines=10&limitBytes=65536";
    assert_eq!(line, expected);
    assert!(cluster.log_tail(&pod, "main", 10).await.is_err());
}

#[tokio::test]
async fn discovery_in_either_form() {
    let deployments = value!({ "resource": "deployments", "responseKind": { "kind": "Deployment" },
        "scope": "Namespaced", "verbs": ["get"], "shortNames": ["deploy"],
        "subresources": [{ "subresource": "status" }] });
    let group = value!({ "metadata": { "name": "apps" }, "versions": [
        { "version": "v1", "freshness": "Current", "resources": [deployments] },
        { "version": "v1beta1", "freshness": "Stale", "resources": [] }] });
    let list = |items: Value| ok(value!({ "kind": "APIGroupDiscoveryList", "items": items }));
    let version = || ok(value!({ "gitVersion": "v1.37.2" }));
    let (newer, asked) = cluster(vec![version(), list(value!([])), list(value!([group]))]);
    let found = newer.discover().await.unwrap();
    let deployment = found.preferred("apps", "Deployment").unwrap();
    assert!(deployment.namespaced && deployment.subresources == ["status"]);
    assert!(found.is_stale("apps") && found.server_version == "v1.37.2");
    assert!(asked.lock().unwrap()[1].accept.contains("apidiscovery.k8s.io;v=v2"));

    let pods = value!({ "name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["list"] });
    let log = value!({ "name": "pods/log", "kind": "Pod", "namespaced": true, "verbs": ["get"] });
    let metrics = value!({ "versions": [{ "groupVersion": "metrics.k8s.io/v1" }],
        "preferredVersion": { "groupVersion": "metrics.k8s.io/v1" } });
    let (older, _) = cluster(vec![
        version(),
        ok(value!({ "kind": "APIVersions", "versions": ["v1"] })),
        ok(value!({ "kind": "APIGroupList", "groups": [metrics] })),
        ok(value!({ "resources": [pods, log] })),
        (503, &[], "down".into()),
    ]);
    let found = older.discover().await.unwrap();
    assert_eq!(found.preferred("", "Pod").unwrap().subresources, ["log"]);
    assert!(found.is_stale("metrics.k8s.io") && found.resources.len() == 1);
}

#[tokio::test]
async fn an_unreachable_server_is_named_with_the_cause() {
    // Nothing listens on the discard port.
    let config = kube::Config::new("http://127.0.0.1:9".parse().unwrap());
    let cluster = KubeCluster::new(kube::Client::try_from(config).unwrap(), ClusterId::in_cluster());
    let error = cluster.get(&Target::new(config_maps(), "n", "a")).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("refused"), "{error}");
    assert!(error.to_string().starts_with("GET /api/v1/namespaces/n/configmaps/a:"), "{error}");
}
