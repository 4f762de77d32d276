//! Errors of the crates below in Helm's words.

/// What sigs.k8s.io/yaml says of broken YAML.
pub(crate) fn yaml(error: &tautline_yaml::Error) -> String {
    format!("error converting YAML to JSON: yaml: line {}: {}", error.line, error.kind)
}

/// What Go's JSON decoder says of broken JSON.
pub(crate) fn json(text: &str, error: &tautline_core::JsonError) -> String {
    use tautline_core::JsonErrorKind as Kind;
    let line = text.split('\n').nth(error.line.saturating_sub(1)).unwrap_or_default();
    let found = line.get(error.column.saturating_sub(1)..).and_then(|rest| rest.chars().next());
    match (error.kind, found) {
        (Kind::Unexpected, Some(c)) => format!("invalid character '{c}' looking for beginning of value"),
        (Kind::Trailing, Some(c)) => format!("invalid character '{c}' after top-level value"),
        (Kind::End, _) => "unexpected end of JSON input".to_owned(),
        (kind, _) => kind.to_string(),
    }
}
