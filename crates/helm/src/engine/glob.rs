//! `.Files.Glob`: patterns of gobwas/glob, with `/` as the separator.

use regex::Regex;

/// A pattern; one that does not parse matches everything, as Helm has it.
#[derive(Debug)]
pub(super) struct Glob(Option<Regex>);

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        let regex = translate(pattern).and_then(|regex| {
            regex::RegexBuilder::new(&regex).size_limit(4 << 20).dot_matches_new_line(true).build().ok()
        });
        Self(regex)
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|regex| regex.is_match(path))
    }
}

/// The pattern as a regular expression.
fn translate(pattern: &str) -> Option<String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut regex = String::from(r"\A");
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(c) = chars.get(at) {
        at += 1;
        match c {
            '\\' => {
                regex.push_str(&regex::escape(&chars.get(at)?.to_string()));
                at += 1;
            }
            '*' if chars.get(at) == Some(&'*') => {
                at += 1;
                regex.push_str(".*");
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => at = class(&chars, at, &mut regex)?,
            '{' => {
                depth += 1;
                regex.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                regex.push(')');
            }
            ',' if depth > 0 => regex.push('|'),
            // A bracket that closes nothing is a mistake.
            ']' | '}' => return None,
            c => regex.push_str(&regex::escape(&c.to_string())),
        }
    }
    regex.push_str(r"\z");
    (depth == 0).then_some(regex)
}

/// A class from behind its `[`: a range `a-z` or a list, negated by `!`. Gives the place behind it.
fn class(chars: &[char], mut at: usize, regex: &mut String) -> Option<usize> {
    regex.push('[');
    if chars.get(at) == Some(&'!') {
        regex.push('^');
        at += 1;
    }
    let literal =
        |c: char| regex::escape(&c.to_string()).replace('^', r"\^").replace('&', r"\&").replace('~', r"\~");
    if chars.get(at + 1) == Some(&'-') {
        let (low, high) = (*chars.get(at)?, *chars.get(at + 2)?);
        if high < low || chars.get(at + 3) != Some(&']') {
            return None;
        }
        regex.push_str(&format!("{}-{}]", literal(low), literal(high)));
        return Some(at + 4);
    }
    let mut any = false;
    loop {
        match chars.get(at)? {
            ']' if any => break,
            '\\' => {
                at += 1;
                regex.push_str(&literal(*chars.get(at)?));
            }
            c => regex.push_str(&literal(*c)),
        }
        any = true;
        at += 1;
    }
    regex.push(']');
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern: &str, path: &str, expect: bool| {
            assert_eq!(Glob::new(pattern).matches(path), expect, "{pattern} {path}");
        };
        check("config/*.yaml", "config/a.yaml", true);
        check("config/*.yaml", "config/x/a.yaml", false);
        check("config/**.yaml", "config/x/a.yaml", true);
        check("**", "a/b/c", true);
        check("{a,b}/?.txt", "b/x.txt", true);
        check("{a,b/*}", "b/x", true);
        check("f[a-c].txt", "fb.txt", true);
        check("f[!a-c].txt", "fb.txt", false);
        check("f[xyz].txt", "fy.txt", true);
        check("f[a-c0-9].txt", "other", true);
        check("[", "anything", true);
        check("a\\*b", "a*b", true);
        check("a.b", "axb", false);
    }
}
