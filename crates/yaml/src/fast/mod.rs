//! The fast path: plain block style, straight from bytes to values and trees.
//!
//! It reads lines, not tokens, and gives up on anything that manifests seldom hold: then the full path reads
//! the text again, and finds the errors too. So every `?` here means "let the full path decide". It must
//! never accept what the full path refuses, nor read it otherwise: a property test holds that.

mod make;
mod scan;
mod text;

use std::borrow::Cow;

use tautline_core::Value;

use crate::node::{Node, ScalarStyle};
use crate::read::Options;

use make::{Make, Trees, Values};

/// Reads plain block style; nothing for whatever else.
pub(crate) fn read(text: &str, options: &Options) -> Option<Value> {
    let read = |text| {
        let found = Reader::new(text, options, Values { options }).document()?;
        Some(found.unwrap_or(Value::Null))
    };
    match has_unusual_bytes(text.as_bytes()) {
        false => read(text),
        true => read(&with_plain_breaks(text)?),
    }
}

/// The text with line feeds in the place of carriage returns before line feeds, which are one line break to YAML.
/// Nothing if something else is unusual.
fn with_plain_breaks(text: &str) -> Option<String> {
    if !text.contains('\r') {
        return None;
    }
    let plain = text.replace("\r\n", "\n");
    (!has_unusual_bytes(plain.as_bytes())).then_some(plain)
}

/// Reads plain block style of one document into a tree; nothing for whatever else, and for no document. Its first
/// line has a number.
pub(crate) fn read_node(text: &str, line: usize, options: &Options) -> Option<Node> {
    if has_unusual_bytes(text.as_bytes()) {
        return None;
    }
    Reader::new(text, options, Trees::new(text, line)).document()?
}

/// Tabs, carriage returns, control characters and the Unicode line breaks are the full path's business.
fn has_unusual_bytes(bytes: &[u8]) -> bool {
    let suspicious = |b: u8| (b < 0x20 && b != b'\n') || b == 0x7f || b == 0xc2 || b == 0xe2 || b == 0xef;
    // Whole chunks first, without a branch for each byte.
    bytes.chunks(64).any(|chunk| chunk.iter().fold(false, |any, b| any | suspicious(*b)) && holds_one(chunk))
}

fn holds_one(chunk: &[u8]) -> bool {
    chunk.iter().enumerate().any(|(i, b)| match b {
        0xc2 => chunk.get(i + 1).is_none_or(|next| *next < 0xa0),
        0xe2 => chunk.get(i + 1..i + 3).is_none_or(|next| next == [0x80, 0xa8] || next == [0x80, 0xa9]),
        0xef => true,
        0x7f => true,
        b => *b < 0x20 && *b != b'\n',
    })
}

struct Reader<'a, M: Make> {
    make: M,
    text: &'a str,
    bytes: &'a [u8],
    /// The next byte to read.
    at: usize,
    /// The column of the block node that starts at `at`, right after [`Reader::next_line`].
    indent: usize,
    nodes: usize,
    options: &'a Options,
    /// Scratch stacks: a collection is gathered here and moved out at its exact size when it ends.
    entries: Vec<(M::Key, M::Value)>,
    items: Vec<M::Value>,
    /// Where text of several lines is put together.
    scratch: String,
    /// A place where a key was looked for, and its colon.
    colon: (usize, usize),
}

impl<'a, M: Make> Reader<'a, M> {
    /// A reader of text without unusual bytes.
    fn new(text: &'a str, options: &'a Options, make: M) -> Self {
        Self {
            make,
            text,
            bytes: text.as_bytes(),
            at: 0,
            indent: 0,
            nodes: 0,
            options,
            entries: Vec::new(),
            items: Vec::new(),
            scratch: String::new(),
            colon: (usize::MAX, 0),
        }
    }

    /// The only document; nothing within if there is but space and comments.
    fn document(&mut self) -> Option<Option<M::Value>> {
        self.next_line(0)?;
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"---")) && self.indent == 0 {
            self.at += 3;
            self.end_of_line()?;
        }
        if self.is_done() {
            return Some(None);
        }
        let value = self.block(0)?;
        self.is_done().then_some(Some(value))
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(b'\n')
    }

    fn peek_at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    /// From a line's start to the first character of the next line with content, skipping blank lines and
    /// comments.
    fn next_line(&mut self, start: usize) -> Option<()> {
        let mut start = start;
        loop {
            let at = scan::past_spaces(self.bytes, start);
            match self.bytes.get(at) {
                None => {
                    self.at = self.bytes.len();
                    self.indent = 0;
                    return Some(());
                }
                Some(b'\n') => start = at + 1,
                Some(b'#') => {
                    let end = self.line_end(at);
                    self.make.comment(self.text.get(at + 1..end)?, false);
                    start = end + 1;
                }
                Some(_) => {
                    self.at = at;
                    self.indent = at - start;
                    return Some(());
                }
            }
        }
    }

    /// The place of the line break, or of the end, at or after a place.
    fn line_end(&self, from: usize) -> usize {
        scan::line_end(self.bytes, from)
    }

    /// After a node on its line: only spaces and a comment may follow. Goes to the next line with content.
    fn end_of_line(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_spaces();
        match self.peek() {
            b'\n' => self.next_line(self.at + 1),
            b'#' if self.at > start => {
                let end = self.line_end(self.at);
                self.make.comment(self.text.get(self.at + 1..end)?, true);
                self.next_line(end + 1)
            }
            _ => None,
        }
    }

    /// The block node at the current place.
    fn block(&mut self, depth: usize) -> Option<M::Value> {
        self.nodes += 1;
        if depth > self.options.budget.depth || self.nodes > self.options.budget.nodes {
            return None;
        }
        if self.is_item() { self.list(self.indent, depth, false) } else { self.map(self.indent, depth) }
    }

    fn is_item(&self) -> bool {
        self.peek() == b'-' && matches!(self.peek_at(self.at + 1), b' ' | b'\n')
    }

    /// A list; one at its key's own indent stands, to the parser below, where its first item does.
    fn list(&mut self, indent: usize, depth: usize, indentless: bool) -> Option<M::Value> {
        let base = self.items.len();
        let mut place = self.make.place(self.at);
        while !self.is_done() && self.indent == indent && self.is_item() {
            let dash = self.at;
            self.at += 1;
            self.skip_spaces();
            let column = indent + (self.at - dash);
            if indentless && self.items.len() == base {
                self.make.shift(&mut place, self.at)?;
            }
            let value = match self.peek() {
                b'\n' | b'#' => {
                    self.end_of_line_at(dash + 1)?;
                    if !self.is_done() && self.indent > indent {
                        self.block(depth + 1)?
                    } else {
                        self.null()?
                    }
                }
                _ if self.is_item() || self.is_key() => {
                    self.indent = column;
                    self.block(depth + 1)?
                }
                _ => self.inline(indent, depth)?,
            };
            self.items.push(value);
        }
        if !self.is_done() && self.indent > indent {
            return None;
        }
        self.make.list(place, self.items.drain(base..), false)
    }

    fn end_of_line_at(&mut self, at: usize) -> Option<()> {
        self.at = at;
        self.end_of_line()
    }

    fn null(&mut self) -> Option<M::Value> {
        self.nodes += 1;
        let place = self.make.place(self.at);
        self.make.null(place)
    }

    fn map(&mut self, indent: usize, depth: usize) -> Option<M::Value> {
        let base = self.entries.len();
        let place = self.make.place(self.at);
        while !self.is_done() && self.indent == indent {
            let key = self.key()?;
            let colon = self.at;
            self.skip_spaces();
            let value = if matches!(self.peek(), b'\n' | b'#') {
                self.end_of_line_at(colon)?;
                if !self.is_done() && self.indent > indent {
                    self.below(colon, indent, depth)?
                } else if !self.is_done() && self.indent == indent && self.is_item() {
                    self.nodes += 1;
                    self.list(indent, depth + 1, true)?
                } else {
                    self.null()?
                }
            } else {
                self.inline(indent, depth)?
            };
            self.entries.push((key, value));
        }
        if !self.is_done() && self.indent > indent {
            return None;
        }
        self.make.map(place, &mut self.entries, base, false)
    }

    /// A value on a line of its own below its key, whose colon was before a place.
    fn below(&mut self, colon: usize, indent: usize, depth: usize) -> Option<M::Value> {
        if !matches!(self.peek(), b'{' | b'[') {
            return self.block(depth + 1);
        }
        // Whose is a comment between?
        let between = self.bytes.get(colon..self.at)?;
        if between.contains(&b'#') { None } else { self.inline(indent, depth) }
    }

    /// Whether a map's key starts here.
    fn is_key(&mut self) -> bool {
        let colon = self.key_end();
        self.colon = (self.at, colon.unwrap_or_default());
        colon.is_some()
    }

    /// The place of the colon behind a simple key at the current place.
    fn key_end(&self) -> Option<usize> {
        let mut at = self.at;
        if self.peek() == b'"' || self.peek() == b'\'' {
            let quote = self.peek();
            at += 1;
            loop {
                match *self.bytes.get(at)? {
                    b'\n' | b'\\' => return None,
                    b if b == quote => break,
                    _ => at += 1,
                }
            }
            return (self.peek_at(at + 1) == b':' && matches!(self.peek_at(at + 2), b' ' | b'\n'))
                .then_some(at + 1);
        }
        if !starts_plain(self.peek()) {
            return None;
        }
        loop {
            at = scan::plain_stop(self.bytes, at);
            match *self.bytes.get(at)? {
                b'\n' => return None,
                b':' if matches!(self.peek_at(at + 1), b' ' | b'\n') => return Some(at),
                b'#' if self.peek_at(at - 1) == b' ' => return None,
                _ => at += 1,
            }
        }
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Option<M::Key> {
        self.nodes += usize::from(M::KEYS_COUNT);
        let colon = match self.colon {
            (at, colon) if at == self.at && colon > 0 => colon,
            _ => self.key_end()?,
        };
        // A key that long is no simple key to every parser.
        if colon - self.at > 512 {
            return None;
        }
        let first = self.peek();
        let place = self.make.place(self.at);
        let key = if first == b'"' || first == b'\'' {
            let style = quote_style(first);
            self.make.key(place, self.text.get(self.at + 1..colon - 1)?, style)?
        } else {
            let text = self.text.get(self.at..scan::before_spaces(self.bytes, self.at, colon))?;
            if text == "<<" {
                return None;
            }
            self.make.key(place, text, ScalarStyle::Plain)?
        };
        self.at = colon + 1;
        Some(key)
    }

    /// A value on the line of its key or dash; `parent` is the indent of the collection it is in.
    fn inline(&mut self, parent: usize, depth: usize) -> Option<M::Value> {
        self.nodes += 1;
        if depth + 1 > self.options.budget.depth || self.nodes > self.options.budget.nodes {
            return None;
        }
        let value = match self.peek() {
            b'|' | b'>' => return self.block_scalar(parent),
            b'"' | b'\'' => self.quoted()?,
            b'{' if self.peek_at(self.at + 1) == b'}' => {
                let place = self.make.place(self.at);
                self.at += 2;
                let base = self.entries.len();
                self.make.map(place, &mut self.entries, base, true)?
            }
            b'[' => self.flow_list(depth)?,
            b'-' if !matches!(self.peek_at(self.at + 1), b' ' | b'\n') => return self.plain(parent),
            first if starts_plain(first) => return self.plain(parent),
            _ => return None,
        };
        self.end_of_line()?;
        // What is indented deeper would continue the value.
        (self.is_done() || self.indent <= parent).then_some(value)
    }

    /// A list in brackets of quoted strings and simple words on one line.
    fn flow_list(&mut self, depth: usize) -> Option<M::Value> {
        let base = self.items.len();
        let place = self.make.place(self.at);
        self.at += 1;
        self.skip_spaces();
        while self.peek() != b']' {
            self.nodes += 1;
            if depth + 2 > self.options.budget.depth || self.nodes > self.options.budget.nodes {
                return None;
            }
            let item = match self.peek() {
                b'"' | b'\'' => self.quoted()?,
                _ => {
                    let start = self.at;
                    while matches!(self.peek(), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'/' | b'*')
                        || (self.peek() == b'-' && self.at > start)
                    {
                        self.at += 1;
                    }
                    let text = self
                        .text
                        .get(start..self.at)
                        .filter(|text| !text.is_empty() && !text.starts_with('*'))?;
                    let place = self.make.place(start);
                    self.make.scalar(place, Cow::Borrowed(text), ScalarStyle::Plain)?
                }
            };
            self.items.push(item);
            self.skip_spaces();
            match self.peek() {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
            self.skip_spaces();
        }
        self.at += 1;
        self.make.list(place, self.items.drain(base..), true)
    }

    #[inline]
    fn skip_spaces(&mut self) {
        while self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }
}

fn quote_style(quote: u8) -> ScalarStyle {
    if quote == b'"' { ScalarStyle::DoubleQuoted } else { ScalarStyle::SingleQuoted }
}

/// Bytes a plain scalar or key may start with here; the indicators and what needs a second look are left out.
fn starts_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'/' | b'.' | b'$' | b'(' | b'<' | b'=' | b'+' | b'~' | b'^' | b';')
}
