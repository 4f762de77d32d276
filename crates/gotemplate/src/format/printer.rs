//! [`Printer`]: a buffer, the flags of a verb, and `printf` itself.

use crate::parse::decode;
use crate::{Exhausted, Failure, Str, Value};

/// The flags between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`.
    pub(super) plus_v: bool,
    /// `%#v`.
    pub(super) sharp_v: bool,
}

/// Prints values into a buffer, up to a limit.
pub(crate) struct Printer {
    pub(super) out: Vec<u8>,
    pub(super) flags: Flags,
    /// Inside a `%!d(…)`: methods are not asked.
    pub(super) erring: bool,
    limit: usize,
}

/// Widths and precisions beyond this are refused, as Go does.
const TOO_LARGE: i64 = 1_000_000;

impl Printer {
    pub(crate) fn new(limit: usize) -> Self {
        Self { out: Vec::new(), flags: Flags::default(), erring: false, limit }
    }

    pub(crate) fn finish(self) -> Str {
        Str::from_bytes(self.out)
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    pub(super) fn rune(&mut self, c: char) {
        self.text(c.encode_utf8(&mut [0; 4]));
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.out.len() > self.limit { Err(Failure::exhausted(Exhausted::Bytes)) } else { Ok(()) }
    }

    pub(super) fn padding(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.extend(std::iter::repeat_n(byte, count));
    }

    /// Writes text, padded to the width in characters.
    pub(super) fn pad(&mut self, bytes: &[u8]) {
        let Some(width) = self.flags.width.filter(|w| *w > 0) else {
            self.out.extend_from_slice(bytes);
            return;
        };
        let missing = width.saturating_sub(crate::parse::runes(bytes).count());
        if self.flags.minus {
            self.out.extend_from_slice(bytes);
            self.padding(missing);
        } else {
            self.padding(missing);
            self.out.extend_from_slice(bytes);
        }
    }

    /// Pads with spaces, whatever the zero flag says.
    pub(super) fn pad_spaces(&mut self, bytes: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(bytes);
        self.flags.zero = zero;
    }

    /// `fmt.Fprintf`.
    pub(crate) fn printf(&mut self, format: &[u8], args: &[Value]) -> Result<(), Failure> {
        let mut reader = Reader { format, at: 0, arg: 0, after_index: false, reordered: false, good: true };
        while reader.at < format.len() {
            self.check()?;
            let rest = &format[reader.at..];
            let plain = rest.iter().position(|b| *b == b'%').unwrap_or(rest.len());
            self.out.extend_from_slice(&rest[..plain]);
            reader.at += plain;
            if reader.at >= format.len() {
                break;
            }
            reader.at += 1;
            self.verb(&mut reader, args)?;
        }
        if !reader.reordered && reader.arg < args.len() {
            self.extra(&args[reader.arg..])?;
        }
        self.check()
    }

    fn verb(&mut self, reader: &mut Reader<'_>, args: &[Value]) -> Result<(), Failure> {
        self.flags = Flags::default();
        reader.good = true;
        reader.after_index = false;
        while let Some(byte) = reader.peek() {
            match byte {
                b'#' => self.flags.sharp = true,
                b'0' => self.flags.zero = true,
                b'+' => self.flags.plus = true,
                b'-' => self.flags.minus = true,
                b' ' => self.flags.space = true,
                _ => break,
            }
            reader.at += 1;
        }
        reader.index(args.len());
        self.width(reader, args);
        self.precision(reader, args);
        if !reader.after_index {
            reader.index(args.len());
        }
        let Some((verb, size)) = decode(&reader.format[reader.at.min(reader.format.len())..]) else {
            self.text("%!(NOVERB)");
            return Ok(());
        };
        reader.at += size;
        match verb {
            '%' => self.byte(b'%'),
            _ if !reader.good => self.problem(verb, "(BADINDEX)"),
            _ if reader.arg >= args.len() => self.problem(verb, "(MISSING)"),
            _ => {
                if matches!(verb, 'v' | 'w') {
                    self.flags.sharp_v = std::mem::take(&mut self.flags.sharp);
                    self.flags.plus_v = std::mem::take(&mut self.flags.plus);
                }
                let arg = &args[reader.arg];
                reader.arg += 1;
                self.arg(arg, verb)?;
            }
        }
        Ok(())
    }

    fn problem(&mut self, verb: char, what: &str) {
        self.text("%!");
        self.rune(verb);
        self.text(what);
    }

    fn width(&mut self, reader: &mut Reader<'_>, args: &[Value]) {
        if reader.peek() != Some(b'*') {
            self.flags.width = reader.number();
            if reader.after_index && self.flags.width.is_some() {
                reader.good = false;
            }
            return;
        }
        reader.at += 1;
        match reader.int_argument(args) {
            None => self.text("%!(BADWIDTH)"),
            Some(n) => {
                if n < 0 {
                    self.flags.minus = true;
                    self.flags.zero = false;
                }
                self.flags.width = Some(n.unsigned_abs() as usize);
            }
        }
        reader.after_index = false;
    }

    fn precision(&mut self, reader: &mut Reader<'_>, args: &[Value]) {
        if reader.peek() != Some(b'.') || reader.at + 1 >= reader.format.len() {
            return;
        }
        reader.at += 1;
        if reader.after_index {
            reader.good = false;
        }
        reader.index(args.len());
        if reader.peek() != Some(b'*') {
            self.flags.precision = Some(reader.number().unwrap_or(0));
            return;
        }
        reader.at += 1;
        self.flags.precision = reader.int_argument(args).and_then(|n| usize::try_from(n).ok());
        if self.flags.precision.is_none() {
            self.text("%!(BADPREC)");
        }
        reader.after_index = false;
    }

    fn extra(&mut self, args: &[Value]) -> Result<(), Failure> {
        self.flags = Flags::default();
        self.text("%!(EXTRA ");
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            if arg.is_nil() {
                self.text("<nil>");
            } else {
                self.text(&arg.type_name());
                self.byte(b'=');
                self.arg(arg, 'v')?;
            }
        }
        self.byte(b')');
        Ok(())
    }
}

/// Where `printf` is in its format.
struct Reader<'f> {
    format: &'f [u8],
    at: usize,
    arg: usize,
    after_index: bool,
    reordered: bool,
    good: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// `[n]`, if it is here.
    fn index(&mut self, args: usize) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let end = if rest.len() < 3 { None } else { rest.iter().position(|b| *b == b']') };
        let Some(end) = end else {
            self.good = false;
            self.at += 1;
            return;
        };
        let inner =
            Reader { format: &rest[..end], at: 1, arg: 0, after_index: false, reordered: false, good: true }
                .whole_number();
        self.at += end + 1;
        self.after_index = inner.is_some();
        match inner.and_then(|n| n.checked_sub(1)).filter(|n| *n < args) {
            Some(n) => self.arg = n,
            None => self.good = false,
        }
    }

    fn whole_number(mut self) -> Option<usize> {
        let number = self.number()?;
        (self.at == self.format.len()).then_some(number)
    }

    fn number(&mut self) -> Option<usize> {
        let (start, mut number) = (self.at, 0i64);
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            if number > TOO_LARGE {
                // Go gives up at the digits: what follows them is read as the verb.
                self.at = self.format.len();
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
            self.at += 1;
        }
        (self.at > start).then_some(number as usize)
    }

    /// An argument for `*`.
    fn int_argument(&mut self, args: &[Value]) -> Option<i64> {
        let arg = args.get(self.arg)?;
        self.arg += 1;
        let number = arg.as_signed().or_else(|| arg.as_unsigned().and_then(|n| i64::try_from(n).ok()))?;
        (-TOO_LARGE..=TOO_LARGE).contains(&number).then_some(number)
    }
}
