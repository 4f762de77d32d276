//! `strconv.Quote` and its relatives.

use std::fmt::Write;

use crate::parse::{decode, is_print, runes};

/// Go's `strconv.Quote`, which is `%q`: double quotes, and escapes for what does not print.
pub fn quote(bytes: &[u8]) -> String {
    quote_with(bytes, '"', false)
}

/// Quotes with a quote sign, and escapes everything beyond ASCII if asked to.
pub(crate) fn quote_with(bytes: &[u8], sign: char, ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(sign);
    let mut at = 0;
    while let Some((c, width)) = decode(&bytes[at..]) {
        if width == 1 && c == '\u{fffd}' {
            escape_byte(&mut out, bytes[at]);
        } else {
            escape_char(&mut out, c, sign, ascii);
        }
        at += width;
    }
    out.push(sign);
    out
}

fn escape_byte(out: &mut String, byte: u8) {
    let _ = write!(out, "\\x{byte:02x}");
}

fn escape_char(out: &mut String, c: char, sign: char, ascii: bool) {
    if c == sign || c == '\\' {
        out.push('\\');
        out.push(c);
    } else if is_print(c) && (!ascii || c.is_ascii()) {
        out.push(c);
    } else {
        let _ = match c {
            '\x07' => out.write_str("\\a"),
            '\x08' => out.write_str("\\b"),
            '\x0c' => out.write_str("\\f"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\x0b' => out.write_str("\\v"),
            c if c < ' ' || c == '\x7f' => write!(out, "\\x{:02x}", u32::from(c)),
            c if u32::from(c) < 0x10000 => write!(out, "\\u{:04x}", u32::from(c)),
            c => write!(out, "\\U{:08x}", u32::from(c)),
        };
    }
}

/// `strconv.CanBackquote`.
pub(super) fn can_backquote(bytes: &[u8]) -> bool {
    runes(bytes).all(|(_, c, width)| {
        if width > 1 {
            c != '\u{feff}'
        } else {
            c != '\u{fffd}' && (c >= ' ' || c == '\t') && c != '`' && c != '\x7f'
        }
    })
}

/// The first so many characters.
pub(crate) fn first_runes(bytes: &[u8], count: usize) -> &[u8] {
    runes(bytes).nth(count).map_or(bytes, |(at, ..)| &bytes[..at])
}
