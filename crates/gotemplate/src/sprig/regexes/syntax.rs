//! RE2's syntax in that of the regex crate, and Go's complaints.
//!
//! The two are nearly one. In RE2 `\d`, `\w`, `\s` and `\b` mean ASCII, a brace that is no repetition is a
//! brace, a `[` within a class is itself, classes know no operators, and `\Q…\E` quotes.

use crate::parse::decode;
use crate::{Failure, Str};

/// Go's limit for `{n,m}`.
const REPEAT: u32 = 1000;

/// The expression in the other syntax.
pub(super) fn translate(source: &[u8]) -> Result<String, Failure> {
    let Ok(text) = std::str::from_utf8(source) else {
        return Err(problem("invalid UTF-8", &String::from_utf8_lossy(source)));
    };
    let mut translator =
        Translator { text, at: 0, out: String::with_capacity(text.len() + 8), open: 0, can_repeat: false };
    while translator.at < text.len() {
        translator.item()?;
    }
    if translator.open > 0 {
        return Err(problem("missing closing )", text));
    }
    Ok(translator.out)
}

/// What the regex crate refused after all.
pub(super) fn refused(source: &Str, error: &regex::Error) -> Failure {
    match error {
        regex::Error::CompiledTooBig(_) => problem("expression too large", &source.to_text()),
        _ => problem("invalid or unsupported Perl syntax", &source.to_text()),
    }
}

fn problem(what: &str, part: &str) -> Failure {
    Failure::new(format!("error parsing regexp: {what}: `{part}`"))
}

struct Translator<'t> {
    text: &'t str,
    at: usize,
    out: String,
    open: usize,
    /// Whether a `*` may follow.
    can_repeat: bool,
}

impl<'t> Translator<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Copies so many bytes as they are.
    fn copy(&mut self, len: usize) {
        self.out.push_str(&self.text[self.at..self.at + len]);
        self.at += len;
    }

    fn item(&mut self) -> Result<(), Failure> {
        let rest = self.rest();
        let c = rest.chars().next().unwrap_or_default();
        match c {
            '\\' => self.escape(false)?,
            '[' => self.class()?,
            '(' => self.group()?,
            ')' => {
                if self.open == 0 {
                    return Err(problem("unexpected )", self.text));
                }
                self.open -= 1;
                self.copy(1);
                self.can_repeat = true;
            }
            '|' => {
                self.copy(1);
                self.can_repeat = false;
            }
            '*' | '+' | '?' => self.repeat(1)?,
            '{' => match counted(rest) {
                Some((len, low, high)) => {
                    self.check_count(len, low, high)?;
                    self.repeat(len)?;
                }
                None => {
                    self.at += 1;
                    self.out.push_str("\\{");
                    self.can_repeat = true;
                }
            },
            '}' => {
                self.at += 1;
                self.out.push_str("\\}");
                self.can_repeat = true;
            }
            c => {
                self.copy(c.len_utf8());
                self.can_repeat = true;
            }
        }
        Ok(())
    }

    /// `*`, `+`, `?` or `{n}`, perhaps with a `?` that makes it lazy.
    fn repeat(&mut self, len: usize) -> Result<(), Failure> {
        let start = self.at;
        let len = self.with_lazy(start, len);
        if !self.can_repeat {
            let operator = &self.rest()[..len];
            return Err(problem("missing argument to repetition operator", operator));
        }
        self.copy(len);
        let again = match self.rest().chars().next() {
            Some('*' | '+' | '?') => 1,
            Some('{') => match counted(self.rest()) {
                Some((len, low, high)) => {
                    self.check_count(len, low, high)?;
                    len
                }
                None => 0,
            },
            _ => 0,
        };
        if again > 0 {
            let both = &self.text[start..self.at + self.with_lazy(self.at, again)];
            return Err(problem("invalid nested repetition operator", both));
        }
        Ok(())
    }

    /// The length of an operator with the `?` after it.
    fn with_lazy(&self, at: usize, len: usize) -> usize {
        len + usize::from(self.text[at + len..].starts_with('?'))
    }

    fn check_count(&self, len: usize, low: u32, high: Option<u32>) -> Result<(), Failure> {
        if low > REPEAT || high.is_some_and(|high| high > REPEAT || high < low) {
            return Err(problem("invalid repeat count", &self.rest()[..len]));
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), Failure> {
        let rest = self.rest();
        self.can_repeat = false;
        let Some(flags) = rest.strip_prefix("(?") else {
            self.open += 1;
            self.copy(1);
            return Ok(());
        };
        let named = flags.strip_prefix("P<").or_else(|| flags.strip_prefix('<'));
        if let Some(name) = named {
            let Some(end) = name.find('>') else {
                return Err(problem("invalid named capture", rest));
            };
            let len = rest.len() - name.len() + end + 1;
            let plain = !name[..end].is_empty()
                && name[..end].bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
            if !plain {
                return Err(problem("invalid named capture", &rest[..len]));
            }
            self.open += 1;
            // A name may begin with a digit in Go.
            self.copy(len);
            return Ok(());
        }
        let end = flags.find(|c: char| !matches!(c, 'i' | 'm' | 's' | 'U' | '-')).unwrap_or(flags.len());
        match flags[end..].chars().next() {
            Some(':') => self.open += 1,
            Some(')') if end > 0 => {}
            Some(c) => {
                return Err(problem("invalid or unsupported Perl syntax", &rest[..2 + end + c.len_utf8()]));
            }
            None => return Err(problem("missing closing )", self.text)),
        }
        self.copy(2 + end + 1);
        Ok(())
    }

    fn escape(&mut self, in_class: bool) -> Result<(), Failure> {
        let rest = self.rest();
        let Some(c) = rest[1..].chars().next() else {
            return Err(problem("trailing backslash at end of expression", ""));
        };
        let len = 1 + c.len_utf8();
        self.can_repeat = true;
        let translated = match c {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            's' => "[\\t\\n\\x0C\\r ]",
            'S' => "[^\\t\\n\\x0C\\r ]",
            'b' if !in_class => "(?-u:\\b)",
            'B' if !in_class => "(?-u:\\B)",
            'A' | 'z' if !in_class => &rest[..len],
            'a' => "\\x07",
            'f' => "\\x0C",
            't' | 'n' | 'r' | 'v' => &rest[..len],
            'Q' if !in_class => {
                self.at += len;
                self.quoted();
                return Ok(());
            }
            'p' | 'P' => {
                let len = property(rest).ok_or_else(|| problem("invalid character class range", rest))?;
                self.copy(len);
                return Ok(());
            }
            'x' => return self.hexadecimal(),
            '0'..='7' => return self.octal(),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                self.at += len;
                self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
                return Ok(());
            }
            _ => return Err(problem("invalid escape sequence", &rest[..len])),
        };
        self.at += len;
        self.out.push_str(translated);
        Ok(())
    }

    fn quoted(&mut self) {
        let rest = self.rest();
        let end = rest.find("\\E").unwrap_or(rest.len());
        self.out.push_str(&regex::escape(&rest[..end]));
        self.at += (end + 2).min(rest.len());
        self.can_repeat = end > 0;
    }

    fn hexadecimal(&mut self) -> Result<(), Failure> {
        let rest = &self.rest()[2..];
        let bad = |len: usize| problem("invalid escape sequence", &self.rest()[..len]);
        let (digits, len) = match rest.strip_prefix('{') {
            Some(inner) => {
                let end = inner.find('}').ok_or_else(|| bad(self.rest().len()))?;
                (&inner[..end], end + 4)
            }
            None => (rest.get(..2).ok_or_else(|| bad(self.rest().len()))?, 4),
        };
        let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        let c = code.ok_or_else(|| bad(len))?;
        self.at += len;
        self.out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
        Ok(())
    }

    fn octal(&mut self) -> Result<(), Failure> {
        let rest = &self.rest()[1..];
        let len = rest.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
        if !rest.starts_with('0') && len < 2 {
            return Err(problem("invalid escape sequence", &self.rest()[..2]));
        }
        let code = u32::from_str_radix(&rest[..len], 8).unwrap_or(0);
        self.at += 1 + len;
        self.out.push_str(&format!("\\x{{{code:X}}}"));
        Ok(())
    }

    fn class(&mut self) -> Result<(), Failure> {
        let start = self.at;
        self.copy(1);
        if self.rest().starts_with('^') {
            self.copy(1);
        }
        let mut first = true;
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else {
                return Err(problem("missing closing ]", &self.text[start..]));
            };
            if c == ']' && !first {
                self.copy(1);
                self.can_repeat = true;
                return Ok(());
            }
            if let Some(len) = posix(rest) {
                self.copy(len);
            } else {
                // A dash may stand anywhere, as in Perl.
                self.class_part()?;
            }
            first = false;
        }
    }

    /// One character of a class, or a range of them.
    fn class_part(&mut self) -> Result<(), Failure> {
        let from = self.at;
        let low = self.class_character()?;
        let rest = self.rest();
        if low.is_none() || !rest.starts_with('-') || rest[1..].starts_with(']') || rest.len() < 2 {
            return Ok(());
        }
        self.out.push('-');
        self.at += 1;
        let escape = self.rest().as_bytes();
        if let [b'\\', b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'p' | b'P', ..] = escape {
            return Err(problem("invalid escape sequence", &self.rest()[..2]));
        }
        let high = self.class_character()?;
        if high.is_none_or(|high| Some(high) < low) {
            return Err(problem("invalid character class range", &self.text[from..self.at]));
        }
        Ok(())
    }

    /// A single character, written so that the other syntax takes it as one; nothing for a class like `\d`.
    fn class_character(&mut self) -> Result<Option<char>, Failure> {
        let rest = self.rest();
        let Some((c, width)) = decode(rest.as_bytes()) else {
            return Err(problem("missing closing ]", self.text));
        };
        if c != '\\' {
            self.at += width;
            if matches!(c, '[' | '&' | '~' | '-' | '^' | ']') {
                self.out.push('\\');
            }
            self.out.push(c);
            return Ok(Some(c));
        }
        let before = self.out.len();
        self.escape(true)?;
        let written = &self.out[before..];
        if written.starts_with('[') || written.starts_with("\\p") || written.starts_with("\\P") {
            return Ok(None);
        }
        Ok(match written.strip_prefix("\\x") {
            Some(hex) => {
                let hex = hex.trim_matches(['{', '}']);
                u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
            }
            None => match written {
                "\\t" => Some('\t'),
                "\\n" => Some('\n'),
                "\\r" => Some('\r'),
                "\\v" => Some('\x0b'),
                other => other.chars().next_back(),
            },
        })
    }
}

/// The length, least and most of `{n}`, `{n,}` or `{n,m}`.
fn counted(text: &str) -> Option<(usize, u32, Option<u32>)> {
    let end = text.find('}')?;
    let inner = &text[1..end];
    let number = |text: &str| {
        let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
        (plain && !text.is_empty()).then(|| text.parse().unwrap_or(u32::MAX))
    };
    match inner.split_once(',') {
        None => number(inner).map(|n| (end + 1, n, Some(n))),
        Some((low, "")) => number(low).map(|n| (end + 1, n, None)),
        Some((low, high)) => Some((end + 1, number(low)?, Some(number(high)?))),
    }
}

/// The length of `[:name:]`.
fn posix(text: &str) -> Option<usize> {
    let name = text.strip_prefix("[:")?;
    let end = name.find(":]")?;
    let known = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
        "upper", "word", "xdigit",
    ];
    known.contains(&name[..end].trim_start_matches('^')).then_some(end + 4)
}

/// The length of `\pL` or `\p{Greek}`.
fn property(text: &str) -> Option<usize> {
    match text[2..].strip_prefix('{') {
        Some(name) => name.find('}').map(|end| end + 4),
        None => text[2..].chars().next().map(|c| 2 + c.len_utf8()),
    }
}
