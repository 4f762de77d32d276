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
        kind if error.line <= 1 => format!("yaml: {kind}"),
        kind => format!("yaml: line {}: {kind}", error.line),
    };
    format!("error converting YAML to JSON: {what}")
}
