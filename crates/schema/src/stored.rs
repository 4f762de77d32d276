//! An object as the API server's Go type reads and prints it again.

use tautline_core::{Key, List, Map, Value};

use crate::quantity;
use crate::types::{Format, Presence, TypeKind, TypeRef};

/// What a value is after Go read it into its type and printed it: unknown fields gone, nulls and empty values
/// as the struct tags say, numbers and quantities in their one form. `None` stands for nothing.
pub(crate) fn stored(value: &Value, of: TypeRef<'_>) -> Result<Option<Value>, String> {
    if of.is_compiled() {
        return match value {
            Value::Map(map) => stored_struct(map, of).map(Some),
            _ => Ok(None),
        };
    }
    Ok(match (of.kind(), value) {
        // An int-or-string that is nobody's is printed as zero by its owner, see `Presence::Always`.
        (TypeKind::IntOrString | TypeKind::Any, Value::Null) => None,
        (_, Value::Null) => None,
        (TypeKind::List, Value::List(items)) => Some(stored_list(items, of)?),
        (TypeKind::Object, Value::Map(map)) => match of.additional() {
            Some(of) if !of.is_untyped() => Some(stored_map(map, of)?),
            _ => Some(value.clone()),
        },
        (TypeKind::Quantity, value) => Some(stored_quantity(value)?),
        (TypeKind::IntOrString, Value::Float(n)) if n.fract() != 0.0 => {
            return Err(format!("json: cannot unmarshal number {n} into Go value of type int32"));
        }
        (TypeKind::Integer, Value::Float(n)) if n.fract() != 0.0 => {
            let size = if of.format() == Format::Int32 { "int32" } else { "int64" };
            return Err(format!("cannot convert float64 to {size}"));
        }
        (TypeKind::Integer, Value::Float(n)) if n.fract() == 0.0 && n.abs() < 9e15 => {
            Some(Value::Int(*n as i64))
        }
        (TypeKind::String, Value::String(text)) if of.format() == Format::MicroTime => {
            check_time(text, "2006-01-02T15:04:05.000000Z07:00")?;
            Some(value.clone())
        }
        (TypeKind::String, Value::String(text)) if of.format() == Format::DateTime => {
            check_time(text, "2006-01-02T15:04:05Z07:00")?;
            Some(value.clone())
        }
        (TypeKind::String, Value::String(text)) if of.format() == Format::Byte => {
            check_base64(text)?;
            Some(Value::from(text.replace(['\n', '\r'], "")))
        }
        _ => Some(value.clone()),
    })
}

fn stored_struct(map: &Map, of: TypeRef<'_>) -> Result<Value, String> {
    let mut out: Vec<(Key, Value)> = Vec::with_capacity(map.len() + 1);
    let mut given = map.iter().peekable();
    for field in of.fields() {
        // Both are sorted: what comes before is not declared, and goes.
        while given.next_if(|(key, _)| *key < field.name).is_some() {}
        let value = given.next_if(|(key, _)| *key == field.name).map(|(_, value)| value);
        let value = value.map(|value| stored(value, field.of)).transpose()?.flatten();
        let kept = match (field.presence, value) {
            (Presence::Always, value) => Some(value.unwrap_or_else(|| field.of.zero_field())),
            (Presence::UnlessZero, Some(value)) if is_zero(&value) => None,
            (_, value) => value,
        };
        out.extend(kept.map(|value| (field.name.clone(), value)));
    }
    Ok(shared(map, out))
}

/// The map itself where nothing of it is otherwise, so that it keeps its place in memory.
fn shared(map: &Map, out: Vec<(Key, Value)>) -> Value {
    let stays =
        out.len() == map.len() && map.iter().zip(&out).all(|((a, old), (b, new))| a == b && old.is_same(new));
    Value::Map(if stays { map.clone() } else { out.into_iter().collect() })
}

fn stored_list(items: &List, of: TypeRef<'_>) -> Result<Value, String> {
    let Some(of) = of.items() else { return Ok(Value::List(items.clone())) };
    let out = items.iter().map(|item| Ok(stored(item, of)?.unwrap_or_else(|| zero_element(of))));
    let out = out.collect::<Result<Vec<Value>, String>>()?;
    let stays = items.iter().zip(&out).all(|(old, new)| old.is_same(new));
    Ok(Value::List(if stays { items.clone() } else { out.into() }))
}

fn stored_map(map: &Map, of: TypeRef<'_>) -> Result<Value, String> {
    let entries = map
        .iter()
        .map(|(key, value)| Ok((key.clone(), stored(value, of)?.unwrap_or_else(|| zero_element(of)))));
    Ok(shared(map, entries.collect::<Result<Vec<(Key, Value)>, String>>()?))
}

/// What null becomes among others of its type.
fn zero_element(of: TypeRef<'_>) -> Value {
    match of.kind() {
        TypeKind::Object if of.is_compiled() => of.zero(),
        TypeKind::String if of.format() == Format::Byte => Value::Null,
        TypeKind::String => Value::from(""),
        TypeKind::Integer | TypeKind::Number => Value::Int(0),
        TypeKind::Boolean => Value::Bool(false),
        TypeKind::Quantity => Value::from("0"),
        _ => Value::Null,
    }
}

pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Int(n) => *n == 0,
        Value::Float(n) => *n == 0.0,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
    }
}

fn stored_quantity(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_json(),
    };
    match quantity::canonical(&text) {
        Some(text) => Ok(Value::from(text)),
        None if text.is_empty() => Ok(Value::from("0")),
        None => {
            Err("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                .to_owned())
        }
    }
}

/// Go's time parser, as far as its messages go: it names the first part of the layout that does not match.
fn check_time(text: &str, layout: &str) -> Result<(), String> {
    let parts = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];
    let failed = |rest: &str, part: &str| {
        Err(format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}"))
    };
    let mut rest = text;
    for part in parts {
        let digits = part.starts_with(|c: char| c.is_ascii_digit());
        let next = rest.get(..part.len()).filter(|head| match digits {
            true => head.bytes().all(|b| b.is_ascii_digit()),
            false => *head == part,
        });
        if next.is_none() {
            return failed(rest, part);
        }
        rest = rest.get(part.len()..).unwrap_or_default();
    }
    if layout.contains(".000000") {
        let fraction =
            rest.get(..7).filter(|f| f.starts_with('.') && f.bytes().skip(1).all(|b| b.is_ascii_digit()));
        if fraction.is_none() {
            return failed(rest, ".000000");
        }
    }
    Ok(())
}

/// Standard base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * i) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if i <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// Go's strict standard base64: line breaks are skipped, anything else must be whole groups of four.
fn check_base64(text: &str) -> Result<(), String> {
    let illegal =
        |at: usize| Err(format!("error decoding from json: illegal base64 data at input byte {at}"));
    let bytes: Vec<(usize, u8)> =
        text.bytes().enumerate().filter(|(_, b)| *b != b'\n' && *b != b'\r').collect();
    for (group_at, group) in bytes.chunks(4).enumerate() {
        let last = (group_at + 1) * 4 >= bytes.len();
        for (i, (at, byte)) in group.iter().enumerate() {
            let padding = *byte == b'=' && last && i >= 2 && group.iter().skip(i).all(|(_, b)| *b == b'=');
            if padding && group.len() == 4 {
                break;
            }
            if !(byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == b'/') {
                return illegal(*at);
            }
        }
        if group.len() < 4 {
            return illegal(group.first().map_or(text.len(), |(at, _)| *at));
        }
    }
    Ok(())
}

/// Protocol buffers, in which built-in kinds are stored, know no empty lists.
pub(crate) fn empty_to_null(value: &mut Value, of: TypeRef<'_>) {
    match value {
        Value::Map(map) => {
            let keys: Vec<Key> = map.keys().cloned().collect();
            for key in keys {
                let (Some(field), Some(item)) = (of.field(&key), map.get_mut(&key)) else { continue };
                if field.is_untyped() {
                    continue;
                }
                let empty_list = matches!(item, Value::List(items) if items.is_empty());
                let empty_map = matches!(item, Value::Map(map) if map.is_empty())
                    && field.kind() == TypeKind::Object
                    && !field.is_compiled()
                    && field.additional().is_some_and(|of| !of.is_untyped());
                if empty_list || empty_map {
                    *item = Value::Null;
                } else {
                    empty_to_null(item, field);
                }
            }
        }
        Value::List(items) => {
            if let Some(of) = of.items().filter(|of| !of.is_untyped()) {
                items.iter_mut().for_each(|item| empty_to_null(item, of));
            }
        }
        _ => {}
    }
}
