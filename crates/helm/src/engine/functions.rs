//! The functions that Helm adds to sprig's.

use std::sync::{Arc, OnceLock};

use tautline_core::ResourceKey;
use tautline_gotemplate::{Call, EvaluateError, Failure, Functions, Map, Signature, Str, Type, Value};

use super::state::State;
use super::{data, failure};
use crate::Dialect;

const ANY: Signature = Signature::fixed(&[Type::Any]);
const TEXT: Signature = Signature::fixed(&[Type::String]);
const TEXT_ANY: Signature = Signature::fixed(&[Type::String, Type::Any]);

/// All functions of a dialect, made once.
pub(super) fn functions(dialect: Dialect) -> Arc<Functions> {
    static HELM3: OnceLock<Arc<Functions>> = OnceLock::new();
    static HELM4: OnceLock<Arc<Functions>> = OnceLock::new();
    let made = match dialect {
        Dialect::Helm3 => &HELM3,
        Dialect::Helm4 => &HELM4,
    };
    made.get_or_init(|| Arc::new(make(dialect))).clone()
}

fn make(dialect: Dialect) -> Functions {
    let mut functions = Functions::sprig();
    functions.add("include", TEXT_ANY, include);
    functions.add("tpl", TEXT_ANY, tpl);
    functions.add("required", TEXT_ANY, required);
    functions.add("fail", TEXT, fail);
    functions.add("lookup", Signature::fixed(&[Type::String; 4]), lookup);
    // Helm asks no name server unless told to, and we never do.
    functions.add("getHostByName", TEXT, |_| Ok("".into()));

    let quiet = |write: fn(&Value) -> Result<String, String>| {
        move |call: &mut Call<'_>| text(call, write(call.arg(0)).unwrap_or_default())
    };
    let loud = |write: fn(&Value) -> Result<String, String>| {
        move |call: &mut Call<'_>| {
            let written = write(call.arg(0)).map_err(Failure::new)?;
            text(call, written)
        }
    };
    functions.add("toYaml", ANY, quiet(data::to_yaml));
    functions.add("toYamlPretty", ANY, quiet(data::to_yaml_pretty));
    functions.add("toToml", ANY, |call| {
        let written = data::to_toml(call.arg(0)).unwrap_or_else(|why| why);
        text(call, written)
    });
    functions.add("fromYaml", TEXT, |call| data::from_yaml(call.engine, &call.text(0).to_text()));
    functions.add("fromYamlArray", TEXT, |call| data::from_yaml_array(call.engine, &call.text(0).to_text()));
    functions.add("fromJson", TEXT, |call| data::from_json(call.engine, call.text(0).as_bytes()));
    functions.add("fromJsonArray", TEXT, |call| data::from_json_array(call.engine, call.text(0).as_bytes()));
    functions
        .add("fromToml", TEXT, move |call| data::from_toml(call.engine, &call.text(0).to_text(), dialect));
    if dialect == Dialect::Helm4 {
        functions.add("mustToYaml", ANY, loud(data::to_yaml));
        functions.add("mustToToml", ANY, loud(data::to_toml));
        super::durations::add(&mut functions);
    }
    functions
}

/// Text that a function made, charged to the budget.
fn text(call: &mut Call<'_>, text: String) -> Result<Value, Failure> {
    call.engine.charge_bytes(text.len())?;
    call.engine.charge_steps(1 + text.len() as u64 / 64)?;
    Ok(text.into())
}

fn state(call: &Call<'_>) -> Option<Arc<State>> {
    call.engine.state::<State>()
}

/// `include NAME DOT`: a named template's output as text.
fn include(call: &mut Call<'_>) -> Result<Value, Failure> {
    let name = call.text(0);
    let state = state(call);
    if state.as_ref().is_some_and(|state| !state.enter(name)) {
        return Err(Failure::new(format!(
            "rendering template has a nested reference name: {name}: unable to execute template"
        )));
    }
    let out = call.engine.execute_bytes(name.as_bytes(), call.arg(1));
    if let Some(state) = state {
        state.leave(name);
    }
    Ok(Str::from_bytes(out?).into())
}

/// `tpl TEXT DOT`: a text as a template that sees all others.
fn tpl(call: &mut Call<'_>) -> Result<Value, Failure> {
    const NAME: Str = Str::from_static("tpl within tpl");
    let source = call.text(0);
    let state = state(call);
    if state.as_ref().is_some_and(|state| !state.enter(&NAME)) {
        return Err(Failure::new("tpl is within itself more than 1000 times"));
    }
    let out = call.engine.evaluate("gotpl", source, call.arg(1));
    if let Some(state) = state {
        state.leave(&NAME);
    }
    match out {
        Ok(out) => Ok(Str::from_bytes(super::without_no_value(out, |_, _| {})).into()),
        Err(EvaluateError::Parse(error)) => {
            Err(Failure::new(format!("cannot parse template {}: {error}", quoted(source))))
        }
        Err(EvaluateError::Execute(failure)) => {
            Err(failure.within(&format!("error during tpl function execution for {}: ", quoted(source))))
        }
    }
}

/// `%q`.
fn quoted(text: &Str) -> String {
    tautline_gotemplate::quote(text.as_bytes())
}

/// `required MESSAGE VALUE`: the value, unless it is nil or empty text.
fn required(call: &mut Call<'_>) -> Result<Value, Failure> {
    let value = call.arg(1);
    let is_missing = match value {
        Value::String(text) => text.is_empty(),
        value => value.is_nil(),
    };
    if !is_missing {
        return Ok(value.clone());
    }
    let message = call.text(0).to_text();
    match state(call).filter(|state| state.lint) {
        Some(state) => {
            state.warn(format!("missing required value: {message}"));
            Ok("".into())
        }
        None => Err(failure::marked(&message)),
    }
}

/// `fail MESSAGE`.
fn fail(call: &mut Call<'_>) -> Result<Value, Failure> {
    let message = call.text(0).to_text();
    match state(call).filter(|state| state.lint) {
        Some(state) => {
            state.warn(format!("fail: {message}"));
            Ok("".into())
        }
        None => Err(failure::marked(&message)),
    }
}

/// `lookup APIVERSION KIND NAMESPACE NAME`: a live object, or an empty map.
fn lookup(call: &mut Call<'_>) -> Result<Value, Failure> {
    let part = |i: usize| call.text(i).to_text().into_owned();
    let api_version = part(0);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let key = ResourceKey::new(group, part(1), part(2), part(3));
    let found = state(call).and_then(|state| state.lookup(&key));
    Ok(match found {
        Some(object) => Value::from(&object.to_value()),
        None => Map::new().into(),
    })
}
