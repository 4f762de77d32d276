//! Whether another controller runs an Application too (rule R22).

use tautline_core::{Object, Value};

/// The field manager that writes statuses.
pub(crate) const STATUS_MANAGER: &str = "tautline-status";

/// What only a controller writes of a status: people and `argocd` set `operationState.phase` at most.
const A_CONTROLLERS: [&str; 3] = ["f:sync", "f:health", "f:reconciledAt"];

/// The manager that wrote the status after we did, if one has.
pub(crate) fn rival(application: &Object) -> Option<String> {
    let entries = application.list_at(&["metadata", "managedFields"]);
    let time = |entry: &Value| entry.str_at(&["time"]).unwrap_or_default().to_owned();
    let is_ours = |entry: &&Value| entry.str_at(&["manager"]) == Some(STATUS_MANAGER);
    let ours = entries.iter().filter(is_ours).filter(|e| writes_status(e)).map(time).max()?;
    // RFC 3339 in UTC orders as text. Within one second nobody knows who was last.
    let theirs = entries.iter().filter(|e| !is_ours(e) && writes_status(e) && time(e) > ours);
    theirs.max_by_key(|e| time(e)).and_then(|e| e.str_at(&["manager"])).map(str::to_owned)
}

fn writes_status(entry: &Value) -> bool {
    A_CONTROLLERS.iter().any(|field| entry.at(&["fieldsV1", "f:status", field]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn check(entries: Value, expect: Option<&str>) {
        let object = value!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": { "name": "web", "managedFields": entries } });
        assert_eq!(rival(&Object::new(object).unwrap()).as_deref(), expect);
    }

    fn entry(manager: &str, second: u8, fields: Value) -> Value {
        value!({ "manager": manager, "operation": "Update", "time": format!("2026-01-02T03:04:{second:02}Z"),
            "fieldsV1": { "f:status": fields } })
    }

    #[test]
    fn r22_whoever_writes_the_status_after_us_is_a_rival() {
        let health = || value!({ "f:health": {} });
        let argo = "argocd-application-controller";
        check(value!([(entry(argo, 9, health()))]), None);
        check(value!([(entry("tautline-status", 10, health())), (entry(argo, 9, health()))]), None);
        check(value!([(entry("tautline-status", 9, health())), (entry(argo, 9, health()))]), None);
        check(value!([(entry("tautline-status", 9, health())), (entry(argo, 10, health()))]), Some(argo));
        let terminates = value!({ "f:operationState": { "f:phase": {} } });
        check(
            value!([(entry("tautline-status", 9, health())), (entry("argocd-server", 10, terminates))]),
            None,
        );
    }
}
