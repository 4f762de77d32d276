//! [`Glob`]: patterns as gobwas/glob and doublestar have them, which Argo CD matches names and paths with.

use std::fmt;

/// A compiled pattern. Matching takes time linear in pattern times text; nothing backtracks beyond that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pattern: String,
    /// The pattern with its alternatives written out, each a sequence of pieces.
    alternatives: Vec<Vec<Piece>>,
    separators: Vec<char>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Char(char),
    /// `?`: one character that is no separator.
    One,
    /// `*`: any characters but separators.
    Star,
    /// `**`: any characters.
    Everything,
    /// `**/` in a path: nothing, or any folders.
    Folders,
    /// `[a-z]`, `[!a-z]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// A bracket or brace is not closed.
    #[error("glob {pattern:?}: no {missing:?} for a {open:?}")]
    Open {
        /// The pattern.
        pattern: String,
        /// The bracket.
        open: char,
        /// What closes it.
        missing: char,
    },
    /// Braces multiply to more than 1000 patterns.
    #[error("glob {0:?}: its braces stand for more than 1000 patterns; write fewer")]
    TooMany(String),
}

impl Glob {
    /// A pattern in which `*` stops at the separators, as gobwas' `Compile(pattern, separators…)`. Without
    /// separators `*` and `**` are the same.
    pub fn new(pattern: &str, separators: &[char]) -> Result<Self, GlobError> {
        Self::compile(pattern, separators, false)
    }

    /// A pattern for paths, as doublestar has it: `*` stops at `/`, and `a/**/b` matches `a/b` too.
    pub fn path(pattern: &str) -> Result<Self, GlobError> {
        Self::compile(pattern, &['/'], true)
    }

    fn compile(pattern: &str, separators: &[char], folders: bool) -> Result<Self, GlobError> {
        let texts = expand(pattern)?;
        let alternatives: Result<Vec<Vec<Piece>>, GlobError> =
            texts.iter().map(|text| pieces(text, pattern, folders)).collect();
        Ok(Self { pattern: pattern.to_owned(), alternatives: alternatives?, separators: separators.to_vec() })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        self.alternatives.iter().any(|pieces| self.run(pieces, &text))
    }

    /// Follows all ways through the pattern at once: `reached[i]` says that the pieces so far match the
    /// first `i` characters.
    fn run(&self, pieces: &[Piece], text: &[char]) -> bool {
        let mut reached = vec![false; text.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        for piece in pieces {
            let mut next = vec![false; text.len() + 1];
            let mut open = false;
            for (i, slot) in next.iter_mut().enumerate() {
                let here = reached.get(i).copied().unwrap_or(false);
                let before = i.checked_sub(1).and_then(|i| text.get(i)).copied();
                let came = i.checked_sub(1).and_then(|i| reached.get(i)).copied().unwrap_or(false);
                *slot = match piece {
                    Piece::Everything => {
                        open |= here;
                        open
                    }
                    Piece::Star => {
                        open = here || (open && before.is_some_and(|c| !self.separators.contains(&c)));
                        open
                    }
                    Piece::Folders => {
                        let after_folder = open && before == Some('/');
                        open |= here;
                        here || after_folder
                    }
                    Piece::One => came && before.is_some_and(|c| !self.separators.contains(&c)),
                    Piece::Char(wanted) => came && before == Some(*wanted),
                    Piece::Class { negated, ranges } => {
                        came && before.is_some_and(|c| {
                            ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
                        })
                    }
                };
            }
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.pattern)
    }
}

/// Writes the braces out: `a{b,c}` is `ab` and `ac`.
fn expand(pattern: &str) -> Result<Vec<String>, GlobError> {
    let mut done = Vec::new();
    let mut todo = vec![pattern.to_owned()];
    while let Some(text) = todo.pop() {
        if done.len() + todo.len() > 1000 {
            return Err(GlobError::TooMany(pattern.to_owned()));
        }
        let Some(open) = find_unescaped(&text, '{', 0) else {
            done.push(text);
            continue;
        };
        let missing = || GlobError::Open { pattern: pattern.to_owned(), open: '{', missing: '}' };
        let (choices, close) = choices(&text, open).ok_or_else(missing)?;
        let (head, tail) = (text.get(..open).unwrap_or_default(), text.get(close + 1..).unwrap_or_default());
        todo.extend(choices.iter().map(|choice| format!("{head}{choice}{tail}")));
    }
    Ok(done)
}

/// The texts between the commas of a brace, and where it closes.
fn choices(text: &str, open: usize) -> Option<(Vec<&str>, usize)> {
    let (mut depth, mut start, mut choices) = (0, open + 1, Vec::new());
    let mut escaped = false;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' if depth == 1 => {
                choices.push(text.get(start..at)?);
                return Some((choices, at));
            }
            '}' => depth -= 1,
            ',' if depth == 1 => {
                choices.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

fn find_unescaped(text: &str, wanted: char, from: usize) -> Option<usize> {
    let (mut escaped, mut class) = (false, false);
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < from) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            c if c == wanted && !class => return Some(at),
            _ => {}
        }
    }
    None
}

fn pieces(text: &str, pattern: &str, folders: bool) -> Result<Vec<Piece>, GlobError> {
    let mut pieces = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '\\' => Piece::Char(chars.next().unwrap_or('\\')),
            '?' => Piece::One,
            '*' if chars.peek() == Some(&'*') => {
                while chars.next_if_eq(&'*').is_some() {}
                let starts = matches!(pieces.last(), None | Some(Piece::Char('/')));
                if folders && starts && chars.next_if_eq(&'/').is_some() {
                    Piece::Folders
                } else {
                    Piece::Everything
                }
            }
            '*' => Piece::Star,
            '[' => class(&mut chars, pattern)?,
            c => Piece::Char(c),
        });
    }
    Ok(pieces)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, pattern: &str) -> Result<Piece, GlobError> {
    let open = || GlobError::Open { pattern: pattern.to_owned(), open: '[', missing: ']' };
    let negated = chars.next_if(|c| *c == '!' || *c == '^').is_some();
    let mut ranges = Vec::new();
    loop {
        let mut low = chars.next().ok_or_else(open)?;
        if low == ']' && !ranges.is_empty() {
            return Ok(Piece::Class { negated, ranges });
        }
        if low == '\\' {
            low = chars.next().ok_or_else(open)?;
        }
        let mut high = low;
        if chars.peek() == Some(&'-') {
            chars.next();
            match chars.peek() {
                Some(']') => ranges.push(('-', '-')),
                _ => high = chars.next().ok_or_else(open)?,
            }
        }
        ranges.push((low, high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |pattern: &str, separators: &[char], text: &str, expect: bool| {
            assert_eq!(Glob::new(pattern, separators).unwrap().matches(text), expect, "{pattern} {text}");
        };
        check("*", &[], "a/b", true);
        check("*", &['/'], "a/b", false);
        check("**", &['/'], "a/b", true);
        check("https://*.x/{a,b}", &[], "https://c.x/b", true);
        check("team-?", &[], "team-a", true);
        check("[a-c]x[!0-9]", &[], "bxy", true);
        check("[a-c]x[!0-9]", &[], "bx1", false);
        check("a\\*", &[], "a*", true);
        check("a\\*", &[], "ab", false);
        check("{a,b{c,d}}", &[], "bd", true);
        check("", &[], "", true);
        check("*a*a*a*a*a*a*a*b", &[], &"a".repeat(200), false);
    }

    #[test]
    fn paths() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(Glob::path(pattern).unwrap().matches(text), expect, "{pattern} {text}");
        };
        check("apps/**/x.yaml", "apps/x.yaml", true);
        check("apps/**/x.yaml", "apps/a/b/x.yaml", true);
        check("apps/**/x.yaml", "apps/ax.yaml", false);
        check("**/x", "x", true);
        check("*.yaml", "a/b.yaml", false);
        check("a/*/c", "a/b/c", true);
        check("a/**", "a/b/c", true);
    }

    #[test]
    fn refusals() {
        assert!(Glob::new("[a", &[]).is_err() && Glob::new("{a", &[]).is_err());
        assert!(matches!(Glob::new(&"{a,b}".repeat(20), &[]), Err(GlobError::TooMany(_))));
    }
}
