//! Patching: JSON patch, merge patch, strategic merge patch, server-side apply.

use std::sync::Arc;

use tautline_core::{Object, Value};

use crate::caller::Ask;
use crate::failure::{Failure, Wrong};
use crate::state::State;
use crate::typing;
use crate::write::update::check_preconditions;
use crate::write::{FieldValidation, How, Outcome, decode};

/// A patch as it came.
#[derive(Clone, Debug)]
pub(crate) enum PatchBody {
    /// RFC 6902.
    Json(Value),
    /// RFC 7386.
    Merge(Value),
    /// Kubernetes' strategic merge patch.
    Strategic(Value),
    /// Server-side apply.
    Apply(Value),
}

impl State {
    /// Patches an object, or its subresource.
    ///
    /// # Errors
    /// What kube-apiserver 1.37 refuses.
    pub(crate) fn patch(&mut self, ask: &Ask, patch: PatchBody, how: &How) -> Result<Outcome, Failure> {
        let body = match patch {
            PatchBody::Apply(body) => return self.apply(ask, body, how),
            other => other,
        };
        let Some(stored) = self.find(&ask.served, &ask.namespace, &ask.name) else {
            return Err(Failure::not_found(&ask.group, &ask.resource, &ask.name));
        };
        let old = Arc::new(typing::from_stored(&ask.served, &stored));
        if ask.subresource == "scale" {
            return self.patch_scale(ask, &old, &body, how);
        }
        let patched = typing::patched(&ask.served, &old.to_value(), &body)?;
        let (mut object, warnings) = decode(&ask.served, patched, how.validation)
            .map_err(|failure| as_invalid(ask, &failure, how.validation))?;
        self.place_in(ask, &mut object)?;
        check_preconditions(ask, &old, &object)?;
        typing::default(&self.catalog, &mut object)
            .map_err(|why| crate::write::decode::cannot_handle(&ask.served, &why))?;
        let mut outcome = self.update_object(ask, &old, object, how, None)?;
        outcome.warnings.splice(0..0, warnings);
        Ok(outcome)
    }

    fn patch_scale(
        &mut self,
        ask: &Ask,
        old: &Object,
        body: &PatchBody,
        how: &How,
    ) -> Result<Outcome, Failure> {
        let scale = crate::scale::of(&ask.served, old);
        let mut patched = typing::patched(&ask.served, &scale, body)?;
        // Whatever version the scale was read at, the patch is on this one.
        if let Some(metadata) = patched.get_mut("metadata").and_then(Value::as_map_mut)
            && metadata.get("resourceVersion") == scale.at(&["metadata", "resourceVersion"])
        {
            metadata.remove("resourceVersion");
        }
        self.replace(ask, patched, how)
    }

    /// Server-side apply.
    fn apply(&mut self, ask: &Ask, body: Value, how: &How) -> Result<Outcome, Failure> {
        let Value::Map(map) = body else {
            return Err(Failure::bad_request("the patch is no object"));
        };
        let mut wanted = Object::from_map(map);
        check_applied(ask, &wanted)?;
        wanted.metadata_mut().insert("name", ask.name.as_str());
        self.place_in(ask, &mut wanted)?;
        let stored = self.find(&ask.served, &ask.namespace, &ask.name);
        let old = stored.map(|stored| Arc::new(typing::from_stored(&ask.served, &stored)));
        if let Some(old) = &old {
            check_preconditions(ask, old, &wanted)?;
        } else if !wanted.metadata_str("uid").is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {}, and no existing object was found",
                wanted.metadata_str("uid")
            );
            return Err(Failure::conflict(&ask.group, &ask.resource, &ask.name, &why));
        } else if !ask.subresource.is_empty() {
            return Err(Failure::not_found(&ask.group, &ask.resource, &ask.name));
        }
        let warnings = self.apply_warnings(ask, &wanted, how);
        for field in ["resourceVersion", "uid"] {
            wanted.metadata_mut().remove(field);
        }
        let applied = typing::apply(&self.catalog, ask, old.as_deref(), &wanted, how, self.now())?;
        let Some((mut object, fields)) = applied else {
            let object = old.ok_or_else(|| Failure::internal("an apply that creates changed nothing"))?;
            return Ok(Outcome { object, created: false, warnings });
        };
        let mut outcome = match &old {
            Some(old) => {
                typing::default(&self.catalog, &mut object)
                    .map_err(|why| crate::write::decode::cannot_handle(&ask.served, &why))?;
                self.update_object(ask, old, object, how, Some(fields))?
            }
            None => self.create_object(ask, object, how, Some(fields))?,
        };
        outcome.warnings.splice(0..0, warnings);
        Ok(outcome)
    }

    /// What decoding the applied object warns of. An apply refuses unknown fields later, as typed patch.
    fn apply_warnings(&self, ask: &Ask, wanted: &Object, how: &How) -> Vec<String> {
        let lenient =
            if how.validation == FieldValidation::Strict { FieldValidation::Ignore } else { how.validation };
        // What does not fit its type is refused as a typed patch is, with a 500.
        decode(&ask.served, wanted.to_value(), lenient).map(|(_, warnings)| warnings).unwrap_or_default()
    }
}

/// What the server refuses of an applied object before it looks at fields.
fn check_applied(ask: &Ask, wanted: &Object) -> Result<(), Failure> {
    let gvk = ask.served.gvk();
    if wanted.kind().is_empty() {
        let body = wanted.to_value().to_json();
        return Err(Failure::bad_request(format!("Object 'Kind' is missing in '{body}'")));
    }
    if wanted.gvk() != *gvk && ask.subresource != "scale" {
        let message = format!("invalid object type: /{}, Kind={}", wanted.api_version(), wanted.kind());
        return Err(Failure::bad_request(message));
    }
    if !wanted.name().is_empty() && wanted.name() != ask.name {
        let message = format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            wanted.name(),
            ask.name
        );
        return Err(Failure::bad_request(message));
    }
    if wanted.metadata().is_some_and(|m| m.get("managedFields").is_some_and(|f| !f.is_null())) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    Ok(())
}

/// A patched object of wrong types is a 422 with an empty kind; unknown fields stay what they are.
fn as_invalid(ask: &Ask, failure: &Failure, validation: FieldValidation) -> Failure {
    if validation == FieldValidation::Strict && failure.message.contains("strict decoding error") {
        let what = failure.message.split_once(": ").map_or("", |(_, rest)| rest);
        let wrong = Wrong::invalid("patch", &Value::Null, what);
        let mut invalid = Failure::invalid("", "", &ask.name, vec![wrong]);
        invalid.message = failure.message.clone();
        return Failure { code: 400, reason: "BadRequest".to_owned(), details: None, ..invalid };
    }
    failure.clone()
}
