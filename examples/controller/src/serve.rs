//! The page, `/metrics`, `/healthz` and `/readyz` on one listener.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::routing::get;
use tautline::RuntimePages;
use tautline::cluster::Counted;
use tautline::core::Secret;
use tautline::web::{Options, Pages, router};

/// Serves until the task is dropped.
pub(crate) async fn serve(
    address: SocketAddr,
    pages: Arc<RuntimePages>,
    token: Option<Secret<String>>,
    hosts: Vec<String>,
    counted: Option<Counted>,
) -> Result<(), String> {
    if !address.ip().is_loopback() && token.is_none() {
        return Err(format!("--listen {address} is reachable from outside and needs --token-file"));
    }
    let mut options = Options::default();
    if let Some(token) = token {
        options = options.with_token(token);
    }
    if !hosts.is_empty() {
        options = options.with_hosts(hosts);
    }
    let for_metrics = pages.clone();
    let app = router(pages, options)
        .route("/readyz", get(|| async { "ok" }))
        .route("/metrics", get(move || async move { metrics(&*for_metrics, counted.as_ref()).await }));
    let listener =
        tokio::net::TcpListener::bind(address).await.map_err(|e| format!("--listen {address}: {e}"))?;
    let local = listener.local_addr().map_err(|e| e.to_string())?;
    println!("page         http://{local}/");
    axum::serve(listener, app).await.map_err(|e| e.to_string())
}

/// The apps by sync and health, and what was asked of the cluster, in Prometheus' text format.
async fn metrics(pages: &dyn Pages, counted: Option<&Counted>) -> String {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let apps = pages.apps().await;
    for app in &apps {
        *counts.entry((app.sync.clone(), app.health.clone())).or_default() += 1;
    }
    let mut out =
        String::from("# HELP tautline_apps Apps by sync status and health.\n# TYPE tautline_apps gauge\n");
    for ((sync, health), count) in counts {
        let _ = writeln!(out, "tautline_apps{{sync=\"{sync}\",health=\"{health}\"}} {count}");
    }
    out.push_str("# HELP tautline_objects Objects of all apps.\n# TYPE tautline_objects gauge\n");
    let objects: usize = apps.iter().map(|app| app.counts.objects).sum();
    let _ = writeln!(out, "tautline_objects {objects}");
    if let Some(counted) = counted {
        out.push_str("# HELP tautline_requests_total Requests to the cluster's API by verb and resource.\n");
        out.push_str("# TYPE tautline_requests_total counter\n");
        for ((verb, resource), count) in counted.counts() {
            let _ =
                writeln!(out, "tautline_requests_total{{verb=\"{verb}\",resource=\"{resource}\"}} {count}");
        }
    }
    out
}
