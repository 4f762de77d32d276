//! The router as a browser, a probe and an attacker see it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http_body_util::BodyExt;
use tautline_core::Secret;
use tautline_web::{
    AppPage, AppSummary, Line, Node, Options, Pages, Plan, PlanGroup, PlanStep, Row, RowKind, Section, router,
};
use tower::ServiceExt;

struct One;

impl One {
    fn summary() -> AppSummary {
        AppSummary {
            name: "<script>alert(1)</script>".into(),
            namespace: "argocd".into(),
            sync: "Synced".into(),
            ..AppSummary::default()
        }
    }
}

impl One {
    fn plan() -> Plan {
        let step = PlanStep { object: "<b>".into(), state: "Waiting".into(), ..PlanStep::default() };
        let group = PlanGroup { phase: "PreSync".into(), wave: -1, steps: vec![step] };
        Plan { state: "Refused".into(), blocked: "too much".into(), groups: vec![group], ..Plan::default() }
    }
}

#[async_trait]
impl Pages for One {
    async fn apps(&self) -> Vec<AppSummary> {
        vec![Self::summary()]
    }
    async fn app(&self, namespace: &str, name: &str) -> Option<AppPage> {
        let rows = vec![Row {
            kind: RowKind::Changed,
            left: Some(Line { number: 3, text: "a: 1".into() }),
            right: Some(Line { number: 3, text: "a: 2".into() }),
        }];
        let tree = vec![Node { kind: "Pod".into(), columns: vec![Section { rows }], ..Node::default() }];
        (namespace == "argocd" && name == "we b").then(|| AppPage {
            summary: Self::summary(),
            tree,
            plan: Some(Self::plan()),
            ..AppPage::default()
        })
    }
    fn changes(&self) -> BoxStream<'static, String> {
        stream::iter(["argocd/a\ndata: forged".to_owned()]).boxed()
    }
}

async fn ask(options: Options, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:8090");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router(Arc::new(One), options).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn status(options: &Options, path: &str, headers: &[(&str, &str)]) -> u16 {
    ask(options.clone(), path, headers).await.status().as_u16()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn every_answer_is_fenced_in() {
    let with_token = Options::default().with_token(Secret::new("t".into()));
    for (options, path) in [
        (Options::default(), "/"),
        (Options::default(), "/assets/main.js"),
        (Options::default(), "/api/apps"),
        (Options::default(), "/nothing"),
        (Options::default(), "/healthz"),
        (with_token, "/api/apps"),
    ] {
        let response = ask(options, path, &[]).await;
        let header = |name: &str| response.headers().get(name).map_or("", |v| v.to_str().unwrap());
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{path} {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    }
    let data = ask(Options::default(), "/api/apps", &[]).await;
    assert_eq!(data.headers()["cache-control"], "no-store");
    assert_eq!(data.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn data_is_data_and_never_markup() {
    let apps = text(ask(Options::default(), "/api/apps", &[]).await).await;
    let apps: serde_json::Value = serde_json::from_str(&apps).unwrap();
    assert_eq!(apps[0]["name"], "<script>alert(1)</script>");
    assert_eq!(apps[0]["counts"]["outOfSync"], 0);
    let page = text(ask(Options::default(), "/api/apps/argocd/we%20b", &[]).await).await;
    assert!(page.contains(r#""tree":[{"group":"","kind":"Pod""#), "{page}");
    let columns = r#""columns":[{"rows":[{"kind":"changed","left":{"number":3,"text":"a: 1"},"right":{"number":3,"text":"a: 2"}}]}]"#;
    assert!(page.contains(columns), "{page}");
    let plan: serde_json::Value = serde_json::from_str(&page).unwrap();
    let plan = &plan["plan"];
    assert_eq!((plan["state"].as_str(), plan["blocked"].as_str()), (Some("Refused"), Some("too much")));
    assert_eq!(plan["groups"][0]["wave"], -1);
    assert_eq!(plan["groups"][0]["steps"][0]["object"], "<b>");
    assert_eq!(status(&Options::default(), "/api/apps/argocd/other", &[]).await, 404);
    // One change is one event, whatever is in its text.
    let changes = text(ask(Options::default(), "/api/changes", &[]).await).await;
    assert_eq!(changes, "event: ready\n\ndata: argocd/a data: forged\n\n");
}

#[tokio::test]
async fn the_page_brings_its_own_files_and_inserts_text_as_text() {
    let page = text(ask(Options::default(), "/", &[]).await).await;
    assert!(
        page.contains("<title>Tautline</title>") && !page.contains("style=") && !page.contains("onclick")
    );
    for name in
        ["main.js", "api.js", "app.js", "list.js", "tree.js", "plan.js", "dom.js", "status.js", "address.js"]
    {
        let response = ask(Options::default(), &format!("/assets/{name}"), &[]).await;
        assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8", "{name}");
        let source = text(response).await;
        let forbidden = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "https://",
        ];
        for forbidden in forbidden {
            assert!(!source.contains(forbidden), "{name} uses {forbidden}");
        }
    }
    assert_eq!(status(&Options::default(), "/assets/style.css", &[]).await, 200);
    for nothing in
        ["/assets/..%2FCargo.toml", "/assets/%2e%2e%2fsrc%2flib.rs", "/assets/none.js", "/Cargo.toml"]
    {
        assert_eq!(status(&Options::default(), nothing, &[]).await, 404, "{nothing}");
    }
}

#[tokio::test]
async fn a_rebound_name_and_another_site_are_refused() {
    let options = Options::default().with_hosts(["page.example".to_owned()]);
    let ask = async |path: &str, headers: &[(&str, &str)]| status(&options, path, headers).await;
    assert_eq!(ask("/api/apps", &[("host", "evil.example:8090")]).await, 421);
    assert_eq!(ask("/", &[("host", "evil.example")]).await, 421);
    assert_eq!(ask("/api/apps", &[("host", "page.example")]).await, 200);
    assert_eq!(ask("/api/apps", &[("origin", "http://localhost:8090")]).await, 200);
    for origin in
        ["http://evil.example", "null", "http://localhost:1", "file://", "http://localhost:8090.evil.example"]
    {
        assert_eq!(ask("/api/apps", &[("origin", origin)]).await, 403, "{origin}");
    }
    assert_eq!(ask("/api/apps", &[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(ask("/", &[("sec-fetch-site", "cross-site")]).await, 200, "a link from elsewhere");
    assert_eq!(ask("/healthz", &[("host", "10.0.0.7:8090")]).await, 200, "a probe");
}

#[tokio::test]
async fn a_token_guards_the_data_and_not_the_probe() {
    let options = Options::default().with_token(Secret::new("hunter2".into()));
    for path in ["/api/apps", "/api/apps/argocd/we%20b", "/api/changes"] {
        let ask = async |token: &str| status(&options, path, &[("authorization", token)]).await;
        assert_eq!(status(&options, path, &[]).await, 401, "{path}");
        for wrong in ["Bearer hunter", "Bearer hunter22", "Bearer ", "Basic hunter2", "hunter2"] {
            assert_eq!(ask(wrong).await, 401, "{path} {wrong}");
        }
        assert_eq!(ask("Bearer hunter2").await, 200, "{path}");
    }
    assert_eq!(status(&options, "/api/apps?token=hunter2", &[]).await, 401);
    assert_eq!(status(&options, "/healthz", &[]).await, 200);
    assert_eq!(status(&options, "/", &[]).await, 200, "the page asks for the token");
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[tokio::test]
async fn nothing_can_be_changed() {
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let request = Request::builder().method(method).uri("/api/apps").header("host", "localhost");
        let request = request.body(Body::empty()).unwrap();
        let response = router(Arc::new(One), Options::default()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
