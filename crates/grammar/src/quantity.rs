//! [`Quantity`]: `500m`, `1.5Gi`, `1e3`, as `resource.Quantity` of Kubernetes 1.37 reads and prints them.

mod parse;

use std::cmp::Ordering;
use std::fmt;

use tautline_core::{Text, Value};

/// An amount: an exact decimal, with the notation it was written in.
///
/// Quantities are equal when their amounts are: `0.2` equals `200m`, `1Ki` equals `1024`. [`fmt::Display`]
/// prints what the API server prints after reading; [`Quantity::canonical`] always the canonical form.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// The amount is `mantissa × 10^scale`.
    mantissa: i128,
    scale: i32,
    notation: Notation,
    /// Go keeps the text where a quick check finds it canonical, which it not always is (`1.234`).
    written: Option<Text>,
}

/// The family of suffixes a quantity prints with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `1e3`.
    DecimalExponent,
    /// `n u m k M G T P E`.
    DecimalSi,
    /// `Ki Mi Gi Ti Pi Ei`.
    BinarySi,
}

/// Why text is no quantity; the messages are the API server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text has not the form of a quantity.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The number before the suffix is malformed.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// No such suffix.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

const DECIMAL: [(i32, &str); 10] =
    [(-9, "n"), (-6, "u"), (-3, "m"), (0, ""), (3, "k"), (6, "M"), (9, "G"), (12, "T"), (15, "P"), (18, "E")];
const BINARY: [(i32, &str); 6] = [(10, "Ki"), (20, "Mi"), (30, "Gi"), (40, "Ti"), (50, "Pi"), (60, "Ei")];

impl Quantity {
    /// A whole number in decimal notation.
    pub fn from_i64(n: i64) -> Self {
        Self { mantissa: n.into(), scale: 0, notation: Notation::DecimalSi, written: None }
    }

    /// Reads what stands in a manifest: a string or a number, as the API server takes both.
    ///
    /// Nothing is returned for other kinds; a float is read as Go prints it.
    pub fn from_value(value: &Value) -> Option<Result<Self, QuantityError>> {
        match value {
            Value::String(text) => Some(text.trim().parse()),
            Value::Int(n) => Some(Ok(Self::from_i64(*n))),
            Value::Float(_) => Some(value.to_json().parse()),
            _ => None,
        }
    }

    /// The family of suffixes it was written with.
    pub fn notation(&self) -> Notation {
        self.notation
    }

    /// Less than, equal to or greater than zero.
    pub fn sign(&self) -> Ordering {
        self.mantissa.cmp(&0)
    }

    /// The amount as a float; precise to a float's 53 bits.
    pub fn to_f64(&self) -> f64 {
        format!("{}e{}", self.mantissa, self.scale).parse().unwrap_or(f64::NAN)
    }

    /// The amount rounded up to a whole number, as `Quantity.Value()` gives it; capped at 64 bits.
    pub fn to_i64(&self) -> i64 {
        self.scaled(0)
    }

    /// The amount in thousandths, rounded up, as `Quantity.MilliValue()` gives it; capped at 64 bits.
    pub fn to_millis(&self) -> i64 {
        self.scaled(-3)
    }

    fn scaled(&self, unit: i32) -> i64 {
        let (low, high) = (i128::from(i64::MIN), i128::from(i64::MAX));
        let shift = self.scale.saturating_sub(unit);
        let power = 10_i128.checked_pow(shift.unsigned_abs());
        let value = match (shift >= 0, power) {
            (true, Some(power)) => self.mantissa.saturating_mul(power),
            (true, None) => self.mantissa.signum().saturating_mul(i128::MAX),
            (false, Some(power)) => {
                let (quotient, rest) = (self.mantissa / power, self.mantissa % power);
                quotient + rest.signum()
            }
            (false, None) => self.mantissa.signum(),
        };
        value.clamp(low, high) as i64
    }

    /// The canonical text: no fraction, the largest suffix that keeps the amount exact.
    pub fn canonical(&self) -> String {
        let (mantissa, scale) = self.reduced();
        if self.notation == Notation::BinarySi && scale >= 0 {
            let whole = 10_i128.checked_pow(scale as u32).and_then(|p| mantissa.checked_mul(p));
            if let Some(whole) = whole.filter(|n| n.abs() >= 1024) {
                return binary_text(whole);
            }
        }
        decimal_text(mantissa, scale, self.notation)
    }

    /// The amount with no factor ten left in the mantissa.
    fn reduced(&self) -> (i128, i32) {
        if self.mantissa == 0 {
            return (0, 0);
        }
        let (mut mantissa, mut scale) = (self.mantissa, self.scale);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            scale += 1;
        }
        (mantissa, scale)
    }
}

fn binary_text(mut whole: i128) -> String {
    let mut index = 0;
    while whole % 1024 == 0 && index < BINARY.len() {
        whole /= 1024;
        index += 1;
    }
    let name = index.checked_sub(1).and_then(|i| BINARY.get(i)).map_or("", |(_, name)| name);
    format!("{whole}{name}")
}

fn decimal_text(mantissa: i128, scale: i32, notation: Notation) -> String {
    let over = scale.rem_euclid(3);
    let number = mantissa * 10_i128.pow(over as u32);
    let exponent = scale - over;
    let name = DECIMAL.iter().find(|(e, _)| *e == exponent).map(|(_, name)| *name);
    match (notation, name) {
        (_, Some("")) => number.to_string(),
        (Notation::DecimalSi | Notation::BinarySi, Some(name)) => format!("{number}{name}"),
        // Beyond exa there is no suffix; the exponent keeps the amount.
        _ => format!("{number}e{exponent}"),
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.written {
            Some(text) => f.pad(text),
            None => f.pad(&self.canonical()),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.reduced() == other.reduced()
    }
}

impl Eq for Quantity {}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((a, a_scale), (b, b_scale)) = (self.reduced(), other.reduced());
        if a.signum() != b.signum() || a == 0 {
            return a.signum().cmp(&b.signum());
        }
        // The longer number in digits before the point is the larger; only near ones are multiplied out.
        let length = |n: i128, scale: i32| i64::from(n.unsigned_abs().ilog10()) + i64::from(scale);
        let by_length = length(a, a_scale).cmp(&length(b, b_scale));
        let by_length = if a < 0 { by_length.reverse() } else { by_length };
        by_length.then_with(|| {
            let low = a_scale.min(b_scale);
            let at = |n: i128, scale: i32| n.saturating_mul(10_i128.saturating_pow((scale - low) as u32));
            at(a, a_scale).cmp(&at(b, b_scale))
        })
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, shown: &str, canonical: &str) {
        match text.parse::<Quantity>() {
            Ok(q) => {
                assert_eq!((q.to_string().as_str(), q.canonical().as_str()), (shown, canonical), "{text}")
            }
            Err(error) => assert_eq!(error.to_string(), shown, "{text}"),
        }
    }

    #[test]
    fn forms() {
        check("0", "0", "0");
        check("0.2", "200m", "200m");
        check("100m", "100m", "100m");
        check("1000m", "1", "1");
        check("1024Ki", "1Mi", "1Mi");
        check("1536Mi", "1536Mi", "1536Mi");
        check("1.5Gi", "1536Mi", "1536Mi");
        check("0.1Ki", "102400m", "102400m");
        check("1023", "1023", "1023");
        check("512Ki", "512Ki", "512Ki");
        check("1e3", "1e3", "1e3");
        check("1000", "1k", "1k");
        check("12e6", "12e6", "12e6");
        check("1.234", "1.234", "1234m");
        check("+1", "+1", "1");
        check("-1.5", "-1500m", "-1500m");
        check(".5", "500m", "500m");
        check("5.", "5.", "5");
        check("1.0000000001", "1000000001n", "1000000001n");
        check("99999999999999999999", "9223372036854775807", "9223372036854775807");
        check("100000000000Gi", "9223372036854775807", "9223372036854775807");
    }

    #[test]
    fn refusals() {
        let format = QuantityError::Format.to_string();
        check("", &format, "");
        check("1.2.3", &format, "");
        check(" 1", &format, "");
        check("1 Gi", &format, "");
        check("1Kii", &QuantityError::Suffix.to_string(), "");
        check("1K", &QuantityError::Suffix.to_string(), "");
        check("1e", &QuantityError::Suffix.to_string(), "");
    }

    #[test]
    fn comparing() {
        let parse = |t: &str| t.parse::<Quantity>().unwrap();
        assert_eq!(parse("0.2"), parse("200m"));
        assert_eq!(parse("1Ki"), parse("1024"));
        assert!(parse("1e100") > parse("1E"));
        assert!(parse("-1e100") < parse("-1"));
        assert!(parse("1m") < parse("1") && parse("0") < parse("1n"));
        assert_eq!((parse("1500m").to_i64(), parse("1.5").to_millis()), (2, 1500));
        assert_eq!(parse("1e100").to_i64(), i64::MAX);
        assert_eq!(parse("1.5Gi").to_f64(), 1_610_612_736.0);
    }

    proptest! {
        #[test]
        fn canonical_text_keeps_the_amount(text in "[+-]?[0-9]{1,12}(\\.[0-9]{1,6})?(n|u|m|k|M|G|T|Ki|Mi|Gi|e3|e-2)?") {
            if let Ok(quantity) = text.parse::<Quantity>() {
                let again: Quantity = quantity.canonical().parse().unwrap();
                prop_assert_eq!(&again, &quantity);
                prop_assert_eq!(again.cmp(&quantity), Ordering::Equal);
            }
        }

        #[test]
        fn no_text_panics(text in "[-+.0-9eEinumkKMGTP]{0,40}") {
            if let Ok(quantity) = text.parse::<Quantity>() {
                let _ = (quantity.canonical(), quantity.to_i64(), quantity.to_millis(), quantity.to_f64());
                prop_assert_eq!(quantity.cmp(&quantity), Ordering::Equal);
            }
        }
    }
}
