//! Integer verbs.

use super::printer::Printer;
use super::quoting::quote_with;
use crate::parse::is_print;
use crate::{Failure, Value};

impl Printer {
    pub(super) fn integer(
        &mut self,
        magnitude: u64,
        negative: bool,
        signed: bool,
        verb: char,
        value: &Value,
    ) -> Result<(), Failure> {
        match verb {
            'v' if self.flags.sharp_v && !signed => self.hex(magnitude, true),
            'v' | 'd' => self.digits(magnitude, negative, 10, verb),
            'b' => self.digits(magnitude, negative, 2, verb),
            'o' | 'O' => self.digits(magnitude, negative, 8, verb),
            'x' | 'X' => self.digits(magnitude, negative, 16, verb),
            'c' => {
                let c = character(magnitude, negative);
                self.pad(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let c = character(magnitude, negative);
                let quoted = quote_with(c.encode_utf8(&mut [0; 4]).as_bytes(), '\'', self.flags.plus);
                self.pad(quoted.as_bytes());
            }
            'U' => self.unicode(if negative { magnitude.wrapping_neg() } else { magnitude }),
            _ => return self.bad_verb(verb, value),
        }
        Ok(())
    }

    /// `0x…`, as `%#v` of unsigned numbers and pointers.
    pub(super) fn hex(&mut self, n: u64, leading: bool) {
        let sharp = std::mem::replace(&mut self.flags.sharp, leading);
        self.digits(n, false, 16, 'v');
        self.flags.sharp = sharp;
    }

    fn digits(&mut self, n: u64, negative: bool, radix: u64, verb: char) {
        let flags = self.flags;
        let mut least = 0;
        if let Some(precision) = flags.precision {
            least = precision;
            if precision == 0 && n == 0 {
                let zero = std::mem::replace(&mut self.flags.zero, false);
                self.padding(flags.width.unwrap_or(0));
                self.flags.zero = zero;
                return;
            }
        } else if flags.zero
            && !flags.minus
            && let Some(width) = flags.width
        {
            least = width.saturating_sub(usize::from(negative || flags.plus || flags.space));
        }
        let mut text = match radix {
            2 => format!("{n:b}"),
            8 => format!("{n:o}"),
            16 if verb == 'X' => format!("{n:X}"),
            16 => format!("{n:x}"),
            _ => n.to_string(),
        };
        if text.len() < least {
            text.insert_str(0, &"0".repeat(least - text.len()));
        }
        if flags.sharp {
            match radix {
                2 => text.insert_str(0, "0b"),
                8 if !text.starts_with('0') => text.insert(0, '0'),
                16 => text.insert_str(0, if verb == 'X' { "0X" } else { "0x" }),
                _ => {}
            }
        }
        if verb == 'O' {
            text.insert_str(0, "0o");
        }
        match (negative, flags.plus, flags.space) {
            (true, ..) => text.insert(0, '-'),
            (_, true, _) => text.insert(0, '+'),
            (_, _, true) => text.insert(0, ' '),
            _ => {}
        }
        self.pad_spaces(text.as_bytes());
    }

    fn unicode(&mut self, n: u64) {
        let places = self.flags.precision.filter(|p| *p > 4).unwrap_or(4);
        let mut text = format!("U+{n:0places$X}", places = places.min(60_000));
        let shown = u32::try_from(n).ok().and_then(char::from_u32).filter(|c| is_print(*c));
        if let Some(c) = shown.filter(|_| self.flags.sharp) {
            text.push_str(&format!(" '{c}'"));
        }
        self.pad_spaces(text.as_bytes());
    }
}

fn character(n: u64, negative: bool) -> char {
    let valid = if negative { None } else { u32::try_from(n).ok().and_then(char::from_u32) };
    valid.unwrap_or('\u{fffd}')
}
