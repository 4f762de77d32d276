//! [`Failure`]: a request that the server refuses, in the server's words.

use std::time::Duration;

use tautline_cluster::{Cause, ClusterError, Status};
use tautline_core::{Map, Value, value};

/// A `Status` with `status: Failure`: what a real server answers instead of an object.
///
/// Wording and details follow kube-apiserver 1.37, `k8s.io/apimachinery/pkg/api/errors`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason; empty for an internal error without one.
    pub reason: String,
    /// The message for people.
    pub message: String,
    /// What it is about; `None` where the real server leaves `details` out.
    pub details: Option<Box<Details>>,
    /// How many seconds the client should wait.
    pub retry_after: Option<u32>,
    /// A token to go on with an expired list.
    pub go_on: Option<String>,
    /// What was remarked before the request failed; sent as warning headers.
    pub warnings: Vec<String>,
}

/// `details` of a [`Failure`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The object's name.
    pub name: String,
    /// The group of the kind or resource.
    pub group: String,
    /// The resource (`deployments`), or the kind in a 422.
    pub kind: String,
    /// What exactly is wrong.
    pub causes: Vec<Cause>,
}

impl Failure {
    /// A failure without details.
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        let (reason, message) = (reason.to_owned(), message.into());
        let (details, retry_after, go_on, warnings) = (None, None, None, Vec::new());
        Self { code, reason, message, details, retry_after, go_on, warnings }
    }

    /// The same failure about something.
    #[must_use]
    pub fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        let causes = self.details.take().map(|d| d.causes).unwrap_or_default();
        let (name, group, kind) = (name.into(), group.into(), kind.into());
        self.details = Some(Box::new(Details { name, group, kind, causes }));
        self
    }

    /// The same failure after these remarks.
    #[must_use]
    pub(crate) fn after(mut self, remarks: &[String]) -> Self {
        self.warnings.splice(0..0, remarks.iter().cloned());
        self
    }

    /// The same failure with causes.
    #[must_use]
    pub fn because(mut self, causes: Vec<Cause>) -> Self {
        self.details.get_or_insert_default().causes = causes;
        self
    }

    /// 404: no such object.
    pub fn not_found(group: &str, plural: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", qualified(plural, group));
        Self::new(404, "NotFound", message).about(group, plural, name)
    }

    /// 404: no such path.
    pub fn no_such_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource").about("", "", "")
    }

    /// 405: the resource has no such verb.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).about("", "", "")
    }

    /// 409: the name is taken.
    pub fn already_exists(group: &str, plural: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", qualified(plural, group));
        Self::new(409, "AlreadyExists", message).about(group, plural, name)
    }

    /// 409: something is in the way.
    pub fn conflict(group: &str, plural: &str, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", qualified(plural, group));
        Self::new(409, "Conflict", message).about(group, plural, name)
    }

    /// 409: the object has another version than the writer read.
    pub fn stale(group: &str, plural: &str, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, plural, name, why)
    }

    /// 403: not allowed.
    pub fn forbidden(group: &str, plural: &str, name: &str, why: &str) -> Self {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", qualified(plural, group))
        } else {
            format!("{} \"{name}\" is forbidden: {why}", qualified(plural, group))
        };
        Self::new(403, "Forbidden", message).about(group, plural, name)
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 500 as the server answers where it did not expect an error.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// 410: the version is too old.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 422: fields are wrong. `kind` is qualified by its group as the server does: `Deployment.apps`.
    pub fn invalid(group: &str, kind: &str, name: &str, wrong: Vec<Wrong>) -> Self {
        let head = format!("{} \"{name}\" is invalid: ", qualified(kind, group));
        let mut lines: Vec<String> = wrong.iter().map(Wrong::line).collect();
        lines.dedup();
        let body = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes = wrong.into_iter().map(Wrong::into_cause).collect();
        Self::new(422, "Invalid", head + &body).about(group, kind, name).because(causes)
    }

    /// The `Status` object.
    pub fn to_value(&self) -> Value {
        let mut metadata = Map::new();
        if let Some(token) = &self.go_on {
            metadata.insert("continue", token.as_str());
        }
        let mut status = value!({ "kind": "Status", "apiVersion": "v1", "metadata": metadata,
            "status": "Failure", "message": self.message.as_str(), "code": u32::from(self.code) });
        if let Value::Map(map) = &mut status {
            if !self.reason.is_empty() {
                map.insert("reason", self.reason.as_str());
            }
            if let Some(details) = &self.details {
                map.insert("details", details.to_value(self.retry_after));
            }
        }
        status
    }
}

impl Details {
    fn to_value(&self, retry_after: Option<u32>) -> Map {
        let mut out = Map::new();
        for (field, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                out.insert(field, text.as_str());
            }
        }
        if !self.causes.is_empty() {
            let causes: Vec<Value> = self.causes.iter().map(cause_value).collect();
            out.insert("causes", Value::from(causes));
        }
        if let Some(seconds) = retry_after {
            out.insert("retryAfterSeconds", seconds);
        }
        out
    }
}

fn cause_value(cause: &Cause) -> Value {
    let fields = [("reason", &cause.reason), ("message", &cause.message), ("field", &cause.field)];
    Value::Map(fields.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k, v.as_str())).collect())
}

/// `deployments.apps`; `pods` for the core group.
pub(crate) fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

impl From<Failure> for ClusterError {
    fn from(failure: Failure) -> Self {
        ClusterError::Status(Status {
            code: failure.code,
            reason: failure.reason,
            message: failure.message,
            causes: failure.details.map(|d| d.causes).unwrap_or_default(),
            retry_after: failure.retry_after.map(|s| Duration::from_secs(s.into())),
        })
    }
}

/// One field that is wrong, as `k8s.io/apimachinery/pkg/util/validation/field` words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field: `spec.containers[0].name`.
    pub field: String,
    /// The machine-readable cause: `FieldValueRequired`.
    pub reason: &'static str,
    /// The message: `Required value: must not be empty`.
    pub message: String,
}

impl Wrong {
    /// The field must be there.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = with_detail("Required value".to_owned(), detail);
        Self { field: field.into(), reason: "FieldValueRequired", message }
    }

    /// The value makes no sense.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        let message = with_detail(format!("Invalid value: {}", value.to_json()), detail);
        Self { field: field.into(), reason: "FieldValueInvalid", message }
    }

    /// The field may not be set.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        let message = with_detail("Forbidden".to_owned(), detail);
        Self { field: field.into(), reason: "FieldValueForbidden", message }
    }

    /// The value is there twice.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        let message = format!("Duplicate value: {}", value.to_json());
        Self { field: field.into(), reason: "FieldValueDuplicate", message }
    }

    /// What the value names is not there.
    pub fn missing(field: impl Into<String>, value: &Value) -> Self {
        let message = format!("Not found: {}", value.to_json());
        Self { field: field.into(), reason: "FieldValueNotFound", message }
    }

    /// The value is none of those that are known.
    pub fn unsupported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let known: Vec<String> = supported.iter().map(|s| format!("\"{s}\"")).collect();
        let message =
            format!("Unsupported value: {}: supported values: {}", value.to_json(), known.join(", "));
        Self { field: field.into(), reason: "FieldValueNotSupported", message }
    }

    fn line(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }

    fn into_cause(self) -> Cause {
        Cause { reason: self.reason.to_owned(), message: self.message, field: self.field }
    }
}

fn with_detail(head: String, detail: &str) -> String {
    if detail.is_empty() { head } else { format!("{head}: {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_read_as_the_real_servers() {
        let stale = Failure::stale("example.test", "widgets", "w");
        assert_eq!(
            stale.message,
            "Operation cannot be fulfilled on widgets.example.test \"w\": the object has been modified; \
             please apply your changes to the latest version and try again"
        );
        let wrong = vec![Wrong::required("metadata.name", "name or generateName is required")];
        let invalid = Failure::invalid("", "ConfigMap", "", wrong);
        assert_eq!(
            invalid.to_value().to_json(),
            r#"{"apiVersion":"v1","code":422,"details":{"causes":[{"field":"metadata.name","message":"Required value: name or generateName is required","reason":"FieldValueRequired"}],"kind":"ConfigMap"},"kind":"Status","message":"ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required","metadata":{},"reason":"Invalid","status":"Failure"}"#
        );
    }
}
