//! The page with made-up apps, some of which change all the time:
//! `cargo run -p tautline-web --example sample`, then open <http://127.0.0.1:8090>.
//!
//! Set TAUTLINE_SAMPLE_TOKEN to have the page ask for that token.
#![allow(clippy::disallowed_methods, reason = "a program of its own")]

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tautline_core::Secret;
use tautline_web::{
    AppPage, AppSummary, Condition, Counts, HistoryEntry, Line, Node, Operation, OperationResult, Options,
    Pages, Row, RowKind, Section, router,
};

/// Fifty apps; the second has 500 objects; the first degrades and recovers with every tick.
#[derive(Default)]
struct Sample {
    tick: Arc<AtomicUsize>,
}

impl Sample {
    fn is_well(&self, number: usize) -> bool {
        match number {
            0 => self.tick.load(Ordering::Relaxed).is_multiple_of(2),
            _ => number % 7 != 3,
        }
    }

    fn summary(&self, number: usize) -> AppSummary {
        let well = self.is_well(number);
        let same = number % 5 != 4;
        AppSummary {
            name: if number == 9 {
                "<img src=x onerror=alert(1)>".into()
            } else {
                format!("app-{number:02}")
            },
            namespace: "argocd".into(),
            sync: if same { "Synced" } else { "OutOfSync" }.into(),
            health: if well { "Healthy" } else { "Degraded" }.into(),
            message: if well {
                String::new()
            } else {
                "Caused by /Pod:production/api-7d9c: ImagePullBackOff".into()
            },
            revision: "8e2a3f7c0b1d4e5f60718293a4b5c6d7e8f90123".into(),
            repository: if number == 9 {
                "javascript:alert(1)"
            } else {
                "https://github.com/my-org/ai-repo.git"
            }
            .into(),
            path: format!("apps/app-{number:02}"),
            destination: "production".into(),
            counts: Counts { objects: 5, out_of_sync: usize::from(!same), unhealthy: usize::from(!well) },
        }
    }
}

fn node(group: &str, kind: &str, name: String, health: &str, children: Vec<Node>) -> Node {
    let [group, kind, namespace, health] = [group, kind, "production", health].map(str::to_owned);
    Node { group, kind, namespace, name, health, children, ..Node::default() }
}

fn side_by_side() -> Section {
    let line = |number, text: &str| Some(Line { number, text: text.to_owned() });
    let row = |kind, left, right| Row { kind, left, right };
    Section {
        rows: vec![
            row(RowKind::Equal, line(9, "spec:"), line(9, "spec:")),
            row(RowKind::Changed, line(10, "  replicas: 5"), line(10, "  replicas: 3")),
        ],
    }
}

fn deployment(name: &str, well: bool, same: bool) -> Node {
    let health = if well { "Healthy" } else { "Degraded" };
    let mut pod = node("", "Pod", format!("{name}-7d9c5b-x2x7k"), health, vec![]);
    if !well {
        pod.message = "container app: ImagePullBackOff: image shop:broken does not exist".into();
    }
    let set = node("apps", "ReplicaSet", format!("{name}-7d9c5b"), health, vec![pod]);
    let mut deployment = node("apps", "Deployment", name.to_owned(), health, vec![set]);
    deployment.sync = if same { "Synced" } else { "OutOfSync" }.into();
    if !same {
        deployment.changes = vec!["spec.replicas: 5 → 3 (kubectl-edit set it)".into()];
        deployment.columns = vec![side_by_side()];
    }
    deployment
}

#[async_trait]
impl Pages for Sample {
    async fn apps(&self) -> Vec<AppSummary> {
        (0..50).map(|number| self.summary(number)).collect()
    }

    async fn app(&self, _namespace: &str, name: &str) -> Option<AppPage> {
        let number = (0..50).find(|number| self.summary(*number).name == name)?;
        let summary = self.summary(number);
        let (well, same) = (self.is_well(number), summary.sync == "Synced");
        let mut tree = match number {
            1 => (0..167).map(|at| deployment(&format!("worker-{at:03}"), at != 100, true)).collect(),
            _ => vec![deployment("api", well, same)],
        };
        tree.push(node("", "Service", "api".into(), "Healthy", vec![]));
        let results = vec![OperationResult {
            object: "apps/Deployment production/api".into(),
            status: "Synced".into(),
            message: "configured".into(),
        }];
        let operation = Operation {
            phase: "Succeeded".into(),
            message: "2 objects applied".into(),
            trigger: "Automated".into(),
            revision: summary.revision.clone(),
            started_at: "2026-01-05T10:00:00Z".into(),
            finished_at: "2026-01-05T10:00:01Z".into(),
            results,
        };
        let entry = |id| HistoryEntry {
            id,
            revision: summary.revision.clone(),
            deployed_at: format!("2026-01-0{id}T10:00:00Z"),
        };
        let broken = Condition { kind: "ComparisonError".into(), message: "apps/x/web.yaml:7: a tab".into() };
        let conditions = if number == 3 { vec![broken] } else { vec![] };
        Some(AppPage {
            operation: Some(operation),
            plan: None,
            history: (1..5).rev().map(entry).collect(),
            conditions,
            tree,
            summary,
        })
    }

    fn changes(&self) -> BoxStream<'static, String> {
        let every = tokio::time::interval(Duration::from_secs(3));
        stream::unfold(every, |mut every| async {
            every.tick().await;
            Some(("argocd/app-00".to_owned(), every))
        })
        .boxed()
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let sample = Sample::default();
    let tick = Arc::clone(&sample.tick);
    tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_secs(3));
        loop {
            every.tick().await;
            tick.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut options = Options::default();
    if let Ok(token) = std::env::var("TAUTLINE_SAMPLE_TOKEN") {
        options = options.with_token(Secret::new(token));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, router(Arc::new(sample), options)).await
}
