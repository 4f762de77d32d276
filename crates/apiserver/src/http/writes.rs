//! Writes over HTTP.

use bytes::Bytes;
use std::sync::Arc;

use tautline_core::{Object, Value, value};

use super::answer::Answer;
use super::reads::list_how;
use super::{Call, HttpService, body, reviews};
use crate::caller::{Ask, Verb};
use crate::failure::{Failure, Wrong};
use crate::state::State;
use crate::write::{DeleteHow, FieldValidation, How, Outcome, PatchBody, Removal};

impl HttpService {
    pub(super) fn write(&self, call: &Call, ask: &Ask) -> Result<Answer, Failure> {
        match ask.verb {
            Verb::Delete => self.delete(call, ask),
            Verb::DeleteCollection => self.delete_collection(call, ask),
            _ => self.change(call, ask),
        }
    }

    fn change(&self, call: &Call, ask: &Ask) -> Result<Answer, Failure> {
        let mut how = how(call, ask)?;
        let media = call.header("content-type").to_owned();
        how.noted = body::noted(&call.body, &media);
        let mut state = self.server.lock();
        let after = state.enter(ask)?;
        let outcome = match ask.verb {
            Verb::Patch => {
                let patch = patch_body(call, ask, &media, &mut how)?;
                state.patch(ask, patch, &how)?
            }
            Verb::Update => {
                how.body = body::json(&call.body, &media);
                let body = body::object(&call.body, &media, &ask.served)?;
                match ask.subresource.as_str() {
                    "finalize" => finalize(&mut state, ask, &body)?,
                    _ => state.replace(ask, body, &how)?,
                }
            }
            _ => {
                how.body = body::json(&call.body, &media);
                let body = body::object(&call.body, &media, &ask.served)?;
                if let Some(answer) = reviews::answer(&mut state, ask, &body, &how)? {
                    state.after_write();
                    return Ok(answer);
                }
                state.create(ask, body, &how)?
            }
        };
        state.after_write();
        if let Some(failure) = after {
            return Err(failure);
        }
        Ok(shown(ask, outcome))
    }

    fn delete(&self, call: &Call, ask: &Ask) -> Result<Answer, Failure> {
        let how = delete_how(call)?;
        let mut state = self.server.lock();
        let after = state.enter(ask)?;
        let (removal, warnings) = state.delete(ask, &how)?;
        state.after_write();
        if let Some(failure) = after {
            return Err(failure);
        }
        Ok(match removal {
            Removal::Waiting(object) => Answer::Object(200, ask.served.clone(), object, warnings),
            Removal::Gone(object) if returns_deleted(ask) => {
                Answer::Object(200, ask.served.clone(), object, warnings)
            }
            Removal::Gone(object) => Answer::Value(200, success(ask, &object), warnings),
        })
    }

    fn delete_collection(&self, call: &Call, ask: &Ask) -> Result<Answer, Failure> {
        let how = delete_how(call)?;
        let select = list_how(call, &ask.served)?;
        let mut state = self.server.lock();
        let after = state.enter(ask)?;
        let listing = state.list(ask, &select)?;
        let mut warnings = Vec::new();
        for object in &listing.items {
            // Each is asked about; what went before a refusal is gone.
            warnings.extend(state.admit(ask, Some(object), object, how.dry_run)?);
            let place = state.place(&ask.served, object.namespace(), object.name());
            state.delete_at(&ask.served, &place, object, &how);
        }
        state.after_write();
        match after {
            Some(failure) => Err(failure),
            None => Ok(Answer::List(ask.served.clone(), listing, state.now(), warnings)),
        }
    }
}

fn shown(ask: &Ask, outcome: Outcome) -> Answer {
    let code = if outcome.created { 201 } else { 200 };
    if ask.subresource == "scale" {
        return Answer::Value(code, crate::scale::of(&ask.served, &outcome.object), outcome.warnings);
    }
    Answer::Object(code, ask.served.clone(), outcome.object, outcome.warnings)
}

fn success(ask: &Ask, object: &Object) -> Value {
    let mut details = value!({ "name": ask.name.as_str(), "kind": ask.resource.as_str(),
        "uid": object.metadata_str("uid") });
    if let (false, Some(map)) = (ask.group.is_empty(), details.as_map_mut()) {
        map.insert("group", ask.group.as_str());
    }
    value!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

/// Kinds whose delete answers with the object instead of a Status.
fn returns_deleted(ask: &Ask) -> bool {
    let kinds = [
        "Pod",
        "Service",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PodTemplate",
        "ResourceQuota",
        "ServiceAccount",
        "VolumeAttachment",
        "CSINode",
        "StorageClass",
    ];
    ask.served.custom.is_none() && kinds.contains(&ask.served.gvk().kind.as_str())
}

fn how(call: &Call, ask: &Ask) -> Result<How, Failure> {
    let options = match ask.verb {
        Verb::Create => "CreateOptions",
        Verb::Update => "UpdateOptions",
        _ => "PatchOptions",
    };
    let refuse = |wrong: Wrong| Failure::invalid("meta.k8s.io", options, "", vec![wrong]);
    let validation = match call.query.text("fieldValidation") {
        "Strict" => FieldValidation::Strict,
        "Warn" | "" => FieldValidation::Warn,
        "Ignore" => FieldValidation::Ignore,
        other => {
            let known = ["", "Ignore", "Strict", "Warn"];
            return Err(refuse(Wrong::unsupported("fieldValidation", &other.into(), &known)));
        }
    };
    let dry: Vec<&str> = call.query.all("dryRun").collect();
    if dry.iter().any(|word| *word != "All") {
        let list: Vec<&str> = dry.clone();
        return Err(refuse(Wrong::unsupported("dryRun", &Value::from(list), &["All"])));
    }
    let apply = call.header("content-type").starts_with("application/apply-patch");
    let manager = call.query.text("fieldManager");
    if apply && manager.is_empty() {
        let wrong = Wrong::required("fieldManager", "is required for apply patch");
        return Err(refuse(wrong));
    }
    if manager.len() > 128 {
        let wrong = Wrong {
            field: "fieldManager".to_owned(),
            reason: "FieldValueTooLong",
            message: "Too long: may not be more than 128 bytes".to_owned(),
        };
        return Err(refuse(wrong));
    }
    let odd = manager.chars().enumerate().find(|(_, c)| c.is_control());
    if let Some((i, c)) = odd {
        let detail = format!("invalid character U+{:04X} (at position {i})", u32::from(c));
        return Err(refuse(Wrong::invalid("fieldManager", &manager.into(), &detail)));
    }
    if !apply && call.query.optional_flag("force").is_some() && ask.verb == Verb::Patch {
        return Err(refuse(Wrong::forbidden("force", "may not be specified for non-apply patch")));
    }
    let manager = if manager.is_empty() { call.who.default_manager() } else { manager.to_owned() };
    Ok(How {
        manager,
        dry_run: !dry.is_empty(),
        force: call.query.flag("force"),
        validation,
        noted: Vec::new(),
        body: Bytes::new(),
        writes_anyway: false,
    })
}

fn patch_body(call: &Call, ask: &Ask, media: &str, how: &mut How) -> Result<PatchBody, Failure> {
    let media = media.split(';').next().unwrap_or_default().trim();
    let refused = |known: &str| {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {known}"
        );
        Failure::new(415, "UnsupportedMediaType", message)
    };
    let all = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    let json = || {
        let read = body::value(&call.body, "application/json");
        read.map_err(|_| Failure::bad_request("invalid JSON patch")).and_then(|value| {
            if call.body.is_empty() { Err(Failure::bad_request("invalid JSON patch")) } else { Ok(value) }
        })
    };
    match media {
        "application/json-patch+json" => Ok(PatchBody::Json(json()?)),
        "application/merge-patch+json" => Ok(PatchBody::Merge(json()?)),
        "application/strategic-merge-patch+json" if ask.served.custom.is_some() => Err(refused(all)),
        "application/strategic-merge-patch+json" => Ok(PatchBody::Strategic(json()?)),
        "application/apply-patch+yaml" => {
            let (applied, twice) = body::applied(&call.body, how.validation == FieldValidation::Strict)?;
            if how.validation == FieldValidation::Warn {
                how.noted.extend(twice);
            }
            Ok(PatchBody::Apply(applied))
        }
        _ if ask.served.custom.is_some() => Err(refused(all)),
        _ => Err(Failure::new(415, "UnsupportedMediaType", "415: Unsupported Media Type").about("", "", "")),
    }
}

fn delete_how(call: &Call) -> Result<DeleteHow, Failure> {
    let body = body::value(&call.body, call.header("content-type"))?;
    let mut how = DeleteHow::read(&body)?;
    how.dry_run |= call.query.all("dryRun").any(|word| word == "All");
    if let Some(seconds) = call.query.number("gracePeriodSeconds")? {
        how.grace = Some(seconds);
    }
    let policy = call.query.text("propagationPolicy");
    if !policy.is_empty() {
        how.propagation = DeleteHow::read(&value!({ "propagationPolicy": policy }))?.propagation;
    }
    Ok(how)
}

/// PUT on a namespace's `finalize`: its own finalizers are what the body says.
fn finalize(state: &mut State, ask: &Ask, body: &Value) -> Result<Outcome, Failure> {
    let Some(old) = state.find(&ask.served, "", &ask.name) else {
        return Err(Failure::not_found("", "namespaces", &ask.name));
    };
    let mut new = Object::clone(&old);
    let left = body.list_at(&["spec", "finalizers"]).to_vec();
    let spec = new.as_map_mut().map_at("spec");
    match left.is_empty() {
        true => drop(spec.remove("finalizers")),
        false => drop(spec.insert("finalizers", Value::from(left))),
    }
    let place = state.place(&ask.served, "", &ask.name);
    let object = match crate::write::is_finished(&ask.served, &new) {
        true => {
            state.take_away(&place);
            Arc::new(new)
        }
        false => state.store.put(&place.shelf, new),
    };
    Ok(Outcome { object, created: false, warnings: Vec::new() })
}
