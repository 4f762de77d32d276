//! Go's layouts: how `Mon Jan 2 15:04:05 MST 2006` would be written.

/// A part of a layout that stands for a part of a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// An offset: `Z` for UTC, colons, seconds, hours only.
    Offset {
        z: bool,
        colons: bool,
        size: OffsetSize,
    },
    /// Parts of a second: so many digits, or trailing zeros dropped.
    Fraction {
        digits: usize,
        trimmed: bool,
        separator: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OffsetSize {
    Hours,
    Minutes,
    Seconds,
}

/// The first part of a layout: where it begins, what it is, where it ends.
pub(super) fn next(layout: &[u8]) -> Option<(usize, Part, usize)> {
    (0..layout.len()).find_map(|at| {
        let rest = &layout[at..];
        let (part, skip, len) = match rest[0] {
            b'J' | b'M' | b'P' | b'p' => word(rest).map(|(p, l)| (p, 0, l)),
            b'0'..=b'5' => number(rest).map(|(p, l)| (p, 0, l)),
            b'_' if rest.starts_with(b"_2006") => Some((Part::LongYear, 1, 4)),
            b'_' if rest.starts_with(b"_2") => Some((Part::UnderDay, 0, 2)),
            b'_' if rest.starts_with(b"__2") => Some((Part::UnderYearDay, 0, 3)),
            b'-' | b'Z' => offset(rest).map(|(p, l)| (p, 0, l)),
            b'.' | b',' => fraction(rest).map(|(p, l)| (p, 0, l)),
            _ => None,
        }?;
        Some((at + skip, part, at + skip + len))
    })
}

fn word(rest: &[u8]) -> Option<(Part, usize)> {
    let lower_follows = |at: usize| rest.get(at).is_some_and(u8::is_ascii_lowercase);
    let words: [(&[u8], Part, bool); 7] = [
        (b"January", Part::LongMonth, false),
        (b"Jan", Part::Month, true),
        (b"Monday", Part::LongWeekday, false),
        (b"Mon", Part::Weekday, true),
        (b"MST", Part::ZoneName, false),
        (b"PM", Part::UpperPm, false),
        (b"pm", Part::LowerPm, false),
    ];
    let found = words
        .into_iter()
        .find(|(word, _, alone)| rest.starts_with(word) && !(*alone && lower_follows(word.len())));
    found.map(|(word, part, _)| (part, word.len()))
}

fn number(rest: &[u8]) -> Option<(Part, usize)> {
    Some(match rest {
        [b'0', b'1', ..] => (Part::ZeroMonth, 2),
        [b'0', b'2', ..] => (Part::ZeroDay, 2),
        [b'0', b'3', ..] => (Part::ZeroHour12, 2),
        [b'0', b'4', ..] => (Part::ZeroMinute, 2),
        [b'0', b'5', ..] => (Part::ZeroSecond, 2),
        [b'0', b'6', ..] => (Part::Year, 2),
        [b'0', b'0', b'2', ..] => (Part::ZeroYearDay, 3),
        [b'1', b'5', ..] => (Part::Hour, 2),
        [b'1', ..] => (Part::NumMonth, 1),
        [b'2', b'0', b'0', b'6', ..] => (Part::LongYear, 4),
        [b'2', ..] => (Part::Day, 1),
        [b'3', ..] => (Part::Hour12, 1),
        [b'4', ..] => (Part::Minute, 1),
        [b'5', ..] => (Part::Second, 1),
        _ => return None,
    })
}

fn offset(rest: &[u8]) -> Option<(Part, usize)> {
    use OffsetSize::{Hours, Minutes, Seconds};
    let z = rest[0] == b'Z';
    let forms: [(&[u8], bool, OffsetSize); 5] = [
        (b"070000", false, Seconds),
        (b"07:00:00", true, Seconds),
        (b"0700", false, Minutes),
        (b"07:00", true, Minutes),
        (b"07", false, Hours),
    ];
    let found = forms.into_iter().find(|(form, ..)| rest[1..].starts_with(form));
    found.map(|(form, colons, size)| (Part::Offset { z, colons, size }, form.len() + 1))
}

fn fraction(rest: &[u8]) -> Option<(Part, usize)> {
    let digit = *rest.get(1).filter(|b| matches!(b, b'0' | b'9'))?;
    let digits = rest[1..].iter().take_while(|b| **b == digit).count();
    if rest.get(1 + digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((Part::Fraction { digits, trimmed: digit == b'9', separator: rest[0] }, digits + 1))
}
