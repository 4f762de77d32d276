//! Text read as an amount.

use std::str::FromStr;

use tautline_core::Text;

use super::{BINARY, DECIMAL, Notation, Quantity, QuantityError};

/// The largest amount that is kept when it has more digits than 64 bits hold: 2^63-1.
const CAP: i128 = i64::MAX as i128;

/// The pieces of a quantity's text.
struct Pieces<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let pieces = split(text)?;
        let (notation, exponent) = suffix(pieces.suffix)?;
        if let Some(quantity) = short(text, &pieces, notation, exponent) {
            return Ok(quantity);
        }
        Ok(long(&pieces, notation, exponent))
    }
}

fn split(text: &str) -> Result<Pieces<'_>, QuantityError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits_end = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = unsigned.split_at(digits_end(unsigned));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits_end(rest)),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(QuantityError::Format);
    }
    let letters = rest.find(|c: char| !"eEinumkKMGTP".contains(c)).unwrap_or(rest.len());
    let tail = rest.get(letters..).unwrap_or_default();
    let tail = tail.strip_prefix(['+', '-']).unwrap_or(tail);
    if !tail.bytes().all(|b| b.is_ascii_digit()) {
        return Err(QuantityError::Format);
    }
    let whole = whole.trim_start_matches('0');
    Ok(Pieces { negative: text.starts_with('-'), whole, fraction, suffix: rest })
}

fn suffix(suffix: &str) -> Result<(Notation, i32), QuantityError> {
    if let Some((exponent, _)) = DECIMAL.iter().find(|(_, name)| *name == suffix) {
        return Ok((Notation::DecimalSi, *exponent));
    }
    if let Some((exponent, _)) = BINARY.iter().find(|(_, name)| *name == suffix) {
        return Ok((Notation::BinarySi, *exponent));
    }
    let digits = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
    let exponent: i32 = digits.parse().map_err(|_| QuantityError::Suffix)?;
    Ok((Notation::DecimalExponent, exponent))
}

/// Numbers of up to 18 digits, which are never capped or rounded.
fn short(text: &str, pieces: &Pieces<'_>, notation: Notation, exponent: i32) -> Option<Quantity> {
    let digits = pieces.whole.len() + pieces.fraction.len();
    let shifted = format!("{}{}", pieces.whole, pieces.fraction);
    let value: i64 = if shifted.is_empty() { 0 } else { shifted.parse().ok()? };
    let sign = if pieces.negative { -1 } else { 1 };
    let (mantissa, scale, is_canonical) = if notation == Notation::BinarySi {
        if !pieces.fraction.is_empty() || digits + (exponent as usize * 3 / 10) + 1 > 15 {
            return None;
        }
        (i128::from(value) << exponent, 0, value & 7 != 0)
    } else {
        if digits > 18 {
            return None;
        }
        let scale = exponent.checked_sub(i32::try_from(pieces.fraction.len()).ok()?)?;
        if scale < -9 {
            return None;
        }
        let canonical = scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0');
        (i128::from(value), scale, canonical && !shifted.is_empty())
    };
    let written = is_canonical.then(|| Text::from(text));
    Some(Quantity { mantissa: sign * mantissa, scale, notation, written })
}

/// Any other number: rounded away from zero to whole nanos, capped at 2^63-1.
fn long(pieces: &Pieces<'_>, notation: Notation, exponent: i32) -> Quantity {
    let nano_cap = CAP * 1_000_000_000;
    let nanos = if notation == Notation::BinarySi {
        binary_nanos(pieces, exponent)
    } else {
        decimal_nanos(pieces, exponent)
    };
    let nanos = nanos.unwrap_or(nano_cap).min(nano_cap);
    let notation = if notation == Notation::BinarySi && (1..1_000_000_000).contains(&nanos) {
        Notation::DecimalSi
    } else {
        notation
    };
    let sign = if pieces.negative { -1 } else { 1 };
    Quantity { mantissa: sign * nanos, scale: -9, notation, written: None }
}

/// The amount in nanos, or nothing if it is beyond the cap.
fn decimal_nanos(pieces: &Pieces<'_>, exponent: i32) -> Option<i128> {
    let digits = format!("{}{}", pieces.whole, pieces.fraction);
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    // The position of the decimal point, seen from the first digit of the number in nanos.
    let scale = i64::from(exponent) + 9 - pieces.fraction.len() as i64;
    let keep = digits.len() as i64 + scale;
    if keep > 38 {
        return None;
    }
    if keep <= 0 {
        return Some(1);
    }
    let (kept, cut) = digits.split_at((keep as usize).min(digits.len()));
    let kept: i128 = kept.parse().ok()?;
    let kept = kept.checked_mul(10_i128.pow(scale.clamp(0, 38) as u32))?;
    Some(kept + i128::from(cut.bytes().any(|b| b != b'0')))
}

fn binary_nanos(pieces: &Pieces<'_>, exponent: i32) -> Option<i128> {
    let whole: i128 = if pieces.whole.is_empty() { 0 } else { pieces.whole.parse().ok()? };
    let whole = whole.checked_mul(1 << exponent)?.checked_mul(1_000_000_000)?;
    // Nineteen fraction digits times 2^60 still fit; what is beyond only decides the rounding.
    let (kept, cut) = pieces.fraction.split_at(pieces.fraction.len().min(19));
    let kept_value: i128 = format!("{kept:0<19}").parse().ok()?;
    let scaled = kept_value << exponent;
    let unit = 10_i128.pow(10);
    let inexact = scaled % unit != 0 || cut.bytes().any(|b| b != b'0');
    whole.checked_add(scaled / unit + i128::from(inexact))
}
