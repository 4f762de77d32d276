//! [`Cron`]: times that come back, in five fields, as robfig/cron's standard parser (v3) reads them.

use std::fmt;
use std::str::FromStr;

use tautline_core::Timestamp;

/// How far a next time is looked for: a 29th of February may be eight years away.
const DAYS: i64 = 366 * 9;
const DAY: i64 = 86_400;

/// A schedule: `minute hour day-of-month month day-of-week`, or `@hourly`, `@daily` and their like.
///
/// Fields hold `*` or `?`, numbers, names (`JAN`, `MON`), ranges, lists and steps (`*/15`, `8-18/2`, `5/20`). Where
/// both days are restricted, one of them is enough. Times are those of a clock without a zone: the caller moves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether each of the two day fields is a star.
    any_day: bool,
    any_weekday: bool,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CronError {
    /// There are not five fields.
    #[error("cron {0:?}: expected exactly 5 fields: minute hour day-of-month month day-of-week")]
    Fields(String),
    /// A field cannot be read.
    #[error("cron {text:?}: {part:?} is no {field}; it takes {least} to {most}")]
    Field {
        /// The schedule.
        text: String,
        /// What cannot be read.
        part: String,
        /// The field's name.
        field: &'static str,
        /// The smallest value.
        least: u32,
        /// The largest value.
        most: u32,
    },
    /// A descriptor is not known.
    #[error("cron {0:?}: use @yearly, @monthly, @weekly, @daily or @hourly")]
    Descriptor(String),
}

/// A field: its name, bounds, and the names of its values from the least on.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field {
        name: "day of the week",
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

impl Cron {
    /// The first time after this moment, to the minute; `None` if there is none within nine years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let first = after.seconds().div_euclid(60) * 60 + 60;
        let mut day = first.div_euclid(DAY);
        let last = day + DAYS;
        let mut from = first.rem_euclid(DAY) / 60;
        while day < last {
            if self.has_day(day)
                && let Some(minute) = (from..24 * 60).find(|minute| self.has_minute(*minute))
            {
                return Some(Timestamp::from_seconds(day * DAY + minute * 60));
            }
            (day, from) = (day + 1, 0);
        }
        None
    }

    fn has_minute(&self, minute: i64) -> bool {
        has(self.hours, minute / 60) && has(self.minutes, minute % 60)
    }

    fn has_day(&self, days: i64) -> bool {
        let (month, day) = month_and_day(days);
        // 1970 began on a Thursday.
        let weekday = (days + 4).rem_euclid(7);
        let (by_day, by_weekday) = (has(self.days, day), has(self.weekdays, weekday));
        let is_day =
            if self.any_day || self.any_weekday { by_day && by_weekday } else { by_day || by_weekday };
        has(self.months, month) && is_day
    }
}

fn has(set: u64, value: i64) -> bool {
    u32::try_from(value).is_ok_and(|value| value < 64 && set & (1 << value) != 0)
}

/// Month and day of the civil date so many days after 1970-01-01, in the proleptic Gregorian calendar.
fn month_and_day(days: i64) -> (i64, i64) {
    // Counted from the 1st of March of the year 0, so that leap days come last.
    let day_of_era = (days + 719_468).rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    (if shifted < 10 { shifted + 3 } else { shifted - 9 }, day)
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let fields = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other if other.starts_with('@') => return Err(CronError::Descriptor(text.to_owned())),
            other => other,
        };
        let parts: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = parts.as_slice() else {
            return Err(CronError::Fields(text.to_owned()));
        };
        let [minute, hour, day, month, weekday] = &FIELDS;
        let is_star = |part: &str| part.starts_with(['*', '?']);
        Ok(Self {
            text: text.trim().to_owned(),
            minutes: minute.read(minutes, text)?,
            hours: hour.read(hours, text)?,
            days: day.read(days, text)?,
            months: month.read(months, text)?,
            weekdays: weekday.read(weekdays, text)?,
            any_day: is_star(days),
            any_weekday: is_star(weekdays),
        })
    }
}

impl Field {
    fn read(&self, list: &str, text: &str) -> Result<u64, CronError> {
        list.split(',').try_fold(0, |set, part| {
            let wrong = || CronError::Field {
                text: text.to_owned(),
                part: part.to_owned(),
                field: self.name,
                least: self.least,
                most: self.most,
            };
            self.range(part).map(|range| set | range).ok_or_else(wrong)
        })
    }

    /// The values of `5`, `5/20`, `1-5`, `1-10/3`, `*` or `*/15`.
    fn range(&self, part: &str) -> Option<u64> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (self.least, self.most),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None => {
                let from = self.value(range)?;
                (from, if step.is_some() { self.most } else { from })
            }
        };
        let is_within = self.least <= from && from <= to && to <= self.most;
        is_within
            .then(|| (from..=to).step_by(step.unwrap_or(1) as usize).fold(0, |set, value| set | 1 << value))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| text.eq_ignore_ascii_case(name));
        match named {
            Some(place) => u32::try_from(place).ok().map(|place| place + self.least),
            None => text.parse().ok(),
        }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, after: &str) -> String {
        let after = crate::time::parse(after).unwrap();
        let next = cron.parse::<Cron>().unwrap().next(after);
        next.map_or_else(|| "never".to_owned(), crate::time::seconds)
    }

    #[test]
    fn next_times() {
        let check = |cron, after, expect| assert_eq!(next(cron, after), expect, "{cron} after {after}");
        check("* * * * *", "2026-11-24T10:00:30Z", "2026-11-24T10:01:00Z");
        check("0 22 * * *", "2026-11-24T10:00:00Z", "2026-11-24T22:00:00Z");
        check("0 22 * * *", "2026-11-24T22:00:00Z", "2026-11-25T22:00:00Z");
        check("*/20 8-10 * * MON-fri", "2026-11-28T09:00:00Z", "2026-11-30T08:00:00Z");
        check("5/20 0 * * *", "2026-11-24T00:06:00Z", "2026-11-24T00:25:00Z");
        check("0 0 29 2 *", "2026-11-24T00:00:00Z", "2028-02-29T00:00:00Z");
        check("0 0 13 * 5", "2026-11-24T00:00:00Z", "2026-11-27T00:00:00Z");
        check("0 0 31 4 *", "2026-11-24T00:00:00Z", "never");
        check("@weekly", "2026-11-24T00:00:00Z", "2026-11-29T00:00:00Z");
    }

    #[test]
    fn what_is_no_schedule_is_named() {
        let error = |cron: &str| cron.parse::<Cron>().unwrap_err().to_string();
        assert_eq!(error("0 24 * * *"), "cron \"0 24 * * *\": \"24\" is no hour; it takes 0 to 23");
        assert!(error("* * * *").contains("exactly 5 fields"));
        for wrong in
            ["*/0 * * * *", "5-1 * * * *", "x * * * *", "* * * * 7", "@every 1h", "60 * * * *", "1- * * * *"]
        {
            assert!(wrong.parse::<Cron>().is_err(), "{wrong}");
        }
    }
}
