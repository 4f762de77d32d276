//! Times of `managedFields`: RFC 3339 in whole seconds.

use tautline_core::Timestamp;

/// `2030-01-01T00:00:07Z`.
pub(crate) fn print(at: Timestamp) -> String {
    let (days, second) = (at.seconds().div_euclid(86_400), at.seconds().rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    if !(0..10_000).contains(&year) {
        return format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    }
    let mut out = *b"0000-00-00T00:00:00Z";
    let parts =
        [(year / 100, 0), (year % 100, 2), (month, 5), (day, 8), (hour, 11), (minute, 14), (second, 17)];
    for (number, at) in parts {
        let digits = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        if let Some(place) = out.get_mut(at..at + 2) {
            place.copy_from_slice(&digits);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Seconds since 1970, if the text is RFC 3339.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let at = |i: usize| text.as_bytes().get(i).copied();
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if !separators.iter().all(|(i, b)| at(*i) == Some(*b)) || !matches!(at(10), Some(b'T' | b't')) {
        return None;
    }
    let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let seconds = days * 86_400 + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let rest = text.get(19..)?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60)
        }
    };
    Some(Timestamp::from_seconds(seconds - offset))
}

/// Year, month and day of a day counted from 1970-01-01 in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of its year; an era has 400 years.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_and_parse() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2030-01-01T00:00:07Z", 1_893_456_007),
            ("2000-02-29T23:59:59Z", 951_868_799),
        ] {
            assert_eq!(print(Timestamp::from_seconds(seconds)), text);
            assert_eq!(parse(text), Some(Timestamp::from_seconds(seconds)));
        }
        assert_eq!(parse("1970-01-01T01:00:00.25+01:00"), Some(Timestamp::from_seconds(0)));
        assert_eq!(parse("yesterday"), None);
    }
}
