//! What came of a step.

use std::sync::Arc;

use tautline_cluster::ClusterError;
use tautline_core::{GroupVersionKind, Object, ResourceKey, Uid};
use tautline_plan::StepResult;

/// What came of a step.
#[derive(Clone, Debug)]
pub struct Performed {
    /// How it ended.
    pub result: StepResult,
    /// The object as the server has it now.
    pub answer: Option<Arc<Object>>,
    /// The object that was asked to go.
    pub deleted: Option<(ResourceKey, Uid)>,
}

impl Performed {
    /// The step's kind is not there, nor about to come.
    pub fn not_served(gvk: &GroupVersionKind) -> Self {
        Self::refused(format!("the cluster does not serve {gvk}; install its CustomResourceDefinition"))
    }

    pub(crate) fn skipped(message: impl Into<String>) -> Self {
        Self { result: StepResult::Skipped(message.into()), answer: None, deleted: None }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { result: StepResult::Refused(message.into()), answer: None, deleted: None }
    }

    pub(crate) fn done(answer: Arc<Object>) -> Self {
        Self { result: StepResult::Done(String::new()), answer: Some(answer), deleted: None }
    }

    /// Reads an error: whether it may pass, and what may be said of it.
    pub(crate) fn of_error(key: &ResourceKey, error: &ClusterError) -> Self {
        let message = message(key, error);
        let result = match error.is_retryable() {
            true => StepResult::Failed(message),
            false => StepResult::Refused(message),
        };
        Self { result, answer: None, deleted: None }
    }
}

/// What may be shown of an error. The server may quote a Secret's values, so of one about a Secret only
/// reason and fields are shown (rule R26).
fn message(key: &ResourceKey, error: &ClusterError) -> String {
    let Some(status) = error.status() else { return error.to_string() };
    if key.kind != "Secret" || !key.group.is_empty() {
        return status.to_string();
    }
    let fields: Vec<&str> =
        status.causes.iter().map(|c| c.field.as_str()).filter(|f| !f.is_empty()).collect();
    match fields.is_empty() {
        true => format!("the server answered {} {}", status.code, status.reason),
        false => format!("the server answered {} {} about {}", status.code, status.reason, fields.join(", ")),
    }
}
