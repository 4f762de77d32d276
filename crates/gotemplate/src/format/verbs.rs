//! Verbs of booleans, floats, strings and bytes.

use super::float::{Float, format_float};
use super::printer::Printer;
use super::quoting::{can_backquote, first_runes, quote_with};
use crate::{Failure, Value};

impl Printer {
    pub(super) fn boolean(&mut self, b: bool, verb: char, value: &Value) -> Result<(), Failure> {
        if !matches!(verb, 't' | 'v') {
            return self.bad_verb(verb, value);
        }
        self.pad(if b { b"true" } else { b"false" });
        Ok(())
    }

    pub(super) fn float(&mut self, n: Float, verb: char, value: &Value) -> Result<(), Failure> {
        match verb {
            'v' => self.float_as(n, 'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float_as(n, verb, None),
            'f' | 'e' | 'E' => self.float_as(n, verb, Some(6)),
            'F' => self.float_as(n, 'f', Some(6)),
            _ => return self.bad_verb(verb, value),
        }
        Ok(())
    }

    fn float_as(&mut self, n: Float, verb: char, precision: Option<usize>) {
        let precision = self.flags.precision.or(precision);
        let mut text = format_float(n, verb, precision);
        if !text.starts_with(['-', '+']) {
            text.insert(0, '+');
        }
        let flags = self.flags;
        if flags.space && text.starts_with('+') && !flags.plus {
            text.replace_range(..1, " ");
        }
        if text[1..].starts_with(['I', 'N']) {
            if text[1..].starts_with('N') && !flags.space && !flags.plus {
                text.remove(0);
            }
            // An infinity keeps its plus, other numbers do not.
            self.pad_spaces(text.as_bytes());
            return;
        }
        if flags.sharp && verb != 'b' {
            text = with_point(&text, verb, precision);
        }
        if !flags.plus && text.starts_with('+') {
            self.pad(&text.as_bytes()[1..]);
            return;
        }
        match flags.width {
            Some(width) if flags.zero && !flags.minus && width > text.len() => {
                self.byte(text.as_bytes()[0]);
                self.padding(width - text.len());
                self.text(&text[1..]);
            }
            _ => self.pad(text.as_bytes()),
        }
    }

    pub(super) fn complex(&mut self, parts: (f64, f64), verb: char, value: &Value) -> Result<(), Failure> {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(verb, value);
        }
        self.byte(b'(');
        self.float(Float::F64(parts.0), verb, value)?;
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float(Float::F64(parts.1), verb, value)?;
        self.text("i)");
        self.flags.plus = plus;
        Ok(())
    }

    pub(super) fn string(&mut self, bytes: &[u8], verb: char, value: &Value) -> Result<(), Failure> {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(bytes),
            'v' | 's' => {
                let bytes = self.cut(bytes);
                self.pad(bytes);
            }
            'x' | 'X' => self.hex_bytes(bytes, verb),
            'q' => self.quoted(bytes),
            _ => return self.bad_verb(verb, value),
        }
        Ok(())
    }

    /// `%s`, `%x`, `%q` and `%d` of bytes; nothing for other verbs.
    pub(super) fn bytes(&mut self, bytes: &[u8], verb: char, type_name: &str) -> Option<()> {
        match verb {
            'v' | 'd' if self.flags.sharp_v => {
                self.text(type_name);
                self.byte(b'{');
                for (i, byte) in bytes.iter().enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    self.hex(u64::from(*byte), true);
                }
                self.byte(b'}');
            }
            'v' | 'd' => {
                self.byte(b'[');
                for (i, byte) in bytes.iter().enumerate() {
                    if i > 0 {
                        self.byte(b' ');
                    }
                    let value = Value::Nil;
                    let _ = self.integer(u64::from(*byte), false, false, 'd', &value);
                }
                self.byte(b']');
            }
            's' => {
                let bytes = self.cut(bytes);
                self.pad(bytes);
            }
            'x' | 'X' => self.hex_bytes(bytes, verb),
            'q' => self.quoted(bytes),
            _ => return None,
        }
        Some(())
    }

    fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        self.flags.precision.map_or(bytes, |count| first_runes(bytes, count))
    }

    fn quoted(&mut self, bytes: &[u8]) {
        let bytes = self.cut(bytes);
        if self.flags.sharp && can_backquote(bytes) {
            let text = [b"`", bytes, b"`"].concat();
            self.pad(&text);
        } else {
            let text = quote_with(bytes, '"', self.flags.plus);
            self.pad(text.as_bytes());
        }
    }

    fn hex_bytes(&mut self, bytes: &[u8], verb: char) {
        let flags = self.flags;
        let bytes = &bytes[..flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
        if bytes.is_empty() {
            self.padding(flags.width.unwrap_or(0));
            return;
        }
        let lead = if verb == 'X' { "0X" } else { "0x" };
        let mut text = String::with_capacity(bytes.len() * 2 + 2);
        for (i, byte) in bytes.iter().enumerate() {
            if flags.space && i > 0 {
                text.push(' ');
            }
            if flags.sharp && (i == 0 || flags.space) {
                text.push_str(lead);
            }
            text.push_str(&if verb == 'X' { format!("{byte:02X}") } else { format!("{byte:02x}") });
        }
        self.pad(text.as_bytes());
    }
}

/// `%#g` and the like: always a point, and zeros up to the precision.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let mut digits = match verb {
        'g' | 'G' | 'x' => precision.unwrap_or(6) as i64,
        _ => 0,
    };
    let hex = matches!(verb, 'x' | 'X');
    let tail_at = text[1..].find(|c| matches!(c, 'p' | 'P') || (!hex && matches!(c, 'e' | 'E')));
    let (head, tail) = text.split_at(tail_at.map_or(text.len(), |i| i + 1));
    let mut seen = false;
    for c in head[1..].chars().filter(|c| *c != '.') {
        seen |= c != '0';
        digits -= i64::from(seen);
    }
    let mut out = head.to_owned();
    if !head.contains('.') {
        if head.len() == 2 && head.ends_with('0') {
            digits -= 1;
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', usize::try_from(digits).unwrap_or(0)));
    out.push_str(tail);
    out
}
