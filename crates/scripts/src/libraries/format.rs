//! `string.format`, with the numbers of Argo CD's Lua.

use mlua::{Lua, MultiValue, Value};

use crate::limits::Meter;
use crate::number;

/// How wide or precise a directive may be, as Lua.
const WIDEST: usize = 99;

/// One `%…` directive.
#[derive(Default)]
struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

pub(super) fn format(
    lua: &Lua,
    meter: &Meter,
    template: &[u8],
    arguments: MultiValue,
) -> mlua::Result<Vec<u8>> {
    let mut arguments = arguments.into_iter();
    let mut out = Vec::with_capacity(template.len());
    let mut rest = template;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        if let [b'%', after @ ..] = tail {
            out.push(b'%');
            rest = after;
            continue;
        }
        let (directive, verb, after) = parse(tail)?;
        rest = after;
        let wrong = || mlua::Error::runtime("bad argument to 'format' (no value)");
        let text = directive.apply(lua, verb, arguments.next().ok_or_else(wrong)?)?;
        meter.charge_text(out.len() + text.len())?;
        out.extend_from_slice(&text);
    }
    Ok(out)
}

fn parse(mut rest: &[u8]) -> mlua::Result<(Directive, u8, &[u8])> {
    let mut directive = Directive::default();
    while let [flag @ (b'-' | b'+' | b' ' | b'0' | b'#'), tail @ ..] = rest {
        match flag {
            b'-' => directive.left = true,
            b'+' => directive.plus = true,
            b' ' => directive.space = true,
            b'0' => directive.zero = true,
            _ => directive.alternate = true,
        }
        rest = tail;
    }
    (directive.width, rest) = digits(rest)?;
    if let [b'.', tail @ ..] = rest {
        let (precision, tail) = digits(tail)?;
        directive.precision = Some(precision);
        rest = tail;
    }
    match rest {
        [verb, tail @ ..] => Ok((directive, *verb, tail)),
        [] => Err(mlua::Error::runtime("invalid conversion '%' to 'format'")),
    }
}

fn digits(rest: &[u8]) -> mlua::Result<(usize, &[u8])> {
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = rest[..count]
        .iter()
        .fold(0_usize, |sum, b| sum.saturating_mul(10).saturating_add(usize::from(b - b'0')));
    if number > WIDEST {
        return Err(mlua::Error::runtime("invalid conversion to 'format' (width or precision too long)"));
    }
    Ok((number, &rest[count..]))
}

impl Directive {
    fn apply(&self, lua: &Lua, verb: u8, value: Value) -> mlua::Result<Vec<u8>> {
        match verb {
            b's' => {
                let mut text = text(lua, value)?;
                text.truncate(self.precision.unwrap_or(usize::MAX));
                Ok(self.pad(text, false))
            }
            b'q' => Ok(quoted(&text(lua, value)?)),
            b'c' => Ok(self.pad(vec![number(&value)? as u8], false)),
            b'd' | b'i' | b'u' => {
                let whole = number(&value)? as i64;
                let mut digits = whole.unsigned_abs().to_string();
                digits.insert_str(0, &"0".repeat(self.precision.unwrap_or(0).saturating_sub(digits.len())));
                Ok(self.pad(self.signed(whole < 0, &digits), self.precision.is_none()))
            }
            b'x' | b'X' | b'o' => {
                let whole = number(&value)? as i64;
                let digits = match verb {
                    b'x' => format!("{}{:x}", if self.alternate { "0x" } else { "" }, whole.unsigned_abs()),
                    b'X' => format!("{}{:X}", if self.alternate { "0X" } else { "" }, whole.unsigned_abs()),
                    _ => format!("{:o}", whole.unsigned_abs()),
                };
                Ok(self.pad(self.signed(whole < 0, &digits), true))
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let number = number(&value)?;
                let digits = self.float(verb, number.abs());
                Ok(self.pad(
                    self.signed(number.is_sign_negative() && !number.is_nan(), &digits),
                    number.is_finite(),
                ))
            }
            b'v' => Ok(self.pad(text(lua, value)?, false)),
            other => {
                let verb = char::from(other);
                Err(mlua::Error::runtime(format!("invalid conversion '%{verb}' to 'format'")))
            }
        }
    }

    fn float(&self, verb: u8, number: f64) -> String {
        let upper = verb.is_ascii_uppercase();
        let precision = self.precision.unwrap_or(6);
        let text = match verb.to_ascii_lowercase() {
            _ if !number.is_finite() => number::text(number).trim_start_matches('+').to_owned(),
            b'f' => format!("{number:.precision$}"),
            b'e' => scientific(number, precision),
            _ => match self.precision {
                None => number::shortest(number),
                Some(precision) => significant(number, precision.max(1)),
            },
        };
        if upper { text.to_uppercase() } else { text }
    }

    fn signed(&self, negative: bool, digits: &str) -> Vec<u8> {
        let sign = match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        format!("{sign}{digits}").into_bytes()
    }

    fn pad(&self, mut text: Vec<u8>, zeros: bool) -> Vec<u8> {
        let missing = self.width.saturating_sub(text.len());
        if self.left {
            text.resize(text.len() + missing, b' ');
        } else if self.zero && zeros {
            let sign = usize::from(text.first().is_some_and(|b| b"+- ".contains(b)));
            text.splice(sign..sign, vec![b'0'; missing]);
        } else {
            text.splice(0..0, vec![b' '; missing]);
        }
        text
    }
}

/// `1.5e+07`.
fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `%.3g`: that many digits, without zeros at the end.
fn significant(number: f64, digits: usize) -> String {
    let rounded = format!("{number:.*e}", digits - 1);
    let exponent: i32 = rounded.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let bare = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent < -4 || exponent >= digits as i32 {
        let text = scientific(number, digits - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{exponent}", bare(mantissa));
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    bare(&format!("{number:.decimals$}"))
}

fn text(lua: &Lua, value: Value) -> mlua::Result<Vec<u8>> {
    match value {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        Value::Number(number) => Ok(number::text(number).into_bytes()),
        other => {
            let tostring: mlua::Function = lua.globals().get("tostring")?;
            let text: mlua::LuaString = tostring.call(other)?;
            Ok(text.as_bytes().to_vec())
        }
    }
}

fn number(value: &Value) -> mlua::Result<f64> {
    let number = match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        Value::String(text) => text.to_str()?.trim().parse().ok(),
        _ => None,
    };
    let wrong = || format!("bad argument to 'format' (number expected, got {})", value.type_name());
    number.ok_or_else(|| mlua::Error::runtime(wrong()))
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            byte => out.push(*byte),
        }
    }
    out.push(b'"');
    out
}
