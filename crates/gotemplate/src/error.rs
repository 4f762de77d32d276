//! Errors in Go's words.

use std::fmt;

use crate::Str;
use crate::format::quote;

/// A source that is no template: `template: chart/a.yaml:3: unexpected "}" in operand`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {source_name}:{line}: {message}")]
pub struct ParseError {
    /// The name the source was given.
    pub source_name: Str,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, in Go's words.
    pub message: String,
}

/// Why a function, method or printing failed.
///
/// A function that runs a template, as Helm's `include` does, passes on what went wrong inside as the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong. Text before the cause's, if there is one.
    pub message: String,
    /// What went wrong in a template that the function ran.
    pub cause: Option<Box<ExecError>>,
    /// The budget that ran out, if it is that.
    pub exhausted: Option<Exhausted>,
}

/// Which budget ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// Steps of work.
    Steps,
    /// Bytes of output and of text made on the way.
    Bytes,
    /// Templates within templates, or nesting of data.
    Depth,
    /// The caller's deadline.
    Cancelled,
}

impl Failure {
    /// A failure that is told by its message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None, exhausted: None }
    }

    /// A budget that ran out.
    pub(crate) fn exhausted(what: Exhausted) -> Self {
        let message = match what {
            Exhausted::Steps => "the template takes more steps than its budget allows",
            Exhausted::Bytes => "the template makes more text than its budget allows",
            Exhausted::Depth => "data or templates nest deeper than the budget allows",
            Exhausted::Cancelled => "the render was cancelled",
        };
        Self { message: message.to_owned(), cause: None, exhausted: Some(what) }
    }

    /// Puts text before the message.
    #[must_use]
    pub fn within(mut self, before: &str) -> Self {
        self.message.insert_str(0, before);
        self
    }

    /// The budget that ran out, here or in a cause.
    pub fn budget(&self) -> Option<Exhausted> {
        let chain = std::iter::successors(Some(self), |failure| failure.cause.as_ref().map(|e| &e.failure));
        let mut budgets = chain.filter_map(|failure| failure.exhausted);
        budgets.next()
    }
}

impl fmt::Display for Failure {
    /// Without recursion: templates within templates make long chains.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut failure = self;
        loop {
            f.write_str(&failure.message)?;
            let Some(cause) = &failure.cause else { return Ok(()) };
            cause.write_place(f)?;
            failure = &cause.failure;
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|error| error as _)
    }
}

impl From<ExecError> for Failure {
    /// The inner error with nothing before it, as a Go function that returns it.
    fn from(error: ExecError) -> Self {
        Self { message: String::new(), cause: Some(Box::new(error)), exhausted: None }
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

/// Where a template failed, and why. Prints as Go does:
/// `template: a.yaml:3:12: executing "a.yaml" at <.x.y>: nil pointer evaluating interface {}.y`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecError {
    /// The template that was executed: a source's name or a definition's.
    pub template: Str,
    /// Where in which source; nothing if it failed before its first node.
    pub place: Option<Place>,
    /// What is wrong.
    pub failure: Failure,
}

/// A node of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The source's name.
    pub source_name: Str,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 0.
    pub column: usize,
    /// The node, as Go prints it.
    pub node: String,
}

impl ExecError {
    /// The errors from the outermost template to the innermost.
    pub fn chain(&self) -> impl Iterator<Item = &ExecError> {
        std::iter::successors(Some(self), |error| error.failure.cause.as_deref())
    }

    /// The failure that began it: the innermost one's.
    pub fn root(&self) -> &Failure {
        self.chain().last().map_or(&self.failure, |error| &error.failure)
    }
}

impl ExecError {
    /// Everything before the failure's message.
    fn write_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => write!(f, "template: {}: ", self.template),
            Some(Place { source_name, line, column, node }) => {
                let name = quote(self.template.as_bytes());
                write!(f, "template: {source_name}:{line}:{column}: executing {name} at <{node}>: ")
            }
        }
    }
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_place(f)?;
        self.failure.fmt(f)
    }
}

impl std::error::Error for ExecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failure.cause.as_deref().map(|error| error as _)
    }
}
