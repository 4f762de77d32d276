//! An app's report as an Application's `status`, field by field as Argo CD 3.6 fills it.

use tautline_core::{List, Map, Object, Timestamp, Value, value};
use tautline_engine::{Operation, Report, Row, Trigger};
use tautline_grammar::time::seconds;

/// Builds the status for a report. `before` is the Application as it is: times of what did not change stay.
pub(crate) fn status(report: &Report, before: &Object, now: Timestamp) -> Map {
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
        status.insert("operationState", operation_state(operation, spec("source")));
    }
    status.insert("history", history(report, &spec("source")));
    if !report.source_type.is_empty() {
        status.insert("sourceType", report.source_type.as_str());
    }
    let images: List = report.images.iter().map(String::as_str).collect();
    let is_app_of_apps =
        report.rows.iter().any(|r| r.key.kind == "Application" && r.key.group == "argoproj.io");
    let mut summary = Map::new();
    summary.insert("images", images);
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
            map.iter_mut().for_each(|(_, value)| strip(value));
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

fn operation_state(operation: &Operation, source: Value) -> Map {
    let (username, automated) = match &operation.trigger {
        Trigger::Manual(by) => (by.as_str(), false),
        Trigger::Automated | Trigger::SelfHeal => ("", true),
    };
    let by = if automated { value!({ "automated": true }) } else { value!({ "username": username }) };
    let results: List = operation
        .results
        .iter()
        .map(|result| {
            let mut out = value!({
                "group": result.key.group.as_str(), "version": result.gvk.version.as_str(),
                "kind": result.key.kind.as_str(), "namespace": result.key.namespace.as_str(),
                "name": result.key.name.as_str(), "status": result.status.as_str(),
                "message": result.message.as_str(), "syncPhase": (format!("{:?}", result.phase)),
                "hookPhase": (result.progress.to_string())
            });
            if let Some(map) = out.as_map_mut().filter(|_| result.is_hook) {
                map.insert("hookType", format!("{:?}", result.phase));
            }
            out
        })
        .collect();
    let mut state = Map::new();
    let asked = value!({ "sync": { "revision": operation.revision.as_str() }, "initiatedBy": by });
    state.insert("operation", with_instead_of(asked, operation.instead_of.as_deref()));
    state.insert("phase", operation.phase.to_string());
    state.insert("message", operation.message.as_str());
    state.insert("startedAt", seconds(operation.started_at));
    if let Some(at) = operation.finished_at {
        state.insert("finishedAt", seconds(at));
    }
    if operation.retries > 0 {
        state.insert("retryCount", operation.retries);
    }
    state.insert(
        "syncResult",
        value!({ "resources": results, "revision": operation.revision.as_str(), "source": source }),
    );
    state
}

/// The name, among an operation's `info`, of what the app followed when another revision was synced by hand.
pub(crate) const INSTEAD_OF: &str = "tautline.dev/instead-of";

/// An operation that says what the app followed when another revision was synced by hand.
pub(crate) fn with_instead_of(mut operation: Value, instead_of: Option<&str>) -> Value {
    if let (Some(instead_of), Some(map)) = (instead_of, operation.as_map_mut()) {
        map.insert("info", value!([{ "name": INSTEAD_OF, "value": instead_of }]));
    }
    operation
}

fn history(report: &Report, source: &Value) -> List {
    report
        .history
        .iter()
        .map(|entry| {
            value!({
                "id": entry.id, "revision": entry.revision.as_str(), "source": source.clone(),
                "deployStartedAt": seconds(entry.started_at), "deployedAt": seconds(entry.deployed_at),
                "initiatedBy": { "automated": entry.automated }
            })
        })
        .collect()
}
