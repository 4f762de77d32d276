//! `strconv.FormatFloat`.

/// A float with its size: Go's `float32` has fewer digits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Float {
    F32(f32),
    F64(f64),
}

impl Float {
    fn wide(self) -> f64 {
        match self {
            Self::F32(n) => n.into(),
            Self::F64(n) => n,
        }
    }
}

/// Digits after which nothing of a double follows; more are zeros.
const EXACT: usize = 1100;

/// Formats as `strconv.FormatFloat(n, verb, precision, bits)`; no precision means the shortest text that reads
/// back the same.
pub(crate) fn format_float(n: Float, verb: char, precision: Option<usize>) -> String {
    let wide = n.wide();
    if wide.is_nan() {
        return "NaN".to_owned();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    // Most floats of a chart are small whole numbers.
    let limit = match (verb, precision) {
        ('g', None) => 1e6,
        ('f', None) => 1e15,
        _ => 0.0,
    };
    if wide.fract() == 0.0 && wide.abs() < limit && !(wide == 0.0 && wide.is_sign_negative()) {
        return (wide as i64).to_string();
    }
    let sign = if wide.is_sign_negative() { "-" } else { "" };
    let body = match verb {
        'b' => binary(n),
        'x' | 'X' => hexadecimal(n, verb, precision),
        'e' | 'E' => {
            let digits = Digits::of(n, precision.map(|p| p + 1));
            let places = precision.unwrap_or_else(|| digits.count().saturating_sub(1));
            digits.with_exponent(places, verb)
        }
        'f' | 'F' => fixed(n, precision),
        _ => general(n, verb, precision),
    };
    format!("{sign}{body}")
}

/// Decimal digits without trailing zeros, and where the point is: `0.d₁d₂… × 10^point`.
struct Digits {
    digits: String,
    point: i32,
}

impl Digits {
    /// So many digits, rightly rounded, or the fewest that read back the same.
    fn of(n: Float, count: Option<usize>) -> Self {
        let mut shortest = ryu::Buffer::new();
        match (n, count) {
            (Float::F32(n), None) => Self::read(shortest.format_finite(n.abs())),
            (Float::F64(n), None) => Self::read(shortest.format_finite(n.abs())),
            (n, Some(count)) => {
                Self::read(&format!("{:.*e}", count.saturating_sub(1).min(EXACT), n.wide().abs()))
            }
        }
    }

    /// Reads the digits of `12.5`, `0.001` or `1.25e-7`.
    fn read(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = String::with_capacity(mantissa.len());
        digits.push_str(whole);
        digits.push_str(fraction);
        digits.truncate(digits.trim_end_matches('0').len());
        let leading = digits.len() - digits.trim_start_matches('0').len();
        digits.drain(..leading);
        let point = whole.len() as i32 - leading as i32 + exponent.parse::<i32>().unwrap_or(0);
        Self { point: if digits.is_empty() { 0 } else { point }, digits }
    }

    fn count(&self) -> usize {
        self.digits.len()
    }

    fn with_exponent(&self, places: usize, verb: char) -> String {
        let mut out = String::new();
        let mut digits = self.digits.chars();
        out.push(digits.next().unwrap_or('0'));
        if places > 0 {
            out.push('.');
            out.extend(digits.chain(std::iter::repeat('0')).take(places));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        out.push(verb);
        out.push(if exponent < 0 { '-' } else { '+' });
        out.push_str(&format!("{:02}", exponent.abs()));
        out
    }

    fn plain(&self, places: usize) -> String {
        let mut out = String::new();
        let at = |i: i32| {
            let digit = usize::try_from(i).ok().and_then(|i| self.digits.as_bytes().get(i));
            digit.map_or('0', |b| char::from(*b))
        };
        if self.point > 0 {
            out.extend((0..self.point).map(at));
        } else {
            out.push('0');
        }
        if places > 0 {
            out.push('.');
            out.extend((0..places).map(|i| at(self.point + i as i32)));
        }
        out
    }
}

fn fixed(n: Float, precision: Option<usize>) -> String {
    let Some(precision) = precision else {
        let digits = Digits::of(n, None);
        let places = (digits.count() as i32 - digits.point).max(0);
        return digits.plain(places as usize);
    };
    let mut text = format!("{:.*}", precision.min(EXACT), n.wide().abs());
    text.extend(std::iter::repeat_n('0', precision.saturating_sub(EXACT)));
    text
}

fn general(n: Float, verb: char, precision: Option<usize>) -> String {
    let wanted = precision.map(|p| p.max(1));
    let digits = Digits::of(n, wanted);
    let count = digits.count();
    let mut limit = match wanted {
        None => 6,
        Some(wanted) => wanted as i32,
    };
    if wanted.is_some() && limit > count as i32 && count as i32 >= digits.point {
        limit = count as i32;
    }
    let exponent = digits.point - 1;
    if !digits.digits.is_empty() && (exponent < -4 || exponent >= limit) || (count == 0 && limit <= -1) {
        let letter = if verb == 'G' { 'E' } else { 'e' };
        let places = wanted.map_or(count, |w| w.min(count)).saturating_sub(1);
        return digits.with_exponent(places, letter);
    }
    digits.plain((count as i32 - digits.point).max(0) as usize)
}

/// Mantissa and exponent of two: `m × 2^e` exactly.
fn parts(n: Float) -> (u64, i32, u32) {
    match n {
        Float::F64(n) => {
            let (bits, exponent) = (n.to_bits() & ((1 << 52) - 1), (n.to_bits() >> 52 & 0x7ff) as i32);
            if exponent == 0 { (bits, -1074, 52) } else { (bits | 1 << 52, exponent - 1075, 52) }
        }
        Float::F32(n) => {
            let (bits, exponent) = (n.to_bits() & ((1 << 23) - 1), (n.to_bits() >> 23 & 0xff) as i32);
            if exponent == 0 {
                (bits.into(), -149, 23)
            } else {
                ((bits | 1 << 23).into(), exponent - 150, 23)
            }
        }
    }
}

fn binary(n: Float) -> String {
    let (mantissa, exponent, _) = parts(n);
    format!("{mantissa}p{exponent:+}")
}

fn hexadecimal(n: Float, verb: char, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent, bits) = parts(n);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // The first digit is 1: sixty bits of fraction follow it.
        exponent += bits as i32;
        let shift = mantissa.leading_zeros() as i32 - (63 - bits as i32);
        exponent -= shift;
        mantissa <<= mantissa.leading_zeros() - 3;
    }
    if let Some(precision) = precision.filter(|p| *p < 15) {
        let drop = 60 - 4 * precision as u32;
        let rest = mantissa & ((1 << drop) - 1);
        mantissa >>= drop;
        let half = 1u64 << (drop - 1);
        mantissa += u64::from(rest > half || (rest == half && mantissa & 1 == 1));
        mantissa <<= drop;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut out = format!("0x{}", mantissa >> 60 & 1);
    let fraction = format!("{:015x}", mantissa & ((1 << 60) - 1));
    let fraction = match precision {
        None => fraction.trim_end_matches('0').to_owned(),
        Some(p) => fraction.chars().chain(std::iter::repeat('0')).take(p).collect(),
    };
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(&fraction);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("p{sign}{:02}", exponent.abs()));
    if verb == 'X' { out.to_uppercase() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: f64, verb: char, precision: Option<usize>, expect: &str) {
        assert_eq!(format_float(Float::F64(n), verb, precision), expect, "{n} {verb} {precision:?}");
    }

    #[test]
    fn as_strconv_has_it() {
        check(1_000_000.0, 'g', None, "1e+06");
        check(123_456.0, 'g', None, "123456");
        check(0.000_01, 'g', None, "1e-05");
        check(0.0, 'g', None, "0");
        check(-0.0, 'g', None, "-0");
        check(100.0, 'g', Some(3), "100");
        check(123_456.0, 'g', Some(3), "1.23e+05");
        check(1.5, 'e', Some(0), "2e+00");
        check(2.5, 'f', Some(0), "2");
        check(1.0, 'x', None, "0x1p+00");
        check(0.1, 'x', None, "0x1.999999999999ap-04");
        check(0.1, 'x', Some(2), "0x1.9ap-04");
        check(1.0, 'b', None, "4503599627370496p-52");
        check(f64::INFINITY, 'g', None, "+Inf");
    }
}
