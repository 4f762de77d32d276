//! What is wrong with TOML, in the words of BurntSushi/toml.

use crate::Dialect;

/// The message for a fault that the reader here found at a place.
pub(super) fn words(text: &str, found: &str, at: usize, dialect: Dialect) -> String {
    let at = text.get(..at).map_or(text.len(), str::len);
    let fault = Fault { text, at };
    let (in_value, what) = fault.what(found);
    let last = fault.key().filter(|_| in_value).map(|key| format!(" (last key {key:?})")).unwrap_or_default();
    format!("toml: line {}{last}: {what}", fault.line(dialect))
}

/// A place that something is wrong with.
struct Fault<'t> {
    text: &'t str,
    at: usize,
}

impl Fault<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// The older reader counts a line break as soon as it sees it, and takes a line off at the end.
    fn line(&self, dialect: Dialect) -> usize {
        let line = 1 + self.before().matches('\n').count();
        match (dialect, self.rest().chars().next()) {
            (Dialect::Helm4, _) => line,
            (Dialect::Helm3, None) => line - 1,
            (Dialect::Helm3, Some('\n')) => line + 1,
            (Dialect::Helm3, Some(_)) => line,
        }
    }

    /// What is wrong, and whether it is wrong with a key's value.
    fn what(&self, found: &str) -> (bool, String) {
        let next = self.rest().chars().next();
        let is = |start: &str| found.starts_with(start);
        if is("key with no value") {
            return (
                false,
                match next {
                    None => "unexpected EOF; expected key separator '='".to_owned(),
                    Some(c) => format!("expected '.' or '=', but got {} instead", quoted(c)),
                },
            );
        }
        if is("string values must be quoted") || is("invalid boolean") {
            return (true, self.value(next));
        }
        let text = match found.split(", expected ").next().unwrap_or(found) {
            "invalid literal string" if next.is_none() => "unexpected EOF; expected \"'\"",
            "invalid basic string" if next.is_none() => "unexpected EOF; expected '\"'",
            "unclosed array" if next.is_none() => {
                "expected a comma (',') or array terminator (']'), but got end of file"
            }
            "unclosed table" if next.is_none() => {
                return (false, "expected '.' or ']' to end table name, but got '\\x00' instead".to_owned());
            }
            "unexpected key or value" => {
                // What follows may have been taken for a key, up to its sign.
                let word = self.before().split_whitespace().next_back().filter(|_| next == Some('='));
                let next = word.and_then(|word| word.chars().next()).or(next).map(quoted).unwrap_or_default();
                let what = "expected a top-level item to end with a newline, comment, or EOF";
                return (false, format!("{what}, but got {next} instead"));
            }
            "unquoted keys cannot be empty" => {
                let what = match next {
                    Some('=') => "unexpected '=': key name appears blank",
                    Some('.') => "unexpected '.': keys cannot start with a '.'",
                    _ => "unexpected end of table name (table names cannot be empty)",
                };
                return (false, what.to_owned());
            }
            other => other,
        };
        (true, text.to_owned())
    }

    /// What stands where a value should.
    fn value(&self, next: Option<char>) -> String {
        match next {
            None => "unexpected EOF; expected value".to_owned(),
            Some(c) if c.is_alphabetic() => {
                let word: String = self.rest().chars().take_while(|c| c.is_alphanumeric()).collect();
                format!("expected value but found {word:?} instead")
            }
            Some(c) => format!("expected value but found {} instead", quoted(c)),
        }
    }

    /// The key whose value is read, with the tables that it is in.
    fn key(&self) -> Option<String> {
        let mut table = String::new();
        let mut key = None;
        for line in self.before().lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                table = format!("{}.", name.trim_matches(['[', ']']).trim());
            } else if let Some((name, _)) = line.split_once('=') {
                key = Some(format!("{table}{}", name.trim().trim_matches(['"', '\''])));
            }
        }
        key
    }
}

fn quoted(c: char) -> String {
    match c {
        '\n' => "'\\n'".to_owned(),
        '\t' => "'\\t'".to_owned(),
        c => format!("'{c}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_in_the_words_of_each_helm() {
        let check = |text: &str, helm4: &str, helm3: &str| {
            assert_eq!(
                super::super::read(text, Dialect::Helm4).unwrap_err(),
                format!("toml: {helm4}"),
                "{text}"
            );
            assert_eq!(
                super::super::read(text, Dialect::Helm3).unwrap_err(),
                format!("toml: {helm3}"),
                "{text}"
            );
        };
        let both = |text: &str, expect: &str| check(text, expect, expect);
        let key = "unexpected EOF; expected key separator '='";
        check("bad", &format!("line 1: {key}"), &format!("line 0: {key}"));
        check("a = 1\nbad", &format!("line 2: {key}"), &format!("line 1: {key}"));
        let end = "expected '.' or '=', but got '\\n' instead";
        check("a = 1\nbad\nb = 2", &format!("line 2: {end}"), &format!("line 3: {end}"));
        let value = "(last key \"a\"): unexpected EOF; expected value";
        check("a = ", &format!("line 1 {value}"), &format!("line 0 {value}"));
        both("x = 1\na = foo", "line 2 (last key \"a\"): expected value but found \"foo\" instead");
        both("[t]\na = @", "line 2 (last key \"t.a\"): expected value but found '@' instead");
        both("a b = 1", "line 1: expected '.' or '=', but got 'b' instead");
        both("= 1", "line 1: unexpected '=': key name appears blank");
        both(
            "a = 1 b = 2",
            "line 1: expected a top-level item to end with a newline, comment, or EOF, but got 'b' instead",
        );
        let open = "(last key \"a\"): unexpected EOF; expected \"'\"";
        check("a = 'x", &format!("line 1 {open}"), &format!("line 0 {open}"));
    }
}
