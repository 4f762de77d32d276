//! [`Embedding`]: the usual parts, put together.

use std::sync::Arc;

use tautline_apply::{ClientSide, ClientWrite};
use tautline_argocd::{Controller, ControllerOptions};
use tautline_cluster::{Cluster, Patch};
use tautline_core::{Clock, FieldManager, MaskingKey, Object, Value};
use tautline_diff::{Structured, fold_managers};
use tautline_merge::{ClientApply, client_apply};
use tautline_runtime::{Journal, LiveSchemas, MemoryJournal, Options, Parts, Records, take_over_patch};
use tautline_schema::Schemas;
use tautline_source::Source;

/// Client-side apply as kubectl makes it, over these schemas.
pub fn client_side(schemas: Arc<dyn Schemas>) -> Arc<ClientSide> {
    Arc::new(move |live, desired| {
        let applied = client_apply(desired, live, &*schemas).map_err(|error| error.message)?;
        Ok(match applied {
            ClientApply::Create(Value::Map(object)) => ClientWrite::Create(Object::from_map(object)),
            ClientApply::Create(_) | ClientApply::Unchanged => ClientWrite::Nothing,
            ClientApply::Strategic(patch) => ClientWrite::Patch(Patch::Strategic(patch)),
            ClientApply::Merge(patch) => ClientWrite::Patch(Patch::Merge(patch)),
        })
    })
}

/// The usual parts of a controller: plain renderer, structured diff over the built-in schemas and the
/// cluster's CRDs, built-in health.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Embedding {
    cluster: Arc<dyn Cluster>,
    source: Arc<dyn Source>,
    clock: Arc<dyn Clock>,
    masking: MaskingKey,
    /// How the runtime works: the field manager, retries, how much runs side by side.
    pub options: Options,
    /// Managers whose fields count as ours and are folded into ours (rule R7).
    pub take_over_from: Vec<String>,
    /// What is on record of plans while they are followed. By default a controller keeps it in the Applications, and an
    /// embedder with records of its own in memory.
    pub journal: Option<Arc<dyn Journal>>,
}

impl Embedding {
    /// The usual parts over this cluster and source. `masking` is made of 32 random bytes.
    pub fn new(
        cluster: Arc<dyn Cluster>,
        source: Arc<dyn Source>,
        clock: Arc<dyn Clock>,
        masking: MaskingKey,
    ) -> Self {
        let take_over_from = tautline_engine::SyncPolicy::default().take_over_from;
        Self { cluster, source, clock, masking, options: Options::default(), take_over_from, journal: None }
    }

    /// The parts of a runtime, for an embedder that brings its own records.
    pub fn parts(&self, records: Arc<dyn Records>) -> Parts {
        let schemas = LiveSchemas::new(tautline_schema::shared());
        let manager = self.options.writes.manager.clone();
        let from: Vec<String> =
            self.take_over_from.iter().filter(|name| *name != manager.as_str()).cloned().collect();
        let client_side = client_side(Arc::new(schemas.clone()));
        let differ = Structured::new(Arc::new(schemas.clone()), manager, self.masking.clone(), from.clone());
        let take_over = move |live: &Object, also: &[String], manager: &FieldManager| {
            let from: Vec<String> = from.iter().chain(also).cloned().collect();
            fold_managers(live, &from, manager).map(|folded| take_over_patch(live, &folded))
        };
        Parts {
            cluster: self.cluster.clone(),
            source: self.source.clone(),
            renderer: Arc::new(tautline_render::BuiltIn),
            differ: Arc::new(differ),
            definitions: Arc::new(schemas),
            health: Arc::new(tautline_health::BuiltIn),
            records,
            journal: self.journal.clone().unwrap_or_else(|| Arc::new(MemoryJournal::default())),
            take_over: Arc::new(take_over),
            client_side,
            clock: self.clock.clone(),
            masking: self.masking.clone(),
            options: self.options.clone(),
        }
    }

    /// Starts a controller that runs the cluster's Applications.
    ///
    /// # Errors
    /// When the cluster cannot be asked or does not serve Applications.
    pub async fn control(&self, options: ControllerOptions) -> Result<Controller, String> {
        let clock = self.clock.clone();
        let parts = |records, journal| {
            let own = self.journal.clone().unwrap_or(journal);
            Parts { journal: own, ..self.parts(records) }
        };
        Controller::start(self.cluster.clone(), clock, options, parts).await
    }
}
