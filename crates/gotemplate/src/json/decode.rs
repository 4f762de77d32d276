//! Reading JSON, as `json.Unmarshal` into an `interface {}` does.

use crate::format::quote;
use crate::{Go, List, Map, Str, Value};

/// How deep Go's decoder goes.
const DEPTH: usize = 10_000;

/// Reads JSON as `json.Unmarshal` into an `interface {}` does: numbers become `float64`, the last of several
/// equal keys counts.
///
/// # Errors
/// Go's message.
pub fn decode_json(text: &[u8], go: Go) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0, go };
    let value = reader.value(0)?;
    match reader.peek_token() {
        None => Ok(value),
        Some(byte) => {
            reader.at += 1;
            Err(reader.invalid(byte, "after top-level value"))
        }
    }
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    go: Go,
}

const END: &str = "unexpected end of JSON input";

impl Reader<'_> {
    /// Go's complaint about the byte that was read last. Go 1.27 shows the whole character.
    fn invalid(&self, byte: u8, context: &str) -> String {
        let at = self.at.saturating_sub(1);
        let whole = crate::parse::decode(&self.text[at..]).filter(|_| self.go >= Go::V1_27);
        let shown = match byte {
            b'\'' => "'\\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            byte => {
                let c = whole.map_or(char::from(byte), |(c, _)| c);
                let quoted = quote(c.encode_utf8(&mut [0; 4]).as_bytes());
                format!("'{}'", &quoted[1..quoted.len() - 1])
            }
        };
        format!("invalid character {shown} {context}")
    }

    fn next(&mut self) -> Result<u8, String> {
        let byte = *self.text.get(self.at).ok_or(END)?;
        self.at += 1;
        Ok(byte)
    }

    fn peek_token(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn next_token(&mut self) -> Result<u8, String> {
        self.peek_token();
        self.next()
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        match self.next_token()? {
            b'{' => stacker::maybe_grow(64 << 10, 1 << 20, || self.map(depth)),
            b'[' => stacker::maybe_grow(64 << 10, 1 << 20, || self.list(depth)),
            b'"' => Ok(Value::String(self.string()?)),
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            b'n' => self.literal("null", Value::Nil),
            byte @ (b'-' | b'0'..=b'9') => self.number(byte),
            byte => Err(self.invalid(byte, "looking for beginning of value")),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        let map = Map::new();
        if self.peek_token() == Some(b'}') {
            self.at += 1;
            return Ok(map.into());
        }
        loop {
            match self.next_token()? {
                b'"' => {}
                byte => return Err(self.invalid(byte, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            match self.next_token()? {
                b':' => {}
                byte => return Err(self.invalid(byte, "after object key")),
            }
            map.set(key, self.value(depth + 1)?);
            match self.next_token()? {
                b',' => {}
                b'}' => return Ok(map.into()),
                byte => return Err(self.invalid(byte, "after object key:value pair")),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        if self.peek_token() == Some(b']') {
            self.at += 1;
            return Ok(List::new(items).into());
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.next_token()? {
                b',' => {}
                b']' => return Ok(List::new(items).into()),
                byte => return Err(self.invalid(byte, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, String> {
        for expected in &word.as_bytes()[1..] {
            let byte = self.next()?;
            if byte != *expected {
                let expected = char::from(*expected);
                return Err(self.invalid(byte, &format!("in literal {word} (expecting '{expected}')")));
            }
        }
        Ok(value)
    }

    fn string(&mut self) -> Result<Str, String> {
        let mut out = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Ok(Str::from_bytes(Str::from_bytes(out).to_text().into_owned())),
                b'\\' => match self.next()? {
                    b'b' => out.push(8),
                    b'f' => out.push(12),
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    byte @ (b'"' | b'\\' | b'/') => out.push(byte),
                    b'u' => {
                        let c = self.unicode()?;
                        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    byte => return Err(self.invalid(byte, "in string escape code")),
                },
                byte if byte < b' ' => return Err(self.invalid(byte, "in string literal")),
                byte => out.push(byte),
            }
        }
    }

    /// The character of `\uXXXX`, two of which may be a pair. Half a pair is U+FFFD.
    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
        }
        let before = self.at;
        if self.text[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
        }
        self.at = before;
        Ok('\u{fffd}')
    }

    fn hex(&mut self) -> Result<u32, String> {
        (0..4).try_fold(0, |code, _| {
            let byte = self.next()?;
            let digit = char::from(byte).to_digit(16);
            let digit = digit.ok_or_else(|| self.invalid(byte, "in \\u hexadecimal character escape"))?;
            Ok(code << 4 | digit)
        })
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        match self.next()? {
            b'0'..=b'9' => {}
            byte => return Err(self.invalid(byte, context)),
        }
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self, first: u8) -> Result<Value, String> {
        let start = self.at - 1;
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => {
                while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
                    self.at += 1;
                }
            }
            byte => return Err(self.invalid(byte, "in numeric literal")),
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(Value::Float(n)),
            _ => Err(format!("json: cannot unmarshal number {text} into Go value of type float64")),
        }
    }
}
