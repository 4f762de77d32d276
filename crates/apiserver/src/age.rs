//! Ages as people read them: `5s`, `3m20s`, `2d4h`.

use tautline_core::{Timestamp, Value};
use tautline_grammar::time;

/// A duration in at most two units, as `k8s.io/apimachinery/pkg/util/duration.HumanDuration` prints it.
pub(crate) fn human(seconds: i64) -> String {
    let pair = |big: i64, unit: &str, small: i64, name: &str| match small {
        0 => format!("{big}{unit}"),
        small => format!("{big}{unit}{small}{name}"),
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        i64::MIN..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => pair(hours / 24, "d", hours % 24, "h"),
        _ if hours < 24 * 365 * 2 => format!("{}d", hours / 24),
        _ if hours < 24 * 365 * 8 => pair(hours / 24 / 365, "y", hours / 24 % 365, "d"),
        _ => format!("{}y", hours / 24 / 365),
    }
}

/// How long ago a time in an object was; `<unknown>` without one.
pub(crate) fn since(text: Option<&Value>, now: Timestamp) -> String {
    match text.and_then(Value::as_str).and_then(|text| time::parse(text).ok()) {
        Some(then) => human((now.micros() - then.micros()).div_euclid(1_000_000)),
        None => "<unknown>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_at_most_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (200, "3m20s"),
            (601, "10m"),
            (3 * 3600, "3h"),
            (4 * 3600 + 60, "4h1m"),
            (9 * 3600 + 60, "9h"),
            (50 * 3600, "2d2h"),
            (400 * 86_400, "400d"),
            (800 * 86_400, "2y70d"),
        ] {
            assert_eq!(human(seconds), text);
        }
    }
}
