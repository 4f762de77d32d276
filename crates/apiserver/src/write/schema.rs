//! Validation of custom resources by the schema of their CRD, in the words of `kube-openapi`'s validator.

use tautline_core::{List, Map, Object, Value};

use crate::failure::Wrong;

/// Checks an object against `openAPIV3Schema`; its CEL rules are run unless what else is wrong forbids it.
pub(super) fn check(custom: &crate::catalog::Custom, object: &Object, old: Option<&Object>) -> Vec<Wrong> {
    let schema = &custom.schema;
    let mut found = Found::default();
    let mut map = object.as_map().clone();
    // Identity and metadata belong to every object; the server checks them itself.
    for field in ["apiVersion", "kind", "metadata"] {
        map.remove(field);
    }
    found.map(schema, &map, "");
    let mut wrong = found.wrong;
    if !found.blocked && has_rules(schema) {
        wrong.extend(super::expressions::check(schema, &custom.programs, object, old));
    }
    if !wrong.is_empty() && found.blocked && has_rules(schema) {
        wrong.push(Wrong {
            field: "<nil>".to_owned(),
            reason: "FieldValueInvalid",
            message: "Invalid value: null: some validation rules were not checked because the object was \
                      invalid; correct the existing errors to complete validation"
                .to_owned(),
        });
    }
    wrong.sort_by_key(|w| (w.field == "<nil>", w.field.clone()));
    wrong
}

/// Checks a default against the schema it is in.
pub(crate) fn schema_of_default(schema: &Value, value: &Value) -> Vec<Wrong> {
    let mut found = Found::default();
    found.value(schema, value, "");
    found.wrong
}

/// Whether any CEL rule is in a schema.
fn has_rules(schema: &Value) -> bool {
    match schema {
        Value::Map(map) => map.contains_key("x-kubernetes-validations") || map.values().any(has_rules),
        Value::List(list) => list.iter().any(has_rules),
        _ => false,
    }
}

#[derive(Default)]
struct Found {
    wrong: Vec<Wrong>,
    /// Whether CEL rules would not be run because of what was found.
    blocked: bool,
}

impl Found {
    fn say(&mut self, wrong: Wrong, blocks: bool) {
        self.blocked |= blocks;
        self.wrong.push(wrong);
    }

    fn value(&mut self, schema: &Value, value: &Value, path: &str) {
        let nullable = schema.get("nullable").and_then(Value::as_bool) == Some(true);
        if value.is_null() && nullable {
            return;
        }
        if !self.has_type(schema, value, path) {
            return;
        }
        if let Some(known) = schema.get("enum").and_then(Value::as_list)
            && !known.contains(value)
        {
            let texts: Vec<String> = known.iter().map(|v| crate::state::plain(v).to_string()).collect();
            let names: Vec<&str> = texts.iter().map(String::as_str).collect();
            self.say(Wrong::unsupported(path, value, &names), true);
        }
        self.junctors(schema, value, path);
        match value {
            Value::Map(map) => self.map(schema, map, path),
            Value::List(list) => self.list(schema, list, path),
            Value::String(text) => self.text(schema, text, path),
            Value::Int(_) | Value::Float(_) => self.number(schema, value, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// `oneOf`, `anyOf`, `allOf` and `not`.
    fn junctors(&mut self, schema: &Value, value: &Value, path: &str) {
        let tried = |field: &str| -> Vec<Vec<Wrong>> {
            let one = |schema: &Value| {
                let mut found = Found::default();
                found.value(schema, value, path);
                found.wrong
            };
            schema.list_at(&[field]).iter().map(one).collect()
        };
        let one = tried("oneOf");
        let fits = one.iter().filter(|wrong| wrong.is_empty()).count();
        if !one.is_empty() && fits != 1 {
            let count = if fits == 0 {
                "Found none valid".to_owned()
            } else {
                format!("Found {fits} valid alternatives")
            };
            self.whole(
                &format!("\"{path}\" must validate one and only one schema (oneOf). {count}"),
                fits == 0,
            );
            if fits == 0 {
                self.best(one);
            }
        }
        let any = tried("anyOf");
        if !any.is_empty() && any.iter().all(|wrong| !wrong.is_empty()) {
            self.whole(&format!("\"{path}\" must validate at least one schema (anyOf)"), true);
            self.best(any);
        }
        let all = tried("allOf");
        if all.iter().any(|wrong| !wrong.is_empty()) {
            self.whole(&format!("\"{path}\" must validate all the schemas (allOf)"), true);
            all.into_iter().flatten().for_each(|wrong| self.say(wrong, true));
        }
        if let Some(not) = schema.get("not").filter(|not| not.as_map().is_some()) {
            let mut found = Found::default();
            found.value(not, value, path);
            if found.wrong.is_empty() {
                self.whole(&format!("\"{path}\" must not validate the schema (not)"), false);
            }
        }
    }

    /// What the alternative that came closest complains of.
    fn best(&mut self, tried: Vec<Vec<Wrong>>) {
        if let Some(best) = tried.into_iter().min_by_key(Vec::len) {
            best.into_iter().for_each(|wrong| self.say(wrong, true));
        }
    }

    /// A complaint that belongs to no field.
    fn whole(&mut self, detail: &str, blocks: bool) {
        let message = format!("Invalid value: \"\": {detail}");
        self.say(Wrong { field: "<nil>".to_owned(), reason: "FieldValueInvalid", message }, blocks);
    }

    fn has_type(&mut self, schema: &Value, value: &Value, path: &str) -> bool {
        if schema.get("x-kubernetes-int-or-string").and_then(Value::as_bool) == Some(true) {
            if matches!(value, Value::Int(_) | Value::String(_)) {
                return true;
            }
            self.mistyped("integer,string", value, path);
            return false;
        }
        let Some(want) = schema.str_at(&["type"]).filter(|t| !t.is_empty()) else { return true };
        let fits = match value {
            Value::Null => false,
            Value::Bool(_) => want == "boolean",
            Value::Int(_) => matches!(want, "integer" | "number"),
            Value::Float(n) => want == "number" || want == "integer" && n.fract() == 0.0,
            Value::String(_) => want == "string",
            Value::List(_) => want == "array",
            Value::Map(_) => want == "object",
        };
        if !fits {
            self.mistyped(want, value, path);
            if want == "integer" && matches!(value, Value::Float(_)) {
                let detail = format!("Checked value must be of type integer (default format) in {path}");
                self.whole(&detail, true);
            }
        }
        fits
    }

    fn mistyped(&mut self, want: &str, value: &Value, path: &str) {
        let have = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
        };
        let message = format!("Invalid value: \"{have}\": {path} in body must be of type {want}: \"{have}\"");
        self.say(Wrong { field: path.to_owned(), reason: "FieldValueTypeInvalid", message }, true);
    }

    fn map(&mut self, schema: &Value, map: &Map, path: &str) {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        for name in schema.list_at(&["required"]).iter().filter_map(Value::as_str) {
            if !map.contains_key(name) {
                self.say(Wrong::required(below(name), ""), true);
            }
        }
        let size = i64::try_from(map.len()).unwrap_or(i64::MAX);
        if let Some(least) = schema.i64_at(&["minProperties"]).filter(|n| size < *n) {
            let detail = format!("{path} in body should have at least {least} properties");
            self.say(Wrong::invalid(path, &Value::Int(size), &detail), false);
        }
        if let Some(most) = schema.i64_at(&["maxProperties"]).filter(|n| size > *n) {
            self.say(too_many(path, size, most), true);
        }
        for (key, value) in map {
            let of = schema.at(&["properties", key]).or_else(|| schema.get("additionalProperties"));
            if let Some(of) = of.filter(|of| of.as_map().is_some()) {
                self.value(of, value, &below(key));
            }
        }
        if schema.get("x-kubernetes-embedded-resource").and_then(Value::as_bool) == Some(true) {
            for field in ["apiVersion", "kind"] {
                if map.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
                    let wrong = Wrong::invalid(below(field), &"".into(), "must not be empty");
                    self.say(wrong, false);
                }
            }
        }
    }

    fn list(&mut self, schema: &Value, list: &List, path: &str) {
        let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
        if let Some(most) = schema.i64_at(&["maxItems"]).filter(|n| size > *n) {
            self.say(too_many(path, size, most), true);
        }
        if let Some(least) = schema.i64_at(&["minItems"]).filter(|n| size < *n) {
            let detail = format!("{path} in body should have at least {least} items");
            self.say(Wrong::invalid(path, &Value::Int(size), &detail), false);
        }
        if let Some(of) = schema.get("items") {
            list.iter().enumerate().for_each(|(i, item)| self.value(of, item, &format!("{path}[{i}]")));
        }
        self.duplicates(schema, list, path);
    }

    fn duplicates(&mut self, schema: &Value, list: &List, path: &str) {
        let keys: Vec<&str> =
            schema.list_at(&["x-kubernetes-list-map-keys"]).iter().filter_map(Value::as_str).collect();
        let identity = |item: &Value| match schema.str_at(&["x-kubernetes-list-type"]) {
            Some("set") => Some(item.clone()),
            Some("map") => {
                let pairs = keys.iter().filter_map(|key| Some((*key, item.get(key)?.clone())));
                Some(Value::Map(pairs.collect()))
            }
            _ => None,
        };
        let mut seen: Vec<Value> = Vec::new();
        for (i, item) in list.iter().enumerate() {
            let Some(identity) = identity(item) else { return };
            if seen.contains(&identity) {
                self.say(Wrong::duplicate(format!("{path}[{i}]"), &identity), false);
            } else {
                seen.push(identity);
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        let size = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let value = Value::string(text);
        if let Some(format) = schema.str_at(&["format"]).filter(|format| !has_format(text, format)) {
            let message =
                format!("Invalid value: {0}: {path} in body must be of type {format}: {0}", value.to_json());
            self.say(Wrong { field: path.to_owned(), reason: "FieldValueTypeInvalid", message }, true);
        }
        if let Some(most) = schema.i64_at(&["maxLength"]).filter(|n| size > *n) {
            let message = format!("Too long: may not be more than {most} bytes");
            self.say(Wrong { field: path.to_owned(), reason: "FieldValueTooLong", message }, true);
        }
        if let Some(least) = schema.i64_at(&["minLength"]).filter(|n| size < *n) {
            let detail = format!("{path} in body should be at least {least} chars long");
            self.say(Wrong::invalid(path, &value, &detail), false);
        }
        if let Some(pattern) = schema.str_at(&["pattern"]) {
            // A pattern that does not compile refuses its CRD; here it matches nothing.
            let fits = regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
            if !fits {
                let detail = format!("{path} in body should match '{pattern}'");
                self.say(Wrong::invalid(path, &value, &detail), false);
            }
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, path: &str) {
        let Some(number) = value.as_f64() else { return };
        let small = schema.str_at(&["format"]) == Some("int32");
        if small && value.as_i64().is_some_and(|n| i32::try_from(n).is_err()) {
            self.whole(&format!("Checked value must be of type integer with format int32 in {path}"), false);
        }
        let bound = |field: &str| schema.get(field).and_then(|v| Some((v.as_f64()?, v.to_json())));
        let flag = |field: &str| schema.get(field).and_then(Value::as_bool) == Some(true);
        if let Some((least, text)) = bound("minimum") {
            let strict = flag("exclusiveMinimum");
            if number < least || strict && number == least {
                let words = if strict { "greater than" } else { "greater than or equal to" };
                let detail = format!("{path} in body should be {words} {text}");
                self.say(Wrong::invalid(path, value, &detail), false);
            }
        }
        if let Some((most, text)) = bound("maximum") {
            let strict = flag("exclusiveMaximum");
            if number > most || strict && number == most {
                let words = if strict { "less than" } else { "less than or equal to" };
                let detail = format!("{path} in body should be {words} {text}");
                self.say(Wrong::invalid(path, value, &detail), false);
            }
        }
        if let Some((of, text)) = bound("multipleOf")
            && (number / of).fract() != 0.0
        {
            let detail = format!("{path} in body should be a multiple of {text}");
            self.say(Wrong::invalid(path, value, &detail), false);
        }
    }
}

/// Whether a text has one of the formats that are checked; others are taken as they are.
fn has_format(text: &str, format: &str) -> bool {
    use base64::Engine as _;
    let dashed = |lengths: &[usize]| {
        let parts: Vec<&str> = text.split('-').collect();
        let hex = |part: &&str| part.bytes().all(|b| b.is_ascii_hexdigit());
        parts.len() == lengths.len()
            && parts.iter().zip(lengths).all(|(p, n)| p.len() == *n)
            && parts.iter().all(hex)
    };
    match format {
        "byte" => base64::engine::general_purpose::STANDARD.decode(text).is_ok(),
        "date-time" | "datetime" => tautline_grammar::time::parse(text).is_ok(),
        "date" => tautline_grammar::time::parse(&format!("{text}T00:00:00Z")).is_ok(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "uuid" => dashed(&[8, 4, 4, 4, 12]),
        _ => true,
    }
}

fn too_many(path: &str, size: i64, most: i64) -> Wrong {
    let message = format!("Too many: {size}: must have at most {most} items");
    Wrong { field: path.to_owned(), reason: "FieldValueTooMany", message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn messages_are_the_servers() {
        let schema = value!({ "type": "object", "properties": { "spec": { "type": "object", "required": ["n"],
            "properties": {
                "n": { "type": "integer", "maximum": 9 },
                "mode": { "type": "string", "enum": ["Fast", "Slow"] },
                "code": { "type": "string", "pattern": "^[a-z]+$" },
                "tags": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } } } } } });
        let check = |spec: Value, expect: &str| {
            let object = Object::new(
                value!({ "apiVersion": "a/v1", "kind": "K", "metadata": { "name": "n" }, "spec": spec }),
            );
            let version = value!({ "schema": { "openAPIV3Schema": schema.clone() } });
            let gvk = tautline_core::GroupVersionKind::new("a", "v1", "K");
            let custom = crate::catalog::Custom::read(&version, &gvk, String::new());
            let lines: Vec<String> = super::check(&custom, &object.unwrap(), None)
                .iter()
                .map(|w| format!("{}: {}", w.field, w.message))
                .collect();
            assert_eq!(lines.join("; "), expect);
        };
        check(value!({ "n": 1 }), "");
        check(value!({}), "spec.n: Required value");
        check(
            value!({ "n": "x" }),
            "spec.n: Invalid value: \"string\": spec.n in body must be of type integer: \"string\"",
        );
        check(
            value!({ "n": 10 }),
            "spec.n: Invalid value: 10: spec.n in body should be less than or equal to 9",
        );
        check(
            value!({ "n": 1, "mode": "Bad" }),
            "spec.mode: Unsupported value: \"Bad\": supported values: \"Fast\", \"Slow\"",
        );
        check(
            value!({ "n": 1, "code": "X" }),
            "spec.code: Invalid value: \"X\": spec.code in body should match '^[a-z]+$'",
        );
        check(value!({ "n": 1, "tags": ["a", "a"] }), "spec.tags[1]: Duplicate value: \"a\"");
    }
}
