//! `toYaml`, `fromYaml` and the others: between data and text.

use tautline_core::{Budget, Value as Core};
use tautline_gotemplate::{Engine, Failure, List, Map, Value, decode_json};
use tautline_yaml::Options;

use super::{pretty, toml};
use crate::{Dialect, yaml as helm_yaml};

/// YAML without the line break at the end; nothing for what has no YAML.
pub(super) fn yaml(value: &Core) -> Option<String> {
    if holds_nul(value) {
        return None;
    }
    let mut text = tautline_yaml::write(value);
    if text.ends_with('\n') {
        text.pop();
    }
    Some(text)
}

/// Go's YAML reader, through which data goes, refuses NUL.
fn holds_nul(value: &Core) -> bool {
    match value {
        Core::String(text) => text.contains('\0'),
        Core::List(list) => list.iter().any(holds_nul),
        Core::Map(map) => map.iter().any(|(key, value)| key.as_str().contains('\0') || holds_nul(value)),
        _ => false,
    }
}

pub(super) fn to_yaml(value: &Value) -> Result<String, String> {
    let core = value.to_core().map_err(|e| e.to_string())?;
    yaml(&core)
        .ok_or_else(|| "error converting JSON to YAML: yaml: control characters are not allowed".to_owned())
}

pub(super) fn to_yaml_pretty(value: &Value) -> Result<String, String> {
    value.to_core().map(|core| pretty::write(&core)).map_err(|e| e.to_string())
}

pub(super) fn to_toml(value: &Value) -> Result<String, String> {
    let core = value.to_core().map_err(|e| e.to_string())?;
    toml::write(&core)
}

/// What is left for reading: a text is charged by its size.
fn budget(engine: &mut Engine, text: &str) -> Result<Budget, Failure> {
    engine.charge_steps(1 + text.len() as u64 / 16)?;
    Ok(engine.options().budget.clone())
}

/// A map; what is wrong is under its key `Error`.
pub(super) fn from_yaml(engine: &mut Engine, text: &str) -> Result<Value, Failure> {
    Ok(as_map(read_yaml(engine, text)?, JSON_IN_YAML))
}

/// A list; what is wrong is its only item.
pub(super) fn from_yaml_array(engine: &mut Engine, text: &str) -> Result<Value, Failure> {
    Ok(as_list(read_yaml(engine, text)?, JSON_IN_YAML))
}

pub(super) fn from_json(engine: &mut Engine, text: &[u8]) -> Result<Value, Failure> {
    Ok(match read_json(engine, text)? {
        Ok(Value::Nil | Value::NoValue) => Map::nil().into(),
        Ok(map @ Value::Map(_)) => map,
        Ok(other) => error_map(&wrong_type(word(&other), "json: ", MAP)),
        Err(why) => error_map(&why),
    })
}

pub(super) fn from_json_array(engine: &mut Engine, text: &[u8]) -> Result<Value, Failure> {
    Ok(match read_json(engine, text)? {
        Ok(Value::Nil | Value::NoValue) => List::nil(tautline_gotemplate::Elem::Any).into(),
        Ok(list @ Value::List(_)) => list,
        Ok(other) => error_list(wrong_type(word(&other), "json: ", LIST)),
        Err(why) => error_list(why),
    })
}

pub(super) fn from_toml(engine: &mut Engine, text: &str, dialect: Dialect) -> Result<Value, Failure> {
    budget(engine, text)?;
    Ok(match toml::read(text, dialect) {
        Ok(map) => Value::from(&Core::Map(map)),
        Err(why) => error_map(&why),
    })
}

const JSON_IN_YAML: &str = "error unmarshaling JSON: while decoding JSON: json: ";

fn read_yaml(engine: &mut Engine, text: &str) -> Result<Result<Core, String>, Failure> {
    let options = Options { budget: budget(engine, text)?, ..Options::default() };
    Ok(helm_yaml::read(text, &options))
}

fn read_json(engine: &mut Engine, text: &[u8]) -> Result<Result<Value, String>, Failure> {
    engine.charge_steps(1 + text.len() as u64 / 16)?;
    Ok(decode_json(text, engine.options().go))
}

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

fn as_map(read: Result<Core, String>, prefix: &str) -> Value {
    match read {
        Ok(Core::Null) => Map::nil().into(),
        Ok(map @ Core::Map(_)) => Value::from_yaml(&map),
        Ok(other) => error_map(&wrong_type(core_word(&other), prefix, MAP)),
        Err(why) => error_map(&why),
    }
}

fn as_list(read: Result<Core, String>, prefix: &str) -> Value {
    match read {
        Ok(Core::Null) => List::nil(tautline_gotemplate::Elem::Any).into(),
        Ok(list @ Core::List(_)) => Value::from_yaml(&list),
        Ok(other) => error_list(wrong_type(core_word(&other), prefix, LIST)),
        Err(why) => error_list(why),
    }
}

fn error_list(why: String) -> Value {
    List::new(vec![why.into()]).into()
}

fn error_map(why: &str) -> Value {
    [("Error", Value::from(why))].into_iter().collect::<Map>().into()
}

fn wrong_type(found: &str, prefix: &str, wanted: &str) -> String {
    format!("{prefix}cannot unmarshal {found} into Go value of type {wanted}")
}

/// Go's word for a JSON value.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    }
}

fn core_word(value: &Core) -> &'static str {
    match value {
        Core::Bool(_) => "bool",
        Core::String(_) => "string",
        Core::List(_) => "array",
        Core::Map(_) => "object",
        Core::Null => "null",
        Core::Int(_) | Core::Float(_) => "number",
    }
}
