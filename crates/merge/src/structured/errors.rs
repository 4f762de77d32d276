//! Why an apply is refused, in the API server's words.

use std::fmt;

use tautline_core::FieldPath;

use super::managed::Manager;
use crate::go_print;

/// A field that the configuration sets to another value than its owner did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Who owns it.
    pub manager: Manager,
    /// The field.
    pub path: FieldPath,
}

impl Conflict {
    /// `details.causes[].field`: `.spec.replicas`.
    pub fn field(&self) -> String {
        go_print::path(&self.path)
    }

    /// `details.causes[].message`: `conflict with "kubectl-edit" using apps/v1`.
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

/// Why an apply or an update was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// 409: other managers own fields that would change. Apply with force, or leave the fields out.
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
    /// 400: the configuration cannot be applied to this endpoint at all.
    #[error("{0}")]
    BadRequest(String),
    /// 500: values that do not fit their types. The message is the server's; retrying does not help.
    #[error("{0}")]
    Internal(String),
    /// The answer cannot be known here; ask the server with a dry run.
    #[error("cannot predict the result: {0}; ask the API server with a dry run")]
    DontKnow(Unknown),
}

/// What keeps an answer from being known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown {
    /// No schema for the kind.
    Schema(String),
    /// An owner wrote in another version, and the fields do not agree by schema (rule R15).
    OtherVersion,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(kind) => write!(f, "the schema of {kind} is unknown"),
            Self::OtherVersion => f.write_str("a field manager wrote in a version whose fields differ"),
        }
    }
}

fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        return format!("Apply failed with 1 conflict: {}: {}", one.message(), one.field());
    }
    let mut lines = Vec::with_capacity(conflicts.len());
    let mut before: Option<&Manager> = None;
    let mut sorted: Vec<&Conflict> = conflicts.iter().collect();
    sorted.sort_by(|a, b| a.manager.cmp(&b.manager));
    for conflict in sorted {
        if before != Some(&conflict.manager) {
            lines.push(format!("conflicts with {}:", conflict.manager));
            before = Some(&conflict.manager);
        }
        lines.push(format!("- {}", conflict.field()));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}
