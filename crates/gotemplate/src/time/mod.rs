//! Go's `time.Time`: moments in zones, its layouts, and its methods in templates.

mod format;
mod layout;
mod parse;
mod zone;

use std::any::Any;

use tautline_core::Timestamp;
use tautline_grammar::duration::Duration;
use tautline_grammar::time::Parts;

pub(crate) use parse::parse;
pub(crate) use zone::Zone;

use crate::{Call, Failure, Host, Number, Signature, Str, Type, Value};

/// A moment in a zone.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    /// Seconds since 1970 in UTC.
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
    pub(crate) zone: Zone,
}

/// The name of the type in templates.
pub(crate) const NAME: &str = "time.Time";

/// Seconds from 1970 back to the year 1, which is Go's zero time.
const ZERO: i64 = -62_135_596_800;

impl Time {
    /// Go's zero time: the first moment of the year 1.
    pub(crate) fn zero() -> Self {
        Self { seconds: ZERO, nanos: 0, zone: Zone::Utc }
    }

    pub(crate) fn unix(seconds: i64) -> Self {
        Self { seconds, nanos: 0, zone: Zone::Utc }
    }

    pub(crate) fn from_timestamp(time: Timestamp) -> Self {
        let nanos = time.micros().rem_euclid(1_000_000) as u32 * 1000;
        Self { seconds: time.seconds(), nanos, zone: Zone::Utc }
    }

    pub(crate) fn within(&self, zone: Zone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// A moment so much later.
    pub(crate) fn plus(&self, duration: Duration) -> Self {
        let nanos = i128::from(self.nanos) + i128::from(duration.nanos());
        let carried = nanos.div_euclid(1_000_000_000) as i64;
        Self {
            seconds: self.seconds.saturating_add(carried),
            nanos: nanos.rem_euclid(1_000_000_000) as u32,
            zone: self.zone.clone(),
        }
    }

    /// The time since an earlier moment, at most what a duration holds.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let nanos = i128::from(self.seconds - earlier.seconds) * 1_000_000_000 + i128::from(self.nanos)
            - i128::from(earlier.nanos);
        Duration::from_nanos(nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// The date and time in its zone.
    pub(crate) fn parts(&self) -> Parts {
        let (offset, _) = self.zone.at(self.seconds);
        Parts::of(Timestamp::from_seconds(self.seconds + i64::from(offset)))
    }

    fn year_day(&self) -> i64 {
        let parts = self.parts();
        let first = Parts { month: 1, day: 1, hour: 0, minute: 0, second: 0, ..parts };
        (parts.timestamp().seconds() - first.timestamp().seconds()) / 86_400 + 1
    }
}

const NONE: Signature = Signature::fixed(&[]);

impl Host for Time {
    fn type_name(&self) -> &str {
        NAME
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        Some(match name {
            "Format" => Signature::fixed(&[Type::String]),
            "Add" => Signature::fixed(&[Type::Int64]),
            "AddDate" => Signature::fixed(&[Type::Int, Type::Int, Type::Int]),
            "Before" | "After" | "Equal" | "Compare" | "Sub" => Signature::fixed(&[Type::Host(NAME)]),
            "Unix" | "UnixMilli" | "UnixMicro" | "UnixNano" | "Year" | "Month" | "Day" | "Hour"
            | "Minute" | "Second" | "Nanosecond" | "Weekday" | "YearDay" | "UTC" | "Local" | "IsZero"
            | "String" => NONE,
            _ => return None,
        })
    }

    fn call(&self, name: &str, call: &mut Call<'_>) -> Result<Value, Failure> {
        let parts = self.parts();
        let int = |n: i64| Ok(Value::Int(n));
        let nanos = |per: i128| {
            (i128::from(self.seconds) * per + i128::from(self.nanos) * per / 1_000_000_000) as i64
        };
        let other = call.arg(0).as_host::<Self>();
        let order = other.map(|o| (self.seconds, self.nanos).cmp(&(o.seconds, o.nanos)));
        match name {
            "Format" => Ok(Str::from_bytes(self.format(call.text(0).as_bytes())).into()),
            "Add" => Ok(Value::host(self.plus(Duration::from_nanos(call.int(0))))),
            "AddDate" => Ok(Value::host(self.add_date(call.int(0), call.int(1), call.int(2)))),
            "Before" => Ok(order.is_some_and(std::cmp::Ordering::is_lt).into()),
            "After" => Ok(order.is_some_and(std::cmp::Ordering::is_gt).into()),
            "Equal" => Ok(order.is_some_and(std::cmp::Ordering::is_eq).into()),
            "Compare" => int(order.map_or(0, |order| order as i64)),
            "Sub" => Ok(Value::host(Named::duration(other.map_or(Duration::default(), |o| self.since(o))))),
            "Unix" => Ok(Value::int64(self.seconds)),
            "UnixMilli" => Ok(Value::int64(nanos(1000))),
            "UnixMicro" => Ok(Value::int64(nanos(1_000_000))),
            "UnixNano" => Ok(Value::int64(nanos(1_000_000_000))),
            "Year" => int(parts.year),
            "Month" => Ok(Value::host(Named::month(parts.month))),
            "Day" => int(parts.day.into()),
            "Hour" => int(parts.hour.into()),
            "Minute" => int(parts.minute.into()),
            "Second" => int(parts.second.into()),
            "Nanosecond" => int(self.nanos.into()),
            "Weekday" => Ok(Value::host(Named::weekday(parts.weekday()))),
            "YearDay" => int(self.year_day()),
            "UTC" | "Local" => Ok(Value::host(self.within(Zone::Utc))),
            "IsZero" => Ok((self.seconds == ZERO && self.nanos == 0).into()),
            _ => Ok(self.shown().into()),
        }
    }

    fn text(&self) -> Option<Str> {
        Some(self.shown().into())
    }

    fn to_json(&self) -> Option<Value> {
        let text = self.format(b"2006-01-02T15:04:05.999999999Z07:00");
        Some(Str::from_bytes(text).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Time {
    fn shown(&self) -> String {
        String::from_utf8(self.format(b"2006-01-02 15:04:05.999999999 -0700 MST")).unwrap_or_default()
    }

    /// Years, months and days later; what overflows carries on.
    fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let parts = self.parts();
        let months =
            parts.year.saturating_add(years).saturating_mul(12) + i64::from(parts.month) - 1 + months;
        let first =
            Parts { year: months.div_euclid(12), month: months.rem_euclid(12) as u32 + 1, day: 1, ..parts };
        let later = i64::from(parts.day) - 1 + days;
        let local = first.timestamp().seconds().saturating_add(later.saturating_mul(86_400));
        Self { seconds: self.zone.to_utc(local), nanos: self.nanos, zone: self.zone.clone() }
    }
}

/// A number with a name: a month, a weekday, a duration.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    type_name: &'static str,
    text: String,
    number: i64,
}

impl Named {
    fn month(month: u32) -> Self {
        let text = format::MONTHS.get(month as usize - 1).copied().unwrap_or_default();
        Self { type_name: "time.Month", text: text.to_owned(), number: month.into() }
    }

    fn weekday(day: u32) -> Self {
        let text = format::DAYS.get(day as usize).copied().unwrap_or_default();
        Self { type_name: "time.Weekday", text: text.to_owned(), number: day.into() }
    }

    fn duration(duration: Duration) -> Self {
        Self { type_name: "time.Duration", text: duration.to_string(), number: duration.nanos() }
    }
}

impl Host for Named {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn kind(&self) -> crate::Kind {
        if self.type_name == "time.Duration" { crate::Kind::Int64 } else { crate::Kind::Int }
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        let duration = matches!(name, "Seconds" | "Minutes" | "Hours" | "Milliseconds" | "Nanoseconds");
        (name == "String" || (duration && self.type_name == "time.Duration")).then_some(NONE)
    }

    fn call(&self, name: &str, _: &mut Call<'_>) -> Result<Value, Failure> {
        let float = |nanos: f64| Ok(Value::Float(self.number as f64 / nanos));
        match name {
            "Seconds" => float(1e9),
            "Minutes" => float(60e9),
            "Hours" => float(3600e9),
            "Milliseconds" => Ok(Number::Int64(self.number / 1_000_000).into()),
            "Nanoseconds" => Ok(Number::Int64(self.number).into()),
            _ => Ok(self.text.as_str().into()),
        }
    }

    fn text(&self) -> Option<Str> {
        Some(self.text.as_str().into())
    }

    fn to_json(&self) -> Option<Value> {
        Some(Value::int64(self.number))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
