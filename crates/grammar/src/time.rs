//! RFC 3339 for [`Timestamp`], as Kubernetes' `Time` (seconds) and `MicroTime` (microseconds) print it.

use tautline_core::Timestamp;

/// Why text is no RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no RFC 3339 time: {what}; write it like 2006-01-02T15:04:05Z")]
pub struct TimeError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Reads an RFC 3339 time, as Go 1.26's `time.Parse(time.RFC3339, …)` does: any zone offset, any number of
/// fraction digits (cut to microseconds), capital `T` and `Z`.
pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
    scan(text).map_err(|what| TimeError { text: text.chars().take(64).collect(), what })
}

/// Prints whole seconds in UTC: `2006-01-02T15:04:05Z`.
pub fn seconds(time: Timestamp) -> String {
    format!("{}Z", civil(time))
}

/// Prints microseconds in UTC: `2006-01-02T15:04:05.000000Z`.
pub fn micros(time: Timestamp) -> String {
    format!("{}.{:06}Z", civil(time), time.micros().rem_euclid(1_000_000))
}

/// A moment taken apart in UTC. [`Parts::of`] and [`Parts::timestamp`] are inverse to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The year, proleptic Gregorian.
    pub year: i64,
    /// The month, 1 to 12.
    pub month: u32,
    /// The day of the month, 1 to 31.
    pub day: u32,
    /// The hour, 0 to 23.
    pub hour: u32,
    /// The minute, 0 to 59.
    pub minute: u32,
    /// The second, 0 to 59.
    pub second: u32,
}

impl Parts {
    /// Takes a moment apart; parts of a second are dropped.
    pub fn of(time: Timestamp) -> Self {
        let (days, rest) = (time.seconds().div_euclid(86_400), time.seconds().rem_euclid(86_400) as u32);
        // Howard Hinnant's civil-from-days: eras of 400 years that begin in March.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: month as u32,
            day: (day_of_year - (153 * march_month + 2) / 5 + 1) as u32,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }

    /// The moment. Parts beyond their range carry over.
    pub fn timestamp(&self) -> Timestamp {
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        Timestamp::from_seconds(days(self.year, self.month, self.day) * 86_400 + seconds)
    }

    /// The day of the week: 0 is Sunday.
    pub fn weekday(&self) -> u32 {
        (days(self.year, self.month, self.day) + 4).rem_euclid(7) as u32
    }

    /// How many days the month has.
    pub fn days_in_month(&self) -> u32 {
        days_in_month(self.year, self.month)
    }
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01: the inverse of the computation in [`Parts::of`].
fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = i64::from((month + 9) % 12);
    let day_of_year = (153 * march_month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(time: Timestamp) -> String {
    let Parts { year, month, day, hour, minute, second } = Parts::of(time);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

fn scan(text: &str) -> Result<Timestamp, &'static str> {
    let shape = "it has not that form";
    let number = |range: std::ops::Range<usize>| -> Result<u32, &'static str> {
        let digits = text.get(range).ok_or(shape)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(shape);
        }
        digits.parse().map_err(|_| shape)
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !separators.iter().all(|(at, byte)| text.as_bytes().get(*at) == Some(byte)) {
        return Err(shape);
    }
    let parts = Parts {
        year: number(0..4)?.into(),
        month: number(5..7)?,
        day: number(8..10)?,
        hour: number(11..13)?,
        minute: number(14..16)?,
        second: number(17..19)?,
    };
    if !(1..=12).contains(&parts.month) {
        return Err("the month is out of range");
    }
    if parts.day < 1 || parts.day > parts.days_in_month() {
        return Err("the day is out of range");
    }
    if parts.hour > 23 || parts.minute > 59 || parts.second > 59 {
        return Err("the time of day is out of range");
    }
    let (fraction, zone) = fraction(text.get(19..).unwrap_or_default())?;
    Ok(Timestamp::from_micros(parts.timestamp().micros() + fraction - offset(zone)? * 1_000_000))
}

/// Microseconds, and what follows them.
fn fraction(rest: &str) -> Result<(i64, &str), &'static str> {
    let Some(digits) = rest.strip_prefix(['.', ',']) else {
        return Ok((0, rest));
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, zone) = digits.split_at(end);
    if digits.is_empty() {
        return Err("the fraction has no digits");
    }
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    Ok((six.parse().unwrap_or(0), zone))
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Result<i64, &'static str> {
    if zone == "Z" {
        return Ok(0);
    }
    let wrong = "the zone is neither Z nor an offset like +02:00";
    let (sign, rest) = match zone.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong),
    };
    let (hours, minutes) = rest.split_once(':').ok_or(wrong)?;
    let number = |text: &str, max: i64| {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|n| plain && *n <= max).ok_or(wrong)
    };
    Ok(sign * (number(hours, 23)? * 3600 + number(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: &str) {
        let got = parse(text).map_or_else(|e| e.what.to_owned(), micros);
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn reading() {
        check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z");
        check("2024-02-29T23:59:59.123456789+02:00", "2024-02-29T21:59:59.123456Z");
        check("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z");
        check("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z");
        check("2023-02-29T00:00:00Z", "the day is out of range");
        check("2023-13-01T00:00:00Z", "the month is out of range");
        check("2023-01-01T24:00:00Z", "the time of day is out of range");
        check("2023-01-01t00:00:00Z", "it has not that form");
        check("2023-01-01T00:00:00", "the zone is neither Z nor an offset like +02:00");
        check("2023-01-01", "it has not that form");
    }

    #[test]
    fn weekdays() {
        assert_eq!(Parts::of(Timestamp::default()).weekday(), 4);
        assert_eq!(seconds(Timestamp::from_seconds(1_700_000_000)), "2023-11-14T22:13:20Z");
    }

    proptest! {
        #[test]
        fn printing_reads_back(us in -62_135_596_800_000_000_i64..253_402_300_799_000_000) {
            let time = Timestamp::from_micros(us);
            prop_assert_eq!(parse(&micros(time)).unwrap(), time);
            prop_assert_eq!(Parts::of(time).timestamp().seconds(), time.seconds());
        }
    }
}
