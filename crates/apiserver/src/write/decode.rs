//! From a body to an object of the kind that the path names: identity, unknown fields, wrong types.

use tautline_core::{GroupVersion, GroupVersionKind, Map, Object, Value};
use tautline_schema::{Format, Schemas as _, TypeKind, TypeRef, go_values};

use crate::catalog::Served;
use crate::failure::{Failure, Wrong};
use crate::write::{FieldValidation, How};

/// A body that was refused: why, in the decoder's words, and the failure that a POST or PUT answers.
pub(crate) struct Refusal {
    pub(crate) why: String,
    /// What the conversion of a strategically patched object says instead.
    pub(crate) restored: Option<String>,
    pub(crate) failure: Failure,
}

impl Refusal {
    fn because(served: &Served, why: String) -> Self {
        let failure = cannot_handle(served, &why);
        Self { why, restored: None, failure }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { why: String::new(), restored: None, failure }
    }
}

/// Where a body comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// The request brought it.
    AsSent,
    /// A patch made it: it may say that it is of an older version of its group.
    FromPatch,
    /// A strategic patch made it, which is no JSON that Go would decode.
    FromStrategicPatch,
}

/// Reads a body. Unknown fields are pruned; they are answered as warnings, or refused.
///
/// # Errors
/// 400 as `k8s.io/apiserver/pkg/endpoints/handlers/create.go` words it.
pub(crate) fn decode(served: &Served, body: Value, how: &How) -> Result<(Object, Vec<String>), Failure> {
    read(served, body, how, Came::AsSent).map_err(|refusal| refusal.failure)
}

/// An object without the fields that its type does not know.
pub(crate) fn pruned(object: Object, root: &tautline_schema::Root) -> Object {
    let mut value = object.into_value();
    Found { custom: true, ..Found::default() }.walk(&mut value, root.node(), "");
    match value {
        Value::Map(map) => Object::from_map(map),
        _ => Object::from_map(Map::new()),
    }
}

/// The same for a body from anywhere.
///
/// # Errors
/// Why the body is no object of its kind.
pub(crate) fn read(
    served: &Served,
    body: Value,
    how: &How,
    came: Came,
) -> Result<(Object, Vec<String>), Refusal> {
    let Value::Map(map) = body else {
        return Err(Failure::bad_request("the object provided is unrecognized (must be of type map)").into());
    };
    let mut object = Object::from_map(map);
    identify(served, &mut object, came != Came::AsSent)?;
    let mut found = Found { go: crate::go_fields::of_kind(served.gvk()), ..Found::default() };
    let is_json = came != Came::FromStrategicPatch && served.custom.is_none();
    let sent = object.to_value();
    if let Some(root) = &served.root {
        let mut value = Value::Map(std::mem::take(object.as_map_mut()));
        found.custom = served.custom.is_some();
        found.walk(&mut value, root.node(), "");
        let Value::Map(map) = value else { return Err(Failure::internal("an object became no map").into()) };
        object = Object::from_map(map);
    }
    // Go's words are looked for where something does not fit; the types of schemas are not in the table.
    let is_odd = found.is_odd || found.mismatch.is_some();
    let is_asked = is_odd || served.is("apiextensions.k8s.io", "CustomResourceDefinition");
    let decoded = match found.go.filter(|_| is_json && is_asked) {
        Some(go) => crate::go_decode::check(&sent, go).err(),
        None => None,
    };
    if let Some(mismatch) = decoded.or(found.mismatch.filter(|_| !is_json || found.go.is_none())) {
        return Err(Refusal { restored: found.restored, ..Refusal::because(served, mismatch) });
    }
    if served.custom.is_some() {
        found.unknown.sort();
    } else if found.unknown.len() > 1 && came == Came::AsSent {
        let order = crate::go_json::fields(&how.body);
        found.unknown.sort_by_key(|field| order.iter().position(|other| other == field));
    }
    let mut lines: Vec<String> = how.noted.clone();
    lines.extend(found.unknown.iter().map(|f| format!("unknown field \"{f}\"")));
    match how.validation {
        FieldValidation::Strict if !lines.is_empty() => {
            Err(Refusal::because(served, format!("strict decoding error: {}", lines.join(", "))))
        }
        FieldValidation::Warn => Ok((object, lines)),
        _ => Ok((object, Vec::new())),
    }
}

/// The refusal of a body that is no object of its kind.
pub(crate) fn cannot_handle(served: &Served, why: &str) -> Failure {
    let (version, kind) = (&served.gvk().version, &served.gvk().kind);
    Failure::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
}

/// Checks `apiVersion` and `kind`, and fills them in for a built-in kind.
fn identify(served: &Served, object: &mut Object, is_patched: bool) -> Result<(), Refusal> {
    let gvk = served.gvk();
    if served.custom.is_some() && (object.kind().is_empty() || object.api_version().is_empty()) {
        let what = if object.kind().is_empty() { "Kind" } else { "apiVersion" };
        let body = object.to_value().to_json();
        return Err(Failure::bad_request(format!("Object '{what}' is missing in '{body}'")).into());
    }
    let registered = |gvk: &GroupVersionKind| {
        tautline_schema::builtin().kind(gvk).is_some() || is_older(&gvk.group, &gvk.version)
    };
    let mut said = object.gvk();
    if said.version.is_empty() {
        said = GroupVersionKind { kind: said.kind, ..gvk.clone() };
    }
    if served.custom.is_none() && !said.kind.is_empty() && !registered(&said) {
        let version = said.group_version();
        let why = format!(
            "no kind \"{}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\"",
            said.kind
        );
        return Err(unlike(served, &said, why));
    }
    if served.custom.is_none() && !said.kind.is_empty() && said.kind != gvk.kind {
        let package = gvk.group.split('.').next().filter(|g| !g.is_empty()).unwrap_or("core");
        let why = format!(
            "converting ({}.{}) to ({package}.{}): unknown conversion",
            said.version, said.kind, gvk.kind
        );
        return Err(unlike(served, &said, why));
    }
    let older = is_patched && said.group == gvk.group && is_older(&said.group, &said.version);
    if older {
        object.as_map_mut().insert("apiVersion", gvk.api_version());
    }
    if !object.api_version().is_empty() {
        let have = GroupVersion::parse(object.api_version());
        if have != gvk.group_version() {
            let want = gvk.group_version();
            let message = format!(
                "the API version in the data ({have}) does not match the expected API version ({want})"
            );
            return Err(Refusal {
                why: message.clone(),
                restored: None,
                failure: Failure::bad_request(message),
            });
        }
    }
    if !object.kind().is_empty() && object.kind() != gvk.kind {
        if served.custom.is_some() {
            let detail = format!("must be {}", gvk.kind);
            let wrong = Wrong::invalid("kind", &Value::string(object.kind()), &detail);
            return Err(Failure::invalid(&gvk.group, object.kind(), object.name(), vec![wrong]).into());
        }
        let (version, kind) = (&gvk.version, object.kind());
        let message = format!("{kind} in version \"{version}\" cannot be handled as a {}", gvk.kind);
        return Err(Failure::bad_request(message).into());
    }
    object.as_map_mut().insert("apiVersion", gvk.api_version());
    object.as_map_mut().insert("kind", gvk.kind.as_str());
    Ok(())
}

/// A body of another kind than the path's.
fn unlike(served: &Served, said: &GroupVersionKind, why: String) -> Refusal {
    let (version, kind) = (&served.gvk().version, &served.gvk().kind);
    let head = format!("{} in version \"{version}\" cannot be handled as a {kind}", said.kind);
    Refusal { failure: Failure::bad_request(format!("{head}: {why}")), why, restored: None }
}

/// Versions that are served no longer, whose objects can still be read.
fn is_older(group: &str, version: &str) -> bool {
    let known: &[&str] = match group {
        "apps" => &["v1beta1", "v1beta2"],
        "batch"
        | "policy"
        | "networking.k8s.io"
        | "coordination.k8s.io"
        | "events.k8s.io"
        | "discovery.k8s.io" => &["v1beta1"],
        "autoscaling" => &["v2beta1", "v2beta2"],
        "rbac.authorization.k8s.io" | "storage.k8s.io" | "scheduling.k8s.io" => &["v1alpha1", "v1beta1"],
        _ => &[],
    };
    known.contains(&version)
}

/// What a walk over a body found.
#[derive(Default)]
struct Found {
    /// The Go type of the kind.
    go: Option<&'static str>,
    restored: Option<String>,
    custom: bool,
    unknown: Vec<String>,
    mismatch: Option<String>,
    /// Whether a value has the right JSON type and may be none of its Go type all the same.
    is_odd: bool,
}

impl Found {
    /// Walks a value and prunes what its type does not know.
    fn walk(&mut self, value: &mut Value, of: TypeRef<'_>, path: &str) {
        if of.is_untyped() {
            return;
        }
        match value {
            Value::Map(map) => self.map(map, of, path),
            Value::List(_) => self.list(value, of, path),
            Value::Null => {}
            scalar => self.scalar(scalar, of, path),
        }
    }

    fn map(&mut self, map: &mut Map, of: TypeRef<'_>, path: &str) {
        if matches!(of.kind(), TypeKind::Any) && of.fields().len() == 0 && of.additional().is_none() {
            return;
        }
        if !matches!(of.kind(), TypeKind::Object | TypeKind::Any) {
            return self.mismatched("object", "map", of, path);
        }
        let mut changed = Map::new();
        for (key, value) in map.iter() {
            let below = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            match of.field(key) {
                Some(field) => {
                    let mut child = value.clone();
                    self.walk(&mut child, field, &below);
                    changed.insert(key.clone(), child);
                }
                None if of.preserves_unknown() => {
                    changed.insert(key.clone(), value.clone());
                }
                None => self.unknown.push(below),
            }
        }
        *map = changed;
    }

    fn list(&mut self, value: &mut Value, of: TypeRef<'_>, path: &str) {
        if !matches!(of.kind(), TypeKind::List | TypeKind::Any) {
            return self.mismatched("array", "slice", of, path);
        }
        let Some(items) = of.items() else { return };
        let Some(list) = value.as_list_mut() else { return };
        let mut walked = list.to_vec();
        for (i, item) in walked.iter_mut().enumerate() {
            self.walk(item, items, &format!("{path}[{i}]"));
        }
        *list = walked.into();
    }

    fn scalar(&mut self, value: &Value, of: TypeRef<'_>, path: &str) {
        let fits = match (of.kind(), value) {
            (TypeKind::Any, _) => true,
            (TypeKind::String, Value::String(_)) => true,
            (TypeKind::Boolean, Value::Bool(_)) => true,
            (TypeKind::Integer, Value::Int(n)) => of.format() != Format::Int32 || i32::try_from(*n).is_ok(),
            (TypeKind::Integer, Value::Float(n)) => n.fract() == 0.0,
            (TypeKind::Number, Value::Int(_) | Value::Float(_)) => true,
            (TypeKind::IntOrString, Value::Int(_) | Value::String(_)) => true,
            (TypeKind::Quantity, Value::Int(_) | Value::Float(_) | Value::String(_)) => true,
            _ => false,
        };
        self.is_odd |= match (of.kind(), of.format(), value) {
            (TypeKind::Integer, _, Value::Float(_)) => true,
            (TypeKind::Quantity, _, Value::String(text)) => {
                text.parse::<tautline_grammar::Quantity>().is_err()
            }
            (_, Format::Byte, Value::String(text)) => go_values::check_base64(text).is_err(),
            (_, Format::DateTime, Value::String(text)) => {
                go_values::check_time(text, go_values::TIME).is_err()
            }
            (_, Format::MicroTime, Value::String(text)) => {
                go_values::check_time(text, go_values::MICRO_TIME).is_err()
            }
            _ => false,
        };
        if !fits {
            let (word, kind) = match value {
                Value::String(_) => ("string", "string"),
                Value::Bool(_) => ("bool", "bool"),
                Value::Float(_) => ("number", "float64"),
                _ => ("number", "int64"),
            };
            let whole = matches!(of.kind(), TypeKind::Integer);
            let word = if whole && word == "number" {
                format!("number {}", value.to_json())
            } else {
                word.to_owned()
            };
            self.mismatched(&word, kind, of, path);
        }
    }

    /// Notes a JSON type that does not fit, as Go's decoder words it. A custom resource's schema says it later.
    fn mismatched(&mut self, json: &str, value: &str, of: TypeRef<'_>, path: &str) {
        if self.custom && !path.starts_with("metadata") {
            return;
        }
        let go = match (of.kind(), of.format()) {
            (TypeKind::Integer, Format::Int64) => "int64",
            (TypeKind::Integer, _) => "int32",
            (TypeKind::Number, _) => "float64",
            (TypeKind::Boolean, _) => "bool",
            (TypeKind::List, _) => "[]interface {}",
            (TypeKind::Object, _) => "map[string]string",
            _ => "string",
        };
        let named = self.go.and_then(|root| crate::go_fields::kind_at(root, path));
        let go = named.as_deref().unwrap_or(go);
        let restored = match (of.kind(), value) {
            (TypeKind::List, _) => format!("cannot restore slice from {value}"),
            (TypeKind::Object, _) if go.starts_with("map[") => format!("cannot restore map from {value}"),
            (TypeKind::Object, _) => format!("cannot restore struct from: {value}"),
            (TypeKind::String, "int64") => format!("cannot convert int64 to {go}"),
            (TypeKind::String, _) => "unrecognized type: string".to_owned(),
            _ => format!("unrecognized type: {go}"),
        };
        self.restored.get_or_insert(restored);
        // The types of custom resources are checked here alone.
        let message = format!("json: cannot unmarshal {json} into Go struct field .{path} of type {go}");
        self.mismatch.get_or_insert(message);
    }
}
