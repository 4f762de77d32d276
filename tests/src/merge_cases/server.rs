//! The little of an API server that stands around a merge.

mod differences;
mod finish;
mod request;

use tautline_core::{FieldManager, GroupVersionKind, Object, Value};
use tautline_merge::{Apply, ApplyError, Update, json_patch, merge_patch, strategic};
use tautline_schema::defaults;

use super::{Replay, Verdict};
pub(super) use differences::differences;
use finish::{finish, settle, settle_over};
pub(super) use request::Request;

impl Replay<'_> {
    pub(super) fn request(&mut self, step: &Value) -> Verdict {
        let Some(request) = Request::read(step, self) else { return Verdict::NotMerges };
        let verdict = match (request.verb, request.gvk.clone()) {
            ("PATCH" | "PUT" | "POST", Some(gvk)) if request.body.is_some() => {
                self.write(&request, &gvk, step)
            }
            ("GET", _) if self.scaled.as_ref() == Some(&request.path) && request.subresource.is_none() => {
                self.scaled = None;
                self.check_scaled(&request)
            }
            _ => Verdict::NotMerges,
        };
        self.remember(&request, step);
        verdict
    }

    fn check_scaled(&self, request: &Request<'_>) -> Verdict {
        let (Some(ours), Some(theirs)) = (self.objects.get(&request.path), request.got) else {
            return Verdict::NotMerges;
        };
        let part = |value: &Value, path: &[&str]| value.at(path).cloned().unwrap_or_default();
        let ours = ours.to_value();
        let paths: [&[&str]; 2] = [&["metadata", "managedFields"], &["spec", "replicas"]];
        let found: Vec<String> =
            paths.iter().flat_map(|path| differences(&part(&ours, path), &part(theirs, path))).collect();
        if found.is_empty() { Verdict::Equal } else { Verdict::Different(found.join("; ")) }
    }

    /// Keeps what the server has now.
    fn remember(&mut self, request: &Request<'_>, step: &Value) {
        let stored = step.get("stored").or(request.got).filter(|_| request.accepted());
        let whole = stored.filter(|v| v.get("kind").and_then(Value::as_str) != Some("Status"));
        let dry = request.parameter("dryRun").is_some_and(|d| d == "All") && step.get("stored").is_none();
        let path = match (request.verb, whole.and_then(|v| v.str_at(&["metadata", "name"]))) {
            ("POST", Some(name)) => format!("{}/{name}", request.path),
            _ => request.path.clone(),
        };
        match (request.verb, whole) {
            ("DELETE", _) if request.accepted() && !dry => {
                let finalizers = whole.is_some_and(|v| v.at(&["metadata", "deletionTimestamp"]).is_some());
                match whole.filter(|_| finalizers) {
                    Some(Value::Map(map)) => self.objects.insert(path, Object::from_map(map.clone())),
                    _ => self.objects.remove(&path),
                };
            }
            ("GET", _) if request.code == 404 => {
                self.objects.remove(&path);
            }
            (_, Some(Value::Map(map)))
                if !dry
                    && request.subresource.as_deref() != Some("scale")
                    && map.contains_key("metadata")
                    && !map.contains_key("items") =>
            {
                self.objects.insert(path, Object::from_map(map.clone()));
            }
            _ => {}
        }
    }

    fn write(&mut self, request: &Request<'_>, gvk: &GroupVersionKind, step: &Value) -> Verdict {
        let compiled = self.schemas.root(gvk).is_some_and(|root| root.node().is_compiled());
        let other =
            self.objects.get(&request.path).is_some_and(|live| live.api_version() != gvk.api_version());
        if compiled && other && request.verb != "POST" {
            // The recording shows the object in another version; what code converts is not known here.
            return Verdict::DontKnow("live was shown in another version".to_owned());
        }
        match request.subresource.as_deref() {
            Some("scale") => return self.scale(request, gvk, step),
            None | Some("status") => {}
            Some(_) => return Verdict::NotMerges,
        }
        if request.verb == "PATCH" && request.content_type != "application/apply-patch+yaml" {
            return self.patch(request, gvk, step);
        }
        let mine = request.accepted() || request.code == 500 || is_ownership_conflict(request.got);
        if !mine {
            return Verdict::NotMerges;
        }
        if !matches!(self.schemas.kind(gvk), Some(kind) if kind.can("get")) {
            // Reviews are answered, not stored.
            return Verdict::NotMerges;
        }
        let Some(Value::Map(body)) = &request.body else { return Verdict::NotMerges };
        let body = Object::from_map(body.clone());
        self.brought_times |= !body.list_at(&["metadata", "managedFields"]).is_empty();
        let live = match request.verb {
            "POST" => None,
            _ => self.objects.get(&request.path).map(|live| in_version(live, gvk)),
        };
        let manager = request.manager(step);
        match request.content_type {
            "application/apply-patch+yaml" => self.apply(request, live.as_ref(), &body, &manager),
            "application/json" => self.replace(request, live.as_ref(), &body, &manager),
            _ => Verdict::NotMerges,
        }
    }

    fn apply(
        &self,
        request: &Request<'_>,
        live: Option<&Object>,
        config: &Object,
        manager: &FieldManager,
    ) -> Verdict {
        let mut config = config.clone();
        let of_path = request.path.split("/namespaces/").nth(1).and_then(|p| p.split_once('/'));
        if let Some((namespace, _)) = of_path.filter(|_| config.namespace().is_empty()) {
            config.metadata_mut().insert("namespace", namespace);
        }
        let schemas = self.schemas;
        let result = tautline_merge::apply(Apply {
            live,
            config: &config,
            manager,
            force: request.parameter("force").is_some_and(|f| f != "false" && f != "0"),
            subresource: request.subresource.as_deref(),
            now: request.now,
            schemas,
            defaulter: &|object, live| settle_over(object, live, schemas, request.now),
        });
        match result {
            Ok(applied) => self.check_object(request, live, applied.object),
            Err(error) => check_error(request, &error),
        }
    }

    fn patch(&self, request: &Request<'_>, gvk: &GroupVersionKind, step: &Value) -> Verdict {
        let (Some(live), Some(patch)) = (self.objects.get(&request.path), &request.body) else {
            return Verdict::NotMerges;
        };
        let mut live = in_version(live, gvk);
        if self.objects.get(&request.path).is_some_and(|o| o.api_version() != gvk.api_version()) {
            // Read in another version: what that does not know is gone.
            let _ = settle(&mut live, self.schemas, request.now);
        }
        let Some(root) = self.schemas.root(gvk) else { return Verdict::NotMerges };
        let before = live.to_value();
        let patched = match request.content_type.split(';').next().unwrap_or_default() {
            "application/json-patch+json" => {
                json_patch::apply(&before, patch, json_patch::Dialect::Kubernetes)
            }
            "application/merge-patch+json" => merge_patch::apply(&before, patch),
            "application/strategic-merge-patch+json" if root.node().is_compiled() => {
                strategic::apply(&before, patch, root.node())
            }
            _ => return Verdict::NotMerges,
        };
        let message = request.got.and_then(|got| got.str_at(&["message"])).unwrap_or_default();
        let code = request.code;
        let object = match patched {
            Err(error) if i64::from(error.status) == code && error.message == message => {
                return Verdict::Equal;
            }
            Err(error) => {
                let (status, ours) = (error.status, error.message);
                return Verdict::Different(format!(
                    "the server says {code} {message:?}, we {status} {ours:?}"
                ));
            }
            Ok(Value::Map(map)) => Object::from_map(map),
            Ok(_) => return Verdict::NotMerges,
        };
        if !request.accepted() {
            const HIDDEN: &str = "the server rejected our request due to an error in our request";
            // A version that is no number is for the store to refuse.
            let merges = code == 500 && !message.starts_with("strconv.") || message == HIDDEN;
            return match merges {
                true => Verdict::Different(format!("we patch it, the server says {code} {message:?}")),
                false => Verdict::NotMerges,
            };
        }
        let mut object = in_version(&object, gvk);
        defaults::drop_nulls(&mut object, self.schemas);
        if let Err(error) = settle(&mut object, self.schemas, request.now) {
            return Verdict::Different(error);
        }
        self.check_update(request, Some(&live), object, &request.manager(step))
    }

    fn replace(
        &self,
        request: &Request<'_>,
        live: Option<&Object>,
        body: &Object,
        manager: &FieldManager,
    ) -> Verdict {
        if !request.accepted() {
            return Verdict::NotMerges;
        }
        let mut object = body.clone();
        defaults::drop_nulls(&mut object, self.schemas);
        if let Err(error) = settle(&mut object, self.schemas, request.now) {
            return Verdict::Different(error);
        }
        if let Some(live) = live {
            for field in ["uid", "creationTimestamp", "resourceVersion", "generation"] {
                if let Some(value) = live.at(&["metadata", field]).cloned() {
                    object.metadata_mut().insert(field, value);
                }
            }
        }
        self.check_update(request, live, object, manager)
    }

    fn check_update(
        &self,
        request: &Request<'_>,
        live: Option<&Object>,
        object: Object,
        manager: &FieldManager,
    ) -> Verdict {
        let updated = tautline_merge::update(Update {
            live,
            object: &object,
            manager,
            subresource: request.subresource.as_deref(),
            now: request.now,
            schemas: self.schemas,
        });
        match updated {
            Ok(object) => self.check_object(request, live, object),
            // The server logs it and keeps the owners.
            Err(ApplyError::Internal(_)) if request.accepted() => {
                let mut object = object;
                if let Some(managed) = live.and_then(|live| live.at(&["metadata", "managedFields"])).cloned()
                {
                    object.metadata_mut().insert("managedFields", managed);
                }
                self.check_object(request, live, object)
            }
            Err(error) => check_error(request, &error),
        }
    }

    fn check_object(&self, request: &Request<'_>, live: Option<&Object>, object: Object) -> Verdict {
        let Some(Value::Map(got)) = request.got.filter(|_| request.accepted()) else {
            let message = request.got.and_then(|g| g.str_at(&["message"])).unwrap_or_default();
            return Verdict::Different(format!("accepted, the server says {}: {message}", request.code));
        };
        let got = Object::from_map(got.clone());
        let object = finish(object, live, &got, request.subresource.as_deref(), self.schemas);
        let (mut ours, mut theirs) = (object.to_value(), got.to_value());
        if self.brought_times {
            // Times that a request brought along are literal, 2030 in a recording of another year: the server saw
            // them in the future, and what it ordered by cannot be told from the answer.
            sort_entries(&mut ours);
            sort_entries(&mut theirs);
        }
        let differences = differences(&ours, &theirs);
        if differences.is_empty() { Verdict::Equal } else { Verdict::Different(differences.join("; ")) }
    }
}

fn sort_entries(object: &mut Value) {
    if let Some(Value::List(entries)) = object.get_mut("metadata").and_then(|m| m.get_mut("managedFields")) {
        entries.sort_by_key(Value::to_json);
    }
}

fn is_ownership_conflict(got: Option<&Value>) -> bool {
    let causes = got.map(|got| got.list_at(&["details", "causes"])).unwrap_or_default();
    causes.iter().any(|cause| cause.str_at(&["reason"]) == Some("FieldManagerConflict"))
}

fn in_version(live: &Object, gvk: &GroupVersionKind) -> Object {
    let mut live = live.clone();
    live.as_map_mut().insert("apiVersion", gvk.api_version());
    live.as_map_mut().insert("kind", gvk.kind.as_str());
    live
}

pub(super) fn check_error(request: &Request<'_>, error: &ApplyError) -> Verdict {
    let message = request.got.and_then(|got| got.str_at(&["message"])).unwrap_or_default();
    match error {
        ApplyError::DontKnow(why) => Verdict::DontKnow(why.to_string()),
        other if request.accepted() => Verdict::Different(format!("accepted by the server, we say {other}")),
        ApplyError::Conflicts(conflicts) => {
            let mut ours: Vec<(String, String)> =
                conflicts.iter().map(|c| (c.message(), c.field())).collect();
            let causes = request.got.map(|got| got.list_at(&["details", "causes"])).unwrap_or_default();
            let text = |cause: &Value, key| cause.str_at(&[key]).unwrap_or_default().to_owned();
            let mut theirs: Vec<_> = causes.iter().map(|c| (text(c, "message"), text(c, "field"))).collect();
            ours.sort();
            theirs.sort();
            if ours == theirs && error.to_string() == message {
                Verdict::Equal
            } else {
                Verdict::Different(format!("the server says {message:?}, we say {:?}", error.to_string()))
            }
        }
        other if other.to_string() == message => Verdict::Equal,
        other => Verdict::Different(format!("the server says {message:?}, we say {:?}", other.to_string())),
    }
}
