//! Values on their way into an expression and out of it.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use tautline_core::Value;

use crate::Refused;

/// Words that CEL keeps for itself; as names of fields they are written between underscores.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A value as an expression sees it.
#[derive(Clone, Debug)]
pub struct Variable {
    pub(crate) value: cel::Value,
    pub(crate) bytes: u64,
    pub(crate) items: u64,
}

impl Variable {
    /// A value as it is: maps by their keys, numbers as they were written.
    pub fn plain(value: &Value) -> Self {
        Self::new(&mut |size| plain(value, size))
    }

    /// A value by its OpenAPI schema, as kube-apiserver gives a CRD's rules: fields that the schema does not tell are
    /// not there, names are escaped, `date-time` and `duration` are times, `byte` is bytes, `number` is a double.
    pub fn typed(value: &Value, schema: &Value) -> Self {
        Self::new(&mut |size| typed(value, schema, size))
    }

    /// `optional.of(value)` or `optional.none()`: `oldSelf` of a rule with `optionalOldSelf`.
    pub fn optional(value: Option<Self>) -> Self {
        let (bytes, items) = value.as_ref().map_or((0, 0), |v| (v.bytes, v.items));
        let inner = match value {
            Some(variable) => cel::objects::OptionalValue::of(variable.value),
            None => cel::objects::OptionalValue::none(),
        };
        Self { value: cel::Value::Opaque(Arc::new(inner)), bytes, items }
    }

    fn new(build: &mut dyn FnMut(&mut Size) -> cel::Value) -> Self {
        let mut size = Size::default();
        let value = build(&mut size);
        Self { value, bytes: size.bytes, items: size.items }
    }
}

/// How large a value is: bytes of everything, items of the largest list or map.
#[derive(Default)]
struct Size {
    bytes: u64,
    items: u64,
}

impl Size {
    fn add(&mut self, bytes: usize, items: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64 + 8);
        self.items = self.items.max(items as u64);
    }
}

fn plain(value: &Value, size: &mut Size) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(truth) => cel::Value::Bool(*truth),
        Value::Int(n) => cel::Value::Int(*n),
        Value::Float(n) => cel::Value::Float(*n),
        Value::String(text) => {
            size.add(text.len(), 0);
            cel::Value::String(Arc::new(text.to_string()))
        }
        Value::List(list) => {
            size.add(0, list.len());
            cel::Value::List(Arc::new(list.iter().map(|item| plain(item, size)).collect()))
        }
        Value::Map(map) => {
            size.add(0, map.len());
            mapped(map.iter().map(|(key, value)| (key.to_string(), plain(value, size))))
        }
    }
}

fn typed(value: &Value, schema: &Value, size: &mut Size) -> cel::Value {
    let yes = |field: &str| schema.get(field).and_then(Value::as_bool) == Some(true);
    match value {
        Value::Int(n) if schema.str_at(&["type"]) == Some("number") => cel::Value::Float(*n as f64),
        Value::Float(n) if schema.str_at(&["type"]) == Some("integer") && n.fract() == 0.0 => {
            cel::Value::Int(*n as i64)
        }
        Value::String(text) => formatted(text, schema.str_at(&["format"]).unwrap_or_default(), size),
        Value::List(list) => {
            size.add(0, list.len());
            let of = schema.get("items").unwrap_or(&Value::Null);
            cel::Value::List(Arc::new(list.iter().map(|item| typed(item, of, size)).collect()))
        }
        Value::Map(map) => {
            size.add(0, map.len());
            let whole = yes("x-kubernetes-embedded-resource");
            let every = schema.get("additionalProperties").filter(|of| of.as_map().is_some());
            let entries = map.iter().filter_map(|(key, value)| {
                size.add(key.as_str().len(), 0);
                if let Some(of) = schema.at(&["properties", key]) {
                    return Some((escape(key), typed(value, of, size)));
                }
                match every {
                    Some(of) => Some((key.to_string(), typed(value, of, size))),
                    None if whole && ["apiVersion", "kind"].contains(&key.as_str()) => {
                        Some((key.to_string(), plain(value, size)))
                    }
                    None if whole && *key == "metadata" => Some((key.to_string(), names(value, size))),
                    None => None,
                }
            });
            mapped(entries)
        }
        other => plain(other, size),
    }
}

/// What rules see of `metadata`.
fn names(metadata: &Value, size: &mut Size) -> cel::Value {
    let seen = ["name", "generateName"].into_iter();
    mapped(seen.filter_map(|field| Some((field.to_owned(), plain(metadata.get(field)?, size)))))
}

/// A text by its format; one that has not its format stays a text.
fn formatted(text: &str, format: &str, size: &mut Size) -> cel::Value {
    size.add(text.len(), 0);
    let special = match format {
        "date-time" => chrono::DateTime::parse_from_rfc3339(text).ok().map(cel::Value::Timestamp),
        "date" => {
            chrono::DateTime::parse_from_rfc3339(&format!("{text}T00:00:00Z")).ok().map(cel::Value::Timestamp)
        }
        "duration" => {
            let span = text.parse::<tautline_grammar::duration::Duration>().ok();
            span.map(|span| cel::Value::Duration(chrono::Duration::nanoseconds(span.nanos())))
        }
        _ => None,
    };
    special.unwrap_or_else(|| cel::Value::String(Arc::new(text.to_owned())))
}

fn mapped(entries: impl Iterator<Item = (String, cel::Value)>) -> cel::Value {
    let map: HashMap<Key, cel::Value> = entries.map(|(key, value)| (Key::from(key), value)).collect();
    cel::Value::Map(Map { map: Arc::new(map) })
}

/// Whether CEL keeps a word for itself.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// A field's name as an expression spells it: `x-y` is `x__dash__y`, `namespace` is `__namespace__`.
pub fn escape(name: &str) -> String {
    if is_reserved(name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}

/// What an expression built: a value of which parts may be objects of named types.
#[derive(Clone, Debug, PartialEq)]
pub enum Built {
    /// A value without such objects.
    Plain(Value),
    /// A list.
    List(Vec<Built>),
    /// A map.
    Map(Vec<(String, Built)>),
    /// An object: its type's name, and its fields.
    Object(String, Vec<(String, Built)>),
}

/// A result with the names of its types. Fields are in the order of their names.
pub(crate) fn to_built(value: &cel::Value) -> Result<Built, Refused> {
    Ok(match value {
        cel::Value::List(list) => {
            let items: Result<Vec<Built>, Refused> = list.iter().map(to_built).collect();
            Built::List(items?)
        }
        cel::Value::Map(map) => {
            let mut name = None;
            let mut entries = Vec::new();
            for (key, value) in map.map.iter() {
                let Key::String(key) = key else { return Err(Refused::Mistyped("map".to_owned())) };
                match value {
                    cel::Value::String(text) if key.as_str() == crate::lower::TYPE_KEY => {
                        name = Some(text.to_string());
                    }
                    value => entries.push((key.to_string(), to_built(value)?)),
                }
            }
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            match name {
                Some(name) => Built::Object(name, entries),
                None => Built::Map(entries),
            }
        }
        other => Built::Plain(to_core(other)?),
    })
}

/// A result as a value of ours.
pub(crate) fn to_core(value: &cel::Value) -> Result<Value, Refused> {
    Ok(match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(truth) => Value::Bool(*truth),
        cel::Value::Int(n) => Value::Int(*n),
        cel::Value::UInt(n) => i64::try_from(*n).map_or(Value::Float(*n as f64), Value::Int),
        cel::Value::Float(n) => Value::Float(*n),
        cel::Value::String(text) => Value::string(text.as_str()),
        cel::Value::List(list) => {
            let items: Result<Vec<Value>, Refused> = list.iter().map(to_core).collect();
            Value::List(items?.into_iter().collect())
        }
        cel::Value::Map(map) => {
            let mut out = tautline_core::Map::new();
            for (key, value) in map.map.iter() {
                let Key::String(key) = key else { return Err(Refused::Mistyped("map".to_owned())) };
                out.insert(key.as_str(), to_core(value)?);
            }
            Value::Map(out)
        }
        other => return Err(Refused::Mistyped(other.type_of().to_string())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expression;
    use tautline_core::{Budget, value};

    #[test]
    fn schemas_say_what_is_seen() {
        let schema = value!({ "type": "object", "properties": {
            "at": { "type": "string", "format": "date-time" }, "wait": { "type": "string", "format": "duration" },
            "n": { "type": "number" }, "x-y": { "type": "string" }, "namespace": { "type": "string" } } });
        let this = value!({ "at": "2024-01-02T03:04:05Z", "wait": "90s", "n": 1, "x-y": "z", "namespace": "n",
                            "hidden": 1 });
        let check = |text: &str| {
            let variables = [("self", Variable::typed(&this, &schema))];
            let budget = Budget::default();
            let holds = Expression::compile(text, &budget).and_then(|e| e.holds(&variables, &budget));
            assert_eq!(holds, Ok(true), "{text}");
        };
        check("self.at < timestamp('2025-01-01T00:00:00Z') && self.wait == duration('1m30s')");
        check("self.n == 1.0 && self.x__dash__y == 'z' && self.__namespace__ == 'n'");
        check("!has(self.hidden)");
    }
}
