//! Failures of scripts in the words of Argo CD's Lua, which people look for.
//!
//! Lua 5.4 names what it could not index, gopher-lua the key that it looked for: the key is read off the script's line.

/// The message of a failure, as gopher-lua words it; what has no counterpart there stays as it is.
pub(crate) fn wording(message: &str, source: &str) -> String {
    let (position, said) = split(message);
    let line = position.and_then(|line| source.lines().nth(line.saturating_sub(1))).unwrap_or_default();
    let said = reworded(said, line);
    match position {
        Some(number) => format!("<string>:{number}: {said}"),
        None => said,
    }
}

/// The position of the script in a text, if there is one: the first that is named.
pub(crate) fn position(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("<string>:")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn split(message: &str) -> (Option<usize>, &str) {
    let rest = message.strip_prefix("<string>:").and_then(|rest| rest.split_once(": "));
    match rest.and_then(|(line, said)| line.parse().ok().map(|line| (line, said))) {
        Some((line, said)) => (Some(line), said),
        None => (None, message),
    }
}

fn reworded(said: &str, line: &str) -> String {
    if let Some((kind, name)) = value_of(said, "attempt to index a ") {
        let key = key_after(line, name).map(|key| format!(" with key '{key}'")).unwrap_or_default();
        return format!("attempt to index a non-table object({kind}){key}");
    }
    if let Some((kind, name)) = value_of(said, "attempt to perform arithmetic on a ") {
        return arithmetic(line, kind, name).unwrap_or_else(|| said.to_owned());
    }
    if value_of(said, "attempt to call a ").is_some() {
        return "attempt to call a non-function object".to_owned();
    }
    if said.starts_with("attempt to get length of a ") {
        return "__len undefined".to_owned();
    }
    if let Some(kind) = said.strip_prefix("attempt to compare two ").and_then(|r| r.strip_suffix(" values")) {
        return format!("attempt to compare {kind} with {kind}");
    }
    if let Some(rest) = said.strip_prefix("bad 'for' ") {
        let what = rest.split(" (").next().unwrap_or_default().replace("initial value", "init");
        return format!("for statement {what} must be a number");
    }
    // `attempt to add a 'string' with a 'number'`
    if let [start, left, " with a ", right, ..] = said.split('\'').collect::<Vec<_>>()[..]
        && let Some(operation) = start.strip_prefix("attempt to ").and_then(|rest| rest.strip_suffix(" a "))
    {
        return format!("cannot perform {operation} operation between {left} and {right}");
    }
    if said.starts_with("bad argument #") || said.starts_with("invalid value (") {
        return said.replacen('\'', "", 2).replace("_any", "");
    }
    said.to_owned()
}

/// `nil` and `x` of `… a nil value (local 'x')`; the name is empty if none is told.
fn value_of<'t>(said: &'t str, start: &str) -> Option<(&'t str, &'t str)> {
    let (kind, rest) = said.strip_prefix(start)?.split_once(" value")?;
    let name = rest.split('\'').nth(1).filter(|name| *name != "?").unwrap_or_default();
    Some((kind, name))
}

/// What is looked for in `name` on a line: `name.key`, `name:key` or `name["key"]`; with no name, in `…]`.
fn key_after<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let owner = if name.is_empty() { "]" } else { name };
    places(line, owner).find_map(|after| {
        let after = after.trim_start();
        if let Some(rest) = after.strip_prefix(['.', ':']).filter(|rest| !rest.starts_with('.')) {
            return Some(word(rest.trim_start())).filter(|key| !key.is_empty());
        }
        let quoted = after.strip_prefix('[')?.trim_start();
        let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        quoted.get(1..)?.split(quote).next()
    })
}

/// `cannot perform add operation between nil and number`: the other side is what it nearly always is.
fn arithmetic(line: &str, kind: &str, name: &str) -> Option<String> {
    let name = Some(name).filter(|name| !name.is_empty())?;
    let operation = |c: char| match c {
        '+' => Some("add"),
        '-' => Some("sub"),
        '*' => Some("mul"),
        '/' => Some("div"),
        '%' => Some("mod"),
        '^' => Some("pow"),
        _ => None,
    };
    let after = places(line, name).find_map(|after| operation(after.trim_start().chars().next()?));
    if let Some(operation) = after {
        return Some(format!("cannot perform {operation} operation between {kind} and number"));
    }
    let at = line.find(name)?;
    let path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let before = line.get(..at)?.trim_end_matches(path).trim_end();
    let operation = operation(before.chars().next_back()?)?;
    let is_unary =
        before.get(..before.len() - 1)?.trim_end().ends_with(|c: char| !path(c) && c != ')' && c != ']')
            || before.get(..before.len() - 1)?.trim_end().ends_with("return");
    Some(match (operation, is_unary) {
        ("sub", true) => "__unm undefined".to_owned(),
        _ => format!("cannot perform {operation} operation between number and {kind}"),
    })
}

/// What follows each place of a name, as a whole word, on a line.
fn places<'l>(line: &'l str, name: &str) -> impl Iterator<Item = &'l str> {
    let is_word = name != "]";
    let found: Vec<usize> = line.match_indices(name).map(|(at, _)| at).collect();
    let length = name.len();
    found.into_iter().filter_map(move |at| {
        let (before, after) = (line.get(..at)?, line.get(at + length..)?);
        let joins = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_whole = !before.ends_with(joins) && !after.starts_with(joins);
        (is_whole || !is_word).then_some(after)
    })
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::wording;

    /// Lua 5.4's message, the script's only line, and what gopher-lua 1.1.2 says of it.
    const ROWS: &[(&str, &str, &str)] = &[
        (
            "attempt to index a nil value (field 'foo')",
            "return obj.foo.bar",
            "attempt to index a non-table object(nil) with key 'bar'",
        ),
        (
            "attempt to index a nil value (field 'foo')",
            "return obj.foo['bar']",
            "attempt to index a non-table object(nil) with key 'bar'",
        ),
        (
            "attempt to index a nil value (local 'x')",
            "local xs = 1; x.bar = 1",
            "attempt to index a non-table object(nil) with key 'bar'",
        ),
        (
            "attempt to index a number value (field 'n')",
            "return obj.status.n.x",
            "attempt to index a non-table object(number) with key 'x'",
        ),
        (
            "attempt to index a nil value (field '?')",
            "return obj.list[9].type",
            "attempt to index a non-table object(nil) with key 'type'",
        ),
        (
            "attempt to index a nil value (field 'foo')",
            "return obj.foo[i]",
            "attempt to index a non-table object(nil)",
        ),
        (
            "attempt to call a nil value (method 'bad')",
            "return ('x'):bad()",
            "attempt to call a non-function object",
        ),
        (
            "attempt to perform arithmetic on a nil value (field 'foo')",
            "return obj.foo + 1",
            "cannot perform add operation between nil and number",
        ),
        (
            "attempt to perform arithmetic on a nil value (field 'foo')",
            "return 2 * obj.foo",
            "cannot perform mul operation between number and nil",
        ),
        ("attempt to perform arithmetic on a nil value (field 'foo')", "return -obj.foo", "__unm undefined"),
        (
            "attempt to add a 'string' with a 'number'",
            "return 'a' + 1",
            "cannot perform add operation between string and number",
        ),
        ("attempt to compare two nil values", "return nil < nil", "attempt to compare nil with nil"),
        ("attempt to compare nil with number", "return nil < 1", "attempt to compare nil with number"),
        ("attempt to get length of a nil value", "return #nil", "__len undefined"),
        (
            "bad 'for' initial value (number expected, got string)",
            "for i = 'x', 2 do end",
            "for statement init must be a number",
        ),
        (
            "bad argument #1 to 'ipairs' (table expected, got nil)",
            "ipairs()",
            "bad argument #1 to ipairs (table expected, got nil)",
        ),
        ("boom 'x'", "error(\"boom 'x'\")", "boom 'x'"),
    ];

    #[test]
    fn failures_are_worded_as_there() {
        for (said, line, expect) in ROWS {
            let expect = format!("<string>:2: {expect}");
            assert_eq!(wording(&format!("<string>:2: {said}"), &format!("--\n{line}")), expect);
        }
        assert_eq!(wording("boom", "error('boom', 0)"), "boom");
    }
}
