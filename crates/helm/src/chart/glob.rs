//! `filepath.Match` of Go, as `.helmignore` and `--show-only` use it.

/// A pattern that does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub(crate) struct BadPattern;

/// Whether the whole name matches: `*` and `?` stop at `/`, `[^a-z]` is a class, `\` escapes.
///
/// A mistake in the pattern is only found as far as matching reads it, as in Go.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    whole(&pattern, &name)
}

fn whole(mut pattern: &[char], mut name: &[char]) -> Result<bool, BadPattern> {
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = scan_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains(&'/'));
        }
        if let Some(left) = match_chunk(chunk, name)?
            && (left.is_empty() || !pattern.is_empty())
        {
            name = left;
            continue;
        }
        if star {
            for skipped in 0..name.len() {
                if name.get(skipped) == Some(&'/') {
                    break;
                }
                let tail = name.get(skipped + 1..).unwrap_or_default();
                if let Some(left) = match_chunk(chunk, tail)? {
                    if pattern.is_empty() && !left.is_empty() {
                        continue;
                    }
                    name = left;
                    continue 'pattern;
                }
            }
        }
        // The rest is still checked for mistakes.
        while !pattern.is_empty() {
            let (_, chunk, rest) = scan_chunk(pattern);
            pattern = rest;
            match_chunk(chunk, &[])?;
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

/// The stars at the front, the text up to the next star, the rest.
fn scan_chunk(pattern: &[char]) -> (bool, &[char], &[char]) {
    let stars = pattern.iter().take_while(|c| **c == '*').count();
    let pattern = pattern.get(stars..).unwrap_or_default();
    let (mut in_class, mut at) = (false, 0);
    while let Some(c) = pattern.get(at) {
        match c {
            '\\' if at + 1 < pattern.len() => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    let (chunk, rest) = pattern.split_at(at.min(pattern.len()));
    (stars > 0, chunk, rest)
}

/// Matches a chunk without stars at the front of a name and gives what is left of it. Once it failed it
/// goes on without a name, to find mistakes.
fn match_chunk<'n>(mut chunk: &[char], mut name: &'n [char]) -> Result<Option<&'n [char]>, BadPattern> {
    let mut failed = false;
    while let Some((first, rest)) = chunk.split_first() {
        failed |= name.is_empty();
        let next = if failed { None } else { name.first().copied() };
        match first {
            '[' => {
                let (found, rest) = class(rest, next)?;
                failed |= !found;
                chunk = rest;
            }
            '?' => {
                failed |= next == Some('/');
                chunk = rest;
            }
            first => {
                let (wanted, rest) = match first {
                    '\\' => rest.split_first().map(|(c, rest)| (*c, rest)).ok_or(BadPattern)?,
                    c => (*c, rest),
                };
                failed |= next != Some(wanted);
                chunk = rest;
            }
        }
        if !failed {
            name = name.get(1..).unwrap_or_default();
        }
    }
    Ok((!failed).then_some(name))
}

/// Whether a character is in the class that begins here, and what follows the class.
fn class(mut pattern: &[char], c: Option<char>) -> Result<(bool, &[char]), BadPattern> {
    let negated = pattern.first() == Some(&'^');
    if negated {
        pattern = pattern.get(1..).unwrap_or_default();
    }
    let (mut found, mut ranges) = (false, 0);
    loop {
        if ranges > 0
            && let Some((']', rest)) = pattern.split_first()
        {
            return Ok((c.is_some() && found != negated, rest));
        }
        let (low, rest) = class_char(pattern)?;
        pattern = rest;
        let mut high = low;
        if pattern.first() == Some(&'-') {
            (high, pattern) = class_char(pattern.get(1..).unwrap_or_default())?;
        }
        found |= c.is_some_and(|c| (low..=high).contains(&c));
        ranges += 1;
    }
}

fn class_char(pattern: &[char]) -> Result<(char, &[char]), BadPattern> {
    let (first, rest) = pattern.split_first().ok_or(BadPattern)?;
    let (c, rest) = match first {
        '-' | ']' => return Err(BadPattern),
        '\\' => rest.split_first().ok_or(BadPattern)?,
        c => (c, rest),
    };
    // A class must still be closed.
    if rest.is_empty() { Err(BadPattern) } else { Ok((*c, rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_matches() {
        let check = |pattern: &str, name: &str, expect: Result<bool, BadPattern>| {
            assert_eq!(matches(pattern, name), expect, "{pattern:?} {name:?}");
        };
        check("abc", "abc", Ok(true));
        check("*", "abc", Ok(true));
        check("*c", "abc", Ok(true));
        check("a*", "a/b", Ok(false));
        check("a*/b", "abc/b", Ok(true));
        check("a*b*c*d*e*/f", "axbxcxdxe/f", Ok(true));
        check("a*b?c*x", "abxbbxdbxebxczzx", Ok(true));
        check("a*b?c*x", "abxbbxdbxebxczzy", Ok(false));
        check("ab[^b-d]", "abe", Ok(true));
        check("[a-ζ]*", "α", Ok(true));
        check("*[a-ζ]", "A", Ok(false));
        check("a\\*b", "a*b", Ok(true));
        check("[\\]a]", "]", Ok(true));
        check("[]a]", "]", Err(BadPattern));
        check("[-]", "-", Err(BadPattern));
        check("[a", "a", Err(BadPattern));
        check("a[", "ab", Err(BadPattern));
        check("*x", "xxx", Ok(true));
        check("templates/.?*", "templates/.x", Ok(true));
    }
}
