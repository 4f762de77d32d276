//! An app's report as an Application's `status`, field by field as Argo CD 3.6 fills it.

mod operation;
mod patch;

use tautline_core::{List, Map, MapDraft, Object, Timestamp, Value, value};
use tautline_engine::{HistoryEntry, Report, Row};
use tautline_grammar::time::seconds;
use tautline_health::Health;

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
    Value::Map(timeless(status))
}

/// A map without times in it or below; itself where it has none, as most rows have.
fn timeless(map: &Map) -> Map {
    let mut draft = MapDraft::of(map);
    for (key, value) in map {
        if matches!(key.as_str(), "reconciledAt" | "lastTransitionTime" | "observedAt") {
            draft.skip();
            continue;
        }
        let without = match value {
            Value::Map(map) => Value::Map(timeless(map)),
            Value::List(list) => Value::List(timeless_items(list)),
            scalar => scalar.clone(),
        };
        match without.is_same(value) {
            true => draft.keep(),
            false => draft.replace(without),
        }
    }
    draft.finish()
}

fn timeless_items(list: &List) -> List {
    let item = |item: &Value| match item {
        Value::Map(map) => Value::Map(timeless(map)),
        other => other.clone(),
    };
    match list.iter().all(|value| item(value).is_same(value)) {
        true => list.clone(),
        false => list.iter().map(item).collect(),
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
    let text = |text: &str| (!text.is_empty()).then(|| Value::from(text));
    let flag = |flag: bool| flag.then_some(Value::Bool(true));
    let fields = [
        ("group", text(&row.key.group)),
        ("version", text(&row.gvk.version)),
        ("kind", text(&row.key.kind)),
        ("namespace", text(&row.key.namespace)),
        ("name", text(&row.key.name)),
        ("status", text(&row.sync.to_string())),
        ("health", row.health.as_ref().map(|health| Value::Map(health_of(row, health)))),
        ("requiresPruning", flag(row.requires_pruning)),
        ("requiresDeletionConfirmation", flag(row.needs_confirmation)),
        ("syncWave", (row.wave != 0).then(|| row.wave.into())),
    ];
    fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

fn health_of(row: &Row, health: &Health) -> Map {
    let cause = row.cause.as_ref().map(ToString::to_string);
    let own = if health.message.is_empty() { &row.message } else { health.message.as_str() };
    let message = cause.as_deref().unwrap_or(own);
    let message = (!message.is_empty()).then_some(("message", message));
    [("status", health.status.as_str())].into_iter().chain(message).collect()
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
