//! Patching: JSON patch, merge patch, strategic merge patch, server-side apply.

use std::sync::Arc;

use tautline_core::{Map, Object, Value};

use crate::caller::Ask;
use crate::failure::{Failure, Wrong};
use crate::state::State;
use crate::typing;
use crate::write::decode::{Came, Refusal, read};
use crate::write::update::check_version;
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
        let mut patched = typing::patched(&ask.served, &old.to_value(), &body)?;
        if let (Some(_), Value::Map(map)) = (&ask.served.custom, &patched) {
            let mut object = Object::from_map(map.clone());
            tautline_schema::defaults::drop_nulls(&mut object, &self.catalog);
            patched = object.into_value();
        }
        let came = match body {
            PatchBody::Strategic(_) => Came::FromStrategicPatch,
            _ => Came::FromPatch,
        };
        let (mut object, mut warnings) = match read(&ask.served, patched.clone(), how, came) {
            Ok(read) => read,
            Err(refusal) => return Err(as_invalid(ask, &body, &old, &patched, refusal)),
        };
        warnings.extend(crate::write::metadata::owners_once(&mut object, true));
        check_name(ask, &object)?;
        self.place_in(ask, &mut object)?;
        check_version(ask, &old, &object)?;
        typing::default(&self.catalog, &mut object)
            .map_err(|why| crate::write::decode::cannot_handle(&ask.served, &why))?;
        let updated = self.update_object(ask, &old, object, how, None);
        let mut outcome = updated.map_err(|failure| failure.after(&warnings))?;
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
        let map = match body {
            Value::Map(map) => map,
            Value::Null => tautline_core::Map::new(),
            other => {
                let message = format!(
                    "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} \
                     into Go value of type map[string]interface {{}}",
                    typing::go_kind(&other)
                );
                return Err(Failure::bad_request(message));
            }
        };
        let mut wanted = Object::from_map(map);
        check_applied(ask, &wanted)?;
        self.place_in(ask, &mut wanted.clone())?;
        let stored = self.find(&ask.served, &ask.namespace, &ask.name);
        let old = stored.map(|stored| Arc::new(typing::from_stored(&ask.served, &stored)));
        match &old {
            // What is there has a name; what is not there needs one.
            Some(_) => drop(wanted.metadata_mut().insert("name", ask.name.as_str())),
            None => check_name(ask, &wanted)?,
        }
        // Whose fields are in the way is told before whose version is.
        let fresh = old.as_ref().map_or(Ok(()), |old| check_version(ask, old, &wanted));
        if old.is_none() && !wanted.metadata_str("uid").is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {}, and no existing object was found",
                wanted.metadata_str("uid")
            );
            return Err(Failure::conflict(&ask.group, &ask.resource, &ask.name, &why));
        }
        if old.is_none() && !ask.subresource.is_empty() {
            return Err(Failure::not_found(&ask.group, &ask.resource, &ask.name));
        }
        if let (Some(old), "scale") = (&old, ask.subresource.as_str()) {
            fresh?;
            return self.apply_scale(ask, old, &wanted, how);
        }
        let warnings = self.apply_warnings(ask, &wanted, how);
        if let Some(old) =
            old.as_ref().filter(|old| !["", old.metadata_str("uid")].contains(&wanted.metadata_str("uid")))
        {
            let uid = Value::string(wanted.metadata_str("uid"));
            let wrong = vec![Wrong::invalid("metadata.uid", &uid, "field is immutable")];
            return Err(crate::write::create::invalid(ask, old, wrong));
        }
        for field in ["resourceVersion", "uid"] {
            wanted.metadata_mut().remove(field);
        }
        let emptied = old.as_ref().map(|old| ask.served.emptied(old, &wanted)).unwrap_or_default();
        let first = old.as_ref().is_some_and(|old| self.is_first_write(&ask.served, old));
        let how = &How { writes_anyway: first || !emptied.is_empty(), ..how.clone() };
        let applied = typing::apply(&self.catalog, ask, old.as_deref(), &wanted, how, self.now())?;
        fresh?;
        let Some((mut object, fields)) = applied else {
            let object = old.ok_or_else(|| Failure::internal("an apply that creates changed nothing"))?;
            let mut warnings = warnings;
            if !crate::write::update::templated(&ask.served) && !ask.served.is("", "Pod") {
                warnings.extend(crate::validate::warnings(&ask.served, &object));
            }
            return Ok(Outcome { object, created: false, warnings });
        };
        let mut outcome = match &old {
            Some(old) => {
                typing::default(&self.catalog, &mut object)
                    .map_err(|why| crate::write::decode::cannot_handle(&ask.served, &why))?;
                for field in emptied {
                    object.as_map_mut().map_at("spec").insert(field, Value::List(Default::default()));
                }
                self.update_object(ask, old, object, how, Some(fields))
            }
            None => self.create_object(ask, object, how, Some(fields)),
        }
        .map_err(|failure| failure.after(&warnings))?;
        outcome.warnings.splice(0..0, warnings);
        Ok(outcome)
    }

    /// What decoding the applied object warns of. An apply refuses unknown fields later, as typed patch.
    fn apply_warnings(&self, ask: &Ask, wanted: &Object, how: &How) -> Vec<String> {
        let lenient = match how.validation {
            FieldValidation::Strict => How { validation: FieldValidation::Ignore, ..how.clone() },
            _ => how.clone(),
        };
        // What does not fit its type is refused as a typed patch is, with a 500.
        decode(&ask.served, wanted.to_value(), &lenient).map(|(_, warnings)| warnings).unwrap_or_default()
    }
}

/// What the server refuses of an applied object before it looks at fields.
fn check_applied(ask: &Ask, wanted: &Object) -> Result<(), Failure> {
    let gvk = ask.served.gvk();
    if wanted.gvk() != *gvk && ask.subresource != "scale" {
        let said = wanted.gvk();
        let message = format!("invalid object type: {}/{}, Kind={}", said.group, said.version, said.kind);
        return Err(Failure::bad_request(message));
    }
    if !wanted.name().is_empty() {
        check_name(ask, wanted)?;
    }
    if wanted.metadata().is_some_and(|m| m.get("managedFields").is_some_and(|f| !f.is_null())) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    Ok(())
}

/// The name of an object that takes another's place is that of the path.
pub(super) fn check_name(ask: &Ask, object: &Object) -> Result<(), Failure> {
    if object.name().is_empty() {
        let message = format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            ask.name
        );
        return Err(Failure::bad_request(message));
    }
    if object.name() != ask.name {
        let message = format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            object.name(),
            ask.name
        );
        return Err(Failure::bad_request(message));
    }
    Ok(())
}

/// A patched object that is none of its kind is a 422 of no kind at all. It shows what was made of the object, or
/// the strategic patch.
fn as_invalid(ask: &Ask, patch: &PatchBody, old: &Object, patched: &Value, refusal: Refusal) -> Failure {
    if refusal.why.is_empty() {
        return refusal.failure;
    }
    let go = crate::go_fields::of_kind(ask.served.gvk());
    let (shown, why) = match patch {
        PatchBody::Strategic(patch) => (
            tautline_merge::go_text(&spent(patch, Some(&old.to_value()))),
            refusal.restored.unwrap_or(refusal.why),
        ),
        PatchBody::Json(operations) => {
            (crate::go_fields::text(patched, go, Some(&touched(operations))), refusal.why)
        }
        PatchBody::Merge(patch) | PatchBody::Apply(patch) => {
            (crate::go_fields::text(patched, go, Some(patch)), refusal.why)
        }
    };
    let message = format!("Invalid value: {}: {why}", Value::string(shown.as_str()).to_json());
    Failure::invalid(
        "",
        "",
        "",
        vec![Wrong { field: "patch".to_owned(), reason: "FieldValueInvalid", message }],
    )
}

/// A strategic patch as merging leaves it: lists with an order are taken out, and so are nulls of maps that the object
/// does not have.
fn spent(patch: &Value, old: Option<&Value>) -> Value {
    let Value::Map(map) = patch else { return patch.clone() };
    let is_ordered = |key: &str| map.contains_key(format!("$setElementOrder/{key}").as_str());
    let mut left = Map::new();
    for (key, value) in map {
        let below = old.and_then(|old| old.get(key)).filter(|below| !below.is_null());
        let is_new = old.is_none();
        if is_ordered(key) || key.starts_with("$setElementOrder/") || is_new && value.is_null() {
            continue;
        }
        left.insert(key.clone(), if value.as_map().is_some() { spent(value, below) } else { value.clone() });
    }
    Value::Map(left)
}

/// The maps that the operations of a JSON patch went through.
fn touched(operations: &Value) -> Value {
    let mut all = Value::map();
    for operation in operations.as_list().into_iter().flat_map(|list| list.iter()) {
        for field in ["path", "from"] {
            let mut at = &mut all;
            for step in operation.str_at(&[field]).unwrap_or_default().split('/').skip(1) {
                let step = step.replace("~1", "/").replace("~0", "~");
                let Some(map) = at.as_map_mut() else { break };
                map.map_at(&step);
                let Some(below) = map.get_mut(&step) else { break };
                at = below;
            }
        }
    }
    all
}
