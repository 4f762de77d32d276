//! The journal in the Applications themselves: an annotation, written by the same patch that sets
//! `status.operationState` to `Running` (rule R4).
//!
//! An annotation, because Argo CD's CRD drops fields of the status that it does not know.

use async_trait::async_trait;
use tautline_cluster::Patch;
use tautline_core::{AppId, Map, Object, Value, value};
use tautline_grammar::time::seconds;
use tautline_plan::{Deed, Entry, Epoch, Intent, Purpose, Record};
use tautline_runtime::{Change, Journal, JournalError};

use crate::application::{KINDS_ANNOTATION, print_kinds};
use crate::events::Announcement;
use crate::records::{ApplicationRecords, rival_message};
use crate::status::{asked, merge_patch, with_instead_of};

/// The annotation that holds the record of an app's plan.
pub(crate) const JOURNAL_ANNOTATION: &str = "tautline.dev/journal";

/// How many deletes are listed: an object's annotations may hold 256 KiB. What lives decides how deletes go on; that
/// their entry could be written is what keeps a second controller from them.
const MOST_DELETES: usize = 200;

/// How often a write is tried when the Application has changed meanwhile.
const TRIES: u32 = 5;

/// The record that an Application holds.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn on_record(application: &Object) -> Result<Option<Record>, serde_json::Error> {
    application.annotation(JOURNAL_ANNOTATION).map(serde_json::from_str).transpose()
}

/// The annotation's value. The kinds stand in an annotation of their own.
pub(crate) fn printed(record: &Record) -> String {
    let mut record = record.clone();
    record.intent.kinds.clear();
    let is_plain = |entry: &Entry| matches!(entry.deed, Deed::Delete | Deed::Recreate | Deed::Replace);
    let mut surplus = record.entries.iter().filter(|e| is_plain(e)).count().saturating_sub(MOST_DELETES);
    record.entries.retain(|entry| {
        let is_surplus = surplus > 0 && is_plain(entry);
        surplus -= usize::from(is_surplus);
        !is_surplus
    });
    serde_json::to_string(&record).unwrap_or_default()
}

impl ApplicationRecords {
    async fn change(&self, app: &AppId, change: Change<'_>) -> Result<Epoch, JournalError> {
        if self.observe {
            return Err(failed(app, "this controller only observes"));
        }
        if let Some(rival) = self.rival(app) {
            return Err(failed(app, rival_message(&rival)));
        }
        let turn = self.turn(app);
        let _turn = turn.lock().await;
        let mut last = failed(app, "the Application is gone");
        for _ in 0..TRIES {
            let Some(object) = self.object(app) else { return Err(last) };
            let before = on_record(&object).map_err(|error| unreadable(app, error))?;
            let record = change.of(before).map_err(JournalError::Overtaken)?;
            let asked_for = self.asked_for(app);
            let patch = patch(&change, &record, &object, asked_for.as_ref());
            match self.patch(app, Patch::Merge(patch)).await {
                Ok(()) => {
                    let is_sync =
                        matches!(change, Change::Open(_, intent) if intent.purpose == Purpose::Sync);
                    self.follows(app, record.epoch, is_sync);
                    if let Change::Open(_, intent) = change
                        && is_sync
                    {
                        self.events.tell(&object, Announcement::began(intent));
                    }
                    return Ok(record.epoch);
                }
                Err(error) => {
                    // A second try only helps with what is there now: a stale leader learns from it that it was overtaken.
                    match error.is_conflict() {
                        true => self.read_anew(app).await,
                        false => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                    }
                    let message = error.to_string();
                    let source = Some(Box::new(error) as _);
                    last = JournalError::Failed { step: "write", app: app.clone(), message, source };
                }
            }
        }
        Err(last)
    }
}

#[async_trait]
impl Journal for ApplicationRecords {
    async fn read(&self, app: &AppId) -> Result<Option<Record>, JournalError> {
        let object = self.object(app);
        object.map_or(Ok(None), |object| on_record(&object)).map_err(|error| unreadable(app, error))
    }

    async fn open(&self, app: &AppId, known: Epoch, intent: &Intent) -> Result<Epoch, JournalError> {
        self.change(app, Change::Open(known, intent)).await
    }

    async fn note(&self, app: &AppId, epoch: Epoch, entries: &[Entry]) -> Result<(), JournalError> {
        self.change(app, Change::Note(epoch, entries)).await.map(drop)
    }

    /// The end is written with the report that tells of it.
    async fn close(&self, app: &AppId, epoch: Epoch, has_succeeded: bool) -> Result<(), JournalError> {
        self.closes(app, epoch, has_succeeded);
        Ok(())
    }
}

/// The patch that puts a record on an Application exactly as it was read. A sync that begins shows in the status.
fn patch(change: &Change<'_>, record: &Record, application: &Object, asked_for: Option<&Value>) -> Value {
    let mut annotations = Map::new();
    annotations.insert(JOURNAL_ANNOTATION, printed(record));
    let mut metadata = Map::new();
    metadata.insert("resourceVersion", application.metadata_str("resourceVersion"));
    let mut patch = Map::new();
    if let Change::Open(_, intent) = change {
        annotations.insert(KINDS_ANNOTATION, print_kinds(&intent.kinds));
        if intent.purpose == Purpose::Sync {
            patch.insert(
                "status",
                value!({ "operationState": (operation_state(intent, application, asked_for)) }),
            );
        }
    }
    metadata.insert("annotations", annotations);
    patch.insert("metadata", metadata);
    Value::Map(patch)
}

/// The part of the status that says that a sync begins. What an earlier sync was and came to is not this one's.
fn operation_state(intent: &Intent, application: &Object, asked_for: Option<&Value>) -> Value {
    let started_at = seconds(intent.started_at);
    let known = application.at(&["status", "operationState"]);
    let is_same = known.is_some_and(|state| state.str_at(&["startedAt"]) == Some(&started_at));
    let by = intent.by.as_deref();
    let asked = asked(by, &intent.revision, &started_at, application, asked_for);
    let mut operation = with_instead_of(asked, intent.instead_of.as_deref());
    if let Some(map) = operation.as_map_mut() {
        map.map_at("sync").insert("prune", intent.prune);
    }
    let state = value!({
        "phase": "Running", "startedAt": started_at, "message": format!("plan {}", intent.plan.short()),
        "operation": operation
    });
    // What is retained here and is not in the new state goes; the rest is left to the next report.
    let mut before = known.and_then(Value::as_map).cloned().unwrap_or_default();
    before.retain(|key, _| match key.as_str() {
        "operation" | "finishedAt" => true,
        "syncResult" | "retryCount" => !is_same,
        _ => false,
    });
    Value::Map(state.as_map().map(|state| merge_patch(&before, state)).unwrap_or_default())
}

fn failed(app: &AppId, message: impl Into<String>) -> JournalError {
    JournalError::Failed { step: "write", app: app.clone(), message: message.into(), source: None }
}

fn unreadable(app: &AppId, error: serde_json::Error) -> JournalError {
    let message = format!(
        "annotation {JOURNAL_ANNOTATION} of the Application is damaged ({error}); remove it if no other controller runs \
         this app"
    );
    JournalError::Failed { step: "read", app: app.clone(), message, source: Some(Box::new(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tautline_core::{Digest, ResourceKey, Timestamp};
    use tautline_plan::{Phase, Stage};

    fn record(deletes: usize) -> Record {
        let intent = Intent {
            plan: Digest::of_bytes(b"plan"),
            revision: "abc".into(),
            source: Digest::of_bytes(b"source"),
            started_at: Timestamp::from_seconds(1_700_000_000),
            prune: true,
            purpose: Purpose::Sync,
            by: Some("ann".into()),
            instead_of: None,
            only: Vec::new(),
            skips_hooks: false,
            kinds: BTreeSet::new(),
        };
        let entry = |deed, name: String| {
            let key = ResourceKey::new("", "ConfigMap", "prod", name);
            Entry { deed, key, phase: Phase::Sync, stage: Stage::Begun, uid: None }
        };
        let mut record = Record::opened(None, intent);
        record.note(&entry(Deed::RunHook, "migrate".into()));
        (0..deletes).for_each(|n| record.note(&entry(Deed::Delete, format!("old-{n}"))));
        record
    }

    #[test]
    fn an_application_gives_back_what_it_was_given() {
        let object = |text: &str| {
            Object::new(value!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": { "name": "web", "annotations": { JOURNAL_ANNOTATION: text } } }))
            .unwrap()
        };
        assert_eq!(on_record(&object(&printed(&record(3)))).unwrap(), Some(record(3)));
        assert!(on_record(&object("{")).is_err());
    }

    #[test]
    fn a_thousand_deletes_fit_into_an_annotation_and_no_hook_is_left_out() {
        let text = printed(&record(1000));
        assert!(text.len() < 100 * 1024, "{}", text.len());
        assert!(text.contains("migrate") && text.contains("old-999") && !text.contains("old-1\""));
    }
}
