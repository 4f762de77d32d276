//! Errors of the crates below in Helm's words.

/// What sigs.k8s.io/yaml says of broken YAML.
pub(crate) fn yaml(error: &tautline_yaml::Error) -> String {
    format!("error converting YAML to JSON: yaml: line {}: {}", error.line, error.kind)
}
