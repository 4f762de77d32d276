//! Quantities in the one form that the API server prints.

/// The canonical form of a quantity: `1000m` is `1`, `0.5` is `500m`. `None` if the text is no quantity.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let digits_end = text
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && (*c == '+' || *c == '-'))))
        .map_or(text.len(), |(i, _)| i);
    let (number, suffix) = text.split_at(digits_end);
    let negative = number.starts_with('-');
    let number = number.trim_start_matches(['+', '-']);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let (base, exponent, style) = suffix_of(suffix)?;
    // Counted in nanos: finer digits are rounded up, away from zero, as the server does.
    let mut digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let mut scale = 9 + exponent - i32::try_from(fraction.len()).ok()?;
    if base != 1 {
        digits = digits.checked_mul(base)?;
    }
    while scale > 0 {
        digits = digits.checked_mul(10)?;
        scale -= 1;
    }
    while scale < 0 {
        digits = digits / 10 + i128::from(digits % 10 != 0);
        scale += 1;
    }
    Some(print(digits, negative && digits != 0, style))
}

/// Whether a text is plainly in canonical form: a number below 1000 that does not begin with 0, beside a suffix or
/// none. Of others [`canonical`] tells.
pub(crate) fn is_canonical(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let suffix = text.get(digits..).unwrap_or_default();
    (1..=3).contains(&digits)
        && !text.starts_with('0')
        && matches!(suffix, "" | "m" | "k" | "M" | "G" | "T" | "P" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi")
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Decimal,
    Binary,
    Exponent,
}

fn suffix_of(suffix: &str) -> Option<(i128, i32, Style)> {
    let decimal = |exponent| Some((1, exponent, Style::Decimal));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        _ => {
            if let Some(i) = BINARY.iter().position(|s| *s == suffix) {
                return Some((1 << (10 * (i + 1)), 0, Style::Binary));
            }
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            (-9..=18).contains(&exponent).then_some((1, exponent, Style::Exponent))
        }
    }
}

const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const NANO: i128 = 1_000_000_000;

fn print(nanos: i128, negative: bool, style: Style) -> String {
    let sign = if negative { "-" } else { "" };
    if nanos == 0 {
        return "0".to_owned();
    }
    if style == Style::Binary && nanos % NANO == 0 && nanos / NANO >= 1024 {
        let (mut n, mut power) = (nanos / NANO, 0);
        while n % 1024 == 0 && power < BINARY.len() {
            n /= 1024;
            power += 1;
        }
        let suffix = power.checked_sub(1).and_then(|i| BINARY.get(i)).copied().unwrap_or_default();
        return format!("{sign}{n}{suffix}");
    }
    let (mut n, mut exponent) = (nanos, -9);
    while n % 1000 == 0 && exponent < 18 {
        n /= 1000;
        exponent += 3;
    }
    if style == Style::Exponent {
        return if exponent == 0 { format!("{sign}{n}") } else { format!("{sign}{n}e{exponent}") };
    }
    let suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let suffix = usize::try_from((exponent + 9) / 3).ok().and_then(|i| suffixes.get(i)).copied();
    format!("{sign}{n}{}", suffix.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_one_form() {
        for (text, expect) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("0.1Gi", "107374182400m"),
            ("1e3", "1e3"),
            ("1000", "1k"),
            ("128974848", "128974848"),
            ("500Ki", "500Ki"),
            ("-0.25", "-250m"),
            ("0Gi", "0"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expect), "{text}");
        }
        assert_eq!(canonical("much"), None);
    }

    #[test]
    fn what_is_plainly_canonical_is() {
        for suffix in ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi", "n", "e3", "E", "x"] {
            for number in 0..2000 {
                let text = format!("{number}{suffix}");
                assert!(!is_canonical(&text) || canonical(&text).as_deref() == Some(&text), "{text}");
            }
        }
    }
}
