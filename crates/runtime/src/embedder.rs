//! What an embedder brings: where apps come from and where their reports go.

use std::sync::Arc;

use async_trait::async_trait;
use tautline_apply::{ClientSide, Journal, TakeOver, WriteSettings};
use tautline_cluster::Cluster;
use tautline_core::{AppId, Clock, GroupVersion, GroupVersionKind, MaskingKey, TreePath, Value};
use tautline_diff::Differ;
use tautline_engine::{AppSpec, Memory, Planned, Report};
use tautline_health::HealthCheck;
use tautline_plan::Gate;
use tautline_render::{Renderer, Tool};
use tautline_source::Source;

use crate::live_cache::LiveCache;

/// The parts that a runtime is put together from.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Parts {
    /// The destination.
    pub cluster: Arc<dyn Cluster>,
    /// Where desired state comes from.
    pub source: Arc<dyn Source>,
    /// How it is rendered.
    pub renderer: Arc<dyn Renderer>,
    /// How desired and live are compared.
    pub differ: Arc<dyn Differ>,
    /// Told of every CustomResourceDefinition, so that the differ knows its schema.
    pub definitions: Arc<dyn Definitions>,
    /// How health is judged.
    pub health: Arc<dyn HealthCheck>,
    /// Where reports go.
    pub records: Arc<dyn Records>,
    /// What is on record of plans while they are followed.
    pub journal: Arc<dyn Journal>,
    /// Makes the patch that folds other tools' fields into ours.
    pub take_over: Arc<TakeOver>,
    /// Makes the write of a client-side apply (`ServerSideApply=false`).
    pub client_side: Arc<ClientSide>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The key that Secrets are masked with.
    pub masking: MaskingKey,
    /// Settings with defaults.
    pub options: Options,
}

/// How a runtime works.
#[derive(Clone, Debug)]
pub struct Options {
    /// How writes are done.
    pub writes: WriteSettings,
    /// How many writes run side by side at most; fewer while the server says that it has too much to do
    /// ([`tautline_apply::Pace`]).
    pub concurrent_writes: usize,
    /// How many renders run side by side.
    pub concurrent_renders: usize,
    /// Where the live cache is kept over restarts; by default nowhere.
    pub live_cache: Option<LiveCache>,
}

impl Default for Options {
    /// 32 writes, 2 renders.
    fn default() -> Self {
        Self {
            writes: WriteSettings::default(),
            concurrent_writes: 32,
            concurrent_renders: 2,
            live_cache: None,
        }
    }
}

/// One app, as the embedder hands it over.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct AppInput {
    /// What it should do.
    pub spec: AppSpec,
    /// Its folder in the source.
    pub path: TreePath,
    /// How it is rendered.
    pub tool: Tool,
    /// What is remembered of it; read only when the app is new.
    pub memory: Memory,
    /// Who may say no to its plans.
    pub gates: Vec<Arc<dyn Gate>>,
}

/// One app as a page shows it.
#[derive(Clone, Debug)]
pub struct AppView {
    /// Which app.
    pub id: AppId,
    /// What is rendered.
    pub want: tautline_core::Want,
    /// Its folder in the source.
    pub path: TreePath,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// What it says of itself.
    pub report: Report,
    /// The plan that it follows, would follow or followed last; left out where all apps are asked for.
    pub plan: Option<Planned>,
}

/// Where an app's reports go: the Application's status, by default.
#[async_trait]
pub trait Records: Send + Sync {
    /// Writes a report. Called for one app once at a time, and for four apps at once: what comes while an app waits for its
    /// turn is told with it.
    async fn report(&self, app: &AppId, report: &Report);

    /// Everything the app owned is gone: takes our finalizer off its Application.
    async fn finalize(&self, app: &AppId) -> Result<(), String>;
}

/// Takes what the cluster says of its types: CustomResourceDefinitions as they come and go, its version, and its
/// OpenAPI documents where they are needed (rule R6).
pub trait Definitions: Send + Sync {
    /// The definitions that the cluster has now.
    fn update(&self, definitions: &[Arc<tautline_core::Object>]);

    /// The cluster's version: `v1.37.2`. Told before anything is asked of [`Definitions::lacks`].
    fn version(&self, _version: &str) {}

    /// The group version whose OpenAPI document would tell a kind's type, if nothing that is there does.
    fn lacks(&self, _kind: &GroupVersionKind) -> Option<GroupVersion> {
        None
    }

    /// A group version's OpenAPI v3 document; `None` if the cluster has none.
    fn document(&self, _of: GroupVersion, _document: Option<Value>) {}
}

/// The patch that brings a live object's ownership to that of `folded`, at exactly the version it was made
/// from (rule R7).
pub fn take_over_patch(
    live: &tautline_core::Object,
    folded: &tautline_core::Object,
) -> tautline_cluster::Patch {
    use tautline_core::{Value, value};
    let field = |name: &str| folded.metadata().and_then(|m| m.get(name)).cloned();
    let mut operations = vec![
        value!({ "op": "test", "path": "/metadata/resourceVersion", "value": live.metadata_str("resourceVersion") }),
        value!({ "op": "replace", "path": "/metadata/managedFields", "value": field("managedFields").unwrap_or_else(Value::list) }),
    ];
    if live.metadata().is_some_and(|m| m.contains_key("annotations")) {
        operations.push(match field("annotations") {
            Some(annotations) => {
                value!({ "op": "replace", "path": "/metadata/annotations", "value": annotations })
            }
            None => value!({ "op": "remove", "path": "/metadata/annotations" }),
        });
    }
    tautline_cluster::Patch::Json(Value::from(operations))
}
