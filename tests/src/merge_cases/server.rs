//! The little of an API server that stands around a merge.

use tautline_core::{FieldManager, GroupVersion, GroupVersionKind, Object, Timestamp, Value};
use tautline_merge::{Apply, ApplyError, Update, json_patch, merge_patch, strategic};
use tautline_schema::defaults;

use super::{Replay, Verdict};

/// A request, taken apart.
pub(super) struct Request<'a> {
    pub(super) verb: &'a str,
    pub(super) path: String,
    pub(super) subresource: Option<String>,
    query: Vec<(String, String)>,
    pub(super) content_type: &'a str,
    pub(super) body: Option<Value>,
    pub(super) code: i64,
    pub(super) got: Option<&'a Value>,
    pub(super) now: Timestamp,
    gvk: Option<GroupVersionKind>,
}

const START: i64 = 1_893_456_000;

impl<'a> Request<'a> {
    fn read(step: &'a Value, replay: &Replay<'_>) -> Option<Self> {
        let (verb, url) = step.str_at(&["http"])?.split_once(' ')?;
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.to_owned(), unescape(value))
        });
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return None,
        };
        let rest = match rest {
            ["namespaces", _, more @ ..] if !more.is_empty() && !matches!(more, ["status" | "finalize"]) => {
                more
            }
            all => all,
        };
        let plural = *rest.first()?;
        let of = GroupVersion::parse(&version);
        let kinds = replay.schemas.kinds();
        let kind = kinds.iter().find(|k| k.plural == plural && k.gvk.group_version() == of);
        let subresource = rest.get(2).map(|s| (*s).to_owned());
        let own = match &subresource {
            Some(name) => path.trim_end_matches(&format!("/{name}")).to_owned(),
            None => path.to_owned(),
        };
        Some(Self {
            verb,
            path: storage_path(&own, &of.version),
            subresource,
            query: pairs.collect(),
            content_type: step.str_at(&["type"]).unwrap_or_default(),
            body: step.get("send").cloned(),
            code: step.i64_at(&["code"])?,
            got: step.get("got"),
            now: Timestamp::from_seconds(START + step.i64_at(&["clock"]).unwrap_or_default()),
            gvk: kind.map(|kind| kind.gvk.clone()),
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn manager(&self, step: &Value) -> FieldManager {
        let agent = step.str_at(&["headers", "User-Agent"]).unwrap_or("recorder/1.0");
        let of_agent = || FieldManager::new(agent.split('/').next().unwrap_or_default());
        self.parameter("fieldManager").filter(|m| !m.is_empty()).map_or_else(of_agent, FieldManager::new)
    }

    pub(super) fn accepted(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// One object in two versions is one object.
fn storage_path(path: &str, version: &str) -> String {
    path.replacen(&format!("/{version}/"), "/", 1)
}

fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let hex: Vec<u8> = bytes.by_ref().take(2).collect();
                let code = std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                out.push(code.unwrap_or(b'%'));
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

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

/// What a server does after a merge: puts back what the endpoint does not let through, and fills in what only
/// it can know, here from its answer.
fn finish(
    mut object: Object,
    live: Option<&Object>,
    got: &Object,
    subresource: Option<&str>,
    schemas: &dyn tautline_schema::Schemas,
) -> Object {
    for field in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        match got.at(&["metadata", field]).cloned() {
            Some(value) => object.metadata_mut().insert(field, value),
            None => object.metadata_mut().remove(field),
        };
    }
    copy_allocated(&mut object, got);
    let has_status = schemas.kind(&got.gvk()).is_some_and(|kind| kind.subresource("status").is_some());
    let put_back: &[&str] = match subresource {
        None if has_status => &["status"],
        Some("status") => &["spec", "data"],
        _ => &[],
    };
    for field in put_back {
        let from = if live.is_some() { live } else { Some(got) };
        match from.and_then(|live| live.get(field)).cloned() {
            Some(value) => object.as_map_mut().insert(*field, value),
            None => object.as_map_mut().remove(field),
        };
    }
    if subresource == Some("status") && got.is("apps", "Deployment") {
        match got.at(&["metadata", "labels"]).cloned() {
            Some(labels) => object.metadata_mut().insert("labels", labels),
            None => object.metadata_mut().remove("labels"),
        };
    }
    if subresource == Some("status") && schemas.root(&got.gvk()).is_some_and(|r| !r.node().is_compiled()) {
        let managed = object.at(&["metadata", "managedFields"]).cloned();
        if let Some(metadata) = got.get("metadata").cloned() {
            object.as_map_mut().insert("metadata", metadata);
        }
        match managed {
            Some(managed) => object.metadata_mut().insert("managedFields", managed),
            None => object.metadata_mut().remove("managedFields"),
        };
    }
    defaults::through_storage(&mut object, schemas);
    object
}

/// The defaults, and the one that is a time.
fn settle(object: &mut Object, schemas: &dyn tautline_schema::Schemas, now: Timestamp) -> Result<(), String> {
    settle_over(object, None, schemas, now)
}

fn settle_over(
    object: &mut Object,
    live: Option<&Object>,
    schemas: &dyn tautline_schema::Schemas,
    now: Timestamp,
) -> Result<(), String> {
    defaults::settle_over(object, live, schemas)?;
    let time = Value::from(format!("2030-01-01T00:00:{:02}Z", now.seconds() - START));
    let mut value = object.to_value();
    let stamp = |taint: &mut Value| {
        if let Some(taint) = taint.as_map_mut()
            && !taint.contains_key("timeAdded")
        {
            taint.insert("timeAdded", time.clone());
        }
    };
    match object.kind() {
        "DeviceTaintRule" => {
            if let Some(taint) = value.get_mut("spec").and_then(|spec| spec.get_mut("taint")) {
                stamp(taint);
            }
        }
        "ResourceSlice" => {
            let devices =
                value.get_mut("spec").and_then(|s| s.get_mut("devices")).and_then(Value::as_list_mut);
            for device in devices.into_iter().flat_map(|d| d.iter_mut()) {
                let taints = device.get_mut("taints").and_then(Value::as_list_mut);
                taints.into_iter().flat_map(|t| t.iter_mut()).for_each(stamp);
            }
        }
        _ => return Ok(()),
    }
    if let Value::Map(map) = value {
        *object = Object::from_map(map);
    }
    Ok(())
}

/// What admission and the strategies of some kinds set: taken from the answer.
fn copy_allocated(object: &mut Object, got: &Object) {
    let paths: &[&str] = match got.kind() {
        "Service" => &[
            "spec.clusterIP",
            "spec.clusterIPs",
            "spec.ipFamilies",
            "spec.ipFamilyPolicy",
            "spec.healthCheckNodePort",
            "spec.externalTrafficPolicy",
            "spec.internalTrafficPolicy",
            "spec.allocateLoadBalancerNodePorts",
            "spec.ports[].nodePort",
        ],
        "Pod" => &[
            "spec.volumes",
            "spec.containers[].volumeMounts",
            "spec.initContainers[].volumeMounts",
            "spec.preemptionPolicy",
            "spec.priority",
            "spec.serviceAccount",
            "spec.serviceAccountName",
            "spec.tolerations",
            "status",
        ],
        "PersistentVolumeClaim" => &["metadata.finalizers", "spec.dataSource", "spec.dataSourceRef"],
        "PersistentVolume" | "VolumeAttributesClass" => &["metadata.finalizers"],
        "Namespace" => &["spec.finalizers"],
        "Node" => &["spec.taints"],
        "DaemonSet" => &["metadata.annotations.deprecated%daemonset%template%generation"],
        "Job" => &["metadata.labels", "spec.template.metadata.labels", "spec.selector"],
        _ => return,
    };
    let mut value = object.to_value();
    for path in paths {
        copy(&mut value, &got.to_value(), path);
    }
    if let Value::Map(map) = value {
        *object = Object::from_map(map);
    }
}

fn copy(ours: &mut Value, theirs: &Value, path: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, items) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
    let name = name.replace('%', ".");
    match (rest, ours.get_mut(&name), theirs.get(&name)) {
        (Some(rest), Some(Value::List(a)), Some(Value::List(b))) if items => {
            a.iter_mut().zip(b.iter()).for_each(|(a, b)| copy(a, b, rest));
        }
        (Some(rest), None, Some(b)) if !items => {
            let mut below = Value::map();
            copy(&mut below, b, rest);
            if let Some(map) = ours.as_map_mut() {
                map.insert(name, below);
            }
        }
        (Some(rest), Some(a), Some(b)) if !items => copy(a, b, rest),
        (None, _, theirs) => {
            if let Some(map) = ours.as_map_mut() {
                match theirs.cloned() {
                    Some(value) => map.insert(name, value),
                    None => map.remove(&name),
                };
            }
        }
        _ => {}
    }
}

/// Where two values differ, for people.
pub(super) fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(ours, theirs, String::new(), &mut found);
    found.truncate(8);
    found
}

fn walk(ours: &Value, theirs: &Value, at: String, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Map(a), Value::Map(b)) => {
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => walk(value, other, format!("{at}.{key}"), found),
                    None => found.push(format!("{at}.{key}: ours {}, theirs nothing", value.to_json())),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(key)) {
                found.push(format!("{at}.{key}: ours nothing, theirs {}", value.to_json()));
            }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                walk(a, b, format!("{at}[{i}]"), found);
            }
        }
        (a, b) if a != b => found.push(format!("{at}: ours {}, theirs {}", a.to_json(), b.to_json())),
        _ => {}
    }
}
