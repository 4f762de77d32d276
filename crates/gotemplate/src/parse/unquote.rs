//! Go's string and character literals.

use super::rune;

/// Go's "invalid syntax".
#[derive(Debug)]
pub(crate) struct BadSyntax;

/// The text of a literal with its quotes. Escapes may make bytes that are no UTF-8.
pub(crate) fn unquote(literal: &[u8]) -> Result<Vec<u8>, BadSyntax> {
    let [quote, inner @ .., last] = literal else { return Err(BadSyntax) };
    if quote != last {
        return Err(BadSyntax);
    }
    match quote {
        b'`' if inner.contains(&b'`') => Err(BadSyntax),
        b'`' => Ok(inner.iter().copied().filter(|b| *b != b'\r').collect()),
        b'"' => {
            let mut text = Vec::with_capacity(inner.len());
            let mut rest = inner;
            while !rest.is_empty() {
                rest = take(rest, b'"', &mut text)?.1;
            }
            Ok(text)
        }
        _ => Err(BadSyntax),
    }
}

/// The first character of a literal without its first quote, and what follows it.
pub(super) fn character(text: &[u8], quote: u8) -> Result<(u32, &[u8]), BadSyntax> {
    take(text, quote, &mut Vec::new())
}

/// Reads one character or escape, and appends its bytes.
fn take<'s>(text: &'s [u8], quote: u8, out: &mut Vec<u8>) -> Result<(u32, &'s [u8]), BadSyntax> {
    let (c, width) = rune::decode(text).ok_or(BadSyntax)?;
    if u32::from(c) == u32::from(quote) || c == '\n' {
        return Err(BadSyntax);
    }
    if c != '\\' {
        out.extend_from_slice(if c == '\u{fffd}' && width == 1 {
            "\u{fffd}".as_bytes()
        } else {
            &text[..width]
        });
        return Ok((c.into(), &text[width..]));
    }
    let escape = *text.get(1).ok_or(BadSyntax)?;
    let rest = &text[2..];
    let byte = match escape {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'\'' | b'"' if escape == quote => quote,
        b'x' => return digits(rest, 2, 16, out, true),
        b'u' => return digits(rest, 4, 16, out, false),
        b'U' => return digits(rest, 8, 16, out, false),
        b'0'..=b'7' => return digits(&text[1..], 3, 8, out, true),
        _ => return Err(BadSyntax),
    };
    out.push(byte);
    Ok((byte.into(), rest))
}

/// Reads so many digits, as one byte or one character.
fn digits<'s>(
    text: &'s [u8],
    count: usize,
    radix: u32,
    out: &mut Vec<u8>,
    byte: bool,
) -> Result<(u32, &'s [u8]), BadSyntax> {
    let digits = text.get(..count).ok_or(BadSyntax)?;
    let number = digits.iter().try_fold(0u32, |n, b| {
        let digit = char::from(*b).to_digit(radix).ok_or(BadSyntax)?;
        n.checked_mul(radix).and_then(|n| n.checked_add(digit)).ok_or(BadSyntax)
    })?;
    if byte {
        out.push(u8::try_from(number).map_err(|_| BadSyntax)?);
    } else {
        let c = char::from_u32(number).ok_or(BadSyntax)?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok((number, &text[count..]))
}
