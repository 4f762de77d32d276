//! [`RuntimePages`]: a runtime as the page shows it.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use tautline_cluster::Cache;
use tautline_core::{AppId, Object, Uid};
use tautline_diff::{Difference, Outcome, View};
use tautline_engine::{Operation as EngineOperation, Row, SyncStatus, Trigger};
use tautline_grammar::time::seconds;
use tautline_health::HealthStatus;
use tautline_ownership::LiveView;
use tautline_runtime::{AppView, Runtime};
use tautline_web::{
    AppPage, AppSummary, Condition, Counts, HistoryEntry, Node, Operation, OperationResult, Pages, Section,
};
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::source_lines::SourceLines;

/// How deep a resource tree is followed; ownerReferences are hostile input and may go in circles.
const DEPTH: usize = 6;

/// The latest list of all apps: who asked before it was begun is served by it too.
#[derive(Debug)]
struct Listed {
    begun: Instant,
    apps: Vec<AppSummary>,
}

/// Answers the page's questions from a running engine, when they are asked. Secrets never reach it: the cache holds
/// digests.
#[derive(Clone, Debug)]
pub struct RuntimePages {
    runtime: Runtime,
    listed: Arc<Mutex<Option<Listed>>>,
    lines: Arc<Mutex<SourceLines>>,
}

impl RuntimePages {
    /// Follows a runtime.
    pub fn follow(runtime: Runtime) -> Self {
        Self { runtime, listed: Arc::default(), lines: Arc::default() }
    }
}

#[async_trait]
impl Pages for RuntimePages {
    async fn apps(&self) -> Vec<AppSummary> {
        let asked = Instant::now();
        let mut listed = self.listed.lock().await;
        if let Some(listed) = listed.as_ref().filter(|listed| listed.begun > asked) {
            return listed.apps.clone();
        }
        let begun = Instant::now();
        let apps: Vec<AppSummary> = self.runtime.apps().await.iter().map(summary).collect();
        *listed = Some(Listed { begun, apps: apps.clone() });
        apps
    }

    async fn app(&self, namespace: &str, name: &str) -> Option<AppPage> {
        let mut view = self.runtime.app(&AppId::new(namespace, name)).await?;
        self.lines.lock().await.put(&self.runtime, &mut view).await;
        let tree =
            self.runtime.with_cache(|cache| view.report.rows.iter().map(|row| node(row, cache)).collect());
        let report = &view.report;
        let conditions = report.conditions.iter();
        let history = report.history.iter().rev();
        Some(AppPage {
            conditions: conditions
                .map(|c| Condition { kind: c.kind.to_string(), message: c.message.clone() })
                .collect(),
            operation: report.operation.as_ref().map(operation),
            history: history
                .map(|h| HistoryEntry {
                    id: h.id,
                    revision: h.revision.clone(),
                    deployed_at: seconds(h.deployed_at),
                })
                .collect(),
            tree,
            plan: view
                .plan
                .as_ref()
                .map(|planned| crate::plan_page::plan(planned, report.operation.as_ref())),
            summary: summary(&view),
        })
    }

    fn changes(&self) -> BoxStream<'static, String> {
        stream::unfold(self.runtime.changes(), |mut changes| async move {
            loop {
                match changes.recv().await {
                    Ok(app) => return Some((app.to_string(), changes)),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }
}

fn summary(view: &AppView) -> AppSummary {
    let report = &view.report;
    let rows = &report.rows;
    let is_unhealthy = |row: &&Row| row.health.as_ref().is_some_and(|h| h.status != HealthStatus::Healthy);
    let message =
        report.conditions.first().map_or_else(|| report.health.message.clone(), |c| c.message.clone());
    AppSummary {
        name: view.id.name.clone(),
        namespace: view.id.namespace.clone(),
        sync: report.sync.to_string(),
        health: report.health.status.to_string(),
        message,
        revision: report.revision.clone(),
        repository: view.want.place().to_owned(),
        path: view.path.to_string(),
        destination: view.namespace.clone(),
        counts: Counts {
            objects: rows.len(),
            out_of_sync: rows.iter().filter(|r| r.sync != SyncStatus::Synced).count(),
            unhealthy: rows.iter().filter(is_unhealthy).count(),
        },
    }
}

fn operation(operation: &EngineOperation) -> Operation {
    let trigger = match &operation.trigger {
        Trigger::Automated => "automated".to_owned(),
        Trigger::SelfHeal => "self-heal".to_owned(),
        Trigger::Manual(by) => by.clone(),
    };
    Operation {
        phase: operation.phase.to_string(),
        message: operation.message.clone(),
        trigger,
        revision: operation.revision.clone(),
        started_at: seconds(operation.started_at),
        finished_at: operation.finished_at.map(seconds).unwrap_or_default(),
        results: operation
            .results
            .iter()
            .map(|r| OperationResult {
                object: r.key.to_string(),
                status: r.status.clone(),
                message: r.message.clone(),
            })
            .collect(),
    }
}

fn node(row: &Row, cache: &Cache) -> Node {
    let uid = cache.get(&row.key).present().and_then(|live| live.uid());
    Node {
        group: row.key.group.clone(),
        kind: row.key.kind.clone(),
        namespace: row.key.namespace.clone(),
        name: row.key.name.clone(),
        sync: row.sync.to_string(),
        health: row.health.as_ref().map(|h| h.status.to_string()).unwrap_or_default(),
        message: match &row.health {
            _ if row.cause.is_some() => row.cause.iter().map(ToString::to_string).collect(),
            Some(health) if row.message.is_empty() => health.message.clone(),
            _ => row.message.clone(),
        },
        changes: row.changes.iter().map(ToString::to_string).collect(),
        columns: columns(row, cache),
        children: uid.map(|uid| children(&uid, cache, DEPTH)).unwrap_or_default(),
    }
}

/// The changes of an object that lives, side by side.
fn columns(row: &Row, cache: &Cache) -> Vec<Section> {
    const CONTEXT: usize = 3;
    let live = cache.get(&row.key);
    let Some(live) = live.as_ref().present().filter(|_| !row.changes.is_empty()) else { return Vec::new() };
    let difference =
        Difference { outcome: Outcome::Change, changes: row.changes.clone(), ..Difference::default() };
    View::of(None, Some(live), &difference).to_columns(CONTEXT)
}

fn children(uid: &Uid, cache: &Cache, depth: usize) -> Vec<Node> {
    if depth == 0 {
        return Vec::new();
    }
    let mut nodes: Vec<Node> = cache.children(uid).iter().map(|object| child(object, cache, depth)).collect();
    nodes.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    nodes
}

fn child(object: &Object, cache: &Cache, depth: usize) -> Node {
    let health = tautline_health::assess(object);
    Node {
        group: object.group().to_owned(),
        kind: object.kind().to_owned(),
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        sync: String::new(),
        health: health.as_ref().map(|h| h.status.to_string()).unwrap_or_default(),
        message: health.map(|h| h.message).unwrap_or_default(),
        changes: Vec::new(),
        columns: Vec::new(),
        children: object.uid().map(|uid| children(&uid, cache, depth - 1)).unwrap_or_default(),
    }
}
