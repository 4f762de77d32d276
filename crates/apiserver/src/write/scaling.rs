//! Applying a Scale: the number of replicas and who owns it.

use std::sync::Arc;

use tautline_core::{FieldManager, FieldPath, Object, Value};
use tautline_merge::{Apply, ManagedFields, ReplicasPaths};

use crate::caller::Ask;
use crate::failure::Failure;
use crate::state::State;
use crate::typing;
use crate::write::{How, Outcome};

impl State {
    /// Server-side apply of a Scale to an object's `scale`.
    ///
    /// # Errors
    /// 409 where others own the replicas, and what the object itself is refused for.
    pub(super) fn apply_scale(
        &mut self,
        ask: &Ask,
        old: &Arc<Object>,
        wanted: &Object,
        how: &How,
    ) -> Result<Outcome, Failure> {
        let served = ask.served.clone();
        if served.custom.is_some() {
            return Err(Failure::internal(format!(
                "failed to convert new object ({}/{}; autoscaling/v1, Kind=Scale) to proper version: request to \
                 convert CR to an invalid group/version: autoscaling/v1",
                ask.namespace, ask.name
            )));
        }
        let paths: ReplicasPaths =
            [(served.gvk().api_version(), Some(FieldPath::fields(["spec", "replicas"])))]
                .into_iter()
                .collect();
        let owners = ManagedFields::read(old).map_err(Failure::internal)?;
        let Value::Map(map) = crate::scale::of(&served, old) else {
            return Err(Failure::internal("a Scale is no object"));
        };
        let mut scale = Object::from_map(map);
        tautline_merge::scale_owners(&owners, &paths).write(&mut scale);
        let request = Apply {
            live: Some(&scale),
            config: wanted,
            manager: &FieldManager::new(&how.manager),
            force: how.force,
            subresource: Some("scale"),
            now: self.now(),
            schemas: &self.catalog,
            defaulter: &|_, _| Ok(()),
        };
        let applied = tautline_merge::apply(request).map_err(typing::refusal)?.object;
        let after = ManagedFields::read(&applied).map_err(Failure::internal)?;
        let mut new = Object::clone(old);
        crate::scale::set_replicas(&served, &mut new, applied.i64_at(&["spec", "replicas"]).unwrap_or(0));
        tautline_merge::owners_after_scale(&owners, &after, &served.gvk().api_version(), &paths)
            .write(&mut new);
        let fields = new.metadata().and_then(|m| m.get("managedFields")).cloned().unwrap_or_default();
        self.update_object(ask, old, new, how, Some(fields))
    }
}
