//! The routes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::middleware;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::assets;
use crate::guard::{self, Options};
use crate::model::{AppPage, AppSummary};

/// What the page shows. Called at every request, so that nothing need be kept ready while nobody looks: answer from
/// memory.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Every app, in the order in which they are listed.
    async fn apps(&self) -> Vec<AppSummary>;

    /// One app; `None` if there is none of that name.
    async fn app(&self, namespace: &str, name: &str) -> Option<AppPage>;

    /// `namespace/name` of each app that changes from now on, appears or goes.
    fn changes(&self) -> BoxStream<'static, String>;
}

/// The page and its data.
///
/// Without a [token](Options::token), whoever reaches the listener sees everything: listen on loopback.
pub fn router(pages: Arc<dyn Pages>, options: Options) -> Router {
    let options = Arc::new(options);
    let data = Router::new()
        .route("/api/apps", get(apps))
        .route("/api/apps/{namespace}/{name}", get(app))
        .route("/api/changes", get(changes))
        .layer(middleware::from_fn_with_state(Arc::clone(&options), guard::token))
        .with_state(pages);
    let page = Router::new()
        .route("/", get(async || assets::serve("index.html")))
        .route("/assets/{name}", get(async |Path(name): Path<String>| assets::serve(&name)));
    Router::new()
        .merge(data)
        .merge(page)
        .layer(middleware::from_fn_with_state(options, guard::place))
        // Added after the guards, so that a probe, which knows neither name nor token, gets through.
        .route("/healthz", get(async || "ok\n"))
        .layer(middleware::from_fn(guard::headers))
}

async fn apps(State(pages): State<Arc<dyn Pages>>) -> Response {
    unstored(Json(pages.apps().await))
}

async fn app(
    State(pages): State<Arc<dyn Pages>>,
    Path((namespace, name)): Path<(String, String)>,
) -> Response {
    match pages.app(&namespace, &name).await {
        Some(page) => unstored(Json(page)),
        None => unstored((StatusCode::NOT_FOUND, "there is no such app\n")),
    }
}

async fn changes(State(pages): State<Arc<dyn Pages>>) -> Response {
    // The first event says that the stream works; what changed before it, the page asks for itself.
    let hello = Event::default().event("ready").data("");
    let events = pages.changes().map(|app| Event::default().data(app.replace(['\r', '\n'], " ")));
    let events = futures::stream::iter([hello]).chain(events).map(Ok::<_, Infallible>);
    unstored(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Data is kept nowhere.
fn unstored(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
