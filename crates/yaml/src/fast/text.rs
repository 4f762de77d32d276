//! The scalars of the fast path that may take more than one line.

use std::borrow::Cow;

use super::make::Make;
use super::{Reader, quote_style, scan};
use crate::node::ScalarStyle;

impl<'a, M: Make> Reader<'a, M> {
    /// A quoted scalar on one line.
    pub(super) fn quoted(&mut self) -> Option<M::Value> {
        let place = self.make.place(self.at);
        let style = quote_style(self.peek());
        let text = self.quoted_text()?;
        self.make.scalar(place, text, style)
    }

    fn quoted_text(&mut self) -> Option<Cow<'a, str>> {
        let quote = self.peek();
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match *self.bytes.get(at)? {
                b'\n' => return None,
                b'\\' if quote == b'"' => {
                    escaped = true;
                    at += 2;
                }
                b if b == quote => {
                    if quote == b'\'' && self.peek_at(at + 1) == b'\'' {
                        escaped = true;
                        at += 2;
                        continue;
                    }
                    break;
                }
                _ => at += 1,
            }
        }
        let text = self.text.get(start..at)?;
        self.at = at + 1;
        if !escaped {
            return Some(Cow::Borrowed(text));
        }
        if quote == b'\'' {
            Some(Cow::Owned(text.replace("''", "'")))
        } else {
            unescape(text).map(Cow::Owned)
        }
    }

    /// A plain scalar, folded over the lines that are indented deeper than its parent.
    pub(super) fn plain(&mut self, parent: usize) -> Option<M::Value> {
        let place = self.make.place(self.at);
        let first = self.plain_line(true)?;
        let mut end = self.at;
        self.end_of_line()?;
        if self.is_done() || self.indent <= parent {
            return self.make.scalar(place, Cow::Borrowed(first), ScalarStyle::Plain);
        }
        let mut folded = String::from(first);
        while !self.is_done() && self.indent > parent {
            // A comment between the lines would end the scalar.
            let between = self.text.get(end..self.at)?;
            if between.contains('#') {
                return None;
            }
            let breaks = between.bytes().filter(|b| *b == b'\n').count();
            let line = self.plain_line(false)?;
            if breaks == 1 {
                folded.push(' ');
            } else {
                (1..breaks).for_each(|_| folded.push('\n'));
            }
            folded.push_str(line);
            end = self.at;
            self.end_of_line()?;
        }
        self.make.folded(place, folded)
    }

    /// The text of a plain scalar on this line, without spaces and comment at its end.
    fn plain_line(&mut self, first: bool) -> Option<&'a str> {
        let start = self.at;
        if !first && self.peek() == b'#' {
            return None;
        }
        let mut at = start;
        loop {
            at = scan::plain_stop(self.bytes, at);
            match self.peek_at(at) {
                b'\n' => break,
                b':' if matches!(self.peek_at(at + 1), b' ' | b'\n') => return None,
                b'#' if at > start && self.peek_at(at - 1) == b' ' => break,
                _ => at += 1,
            }
        }
        self.at = scan::before_spaces(self.bytes, start, at);
        self.text.get(start..self.at)
    }

    /// A literal or folded block scalar without indentation indicator.
    pub(super) fn block_scalar(&mut self, parent: usize) -> Option<M::Value> {
        let style = if self.peek() == b'>' { ScalarStyle::Folded } else { ScalarStyle::Literal };
        self.at += 1;
        let chomp = self.peek();
        if matches!(chomp, b'-' | b'+') {
            self.at += 1;
        }
        let header = self.line_end(self.at);
        let rest = self.text.get(self.at..header)?;
        if !rest.trim_start_matches(' ').is_empty() {
            return None;
        }
        let start = header + 1;
        let (indent, content) = self.literal_indent(start, parent)?;
        // The parser below says that a block scalar stands where its content does.
        let place = self.make.place(content);
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        let (end, breaks) = self.block_lines(start, indent, style, &mut out)?;
        self.next_line(end.min(self.bytes.len()))?;
        if !self.is_done() && self.indent > parent {
            return None;
        }
        let kept = match chomp {
            b'-' => 0,
            b'+' => breaks,
            _ if out.is_empty() => 0,
            _ => breaks.min(1),
        };
        (0..kept).for_each(|_| out.push('\n'));
        let scalar = self.make.scalar(place, Cow::Borrowed(&out), style);
        self.scratch = out;
        scalar
    }

    /// The lines of a block scalar that has an indent. Returns where they end, and how many line breaks come after the
    /// last one with content.
    fn block_lines(
        &self,
        start: usize,
        indent: usize,
        style: ScalarStyle,
        out: &mut String,
    ) -> Option<(usize, usize)> {
        let mut at = start;
        // Line breaks whose meaning depends on whether content follows.
        let mut breaks = 0;
        // Whether the line before can be folded with this one: it has content and does not begin with a space.
        let mut folds = false;
        while at < self.bytes.len() {
            let spaces = (scan::past_spaces(self.bytes, at) - at).min(indent);
            let end = self.line_end(at);
            if spaces < indent {
                if at + spaces != end {
                    break;
                }
                breaks += usize::from(end < self.bytes.len());
            } else if at + indent == end {
                breaks += usize::from(end < self.bytes.len());
            } else {
                let is_plain = style == ScalarStyle::Folded && self.peek_at(at + indent) != b' ';
                match folds && is_plain {
                    true if breaks == 1 => out.push(' '),
                    true => (1..breaks).for_each(|_| out.push('\n')),
                    false => (0..breaks).for_each(|_| out.push('\n')),
                }
                folds = is_plain;
                out.push_str(self.text.get(at + indent..end)?);
                breaks = usize::from(end < self.bytes.len());
            }
            at = end + 1;
        }
        Some((at, breaks))
    }

    /// The indent of a literal's first line with content, and where that starts.
    fn literal_indent(&self, start: usize, parent: usize) -> Option<(usize, usize)> {
        let mut at = start;
        let mut blank = 0;
        while at < self.bytes.len() {
            let spaces = scan::past_spaces(self.bytes, at) - at;
            if self.peek_at(at + spaces) != b'\n' {
                // Blank lines that reach deeper are an error, an empty scalar is rare.
                return (spaces > parent && blank <= spaces && self.peek_at(at + spaces) != b'\n')
                    .then_some((spaces, at + spaces));
            }
            blank = blank.max(spaces);
            at += spaces + 1;
        }
        None
    }
}

/// The escapes that manifests hold; others are left to the full path.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at)?);
        out.push(match rest.as_bytes().get(at + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            _ => return None,
        });
        rest = rest.get(at + 2..)?;
    }
    out.push_str(rest);
    Some(out)
}
