//! An apply through another version of a custom resource than the last one (rule R15).
//!
//! The server brings the merged object into the version that our entry in `managedFields` names, and gives up where
//! the object has a field that this version does not. Our entry is ours: it is moved to the version of today, and what
//! it names that is no longer in the type counts for nothing.

use tautline_cluster::{ClusterError, Patch};
use tautline_core::{FieldManager, Object, value};

/// Whether the server gave up on a field that the version of somebody's last write does not have.
pub(crate) fn is_of_another(error: &ClusterError) -> bool {
    let status = error.status().filter(|status| status.code == 500);
    status.is_some_and(|status| {
        status.message.contains("last applied version")
            && status.message.contains("field not declared in schema")
    })
}

/// The patch that moves our entry to a version, at exactly the state it was read in; `None` if there is no entry of
/// ours in another version.
pub(crate) fn entry_moved(live: &Object, manager: &FieldManager, to: &str) -> Option<Patch> {
    let entries = live.list_at(&["metadata", "managedFields"]);
    let is_ours = |entry: &tautline_core::Value| {
        entry.str_at(&["manager"]) == Some(manager.as_str())
            && entry.str_at(&["operation"]) == Some("Apply")
            && entry.str_at(&["subresource"]).is_none()
    };
    let at = entries.iter().position(is_ours)?;
    let from = entries.get(at)?.str_at(&["apiVersion"]).filter(|from| *from != to)?;
    let entry = format!("/metadata/managedFields/{at}");
    Some(Patch::Json(value!([
        { "op": "test", "path": "/metadata/resourceVersion", "value": live.metadata_str("resourceVersion") },
        { "op": "test", "path": (format!("{entry}/manager")), "value": (manager.as_str()) },
        { "op": "test", "path": (format!("{entry}/apiVersion")), "value": from },
        { "op": "replace", "path": (format!("{entry}/apiVersion")), "value": to },
    ])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::Value;

    #[test]
    fn only_our_entry_of_another_version_moves() {
        let entry = |manager: &str, version: &str| value!({ "manager": manager, "operation": "Apply", "apiVersion": version });
        let live = |entries: Vec<Value>| {
            let mut live =
                Object::bare(&tautline_core::GroupVersionKind::new("e.org", "v1", "Thing"), "n", "a");
            live.metadata_mut().insert("managedFields", entries.into_iter().collect::<tautline_core::List>());
            live
        };
        let us = FieldManager::new("tautline");
        let old = live(vec![entry("other", "e.org/v1beta1"), entry("tautline", "e.org/v1beta1")]);
        let Some(Patch::Json(patch)) = entry_moved(&old, &us, "e.org/v1") else { panic!("no patch") };
        assert!(patch.to_json().contains("/metadata/managedFields/1/apiVersion"), "{}", patch.to_json());
        assert!(entry_moved(&old, &us, "e.org/v1beta1").is_none());
        assert!(entry_moved(&live(vec![entry("other", "e.org/v1beta1")]), &us, "e.org/v1").is_none());
    }
}
