//! `index`, `slice`, `len`.

use crate::exec::zero;
use crate::{Call, Failure, Kind, List, Number, Str, Value};

/// A place in a list, at most `cap`.
fn place(index: &Value, cap: usize) -> Result<usize, Failure> {
    let number = match (index.as_signed(), index.as_unsigned()) {
        (Some(n), _) => n,
        (_, Some(n)) => n as i64,
        _ if index.is_nil() => return Err("cannot index slice/array with nil".into()),
        _ => return Err(format!("cannot index slice/array with type {}", index.type_name()).into()),
    };
    let fits = usize::try_from(number).ok().filter(|n| *n <= cap);
    fits.ok_or_else(|| Failure::new(format!("index out of range: {number}")))
}

/// The type's name; of a pointer, that of what it points at.
fn pointed_at(value: &Value) -> String {
    value.type_name().trim_start_matches('*').to_owned()
}

fn beyond() -> Failure {
    Failure::new("reflect: slice index out of range")
}

/// An entry of a map, list or string, and so on inwards.
pub(super) fn index(call: &mut Call<'_>) -> Result<Value, Failure> {
    let mut item = call.arg(0).clone();
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    for index in call.rest(1) {
        item = one(&item, index)?;
    }
    Ok(item)
}

fn one(item: &Value, index: &Value) -> Result<Value, Failure> {
    Ok(match item {
        Value::NoValue | Value::Nil => return Err("index of nil pointer".into()),
        Value::List(list) => {
            let at = place(index, list.len())?;
            list.get(at).cloned().ok_or_else(beyond)?
        }
        Value::String(text) => {
            let at = place(index, text.len())?;
            let byte = text.as_bytes().get(at).ok_or(Failure::new("reflect: string index out of range"))?;
            Number::Uint8(*byte).into()
        }
        Value::Bytes(bytes) => {
            let at = place(index, bytes.len())?;
            Number::Uint8(*bytes.get(at).ok_or_else(beyond)?).into()
        }
        Value::Map(map) => {
            let key = key(index)?;
            map.get(key.as_bytes()).unwrap_or_else(|| zero(map.elem()))
        }
        Value::Host(host) if host.kind() == Kind::Map => {
            host.field(&key(index)?.to_text()).unwrap_or_else(|| host.zero())
        }
        Value::Host(host) if host.kind() == Kind::Slice => {
            let entries = host.entries();
            let at = place(index, entries.len())?;
            entries.into_iter().nth(at).map(|(_, v)| v).ok_or_else(beyond)?
        }
        other => return Err(format!("can't index item of type {}", pointed_at(other)).into()),
    })
}

fn key(index: &Value) -> Result<Str, Failure> {
    match index {
        Value::String(key) => Ok(key.clone()),
        value if value.is_nil() => Err("value is nil; should be of type string".into()),
        other => Err(format!("value has type {}; should be string", other.type_name()).into()),
    }
}

/// A part of a list or string.
pub(super) fn slice(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (item, indexes) = (call.arg(0), call.rest(1));
    if item.is_nil() {
        return Err("slice of untyped nil".into());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let len = match item {
        Value::String(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::String(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Bytes(bytes) => bytes.len(),
        other => return Err(format!("can't slice item of type {}", pointed_at(other)).into()),
    };
    let mut places = [0, len, len];
    for (at, index) in places.iter_mut().zip(indexes) {
        *at = place(index, len)?;
    }
    for pair in places[..indexes.len().max(2)].windows(2) {
        if pair[0] > pair[1] {
            return Err(format!("invalid slice index: {} > {}", pair[0], pair[1]).into());
        }
    }
    let (from, to) = (places[0], places[1]);
    Ok(match item {
        Value::String(text) => text.slice(from, to).into(),
        Value::Bytes(bytes) => Value::Bytes(bytes[from..to].into()),
        Value::List(list) => List::typed(list.elem(), list[from..to].to_vec()).into(),
        _ => Value::Nil,
    })
}

/// Bytes of a string, entries of a list or map.
pub(super) fn len(call: &mut Call<'_>) -> Result<Value, Failure> {
    let len = match call.arg(0) {
        Value::String(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Map(map) => map.len(),
        Value::Host(host) if matches!(host.kind(), Kind::Map | Kind::Slice) => host.entries().len(),
        Value::Nil => return Err("len of nil pointer".into()),
        Value::NoValue => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        other => return Err(format!("len of type {}", pointed_at(other)).into()),
    };
    Ok(Value::Int(len as i64))
}
