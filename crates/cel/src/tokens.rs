//! The signs and words of a text, to tell where a complaint belongs: the parser's tree has lost its places.

/// A sign, word or literal at its place, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// Operators of two signs; everything else is one sign.
const DOUBLE: [&str; 6] = ["&&", "||", "==", "!=", "<=", ">="];

/// The tokens of a text that parses; comments and space are left out.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = length(rest);
        let token = rest.get(..length).unwrap_or(rest);
        if !token.trim().is_empty() && !token.starts_with("//") {
            found.push(Token { text: token, at });
        }
        at += token.len().max(1);
    }
    found
}

fn length(rest: &str) -> usize {
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    if let Some(quoted) = literal(rest, word) {
        return quoted;
    }
    if word > 0 {
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
        return if is_number { number(rest) } else { word };
    }
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    match DOUBLE.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => sign.len(),
        None => rest.chars().next().map_or(1, char::len_utf8),
    }
}

fn number(rest: &str) -> usize {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let end = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
    // `1.size()` is no number but for its first digits.
    let text = rest.get(..end).unwrap_or(rest);
    match text.find('.') {
        Some(dot) if !text.get(dot + 1..).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit())) => dot,
        _ => end,
    }
}

/// The length of a string or bytes literal with its prefix, when one starts here.
fn literal(rest: &str, word: usize) -> Option<usize> {
    let prefix = rest.get(..word)?;
    if prefix.len() > 2 || !prefix.chars().all(|c| "rRbB".contains(c)) {
        return None;
    }
    let body = rest.get(word..)?;
    let mark = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|mark| body.starts_with(mark))?;
    let is_raw = prefix.contains(['r', 'R']);
    let mut at = mark.len();
    while let Some(left) = body.get(at..).filter(|left| !left.is_empty()) {
        if left.starts_with(mark) {
            return Some(word + at + mark.len());
        }
        at += left.chars().next().map_or(1, char::len_utf8);
        if left.starts_with('\\') && !is_raw {
            at += left.chars().nth(1).map_or(0, char::len_utf8);
        }
    }
    Some(rest.len())
}

/// A complaint as cel-go prints it: place, line, and a sign under the column.
pub(crate) fn complaint(text: &str, offset: usize, what: &str) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let row = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = text.get(start..offset).unwrap_or_default().chars().count();
    let line = text.split('\n').nth(row - 1).unwrap_or_default();
    format!("ERROR: <input>:{row}:{}: {what}\n | {line}\n | {}^", column + 1, ".".repeat(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_tokens() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("a.b==1 // x\n&&!c", &["a", ".", "b", "==", "1", "&&", "!", "c"]);
        check(r#"r'a\' + "b\"" + b'''c'd'''"#, &[r"r'a\'", "+", r#""b\"""#, "+", "b'''c'd'''"]);
        check("1.5 + 1.size() + 0xFFu", &["1.5", "+", "1", ".", "size", "(", ")", "+", "0xFFu"]);
    }
}
