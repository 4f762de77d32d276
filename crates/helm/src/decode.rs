//! Values into typed fields, as sigs.k8s.io/yaml and encoding/json do it: keys in any case, scalars turned
//! into text where text is wanted, and Go's words for what does not fit.

use tautline_core::{Map, Value};

/// The typed reading of one map.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map,
    /// The Go type's name, for errors.
    owner: &'static str,
    /// The path from the outermost value, ending in a dot unless empty.
    path: &'static str,
}

/// The outermost value is a map, or absent; else Go's complaint about its type.
pub(crate) fn root<'a>(
    value: &'a Value,
    go_type: &str,
    owner: &'static str,
) -> Result<Option<Fields<'a>>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Map(map) => Ok(Some(Fields { map, owner, path: "" })),
        other => {
            Err(json_error(&format!("cannot unmarshal {} into Go value of type {go_type}", word(other))))
        }
    }
}

impl<'a> Fields<'a> {
    /// The value of a field; a null is as good as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        let exact = self.map.get(name);
        let folded =
            || self.map.iter().rev().find(|(k, _)| k.as_str().eq_ignore_ascii_case(name)).map(|(_, v)| v);
        exact.or_else(folded).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, String> {
        match self.get(name) {
            None => Ok(String::new()),
            Some(value) => scalar_text(value).ok_or_else(|| self.wrong(name, value, "string")),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(self.wrong(name, value, "bool")),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let item = |value: &Value| match value {
            Value::Null => Ok(String::new()),
            value => scalar_text(value).ok_or_else(|| self.wrong(name, value, "string")),
        };
        self.list(name, "[]string")?.iter().map(item).collect()
    }

    pub(crate) fn list(&self, name: &str, go_type: &str) -> Result<&'a [Value], String> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::List(list)) => Ok(list),
            Some(value) => Err(self.wrong(name, value, go_type)),
        }
    }

    /// A map of texts, or nothing.
    pub(crate) fn text_map(&self, name: &str) -> Result<Option<Vec<(String, String)>>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let Value::Map(map) = value else { return Err(self.wrong(name, value, "map[string]string")) };
        let entry = |(key, value): (&tautline_core::Key, &Value)| {
            let text = match value {
                Value::Null => Some(String::new()),
                value => scalar_text(value),
            };
            Ok((key.as_str().to_owned(), text.ok_or_else(|| self.wrong(name, value, "string"))?))
        };
        map.iter().map(entry).collect::<Result<_, _>>().map(Some)
    }

    /// The fields of a struct in a list or a field, for errors at `path`.
    pub(crate) fn nested(
        &self,
        name: &str,
        value: &'a Value,
        owner: &'static str,
        path: &'static str,
        go_type: &str,
    ) -> Result<Fields<'a>, String> {
        match value {
            Value::Map(map) => Ok(Fields { map, owner, path }),
            value => Err(self.wrong(name, value, go_type)),
        }
    }

    fn wrong(&self, name: &str, value: &Value, go_type: &str) -> String {
        json_error(&format!(
            "cannot unmarshal {} into Go struct field {}.{}{name} of type {go_type}",
            word(value),
            self.owner,
            self.path
        ))
    }
}

fn json_error(what: &str) -> String {
    format!("error unmarshaling JSON: while decoding JSON: json: {what}")
}

/// Go's word for a JSON value.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

/// A scalar where text is wanted: the text that Go's YAML reader makes of it.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Int(n) => Some(n.to_string()),
        Value::Float(n) => Some(float_text(*n)),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// `strconv.FormatFloat(n, 'g', -1, 64)`: the shortest digits, with an exponent below -4 and from 6
/// on; an integer beyond 64 bits that was read as a whole prints plainly.
fn float_text(n: f64) -> String {
    if n.fract() == 0.0 && (9.2e18..1.844_674_407_370_955_2e19).contains(&n) {
        return format!("{n}");
    }
    let scientific = format!("{n:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{n}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
