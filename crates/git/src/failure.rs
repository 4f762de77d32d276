//! Failures that several callers share, and what they mean as [`SourceError`].

use tautline_source::{NoSuchReference, SourceError};

/// Why a listing or a fetch failed. Unlike [`SourceError`] it can be handed to everybody who waited.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Unreachable(String),
    Denied(String),
    Reference(NoSuchReference),
    Unsupported(String),
    Content(String),
}

impl Failure {
    /// The error for one place, whose text must already be free of credentials.
    pub(crate) fn at(self, place: &str) -> SourceError {
        let place = place.to_owned();
        match self {
            Self::Unreachable(message) => SourceError::Unreachable { place, message },
            Self::Denied(message) => SourceError::Denied { place, message },
            Self::Reference(source) => SourceError::Reference { place, source },
            Self::Unsupported(message) => SourceError::Unsupported { place, message },
            Self::Content(message) => SourceError::Content { place, message },
        }
    }

    /// What a failed conversation with a server means.
    pub(crate) fn of_connection(error: &gix::Error) -> Self {
        let message = chain(error);
        let denied = error.is_unauthenticated()
            || error.is_permission_denied()
            || ["401", "403", "Permission denied", "publickey"].iter().any(|sign| message.contains(sign));
        match denied {
            true => Self::Denied(message),
            false => Self::Unreachable(message),
        }
    }
}

/// An error with its causes on one line, each said once.
pub(crate) fn chain(error: &gix::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.iter_errors() {
        let text = cause.to_string().replace('\n', " ");
        if !text.is_empty() && !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}
