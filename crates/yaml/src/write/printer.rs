//! Puts scalars, keys and items on lines as libyaml's emitter does.

use super::analysis::{is_break, is_printable};

/// Columns from which a space becomes a line break.
const WIDTH: usize = 80;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// As it is.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// The output and the place in it.
#[derive(Debug)]
pub(super) struct Printer {
    out: String,
    column: usize,
    /// The indents of the open collections, the innermost last.
    indents: Vec<usize>,
    /// Whether the last character was a space or a line's start.
    whitespace: bool,
    /// Whether the line so far holds only spaces and indicators.
    indention: bool,
}

impl Printer {
    pub(super) fn new() -> Self {
        Self::onto(String::new())
    }

    /// A printer that goes on behind a text, which ends a line.
    pub(super) fn onto(out: String) -> Self {
        Self { out, column: 0, indents: Vec::new(), whitespace: true, indention: true }
    }

    pub(super) fn finish(mut self) -> String {
        if !self.out.ends_with('\n') || self.column > 0 {
            self.out.push('\n');
        }
        self.out
    }

    /// Starts a collection; a list that is a map's value stays at the map's indent.
    pub(super) fn open(&mut self, indentless: bool) {
        let indent = match self.indents.last() {
            None => 0,
            Some(indent) if indentless && !self.indention => *indent,
            Some(indent) => indent + 2,
        };
        self.indents.push(indent);
    }

    /// Ends a collection.
    pub(super) fn close(&mut self) {
        self.indents.pop();
    }

    /// Starts a list's item.
    pub(super) fn item(&mut self) {
        self.indent_to(self.indent());
        self.indicator("-", true, true);
    }

    /// Writes a map's key and its colon.
    pub(super) fn key(&mut self, simple: bool, write: impl FnOnce(&mut Self)) {
        self.indent_to(self.indent());
        if simple {
            write(self);
            self.indicator(":", false, false);
        } else {
            self.indicator("?", true, true);
            write(self);
            self.indent_to(self.indent());
            self.indicator(":", true, true);
        }
    }

    /// Writes text that needs no analysis.
    pub(super) fn plain(&mut self, text: &str) {
        self.scalar(text, Quoting::Plain, false);
    }

    /// Writes a scalar; `fold` allows line breaks at spaces.
    pub(super) fn scalar(&mut self, text: &str, quoting: Quoting, fold: bool) {
        let indent = self.indents.last().map_or(2, |indent| indent + 2);
        match quoting {
            Quoting::Plain => {
                if !self.whitespace {
                    self.put(' ');
                }
                self.flowing(text, indent, fold, false);
            }
            Quoting::Single => {
                self.indicator("'", true, false);
                self.flowing(text, indent, fold, true);
                self.indicator("'", false, false);
            }
            Quoting::Double => self.double(text, indent, fold),
            Quoting::Literal => return self.literal(text, indent, false),
            Quoting::Folded => return self.literal(text, indent, true),
        }
        self.whitespace = false;
        self.indention = false;
    }

    /// The text of a plain or single-quoted scalar.
    fn flowing(&mut self, text: &str, indent: usize, fold: bool, quoted: bool) {
        // A short word needs no second look.
        if text.is_ascii() && !text.bytes().any(|b| matches!(b, b' ' | b'\n' | b'\r' | b'\'')) {
            self.put_ascii(text);
            return;
        }
        let (mut spaces, mut breaks) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' {
                let inner = at > 0 && at + 1 < text.len();
                let next_is_space = chars.peek().is_some_and(|(_, next)| *next == ' ');
                if fold && !spaces && self.column > WIDTH && (inner || !quoted) && !next_is_space {
                    self.indent_to(indent);
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.line_break('\n');
                }
                self.line_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.indent_to(indent);
                }
                if quoted && c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
    }

    fn double(&mut self, text: &str, indent: usize, fold: bool) {
        self.indicator("\"", true, false);
        // go-yaml asks at every character whether the text starts with a byte order mark.
        let all = text.starts_with('\u{feff}');
        let mut spaces = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if all || !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                self.escape(c);
                spaces = false;
            } else if c == ' ' {
                if fold && !spaces && self.column > WIDTH && at > 0 && at + 1 < text.len() {
                    self.indent_to(indent);
                    if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
        }
        self.indicator("\"", false, false);
    }

    fn escape(&mut self, c: char) {
        let code = u32::from(c);
        let text = match c {
            '\0' => "0".to_owned(),
            '\u{7}' => "a".to_owned(),
            '\u{8}' => "b".to_owned(),
            '\t' => "t".to_owned(),
            '\n' => "n".to_owned(),
            '\u{b}' => "v".to_owned(),
            '\u{c}' => "f".to_owned(),
            '\r' => "r".to_owned(),
            '\u{1b}' => "e".to_owned(),
            '"' => "\"".to_owned(),
            '\\' => "\\".to_owned(),
            '\u{85}' => "N".to_owned(),
            '\u{a0}' => "_".to_owned(),
            '\u{2028}' => "L".to_owned(),
            '\u{2029}' => "P".to_owned(),
            _ if code <= 0xff => format!("x{code:02X}"),
            _ if code <= 0xffff => format!("u{code:04X}"),
            _ => format!("U{code:08X}"),
        };
        self.put('\\');
        text.chars().for_each(|c| self.put(c));
    }

    /// A comment: on the line written last, or on one of its own before what comes next.
    pub(super) fn comment(&mut self, text: &str, inline: bool) {
        if inline && self.column > 0 {
            self.put(' ');
        } else {
            self.indent_to(self.indent());
        }
        self.put('#');
        text.chars().for_each(|c| self.put(c));
        self.whitespace = false;
        self.indention = false;
        if self.indents.is_empty() {
            // Before the first node nothing else would end the line.
            self.line_break('\n');
            self.whitespace = true;
            self.indention = true;
        }
    }

    /// Text in lines of its own; folded, a line break is an empty line.
    fn literal(&mut self, text: &str, indent: usize, folded: bool) {
        self.indicator(if folded { ">" } else { "|" }, true, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false);
        }
        let mut last = text.chars().rev();
        match (last.next().is_some_and(is_break), last.next()) {
            (false, _) => self.indicator("-", false, false),
            (true, before) if before.is_none_or(is_break) => self.indicator("+", false, false),
            _ => {}
        }
        self.line_break('\n');
        self.indention = true;
        self.whitespace = true;
        let mut rest = text;
        let (mut breaks, mut spaced) = (true, false);
        while let Some(c) = rest.chars().next() {
            if is_break(c) {
                if folded && !breaks && !spaced {
                    let next = rest.trim_start_matches(is_break);
                    if !next.is_empty() && !next.starts_with([' ', '\t']) {
                        self.line_break('\n');
                    }
                }
                self.line_break(c);
                self.indention = true;
                breaks = true;
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
                continue;
            }
            self.indent_to(indent);
            spaced = c == ' ' || c == '\t';
            breaks = false;
            let (line, behind) = rest.split_at(rest.find(is_break).unwrap_or(rest.len()));
            self.out.push_str(line);
            self.column += line.chars().count();
            self.indention = false;
            rest = behind;
        }
    }

    fn indent(&self) -> usize {
        self.indents.last().copied().unwrap_or(0)
    }

    /// Goes to a column, on a new line unless the line is still free there.
    fn indent_to(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break('\n');
        }
        if self.column < indent {
            self.out.extend(std::iter::repeat_n(' ', indent - self.column));
            self.column = indent;
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, indicator: &str, spaced: bool, indention: bool) {
        if spaced && !self.whitespace {
            self.put(' ');
        }
        self.put_ascii(indicator);
        self.whitespace = false;
        self.indention &= indention;
    }

    /// Text of one byte a column.
    fn put_ascii(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.len();
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn line_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }
}
