//! Dates. `now` is the run's moment, and using it is noted; the local zone is UTC.

use tautline_grammar::duration::Duration;

use super::{ANY, S, fixed, made, made_bytes};
use crate::functions::{Entry, Native, Type};
use crate::time::{self, Time, Zone};
use crate::{Call, Failure, Number, Value};

const T: Type = Type::Host(time::NAME);

pub(super) const FUNCTIONS: &[Entry] = &[
    ("now", fixed(&[]), |call| Ok(Value::host(now(call, "now")))),
    ("ago", fixed(&[ANY]), ago),
    ("date", fixed(&[S, ANY]), |call| formatted(call, "date", 0, Some(1), None)),
    ("date_in_zone", fixed(&[S, ANY, S]), DATE_IN_ZONE),
    ("dateInZone", fixed(&[S, ANY, S]), DATE_IN_ZONE),
    ("htmlDate", fixed(&[ANY]), |call| formatted(call, "htmlDate", 0, None, None)),
    ("htmlDateInZone", fixed(&[ANY, S]), |call| formatted(call, "htmlDateInZone", 0, None, Some(1))),
    ("date_modify", fixed(&[S, T]), |call| modified(call, false)),
    ("dateModify", fixed(&[S, T]), |call| modified(call, false)),
    ("must_date_modify", fixed(&[S, T]), |call| modified(call, true)),
    ("mustDateModify", fixed(&[S, T]), |call| modified(call, true)),
    ("toDate", fixed(&[S, S]), |call| Ok(Value::host(to_date(call).unwrap_or_else(|_| Time::zero())))),
    ("mustToDate", fixed(&[S, S]), |call| Ok(Value::host(to_date(call)?))),
    ("unixEpoch", fixed(&[T]), |call| {
        let seconds = call.arg(0).as_host::<Time>().map_or(0, |time| time.seconds);
        made(call, seconds.to_string())
    }),
    ("duration", fixed(&[ANY]), |call| {
        let seconds = match call.arg(0) {
            Value::String(text) => text.as_str().and_then(|t| t.parse::<i64>().ok()).unwrap_or(0),
            Value::Number(Number::Int64(n)) => *n,
            _ => 0,
        };
        made(call, Duration::from_nanos(seconds.wrapping_mul(1_000_000_000)).to_string())
    }),
    ("durationRound", fixed(&[ANY]), duration_round),
];

const DATE_IN_ZONE: Native = |call| formatted(call, "dateInZone", 0, Some(1), Some(2));

fn now(call: &mut Call<'_>, function: &'static str) -> Time {
    call.engine.warn(function, "not deterministic: it reads the clock");
    Time::from_timestamp(call.engine.now())
}

/// The time of an argument; what is no time is now.
fn time_of(call: &mut Call<'_>, function: &'static str, i: usize) -> Time {
    let value = call.arg(i);
    if let Some(time) = value.as_host::<Time>() {
        return time.clone();
    }
    match value {
        Value::Int(n) | Value::Number(Number::Int64(n)) => Time::unix(*n),
        Value::Number(Number::Int32(n)) => Time::unix((*n).into()),
        _ => now(call, function),
    }
}

/// Prints a time. Without a layout argument it is HTML's date, without a zone argument UTC.
fn formatted(
    call: &mut Call<'_>,
    function: &'static str,
    first: usize,
    time: Option<usize>,
    zone: Option<usize>,
) -> Result<Value, Failure> {
    let moment = time_of(call, function, time.unwrap_or(first));
    let layout = if time.is_some() { call.text(first).as_bytes() } else { b"2006-01-02" };
    let zone = zone.and_then(|i| Zone::load(&call.text(i).to_text())).unwrap_or(Zone::Utc);
    let text = moment.within(zone).format(layout);
    made_bytes(call, text)
}

fn modified(call: &mut Call<'_>, must: bool) -> Result<Value, Failure> {
    let time = call.arg(1).as_host::<Time>().cloned().unwrap_or_else(Time::zero);
    match call.text(0).to_text().parse::<Duration>() {
        Ok(duration) => Ok(Value::host(time.plus(duration))),
        Err(error) if must => Err(error.to_string().into()),
        Err(_) => Ok(Value::host(time)),
    }
}

fn to_date(call: &Call<'_>) -> Result<Time, Failure> {
    time::parse(call.text(0).as_bytes(), call.text(1).as_bytes()).map_err(Failure::new)
}

/// The time since a moment, in whole seconds.
fn ago(call: &mut Call<'_>) -> Result<Value, Failure> {
    let then = match call.arg(0) {
        Value::Number(Number::Int32(_)) => now(call, "ago"),
        _ => time_of(call, "ago", 0),
    };
    let nanos = now(call, "ago").since(&then).nanos();
    const SECOND: i64 = 1_000_000_000;
    let rest = nanos % SECOND;
    let up = if rest.abs() * 2 >= SECOND { SECOND * rest.signum() } else { 0 };
    made(call, Duration::from_nanos((nanos - rest).saturating_add(up)).to_string())
}

/// The largest unit that a duration holds more than one of.
fn duration_round(call: &mut Call<'_>) -> Result<Value, Failure> {
    let duration = match call.arg(0) {
        Value::String(text) => text.to_text().parse().unwrap_or_default(),
        Value::Number(Number::Int64(n)) => Duration::from_nanos(*n),
        value => match value.as_host::<Time>().cloned() {
            Some(then) => now(call, "durationRound").since(&then),
            None => Duration::default(),
        },
    };
    const SECOND: u64 = 1_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (SECOND * 3600 * 24 * 365, "y"),
        (SECOND * 3600 * 24 * 30, "mo"),
        (SECOND * 3600 * 24, "d"),
        (SECOND * 3600, "h"),
        (SECOND * 60, "m"),
        (SECOND, "s"),
    ];
    let nanos = duration.nanos().unsigned_abs();
    let found = UNITS.iter().find(|(unit, _)| nanos > *unit);
    made(call, found.map_or("0s".to_owned(), |(unit, name)| format!("{}{name}", nanos / unit)))
}
