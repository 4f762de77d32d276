//! OpenAPI documents, made back from the types: good for `kubectl explain`, `apply` and `diff`.
//!
//! They say what the types say: fields, formats, defaults, list types, merge keys. The real server's also
//! describe every field in words and every path with all its parameters.

use std::collections::BTreeMap;

use tautline_core::{GroupVersion, Map, Value, value};
use tautline_schema::{Format, ListType, MapType, TypeKind, TypeRef};

use crate::catalog::{Catalog, Served};

/// The list of documents.
#[cfg(feature = "http")]
pub(crate) fn index(catalog: &Catalog) -> Value {
    let mut paths = Map::new();
    for served in catalog.all() {
        let path = root_path(&served.gvk().group_version());
        let url = format!("/openapi/v3/{path}?hash={}", hash(catalog, served));
        paths.insert(path, value!({ "serverRelativeURL": url }));
    }
    value!({ "paths": paths })
}

/// Clients keep documents by this; custom resources change with their CRD.
#[cfg(feature = "http")]
fn hash(catalog: &Catalog, served: &Served) -> String {
    let here = catalog.all().filter(|s| s.gvk().group_version() == served.gvk().group_version());
    let schemas = here.map(|s| match &s.custom {
        Some(custom) => custom.schema.to_json(),
        None => s.kind.plural.clone(),
    });
    tautline_core::Digest::of_parts(schemas).short()
}

/// A Swagger 2 document without definitions: clients that find the version 3 need no other.
#[cfg(feature = "http")]
pub(crate) fn v2(_catalog: &Catalog, version: &str) -> Value {
    value!({ "swagger": "2.0", "info": { "title": "Kubernetes", "version": version }, "paths": {}, "definitions": {} })
}

fn root_path(gv: &GroupVersion) -> String {
    if gv.group.is_empty() { format!("api/{}", gv.version) } else { format!("apis/{gv}") }
}

/// The OpenAPI v3 document of a group version.
pub(crate) fn v3(catalog: &Catalog, gv: &GroupVersion) -> Option<Value> {
    let here: Vec<_> = catalog.all().filter(|s| s.gvk().group_version() == *gv).collect();
    if here.is_empty() {
        return None;
    }
    let mut components = Components::default();
    let mut paths = Map::new();
    for served in here {
        let name = format!("{}.{}", package(gv), served.gvk().kind);
        match (&served.root, &served.custom) {
            (Some(root), Some(custom)) => components.custom(&name, served, &custom.schema, root.node()),
            (Some(root), None) => components.root(&name, served, root.node()),
            (None, _) => {}
        }
        describe_paths(served, gv, &name, &mut paths);
    }
    let schemas: Map = components.schemas.into_iter().collect();
    Some(value!({ "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": "v1.37.2" },
        "paths": paths, "components": { "schemas": schemas } }))
}

/// `io.k8s.api.apps.v1`, `test.example.v1`.
fn package(gv: &GroupVersion) -> String {
    let group = match gv.group.as_str() {
        "" => "core".to_owned(),
        group => group.trim_end_matches(".k8s.io").to_owned(),
    };
    let builtin = gv.group.is_empty() || !gv.group.contains('.') || gv.group.ends_with(".k8s.io");
    match builtin {
        true => format!("io.k8s.api.{}.{}", group.split('.').next().unwrap_or_default(), gv.version),
        false => {
            let reversed: Vec<&str> = gv.group.rsplit('.').collect();
            format!("{}.{}", reversed.join("."), gv.version)
        }
    }
}

fn gvk_value(served: &Served) -> Value {
    let gvk = served.gvk();
    value!({ "group": gvk.group.as_str(), "version": gvk.version.as_str(), "kind": gvk.kind.as_str() })
}

fn describe_paths(served: &Served, gv: &GroupVersion, name: &str, paths: &mut Map) {
    let scope = if served.is_namespaced() { "namespaces/{namespace}/" } else { "" };
    let base = format!("/{}/{scope}{}", root_path(gv), served.plural());
    let reference = format!("#/components/schemas/{name}");
    let answer = value!({ "200": { "description": "OK", "content": {
        "application/json": { "schema": { "$ref": reference.as_str() } } } } });
    let parameter = |name: &str| value!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } });
    let writing: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation"].map(parameter).into();
    let operation = |action: &str, parameters: &[Value]| {
        value!({ "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk_value(served),
            "parameters": parameters.to_vec(), "responses": answer.clone() })
    };
    let mut patch = operation("patch", &writing);
    let mut content = Map::new();
    let media =
        ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
    media.iter().for_each(|media| drop(content.insert(*media, Value::map())));
    if served.custom.is_none() {
        content.insert("application/strategic-merge-patch+json", Value::map());
    }
    if let Some(map) = patch.as_map_mut() {
        map.insert("requestBody", value!({ "required": true, "content": content }));
        if let Some(Value::List(parameters)) = map.get_mut("parameters") {
            parameters.push(parameter("force"));
        }
    }
    paths.insert(
        base.as_str(),
        value!({ "get": operation("list", &[]), "post": operation("post", &writing) }),
    );
    paths.insert(
        format!("{base}/{{name}}"),
        value!({ "get": operation("get", &[]), "put": operation("put", &writing), "patch": patch }),
    );
}

/// The schemas of a document; nested types are named by where they were first met.
#[derive(Default)]
struct Components<'a> {
    schemas: BTreeMap<String, Value>,
    met: Vec<(TypeRef<'a>, String)>,
    /// The Go types that schemas describe, by the schemas' names.
    go: BTreeMap<String, &'static str>,
}

impl<'a> Components<'a> {
    /// A custom resource's schema, as its CRD writes it, with what every object has.
    fn custom(&mut self, name: &str, served: &Served, schema: &Value, of: TypeRef<'a>) {
        let mut schema = schema.clone();
        self.go.insert(name.to_owned(), "meta/v1.PartialObjectMetadata");
        if let Some(map) = schema.as_map_mut() {
            let properties = map.map_at("properties");
            for field in ["apiVersion", "kind"] {
                properties.insert(field, value!({ "type": "string" }));
            }
            if let Some(metadata) = of.fields().find(|field| field.name == "metadata") {
                properties.insert("metadata", self.of(metadata.of, name, "metadata"));
            }
            map.insert("x-kubernetes-group-version-kind", value!([gvk_value(served)]));
        }
        self.schemas.insert(name.to_owned(), schema);
    }

    fn root(&mut self, name: &str, served: &Served, of: TypeRef<'a>) {
        let go = crate::protobuf::type_of_kind(&served.gvk().api_version(), &served.gvk().kind);
        self.go.extend(go.map(|go| (name.to_owned(), go)));
        let mut schema = self.object(name, of);
        if let Some(map) = schema.as_map_mut() {
            map.insert("x-kubernetes-group-version-kind", value!([gvk_value(served)]));
        }
        self.schemas.insert(name.to_owned(), schema);
    }

    /// The schema of a value: declared maps by reference, so that types may refer to themselves.
    fn of(&mut self, of: TypeRef<'a>, parent: &str, field: &str) -> Value {
        if of.is_untyped() {
            return value!({ "x-kubernetes-preserve-unknown-fields": true });
        }
        if of.fields().len() == 0 {
            return self.inline(of, parent, field);
        }
        let known = self.met.iter().find(|(met, _)| met.is_same(of)).map(|(_, name)| name.clone());
        let name = known.unwrap_or_else(|| {
            let go = self.go_type(parent, field);
            if let Some(known) = go.map(schema_name).filter(|name| self.schemas.contains_key(name)) {
                return known;
            }
            let name = go.map_or_else(|| self.free_name(parent, field), schema_name);
            self.go.extend(go.map(|go| (name.clone(), go)));
            self.met.push((of, name.clone()));
            let schema = self.object(&name, of);
            self.schemas.insert(name.clone(), schema);
            name
        });
        let mut schema = value!({ "allOf": [{ "$ref": format!("#/components/schemas/{name}") }] });
        if let Some(map) = schema.as_map_mut() {
            usage(of, map);
        }
        schema
    }

    /// The Go type of a field; an item's field has lost the `s` of its list's.
    fn go_type(&self, parent: &str, field: &str) -> Option<&'static str> {
        if field == "metadata" && !self.go.contains_key(parent) {
            return None;
        }
        let of = self.go.get(parent)?;
        if field == "metadata" && *of == "meta/v1.PartialObjectMetadata" {
            return Some("meta/v1.ObjectMeta");
        }
        let find = |name: &str| crate::protobuf::type_of_field(of, name);
        find(field).or_else(|| find(&format!("{field}s")))
    }

    fn free_name(&self, parent: &str, field: &str) -> String {
        let mut letters = field.chars();
        let capital: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
        let (package, kind) = parent.rsplit_once('.').unwrap_or(("", parent));
        let short = format!("{package}.{capital}{}", letters.as_str());
        let long = format!("{package}.{kind}{capital}{}", letters.as_str());
        if field == "metadata" && !self.schemas.contains_key(&short) {
            return format!("{package}.ObjectMeta");
        }
        let mut name = long;
        while self.met.iter().any(|(_, taken)| *taken == name) || self.schemas.contains_key(&name) {
            name.push('_');
        }
        name
    }

    fn object(&mut self, name: &str, of: TypeRef<'a>) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in of.fields() {
            properties.insert(field.name.clone(), self.of(field.of, name, field.name));
            if field.required {
                required.push(Value::from(field.name));
            }
        }
        let mut schema = self.inline(of, name, "value");
        if let Some(map) = schema.as_map_mut() {
            // A default is the field's that was met first, not that of every field of the type.
            map.remove("default");
            map.insert("properties", properties);
            if !required.is_empty() {
                map.insert("required", Value::from(required));
            }
        }
        schema
    }

    fn inline(&mut self, of: TypeRef<'a>, parent: &str, field: &str) -> Value {
        let mut map = Map::new();
        match of.kind() {
            TypeKind::Any => {}
            TypeKind::Object => drop(map.insert("type", "object")),
            TypeKind::List => drop(map.insert("type", "array")),
            TypeKind::String => drop(map.insert("type", "string")),
            TypeKind::Integer => drop(map.insert("type", "integer")),
            TypeKind::Number => drop(map.insert("type", "number")),
            TypeKind::Boolean => drop(map.insert("type", "boolean")),
            TypeKind::IntOrString => drop(map.insert("x-kubernetes-int-or-string", true)),
            TypeKind::Quantity => {
                map.insert("oneOf", value!([{ "type": "string" }, { "type": "number" }]));
            }
        }
        let format = match of.format() {
            Format::Byte => "byte",
            Format::DateTime | Format::MicroTime => "date-time",
            Format::Int32 => "int32",
            Format::Int64 => "int64",
            _ => "",
        };
        if !format.is_empty() {
            map.insert("format", format);
        }
        if let Some(items) = of.items().filter(|_| of.kind() == TypeKind::List) {
            let singular = field.strip_suffix('s').unwrap_or(field);
            map.insert("items", self.of(items, parent, singular));
        }
        if let Some(more) = of.additional().filter(|_| of.kind() == TypeKind::Object) {
            map.insert("additionalProperties", self.of(more, parent, field));
        }
        if of.nullable() {
            map.insert("nullable", true);
        }
        usage(of, &mut map);
        Value::Map(map)
    }
}

/// `io.k8s.api.apps.v1.DeploymentStrategy` for the Go type `apps/v1.DeploymentStrategy`.
fn schema_name(go: &str) -> String {
    let (package, name) = go.rsplit_once('.').unwrap_or(("", go));
    let dotted = package.replace('/', ".");
    match package {
        "meta/v1" => format!("io.k8s.apimachinery.pkg.apis.{dotted}.{name}"),
        _ => format!("io.k8s.api.{dotted}.{name}"),
    }
}

/// What belongs to a field rather than to its type.
fn usage(of: TypeRef<'_>, map: &mut Map) {
    if let Some(default) = of.default() {
        map.insert("default", default.clone());
    }
    if of.kind() == TypeKind::List {
        match of.list_type() {
            ListType::Atomic => drop(map.insert("x-kubernetes-list-type", "atomic")),
            ListType::Set => drop(map.insert("x-kubernetes-list-type", "set")),
            ListType::Map(keys) => {
                map.insert("x-kubernetes-list-type", "map");
                map.insert("x-kubernetes-list-map-keys", keys.iter().map(Value::from).collect::<Vec<_>>());
            }
        }
    } else if of.map_type() == MapType::Atomic {
        map.insert("x-kubernetes-map-type", "atomic");
    }
    let patch = of.patch_strategy();
    let strategy = match (patch.merge, patch.retain_keys) {
        (true, true) => "merge,retainKeys",
        (true, false) => "merge",
        (false, true) => "retainKeys",
        (false, false) => "",
    };
    if !strategy.is_empty() {
        map.insert("x-kubernetes-patch-strategy", strategy);
    }
    if let Some(key) = of.merge_key() {
        map.insert("x-kubernetes-patch-merge-key", key);
    }
    if of.preserves_unknown() {
        map.insert("x-kubernetes-preserve-unknown-fields", true);
    }
}
