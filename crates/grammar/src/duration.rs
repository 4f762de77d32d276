//! [`Duration`]: `1h30m`, as Go 1.26's `time.ParseDuration` reads and `Duration.String` prints it.

use std::fmt;
use std::str::FromStr;

/// A span of time in nanoseconds, possibly negative; about 292 years at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

/// Why text is no Go duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is not a sequence of numbers with units.
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    /// A number has no unit.
    #[error("time: missing unit in duration {0:?}")]
    NoUnit(String),
    /// No such unit.
    #[error("time: unknown unit {unit:?} in duration {text:?}")]
    Unit {
        /// The unit.
        unit: String,
        /// The whole text.
        text: String,
    },
}

impl Duration {
    /// A span of so many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The span for the standard library, if it is not negative.
    pub fn to_std(self) -> Option<std::time::Duration> {
        u64::try_from(self.0).ok().map(std::time::Duration::from_nanos)
    }
}

impl From<std::time::Duration> for Duration {
    fn from(duration: std::time::Duration) -> Self {
        Self(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Nanoseconds of a unit.
fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(text.to_owned());
        let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (part, after) = component(rest, text)?;
            total = total.checked_add(part).filter(|n| *n <= 1 << 63).ok_or_else(invalid)?;
            rest = after;
        }
        if text.starts_with('-') {
            return Ok(Self(0_i64.wrapping_sub_unsigned(total)));
        }
        i64::try_from(total).map(Self).map_err(|_| invalid())
    }
}

/// One number with its unit, in nanoseconds, and what follows.
fn component<'a>(rest: &'a str, text: &str) -> Result<(u64, &'a str), DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let digits_end = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, after) = rest.split_at(digits_end(rest));
    let (fraction, after) = match after.strip_prefix('.') {
        Some(after) => after.split_at(digits_end(after)),
        None => ("", after),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let name_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
    let (name, after) = after.split_at(name_end);
    if name.is_empty() {
        return Err(DurationError::NoUnit(text.to_owned()));
    }
    let scale =
        unit(name).ok_or_else(|| DurationError::Unit { unit: name.to_owned(), text: text.to_owned() })?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
    let whole = whole.checked_mul(scale).ok_or_else(invalid)?;
    Ok((whole.checked_add(part_of(fraction, scale)).ok_or_else(invalid)?, after))
}

/// A decimal fraction of a unit, cut to nanoseconds in floating point as Go does it.
fn part_of(fraction: &str, scale: u64) -> u64 {
    let (mut value, mut divisor) = (0_u64, 1.0_f64);
    for digit in fraction.bytes().map(|b| u64::from(b - b'0')) {
        match value.checked_mul(10).and_then(|v| v.checked_add(digit)).filter(|v| *v <= 1 << 63) {
            Some(longer) => value = longer,
            None => break,
        }
        divisor *= 10.0;
    }
    (value as f64 * (scale as f64 / divisor)) as u64
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0s");
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let text = match nanos {
            0..1_000 => format!("{nanos}ns"),
            1_000..1_000_000 => decimal(nanos, 1_000, "µs"),
            1_000_000..1_000_000_000 => decimal(nanos, 1_000_000, "ms"),
            _ => {
                let seconds = nanos / 1_000_000_000;
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                let rest = decimal(nanos % 60_000_000_000, 1_000_000_000, "s");
                match (hours, minutes) {
                    (0, 0) => rest,
                    (0, m) => format!("{m}m{rest}"),
                    (h, m) => format!("{h}h{m}m{rest}"),
                }
            }
        };
        f.pad(&format!("{sign}{text}"))
    }
}

fn decimal(n: u64, scale: u64, unit: &str) -> String {
    let digits = scale.ilog10() as usize;
    let fraction = format!("{:0digits$}", n % scale);
    match fraction.trim_end_matches('0') {
        "" => format!("{}{unit}", n / scale),
        fraction => format!("{}.{fraction}{unit}", n / scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: &str) {
        let got = text.parse::<Duration>().map_or_else(|e| e.to_string(), |d| d.to_string());
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn as_go() {
        check("1h30m", "1h30m0s");
        check("90s", "1m30s");
        check("1.5h", "1h30m0s");
        check("-1.5s", "-1.5s");
        check("100ms", "100ms");
        check("1500us", "1.5ms");
        check("1µs", "1µs");
        check("0", "0s");
        check(".5s", "500ms");
        check("+5m", "5m0s");
        check("9223372036854775807ns", "2562047h47m16.854775807s");
        check("-9223372036854775808ns", "-2562047h47m16.854775808s");
        check("", "time: invalid duration \"\"");
        check("3", "time: missing unit in duration \"3\"");
        check("1d", "time: unknown unit \"d\" in duration \"1d\"");
        check("s", "time: invalid duration \"s\"");
        check("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\"");
        check("3000000h", "time: invalid duration \"3000000h\"");
    }

    proptest! {
        #[test]
        fn printing_reads_back(nanos in any::<i64>()) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(duration.to_string().parse::<Duration>().unwrap(), duration);
        }
    }
}
