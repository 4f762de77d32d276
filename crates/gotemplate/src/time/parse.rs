//! Reading times by layout, as `time.ParseInLocation(layout, text, time.Local)` does.

use tautline_grammar::time::Parts;

use super::format::{DAYS, MONTHS};
use super::layout::{OffsetSize, Part, next};
use super::{Time, Zone};
use crate::format::quote;

/// What has been read.
#[derive(Default)]
struct Read {
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    pm: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone_name: String,
}

/// Why a part could not be read.
enum Bad {
    /// It is not there.
    Part,
    /// It is, and is too large.
    Range(&'static str),
}

/// Reads a time; the error is Go's message.
pub(crate) fn parse(layout: &[u8], text: &[u8]) -> Result<Time, String> {
    let wrong = |part: &[u8], value: &[u8], message: &str| {
        let whole = format!("parsing time {} as {}", quote(text), quote(layout));
        if message.is_empty() {
            format!("{whole}: cannot parse {} as {}", quote(value), quote(part))
        } else {
            format!("parsing time {}{message}", quote(text))
        }
    };
    let (mut read, mut rest, mut value) = (Read::default(), layout, text);
    loop {
        let found = next(rest);
        let prefix = found.map_or(rest, |(start, ..)| &rest[..start]);
        value = skip(value, prefix).map_err(|left| wrong(prefix, left, ""))?;
        let Some((start, part, end)) = found else { break };
        let after = &rest[end..];
        match read.part(part, value, after) {
            Ok(left) => value = left,
            Err(Bad::Part) => return Err(wrong(&rest[start..end], value, "")),
            Err(Bad::Range(what)) => {
                return Err(wrong(&rest[start..end], value, &format!(": {what} out of range")));
            }
        }
        rest = after;
    }
    if !value.is_empty() {
        return Err(wrong(b"", value, &format!(": extra text: {}", quote(value))));
    }
    read.time().map_err(|what| wrong(b"", b"", &format!(": {what}")))
}

/// Skips text that must be there; a space stands for any number of them.
fn skip<'v>(mut value: &'v [u8], mut prefix: &[u8]) -> Result<&'v [u8], &'v [u8]> {
    while let Some((first, rest)) = prefix.split_first() {
        if *first == b' ' {
            if value.first().is_some_and(|b| *b != b' ') {
                return Err(value);
            }
            prefix = trim_spaces(prefix);
            value = trim_spaces(value);
            continue;
        }
        match value.split_first() {
            Some((byte, left)) if byte == first => value = left,
            _ => return Err(value),
        }
        prefix = rest;
    }
    Ok(value)
}

fn trim_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|b| **b == b' ').count()..]
}

/// A number of one or two digits, or exactly so many.
fn digits(value: &[u8], most: usize, exact: bool) -> Result<(u32, &[u8]), Bad> {
    let count = value.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    if count == 0 || (exact && count < most) {
        return Err(Bad::Part);
    }
    let number = value[..count].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    Ok((number, &value[count..]))
}

fn name<'v>(value: &'v [u8], names: &[&str], short: bool) -> Result<(u32, &'v [u8]), Bad> {
    names
        .iter()
        .enumerate()
        .find_map(|(i, name)| {
            let name = if short { &name[..3] } else { name };
            let head = value.get(..name.len())?;
            head.eq_ignore_ascii_case(name.as_bytes()).then_some((i as u32, &value[name.len()..]))
        })
        .ok_or(Bad::Part)
}

impl Read {
    fn part<'v>(&mut self, part: Part, value: &'v [u8], after: &[u8]) -> Result<&'v [u8], Bad> {
        let limited = |(number, rest): (u32, &'v [u8]), end: u32, what| {
            if number < end { Ok((number, rest)) } else { Err(Bad::Range(what)) }
        };
        let rest;
        match part {
            Part::Year => {
                let (year, left) = digits(value, 2, true)?;
                self.year = i64::from(year) + if year >= 69 { 1900 } else { 2000 };
                rest = left;
            }
            Part::LongYear => {
                let (year, left) = digits(value, 4, true)?;
                (self.year, rest) = (year.into(), left);
            }
            Part::Month | Part::LongMonth => {
                let (month, left) = name(value, &MONTHS, part == Part::Month)?;
                (self.month, rest) = (Some(month + 1), left);
            }
            Part::NumMonth | Part::ZeroMonth => {
                let (month, left) = digits(value, 2, part == Part::ZeroMonth)?;
                if !(1..=12).contains(&month) {
                    return Err(Bad::Range("month"));
                }
                (self.month, rest) = (Some(month), left);
            }
            Part::Weekday | Part::LongWeekday => rest = name(value, &DAYS, part == Part::Weekday)?.1,
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                let value =
                    if part == Part::UnderDay { value.strip_prefix(b" ").unwrap_or(value) } else { value };
                let (day, left) = digits(value, 2, part == Part::ZeroDay)?;
                (self.day, rest) = (Some(day), left);
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                let under = part == Part::UnderYearDay;
                let value = if under {
                    &value[value.iter().take(2).take_while(|b| **b == b' ').count()..]
                } else {
                    value
                };
                let (day, left) = digits(value, 3, !under)?;
                (self.year_day, rest) = (Some(day), left);
            }
            Part::Hour => (self.hour, rest) = limited(digits(value, 2, false)?, 24, "hour")?,
            Part::Hour12 | Part::ZeroHour12 => {
                (self.hour, rest) = limited(digits(value, 2, part == Part::ZeroHour12)?, 13, "hour")?;
            }
            Part::Minute | Part::ZeroMinute => {
                (self.minute, rest) = limited(digits(value, 2, part == Part::ZeroMinute)?, 60, "minute")?;
            }
            Part::Second | Part::ZeroSecond => {
                let (second, left) = limited(digits(value, 2, part == Part::ZeroSecond)?, 60, "second")?;
                self.second = second;
                rest = self.unasked_fraction(left, after);
            }
            Part::UpperPm | Part::LowerPm => {
                let lower = part == Part::LowerPm;
                let (pm, am): (&[u8], &[u8]) = if lower { (b"pm", b"am") } else { (b"PM", b"AM") };
                self.pm = Some(value.starts_with(pm));
                let found = value.strip_prefix(pm).or_else(|| value.strip_prefix(am));
                rest = found.ok_or(Bad::Part)?;
            }
            Part::Offset { z, colons, size } => rest = self.offset(value, z, colons, size)?,
            Part::ZoneName => rest = self.zone(value)?,
            Part::Fraction { digits: count, trimmed: false, .. } => {
                let (nanos, left) = fraction(value, Some(count)).ok_or(Bad::Part)?;
                (self.nanos, rest) = (nanos, left);
            }
            Part::Fraction { .. } => match fraction(value, None) {
                Some((nanos, left)) => (self.nanos, rest) = (nanos, left),
                None => rest = value,
            },
        }
        Ok(rest)
    }

    /// A fraction after the seconds is read even where the layout has none.
    fn unasked_fraction<'v>(&mut self, value: &'v [u8], after: &[u8]) -> &'v [u8] {
        if let Some((_, Part::Fraction { .. }, _)) = next(after) {
            return value;
        }
        match fraction(value, None) {
            Some((nanos, rest)) => {
                self.nanos = nanos;
                rest
            }
            None => value,
        }
    }

    fn offset<'v>(
        &mut self,
        value: &'v [u8],
        z: bool,
        colons: bool,
        size: OffsetSize,
    ) -> Result<&'v [u8], Bad> {
        if let Some(rest) = value.strip_prefix(b"Z").filter(|_| z) {
            self.utc = true;
            return Ok(rest);
        }
        let (sign, mut rest) = value.split_first().ok_or(Bad::Part)?;
        let mut numbers = [0; 3];
        let count = match size {
            OffsetSize::Hours => 1,
            OffsetSize::Minutes => 2,
            OffsetSize::Seconds => 3,
        };
        for (i, number) in numbers.iter_mut().take(count).enumerate() {
            if i > 0 && colons {
                rest = rest.strip_prefix(b":").ok_or(Bad::Part)?;
            }
            (*number, rest) = digits(rest, 2, true)?;
        }
        let limits =
            [(24, "time zone offset hour"), (60, "time zone offset minute"), (60, "time zone offset second")];
        if let Some((_, (_, what))) = numbers.iter().zip(limits).find(|(n, (most, _))| **n > *most) {
            return Err(Bad::Range(what));
        }
        let offset = ((numbers[0] * 60 + numbers[1]) * 60 + numbers[2]) as i32;
        self.offset = Some(match sign {
            b'+' => offset,
            b'-' => -offset,
            _ => return Err(Bad::Part),
        });
        Ok(rest)
    }

    /// An abbreviation: `UTC`, `GMT+3`, `+03`, or three or four capitals.
    fn zone<'v>(&mut self, value: &'v [u8]) -> Result<&'v [u8], Bad> {
        if let Some(rest) = value.strip_prefix(b"UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let signed = |from: usize| {
            let digits =
                value.get(from + 1..).unwrap_or(&[]).iter().take_while(|b| b.is_ascii_digit()).count();
            let hours =
                std::str::from_utf8(value.get(from + 1..from + 1 + digits)?).ok()?.parse::<u32>().ok()?;
            (hours < 24 && matches!(value[from], b'+' | b'-')).then_some(from + 1 + digits)
        };
        let capitals = value.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count();
        let len = if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
            Some(4)
        } else if value.starts_with(b"GMT") {
            Some(value.get(3).and_then(|_| signed(3)).unwrap_or(3))
        } else if matches!(value.first(), Some(b'+' | b'-')) {
            signed(0)
        } else {
            match capitals {
                5 if value[4] == b'T' => Some(5),
                4 if value[3] == b'T' || value.starts_with(b"WITA") => Some(4),
                3 => Some(3),
                _ => None,
            }
        };
        let len = len.filter(|len| *len >= 3).ok_or(Bad::Part)?;
        self.zone_name = String::from_utf8_lossy(&value[..len]).into_owned();
        Ok(&value[len..])
    }

    fn time(mut self) -> Result<Time, &'static str> {
        match self.pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        if let Some(mut left) = self.year_day {
            if left < 1 || left > 365 + u32::from(leap) {
                return Err("day-of-year out of range");
            }
            let mut month = 1;
            for length in &lengths {
                if left <= *length {
                    break;
                }
                left -= length;
                month += 1;
            }
            if self.month.is_some_and(|m| m != month) {
                return Err("day-of-year does not match month");
            }
            if self.day.is_some_and(|d| d != left) {
                return Err("day-of-year does not match day");
            }
            (self.month, self.day) = (Some(month), Some(left));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > lengths[month as usize - 1] {
            return Err("day out of range");
        }
        let parts =
            Parts { year: self.year, month, day, hour: self.hour, minute: self.minute, second: self.second };
        let mut seconds = parts.timestamp().seconds();
        let zone = match (self.utc, self.offset) {
            (true, _) => Zone::Utc,
            (false, Some(offset)) => {
                seconds -= i64::from(offset);
                let same = offset == 0 && (self.zone_name.is_empty() || self.zone_name == "UTC");
                if same { Zone::Utc } else { Zone::Fixed(self.zone_name, offset) }
            }
            (false, None) if self.zone_name.is_empty() => Zone::Utc,
            (false, None) => {
                // A name that the local zone does not know counts as UTC, except for GMT+3 and the like.
                let hours = self.zone_name.strip_prefix("GMT").and_then(|h| h.parse::<i32>().ok());
                Zone::Fixed(self.zone_name, hours.unwrap_or(0) * 3600)
            }
        };
        Ok(Time { seconds, nanos: self.nanos, zone })
    }
}

/// A point or comma and digits, as nanoseconds: exactly so many digits, or as many as there are.
fn fraction(value: &[u8], count: Option<usize>) -> Option<(u32, &[u8])> {
    let (_, rest) = value.split_first().filter(|(first, _)| matches!(first, b'.' | b','))?;
    let found = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let count = count.unwrap_or(found);
    if count == 0 || found < count {
        return None;
    }
    let nanos = rest.iter().take(count).chain(std::iter::repeat(&b'0')).take(9);
    Some((nanos.fold(0, |n, b| n * 10 + u32::from(b - b'0')), &rest[count..]))
}
