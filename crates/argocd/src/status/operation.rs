//! `status.operationState`.

use tautline_core::{List, Map, Object, Value, value};
use tautline_engine::{ObjectResult, Operation, Trigger};
use tautline_grammar::time::seconds;

/// The name, among an operation's `info`, of what the app followed when another revision was synced by hand.
pub(crate) const INSTEAD_OF: &str = "tautline.dev/instead-of";

/// The state of an operation. `before` is the Application as it is, `asked_for` the `.operation` that was taken from it
/// last.
pub(super) fn state(operation: &Operation, before: &Object, asked_for: Option<&Value>) -> Map {
    let spec = |path: &[&str]| before.get("spec").and_then(|spec| spec.at(path)).cloned();
    let started_at = seconds(operation.started_at);
    let by = match &operation.trigger {
        Trigger::Manual(by) => Some(by.as_str()),
        Trigger::Automated | Trigger::SelfHeal => None,
    };
    let asked = asked(by, &operation.revision, &started_at, before, asked_for);
    let mut state = Map::new();
    state.insert("operation", with_instead_of(asked, operation.instead_of.as_deref()));
    state.insert("phase", operation.phase.to_string());
    state.insert("message", operation.message.as_str());
    state.insert("startedAt", started_at);
    if let Some(at) = operation.finished_at {
        state.insert("finishedAt", seconds(at));
    }
    if operation.retries > 0 {
        state.insert("retryCount", operation.retries);
    }
    let mut synced = Map::new();
    synced.insert("resources", operation.results.iter().map(result).collect::<List>());
    synced.insert("revision", operation.revision.as_str());
    synced.insert("source", spec(&["source"]).unwrap_or_default());
    if let Some(metadata) = spec(&["syncPolicy", "managedNamespaceMetadata"]) {
        synced.insert("managedNamespaceMetadata", metadata);
    }
    state.insert("syncResult", synced);
    state
}

/// What was asked for: one's own `.operation` in all its fields, or what an app that syncs by itself asks of itself.
/// The status keeps it of an operation that began at the same time.
pub(crate) fn asked(
    by: Option<&str>,
    revision: &str,
    started_at: &str,
    before: &Object,
    asked_for: Option<&Value>,
) -> Value {
    let state = before.get("status").and_then(|status| status.get("operationState"));
    // A second may hold the beginnings of two.
    let is_by = |state: &&Value| {
        let initiated = |field: &str| state.at(&["operation", "initiatedBy", field]);
        let is_automated = initiated("automated").and_then(Value::as_bool).unwrap_or(false);
        let name = initiated("username").and_then(Value::as_str).unwrap_or_default();
        name == by.unwrap_or_default() && !(by.is_some() && is_automated)
    };
    let same = state.filter(|state| state.str_at(&["startedAt"]) == Some(started_at)).filter(is_by);
    let is_of =
        |asked: &&Value, name: &str| asked.str_at(&["initiatedBy", "username"]).is_none_or(|n| n == name);
    let own = by.and_then(|name| asked_for.filter(|asked| is_of(asked, name)));
    let known =
        same.and_then(|state| state.get("operation")).or(own).filter(|known| known.as_map().is_some());
    let mut asked = known.cloned().unwrap_or_else(|| match by {
        Some("") => value!({ "initiatedBy": {} }),
        Some(name) => value!({ "initiatedBy": { "username": name } }),
        None => by_itself(before),
    });
    if let Some(map) = asked.as_map_mut() {
        map.map_at("sync").insert("revision", revision);
    }
    asked
}

/// What an app that syncs by itself asks for, as Argo CD writes it.
fn by_itself(application: &Object) -> Value {
    let policy =
        |path: &[&str]| application.at(&["spec", "syncPolicy"]).and_then(|policy| policy.at(path)).cloned();
    let mut sync = Map::new();
    if let Some(prune) = policy(&["automated", "prune"]) {
        sync.insert("prune", prune);
    }
    if let Some(options) = policy(&["syncOptions"]) {
        sync.insert("syncOptions", options);
    }
    let retry = policy(&["retry"]).unwrap_or_else(|| value!({ "limit": 5 }));
    value!({ "sync": (Value::Map(sync)), "initiatedBy": { "automated": true }, "retry": retry })
}

fn result(result: &ObjectResult) -> Value {
    let mut out = value!({
        "group": result.key.group.as_str(), "version": result.gvk.version.as_str(),
        "kind": result.key.kind.as_str(), "namespace": result.key.namespace.as_str(),
        "name": result.key.name.as_str(), "status": result.status.as_str(),
        "message": result.message.as_str(), "syncPhase": (format!("{:?}", result.phase)),
        "hookPhase": (result.progress.to_string())
    });
    if let Some(map) = out.as_map_mut() {
        if result.is_hook {
            map.insert("hookType", format!("{:?}", result.phase));
        }
        if !result.images.is_empty() {
            map.insert("images", result.images.iter().map(String::as_str).collect::<List>());
        }
    }
    out
}

/// An operation that says what the app followed when another revision was synced by hand.
pub(crate) fn with_instead_of(mut operation: Value, instead_of: Option<&str>) -> Value {
    let Some(map) = operation.as_map_mut() else { return operation };
    let info = map.get("info").and_then(Value::as_list).cloned().unwrap_or_default();
    let is_ours = |entry: &Value| entry.str_at(&["name"]) == Some(INSTEAD_OF);
    let mut kept: List = info.iter().filter(|entry| !is_ours(entry)).cloned().collect();
    if let Some(instead_of) = instead_of {
        kept.push(value!({ "name": INSTEAD_OF, "value": instead_of }));
    }
    if kept.is_empty() {
        map.remove("info");
    } else {
        map.insert("info", kept);
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(status: Value) -> Object {
        Object::new(value!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "a" },
            "spec": { "syncPolicy": { "automated": { "prune": true }, "syncOptions": ["CreateNamespace=true"] } },
            "status": status }))
        .unwrap()
    }

    #[test]
    fn what_was_asked_for_is_kept_in_all_its_fields() {
        let asked_for = value!({ "sync": { "prune": true, "resources": [{ "kind": "ConfigMap", "name": "a" }] },
            "initiatedBy": { "username": "ann" }, "info": [{ "name": "why", "value": "ticket 5" }] });
        let at = "2030-01-01T00:00:00Z";
        let app = application(Value::map());
        let asked = |by, app: &Object| super::asked(by, "abc", at, app, Some(&asked_for)).to_json();
        assert_eq!(
            asked(Some("ann"), &app),
            r#"{"info":[{"name":"why","value":"ticket 5"}],"initiatedBy":{"username":"ann"},"sync":{"prune":true,"resources":[{"kind":"ConfigMap","name":"a"}],"revision":"abc"}}"#
        );
        assert_eq!(
            asked(Some("bob"), &app),
            r#"{"initiatedBy":{"username":"bob"},"sync":{"revision":"abc"}}"#
        );
        assert_eq!(
            asked(None, &app),
            r#"{"initiatedBy":{"automated":true},"retry":{"limit":5},"sync":{"prune":true,"revision":"abc","syncOptions":["CreateNamespace=true"]}}"#
        );
        let same = application(
            value!({ "operationState": { "startedAt": at, "operation": { "sync": { "dryRun": true } } } }),
        );
        assert_eq!(asked(None, &same), r#"{"sync":{"dryRun":true,"revision":"abc"}}"#);
    }

    #[test]
    fn the_revision_that_was_left_is_one_entry_of_info() {
        let operation =
            value!({ "info": [{ "name": "why", "value": "x" }, { "name": INSTEAD_OF, "value": "old" }] });
        let with = with_instead_of(operation.clone(), Some("main"));
        assert_eq!(
            with.to_json(),
            r#"{"info":[{"name":"why","value":"x"},{"name":"tautline.dev/instead-of","value":"main"}]}"#
        );
        assert_eq!(with_instead_of(operation, None).to_json(), r#"{"info":[{"name":"why","value":"x"}]}"#);
    }
}
