//! Reports and intents in the Applications themselves (rules R4, R21, R22).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tautline_cluster::{ApiResource, Cluster, ClusterError, Patch, Target, WriteOptions};
use tautline_core::{AppId, Clock, FieldManager, Map, Object, Value, value};
use tautline_engine::{Intent, Report};
use tautline_grammar::time::seconds;
use tautline_runtime::Records;

use crate::application::{FINALIZER, KINDS_ANNOTATION, REFRESH_ANNOTATION, is_hook_finalizer, print_kinds};
use crate::events::{Announcement, Events};
use crate::rival::{STATUS_MANAGER, rival};
use crate::status::{status, with_instead_of, without_times};

/// Writes reports to the Applications' status.
pub(crate) struct ApplicationRecords {
    cluster: Arc<dyn Cluster>,
    resource: ApiResource,
    clock: Arc<dyn Clock>,
    /// Whether nothing is written, not even a status.
    observe: bool,
    /// Whether Applications are taken whose status another controller writes (rule R22).
    take_over: bool,
    events: Events,
    applications: Mutex<HashMap<AppId, Known>>,
}

/// An Application as last seen, and the status that we last wrote, times aside.
struct Known {
    object: Arc<Object>,
    written: Option<Value>,
    /// Another controller that writes its status; once seen, it is left alone (rule R22).
    rival: Option<String>,
}

impl ApplicationRecords {
    pub(crate) fn new(
        cluster: Arc<dyn Cluster>,
        resource: ApiResource,
        clock: Arc<dyn Clock>,
        observe: bool,
        take_over: bool,
    ) -> Self {
        let events = Events::new(cluster.clone(), clock.clone());
        Self { cluster, resource, clock, observe, take_over, events, applications: Mutex::default() }
    }

    /// Takes an Application as the watch or a write has it, unless a newer one is known.
    pub(crate) fn saw(&self, object: Arc<Object>) {
        let id = AppId::new(object.namespace(), object.name());
        let rival = if self.take_over { None } else { rival(&object) };
        let mut applications = self.lock();
        match applications.get_mut(&id) {
            Some(known) => {
                let is_older = match (known.object.resource_version(), object.resource_version()) {
                    (Some(known), Some(new)) => known.is_at_least(&new),
                    _ => false,
                };
                if !is_older || known.object.uid() != object.uid() {
                    known.object = object;
                    known.rival = known.rival.take().or(rival);
                }
            }
            None => drop(applications.insert(id, Known { object, written: None, rival })),
        }
    }

    /// The other controller that writes an Application's status, if there is one (rule R22).
    pub(crate) fn rival(&self, id: &AppId) -> Option<String> {
        self.lock().get(id).and_then(|known| known.rival.clone())
    }

    /// Tells of another controller by an Event on the Application, once.
    pub(crate) fn announce_rival(&self, object: &Object, rival: &str) {
        tracing::warn!(app = %object.key(), rival, "another controller writes its status; it is left alone");
        if !self.observe {
            self.events.tell(object, Announcement::rival(rival_message(rival)));
        }
    }

    pub(crate) fn forget(&self, id: &AppId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AppId, Known>> {
        self.applications.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn object(&self, id: &AppId) -> Option<Arc<Object>> {
        self.lock().get(id).map(|known| known.object.clone())
    }

    async fn patch(&self, id: &AppId, patch: Patch) -> Result<(), ClusterError> {
        let target = Target::new(self.resource.clone(), &id.namespace, &id.name);
        let options = WriteOptions::by(FieldManager::new(STATUS_MANAGER));
        let mut options = WriteOptions { strict: false, ..options };
        // R22: Argo CD's CRD has no status subresource; where one is served, it is used for the status.
        let is_status_only = matches!(&patch, Patch::Merge(value) if value.as_map().is_some_and(|m| m.len() == 1 && m.contains_key("status")));
        if is_status_only && self.resource.subresources.iter().any(|s| s == "status") {
            options.subresource = Some("status".to_owned());
        }
        let written = self.cluster.patch(&target, &patch, &options).await?;
        self.saw(written.object);
        Ok(())
    }

    /// Takes `.operation` away by one patch that tests the version; whoever succeeds runs it (rule R21).
    pub(crate) async fn consume_operation(&self, object: &Object) -> bool {
        let id = AppId::new(object.namespace(), object.name());
        if self.observe || self.rival(&id).is_some() {
            return false;
        }
        let patch = value!([
            { "op": "test", "path": "/metadata/resourceVersion", "value": object.metadata_str("resourceVersion") },
            { "op": "remove", "path": "/operation" }
        ]);
        self.patch(&id, Patch::Json(patch)).await.is_ok()
    }
}

#[async_trait]
impl Records for ApplicationRecords {
    async fn report(&self, app: &AppId, report: &Report) {
        let Some(object) = self.object(app) else { return };
        if self.observe || self.rival(app).is_some() {
            return;
        }
        let status = status(report, &object, self.clock.now());
        let timeless = without_times(&status);
        let is_asked = object.annotation(REFRESH_ANNOTATION).is_some() && report.refreshed;
        let is_known = self.lock().get(app).is_some_and(|known| known.written.as_ref() == Some(&timeless));
        if is_known && !is_asked {
            return;
        }
        let before = object.get("status").and_then(Value::as_map);
        let news = Announcement::of_change(before, &status, report.operation.as_ref());
        let mut patch = Map::new();
        patch.insert("status", with_removals(&status, &object));
        if is_asked {
            patch.insert("metadata", value!({ "annotations": { REFRESH_ANNOTATION: null } }));
        }
        match self.patch(app, Patch::Merge(Value::Map(patch))).await {
            Ok(()) => {
                if let Some(known) = self.lock().get_mut(app) {
                    known.written = Some(timeless);
                }
                news.into_iter().for_each(|news| self.events.tell(&object, news));
            }
            Err(error) if error.status().is_some_and(|s| s.code == 404) => {}
            Err(error) => tracing::warn!(%app, %error, "the status could not be written"),
        }
    }

    async fn record(&self, app: &AppId, intent: &Intent) -> Result<(), String> {
        if self.observe {
            return Err("this controller only observes".to_owned());
        }
        if let Some(rival) = self.rival(app) {
            return Err(rival_message(&rival));
        }
        let by = match &intent.by {
            Some(name) => value!({ "username": name.as_str() }),
            None => value!({ "automated": true }),
        };
        let operation = value!({ "sync": { "revision": intent.revision.as_str(), "prune": (intent.prune) }, "initiatedBy": by });
        let operation = with_instead_of(operation, intent.instead_of.as_deref());
        let mut state = value!({
            "phase": "Running", "startedAt": seconds(intent.started_at), "message": format!("plan {}", intent.plan.short()),
            "operation": operation,
            "finishedAt": null
        });
        // A second try only where the watch has brought a newer version meanwhile: a stale leader has none.
        let mut last = String::new();
        for _ in 0..3 {
            let Some(object) = self.object(app) else { return Err("the Application is gone".to_owned()) };
            let began = object.str_at(&["status", "operationState", "startedAt"]);
            if let Some(map) = state.as_map_mut().filter(|_| began != Some(&seconds(intent.started_at))) {
                // What an earlier sync came to is not this one's; of the same one it says which hooks have run.
                map.insert("syncResult", Value::Null);
            }
            let patch = value!({
                "metadata": {
                    "resourceVersion": object.metadata_str("resourceVersion"),
                    "annotations": { KINDS_ANNOTATION: print_kinds(&intent.kinds) }
                },
                "status": { "operationState": state.clone() }
            });
            match self.patch(app, Patch::Merge(patch)).await {
                Ok(()) => {
                    if let Some(known) = self.lock().get_mut(app) {
                        known.written = None;
                    }
                    self.events.tell(&object, Announcement::began(intent));
                    return Ok(());
                }
                Err(error) => last = error.to_string(),
            }
            let version = object.resource_version();
            if self.object(app).is_none_or(|now| now.resource_version() == version) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        Err(last)
    }

    async fn finalize(&self, app: &AppId) -> Result<(), String> {
        if let Some(rival) = self.rival(app) {
            return Err(rival_message(&rival));
        }
        for _ in 0..5 {
            let Some(object) = self.object(app) else { return Ok(()) };
            let finalizers: Vec<&str> = object.finalizers().collect();
            let ours = finalizers.iter().position(|f| {
                is_hook_finalizer(f)
                    || f.strip_prefix(FINALIZER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            let Some(at) = ours else { return Ok(()) };
            let path = format!("/metadata/finalizers/{at}");
            let patch = value!([
                { "op": "test", "path": path.as_str(), "value": finalizers.get(at).copied().unwrap_or_default() },
                { "op": "remove", "path": path.as_str() }
            ]);
            match self.patch(app, Patch::Json(patch)).await {
                // Where there are several, the others go next.
                Ok(()) if finalizers.len() > 1 => {}
                Ok(()) => return Ok(()),
                Err(error) if error.status().is_some_and(|s| s.code == 404) => return Ok(()),
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            }
        }
        Err("the finalizer could not be taken off in five tries".to_owned())
    }
}

/// What is said of an Application that another controller runs too.
pub(crate) fn rival_message(rival: &str) -> String {
    format!(
        "{rival} writes this Application's status too, so it is left alone; stop that controller, then start this one \
         with --take-over"
    )
}

/// A merge patch leaves what it does not name: fields that the status no longer has are named with null.
fn with_removals(status: &Map, object: &Object) -> Value {
    let mut patch = status.clone();
    let before = object.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    for field in ["operationState", "sourceType", "health", "summary"] {
        let (Some(Value::Map(old)), Some(Value::Map(new))) = (before.get(field), status.get(field)) else {
            continue;
        };
        let gone: Vec<_> = old.keys().filter(|key| !new.contains_key(key)).cloned().collect();
        let target = patch.map_at(field);
        for key in gone {
            target.insert(key, Value::Null);
        }
    }
    Value::Map(patch)
}
