//! spf13/cast: anything to a number, zero where it is none.

use crate::parse::{parse_float, parse_int};
use crate::{Number, Value};

/// `cast.ToInt64`: floats are cut, text is read with base prefixes (`010` is 8), true is 1.
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Bool(b) => i64::from(*b),
        Value::Float(n) => cut(*n),
        Value::Number(Number::Float32(n)) => cut((*n).into()),
        Value::String(text) => text.as_str().and_then(|text| parse_int(without_zeros(text))).unwrap_or(0),
        value => value.as_signed().or_else(|| value.as_unsigned().map(|n| n as i64)).unwrap_or(0),
    }
}

/// `cast.ToInt`: the same, as an `int`.
pub(super) fn to_int(value: &Value) -> i64 {
    to_int64(value)
}

/// `cast.ToFloat64`.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(text) => text.as_str().and_then(parse_float).unwrap_or(0.0),
        value => value
            .as_float()
            .or_else(|| value.as_signed().map(|n| n as f64))
            .or_else(|| value.as_unsigned().map(|n| n as f64))
            .unwrap_or(0.0),
    }
}

/// What Go's conversion gives on the machines Helm runs on: beyond the range it is the smallest integer.
fn cut(n: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&n) { n as i64 } else { i64::MIN }
}

/// `1.00` without its empty fraction.
fn without_zeros(text: &str) -> &str {
    let trimmed = text.trim_end_matches('0');
    match trimmed.strip_suffix('.') {
        Some(whole) if trimmed.len() < text.len() => whole,
        _ => text,
    }
}
