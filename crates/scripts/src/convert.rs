//! Objects as tables.

use mlua::{Lua, Table, Value as LuaValue};
use tautline_core::{Map, Value};

use crate::error::ScriptError;
use crate::number;

/// How deep an object may be.
const DEPTH: u32 = 128;

/// A map as a table.
pub(crate) fn table(lua: &Lua, map: &Map) -> mlua::Result<Table> {
    map_table(lua, map, 0)
}

fn map_table(lua: &Lua, map: &Map, depth: u32) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, map.len())?;
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        table.raw_set(key.as_str(), to_lua(lua, value, depth + 1)?)?;
    }
    Ok(table)
}

/// A value for Lua: null is nil, whole numbers are integers.
fn to_lua(lua: &Lua, value: &Value, depth: u32) -> mlua::Result<LuaValue> {
    if depth > DEPTH {
        let text = format!("the object is more than {DEPTH} levels deep, too deep for a script");
        return Err(mlua::Error::external(ScriptError::Shape(text)));
    }
    if let Some(map) = value.as_map() {
        return map_table(lua, map, depth).map(LuaValue::Table);
    }
    if let Some(list) = value.as_list() {
        let table = lua.create_table_with_capacity(list.len(), 0)?;
        for (index, item) in list.iter().enumerate().filter(|(_, item)| !item.is_null()) {
            table.raw_set(index + 1, to_lua(lua, item, depth + 1)?)?;
        }
        return Ok(LuaValue::Table(table));
    }
    if let Some(text) = value.as_str() {
        return lua.create_string(text).map(LuaValue::String);
    }
    Ok(match (value.as_bool(), value.as_f64()) {
        (Some(truth), _) => LuaValue::Boolean(truth),
        (None, Some(number)) => number::to_lua(number),
        (None, None) => LuaValue::Nil,
    })
}
