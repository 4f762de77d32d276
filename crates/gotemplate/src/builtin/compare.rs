//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`.

use std::cmp::Ordering;

use crate::{Call, Failure, Go, Kind, Value};

/// Go's basic kinds. Only values of one kind compare, and signed with unsigned integers.
#[derive(Clone, Copy, PartialEq)]
enum Basic {
    Bool,
    Complex,
    Int,
    Float,
    String,
    Uint,
}

fn basic(value: &Value) -> Option<Basic> {
    Some(match value {
        Value::Bool(_) => Basic::Bool,
        Value::Complex(_) => Basic::Complex,
        Value::String(_) => Basic::String,
        value if value.as_signed().is_some() => Basic::Int,
        value if value.as_unsigned().is_some() => Basic::Uint,
        value if value.as_float().is_some() => Basic::Float,
        _ => return None,
    })
}

/// The order of two numbers or strings of one basic kind, or of two integers. None for NaN.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let wide = |value: &Value| value.as_signed().map(i128::from).or(value.as_unsigned().map(i128::from));
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => match (wide(a), wide(b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_float()?.partial_cmp(&b.as_float()?),
        },
    }
}

fn incompatible(a: &Value, b: &Value, go: Go) -> Failure {
    const WHAT: &str = "incompatible types for comparison";
    if go < Go::V1_26 {
        return WHAT.into();
    }
    Failure::new(format!("{WHAT}: {} and {}", a.type_name(), b.type_name()))
}

fn equal(a: &Value, b: &Value, go: Go) -> Result<bool, Failure> {
    let (kind_a, kind_b) = (basic(a), basic(b));
    if kind_a != kind_b {
        return match (kind_a, kind_b) {
            (Some(Basic::Int), Some(Basic::Uint)) | (Some(Basic::Uint), Some(Basic::Int)) => {
                Ok(order(a, b) == Some(Ordering::Equal))
            }
            _ if !a.is_nil() && !b.is_nil() => Err(incompatible(a, b, go)),
            _ => Ok(false),
        };
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Complex(a), Value::Complex(b)) => Ok(a == b),
        _ if kind_a.is_some() => Ok(order(a, b) == Some(Ordering::Equal)),
        _ => equal_others(a, b),
    }
}

/// Values of no basic kind: nil equals nil, and hosts may be the same.
fn equal_others(a: &Value, b: &Value) -> Result<bool, Failure> {
    let (kind_a, kind_b) = (a.kind(), b.kind());
    if kind_a != kind_b && kind_a != Kind::Invalid && kind_b != Kind::Invalid {
        let (type_a, type_b) = (a.type_name(), b.type_name());
        return Err(Failure::new(format!(
            "non-comparable types {}: {type_a}, {type_b}: {}",
            shown(a, b"%s")?,
            shown(b, b"%v")?
        )));
    }
    let nil = |value: &Value| match value {
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        value => value.is_nil(),
    };
    if nil(a) || nil(b) {
        return Ok(nil(a) == nil(b));
    }
    match (a, b) {
        (Value::Host(a), Value::Host(b)) if !matches!(kind_b, Kind::Map | Kind::Slice) => {
            Ok(std::sync::Arc::ptr_eq(a, b)
                || (a.type_name() == b.type_name() && a.text().is_some() && a.text() == b.text()))
        }
        _ => Err(Failure::new(format!("non-comparable type {}: {}", shown(b, b"%s")?, b.type_name()))),
    }
}

/// A value as Go's messages print it.
fn shown(value: &Value, verb: &[u8]) -> Result<crate::Str, Failure> {
    crate::format::sprintf(verb, std::slice::from_ref(value), crate::format::LIMIT)
}

fn less(a: &Value, b: &Value, go: Go) -> Result<bool, Failure> {
    const BAD: &str = "invalid type for comparison";
    let (Some(kind_a), Some(kind_b)) = (basic(a), basic(b)) else { return Err(BAD.into()) };
    let mixed = [kind_a, kind_b].iter().all(|kind| matches!(kind, Basic::Int | Basic::Uint));
    if kind_a != kind_b && !mixed {
        return Err(incompatible(a, b, go));
    }
    if matches!(kind_a, Basic::Bool | Basic::Complex) {
        return Err(BAD.into());
    }
    Ok(order(a, b) == Some(Ordering::Less))
}

fn less_or_equal(a: &Value, b: &Value, go: Go) -> Result<bool, Failure> {
    Ok(less(a, b, go)? || equal(a, b, go)?)
}

/// Whether the first argument equals any of the others.
pub(super) fn eq(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (first, others) = (call.arg(0), call.rest(1));
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if equal(first, other, call.engine.options().go)? {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

pub(super) fn ne(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok((!equal(call.arg(0), call.arg(1), call.engine.options().go)?).into())
}

pub(super) fn lt(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(less(call.arg(0), call.arg(1), call.engine.options().go)?.into())
}

pub(super) fn le(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(less_or_equal(call.arg(0), call.arg(1), call.engine.options().go)?.into())
}

pub(super) fn gt(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok((!less_or_equal(call.arg(0), call.arg(1), call.engine.options().go)?).into())
}

pub(super) fn ge(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok((!less(call.arg(0), call.arg(1), call.engine.options().go)?).into())
}
