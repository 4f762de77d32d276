//! Taking over from client-side apply and other tools: their fields become ours, so that what leaves Git goes.

use tautline_core::{FieldManager, Object, Value, value};

use crate::structured::{LAST_APPLIED, ManagedFields, Manager, Operation, Owned};

/// The one JSON patch that makes `manager` the applier of everything that the managers `from` own in the object
/// itself (rule R7); `None` if they own nothing and there is no last-applied annotation.
///
/// Entries of subresources stay. The patch tests `resourceVersion`, so that a change in between makes it fail. The
/// version of the joined entry is that of the latest of theirs, as kubectl's upgrade has it.
pub fn take_over(live: &Object, manager: &FieldManager, from: &[&str]) -> Option<Value> {
    let mut owners = ManagedFields::read(live).ok()?;
    let theirs: Vec<Manager> = owners
        .iter()
        .map(|(m, _)| m.clone())
        .filter(|m| m.subresource().is_empty() && from.contains(&m.name()) && m.name() != manager.as_str())
        .collect();
    let annotated = live.annotation(LAST_APPLIED).is_some();
    if theirs.is_empty() && !annotated {
        return None;
    }
    let mut joined: Option<Owned> = None;
    for their in &theirs {
        let Some(owned) = owners.remove(their) else { continue };
        joined = Some(match joined {
            None => owned,
            Some(before) if before.time > owned.time => {
                Owned { fields: before.fields.union(&owned.fields), ..before }
            }
            Some(before) => Owned { fields: before.fields.union(&owned.fields), ..owned },
        });
    }
    if let Some(mut joined) = joined {
        let ours = Manager::new(manager.as_str(), Operation::Apply, &joined.api_version, "");
        if let Some(present) = owners.remove(&ours) {
            joined = Owned { fields: present.fields.union(&joined.fields), ..present };
        }
        owners.set(ours, joined);
    }
    let mut after = live.clone();
    owners.write(&mut after);
    let entries = after.at(&["metadata", "managedFields"]).cloned().unwrap_or_else(Value::list);
    let version = live.metadata_str("resourceVersion");
    let mut patch = vec![
        value!({ "op": "test", "path": "/metadata/resourceVersion", "value": version }),
        value!({ "op": "replace", "path": "/metadata/managedFields", "value": entries }),
    ];
    if annotated {
        let path = format!("/metadata/annotations/{}", LAST_APPLIED.replace('/', "~1"));
        patch.push(value!({ "op": "remove", "path": path }));
    }
    Some(Value::from(patch))
}
