//! Taking over from the tools that wrote for Git before us: their fields become ours, so that what leaves Git goes.

use std::sync::LazyLock;

use tautline_core::{FieldManager, Key, Object, Value};

use crate::structured::{LAST_APPLIED, ManagedFields, Manager, Operation, Owned, entries};

/// The object with the entries of these managers folded into our Apply entry and without the last-applied
/// annotation (rule R7); `None` if there is nothing to fold. Entries of subresources stay: they are not from Git.
///
/// The joined entry has the version of ours, or else that of the latest of theirs, as kubectl's upgrade has it.
pub fn fold_managers(live: &Object, from: &[String], ours: &FieldManager) -> Option<Object> {
    static MANAGER: LazyLock<Key> = LazyLock::new(|| Key::new("manager"));
    let is_named = |entry: &Value| {
        let name = entry.as_map().and_then(|entry| entry.get_key(&MANAGER)?.as_str());
        name.is_some_and(|name| from.iter().any(|other| other == name))
    };
    if from.is_empty() || !entries(live).iter().any(is_named) {
        return None;
    }
    let mut owners = ManagedFields::read(live).ok()?;
    let is_theirs = |manager: &Manager| {
        manager.subresource().is_empty()
            && manager.name() != ours.as_str()
            && from.iter().any(|name| name == manager.name())
    };
    let theirs: Vec<Manager> =
        owners.iter().map(|(manager, _)| manager).filter(|m| is_theirs(m)).cloned().collect();
    let joined = theirs.iter().filter_map(|manager| owners.remove(manager)).reduce(join)?;
    let us = Manager::new(ours.as_str(), Operation::Apply, live.api_version(), "");
    let joined = match owners.remove(&us) {
        Some(present) => Owned { fields: present.fields.union(&joined.fields), ..present },
        None => joined,
    };
    owners.set(us, joined);
    let mut folded = live.clone();
    let annotations = folded.metadata_mut().map_at("annotations");
    annotations.remove(LAST_APPLIED);
    if annotations.is_empty() {
        folded.metadata_mut().remove("annotations");
    }
    owners.write(&mut folded);
    Some(folded)
}

/// Both, as of the later one.
fn join(a: Owned, b: Owned) -> Owned {
    let fields = a.fields.union(&b.fields);
    let later = if a.time > b.time { a } else { b };
    Owned { fields, ..later }
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
        let ours = folded.list_at(&["metadata", "managedFields"]).first().unwrap();
        assert_eq!(ours.str_at(&["time"]), Some("2030-01-01T00:00:00Z"));
        assert_eq!(folded.annotation(LAST_APPLIED), None);
        assert_eq!(fold_managers(&folded, &from, &FieldManager::tautline()), None);
    }
}
