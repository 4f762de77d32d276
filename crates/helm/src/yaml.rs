//! YAML as Helm reads it, with the words of its reader.

mod keys;
mod syntax;

use std::borrow::Cow;

use tautline_core::Value;
use tautline_yaml::{Error, ErrorKind, Options};

/// Reads the first document of a text, or says in Helm's words why there is none.
pub(crate) fn read(text: &str, options: &Options) -> Result<Value, String> {
    let outcome = match tautline_yaml::read(text, options) {
        Ok(value) if !matches!(value, Value::String(_)) && !syntax::is_doubtful(text) => return Ok(value),
        Ok(value) => syntax::fault(text).map_or(Ok(value), Err),
        Err(error) => Err(words(text, options, &error)),
    };
    outcome.map_err(|what| format!("error converting YAML to JSON: {what}"))
}

/// A file's bytes as text.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    tautline_yaml::decode(bytes).map_err(|error| {
        let what = with_line(&error, &error.kind.to_string());
        format!("error converting YAML to JSON: {what}")
    })
}

/// What sigs.k8s.io/yaml says. Go's reader names no line for the first, and none for what is found once the
/// text is a tree.
fn words(text: &str, options: &Options, error: &Error) -> String {
    let general = || with_line(error, &error.kind.to_string());
    match &error.kind {
        ErrorKind::NotFinite(word) => format!("json: unsupported value: {word}"),
        kind @ (ErrorKind::UnknownAnchor(_)
        | ErrorKind::Cycle(_)
        | ErrorKind::Merge
        | ErrorKind::Base64
        | ErrorKind::Aliasing) => format!("yaml: {kind}"),
        ErrorKind::Key(_) => keys::fault(text, options, error).unwrap_or_else(general),
        ErrorKind::Tag { found, tag } => match keys::scalar(text, options, error) {
            Some(scalar) => format!("yaml: cannot decode {found} `{scalar}` as a {tag}"),
            None => general(),
        },
        ErrorKind::Syntax(_) | ErrorKind::Control(_) | ErrorKind::Encoding => {
            syntax::fault(text).unwrap_or_else(general)
        }
        _ => general(),
    }
}

fn with_line(error: &Error, what: &str) -> String {
    if error.line <= 1 { format!("yaml: {what}") } else { format!("yaml: line {}: {what}", error.line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_in_the_words_of_helm() {
        let check = |text: &str, expect: &str| {
            let got = read(text, &Options::default()).unwrap_err();
            assert_eq!(got, format!("error converting YAML to JSON: {expect}"), "{text}");
        };
        check("a: b\n\tc: d", "yaml: line 2: found a tab character that violates indentation");
        check("a:\n\tc: d", "yaml: line 2: found character that cannot start any token");
        check("\ta: b", "yaml: found character that cannot start any token");
        check("a: [1, 2", "yaml: line 1: did not find expected ',' or ']'");
        check("- a\nb: c", "yaml: line 1: did not find expected '-' indicator");
        check("a: b\nc\nd: e", "yaml: line 3: could not find expected ':'");
        check("a: 1\u{1}", "yaml: control characters are not allowed");
        check("%YAML 1.2\n---\na: 1", "yaml: found incompatible YAML document");
        check("%FOO\n---\na: 1", "yaml: found unknown directive name");
        check("--- a\nb: c", "yaml: line 2: mapping values are not allowed in this context");
        check("a\nb: c", "yaml: line 2: mapping values are not allowed in this context");
        check("a: !!int x", "yaml: cannot decode !!str `x` as a !!int");
        check("a: *b", "yaml: unknown anchor 'b' referenced");
        check("1: a\n~: d", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"d\"");
        check(
            "18446744073709551615: [a, ~]",
            "unsupported map key of type: uint64, key: 0xffffffffffffffff, value: []interface {}{\"a\", interface {}(nil)}",
        );
        check("? [x]\n: c", "yaml: invalid map key: []interface {}{\"x\"}");
        check(
            "? {b: 1.5, a: true}\n: c",
            "yaml: invalid map key: map[interface {}]interface {}{\"a\":true, \"b\":1.5}",
        );
    }

    #[test]
    fn what_looks_doubtful_may_be_right() {
        for text in ["a: |\n  b\n   \tc\n", "%YAML 1.1\n---\na: 1", "--- {a: b}\n", "a: \"b\n\tc\"\n"] {
            assert!(read(text, &Options::default()).is_ok(), "{text}");
        }
    }
}
