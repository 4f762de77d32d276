//! Patches that know no schema: JSON patch (RFC 6902) and JSON merge patch (RFC 7386).

pub mod json;
pub mod merge;

/// Why a patch cannot be applied, as the API server answers it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatchError {
    /// The status that the API server answers with: 400, 422 or 500.
    pub status: u16,
    /// The API server's message.
    pub message: String,
    /// What is wrong, if the message does not say it.
    pub cause: Option<String>,
}

impl PatchError {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into(), cause: None }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self { status: 500, message: message.into(), cause: None }
    }

    /// The server hides the cause behind one sentence.
    pub(crate) fn unprocessable(cause: impl Into<String>) -> Self {
        let message = "the server rejected our request due to an error in our request".to_owned();
        Self { status: 422, message, cause: Some(cause.into()) }
    }
}
