//! One run of one script in a world of its own.

use std::collections::BTreeMap;

use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, MultiValue, StdLib, Value};
use tautline_core::{Object, Timestamp};

use crate::error::ScriptError;
use crate::limits::{Limits, Meter};
use crate::{concat, convert, libraries};

/// Runs a script with the object as `obj` and hands its last answer to `read`.
pub(crate) fn run<R>(
    source: &str,
    object: &Object,
    now: Timestamp,
    limits: &Limits,
    read: impl FnOnce(Value) -> Result<R, ScriptError>,
) -> Result<R, ScriptError> {
    run_with(source, object, &BTreeMap::new(), now, limits, read)
}

/// Runs a script with the object as `obj` and parameters as `actionParams`.
pub(crate) fn run_with<R>(
    source: &str,
    object: &Object,
    parameters: &BTreeMap<String, String>,
    now: Timestamp,
    limits: &Limits,
    read: impl FnOnce(Value) -> Result<R, ScriptError>,
) -> Result<R, ScriptError> {
    if source.len() > limits.source {
        return Err(ScriptError::TooLong { bytes: source.len(), limit: limits.source });
    }
    let failed = |error: mlua::Error| ScriptError::from_lua(&error);
    let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH;
    let lua = Lua::new_with(libraries, LuaOptions::default()).map_err(failed)?;
    lua.globals().set("obj", convert::table(&lua, object.as_map()).map_err(failed)?).map_err(failed)?;
    if !parameters.is_empty() {
        let given = parameters.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let table = lua.create_table_from(given).map_err(failed)?;
        lua.globals().set("actionParams", table).map_err(failed)?;
    }
    let meter = Meter::new(limits);
    libraries::install(&lua, &meter, now).map_err(failed)?;
    lua.set_memory_limit(lua.used_memory().saturating_add(limits.memory)).map_err(failed)?;
    meter.watch(&lua).map_err(failed)?;
    let answer = call(&lua, source);
    lua.remove_hook();
    if meter.is_spent() {
        return Err(ScriptError::Exhausted);
    }
    read(answer.map_err(failed)?.into_iter().next_back().unwrap_or(Value::Nil))
}

fn call(lua: &Lua, source: &str) -> mlua::Result<MultiValue> {
    let text = concat::rewrite(source.as_bytes()).map_err(mlua::Error::external)?;
    lua.load(text).set_name("=script").set_mode(ChunkMode::Text).into_function()?.call::<MultiValue>(())
}
