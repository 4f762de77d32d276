//! Printing times by layout.

use super::Time;
use super::layout::{OffsetSize, Part, next};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Time {
    /// `Time.Format`.
    pub(crate) fn format(&self, layout: &[u8]) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::with_capacity(layout.len() + 10), layout);
        while let Some((start, part, end)) = next(rest) {
            out.extend_from_slice(&rest[..start]);
            out.extend_from_slice(self.part(part).as_bytes());
            rest = &rest[end..];
        }
        out.extend_from_slice(rest);
        out
    }

    fn part(&self, part: Part) -> String {
        let parts = self.parts();
        let month = MONTHS.get(parts.month as usize - 1).copied().unwrap_or_default();
        let day = DAYS.get(parts.weekday() as usize).copied().unwrap_or_default();
        let hour12 = match parts.hour % 12 {
            0 => 12,
            hour => hour,
        };
        match part {
            Part::LongMonth => month.to_owned(),
            Part::Month => month[..3].to_owned(),
            Part::NumMonth => parts.month.to_string(),
            Part::ZeroMonth => format!("{:02}", parts.month),
            Part::LongWeekday => day.to_owned(),
            Part::Weekday => day[..3].to_owned(),
            Part::Day => parts.day.to_string(),
            Part::UnderDay => format!("{:2}", parts.day),
            Part::ZeroDay => format!("{:02}", parts.day),
            Part::UnderYearDay => format!("{:3}", self.year_day()),
            Part::ZeroYearDay => format!("{:03}", self.year_day()),
            Part::Hour => format!("{:02}", parts.hour),
            Part::Hour12 => hour12.to_string(),
            Part::ZeroHour12 => format!("{hour12:02}"),
            Part::Minute => parts.minute.to_string(),
            Part::ZeroMinute => format!("{:02}", parts.minute),
            Part::Second => parts.second.to_string(),
            Part::ZeroSecond => format!("{:02}", parts.second),
            Part::LongYear if parts.year < 0 => format!("-{:04}", -parts.year),
            Part::LongYear => format!("{:04}", parts.year),
            Part::Year => format!("{:02}", parts.year.rem_euclid(100)),
            Part::UpperPm => if parts.hour >= 12 { "PM" } else { "AM" }.to_owned(),
            Part::LowerPm => if parts.hour >= 12 { "pm" } else { "am" }.to_owned(),
            Part::ZoneName => self.zone_name(),
            Part::Offset { z, colons, size } => self.offset(z, colons, size),
            Part::Fraction { digits, trimmed, separator } => self.fraction(digits, trimmed, separator),
        }
    }

    /// The zone's short name; one without a name is shown as its offset.
    fn zone_name(&self) -> String {
        let (offset, name) = self.zone.at(self.seconds);
        if !name.is_empty() {
            return name;
        }
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.abs() / 60;
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }

    fn offset(&self, z: bool, colons: bool, size: OffsetSize) -> String {
        let (offset, _) = self.zone.at(self.seconds);
        if z && offset == 0 {
            return "Z".to_owned();
        }
        let sign = if offset < 0 { '-' } else { '+' };
        let colon = if colons { ":" } else { "" };
        let seconds = offset.abs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match size {
            OffsetSize::Hours => format!("{sign}{hours:02}"),
            OffsetSize::Minutes => format!("{sign}{hours:02}{colon}{minutes:02}"),
            OffsetSize::Seconds => format!("{sign}{hours:02}{colon}{minutes:02}{colon}{seconds:02}"),
        }
    }

    fn fraction(&self, digits: usize, trimmed: bool, separator: u8) -> String {
        let all = format!("{:09}", self.nanos);
        let shown: String = all.chars().chain(std::iter::repeat('0')).take(digits.min(9)).collect();
        let shown = if trimmed { shown.trim_end_matches('0') } else { &shown };
        if shown.is_empty() { String::new() } else { format!("{}{shown}", char::from(separator)) }
    }
}
