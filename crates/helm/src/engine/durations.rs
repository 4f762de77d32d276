//! Helm 4's functions about spans of time.

use std::any::Any;

use tautline_gotemplate::{Call, Failure, Functions, Host, Kind, Signature, Str, Type, Value};
use tautline_grammar::Duration;

const ANY: Signature = Signature::fixed(&[Type::Any]);

pub(super) fn add(functions: &mut Functions) {
    functions
        .add("mustToDuration", ANY, |call| Ok(Value::host(Span(nanos(call.arg(0)).map_err(Failure::new)?))));
    let scaled: [(&str, f64); 5] = [
        ("durationSeconds", 1e9),
        ("durationMinutes", 6e10),
        ("durationHours", 3.6e12),
        ("durationDays", 3.6e12),
        ("durationWeeks", 3.6e12),
    ];
    for (name, unit) in scaled {
        functions.add(name, ANY, move |call| {
            let n = nanos(call.arg(0)).unwrap_or(0);
            // Go adds the whole units and the rest, each as a float.
            let whole = n / (unit as i64);
            let value = whole as f64 + (n % (unit as i64)) as f64 / unit;
            Ok(Value::Float(match name {
                "durationDays" => value / 24.0,
                "durationWeeks" => value / 24.0 / 7.0,
                _ => value,
            }))
        });
    }
    for (name, unit) in
        [("durationMilliseconds", 1_000_000), ("durationMicroseconds", 1_000), ("durationNanoseconds", 1)]
    {
        functions.add(name, ANY, move |call| Ok(Value::int64(nanos(call.arg(0)).unwrap_or(0) / unit)));
    }
    functions.add("durationRoundTo", Signature::fixed(&[Type::Any, Type::Any]), |call| to(call, round));
    functions.add("durationTruncateTo", Signature::fixed(&[Type::Any, Type::Any]), |call| to(call, truncate));
}

fn to(call: &mut Call<'_>, step: fn(i64, i64) -> i64) -> Result<Value, Failure> {
    let span = match (nanos(call.arg(0)), nanos(call.arg(1))) {
        (Err(_), _) => 0,
        (Ok(span), Err(_)) => span,
        (Ok(span), Ok(multiple)) => step(span, multiple),
    };
    Ok(Value::host(Span(span)))
}

fn truncate(span: i64, multiple: i64) -> i64 {
    if multiple <= 0 { span } else { span - span % multiple }
}

/// To the nearest multiple, halves away from zero.
fn round(span: i64, multiple: i64) -> i64 {
    if multiple <= 0 {
        return span;
    }
    let rest = span % multiple;
    let down = span - rest;
    let is_up = rest.unsigned_abs() >= multiple.unsigned_abs().div_ceil(2);
    match (is_up, span < 0) {
        (false, _) => down,
        (true, false) => down.checked_add(multiple).unwrap_or(i64::MAX),
        (true, true) => down.checked_sub(multiple).unwrap_or(i64::MIN),
    }
}

/// Text with units, or a number of seconds in any form.
fn nanos(value: &Value) -> Result<i64, String> {
    if let Some(span) = value.as_host::<Span>() {
        return Ok(span.0);
    }
    match value {
        Value::NoValue | Value::Nil => Err("invalid duration".to_owned()),
        Value::String(text) => {
            let text = text.to_text();
            let trimmed = text.trim();
            if trimmed.is_empty() {
                return Err("empty duration".to_owned());
            }
            if let Ok(span) = trimmed.parse::<Duration>() {
                return Ok(span.nanos());
            }
            match trimmed.parse::<f64>() {
                Ok(seconds) => float(seconds),
                Err(_) => Err(format!("could not parse duration {text:?}")),
            }
        }
        other => match (other.as_signed(), other.as_unsigned(), other.as_float()) {
            (Some(n), _, _) => {
                n.checked_mul(1_000_000_000).ok_or_else(|| format!("duration seconds overflow: {n}"))
            }
            (_, Some(n), _) => i64::try_from(n)
                .ok()
                .and_then(|n| n.checked_mul(1_000_000_000))
                .ok_or_else(|| format!("duration seconds overflow: {n}")),
            (_, _, Some(n)) => float(n),
            _ => Err(format!("unsupported duration type {}", other.type_name())),
        },
    }
}

fn float(seconds: f64) -> Result<i64, String> {
    if !seconds.is_finite() {
        return Err(format!("invalid duration seconds: {seconds}"));
    }
    if seconds.abs() > i64::MAX as f64 / 1e9 {
        return Err(format!("duration seconds overflow: {seconds}"));
    }
    Ok((seconds * 1e9) as i64)
}

/// Go's `time.Duration`.
#[derive(Debug)]
struct Span(i64);

impl Host for Span {
    fn type_name(&self) -> &str {
        "time.Duration"
    }

    fn kind(&self) -> Kind {
        Kind::Int64
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        let known = ["String", "Seconds", "Minutes", "Hours", "Milliseconds", "Microseconds", "Nanoseconds"];
        known.contains(&name).then_some(Signature::fixed(&[]))
    }

    fn call(&self, name: &str, _call: &mut Call<'_>) -> Result<Value, Failure> {
        let float = |unit: i64| Value::Float((self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64);
        Ok(match name {
            "Seconds" => float(1_000_000_000),
            "Minutes" => float(60_000_000_000),
            "Hours" => float(3_600_000_000_000),
            "Milliseconds" => Value::int64(self.0 / 1_000_000),
            "Microseconds" => Value::int64(self.0 / 1_000),
            "Nanoseconds" => Value::int64(self.0),
            _ => Duration::from_nanos(self.0).to_string().into(),
        })
    }

    fn text(&self) -> Option<Str> {
        Some(Duration::from_nanos(self.0).to_string().into())
    }

    fn to_json(&self) -> Option<Value> {
        Some(Value::int64(self.0))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
