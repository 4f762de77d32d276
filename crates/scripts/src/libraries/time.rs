//! `os.time` and `os.date`, at the moment that the caller names. The zone is UTC.

use std::cell::Cell;
use std::rc::Rc;

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, ZonedDateTime};
use mlua::{Lua, Table, Value};
use tautline_core::Timestamp;

use super::{Text, Whole};

pub(super) fn library(lua: &Lua, now: &Rc<Cell<Timestamp>>) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    let moment = Rc::clone(now);
    let time = move |_: &Lua, fields: Option<Table>| match fields {
        None => Ok(moment.get().seconds()),
        Some(fields) => seconds(&fields),
    };
    library.set("time", lua.create_function(time)?)?;
    let moment = Rc::clone(now);
    let date = move |lua: &Lua, (format, at): (Option<Text>, Option<Whole>)| {
        let format = match format {
            Some(Text(format)) => format.to_str()?.to_owned(),
            None => "%c".to_owned(),
        };
        date(lua, &format, at.map_or(moment.get().seconds(), |at| at.0))
    };
    library.set("date", lua.create_function(date)?)?;
    library
        .set("difftime", lua.create_function(|_, (a, b): (f64, Option<f64>)| Ok(a - b.unwrap_or(0.0)))?)?;
    Ok(library)
}

fn outside<E>(_: E) -> mlua::Error {
    mlua::Error::runtime("time out of range")
}

/// Seconds since 1970 of a table of fields; a thirteenth month is the next January.
fn seconds(fields: &Table) -> mlua::Result<i64> {
    let field = |name: &str, default: Option<i64>| match fields.get::<Value>(name)? {
        Value::Nil => {
            default.ok_or_else(|| mlua::Error::runtime(format!("field '{name}' missing in date table")))
        }
        value => whole(value),
    };
    let year = i16::try_from(field("year", None)?).map_err(outside)?;
    let months = field("month", None)?.saturating_sub(1);
    let days = field("day", None)?.saturating_sub(1);
    let rest = field("hour", Some(12))?.saturating_mul(3600);
    let rest = rest.saturating_add(field("min", Some(0))?.saturating_mul(60));
    let rest = rest.saturating_add(field("sec", Some(0))?);
    let start = DateTime::new(year, 1, 1, 0, 0, 0, 0).map_err(outside)?;
    let calendar = Span::new().try_months(months).and_then(|span| span.try_days(days)).map_err(outside)?;
    let clock = Span::new().try_seconds(rest).map_err(outside)?;
    let moment = start.checked_add(calendar).and_then(|day| day.checked_add(clock)).map_err(outside)?;
    Ok(moment.to_zoned_datetime(TimeZone::UTC).map_err(outside)?.timestamp().as_second())
}

fn date(lua: &Lua, format: &str, at: i64) -> mlua::Result<Value> {
    let format = format.strip_prefix('!').unwrap_or(format);
    let moment = jiff::Timestamp::from_second(at).map_err(outside)?.to_zoned_datetime(TimeZone::UTC);
    if format.starts_with("*t") {
        return fields(lua, &moment).map(Value::Table);
    }
    if format.len() > 1_000 {
        return Err(mlua::Error::runtime("the format of a date is too long"));
    }
    let config = strtime::Config::new().lenient(true);
    let text =
        strtime::BrokenDownTime::from(&moment).to_string_with_config(&config, format).map_err(outside)?;
    lua.create_string(text).map(Value::String)
}

fn fields(lua: &Lua, moment: &ZonedDateTime) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("year", moment.year())?;
    table.set("month", moment.month())?;
    table.set("day", moment.day())?;
    table.set("hour", moment.hour())?;
    table.set("min", moment.minute())?;
    table.set("sec", moment.second())?;
    table.set("wday", moment.weekday().to_sunday_one_offset())?;
    table.set("yday", moment.day_of_year())?;
    table.set("isdst", false)?;
    Ok(table)
}

fn whole(value: Value) -> mlua::Result<i64> {
    match value {
        Value::Integer(number) => Ok(number),
        Value::Number(number) => Ok(number as i64),
        Value::String(text) => text.to_str()?.trim().parse().map_err(outside),
        other => Err(mlua::Error::runtime(format!("a date's fields are numbers, not {}", other.type_name()))),
    }
}
