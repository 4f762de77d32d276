//! Strings, characters and numbers.

use super::Lexer;
use crate::parse::rune::is_letter_or_digit;
use crate::parse::token::{Kind, Token};

impl<'s> Lexer<'s> {
    pub(super) fn quoted(&mut self, end: char, kind: Kind, problem: &str) -> Token<'s> {
        self.bump();
        loop {
            match self.bump() {
                Some('\\') => {
                    if matches!(self.bump(), None | Some('\n')) {
                        return self.error(problem);
                    }
                }
                None | Some('\n') => return self.error(problem),
                Some(c) if c == end => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    pub(super) fn raw_string(&mut self) -> Token<'s> {
        self.bump();
        loop {
            match self.bump() {
                None => return self.error("unterminated raw quoted string"),
                Some('`') => return self.emit(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    pub(super) fn number(&mut self) -> Token<'s> {
        let whole = self.scan_number();
        if !whole {
            return self.bad_number();
        }
        if !matches!(self.peek(), Some('+' | '-')) {
            return self.emit(Kind::Number);
        }
        if !self.scan_number() || self.input[self.pos - 1] != b'i' {
            return self.bad_number();
        }
        self.emit(Kind::Complex)
    }

    fn bad_number(&mut self) -> Token<'s> {
        let text = &self.input[self.start..self.pos];
        self.error(format!("bad number syntax: {}", crate::format::quote(text)))
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|b| valid.contains(b));
        self.pos += usize::from(found);
        found
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &[u8] = b"0123456789_";
        const HEX: &[u8] = b"0123456789abcdefABCDEF_";
        self.accept(b"+-");
        let mut digits = DECIMAL;
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = HEX;
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(DECIMAL);
        }
        self.accept(b"i");
        if self.peek().is_some_and(is_letter_or_digit) {
            self.bump();
            return false;
        }
        true
    }
}
