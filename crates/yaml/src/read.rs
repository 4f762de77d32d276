//! The entry points for reading.

use tautline_core::{Budget, Value};

use crate::error::{Error, ErrorKind};
use crate::{fast, full, split};

/// Whose rules decide what a plain scalar is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolver {
    /// go-yaml v2 in front of JSON, as kubectl, Helm and Argo CD read manifests: `yes` is true, of duplicate
    /// keys the last wins, and `<<` overrides keys before it.
    #[default]
    V2,
    /// go-yaml v3, as Kustomize reads resources: `yes` is text, a date becomes a moment, duplicate keys are
    /// refused, and `<<` yields to keys of its map.
    V3,
}

/// How to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whose rules.
    pub resolver: Resolver,
    /// Whether a key twice in one map is an error; else the last wins. Always an error with v3.
    pub strict: bool,
    /// What the input may cost.
    pub budget: Budget,
}

/// Reads the first document of a text; nothing but comments is null.
///
/// Text that starts with `{` is read as JSON first, and as YAML's flow style if it is none.
pub fn read(text: &str, options: &Options) -> Result<Value, Error> {
    check_size(text, options)?;
    let strict = options.strict || options.resolver == Resolver::V3;
    if !strict
        && text.trim_start().starts_with('{')
        && let Ok(value) = Value::from_json_within(text.as_bytes(), &options.budget)
    {
        return Ok(value);
    }
    match fast::read(text, options) {
        Some(value) => Ok(value),
        None => full::read(text, options),
    }
}

/// Reads the first document by the full parser only: what [`read`] must equal wherever it takes a short cut.
pub fn read_fully(text: &str, options: &Options) -> Result<Value, Error> {
    check_size(text, options)?;
    full::read(text, options)
}

/// Reads every document of a stream, with the line each starts on; documents that are null are left out.
///
/// A bad document is an error in its place and hides no other; its line counts from the stream's start.
pub fn read_all(text: &str, options: &Options) -> Vec<(usize, Result<Value, Error>)> {
    if let Err(error) = check_size(text, options) {
        return vec![(1, Err(error))];
    }
    split(text)
        .map(|document| match document {
            Ok(document) => {
                let shift = |error: Error| Error { line: error.line + document.line - 1, ..error };
                (document.line, read(document.text, options).map_err(shift))
            }
            Err(error) => (error.line, Err(error)),
        })
        .filter(|(_, value)| !matches!(value, Ok(Value::Null)))
        .collect()
}

pub(crate) fn check_size(text: &str, options: &Options) -> Result<(), Error> {
    if text.len() > options.budget.bytes {
        return Err(ErrorKind::Bytes(options.budget.bytes).at(1, 1));
    }
    Ok(())
}
