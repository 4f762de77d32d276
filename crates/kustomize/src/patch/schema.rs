//! Which lists strategic merge patches merge, and by which keys: Kubernetes 1.21.2's types, which are the ones
//! inside Kustomize 5.8, or those of `openapi.path`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use tautline_core::{Budget, Value};

use crate::error::{Error, Result};
use crate::kustomization::read_value;
use crate::resource::Gvk;

const TABLE: &str = include_str!("../tables/merge_keys.txt");
/// The only version inside Kustomize 5.8.
pub(crate) const BUILT_IN_VERSION: &str = "v1.21.2";

/// Types by name.
#[derive(Debug, Default)]
struct Types {
    types: HashMap<String, HashMap<String, Field>>,
    kinds: HashMap<Gvk, String>,
}

/// What is known of a field or of a list's items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// The name of its type, or of its items' or values' type.
    type_name: Option<String>,
    shape: Shape,
    /// The keys its items are merged by; none at all for a list that is replaced.
    merge_keys: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shape {
    #[default]
    One,
    List,
    Map,
}

/// The types of a build.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schemas {
    custom: Option<Arc<Types>>,
    built_in: bool,
    /// Whether somebody has said which types there are.
    is_set: bool,
    /// Whether Kubernetes' own were looked at, or would have been, before somebody brought others.
    was_used: bool,
    /// Whether a patch was merged before.
    was_merged: bool,
}

/// A place in the types.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At<'s> {
    /// A type of its own.
    Type(&'s Schemas, &'s str),
    /// A field.
    Field(&'s Schemas, &'s Field),
}

static BUILT_IN: LazyLock<Types> = LazyLock::new(|| parse_table(TABLE));

impl Schemas {
    /// Kubernetes' own types.
    pub(crate) fn built_in() -> Self {
        Self { built_in: true, ..Self::default() }
    }

    /// Notes that a step needs types now: Kubernetes' own stay, whatever comes later.
    pub(crate) fn mark_used(&mut self, merges: bool) {
        self.was_used = true;
        self.was_merged |= merges && self.custom.is_none();
    }

    /// Takes what a kustomization file says under `openapi`. The first that says something is believed.
    pub(crate) fn configure(
        &mut self,
        version: Option<&str>,
        custom: Option<&str>,
        budget: &Budget,
    ) -> Result<()> {
        if self.is_set {
            return Ok(());
        }
        if let Some(text) = custom {
            if version.is_some() {
                let message = "builtin version and custom schema provided, cannot use both";
                return Err(Error::Configuration(message.to_owned()));
            }
            let value = read_value(text, budget)
                .map_err(|message| Error::Configuration(format!("invalid schema file: {message}")))?;
            let custom = Some(Arc::new(of_openapi(&value)));
            *self = Self { custom, built_in: self.was_used, is_set: true, ..self.clone() };
            return Ok(());
        }
        match version {
            None | Some("") => Ok(()),
            Some(BUILT_IN_VERSION) => {
                self.is_set = true;
                Ok(())
            }
            Some(_) => Err(Error::Configuration("the specified OpenAPI version is not built in".to_owned())),
        }
    }

    /// The type of a kind.
    pub(crate) fn of_kind(&self, api_version: &str, kind: &str) -> Option<At<'_>> {
        let gvk = Gvk::of(api_version, kind);
        let custom = self.custom.as_deref().and_then(|types| types.kinds.get(&gvk));
        let name = custom.or_else(|| self.built_in.then(|| BUILT_IN.kinds.get(&gvk)).flatten());
        name.map(|name| At::Type(self, name))
    }

    fn fields(&self, type_name: &str) -> Option<&HashMap<String, Field>> {
        let built_in = || self.built_in.then(|| BUILT_IN.types.get(type_name)).flatten();
        let custom = || self.custom.as_deref().and_then(|types| types.types.get(type_name));
        // What is read last wins, and Kubernetes' own types are read late if only a scope was asked for.
        if self.was_merged { custom().or_else(built_in) } else { built_in().or_else(custom) }
    }
}

impl<'s> At<'s> {
    /// The place of a field.
    pub(crate) fn field(self, name: &str) -> Option<At<'s>> {
        match self {
            At::Type(schemas, type_name) => {
                let field = schemas.fields(type_name)?.get(name)?;
                Some(At::Field(schemas, field))
            }
            At::Field(schemas, field) => {
                let type_name = field.type_name.as_deref()?;
                match field.shape {
                    Shape::One => At::Type(schemas, type_name).field(name),
                    Shape::Map => Some(At::Type(schemas, type_name)),
                    Shape::List => None,
                }
            }
        }
    }

    /// The place of a list's items.
    pub(crate) fn items(self) -> Option<At<'s>> {
        match self {
            At::Field(schemas, Field { type_name: Some(name), shape: Shape::List, .. }) => {
                Some(At::Type(schemas, name))
            }
            _ => None,
        }
    }

    /// The keys a list is merged by; empty for a list of scalars that is joined, nothing for one that is
    /// replaced.
    pub(crate) fn merge_keys(self) -> Option<&'s [String]> {
        match self {
            At::Field(_, field) => field.merge_keys.as_deref(),
            At::Type(..) => None,
        }
    }
}

/// Reads the table: a type and its kinds on a line of their own, its fields below with a space before them.
fn parse_table(table: &str) -> Types {
    let mut types = Types::default();
    let mut name = String::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if !line.starts_with(' ') {
            name = first.to_owned();
            types.types.entry(name.clone()).or_default();
            for kind in words {
                let mut parts = kind.split('|');
                let mut part = || parts.next().unwrap_or_default();
                types.kinds.insert(Gvk::new(part(), part(), part()), name.clone());
            }
            continue;
        }
        let mut field = Field::default();
        let reference = words.next().unwrap_or("-");
        let (shape, reference) = match (reference.strip_prefix("[]"), reference.strip_prefix("{}")) {
            (Some(items), _) => (Shape::List, items),
            (_, Some(values)) => (Shape::Map, values),
            _ => (Shape::One, reference),
        };
        field.shape = shape;
        field.type_name = (reference != "-").then(|| reference.to_owned());
        if let Some(merge) = words.next() {
            let keys = merge.strip_prefix("merge=").unwrap_or_default();
            let keys = keys.split(',').filter(|key| !key.is_empty()).map(str::to_owned);
            field.merge_keys = Some(keys.collect());
        }
        types.types.entry(name.clone()).or_default().insert(first.to_owned(), field);
    }
    types
}

/// A type's name as the table has it.
fn short_name(name: &str) -> String {
    const PREFIXES: [(&str, &str); 4] = [
        ("io.k8s.api.", ""),
        ("io.k8s.apimachinery.pkg.apis.", ""),
        ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.", "apiextensions."),
        ("io.k8s.kube-aggregator.pkg.apis.apiregistration.", "apiregistration."),
    ];
    let short =
        PREFIXES.iter().find_map(|(long, short)| Some(format!("{short}{}", name.strip_prefix(long)?)));
    short.unwrap_or_else(|| name.to_owned())
}

/// The types of an OpenAPI document.
fn of_openapi(document: &Value) -> Types {
    let mut types = Types::default();
    let definitions = document.get("definitions").and_then(Value::as_map);
    for (name, definition) in definitions.into_iter().flatten() {
        let name = short_name(name);
        for kind in definition.list_at(&["x-kubernetes-group-version-kind"]) {
            let part = |name: &str| kind.str_at(&[name]).unwrap_or_default();
            types.kinds.insert(Gvk::new(part("group"), part("version"), part("kind")), name.clone());
        }
        let fields = of_properties(&name, definition, &mut types, 0);
        types.types.insert(name, fields);
    }
    types
}

fn of_properties(name: &str, schema: &Value, types: &mut Types, depth: usize) -> HashMap<String, Field> {
    let properties = schema.get("properties").and_then(Value::as_map);
    let mut fields = HashMap::new();
    for (field, schema) in properties.into_iter().flatten() {
        if depth < 64 {
            fields.insert(field.to_string(), of_schema(&format!("{name}.{field}"), schema, types, depth + 1));
        }
    }
    fields
}

fn of_schema(name: &str, schema: &Value, types: &mut Types, depth: usize) -> Field {
    let strategy = schema.str_at(&["x-kubernetes-patch-strategy"]).unwrap_or_default();
    let merge_keys = strategy.split(',').any(|s| s == "merge").then(|| {
        let keys = schema.list_at(&["x-kubernetes-list-map-keys"]);
        match keys.is_empty() {
            false => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            true => schema.str_at(&["x-kubernetes-patch-merge-key"]).map(str::to_owned).into_iter().collect(),
        }
    });
    let (shape, of) = if schema.str_at(&["type"]) == Some("array") {
        (Shape::List, schema.get("items"))
    } else if schema.get("properties").is_none() && schema.get("additionalProperties").is_some() {
        (Shape::Map, schema.get("additionalProperties"))
    } else {
        (Shape::One, Some(schema))
    };
    let reference =
        of.and_then(|of| of.str_at(&["$ref"])).map(|r| short_name(r.rsplit('/').next().unwrap_or(r)));
    let type_name = reference.or_else(|| {
        let of = of.filter(|of| of.get("properties").is_some())?;
        let fields = of_properties(name, of, types, depth);
        types.types.insert(name.to_owned(), fields);
        Some(name.to_owned())
    });
    Field { type_name, shape, merge_keys }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(schemas: &Schemas, kind: (&str, &str), path: &[&str]) -> Option<Vec<String>> {
        let mut at = schemas.of_kind(kind.0, kind.1)?;
        for part in path {
            at = if *part == "[]" { at.items()? } else { at.field(part)? };
        }
        at.merge_keys().map(<[String]>::to_vec)
    }

    #[test]
    fn kubernetes_lists() {
        let schemas = Schemas::built_in();
        let containers = ["spec", "template", "spec", "containers"];
        let deployment = ("apps/v1", "Deployment");
        assert_eq!(keys(&schemas, deployment, &containers), Some(vec!["name".to_owned()]));
        let ports = [&containers[..], &["[]", "ports"]].concat();
        assert_eq!(
            keys(&schemas, deployment, &ports),
            Some(vec!["containerPort".to_owned(), "protocol".to_owned()])
        );
        let arguments = [&containers[..], &["[]", "args"]].concat();
        assert_eq!(keys(&schemas, deployment, &arguments), None);
        assert_eq!(keys(&schemas, ("v1", "Secret"), &["metadata", "finalizers"]), Some(Vec::new()));
    }

    #[test]
    fn a_document_of_ones_own() {
        let document = r##"{"definitions": {"x.Foo": {"properties": {"spec": {"properties": {"list": {
            "type": "array", "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge",
            "items": {"$ref": "#/definitions/x.Item"}}}}},
            "x-kubernetes-group-version-kind": [{"group": "x", "kind": "Foo", "version": "v1"}]}}}"##;
        let mut schemas = Schemas::built_in();
        schemas.configure(None, Some(document), &Budget::default()).unwrap();
        assert_eq!(keys(&schemas, ("x/v1", "Foo"), &["spec", "list"]), Some(vec!["name".to_owned()]));
        assert!(schemas.of_kind("apps/v1", "Deployment").is_none());
        assert!(Schemas::built_in().configure(Some("v1.0.0"), None, &Budget::default()).is_err());
    }
}
