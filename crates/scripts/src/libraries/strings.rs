//! The `string` library, each function paying for its length.

use std::ops::Range;
use std::rc::Rc;

use mlua::{IntoLuaMulti, Lua, MultiValue, Table, Value};

use super::{Text, Whole, format};
use crate::limits::Meter;
use crate::pattern::{Capture, Matcher};

/// How many bytes `string.byte` answers at once.
const BYTES: usize = 4_000;

pub(super) fn library(lua: &Lua, meter: &Rc<Meter>) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    simple(lua, meter, &library)?;
    searching(lua, meter, &library)?;
    Ok(library)
}

fn simple(lua: &Lua, meter: &Rc<Meter>, library: &Table) -> mlua::Result<()> {
    // One function of a text's bytes: `case(name, |bytes| …)`.
    let case = |name: &str, call: fn(&[u8]) -> Vec<u8>| {
        let meter = Rc::clone(meter);
        let function = lua.create_function(move |lua, Text(text): Text| {
            meter.charge_text(text.as_bytes().len())?;
            lua.create_string(call(&text.as_bytes()))
        })?;
        library.set(name, function)
    };
    case("lower", |bytes| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => bytes.to_ascii_lowercase(),
    })?;
    case("upper", |bytes| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_uppercase().into_bytes(),
        Err(_) => bytes.to_ascii_uppercase(),
    })?;
    case("reverse", |bytes| bytes.iter().rev().copied().collect())?;
    library.set("len", lua.create_function(|_, Text(text): Text| Ok(text.as_bytes().len()))?)?;
    let own = Rc::clone(meter);
    let sub = move |lua: &Lua, (Text(text), from, to): (Text, Whole, Option<Whole>)| {
        let bytes = text.as_bytes();
        let range = range(bytes.len(), from.0, to.map_or(-1, |to| to.0));
        own.charge_text(range.len())?;
        lua.create_string(bytes.get(range).unwrap_or_default())
    };
    library.set("sub", lua.create_function(sub)?)?;
    let byte = |_: &Lua, (Text(text), from, to): (Text, Option<Whole>, Option<Whole>)| {
        let bytes = text.as_bytes();
        let from = from.map_or(1, |from| from.0);
        let range = range(bytes.len(), from, to.map_or(from, |to| to.0));
        if range.len() > BYTES {
            return Err(mlua::Error::runtime("string slice too long"));
        }
        Ok(bytes
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|b| Value::Integer((*b).into()))
            .collect::<MultiValue>())
    };
    library.set("byte", lua.create_function(byte)?)?;
    let char = |lua: &Lua, bytes: mlua::Variadic<Whole>| {
        let bytes: Option<Vec<u8>> = bytes.iter().map(|byte| u8::try_from(byte.0).ok()).collect();
        lua.create_string(bytes.ok_or_else(|| mlua::Error::runtime("value out of range"))?)
    };
    library.set("char", lua.create_function(char)?)?;
    let own = Rc::clone(meter);
    let rep = move |lua: &Lua, (Text(text), times, between): (Text, Whole, Option<Text>)| {
        let times = usize::try_from(times.0).unwrap_or(0);
        let between = between.map(|Text(between)| between.as_bytes().to_vec()).unwrap_or_default();
        let each = text.as_bytes().len().saturating_add(between.len());
        own.charge_text(each.saturating_mul(times))?;
        let mut unit = text.as_bytes().to_vec();
        unit.extend_from_slice(&between);
        let mut copies = unit.repeat(if each == 0 { 0 } else { times });
        copies.truncate(copies.len().saturating_sub(between.len()));
        lua.create_string(copies)
    };
    library.set("rep", lua.create_function(rep)?)?;
    let own = Rc::clone(meter);
    let formatted = move |lua: &Lua, (Text(text), arguments): (Text, MultiValue)| {
        lua.create_string(format::format(lua, &own, &text.as_bytes(), arguments)?)
    };
    library.set("format", lua.create_function(formatted)?)
}

fn searching(lua: &Lua, meter: &Rc<Meter>, library: &Table) -> mlua::Result<()> {
    let own = Rc::clone(meter);
    let find =
        move |lua: &Lua,
              (Text(text), Text(pattern), from, plain): (Text, Text, Option<Whole>, Option<bool>)| {
            let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
            let Some(start) = start(text.len(), from) else { return Value::Nil.into_lua_multi(lua) };
            if plain == Some(true) {
                own.charge(text.len() as u64 / 4 + pattern.len() as u64)?;
                return plain_find(&text, &pattern, start).into_lua_multi(lua);
            }
            let (pattern, anchored) = unanchored(&pattern);
            let mut matcher = Matcher::new(&text, pattern, &own);
            let Some((begin, end)) = matcher.search(start, anchored)? else {
                return Value::Nil.into_lua_multi(lua);
            };
            let mut found: Vec<Value> = vec![integer(begin + 1), integer(end)];
            found.extend(captures(lua, &text, &matcher.captures, None)?);
            Ok(found.into_iter().collect())
        };
    library.set("find", lua.create_function(find)?)?;
    let own = Rc::clone(meter);
    let matched = move |lua: &Lua, (Text(text), Text(pattern), from): (Text, Text, Option<Whole>)| {
        let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
        let Some(start) = start(text.len(), from) else { return Value::Nil.into_lua_multi(lua) };
        let (pattern, anchored) = unanchored(&pattern);
        let mut matcher = Matcher::new(&text, pattern, &own);
        match matcher.search(start, anchored)? {
            Some((begin, end)) => {
                Ok(captures(lua, &text, &matcher.captures, Some(begin..end))?.into_iter().collect())
            }
            None => Value::Nil.into_lua_multi(lua),
        }
    };
    library.set("match", lua.create_function(matched)?)?;
    let own = Rc::clone(meter);
    let gmatch =
        move |lua: &Lua, (Text(text), Text(pattern)): (Text, Text)| all_matches(lua, &own, text, pattern);
    let gmatch = lua.create_function(gmatch)?;
    library.set("gmatch", gmatch.clone())?;
    library.set("gfind", gmatch)?;
    let own = Rc::clone(meter);
    let gsub =
        move |lua: &Lua, (Text(text), Text(pattern), with, most): (Text, Text, Value, Option<Whole>)| {
            let most = most.map_or(usize::MAX, |most| usize::try_from(most.0).unwrap_or(0));
            substitute(lua, &own, &text.as_bytes(), &pattern.as_bytes(), &with, most)
        };
    library.set("gsub", lua.create_function(gsub)?)
}

fn all_matches(
    lua: &Lua,
    meter: &Rc<Meter>,
    text: mlua::LuaString,
    pattern: mlua::LuaString,
) -> mlua::Result<mlua::Function> {
    let meter = Rc::clone(meter);
    let place = std::cell::Cell::new(0_usize);
    lua.create_function(move |lua, ()| {
        let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
        let mut matcher = Matcher::new(&text, &pattern, &meter);
        if place.get() > text.len() {
            return Value::Nil.into_lua_multi(lua);
        }
        let Some((begin, end)) = matcher.search(place.get(), false)? else {
            place.set(usize::MAX);
            return Value::Nil.into_lua_multi(lua);
        };
        place.set(if end == begin { end + 1 } else { end });
        Ok(captures(lua, &text, &matcher.captures, Some(begin..end))?.into_iter().collect())
    })
}

fn substitute(
    lua: &Lua,
    meter: &Meter,
    text: &[u8],
    pattern: &[u8],
    with: &Value,
    most: usize,
) -> mlua::Result<(mlua::LuaString, usize)> {
    let (pattern, anchored) = unanchored(pattern);
    let mut matcher = Matcher::new(text, pattern, meter);
    let (mut out, mut count, mut at) = (Vec::new(), 0, 0);
    while count < most {
        let end = matcher.match_at(at)?;
        if let Some(end) = end {
            count += 1;
            let before = out.len();
            replacement(lua, text, &matcher.captures, at..end, with, &mut out)?;
            meter.charge_text(out.len())?;
            meter.charge((out.len() - before) as u64)?;
        }
        match end {
            Some(end) if end > at => at = end,
            _ if at < text.len() => {
                out.push(text[at]);
                at += 1;
            }
            _ => break,
        }
        if anchored {
            break;
        }
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    meter.charge_text(out.len())?;
    Ok((lua.create_string(out)?, count))
}

/// Appends what stands for one match: a text with `%1`, an entry of a table, or the answer of a function.
fn replacement(
    lua: &Lua,
    text: &[u8],
    found: &[Capture],
    whole: Range<usize>,
    with: &Value,
    out: &mut Vec<u8>,
) -> mlua::Result<()> {
    let original = text.get(whole.clone()).unwrap_or_default();
    let all = || captures(lua, text, found, Some(whole.clone()));
    let answer = match with {
        Value::Function(call) => call.call::<Value>(all()?.into_iter().collect::<MultiValue>())?,
        Value::Table(table) => table.get::<Value>(all()?.into_iter().next().unwrap_or(Value::Nil))?,
        Value::String(_) | Value::Integer(_) | Value::Number(_) => {
            let template: Text = mlua::FromLua::from_lua(with.clone(), lua)?;
            return expand(&template.0.as_bytes(), original, text, found, out);
        }
        other => {
            let kind = other.type_name();
            return Err(mlua::Error::runtime(format!(
                "bad argument #3 to 'gsub' (string, function or table expected, got {kind})"
            )));
        }
    };
    match answer {
        Value::Nil | Value::Boolean(false) => out.extend_from_slice(original),
        answer => {
            let Text(answer) = mlua::FromLua::from_lua(answer, lua)?;
            out.extend_from_slice(&answer.as_bytes());
        }
    }
    Ok(())
}

fn expand(
    template: &[u8],
    original: &[u8],
    text: &[u8],
    found: &[Capture],
    out: &mut Vec<u8>,
) -> mlua::Result<()> {
    let mut rest = template;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [b'0', after @ ..]) => {
                out.extend_from_slice(original);
                rest = after;
            }
            (b'%', [digit @ b'1'..=b'9', after @ ..]) => {
                let index = usize::from(digit - b'1');
                match found.get(index) {
                    Some(Capture::Range(from, to)) => out.extend_from_slice(&text[*from..*to]),
                    Some(Capture::Position(at)) => out.extend_from_slice((at + 1).to_string().as_bytes()),
                    None if index == 0 => out.extend_from_slice(original),
                    _ => return Err(mlua::Error::runtime("invalid capture index")),
                }
                rest = after;
            }
            (b'%', [other, after @ ..]) => {
                out.push(*other);
                rest = after;
            }
            _ => out.push(*first),
        }
    }
    Ok(())
}

/// The captures as values; the whole match if there are none and it is asked for.
fn captures(
    lua: &Lua,
    text: &[u8],
    found: &[Capture],
    whole: Option<Range<usize>>,
) -> mlua::Result<Vec<Value>> {
    let slice =
        |range: Range<usize>| lua.create_string(text.get(range).unwrap_or_default()).map(Value::String);
    if let (Some(whole), true) = (whole, found.is_empty()) {
        return Ok(vec![slice(whole)?]);
    }
    found
        .iter()
        .map(|capture| match capture {
            Capture::Open(_) => Err(mlua::Error::runtime("unfinished capture")),
            Capture::Position(at) => Ok(integer(at + 1)),
            Capture::Range(from, to) => slice(*from..*to),
        })
        .collect()
}

fn integer(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn unanchored(pattern: &[u8]) -> (&[u8], bool) {
    match pattern.strip_prefix(b"^") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    }
}

fn plain_find(text: &[u8], wanted: &[u8], start: usize) -> (Option<usize>, Option<usize>) {
    let rest = text.get(start..).unwrap_or_default();
    let found =
        if wanted.is_empty() { Some(0) } else { rest.windows(wanted.len()).position(|w| w == wanted) };
    (found.map(|at| start + at + 1), found.map(|at| start + at + wanted.len()))
}

/// Where a search begins; `None` beyond the end.
fn start(length: usize, from: Option<Whole>) -> Option<usize> {
    let from = from.map_or(1, |from| from.0);
    let start = if from < 0 { (length as i64 + from).max(0) } else { (from - 1).max(0) };
    usize::try_from(start).ok().filter(|start| *start <= length)
}

/// Lua's one-based, inclusive, end-relative bounds as a range of bytes.
fn range(length: usize, from: i64, to: i64) -> Range<usize> {
    let length = length as i64;
    let begin = if from < 0 { (length.saturating_add(from)).max(0) } else { from.saturating_sub(1).max(0) };
    let end = if to < 0 { length.saturating_add(to).saturating_add(1) } else { to.min(length) };
    let (begin, end) = (begin.min(length) as usize, end.clamp(0, length) as usize);
    begin..end.max(begin)
}
