//! Ownership of `spec.replicas` through the `scale` subresource.
//!
//! A scale has an owner list of its own: those of the object's owners who own the replicas. After a write to the
//! scale the object's owners are put together again, as the scale handler of Kubernetes 1.37 does it.

use std::collections::BTreeMap;

use tautline_core::FieldPath;

use super::managed::{ManagedFields, Manager, Owned};
use crate::FieldSet;

const SCALE: &str = "autoscaling/v1";

/// Where the versions of a kind keep their replicas; `None` for a version without scale.
pub type ReplicasPaths = BTreeMap<String, Option<FieldPath>>;

fn replicas() -> FieldSet {
    FieldSet::of(&FieldPath::fields(["spec", "replicas"]))
}

/// The owners of an object's scale.
pub fn scale_owners(object: &ManagedFields, paths: &ReplicasPaths) -> ManagedFields {
    let mut owners = ManagedFields::default();
    for (manager, owned) in object.iter() {
        let Some(Some(path)) = paths.get(&owned.api_version) else { continue };
        if owned.fields.contains(path) {
            let owned = Owned { fields: replicas(), api_version: SCALE.to_owned(), time: owned.time.clone() };
            owners.set(renamed(manager, SCALE), owned);
        }
    }
    owners
}

/// The owners of an object after a write to its scale in one of its versions. Who updated through the scale has
/// no time: the server forgets it.
pub fn owners_after_scale(
    object: &ManagedFields,
    scale: &ManagedFields,
    api_version: &str,
    paths: &ReplicasPaths,
) -> ManagedFields {
    let mut left: BTreeMap<&Manager, &Owned> = scale.iter().collect();
    let mut owners = ManagedFields::default();
    for (manager, owned) in object.iter() {
        // A version that is not known any more takes its owners with it.
        let Some(path) = paths.get(&owned.api_version) else { continue };
        let owns = path.as_ref().is_some_and(|path| owned.fields.contains(path));
        let stays = !owns || left.remove(manager).is_some();
        let fields = match (stays, path) {
            (false, Some(path)) => owned.fields.difference(&FieldSet::of(path)),
            _ => owned.fields.clone(),
        };
        owners.set(manager.clone(), Owned { fields, ..owned.clone() });
    }
    let Some(Some(path)) = paths.get(api_version) else { return owners };
    for (manager, owned) in left {
        if !owned.fields.contains(&FieldPath::fields(["spec", "replicas"])) {
            continue;
        }
        let time = object.get(manager).and_then(|owned| owned.time.clone());
        let owned = Owned { fields: FieldSet::of(path), api_version: api_version.to_owned(), time };
        owners.set(renamed(manager, api_version), owned);
    }
    owners
}

/// The manager in another version: for updaters that is another manager.
fn renamed(manager: &Manager, api_version: &str) -> Manager {
    Manager::exact(manager.name(), manager.operation(), api_version, manager.subresource())
}
