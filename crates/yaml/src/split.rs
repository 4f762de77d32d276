//! The documents of a stream.

use crate::error::{Error, ErrorKind};

/// One document of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its text, without the separating lines.
    pub text: &'a str,
    /// The line its text starts on, counted from 1.
    pub line: usize,
}

impl Document<'_> {
    /// Whether there is nothing but blank lines and comments.
    pub fn is_blank(&self) -> bool {
        self.text.lines().all(|line| {
            let line = line.trim_start();
            line.is_empty() || line.starts_with('#')
        })
    }
}

/// Cuts a stream at lines that start with `---`, as `YAMLReader` of apimachinery 0.37 does: only a comment
/// may follow on the line, and empty pieces are left out. Pieces of nothing but comments are kept.
///
/// A wrong separator is an error in its place; the documents after it still come.
pub fn split(text: &str) -> impl Iterator<Item = Result<Document<'_>, Error>> {
    Split { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 }
}

struct Split<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Iterator for Split<'a> {
    type Item = Result<Document<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(behind) = self.rest.strip_prefix("---") {
                let line = self.line;
                let (behind, rest) = behind.split_once('\n').unwrap_or((behind, ""));
                self.rest = rest;
                self.line += 1;
                let behind = behind.trim();
                if !behind.is_empty() && !behind.starts_with('#') {
                    return Some(Err(ErrorKind::Separator.at(line, 4)));
                }
                continue;
            }
            if self.rest.is_empty() {
                return None;
            }
            let end = self.rest.find("\n---").map_or(self.rest.len(), |at| at + 1);
            let (text, rest) = self.rest.split_at(end);
            let document = Document { text, line: self.line };
            self.rest = rest;
            self.line += text.bytes().filter(|b| *b == b'\n').count();
            return Some(Ok(document));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting() {
        let check = |text: &str, expect: &[(&str, usize)]| {
            let got: Result<Vec<_>, _> = split(text).map(|d| d.map(|d| (d.text, d.line))).collect();
            assert_eq!(got.unwrap(), expect, "{text:?}");
        };
        check("", &[]);
        check("a: 1", &[("a: 1", 1)]);
        check("---\na: 1\n---\nb: 2\n", &[("a: 1\n", 2), ("b: 2\n", 4)]);
        check("--- # x\na: 1\n---\n---\n", &[("a: 1\n", 2)]);
        check("# c\n---\r\na: 1\r\n---\r\n", &[("# c\n", 1), ("a: 1\r\n", 3)]);
        check("a: |\n  ---\n", &[("a: |\n  ---\n", 1)]);
        let wrong: Vec<_> = split("a: 1\n--- b: 2\nc: 3").collect();
        assert_eq!(wrong[1], Err(ErrorKind::Separator.at(2, 4)));
        assert_eq!(wrong[2].as_ref().unwrap().line, 3);
    }
}
