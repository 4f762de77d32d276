//! Reports in the Applications themselves (rules R21, R22).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tautline_cluster::{ApiResource, Cluster, ClusterError, Patch, Target, WriteOptions};
use tautline_core::{AppId, Clock, Digest, FieldManager, List, Map, Object, Value, value};
use tautline_engine::Report;
use tautline_plan::{Epoch, Phase, Record};
use tautline_runtime::{Change, Records};

use crate::application::{FINALIZER, REFRESH_ANNOTATION, is_hook_finalizer};
use crate::controller::is_skipped;
use crate::events::{Announcement, Events};
use crate::journal::{JOURNAL_ANNOTATION, on_record, printed};
use crate::rival::{STATUS_MANAGER, rival};
use crate::status::{merge_patch, status, without_times};

/// How often a report is tried when the Application has changed meanwhile.
const TRIES: u32 = 10;

/// Writes reports to the Applications' status.
pub(crate) struct ApplicationRecords {
    cluster: Arc<dyn Cluster>,
    resource: ApiResource,
    clock: Arc<dyn Clock>,
    /// Whether nothing is written, not even a status.
    pub(crate) observe: bool,
    /// Whether Applications are taken whose status another controller writes (rule R22).
    take_over: bool,
    pub(crate) events: Events,
    applications: Mutex<HashMap<AppId, Known>>,
}

/// An Application as last seen, and what the status that we last wrote comes to, times aside.
struct Known {
    object: Arc<Object>,
    written: Option<Digest>,
    /// Another controller that writes its status; once seen, it is left alone (rule R22).
    rival: Option<String>,
    /// The epoch that this process put on record last.
    epoch: Option<Epoch>,
    /// The `.operation` that was taken from it last.
    asked_for: Option<Value>,
    /// A plan has ended, well or not, and the next report says so.
    closing: Option<bool>,
    /// Held while the journal is read, changed and written.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Known {
    fn new(object: Arc<Object>, rival: Option<String>) -> Self {
        Self {
            object,
            written: None,
            rival,
            epoch: None,
            asked_for: None,
            closing: None,
            turn: Arc::default(),
        }
    }

    /// What the journal holds once the plan that has ended is closed in it.
    fn closed(&self) -> Option<Record> {
        let change = Change::Close(self.epoch?, self.closing?);
        change.of(on_record(&self.object).ok()?).ok()
    }

    /// Whether another process has opened a plan since, and follows it: what the app is is for that to say.
    fn is_overtaken(&self) -> bool {
        let record = on_record(&self.object).ok().flatten();
        self.epoch.zip(record).is_some_and(|(epoch, record)| record.epoch > epoch && !record.is_closed)
    }
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

    /// Takes an Application as the watch or a write has it, unless a newer one is known. What the watch brings of our own
    /// writes is known already, and kept once.
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
            None => drop(applications.insert(id, Known::new(object, rival))),
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

    /// A plan of the app is on record. What its status said of another one is to be written anew.
    pub(crate) fn follows(&self, id: &AppId, epoch: Epoch, is_another: bool) {
        if let Some(known) = self.lock().get_mut(id) {
            // Entries of a plan may come on record while its end is about to be told.
            if known.epoch.replace(epoch) != Some(epoch) {
                known.closing = None;
            }
            if is_another {
                known.written = None;
            }
        }
    }

    /// The plan has ended, which is on record with the next report.
    pub(crate) fn closes(&self, id: &AppId, epoch: Epoch, has_succeeded: bool) {
        if let Some(known) = self.lock().get_mut(id).filter(|known| known.epoch == Some(epoch)) {
            known.closing = Some(has_succeeded);
        }
    }

    /// Taken by whoever changes the app's journal.
    pub(crate) fn turn(&self, id: &AppId) -> Arc<tokio::sync::Mutex<()>> {
        self.lock().get(id).map(|known| known.turn.clone()).unwrap_or_default()
    }

    pub(crate) fn object(&self, id: &AppId) -> Option<Arc<Object>> {
        self.lock().get(id).map(|known| known.object.clone())
    }

    /// Patches an Application. Argo CD's CRD has no status subresource; where one is served, the status goes there, after
    /// the rest (rule R22).
    pub(crate) async fn patch(&self, id: &AppId, patch: Patch) -> Result<(), ClusterError> {
        let has_endpoint = self.resource.subresources.iter().any(|s| s == "status");
        let (rest, status) = match patch {
            Patch::Merge(Value::Map(mut map)) if has_endpoint => {
                let status = map.remove("status").map(|status| value!({ "status": status }));
                // A version alone is no change of the rest: it is a condition of the status.
                match (status, map.get("metadata").and_then(Value::as_map)) {
                    (Some(mut status), Some(metadata)) if metadata.keys().all(|k| k == "resourceVersion") => {
                        status.as_map_mut().map(|status| status.insert("metadata", metadata.clone()));
                        (None, Some(status))
                    }
                    (status, _) => ((!map.is_empty()).then_some(Patch::Merge(Value::Map(map))), status),
                }
            }
            patch => (Some(patch), None),
        };
        if let Some(rest) = rest {
            self.send(id, &rest, None).await?;
        }
        match status {
            Some(status) => self.send(id, &Patch::Merge(status), Some("status")).await,
            None => Ok(()),
        }
    }

    async fn send(&self, id: &AppId, patch: &Patch, subresource: Option<&str>) -> Result<(), ClusterError> {
        let target = Target::new(self.resource.clone(), &id.namespace, &id.name);
        let options = WriteOptions::by(FieldManager::new(STATUS_MANAGER));
        let subresource = subresource.map(str::to_owned);
        let options = WriteOptions { strict: false, subresource, ..options };
        let written = self.cluster.patch(&target, patch, &options).await?;
        self.saw(written.object);
        Ok(())
    }

    /// Writes a report where it says anything new.
    async fn write(&self, app: &AppId, report: &Report) -> Result<(), ClusterError> {
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let (object, closed, asked_for) = match self.lock().get(app) {
            Some(known) if known.is_overtaken() => return Ok(()),
            Some(known) => (known.object.clone(), known.closed(), known.asked_for.clone()),
            None => return Ok(()),
        };
        let status = status(report, &object, asked_for.as_ref(), self.clock.now());
        let timeless = without_times(&status).digest();
        let is_asked = object.annotation(REFRESH_ANNOTATION).is_some() && report.refreshed;
        let is_known = self.lock().get(app).is_some_and(|known| known.written == Some(timeless));
        let finalizers = report.deletion_phases.as_ref().and_then(|phases| with_hooks(&object, phases));
        if is_known && !is_asked && closed.is_none() && finalizers.is_none() {
            return Ok(());
        }
        let before = object.get("status").and_then(Value::as_map);
        let news = Announcement::of_change(before, &status, report.operation.as_ref());
        let mut patch = Map::new();
        patch.insert("status", status_patch(&status, &object));
        let metadata = patch.map_at("metadata");
        // What the patch leaves out is as it was in this very version.
        metadata.insert("resourceVersion", object.metadata_str("resourceVersion"));
        if let Some(finalizers) = finalizers {
            metadata.insert("finalizers", finalizers);
        }
        if is_asked {
            metadata.map_at("annotations").insert(REFRESH_ANNOTATION, Value::Null);
        }
        if let Some(record) = &closed {
            metadata.map_at("annotations").insert(JOURNAL_ANNOTATION, printed(record));
        }
        self.patch(app, Patch::Merge(Value::Map(patch))).await?;
        if let Some(known) = self.lock().get_mut(app) {
            known.written = Some(timeless);
            known.closing = known.closing.filter(|_| closed.is_none());
        }
        news.into_iter().for_each(|news| self.events.tell(&object, news));
        Ok(())
    }

    /// Reads an Application that is not as it was last seen.
    pub(crate) async fn read_anew(&self, id: &AppId) {
        let target = Target::new(self.resource.clone(), &id.namespace, &id.name);
        if let Ok(Some(object)) = self.cluster.get(&target).await {
            self.saw(object);
        }
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
        let is_ours = self.patch(&id, Patch::Json(patch)).await.is_ok();
        if let Some(known) = self.lock().get_mut(&id).filter(|_| is_ours) {
            known.asked_for = object.get("operation").cloned();
        }
        is_ours
    }

    /// The `.operation` that was taken from an Application last.
    pub(crate) fn asked_for(&self, id: &AppId) -> Option<Value> {
        self.lock().get(id)?.asked_for.clone()
    }
}

#[async_trait]
impl Records for ApplicationRecords {
    async fn report(&self, app: &AppId, report: &Report) {
        if self.observe || self.rival(app).is_some() || self.object(app).is_some_and(|o| is_skipped(&o)) {
            return;
        }
        for _ in 0..TRIES {
            match self.write(app, report).await {
                // A report is written on the very version that was read; the watch may lag behind.
                Err(error) if error.is_conflict() => self.read_anew(app).await,
                Err(error) if error.status().is_some_and(|s| s.code == 404) => return,
                Err(error) => return tracing::warn!(%app, %error, "the status could not be written"),
                Ok(()) => return,
            }
        }
        tracing::warn!(%app, "the status could not be written: the Application changes all the time");
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

/// The merge patch from the status that an Application has to this one. Fields of the status that are not ours stay.
fn status_patch(status: &Map, object: &Object) -> Map {
    let mut before = object.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    before.retain(|key, _| status.contains_key(key.as_str()));
    merge_patch(&before, status)
}

/// The finalizers that an Application is to have, if others than it has: one for each phase of its deletion that has
/// hooks, so that these run whoever deletes it, and none for one that has none.
fn with_hooks(object: &Object, phases: &[Phase]) -> Option<List> {
    let wanted: Vec<&str> = phases.iter().filter_map(|phase| hook_finalizer(*phase)).collect();
    let before: Vec<&str> = object.finalizers().collect();
    let is_due = |finalizer: &str| wanted.iter().any(|wanted| finalizer.split('/').next() == Some(wanted));
    let mut after: Vec<&str> = before
        .iter()
        .copied()
        .filter(|finalizer| !is_hook_finalizer(finalizer) || is_due(finalizer))
        .collect();
    let missing = wanted.iter().copied().filter(|wanted| !before.contains(wanted));
    after.extend(missing);
    (after != before).then(|| after.into_iter().collect())
}

fn hook_finalizer(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::PreDelete => Some("pre-delete-finalizer.argocd.argoproj.io"),
        Phase::PostDelete => Some("post-delete-finalizer.argocd.argoproj.io"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_of_the_deletion_have_finalizers() {
        let check = |has: &[&str], phases: &[Phase], expect: Option<&[&str]>| {
            let finalizers: List = has.iter().copied().collect();
            let object = value!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": { "name": "a", "finalizers": finalizers } });
            let after = with_hooks(&Object::new(object).unwrap(), phases);
            assert_eq!(after, expect.map(|expect| expect.iter().copied().collect()));
        };
        let (own, post) = (FINALIZER, "post-delete-finalizer.argocd.argoproj.io");
        check(&[own], &[], None);
        check(&[own], &[Phase::PostDelete], Some(&[own, post]));
        check(&[own, post], &[Phase::PostDelete], None);
        let cleanup = "post-delete-finalizer.argocd.argoproj.io/cleanup";
        check(&[own, post, cleanup], &[Phase::PostDelete], None);
        check(&[own, post, cleanup], &[], Some(&[own]));
    }
}
