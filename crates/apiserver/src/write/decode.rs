//! From a body to an object of the kind that the path names: identity, unknown fields, wrong types.

use tautline_core::{GroupVersion, Map, Object, Value};
use tautline_schema::{Format, TypeKind, TypeRef};

use crate::catalog::Served;
use crate::failure::{Failure, Wrong};
use crate::write::FieldValidation;

/// Reads a body. Unknown fields are pruned; they are answered as warnings, or refused.
///
/// # Errors
/// 400 as `k8s.io/apiserver/pkg/endpoints/handlers/create.go` words it.
pub(crate) fn decode(
    served: &Served,
    body: Value,
    validation: FieldValidation,
) -> Result<(Object, Vec<String>), Failure> {
    let Value::Map(map) = body else {
        return Err(Failure::bad_request("the object provided is unrecognized (must be of type map)"));
    };
    let mut object = Object::from_map(map);
    identify(served, &mut object)?;
    let mut found = Found::default();
    if let Some(root) = &served.root {
        let mut value = Value::Map(std::mem::take(object.as_map_mut()));
        found.custom = served.custom.is_some();
        found.walk(&mut value, root.node(), "");
        let Value::Map(map) = value else { return Err(Failure::internal("an object became no map")) };
        object = Object::from_map(map);
    }
    if let Some(mismatch) = found.mismatch {
        return Err(cannot_handle(served, &mismatch));
    }
    if served.custom.is_some() {
        found.unknown.sort();
    }
    let lines: Vec<String> = found.unknown.iter().map(|f| format!("unknown field \"{f}\"")).collect();
    match validation {
        FieldValidation::Strict if !lines.is_empty() => {
            Err(cannot_handle(served, &format!("strict decoding error: {}", lines.join(", "))))
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
fn identify(served: &Served, object: &mut Object) -> Result<(), Failure> {
    let gvk = served.gvk();
    if served.custom.is_some() && (object.kind().is_empty() || object.api_version().is_empty()) {
        let what = if object.kind().is_empty() { "Kind" } else { "apiVersion" };
        let body = object.to_value().to_json();
        return Err(Failure::bad_request(format!("Object '{what}' is missing in '{body}'")));
    }
    if !object.api_version().is_empty() {
        let have = GroupVersion::parse(object.api_version());
        if have != gvk.group_version() {
            let want = gvk.group_version();
            let message = format!(
                "the API version in the data ({have}) does not match the expected API version ({want})"
            );
            return Err(Failure::bad_request(message));
        }
    }
    if !object.kind().is_empty() && object.kind() != gvk.kind {
        if served.custom.is_some() {
            let detail = format!("must be {}", gvk.kind);
            let wrong = Wrong::invalid("kind", &Value::string(object.kind()), &detail);
            return Err(Failure::invalid(&gvk.group, object.kind(), object.name(), vec![wrong]));
        }
        let (version, kind) = (&gvk.version, object.kind());
        let message = format!("{kind} in version \"{version}\" cannot be handled as a {}", gvk.kind);
        return Err(Failure::bad_request(message));
    }
    object.as_map_mut().insert("apiVersion", gvk.api_version());
    object.as_map_mut().insert("kind", gvk.kind.as_str());
    Ok(())
}

/// What a walk over a body found.
#[derive(Default)]
struct Found {
    custom: bool,
    unknown: Vec<String>,
    mismatch: Option<String>,
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
            return self.mismatched("object", of, path);
        }
        let mut unknown = Vec::new();
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
                None => unknown.push(below),
            }
        }
        *map = changed;
        self.unknown.extend(unknown);
    }

    fn list(&mut self, value: &mut Value, of: TypeRef<'_>, path: &str) {
        if !matches!(of.kind(), TypeKind::List | TypeKind::Any) {
            return self.mismatched("array", of, path);
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
            (TypeKind::Integer, Value::Int(_)) => true,
            (TypeKind::Integer, Value::Float(n)) => n.fract() == 0.0,
            (TypeKind::Number, Value::Int(_) | Value::Float(_)) => true,
            (TypeKind::IntOrString, Value::Int(_) | Value::String(_)) => true,
            (TypeKind::Quantity, Value::Int(_) | Value::Float(_) | Value::String(_)) => true,
            _ => false,
        };
        if !fits {
            let word = match value {
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                _ => "number",
            };
            self.mismatched(word, of, path);
        }
    }

    /// Notes a JSON type that does not fit, as Go's decoder words it. A custom resource's schema says it later.
    fn mismatched(&mut self, json: &str, of: TypeRef<'_>, path: &str) {
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
        let message = format!("json: cannot unmarshal {json} into Go struct field .{path} of type {go}");
        self.mismatch.get_or_insert(message);
    }
}
