//! [`Failure`]: why a command could not do its work, and the exit code that says so.

use std::fmt;

/// The result of a verb.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A full sentence for people and an exit code for scripts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// 1 if the work failed, 2 if the question was wrong or could not be answered.
    pub(crate) code: u8,
    message: String,
}

impl Failure {
    /// The work failed.
    pub(crate) fn work(message: impl fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// The question is wrong, or nobody can answer it.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// The same for a verb whose exit code 1 means that something differs.
    pub(crate) fn never_one(self) -> Self {
        Self { code: 2, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
