//! Updating: PUT, and the second half of every patch.

use std::sync::Arc;

use tautline_core::{Object, Value};

use crate::caller::Ask;
use crate::failure::{Failure, Wrong};
use crate::state::State;
use crate::typing;
use crate::validate;
use crate::write::create::invalid;
use crate::write::patch::check_name;
use crate::write::{How, Outcome, decode, metadata, schema};

impl State {
    /// Replaces an object by a body (PUT).
    ///
    /// # Errors
    /// What kube-apiserver 1.37 refuses.
    pub(crate) fn replace(&mut self, ask: &Ask, body: Value, how: &How) -> Result<Outcome, Failure> {
        if ask.subresource == "scale" {
            return self.put_scale(ask, &body, how);
        }
        let (mut object, mut warnings) = decode(&ask.served, body, how)?;
        warnings.extend(metadata::owners_once(&mut object, false));
        let replaced = self.replace_by(ask, object, how);
        let mut outcome = replaced.map_err(|failure| failure.after(&warnings))?;
        outcome.warnings.splice(0..0, warnings);
        Ok(outcome)
    }

    fn replace_by(&mut self, ask: &Ask, mut object: Object, how: &How) -> Result<Outcome, Failure> {
        check_name(ask, &object)?;
        self.place_in(ask, &mut object)?;
        let Some(old) = self.find(&ask.served, &ask.namespace, &ask.name) else {
            if ask.served.put_creates() && ask.subresource.is_empty() {
                return self.create_object(ask, object, how, None);
            }
            return Err(Failure::not_found(&ask.group, &ask.resource, &ask.name));
        };
        let old = Arc::new(typing::from_stored(&ask.served, &old));
        let given = object.metadata_str("resourceVersion").to_owned();
        if given.is_empty() && !ask.served.updates_unconditionally() {
            let wrong =
                Wrong::invalid("metadata.resourceVersion", &Value::Int(0), "must be specified for an update");
            // The server names the resource here, not the kind.
            return Err(Failure::invalid(&ask.group, &ask.resource, &ask.name, vec![wrong]));
        }
        check_preconditions(ask, &old, &object)?;
        typing::default(&self.catalog, &mut object)
            .map_err(|why| crate::write::decode::cannot_handle(&ask.served, &why))?;
        self.update_object(ask, &old, object, how, None)
    }

    /// Brings an object to a new form. With `applied` the managedFields are those of an apply.
    pub(super) fn update_object(
        &mut self,
        ask: &Ask,
        old: &Arc<Object>,
        mut new: Object,
        how: &How,
        applied: Option<Value>,
    ) -> Result<Outcome, Failure> {
        let served = ask.served.clone();
        let is_applied = applied.is_some();
        let mut wrong = metadata::keep(old, &mut new);
        let status = ask.subresource == "status";
        if status {
            served.prepare_status(old, &mut new);
        } else {
            served.prepare_update(old, &mut new);
        }
        if ask.subresource == "finalize" {
            wrong.clear();
        }
        match applied {
            Some(fields) => drop(new.metadata_mut().insert("managedFields", fields)),
            None => {
                let now = self.now();
                new = typing::own_update(&self.catalog, ask, old, new, &how.manager, now);
            }
        }
        if served.is("", "Service") && !status {
            crate::write::services::prepare(old, &mut new);
        }
        self.mutate(ask, Some(old), &mut new, how.dry_run)?;
        metadata::tidy(&mut new);
        metadata::copy(old, &mut new, "resourceVersion");
        match &served.custom {
            Some(custom) => {
                wrong.extend(schema::check(custom, &new, Some(old)));
                wrong.extend(crate::scale::check(&served, &new));
                wrong.sort_by_key(|w| (w.field == "<nil>", w.field.clone()));
            }
            None if status => wrong.extend(validate::check_status(&served, &new)),
            // Containers for debugging come in by a door of their own.
            None if ask.subresource == "ephemeralcontainers" => {
                wrong.extend(validate::check(&served, &new, false))
            }
            None => wrong.extend(validate::check_update(&served, old, &new, is_applied)),
        }
        if !wrong.is_empty() {
            return Err(invalid(ask, &new, wrong));
        }
        if served.is("", "PersistentVolumeClaim") && !status {
            self.may_grow(old, &new)?;
        }
        if old.get("rules") != new.get("rules")
            || old.get("roleRef") != new.get("roleRef")
            || old.get("subjects") != new.get("subjects")
        {
            self.may_grant(ask, &new)?;
        }
        let noted = self.admit(ask, Some(old), &new, how.dry_run)?;
        self.allot(&mut new, Some(old), &served)?;
        let warnings = match templated(&served) && old.generation() == new.generation() {
            true => noted,
            false => [validate::warnings(&served, &new), noted].concat(),
        };
        Ok(Outcome { object: self.store_update(ask, old, new, how.dry_run), created: false, warnings })
    }

    /// Stores a changed object; removes one that only waited for its last finalizer; writes nothing when
    /// nothing changed.
    fn store_update(&mut self, ask: &Ask, old: &Arc<Object>, new: Object, dry_run: bool) -> Arc<Object> {
        let first = self.is_first_write(&ask.served, old);
        if dry_run || !first && same_but_for_times(old, &new) {
            return if dry_run { typing::as_stored(&ask.served, new) } else { old.clone() };
        }
        if crate::write::delete::is_finished(&ask.served, &new) {
            let place = self.place(&ask.served, new.namespace(), new.name());
            self.take_away(&place);
            return Arc::new(new);
        }
        self.fresh_claims.remove(new.metadata_str("uid"));
        let stored = self.commit(ask, typing::to_stored(&ask.served, new));
        if *ask.served.gvk() == ask.served.stored {
            stored
        } else {
            Arc::new(typing::from_stored(&ask.served, &stored))
        }
    }

    /// Whether a write is the first since a claim was made. The real server stores a claim a second time with it, whatever
    /// it says.
    pub(super) fn is_first_write(&self, served: &crate::catalog::Served, old: &Object) -> bool {
        served.is("", "PersistentVolumeClaim") && self.fresh_claims.contains(old.metadata_str("uid"))
    }

    /// PUT on `scale`: only the number of replicas counts.
    fn put_scale(&mut self, ask: &Ask, body: &Value, how: &How) -> Result<Outcome, Failure> {
        let name = body.str_at(&["metadata", "name"]).unwrap_or(&ask.name);
        if name != ask.name {
            let message =
                format!("the name of the object ({name}) does not match the name on the URL ({})", ask.name);
            return Err(Failure::bad_request(message));
        }
        let Some(old) = self.find(&ask.served, &ask.namespace, &ask.name) else {
            return Err(Failure::not_found(&ask.group, &ask.resource, &ask.name));
        };
        let replicas = body.i64_at(&["spec", "replicas"]).unwrap_or(0);
        if replicas < 0 {
            let detail = "must be greater than or equal to 0";
            let wrong = Wrong::invalid("spec.replicas", &Value::Int(replicas), detail);
            return Err(Failure::invalid("autoscaling", "Scale", &ask.name, vec![wrong]));
        }
        let version = body.str_at(&["metadata", "resourceVersion"]).unwrap_or_default();
        if !version.is_empty() && version != old.metadata_str("resourceVersion") {
            return Err(Failure::stale(&ask.group, &ask.resource, &ask.name));
        }
        let mut new = Object::clone(&old);
        crate::scale::set_replicas(&ask.served, &mut new, replicas);
        self.update_object(ask, &old, new, how, None)
    }
}

/// Checks what a PUT says of uid and version.
pub(super) fn check_preconditions(ask: &Ask, old: &Object, new: &Object) -> Result<(), Failure> {
    check_uid(ask, old, new)?;
    check_version(ask, old, new)
}

fn check_uid(ask: &Ask, old: &Object, new: &Object) -> Result<(), Failure> {
    let uid = new.metadata_str("uid");
    if !uid.is_empty() && uid != old.metadata_str("uid") {
        let shelf = if ask.served.custom.is_some() {
            format!("{}/{}", ask.group, ask.resource)
        } else {
            ask.resource.clone()
        };
        let place = if ask.namespace.is_empty() { String::new() } else { format!("{}/", ask.namespace) };
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{shelf}/{place}{}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            ask.name,
            old.metadata_str("uid")
        );
        return Err(Failure::conflict(&ask.group, &ask.resource, &ask.name, &why));
    }
    Ok(())
}

/// Checks what a writer says of the version.
pub(super) fn check_version(ask: &Ask, old: &Object, new: &Object) -> Result<(), Failure> {
    let version = new.metadata_str("resourceVersion");
    if version.is_empty() || version == "0" {
        return Ok(());
    }
    if version.parse::<u64>().is_err() {
        let message = format!("strconv.ParseUint: parsing \"{version}\": invalid syntax");
        return Err(Failure::internal(message));
    }
    if version != old.metadata_str("resourceVersion") {
        return Err(Failure::stale(&ask.group, &ask.resource, &ask.name));
    }
    Ok(())
}

/// Kinds of which an update warns only when their wish changed; of a changed pod nobody is warned.
pub(super) fn templated(served: &crate::catalog::Served) -> bool {
    ["apps", "batch"].contains(&served.group())
}

/// Whether two states differ at most in the times of managedFields: then nothing is written.
fn same_but_for_times(old: &Object, new: &Object) -> bool {
    if old == new {
        return true;
    }
    let timeless = |object: &Object| {
        let mut object = object.clone();
        if let Some(Value::List(entries)) = object.metadata_mut().get_mut("managedFields") {
            for entry in entries.iter_mut() {
                if let Some(map) = entry.as_map_mut() {
                    map.remove("time");
                }
            }
        }
        object
    };
    timeless(old) == timeless(new)
}
