//! Number literals, read as Go's `strconv` reads them.

use super::token::Kind;
use super::unquote::{self, BadSyntax};
use crate::format::quote;
use crate::{Str, Value};

/// A number literal: one text that may be several kinds of number at once. Which one is wanted depends on the
/// parameter it is given to.
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    pub(crate) text: Str,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
    /// The value where the type is free, or nothing where it overflows `int`.
    pub(crate) value: Option<Value>,
}

impl Constant {
    pub(super) fn parse(text: &[u8], kind: Kind) -> Result<Self, String> {
        let shown: Str = Str::from_bytes(text);
        let mut constant = match kind {
            Kind::CharConstant => Self::character(text)?,
            Kind::Complex => Self::two_parts(text)?,
            _ => Self::plain(text)?,
        };
        constant.value = constant.ideal(text);
        constant.text = shown;
        Ok(constant)
    }

    fn empty() -> Self {
        Self { text: Str::default(), int: None, uint: None, float: None, complex: None, value: None }
    }

    fn character(text: &[u8]) -> Result<Self, String> {
        let (c, rest) = unquote::character(&text[1..], b'\'').map_err(|BadSyntax| "invalid syntax")?;
        if rest != b"'" {
            return Err(format!("malformed character constant: {}", String::from_utf8_lossy(text)));
        }
        Ok(Self { int: Some(i64::from(c)), uint: Some(c.into()), float: Some(c.into()), ..Self::empty() })
    }

    fn two_parts(text: &[u8]) -> Result<Self, String> {
        // The lexer made sure of two numbers, the second with a sign and an `i`.
        let text = std::str::from_utf8(text).unwrap_or_default();
        let body = text.strip_suffix('i').unwrap_or(text);
        let split = body
            .char_indices()
            .skip(1)
            .filter(|(i, c)| matches!(c, '+' | '-') && !body[..*i].ends_with(['e', 'E', 'p', 'P']));
        let at = split.map(|(i, _)| i).next().ok_or("syntax error scanning complex number")?;
        let part = |text: &str| parse_float(text).ok_or("syntax error scanning complex number");
        let mut constant = Self { complex: Some((part(&body[..at])?, part(&body[at..])?)), ..Self::empty() };
        constant.simplify();
        Ok(constant)
    }

    /// A complex number without an imaginary part is also a float, and so on.
    fn simplify(&mut self) {
        if let Some((real, 0.0)) = self.complex {
            self.float = Some(real);
            self.int = float_to_int(real);
            self.uint = float_to_uint(real);
        }
    }

    fn plain(text: &[u8]) -> Result<Self, String> {
        let shown = || quote(text);
        let text = std::str::from_utf8(text).map_err(|_| format!("illegal number syntax: {}", shown()))?;
        if let Some(imaginary) = text.strip_suffix('i').and_then(parse_float) {
            let mut constant = Self { complex: Some((0.0, imaginary)), ..Self::empty() };
            constant.simplify();
            return Ok(constant);
        }
        let mut constant = Self { uint: parse_uint(text), int: parse_int(text), ..Self::empty() };
        if constant.int == Some(0) {
            constant.uint = Some(0);
        }
        if let Some(n) = constant.int {
            constant.float = Some(n as f64);
        } else if let Some(n) = constant.uint {
            constant.float = Some(n as f64);
        } else if let Some(n) = parse_float(text) {
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", shown()));
            }
            constant.float = Some(n);
            constant.int = float_to_int(n);
            constant.uint = float_to_uint(n);
        } else {
            return Err(format!("illegal number syntax: {}", shown()));
        }
        Ok(constant)
    }

    /// The value where the type is free: by the look of the text.
    fn ideal(&self, text: &[u8]) -> Option<Value> {
        let is_hex = text.len() > 2
            && text[0] == b'0'
            && matches!(text[1], b'x' | b'X')
            && !text.iter().any(|b| matches!(b, b'p' | b'P'));
        let is_char = text.first() == Some(&b'\'');
        let looks_float = text.iter().any(|b| matches!(b, b'.' | b'e' | b'E' | b'p' | b'P'));
        match (self.complex, self.float, self.int) {
            (Some((real, imaginary)), ..) => Some(Value::complex(real, imaginary)),
            (None, Some(n), _) if !is_hex && !is_char && looks_float => Some(Value::Float(n)),
            (None, _, Some(n)) => Some(Value::Int(n)),
            _ => None,
        }
    }
}

fn float_to_int(n: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    ((-LIMIT..LIMIT).contains(&n) && n.fract() == 0.0).then_some(n as i64)
}

fn float_to_uint(n: f64) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    ((0.0..LIMIT).contains(&n) && n.fract() == 0.0).then_some(n as u64)
}

/// `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &text[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &text[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    if digits.contains('_') && !underscores_ok(text) {
        return None;
    }
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    plain.then(|| u64::from_str_radix(&digits, radix).ok()).flatten()
}

/// `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = parse_uint(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Whether each `_` stands between digits, or after a base prefix.
fn underscores_ok(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let prefixed = matches!(text.as_bytes(), [b'0', b'b' | b'B' | b'o' | b'O' | b'x' | b'X', ..]);
    let hex = matches!(text.as_bytes(), [b'0', b'x' | b'X', ..]);
    let mut last = if prefixed { '0' } else { '^' };
    for c in text.chars().skip(if prefixed { 2 } else { 0 }) {
        last = match c {
            c if c.is_ascii_digit() || (hex && c.is_ascii_hexdigit()) => '0',
            '_' if last == '0' => '_',
            '_' => return false,
            _ if last == '_' => return false,
            _ => '!',
        };
    }
    last != '_'
}

/// `strconv.ParseFloat(text, 64)`: nothing for what is out of range, too.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    if text.contains('_') && !underscores_ok(text) {
        return None;
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        let magnitude = parse_hex_float(&unsigned[2..])?;
        return Some(if plain.starts_with('-') { -magnitude } else { magnitude });
    }
    let special = ["inf", "infinity", "nan"].iter().any(|w| unsigned.eq_ignore_ascii_case(w));
    let number: f64 = plain.parse().ok()?;
    (special || number.is_finite()).then_some(number)
}

/// A hexadecimal float after `0x`: digits, perhaps a point, and an exponent after `p`.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse::<i64>().ok()?.clamp(-100_000, 100_000) as i32;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut mantissa, mut shift, mut sticky) = (0u128, 0i32, false);
    for (i, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u128::from(c.to_digit(16)?);
        if mantissa >> 120 == 0 {
            mantissa = mantissa << 4 | digit;
        } else {
            sticky |= digit != 0;
            shift += 4;
        }
        shift -= if i >= whole.len() { 4 } else { 0 };
    }
    let scale = exponent.saturating_add(shift);
    let value = scale_exactly(mantissa << 1 | u128::from(sticky), scale - 1);
    value.is_finite().then_some(value)
}

/// `mantissa × 2^exponent`, rounded once.
fn scale_exactly(mantissa: u128, exponent: i32) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 128 - mantissa.leading_zeros() as i32;
    let top = bits + exponent;
    // Subnormal numbers keep fewer bits.
    let keep = 53.min(top + 1074);
    if keep < 0 {
        return 0.0;
    }
    let drop = bits - keep;
    if drop <= 0 {
        return power(mantissa as f64, exponent);
    }
    let (kept, rest) =
        if drop >= 128 { (0, mantissa) } else { (mantissa >> drop, mantissa & ((1u128 << drop) - 1)) };
    let half = 1u128 << (drop - 1).min(127);
    let up = rest > half || (rest == half && kept & 1 == 1);
    power((kept + u128::from(up)) as f64, exponent + drop)
}

/// `n × 2^exponent` in exact steps.
fn power(mut n: f64, mut exponent: i32) -> f64 {
    while exponent > 1000 {
        n *= 2f64.powi(1000);
        exponent -= 1000;
        if n.is_infinite() {
            return n;
        }
    }
    while exponent < -1000 {
        n *= 2f64.powi(-1000);
        exponent += 1000;
    }
    n * 2f64.powi(exponent)
}
