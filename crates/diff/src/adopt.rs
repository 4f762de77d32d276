//! Taking over from the tools that wrote for Git before us (rule R7).

use tautline_core::{FieldManager, Object};
use tautline_merge::{FieldSet, ManagedFields, Manager, Operation, Owned};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object with the entries of these managers folded into our Apply entry and without the last-applied
/// annotation; `None` if there is nothing to fold. Entries of subresources stay: they are not from Git.
///
/// Without this, fields that such a tool applied and Git drops later would have an owner for ever.
pub fn fold_managers(live: &Object, from: &[String], ours: &FieldManager) -> Option<Object> {
    let mut managers = ManagedFields::read(live).ok()?;
    let foreign: Vec<Manager> = managers
        .iter()
        .map(|(manager, _)| manager)
        .filter(|m| {
            m.subresource().is_empty() && m.name() != ours.as_str() && from.iter().any(|f| f == m.name())
        })
        .cloned()
        .collect();
    if foreign.is_empty() {
        return None;
    }
    let us = Manager::new(ours.as_str(), Operation::Apply, live.api_version(), "");
    let mut fields = managers.get(&us).map(|owned| owned.fields.clone()).unwrap_or_else(FieldSet::new);
    let mut time = managers.get(&us).and_then(|owned| owned.time.clone());
    for manager in &foreign {
        if let Some(owned) = managers.remove(manager) {
            fields = fields.union(&owned.fields);
            time = time.or(owned.time);
        }
    }
    managers.set(us, Owned { fields, api_version: live.api_version().to_owned(), time });
    let mut folded = live.clone();
    folded.metadata_mut().map_at("annotations").remove(LAST_APPLIED);
    if folded
        .metadata()
        .and_then(|m| m.get("annotations"))
        .and_then(|a| a.as_map())
        .is_some_and(|a| a.is_empty())
    {
        folded.metadata_mut().remove("annotations");
    }
    managers.write(&mut folded);
    Some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn r07_what_argo_cd_applied_becomes_ours() {
        let live = Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "n",
            "annotations": { LAST_APPLIED: "{}" },
            "managedFields": [
                { "manager": "argocd-controller", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
                  "time": "2030-01-01T00:00:00Z", "fieldsV1": { "f:data": { "f:x": {} } } },
                { "manager": "someone", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
                  "time": "2030-01-01T00:00:00Z", "fieldsV1": { "f:data": { "f:y": {} } } }
            ] }, "data": { "x": "1", "y": "2" } }))
        .unwrap();
        let from = ["argocd-controller".to_owned()];
        let folded = fold_managers(&live, &from, &FieldManager::tautline()).unwrap();
        let managers: Vec<&str> = folded
            .list_at(&["metadata", "managedFields"])
            .iter()
            .filter_map(|e| e.str_at(&["manager"]))
            .collect();
        assert_eq!(managers, ["tautline", "someone"]);
        assert_eq!(folded.annotation(LAST_APPLIED), None);
        assert_eq!(fold_managers(&folded, &from, &FieldManager::tautline()), None);
    }
}
