//! What a plain scalar stands for.

use crate::read::Resolver;

/// What a plain scalar stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Nothing: `~`, `null`, empty.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer beyond 63 bits.
    Unsigned(u64),
    /// Any other number, infinities and NaN included.
    Float(f64),
    /// A date or moment. Text to v2, which says so only when it writes.
    Timestamp,
    /// Text.
    String,
}

/// Resolves a plain scalar as go-yaml does: v2 in front of JSON, or v3.
pub fn resolve(text: &str, resolver: Resolver) -> Scalar {
    let Some(first) = text.bytes().next() else {
        return Scalar::Null;
    };
    match first {
        b'0'..=b'9' | b'+' | b'-' => number(text),
        b'.' => match word(text, resolver) {
            Some(scalar) => scalar,
            None => float(text).map_or(Scalar::String, Scalar::Float),
        },
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            word(text, resolver).unwrap_or(Scalar::String)
        }
        _ => Scalar::String,
    }
}

/// Whether a scalar that starts with this byte can be anything but text.
pub(crate) fn may_resolve(first: u8) -> bool {
    matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.' | b'~')
        || matches!(first.to_ascii_lowercase(), b'y' | b'n' | b't' | b'f' | b'o')
}

fn word(text: &str, resolver: Resolver) -> Option<Scalar> {
    const LONGEST: usize = "false".len();
    if text.len() > LONGEST {
        return None;
    }
    Some(match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if resolver == Resolver::V2 => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if resolver == Resolver::V2 => {
            Scalar::Bool(false)
        }
        _ => return None,
    })
}

fn number(text: &str) -> Scalar {
    if let Some(number) = plain_integer(text.as_bytes()) {
        return Scalar::Int(number);
    }
    if let Some(infinite) = word(text, Resolver::V3) {
        return infinite;
    }
    if is_timestamp(text) {
        return Scalar::Timestamp;
    }
    let plain = if text.contains('_') { text.replace('_', "") } else { text.to_owned() };
    if let Some(scalar) = integer(&plain) {
        return scalar;
    }
    if is_float(&plain)
        && let Some(n) = float(&plain)
    {
        return Scalar::Float(n);
    }
    Scalar::String
}

/// Most numbers: a few decimal digits.
#[inline]
fn plain_integer(text: &[u8]) -> Option<i64> {
    match text {
        [b'0'] => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.len() < 18 => text.iter().try_fold(0, |number: i64, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        }),
        _ => None,
    }
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Scalar> {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = |at: usize| unsigned.as_bytes().get(at).map(u8::to_ascii_lowercase);
    let (digits, radix) = match (lower(0), lower(1)) {
        (Some(b'0'), Some(b'x')) => (unsigned.get(2..)?, 16),
        (Some(b'0'), Some(b'o')) => (unsigned.get(2..)?, 8),
        (Some(b'0'), Some(b'b')) => (unsigned.get(2..)?, 2),
        (Some(b'0'), Some(_)) => (unsigned.get(1..)?, 8),
        _ => (unsigned, 10),
    };
    // `from_str_radix` would take a second sign.
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return (magnitude <= 1 << 63).then(|| Scalar::Int(0_i64.wrapping_sub_unsigned(magnitude)));
    }
    match i64::try_from(magnitude) {
        Ok(n) => Some(Scalar::Int(n)),
        // ParseUint takes no sign.
        Err(_) if !text.starts_with('+') => Some(Scalar::Unsigned(magnitude)),
        Err(_) => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

/// Go's `strconv.ParseFloat` for decimal text: out of range is no number.
fn float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// Whether text is a timestamp to go-yaml: a date, or date and time, of real months and days.
pub(crate) fn is_timestamp(text: &str) -> bool {
    timestamp(text).is_some()
}

/// Date, time of day with seconds, fraction digits and zone, if text is a timestamp.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp<'_>> {
    let year = text.get(..4).filter(|y| y.bytes().all(|b| b.is_ascii_digit()))?;
    let rest = text.get(4..)?.strip_prefix('-')?;
    let (month, rest) = two_digits(rest)?;
    let (day, rest) = two_digits(rest.strip_prefix('-')?)?;
    let year: u32 = year.parse().ok()?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > days {
        return None;
    }
    let date = Timestamp { year, month, day, clock: (0, 0, 0), fraction: "", zone: "Z" };
    if rest.is_empty() {
        return Some(date);
    }
    let zoned = !rest.starts_with(' ');
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    // Go's layout 15 takes one or two digits; so do 4 and 5.
    let (hour, rest) = two_digits(rest)?;
    let (minute, rest) = two_digits(rest.strip_prefix(':')?)?;
    let (second, rest) = two_digits(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
        Some(tail) => tail.split_at(tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len())),
        None => ("", rest),
    };
    let zone = if zoned { zone(rest)? } else { rest.is_empty().then_some("Z")? };
    Some(Timestamp { clock: (hour, minute, second), fraction, zone, ..date })
}

/// A timestamp's parts.
pub(crate) struct Timestamp<'a> {
    year: u32,
    month: u32,
    day: u32,
    clock: (u32, u32, u32),
    fraction: &'a str,
    zone: &'a str,
}

impl Timestamp<'_> {
    /// RFC 3339, as Go prints a time in JSON.
    pub(crate) fn rfc3339(&self) -> String {
        let (hour, minute, second) = self.clock;
        let fraction = self.fraction.get(..9).unwrap_or(self.fraction).trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        let zone = if self.zone == "+00:00" || self.zone == "-00:00" { "Z" } else { self.zone };
        let (year, month, day) = (self.year, self.month, self.day);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}")
    }
}

fn two_digits(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(length);
    Some((digits.parse().ok()?, rest))
}

fn zone(text: &str) -> Option<&str> {
    if text == "Z" {
        return Some(text);
    }
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let within = |part: &str, max: u32| {
        part.len() == 2
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse().is_ok_and(|n: u32| n <= max)
    };
    (within(hours, 24) && within(minutes, 60)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2() {
        let check = |text: &str, expect: Scalar| assert_eq!(resolve(text, Resolver::V2), expect, "{text}");
        check("0644", Scalar::Int(420));
        check("0o14", Scalar::Int(12));
        check("-0x1F", Scalar::Int(-31));
        check("0b101", Scalar::Int(5));
        check("08", Scalar::Float(8.0));
        check("1_000", Scalar::Int(1000));
        check("-9223372036854775808", Scalar::Int(i64::MIN));
        check("9223372036854775808", Scalar::Unsigned(1 << 63));
        check("+9223372036854775808", Scalar::Float(9_223_372_036_854_775_808.0));
        check("12e03", Scalar::Float(12_000.0));
        check("1e400", Scalar::String);
        check("0x", Scalar::String);
        check("+-1", Scalar::String);
        check("1:30", Scalar::String);
        check("-", Scalar::String);
        check("._", Scalar::String);
        check("on", Scalar::Bool(true));
        check("oN", Scalar::String);
        check("<<", Scalar::String);
        check("2024-02-30", Scalar::String);
        check("2024-2-3", Scalar::Timestamp);
        check("2024-02-03 04:05:06", Scalar::Timestamp);
        check("2024-02-03T04:05:06.5+02:00", Scalar::Timestamp);
        check("2024-02-03T04:05:06", Scalar::String);
    }

    #[test]
    fn v3_keeps_words() {
        assert_eq!(resolve("yes", Resolver::V3), Scalar::String);
        assert_eq!(resolve("TRUE", Resolver::V3), Scalar::Bool(true));
        assert_eq!(timestamp("2020-1-2").unwrap().rfc3339(), "2020-01-02T00:00:00Z");
    }
}
