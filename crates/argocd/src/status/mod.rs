//! An app's report as an Application's `status`, field by field as Argo CD 3.6 fills it.

mod operation;
mod patch;

use tautline_core::{List, Map, Object, Timestamp, Value, value};
use tautline_engine::{HistoryEntry, Report, Row};
use tautline_grammar::time::seconds;

pub(crate) use operation::{INSTEAD_OF, asked, with_instead_of};
pub(crate) use patch::merge_patch;

/// Builds the status for a report. `before` is the Application as it is: times of what did not change stay. `asked_for`
/// is the `.operation` that was taken from it last.
pub(crate) fn status(report: &Report, before: &Object, asked_for: Option<&Value>, now: Timestamp) -> Map {
    let mut status = Map::new();
    let spec = |field: &str| before.get("spec").and_then(|s| s.get(field)).cloned().unwrap_or_default();
    let mut sync = Map::new();
    sync.insert("status", report.sync.to_string());
    let mut compared = Map::new();
    for field in ["source", "destination", "ignoreDifferences"] {
        match spec(field) {
            Value::Null => {}
            value => drop(compared.insert(field, value)),
        }
    }
    sync.insert("comparedTo", compared);
    sync.insert("revision", report.revision.as_str());
    status.insert("sync", sync);
    status.insert("health", health(report, before, now));
    status.insert("resources", report.rows.iter().map(|row| Value::Map(resource(row))).collect::<List>());
    status.insert("conditions", conditions(report, before, now));
    if let Some(operation) = &report.operation {
        status.insert("operationState", operation::state(operation, before, asked_for));
    }
    status.insert("history", history(report, before, &spec("source")));
    if !report.source_type.is_empty() {
        status.insert("sourceType", report.source_type.as_str());
    }
    let images: List = report.images.iter().map(String::as_str).collect();
    let is_app_of_apps =
        report.rows.iter().any(|r| r.key.kind == "Application" && r.key.group == "argoproj.io");
    let mut summary = Map::new();
    if !report.images.is_empty() {
        summary.insert("images", images);
    }
    if is_app_of_apps {
        summary.insert("isAppOfApps", true);
    }
    status.insert("summary", summary);
    if let Some(at) = report.reconciled_at {
        status.insert("reconciledAt", seconds(at));
    }
    status.insert("controllerNamespace", before.namespace());
    status
}

/// What decides whether a status is worth writing: everything but times.
pub(crate) fn without_times(status: &Map) -> Value {
    let mut copy = Value::Map(status.clone());
    strip(&mut copy);
    copy
}

fn strip(value: &mut Value) {
    match value {
        Value::Map(map) => {
            map.retain(|key, _| {
                !matches!(key.as_str(), "reconciledAt" | "lastTransitionTime" | "observedAt")
            });
            map.values_mut().for_each(strip);
        }
        Value::List(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

fn health(report: &Report, before: &Object, now: Timestamp) -> Map {
    let mut health = Map::new();
    let status = report.health.status.as_str();
    health.insert("status", status);
    if !report.health.message.is_empty() {
        health.insert("message", report.health.message.as_str());
    }
    let is_same = before.str_at(&["status", "health", "status"]) == Some(status);
    let since = before.str_at(&["status", "health", "lastTransitionTime"]).filter(|_| is_same);
    health.insert("lastTransitionTime", since.map_or_else(|| seconds(now), str::to_owned));
    health
}

fn resource(row: &Row) -> Map {
    let mut out = Map::new();
    let mut text = |field: &str, text: &str| {
        if !text.is_empty() {
            out.insert(field, text);
        }
    };
    text("group", &row.key.group);
    text("version", &row.gvk.version);
    text("kind", &row.key.kind);
    text("namespace", &row.key.namespace);
    text("name", &row.key.name);
    text("status", &row.sync.to_string());
    if let Some(health) = &row.health {
        let mut value = Map::new();
        value.insert("status", health.status.as_str());
        let cause = row.cause.as_ref().map(ToString::to_string);
        let own = if health.message.is_empty() { &row.message } else { health.message.as_str() };
        let message = cause.as_deref().unwrap_or(own);
        if !message.is_empty() {
            value.insert("message", message);
        }
        out.insert("health", value);
    }
    if row.requires_pruning {
        out.insert("requiresPruning", true);
    }
    if row.needs_confirmation {
        out.insert("requiresDeletionConfirmation", true);
    }
    if row.wave != 0 {
        out.insert("syncWave", row.wave);
    }
    out
}

fn conditions(report: &Report, before: &Object, now: Timestamp) -> List {
    let known = before.list_at(&["status", "conditions"]);
    report
        .conditions
        .iter()
        .map(|condition| {
            let kind = condition.kind.to_string();
            let since = known.iter().find(|c| {
                c.str_at(&["type"]) == Some(&kind) && c.str_at(&["message"]) == Some(&condition.message)
            });
            let since = since
                .and_then(|c| c.str_at(&["lastTransitionTime"]))
                .map_or_else(|| seconds(now), str::to_owned);
            value!({ "type": kind, "message": condition.message.as_str(), "lastTransitionTime": since })
        })
        .collect()
}

/// Each entry keeps the source that it was deployed from: a rollback asks for that.
fn history(report: &Report, before: &Object, source: &Value) -> List {
    let known = before.list_at(&["status", "history"]);
    let source_of = |id: i64| {
        let entry = known.iter().find(|entry| entry.i64_at(&["id"]) == Some(id));
        entry.and_then(|entry| entry.get("source")).unwrap_or(source).clone()
    };
    let entry = |entry: &HistoryEntry| {
        let by = match entry.by.as_deref() {
            None => value!({ "automated": true }),
            Some("") => Value::map(),
            Some(name) => value!({ "username": name }),
        };
        value!({
            "id": entry.id, "revision": entry.revision.as_str(), "source": (source_of(entry.id)),
            "deployStartedAt": seconds(entry.started_at), "deployedAt": seconds(entry.deployed_at),
            "initiatedBy": by
        })
    };
    report.history.iter().map(entry).collect()
}
