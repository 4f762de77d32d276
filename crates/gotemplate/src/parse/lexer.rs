//! The lexer: template text to tokens.

mod literals;

use super::rune::{self, is_letter_or_digit};
use super::token::{Kind, Token};

const SPACES: &[u8] = b" \t\r\n";

/// Cuts a template into tokens, one at a time.
#[derive(Debug)]
pub(super) struct Lexer<'s> {
    input: &'s [u8],
    pos: usize,
    start: usize,
    line: usize,
    start_line: usize,
    parens: usize,
    inside_action: bool,
    /// `break` and `continue` are keywords unless functions have these names.
    pub(super) break_is_keyword: bool,
    pub(super) continue_is_keyword: bool,
    /// Go 1.23 forgets the lines of comments.
    pub(super) counts_comments: bool,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(input: &'s [u8]) -> Self {
        Self {
            input,
            pos: 0,
            start: 0,
            line: 1,
            start_line: 1,
            parens: 0,
            inside_action: false,
            break_is_keyword: true,
            continue_is_keyword: true,
            counts_comments: true,
        }
    }

    /// The next token. After an error, and at the end, only ends follow.
    pub(super) fn next_token(&mut self) -> Token<'s> {
        if self.inside_action { self.action() } else { self.text() }
    }

    fn rest(&self) -> &'s [u8] {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        rune::decode(self.rest()).map(|(c, _)| c)
    }

    fn bump(&mut self) -> Option<char> {
        let (c, width) = rune::decode(self.rest())?;
        self.pos += width;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn emit(&mut self, kind: Kind) -> Token<'s> {
        let token = Token {
            kind,
            pos: self.start,
            text: &self.input[self.start..self.pos],
            problem: String::new(),
            line: self.start_line,
        };
        self.start = self.pos;
        self.start_line = self.line;
        token
    }

    fn error(&mut self, problem: impl Into<String>) -> Token<'s> {
        let (pos, line) = (self.start, self.start_line);
        self.input = &[];
        self.pos = 0;
        self.start = 0;
        Token { kind: Kind::Error, pos, text: &[], problem: problem.into(), line }
    }

    /// Skips what was read since the last token.
    fn ignore(&mut self) {
        self.line += newlines(&self.input[self.start..self.pos]);
        self.start = self.pos;
        self.start_line = self.line;
    }

    /// Everything up to the next action; comments are skipped.
    fn text(&mut self) -> Token<'s> {
        loop {
            let Some(found) = find(self.rest(), b"{{") else {
                self.pos = self.input.len();
                if self.pos == self.start {
                    return self.emit(Kind::Eof);
                }
                self.line += newlines(&self.input[self.start..self.pos]);
                return self.emit(Kind::Text);
            };
            if found > 0 {
                self.pos += found;
                let mut trim = 0;
                if trims_left(&self.input[self.pos + 2..]) {
                    let text = &self.input[self.start..self.pos];
                    trim = text.iter().rev().take_while(|b| SPACES.contains(b)).count();
                }
                self.pos -= trim;
                self.line += newlines(&self.input[self.start..self.pos]);
                let token = self.emit(Kind::Text);
                self.pos += trim;
                self.ignore();
                if !token.text.is_empty() {
                    return token;
                }
            }
            self.pos += 2;
            let after = if trims_left(self.rest()) { 2 } else { 0 };
            if self.rest()[after..].starts_with(b"/*") {
                self.pos += after;
                self.ignore();
                match self.comment() {
                    Some(problem) => return problem,
                    None => continue,
                }
            }
            let token = self.emit(Kind::LeftDelim);
            self.inside_action = true;
            self.pos += after;
            self.ignore();
            self.parens = 0;
            return token;
        }
    }

    /// Skips a comment, or says what is wrong with it.
    fn comment(&mut self) -> Option<Token<'s>> {
        self.pos += 2;
        let Some(found) = find(self.rest(), b"*/") else { return Some(self.error("unclosed comment")) };
        self.pos += found + 2;
        let Some(trims) = self.right_delim() else {
            return Some(self.error("comment ends before closing delimiter"));
        };
        if self.counts_comments {
            self.line += newlines(&self.input[self.start..self.pos]);
        }
        self.emit(Kind::Space);
        self.pos += 2;
        if trims {
            self.pos += 2;
            self.pos += self.rest().iter().take_while(|b| SPACES.contains(b)).count();
        }
        self.ignore();
        None
    }

    /// Whether a right delimiter is here; then, whether it trims.
    fn right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if trims_right(rest) && rest[2..].starts_with(b"}}") {
            return Some(true);
        }
        rest.starts_with(b"}}").then_some(false)
    }

    fn leave_action(&mut self) -> Token<'s> {
        let trims = self.right_delim() == Some(true);
        if trims {
            self.pos += 2;
            self.ignore();
        }
        self.pos += 2;
        let token = self.emit(Kind::RightDelim);
        if trims {
            self.pos += self.rest().iter().take_while(|b| SPACES.contains(b)).count();
            self.ignore();
        }
        self.inside_action = false;
        token
    }

    fn action(&mut self) -> Token<'s> {
        if self.right_delim().is_some() {
            return if self.parens == 0 { self.leave_action() } else { self.error("unclosed left paren") };
        }
        let Some(c) = self.peek() else {
            return if self.start == 0 && self.input.is_empty() {
                self.emit(Kind::Eof)
            } else {
                self.error("unclosed action")
            };
        };
        match c {
            ' ' | '\t' | '\r' | '\n' => return self.spaces(),
            '"' => return self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => return self.quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '`' => return self.raw_string(),
            '.' if !self.rest().get(1).is_some_and(u8::is_ascii_digit) && self.rest().len() > 1 => {
                self.bump();
                return self.field_or_variable(Kind::Field);
            }
            '.' | '+' | '-' | '0'..='9' => return self.number(),
            c if is_letter_or_digit(c) => return self.identifier(),
            _ => {}
        }
        self.bump();
        match c {
            '=' => self.emit(Kind::Assign),
            ':' if self.bump() == Some('=') => self.emit(Kind::Declare),
            ':' => self.error("expected :="),
            '|' => self.emit(Kind::Pipe),
            '$' => self.field_or_variable(Kind::Variable),
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen)
            }
            ')' if self.parens == 0 => self.error("unexpected right paren"),
            ')' => {
                self.parens -= 1;
                self.emit(Kind::RightParen)
            }
            c if c.is_ascii_graphic() => self.emit(Kind::Char),
            c => self.error(format!("unrecognized character in action: {}", rune::unicode(Some(c)))),
        }
    }

    fn spaces(&mut self) -> Token<'s> {
        let mut count = 0;
        while self.peek().is_some_and(is_space) {
            self.bump();
            count += 1;
        }
        let last = &self.input[self.pos - 1..];
        if trims_right(last) && last[2..].starts_with(b"}}") {
            self.pos -= 1;
            self.line -= usize::from(self.input[self.pos] == b'\n');
            if count == 1 {
                return self.leave_action();
            }
        }
        self.emit(Kind::Space)
    }

    fn word(&mut self) {
        while self.peek().is_some_and(is_letter_or_digit) {
            self.bump();
        }
    }

    fn bad_character(&mut self) -> Token<'s> {
        let problem = format!("bad character {}", rune::unicode(self.peek()));
        self.error(problem)
    }

    fn identifier(&mut self) -> Token<'s> {
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let word = &self.input[self.start..self.pos];
        let kind = match Kind::keyword(word) {
            Some(Kind::Break) if !self.break_is_keyword => Kind::Identifier,
            Some(Kind::Continue) if !self.continue_is_keyword => Kind::Identifier,
            Some(kind) => kind,
            None if word == b"true" || word == b"false" => Kind::Bool,
            None => Kind::Identifier,
        };
        self.emit(kind)
    }

    fn field_or_variable(&mut self, kind: Kind) -> Token<'s> {
        if self.at_terminator() {
            return self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
        }
        self.word();
        if self.at_terminator() { self.emit(kind) } else { self.bad_character() }
    }

    /// Whether a name may end here.
    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with(b"}}"),
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether `- ` follows a left delimiter.
fn trims_left(rest: &[u8]) -> bool {
    rest.len() >= 2 && rest[0] == b'-' && SPACES.contains(&rest[1])
}

/// Whether ` -` is here, which may stand before a right delimiter.
fn trims_right(rest: &[u8]) -> bool {
    rest.len() >= 2 && SPACES.contains(&rest[0]) && rest[1] == b'-'
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b == b'\n').count()
}

fn find(haystack: &[u8], needle: &[u8; 2]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + haystack[from..].iter().position(|b| *b == needle[0])?;
        if haystack.get(at + 1) == Some(&needle[1]) {
            return Some(at);
        }
        from = at + 1;
    }
}
