//! Template errors as each Helm words them.

use std::fmt;

use tautline_gotemplate::{ExecError, Failure, ParseError};

use crate::Dialect;
use crate::manifests::Origins;

const START: &str = "HELM_ERR_START";
const END: &str = "HELM_ERR_END";

/// A template that does not parse or fails as it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderError {
    /// Helm's text.
    pub message: String,
    /// The template's path, as Helm prints it, where the outermost execution failed.
    pub file: String,
    /// The line there, counted from 1; 0 if unknown.
    pub line: usize,
    /// That template's path in the source; empty if unknown.
    pub origin: String,
}

impl RenderError {
    /// Says where the template is in the source.
    pub(super) fn located(mut self, origins: &Origins) -> Self {
        self.origin = origins.get(&self.file).map(|path| path.to_string()).unwrap_or_default();
        self
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RenderError {}

/// Marks what `fail` and `required` say, so that nothing else is printed.
pub(super) fn marked(message: &str) -> Failure {
    Failure::new(format!("{START}{message}{END}"))
}

/// A template that does not parse.
pub(super) fn parse_error(error: &ParseError) -> RenderError {
    let text = error.to_string();
    let tokens: Vec<&str> = text.split(": ").collect();
    let message = match tokens.as_slice() {
        [_, location, .., last] => format!("parse error at ({location}): {last}"),
        _ => format!("parse error in ({}): {text}", error.source_name),
    };
    RenderError { message, file: error.source_name.to_string(), line: error.line, origin: String::new() }
}

/// A template that failed as it ran.
pub(super) fn exec_error(file: &str, failure: &Failure, dialect: Dialect) -> RenderError {
    let Some(error) = &failure.cause else {
        return RenderError {
            message: failure.to_string(),
            file: file.to_owned(),
            line: 0,
            origin: String::new(),
        };
    };
    let place = error.place.as_ref();
    RenderError {
        message: worded(file, error, dialect),
        file: place.map_or_else(|| file.to_owned(), |p| p.source_name.to_string()),
        line: place.map_or(0, |p| p.line),
        origin: String::new(),
    }
}

fn worded(file: &str, error: &ExecError, dialect: Dialect) -> String {
    let text = error.to_string();
    let mut tokens = text.splitn(3, ": ");
    let (Some(_), Some(location), Some(rest)) = (tokens.next(), tokens.next(), tokens.next()) else {
        return format!("execution error in ({file}): {text}");
    };
    if let (Some(from), Some(to)) = (rest.find(START), rest.rfind(END))
        && let Some(said) = rest.get(from + START.len()..to)
    {
        return format!("execution error at ({location}): {said}");
    }
    match dialect {
        Dialect::Helm3 => text,
        Dialect::Helm4 => traced(error).unwrap_or(text),
    }
}

/// Helm 4's layout: a paragraph for each template on the way. Nothing if one of the errors on the way is not
/// a template's own: then the text stays as it is.
fn traced(error: &ExecError) -> Option<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    let mut last = None;
    for link in error.chain() {
        // Words between a function's call and the error inside belong to no template: `tpl` adds some.
        let failure = &link.failure;
        let adds_words = function_error(failure).is_some_and(|said| !said.is_empty());
        if failure.cause.is_some() && adds_words {
            return None;
        }
        let paragraph = paragraph(&link.to_string())?;
        if paragraphs.last() != Some(&paragraph) {
            paragraphs.push(paragraph);
        }
        last = Some(link);
    }
    // What a function said by itself is an error of its own in the chain.
    if let Some(own) = last.and_then(|link| function_error(&link.failure)).filter(|own| !own.is_empty()) {
        paragraphs.push(paragraph(own)?);
    }
    Some(paragraphs.concat().trim().to_owned())
}

/// What the innermost function said, if the failure is a function's.
fn function_error(failure: &Failure) -> Option<&str> {
    let (_, said) = failure.message.strip_prefix("error calling ")?.split_once(": ")?;
    Some(said)
}

/// One error taken apart into place, template and message.
fn paragraph(text: &str) -> Option<String> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{text}\n"));
    }
    let cut = |message: &str| message.split(" template:").next().unwrap_or_default().to_owned();
    let executing = rest.split_once(": executing ").and_then(|(place, after)| {
        let (function, after) = after.strip_prefix('"')?.split_once('"')?;
        let (node, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
        Some(format!("{place}\n  executing \"{function}\" at <{node}>:\n    {}\n", cut(message)))
    });
    executing.or_else(|| {
        let (place, message) = rest.rsplit_once(": ")?;
        Some(format!("{place}\n  {}\n", cut(message)))
    })
}
