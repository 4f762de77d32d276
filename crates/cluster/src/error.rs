//! What can go wrong between us and a cluster.

use std::time::Duration;

/// Why a call to a cluster failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The server answered with an error.
    #[error("{0}")]
    Status(Status),
    /// The request did not reach the server, or the answer did not reach us. A write may have happened.
    #[error("{step}: no answer from the cluster: {source}")]
    Transport {
        /// What was tried: `PATCH /api/v1/…`.
        step: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not what a Kubernetes API says.
    #[error("{step}: the cluster's answer cannot be read: {problem}")]
    Answer {
        /// What was tried.
        step: String,
        /// What is wrong with the answer.
        problem: String,
    },
}

/// A `Status` that the server answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason: `Conflict`, `Forbidden`.
    pub reason: String,
    /// The message for people.
    pub message: String,
    /// `details.causes`.
    pub causes: Vec<Cause>,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
}

/// One of a status's `details.causes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The machine-readable cause: `FieldManagerConflict`, `NamespaceTerminating`.
    pub reason: String,
    /// The message for people.
    pub message: String,
    /// The field it is about.
    pub field: String,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.message.is_empty() {
            true => write!(f, "the server answered {} {}", self.code, self.reason),
            false => f.write_str(&self.message),
        }
    }
}

impl ClusterError {
    /// The server's answer, if there was one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Status(status) => Some(status),
            _ => None,
        }
    }

    /// Whether trying the same again may help. A 422, a 403 and a typed-patch 500 stay refused.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport { .. } => true,
            Self::Answer { .. } => false,
            Self::Status(status) => match status.code {
                429 | 502 | 503 | 504 => true,
                // R11: "failed to create typed patch" is the server refusing the object, not failing.
                500 => !status.message.contains("failed to create typed patch"),
                409 => status.reason == "Conflict" && !status.has_cause("FieldManagerConflict"),
                403 => status.has_cause("NamespaceTerminating"),
                _ => false,
            },
        }
    }

    /// Whether a watch or a continue token is too old: list again.
    pub fn is_gone(&self) -> bool {
        self.status().is_some_and(|s| s.code == 410)
    }

    /// Whether a watch asks for a version that the server has not come to: list again.
    pub fn is_ahead(&self) -> bool {
        self.status().is_some_and(|s| s.code == 504 && s.message.contains("Too large resource version"))
    }

    /// Whether the server says that we may not.
    pub fn is_forbidden(&self) -> bool {
        self.status().is_some_and(|s| matches!(s.code, 401 | 403))
    }

    /// Whether the server says that something is in the way: another version, another manager, another uid.
    pub fn is_conflict(&self) -> bool {
        self.status().is_some_and(|s| s.code == 409)
    }
}

impl Status {
    /// Whether one of the causes has this reason.
    pub fn has_cause(&self, reason: &str) -> bool {
        self.causes.iter().any(|cause| cause.reason == reason)
    }
}

impl From<Status> for ClusterError {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}
