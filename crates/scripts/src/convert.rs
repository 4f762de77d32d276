//! Objects as tables.

use mlua::{IntoLua, Lua, Table, Value as LuaValue};
use tautline_core::{Map, Value};

use crate::error::ScriptError;

/// How deep an object may be.
const DEPTH: u32 = 128;

/// A map as a table.
pub(crate) fn table(lua: &Lua, map: &Map) -> mlua::Result<Table> {
    map_table(lua, map, 0)
}

fn map_table(lua: &Lua, map: &Map, depth: u32) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, map.len())?;
    for (key, value) in map.iter() {
        put(lua, &table, key.as_str(), value, depth + 1)?;
    }
    Ok(table)
}

/// A value from Lua. An empty table is a list where there was one `before` at its place, else a map; a table whose
/// keys are 1, 2, 3 … is a list.
pub(crate) fn from_lua(value: &LuaValue, before: Option<&Value>) -> Result<Value, ScriptError> {
    read(value, before, 0)
}

fn read(value: &LuaValue, before: Option<&Value>, depth: u32) -> Result<Value, ScriptError> {
    if depth > DEPTH {
        return Err(ScriptError::Shape(format!("the answer is more than {DEPTH} levels deep")));
    }
    Ok(match value {
        LuaValue::Nil => Value::Null,
        LuaValue::Boolean(truth) => Value::Bool(*truth),
        LuaValue::Integer(number) => Value::from(*number),
        LuaValue::Number(number) => number_of(*number)?,
        LuaValue::String(text) => Value::string(text.to_string_lossy()),
        LuaValue::Table(table) => return read_table(table, before, depth),
        other => return Err(ScriptError::Shape(format!("an object cannot hold a {}", other.type_name()))),
    })
}

fn read_table(table: &Table, before: Option<&Value>, depth: u32) -> Result<Value, ScriptError> {
    let failed = |error: mlua::Error| ScriptError::from_lua(&error);
    let length = table.raw_len();
    let was_list = before.is_some_and(|before| before.as_list().is_some());
    if length > 0 || was_list && table.is_empty() {
        let items = before.and_then(Value::as_list);
        let values = (1..=length).map(|index| {
            let item: LuaValue = table.raw_get(index).map_err(failed)?;
            read(&item, items.and_then(|items| items.get(index - 1)), depth + 1)
        });
        return Ok(Value::from(values.collect::<Result<Vec<Value>, _>>()?));
    }
    let mut map = Map::new();
    for pair in table.pairs::<LuaValue, LuaValue>() {
        let (key, value) = pair.map_err(failed)?;
        let LuaValue::String(key) = key else {
            return Err(ScriptError::Shape("an object's fields must be named by text".to_owned()));
        };
        let key = key.to_string_lossy();
        let value = read(&value, before.and_then(|before| before.get(&key)), depth + 1)?;
        map.insert(key.as_str(), value);
    }
    Ok(Value::Map(map))
}

/// Every number of gopher-lua is a float: a whole one is an integer of the object.
fn number_of(number: f64) -> Result<Value, ScriptError> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    if !number.is_finite() {
        return Err(ScriptError::Shape(format!("an object cannot hold the number {number}")));
    }
    if number.fract() == 0.0 && number.abs() <= LARGEST {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small enough, as was just seen")]
        return Ok(Value::from(number as i64));
    }
    Ok(Value::from(number))
}

/// Puts a value into a table: null is nil, every number is a float.
fn put(lua: &Lua, table: &Table, key: impl IntoLua, value: &Value, depth: u32) -> mlua::Result<()> {
    if depth > DEPTH {
        let text = format!("the object is more than {DEPTH} levels deep, too deep for a script");
        return Err(mlua::Error::external(ScriptError::Shape(text)));
    }
    match value {
        Value::Null => Ok(()),
        // Straight to its place: a text or number with a handle of its own takes longer.
        Value::String(text) => table.raw_set(key, text.as_str()),
        Value::Bool(truth) => table.raw_set(key, *truth),
        Value::Int(_) | Value::Float(_) => table.raw_set(key, value.as_f64()),
        Value::Map(map) => table.raw_set(key, map_table(lua, map, depth)?),
        Value::List(list) => {
            let items = lua.create_table_with_capacity(list.len(), 0)?;
            for (index, item) in list.iter().enumerate() {
                put(lua, &items, index + 1, item, depth + 1)?;
            }
            table.raw_set(key, items)
        }
    }
}
