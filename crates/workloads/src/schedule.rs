//! Schedules as CronJobs write them, in UTC.

use std::time::Duration;

use tautline_core::Timestamp;
use tautline_grammar::time::Parts;

/// A schedule of five fields: minute, hour, day of the month, month, day of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether either field of days says "every": then both must fit, else one is enough.
    any_day: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

impl Schedule {
    /// Reads a schedule; `None` for what is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        let every = |field: &str| field.starts_with('*') || field.starts_with('?');
        // Sunday is 0, and 7 too.
        let weekdays = bits(weekday, 0, 7, &WEEKDAYS, 0)?;
        Some(Self {
            minutes: bits(minute, 0, 59, &[], 0)?,
            hours: bits(hour, 0, 23, &[], 0)?,
            days: bits(day, 1, 31, &[], 0)?,
            months: bits(month, 1, 12, &MONTHS, 1)?,
            weekdays: (weekdays | (weekdays >> 7 & 1)) & 0x7f,
            any_day: every(day) || every(weekday),
        })
    }

    /// The latest moment of the schedule that is after one moment and not after another.
    pub(crate) fn last_between(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let mut at = start_of_minute(until);
        while at > after {
            let civil = Parts::of(at);
            if !self.has_day(&civil) {
                // The last minute of the day before.
                let passed = Duration::from_secs(u64::from(civil.hour) * 3600 + u64::from(civil.minute) * 60);
                at = at - passed - MINUTE;
            } else if has(self.hours, civil.hour) && has(self.minutes, civil.minute) {
                return Some(at);
            } else {
                at = at - MINUTE;
            }
            // Nothing that was due years ago is made up for.
            if until - DAY * 366 * 5 > at {
                return None;
            }
        }
        None
    }

    fn has_day(&self, civil: &Parts) -> bool {
        let (day, weekday) = (has(self.days, civil.day), has(self.weekdays, civil.weekday()));
        has(self.months, civil.month) && if self.any_day { day && weekday } else { day || weekday }
    }
}

fn has(bits: u64, n: u32) -> bool {
    bits >> n & 1 == 1
}

fn start_of_minute(time: Timestamp) -> Timestamp {
    let civil = Parts::of(time);
    Parts { second: 0, ..civil }.timestamp()
}

/// A field as a set of bits: `*`, `a`, `a-b`, each with `/step`, between commas.
fn bits(field: &str, least: u32, most: u32, names: &[&str], first: u32) -> Option<u64> {
    let number = |text: &str| -> Option<u32> {
        let text = text.to_lowercase();
        let named = names.iter().position(|name| *name == text).and_then(|i| u32::try_from(i).ok());
        named.map(|i| i + first).or_else(|| text.parse().ok())
    };
    let mut all = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from < least || to > most || from > to {
            return None;
        }
        all |= (from..=to).step_by(step).fold(0, |bits, n| bits | 1 << n);
    }
    Some(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use tautline_grammar::time;

    #[test]
    fn the_last_moment_that_was_due() {
        let check = |schedule: &str, after: &str, until: &str, expect: Option<&str>| {
            let at = |text: &str| time::parse(text).unwrap();
            let found = Schedule::parse(schedule).unwrap().last_between(at(after), at(until));
            assert_eq!(found.map(time::seconds).as_deref(), expect, "{schedule}");
        };
        check("*/5 * * * *", "2030-01-01T00:00:00Z", "2030-01-01T00:13:20Z", Some("2030-01-01T00:10:00Z"));
        check("*/5 * * * *", "2030-01-01T00:10:00Z", "2030-01-01T00:13:20Z", None);
        check(
            "0 3 * * mon-fri",
            "2029-12-01T00:00:00Z",
            "2030-01-06T12:00:00Z",
            Some("2030-01-04T03:00:00Z"),
        );
        check("30 4 1,15 * *", "2029-12-01T00:00:00Z", "2030-01-14T00:00:00Z", Some("2030-01-01T04:30:00Z"));
        // Either field of days is enough where both are told.
        check("0 0 13 * 5", "2029-12-01T00:00:00Z", "2030-01-12T00:00:00Z", Some("2030-01-11T00:00:00Z"));
        check("@yearly", "2028-06-01T00:00:00Z", "2029-12-31T00:00:00Z", Some("2029-01-01T00:00:00Z"));
        assert_eq!(Schedule::parse("61 * * * *"), None);
        assert_eq!(Schedule::parse("* * * *"), None);
        assert_eq!(Schedule::parse("0 0 * * 7"), Schedule::parse("0 0 * * sun"));
    }
}
