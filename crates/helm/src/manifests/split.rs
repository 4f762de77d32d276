//! One rendered file into documents.

use regex::Regex;
use std::sync::OnceLock;

use crate::Dialect;

/// A document of a rendered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its text as Helm prints it.
    pub(crate) text: String,
    /// The line of the file on which the text starts, counted from 1.
    pub(crate) line: usize,
    /// The byte of the file at which the text starts.
    pub(crate) offset: usize,
}

/// Cuts as `SplitManifests`: blank documents are left out.
pub(crate) fn split(file: &str, dialect: Dialect) -> Vec<Piece> {
    match dialect {
        Dialect::Helm4 => split4(file),
        Dialect::Helm3 => split3(file),
    }
}

/// Separators are `---` at the start of a line with the blanks behind it; documents keep their tails.
fn split4(file: &str) -> Vec<Piece> {
    let body = trim_start(file);
    let start = file.len() - body.len();
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut at = 0;
    let mut push = |from: usize, to: usize| {
        let text = body.get(from..to).unwrap_or_default();
        let trimmed = trim_start(text);
        if !trimmed.is_empty() {
            pieces.push((trimmed.to_owned(), start + to - trimmed.len()));
        }
    };
    while let Some(found) = next_separator(body, at) {
        push(from, found);
        let behind = body.get(found + 3..).unwrap_or_default();
        from = body.len() - behind.trim_start_matches([' ', '\t']).len();
        at = from;
    }
    push(from, body.len());
    lines(file, pieces)
}

/// The next `---` that begins a line.
fn next_separator(text: &str, from: usize) -> Option<usize> {
    if from == 0 && text.starts_with("---") {
        return Some(0);
    }
    // The newline before may be the last character behind the separator before.
    let search = from.saturating_sub(1);
    text.get(search..)?.find("\n---").map(|at| search + at + 1).filter(|at| *at >= from)
}

/// `(?:^|\s*\n)---\s*`: separators eat the blanks around them.
fn split3(file: &str) -> Vec<Piece> {
    static SEPARATOR: OnceLock<Regex> = OnceLock::new();
    let separator = SEPARATOR.get_or_init(|| {
        Regex::new("(?:^|[\\t\\n\\f\\r ]*\n)---[\\t\\n\\f\\r ]*").expect("the pattern is constant")
    });
    let body = trim_start(file);
    let start = file.len() - body.len();
    let body = trim_end(body);
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut push = |from: usize, to: usize| {
        let text = body.get(from..to).unwrap_or_default();
        // Blank means empty here: `\s` knows fewer blanks than trimming does.
        if !text.is_empty() {
            let trimmed = trim_start(text);
            let offset = start + from + text.len() - trimmed.len();
            pieces.push((trim_end(trimmed).to_owned(), offset));
        }
    };
    for found in separator.find_iter(body) {
        push(from, found.start());
        from = found.end();
    }
    push(from, body.len());
    lines(file, pieces)
}

/// Byte offsets into line numbers, in one pass.
fn lines(file: &str, pieces: Vec<(String, usize)>) -> Vec<Piece> {
    let (mut line, mut at) = (1, 0);
    pieces
        .into_iter()
        .map(|(text, offset)| {
            line +=
                file.as_bytes().get(at..offset).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
            at = at.max(offset);
            Piece { text, line, offset }
        })
        .collect()
}

/// Go's `unicode.IsSpace` is Rust's `White_Space`.
fn trim_start(text: &str) -> &str {
    text.trim_start()
}

fn trim_end(text: &str) -> &str {
    text.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, file: &str, expect: &[(&str, usize)]) {
        let got = split(file, dialect);
        let got: Vec<(&str, usize)> = got.iter().map(|p| (p.text.as_str(), p.line)).collect();
        assert_eq!(got, expect, "{dialect} {file:?}");
    }

    #[test]
    fn helm4_keeps_tails() {
        let check = |file, expect: &[(&str, usize)]| check(Dialect::Helm4, file, expect);
        check("", &[]);
        check("a: 1\n", &[("a: 1\n", 1)]);
        check("\n---\na: 1\n\n\n---\n\n  b: 2\n", &[("a: 1\n\n\n", 3), ("b: 2\n", 8)]);
        check("---apiVersion: v1\n--- \t\nb", &[("apiVersion: v1\n", 1), ("b", 3)]);
        check("a: |\n  ---\n x\n---\n---\n---\nb", &[("a: |\n  ---\n x\n", 1), ("b", 7)]);
        check("---\n---", &[]);
        check("------\nx", &[("---\nx", 1)]);
        check("a\n----\nb", &[("a\n", 1), ("-\nb", 2)]);
    }

    #[test]
    fn helm3_trims_both_sides() {
        let check = |file, expect: &[(&str, usize)]| check(Dialect::Helm3, file, expect);
        check("\n---\na: 1\n\n\n---\n\n  b: 2\n", &[("a: 1", 3), ("b: 2", 8)]);
        check("---apiVersion: v1\n--- \t\nb", &[("apiVersion: v1", 1), ("b", 3)]);
        check("a\n---\n---\n---\nb", &[("a", 1), ("---", 3), ("b", 5)]);
    }
}
