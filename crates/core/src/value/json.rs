//! JSON in: one pass, straight into [`Value`], within a budget.

use std::borrow::Cow;

use super::block::set;
use super::json_error::{JsonError, JsonErrorKind};
use super::json_stack::Stack;
use super::key::find;
use super::{Key, List, Map, Text, Value, text_of};
use crate::Budget;

impl Value {
    /// Reads JSON within the default [`Budget`].
    ///
    /// As the API server reads it: of duplicate keys the last wins, a number without fraction and exponent
    /// is an integer if it fits 64 bits and else a float, broken UTF-8 becomes U+FFFD.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        Self::from_json_within(bytes, &Budget::default())
    }

    /// Reads JSON within a budget of bytes, nodes and depth.
    pub fn from_json_within(bytes: &[u8], budget: &Budget) -> Result<Self, JsonError> {
        // Faster than to look for broken characters at once.
        let text = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
        let mut decoder = Decoder { text: &text, at: 0, budget, nodes: 0, stack: Stack::default() };
        let result = if bytes.len() > budget.bytes {
            Err(JsonErrorKind::Bytes(budget.bytes))
        } else {
            decoder.document()
        };
        result.map_err(|kind| decoder.error(kind))
    }
}

struct Decoder<'a> {
    text: &'a str,
    at: usize,
    budget: &'a Budget,
    nodes: usize,
    /// Where values are made: a list or map is moved out at its exact size when it ends. Items have the empty key.
    stack: Stack,
}

type Step<T> = Result<T, JsonErrorKind>;

impl<'a> Decoder<'a> {
    fn document(&mut self) -> Step<Value> {
        self.skip_space();
        self.stack.push();
        self.value(0)?;
        self.skip_space();
        if self.at < self.text.len() {
            return Err(JsonErrorKind::Trailing);
        }
        Ok(std::mem::take(&mut self.stack.last().1))
    }

    /// Reads a value to the top of the stack, where a null awaits it.
    fn value(&mut self, depth: usize) -> Step<()> {
        self.nodes += 1;
        if self.nodes > self.budget.nodes {
            return Err(JsonErrorKind::Nodes(self.budget.nodes));
        }
        match self.peek().ok_or(JsonErrorKind::End)? {
            b'"' => match self.string()? {
                Cow::Borrowed(text) => self.put(Value::String(text_of(text))),
                Cow::Owned(text) => self.put(Value::String(Text::from(text))),
            },
            b'{' => self.map(depth + 1)?,
            b'[' => self.list(depth + 1)?,
            b't' => self.word("true", Value::Bool(true))?,
            b'f' => self.word("false", Value::Bool(false))?,
            b'n' => self.word("null", Value::Null)?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(JsonErrorKind::Unexpected),
        }
        Ok(())
    }

    #[inline(always)]
    fn put(&mut self, value: Value) {
        set(&mut self.stack.last().1, value);
    }

    fn map(&mut self, depth: usize) -> Step<()> {
        self.enter(depth)?;
        let base = self.stack.top;
        if !self.ends(b'}') {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self.unexpected());
                }
                let key = self.string()?;
                self.stack.push();
                match find(&key) {
                    Some(id) => self.stack.last().0 = Key::known(id),
                    None => self.stack.last().0 = Key::other(&key),
                }
                self.skip_space();
                self.expect(b':')?;
                self.skip_space();
                self.value(depth)?;
                if self.next_or(b'}')? {
                    break;
                }
            }
        }
        let map = Map::moved(self.stack.above(base));
        self.put(Value::Map(map));
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Step<()> {
        self.enter(depth)?;
        let base = self.stack.top;
        if !self.ends(b']') {
            loop {
                self.stack.push();
                self.value(depth)?;
                if self.next_or(b']')? {
                    break;
                }
            }
        }
        let items = self.stack.above(base);
        let (list, ()) = List::filled(items.len(), |places| {
            places.iter_mut().zip(items).for_each(|(place, (_, item))| std::mem::swap(place, item));
        });
        self.put(Value::List(list));
        Ok(())
    }

    fn enter(&mut self, depth: usize) -> Step<()> {
        if depth > self.budget.depth {
            return Err(JsonErrorKind::Depth(self.budget.depth));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn ends(&mut self, close: u8) -> bool {
        let ends = self.peek() == Some(close);
        self.at += usize::from(ends);
        ends
    }

    /// After an element: true at the closing bracket, false after a comma.
    fn next_or(&mut self, close: u8) -> Step<bool> {
        self.skip_space();
        if self.ends(close) {
            return Ok(true);
        }
        self.expect(b',')?;
        self.skip_space();
        Ok(false)
    }

    fn string(&mut self) -> Step<Cow<'a, str>> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let end = string_stop(bytes, start);
        self.at = end;
        match bytes.get(end) {
            Some(b'"') => {
                self.at += 1;
                self.text.get(start..end).map(Cow::Borrowed).ok_or(JsonErrorKind::String)
            }
            Some(b'\\') => self.escaped(start).map(Cow::Owned),
            Some(_) => Err(JsonErrorKind::String),
            None => Err(JsonErrorKind::End),
        }
    }

    fn escaped(&mut self, start: usize) -> Step<String> {
        let mut out = String::from(self.text.get(start..self.at).unwrap_or_default());
        loop {
            match self.take().ok_or(JsonErrorKind::End)? {
                b'"' => return Ok(out),
                b'\\' => out.push(self.escape()?),
                0..0x20 => return Err(JsonErrorKind::String),
                _ => {
                    let from = self.at - 1;
                    self.at = string_stop(self.text.as_bytes(), self.at);
                    out.push_str(self.text.get(from..self.at).unwrap_or_default());
                }
            }
        }
    }

    fn escape(&mut self) -> Step<char> {
        Ok(match self.take().ok_or(JsonErrorKind::End)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex4()?;
                let rest = self.text.as_bytes().get(self.at..self.at + 2);
                if (0xd800..0xdc00).contains(&high) && rest == Some(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    let low = self.hex4()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                // A lone surrogate becomes U+FFFD, as in Go's encoding/json.
                char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(JsonErrorKind::String),
        })
    }

    fn hex4(&mut self) -> Step<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(JsonErrorKind::String)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(JsonErrorKind::String);
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| JsonErrorKind::String)
    }

    fn number(&mut self) -> Step<()> {
        let start = self.at;
        self.ends(b'-');
        match self.take() {
            Some(b'0') => {}
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(JsonErrorKind::Number),
        }
        let mut float = false;
        if self.ends(b'.') {
            float = true;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            float = true;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if !float && let Ok(n) = text.parse() {
            self.put(Value::Int(n));
            return Ok(());
        }
        let number = text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or(JsonErrorKind::Number)?;
        self.put(Value::Float(number));
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Step<()> {
        let start = self.at;
        self.digits();
        if self.at == start { Err(JsonErrorKind::Number) } else { Ok(()) }
    }

    fn word(&mut self, word: &str, value: Value) -> Step<()> {
        if !self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(self.unexpected());
        }
        self.at += word.len();
        self.put(value);
        Ok(())
    }

    fn expect(&mut self, byte: u8) -> Step<()> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn unexpected(&self) -> JsonErrorKind {
        if self.peek().is_none() { JsonErrorKind::End } else { JsonErrorKind::Unexpected }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        let before = self.text.as_bytes().get(..self.at.min(self.text.len())).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        JsonError { line, column, kind }
    }
}

/// The place of the first quote, backslash or control character, or of the end, at or after a place.
#[inline]
pub(super) fn string_stop(bytes: &[u8], from: usize) -> usize {
    const SAME: u64 = 0x0101_0101_0101_0101;
    // The top bit of each byte that is zero, and perhaps of some above the first.
    let zeros = |eight: u64| eight.wrapping_sub(SAME) & !eight;
    let mut at = from;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let eight = u64::from_le_bytes(*eight);
        let control = eight.wrapping_sub(SAME * 0x20) & !eight;
        let found = zeros(eight ^ (SAME * 0x22)) | zeros(eight ^ (SAME * 0x5c)) | control;
        let found = found & (SAME << 7);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let stops = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
    rest.iter().position(stops).map_or(bytes.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expect: &str) {
        let got = match Value::from_json(json.as_bytes()) {
            Ok(value) => value.to_json(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expect, "{json}");
    }

    #[test]
    fn values() {
        check(r#" {"b":1,"a":[true,null,"x\u00e9\n"],"b":2} "#, r#"{"a":[true,null,"xé\n"],"b":2}"#);
        check("9223372036854775807", "9223372036854775807");
        // Beyond 64 bits a float, printed with its shortest digits: Go 1.26 strconv, format f.
        check("9223372036854775808", "9223372036854776000");
        check("1e3", "1000");
        check("1e21", "1e+21");
        check("0.0000001", "1e-7");
        check(r#""\ud83d\ude00 \ud800""#, "\"😀 \u{fffd}\"");
        check("-0", "0");
    }

    #[test]
    fn strings_end_where_they_do() {
        let text = "plain é\u{80}😀 ~ long enough\"and\\more \u{1f} x\u{7f}\"".as_bytes();
        for from in 0..=text.len() {
            let stop = text[from..].iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\');
            assert_eq!(string_stop(text, from), stop.map_or(text.len(), |at| from + at), "{from}");
        }
    }

    #[test]
    fn errors() {
        check("{\"a\":\n tru}", "error: line 2, column 2: unexpected character");
        check("[1,]", "error: line 1, column 4: unexpected character");
        check("01", "error: line 1, column 2: unexpected text after the value");
        check("1e400", "error: line 1, column 6: invalid number");
        check("\"a", "error: line 1, column 3: unexpected end of JSON input");
        check("\"\\x\"", "error: line 1, column 4: invalid string");
        check("{} x", "error: line 1, column 4: unexpected text after the value");
        check("", "error: line 1, column 1: unexpected end of JSON input");
    }

    #[test]
    fn budgets() {
        let deep = "[".repeat(100_000);
        assert_eq!(
            Value::from_json(deep.as_bytes()).unwrap_err().kind,
            JsonErrorKind::Depth(Budget::default().depth)
        );
        let budget = Budget { nodes: 2, ..Budget::default() };
        assert_eq!(Value::from_json_within(b"[1,2]", &budget).unwrap_err().kind, JsonErrorKind::Nodes(2));
    }
}
