//! Structural schemas: what `openAPIV3Schema` of a definition may say.

use tautline_core::Value;

use super::super::at::At;

/// The types a schema may name.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// The schema of one version. Where all versions share one, the server speaks of `spec.validation`.
pub(super) fn version<'a>(version: At<'a>, spec: At<'a>) {
    let own = version.at("schema").at("openAPIV3Schema");
    if !own.is_set() {
        return own.required("");
    }
    let versions = spec.at("versions").list();
    let shared = versions.iter().all(|v| v.at(&["schema", "openAPIV3Schema"]) == own.value());
    let first = versions.first().and_then(|v| v.get("name")) == version.get("name");
    let root = match shared {
        true if !first => return,
        true => spec.at("validation").at("openAPIV3Schema").with(own.value()),
        false => own,
    };
    metadata(root.at("properties").key("metadata"));
    schema(root, true);
    match root.text("type") {
        "" => root.at("type").required("must not be empty at the root"),
        "object" => {}
        _ => root.at("type").invalid("must be object at the root"),
    }
    super::rules::check(root);
}

fn metadata(metadata: At<'_>) {
    let allowed = |name: &str| ["name", "generateName"].contains(&name);
    if metadata.is_set() && metadata.at("properties").entries().any(|(name, _)| !allowed(name)) {
        let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        metadata.forbidden(detail);
    }
}

fn schema(at: At<'_>, is_root: bool) {
    typed(at, is_root);
    lists(at);
    if at.has("x-kubernetes-map-type") {
        if !["", "object"].contains(&at.text("type")) || at.text("type").is_empty() {
            at.at("type").invalid("must be object if x-kubernetes-map-type is specified");
        }
        at.at("x-kubernetes-map-type").one_of(&["atomic", "granular"]);
    }
    if at.is_true("uniqueItems") {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        at.at("uniqueItems").forbidden(detail);
    }
    if at.has("pattern")
        && let Err(problem) = super::super::go_regex(at.text("pattern"))
    {
        at.at("pattern").invalid(&format!("must be a valid regular expression, but isn't: {problem}"));
    }
    if at.get("additionalProperties").and_then(Value::as_bool) == Some(false) {
        at.at("additionalProperties").forbidden("additionalProperties cannot be set to false");
    }
    if !at.at("properties").is_empty() && at.at("additionalProperties").map().is_some() {
        let detail = "additionalProperties and properties are mutual exclusive";
        at.at("additionalProperties").forbidden(detail);
    }
    if at.has("default") {
        default(at);
    }
    for (_, property) in at.at("properties").entries() {
        schema(property, false);
    }
    for below in ["items", "additionalProperties"].into_iter().map(|field| at.at(field)) {
        if below.map().is_some() {
            schema(below, false);
        }
    }
    for field in ["allOf", "anyOf", "oneOf"] {
        at.at(field).items().for_each(within_junctor);
    }
    if at.at("not").map().is_some() {
        within_junctor(at.at("not"));
    }
}

fn typed(at: At<'_>, is_root: bool) {
    let kind = at.at("type");
    let open = at.is_true("x-kubernetes-preserve-unknown-fields") || at.is_true("x-kubernetes-int-or-string");
    if kind.str().is_empty() {
        if !is_root && !open {
            kind.required("must not be empty for specified object fields");
        }
    } else if !TYPES.contains(&kind.str()) {
        kind.unsupported(&TYPES);
    }
    if kind.str() == "array" && !at.has("items") {
        at.at("items").required("must be specified");
    }
}

/// Inside `allOf` and its like nothing may be said that shapes the object.
fn within_junctor(at: At<'_>) {
    for field in ["type", "default", "title", "description", "nullable", "additionalProperties"] {
        if at.has(field) && !(field == "type" && at.text(field).is_empty()) {
            at.at(field).forbidden("must be undefined to be structural");
        }
    }
    at.at("properties").entries().for_each(|(_, property)| within_junctor(property));
    if at.at("items").map().is_some() {
        within_junctor(at.at("items"));
    }
}

fn lists(at: At<'_>) {
    let kind = at.at("x-kubernetes-list-type");
    let keys = at.at("x-kubernetes-list-map-keys");
    if !kind.is_set() {
        if !keys.list().is_empty() {
            kind.required("must be map if x-kubernetes-list-map-keys is non-empty");
        }
        return;
    }
    if at.text("type") != "array" {
        at.at("type").invalid("must be array if x-kubernetes-list-type is specified");
        return;
    }
    let items = at.at("items");
    if kind.str() == "map" && !items.is_set() {
        if keys.list().is_empty() {
            keys.required("must not be empty if x-kubernetes-list-type is map");
        }
        return items.required("must have a schema if x-kubernetes-list-type is map");
    }
    match kind.str() {
        "atomic" => {}
        "set" => match items.text("type") {
            "object" if items.text("x-kubernetes-map-type") != "atomic" => {
                let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
                let map_type = items.at("x-kubernetes-map-type");
                map_type.invalid_go(&map_type.value().map_or("null".to_owned(), Value::to_json), detail);
            }
            "array" if items.text("x-kubernetes-list-type") != "atomic" => {
                let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
                let list_type = items.at("x-kubernetes-list-type");
                list_type.invalid_go(&list_type.value().map_or("null".to_owned(), Value::to_json), detail);
            }
            _ => {}
        },
        "map" => map_keys(keys, items),
        _ => kind.unsupported(&["atomic", "map", "set"]),
    }
}

fn map_keys<'a>(keys: At<'a>, items: At<'a>) {
    if keys.list().is_empty() {
        keys.required("must not be empty if x-kubernetes-list-type is map");
    }
    if items.text("type") != "object" {
        items.at("type").invalid("must be object if parent array's x-kubernetes-list-type is map");
    }
    let required: Vec<&str> = items.at("required").list().iter().filter_map(Value::as_str).collect();
    let mut seen = Vec::new();
    for key in keys.items() {
        let name = key.str();
        if seen.contains(&name) {
            key.duplicate();
        }
        seen.push(name);
        let property = items.at("properties").key(name);
        match property.text("type") {
            _ if !property.is_set() => key.invalid("entries must all be names of item properties"),
            "array" | "object" => {
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                property.at("type").invalid(detail);
            }
            _ if property.has("default") || required.contains(&name) => {}
            _ => {
                let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a \
                              required property";
                property.at("default").required(detail);
            }
        }
    }
}

/// A default must be valid itself.
fn default(at: At<'_>) {
    let (Some(schema), Some(value)) = (at.value(), at.get("default")) else { return };
    let place = at.at("default");
    for wrong in crate::write::schema_of_default(schema, value) {
        let field = match wrong.field.as_str() {
            "" => place.path(),
            below => format!("{}.{below}", place.path()),
        };
        place.push(crate::failure::Wrong { field, ..wrong });
    }
}

/// A schema as Go prints it is long; only its presence is told.
pub(super) fn print(schema: Option<&Value>) -> String {
    schema.map_or("null".to_owned(), Value::to_json)
}
