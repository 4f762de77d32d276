//! What a script finds in its world.

mod format;
mod strings;
mod time;

use std::cell::Cell;
use std::rc::Rc;

use mlua::{FromLua, Function, Lua, Table, Value};
use tautline_core::Timestamp;

use crate::error::ScriptError;
use crate::limits::Meter;
use crate::number;

/// The parts of the world that are easier to say in Lua.
const PRELUDE: &str = include_str!("prelude.lua");

/// Turns a bare virtual machine into one for Argo CD's scripts. Answers the function that makes the world of one run.
pub(crate) fn install(lua: &Lua, meter: &Rc<Meter>, now: &Rc<Cell<Timestamp>>) -> mlua::Result<Function> {
    let host = lua.create_table()?;
    let own = Rc::clone(meter);
    host.set("charge", lua.create_function(move |_, steps: f64| own.charge(steps as u64))?)?;
    host.set("text", lua.create_function(|_, number: f64| Ok(number::text(number)))?)?;
    host.set(
        "message",
        lua.create_function(|_, error: mlua::Error| Ok(ScriptError::from_lua(&error).to_string()))?,
    )?;
    host.set("keys", keys(lua, meter)?)?;
    host.set("string", strings::library(lua, meter)?)?;
    host.set("os", time::library(lua, now)?)?;
    lua.load(PRELUDE).set_name("=prelude").into_function()?.call(host)
}

/// The keys of a table in an order that is the same every time.
fn keys(lua: &Lua, meter: &Rc<Meter>) -> mlua::Result<Function> {
    let meter = Rc::clone(meter);
    lua.create_function(move |lua, table: Table| {
        let mut numbers: Vec<(f64, Value)> = Vec::new();
        let mut names: Vec<mlua::LuaString> = Vec::new();
        let mut others: Vec<Value> = Vec::new();
        for pair in table.pairs::<Value, Value>() {
            meter.charge(1)?;
            match pair?.0 {
                Value::Integer(key) => numbers.push((key as f64, Value::Integer(key))),
                Value::Number(key) => numbers.push((key, Value::Number(key))),
                Value::String(key) => names.push(key),
                other => others.push(other),
            }
        }
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        names.sort_by_cached_key(|name| name.as_bytes().to_vec());
        let count = numbers.len() + names.len() + others.len();
        let order = lua.create_table_with_capacity(count, 0)?;
        let all = numbers.into_iter().map(|(_, key)| key).chain(names.into_iter().map(Value::String));
        for (index, key) in all.chain(others).enumerate() {
            order.raw_set(index + 1, key)?;
        }
        Ok((order, count))
    })
}

/// An argument that is text: a string, or a number as Argo CD's Lua writes it.
struct Text(mlua::LuaString);

impl FromLua for Text {
    fn from_lua(value: Value, lua: &Lua) -> mlua::Result<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            Value::Integer(number) => lua.create_string(number.to_string()).map(Self),
            Value::Number(number) => lua.create_string(number::text(number)).map(Self),
            other => Err(mlua::Error::runtime(format!(
                "bad argument (string expected, got {})",
                other.type_name()
            ))),
        }
    }
}

/// An argument that is a whole number; fractions are cut off, as Lua 5.1 does.
struct Whole(i64);

impl FromLua for Whole {
    fn from_lua(value: Value, _: &Lua) -> mlua::Result<Self> {
        let number = match &value {
            Value::Integer(number) => Some(*number),
            Value::Number(number) => Some(*number as i64),
            Value::String(text) => text.to_str()?.trim().parse::<f64>().ok().map(|number| number as i64),
            _ => None,
        };
        let wrong = || format!("bad argument (number expected, got {})", value.type_name());
        number.map(Self).ok_or_else(|| mlua::Error::runtime(wrong()))
    }
}
