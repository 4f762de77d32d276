//! Values: what a chart is given, from its defaults to the last `--set`.

mod coalesce;
mod dependencies;
mod import;
mod path;
mod scan;
mod set;

use bytes::Bytes;
use tautline_core::{Budget, Map, Value};
use tautline_yaml::{Options, split};

use crate::{Dialect, yaml};

pub(crate) use coalesce::{Coalescer, Nulls};
pub(crate) use dependencies::{is_in_range, resolve};

/// Why values are refused, in Helm's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValuesError {
    /// A file that is no map of values.
    #[error("failed to parse {file}: {why}")]
    File {
        /// The file as it was named.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A default that is no map of values.
    #[error("{0}")]
    Defaults(String),
    /// A `--set…` that does not parse.
    #[error("failed parsing {flag} data: {why}")]
    Set {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A `--set-json` that does not parse.
    #[error("failed parsing --set-json data {0}")]
    Json(String),
    /// A value of a sub-chart that is no map.
    #[error("type mismatch on {chart}: {found}")]
    SubchartType {
        /// The sub-chart.
        chart: String,
        /// Go's print of what is there.
        found: String,
    },
    /// An import of values that is none.
    #[error("{0}")]
    Import(String),
}

/// What the user sets, in the order in which Helm applies it, whatever the order of flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Values files with the names to call them by, left to right.
    pub files: Vec<(String, Bytes)>,
    /// `--set-json`.
    pub json: Vec<String>,
    /// `--set`.
    pub set: Vec<String>,
    /// `--set-string`.
    pub string: Vec<String>,
    /// `--set-file`, as `key=path`.
    pub file: Vec<String>,
    /// The content of each path in `file`; what is not here is an error in the words given.
    pub file_contents: Vec<(String, Result<Bytes, String>)>,
    /// `--set-literal`.
    pub literal: Vec<String>,
}

impl Overrides {
    /// Merges everything into one map. A null is kept: it removes a default later.
    pub fn merge(&self, dialect: Dialect, budget: &Budget) -> Result<Map, ValuesError> {
        let mut base = Map::new();
        for (file, bytes) in &self.files {
            let fail = |why| ValuesError::File { file: file.clone(), why };
            let map = documents(bytes, dialect, budget).map_err(fail)?;
            base = merge_maps(base, map);
        }
        for text in &self.json {
            base = set_json(base, text, dialect, budget)?;
        }
        let mut apply = |flag, texts: &[String], kind| -> Result<(), ValuesError> {
            for text in texts {
                set::parse(text, &mut base, kind, dialect, budget)
                    .map_err(|why| ValuesError::Set { flag, why })?;
            }
            Ok(())
        };
        apply("--set", &self.set, set::Kind::Typed)?;
        apply("--set-string", &self.string, set::Kind::Text)?;
        let read = |path: &str| {
            let known = self.file_contents.iter().find(|(known, _)| known == path);
            match known {
                Some((_, content)) => content.clone().map(|b| String::from_utf8_lossy(&b).into_owned()),
                None => Err(format!("open {path}: no such file or directory")),
            }
        };
        apply("--set-file", &self.file, set::Kind::File(&read))?;
        apply("--set-literal", &self.literal, set::Kind::Literal)?;
        Ok(base)
    }

    /// The paths that `--set-file` would read.
    pub fn file_paths(&self, dialect: Dialect, budget: &Budget) -> Vec<String> {
        let seen = std::cell::RefCell::new(Vec::new());
        let read = |path: &str| {
            seen.borrow_mut().push(path.to_owned());
            Ok(String::new())
        };
        for text in &self.file {
            // What does not parse is reported when it is merged.
            let _ = set::parse(text, &mut Map::new(), set::Kind::File(&read), dialect, budget);
        }
        seen.into_inner()
    }
}

/// `--set-json`: a whole object (Helm 4 only), or `key=json,…`.
fn set_json(mut base: Map, text: &str, dialect: Dialect, budget: &Budget) -> Result<Map, ValuesError> {
    let trimmed = text.trim();
    if trimmed.starts_with('{') && !dialect.is_helm3() {
        let object = Value::from_json_within(trimmed.as_bytes(), budget).map(floats);
        return match object {
            Ok(Value::Map(map)) => Ok(merge_maps(base, map)),
            _ => Err(ValuesError::Json(format!("JSON: {text}"))),
        };
    }
    set::parse(text, &mut base, set::Kind::Json, dialect, budget)
        .map_err(|_| ValuesError::Json(text.to_owned()))?;
    Ok(base)
}

/// A chart's `values.yaml`.
pub(crate) fn defaults(bytes: &[u8], dialect: Dialect, budget: &Budget) -> Result<Map, ValuesError> {
    documents(bytes, dialect, budget).map_err(ValuesError::Defaults)
}

/// The maps of a values file: all its documents merged for Helm 4, the first for Helm 3.
fn documents(bytes: &[u8], dialect: Dialect, budget: &Budget) -> Result<Map, String> {
    let text = yaml::decode(bytes)?;
    let options = Options { budget: budget.clone(), ..Options::default() };
    let read = |text: &str| match yaml::read(text, &options)? {
        Value::Null => Ok(Map::new()),
        value @ Value::Map(_) => match floats(value) {
            Value::Map(map) => Ok(map),
            _ => Ok(Map::new()),
        },
        other => Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            match other {
                Value::List(_) => "array",
                Value::Int(_) | Value::Float(_) => "number",
                Value::Bool(_) => "bool",
                _ => "string",
            }
        )),
    };
    if dialect.is_helm3() {
        return read(&text);
    }
    // Helm 4 ends the last line, which a literal block at the end of the file shows.
    let text = if text.is_empty() || text.ends_with('\n') { text } else { (text.into_owned() + "\n").into() };
    let mut merged = Map::new();
    for document in split(&text) {
        let document = document.map_err(|e| format!("error reading yaml document: {}", e.kind))?;
        let map = read(document.text).map_err(|e| format!("cannot unmarshal yaml document: {e}"))?;
        merged = merge_maps(merged, map);
    }
    Ok(merged)
}

/// The union of two maps; the second wins, maps are merged.
pub(crate) fn merge_maps(mut base: Map, over: Map) -> Map {
    if base.is_empty() {
        return over;
    }
    for (key, value) in over {
        let merged = match (base.get_mut(&key), value) {
            (Some(Value::Map(old)), Value::Map(new)) => Value::Map(merge_maps(std::mem::take(old), new)),
            (_, value) => value,
        };
        base.insert(key, merged);
    }
    base
}

/// Numbers as Go's JSON decoder has them: all floats.
pub(crate) fn floats(value: Value) -> Value {
    match value {
        Value::Int(n) => Value::Float(n as f64),
        Value::List(mut list) => {
            for item in list.iter_mut() {
                let taken = std::mem::take(item);
                *item = floats(taken);
            }
            Value::List(list)
        }
        Value::Map(mut map) => {
            for item in map.values_mut() {
                let taken = std::mem::take(item);
                *item = floats(taken);
            }
            Value::Map(map)
        }
        other => other,
    }
}
