//! Lets a script in Lua 5.4 compute and write as in Argo CD's Lua, which has floating-point numbers only.
//!
//! Lua 5.4 reads `10` as an integer: it wraps around where a float grows, and `10 % 0` fails. So each such literal gets
//! a point. It joins the float `5.0` as `"5.0"` and no metamethod can change that, because numbers join without asking.
//! So each `..` becomes `.. __join ..`: the operator is right associative, so `__join` meets the text on its right
//! first, then the value on its left, and writes both (see `libraries/prelude.lua`). Only these tokens are touched;
//! strings, comments and line numbers stay.

use crate::error::ScriptError;

/// The script with its whole numbers and each `..` rewritten.
///
/// # Errors
/// A variable `<close>`: Lua 5.1 has none, and its handler runs while a stopped script unwinds.
pub(crate) fn rewrite(source: &[u8]) -> Result<Vec<u8>, ScriptError> {
    let mut words: [&[u8]; 2] = [b"", b""];
    let mut out = Vec::with_capacity(source.len() + 64);
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let token = token_length(rest);
        let text = rest.get(..token).unwrap_or(rest);
        out.extend_from_slice(text);
        out.extend_from_slice(match text {
            b".." => b" __join ..",
            [b'0', b'x' | b'X', digits @ ..] if is_whole(digits, u8::is_ascii_hexdigit) => b"p0",
            digits if is_whole(digits, u8::is_ascii_digit) => b".0",
            _ => b"",
        });
        if words == [b"<".as_slice(), b"close"] && text == b">" {
            return Err(ScriptError::Lua("a script must not have variables with <close>".to_owned()));
        }
        if !text.starts_with(b"--") && !text.trim_ascii().is_empty() {
            words = [words[1], text];
        }
        at += text.len();
    }
    Ok(out)
}

fn is_whole(digits: &[u8], is_digit: fn(&u8) -> bool) -> bool {
    !digits.is_empty() && digits.iter().all(is_digit)
}

/// Bytes of the token at the start: a comment, a string, a number, a name, dots, or one other byte.
fn token_length(rest: &[u8]) -> usize {
    match rest {
        [b'-', b'-', comment @ ..] => 2 + long_bracket(comment).unwrap_or_else(|| line_length(comment)),
        [b'[', ..] => long_bracket(rest).unwrap_or(1),
        [quote @ (b'"' | b'\''), ..] => quoted_length(rest, *quote),
        [b'.', b'.', b'.', ..] => 3,
        [b'.', b'.', ..] => 2,
        [b'0'..=b'9', ..] => number_length(rest),
        [b'.', b'0'..=b'9', ..] => number_length(rest),
        [b'_' | b'a'..=b'z' | b'A'..=b'Z', ..] => {
            rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
        }
        _ => 1,
    }
}

/// `[[ … ]]`, `[==[ … ]==]`; all that is left if it never ends.
fn long_bracket(rest: &[u8]) -> Option<usize> {
    let level = rest.strip_prefix(b"[")?.iter().take_while(|b| **b == b'=').count();
    if rest.get(level + 1) != Some(&b'[') {
        return None;
    }
    let mut close = vec![b'='; level + 2];
    close[0] = b']';
    close[level + 1] = b']';
    let end = rest.windows(close.len()).position(|window| window == close);
    Some(end.map_or(rest.len(), |end| end + close.len()))
}

fn line_length(rest: &[u8]) -> usize {
    rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
}

fn quoted_length(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' => return at,
            b if *b == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A number, without the `..` of an expression such as `1 ..x` that stands right after it.
fn number_length(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        let sign = matches!(byte, b'+' | b'-')
            && at > 0
            && matches!(rest[at - 1], b'e' | b'E')
            && !rest.starts_with(b"0x");
        let dots = *byte == b'.' && rest.get(at + 1) == Some(&b'.');
        if dots || !(byte.is_ascii_alphanumeric() || *byte == b'.' || sign) {
            break;
        }
        at += 1;
    }
    at.max(1)
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[test]
    fn only_the_operator_is_touched() {
        for (source, expect) in [
            ("a..b", "a.. __join ..b"),
            ("a .. 'x..y' .. \"\\\"..\"", "a .. __join .. 'x..y' .. __join .. \"\\\"..\""),
            ("f(...) -- a..b\nc..d", "f(...) -- a..b\nc.. __join ..d"),
            ("[[a..b]]..[==[x]]..]==]", "[[a..b]].. __join ..[==[x]]..]==]"),
            ("--[[ a..b\n ]] a[b[1]]", "--[[ a..b\n ]] a[b[1.0]]"),
            ("a1 = 10 + 0xfF - 1e3 .. '7' -- 8", "a1 = 10.0 + 0xfFp0 - 1e3 .. __join .. '7' -- 8"),
            ("a.b2[3]:c4(5,.5,5.,0x1p4)", "a.b2[3.0]:c4(5.0,.5,5.,0x1p4)"),
            ("goto l1 ::l1:: [=[ 9 ]=]", "goto l1 ::l1:: [=[ 9 ]=]"),
            ("1.5 ..x.y", "1.5 .. __join ..x.y"),
            ("'never ends..", "'never ends.."),
        ] {
            assert_eq!(String::from_utf8_lossy(&rewrite(source.as_bytes()).unwrap()), expect);
        }
    }
}
