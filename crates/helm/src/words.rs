//! Errors of the crates below in Helm's words.

use tautline_yaml::{Error, ErrorKind};

/// What sigs.k8s.io/yaml says of broken YAML. Go's reader names no line for the first, and none for what is
/// found once the text is a tree.
pub(crate) fn yaml(error: &Error) -> String {
    let what = match &error.kind {
        ErrorKind::NotFinite(word) => format!("json: unsupported value: {word}"),
        kind @ (ErrorKind::UnknownAnchor(_)
        | ErrorKind::Cycle(_)
        | ErrorKind::Merge
        | ErrorKind::Aliasing) => {
            format!("yaml: {kind}")
        }
        kind => {
            let text = kind.to_string();
            // Go's reader says what is wrong, not within what.
            let what = match text.strip_prefix("while ").and_then(|rest| rest.split_once(", ")) {
                Some((_, what)) => what,
                None => &text,
            };
            if error.line <= 1 {
                format!("yaml: {what}")
            } else {
                format!("yaml: line {}: {what}", error.line)
            }
        }
    };
    format!("error converting YAML to JSON: {what}")
}
