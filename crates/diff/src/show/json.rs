//! A difference as data: JSON in a stable form.

use tautline_core::Value;

use super::View;
use crate::{Change, Outcome, Why};

/// The version of the form that [`View::to_json`] writes. It counts up when a field goes or changes its meaning; new
/// fields may come without.
pub const FORMAT_VERSION: i64 = 1;

impl View {
    /// The difference as JSON, keys sorted, the same for the same difference in every process:
    ///
    /// ```json
    /// { "version": 1,
    ///   "outcome": "unchanged" | "create" | "change" | "delete" | "unknown",
    ///   "reason": "why nobody knows; only with unknown",
    ///   "ownershipOnly": false,
    ///   "changes": [{ "path": "spec.containers[name=app].image",
    ///                 "from": …, "to": …,
    ///                 "why": { "rule": "set-in-git" | "left-git" | "defaulted" | "set-by-admission" | "ignored",
    ///                          "detail": "file:line, or the rule that ignores it" },
    ///                 "owner": { "manager": "…", "operation": "Apply" | "Update", "since": "RFC 3339" } }],
    ///   "taken": [{ "path": ".spec.replicas", "from": "…", "operation": "…" }],
    ///   "needs": ["dry-run: apps/Deployment prod/web"] }
    /// ```
    /// An absent `from` or `to` is a field that is not there; a secret value is `"(hidden N)"`, equal for equal ones.
    pub fn to_json(&self) -> Value {
        let (outcome, reason) = match &self.outcome {
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Create => ("create", None),
            Outcome::Change => ("change", None),
            Outcome::Delete => ("delete", None),
            Outcome::Unknown(why) => ("unknown", Some(why.as_str())),
        };
        let taken = self.difference.taken.iter().map(|taken| {
            map([
                ("path", Some(Value::from(taken.path.as_str()))),
                ("from", Some(Value::from(taken.from.as_str()))),
                ("operation", Some(Value::from(taken.operation.as_str()))),
            ])
        });
        let needs = self.difference.needs.iter().map(|need| Value::from(said(need)));
        map([
            ("version", Some(Value::Int(FORMAT_VERSION))),
            ("outcome", Some(Value::from(outcome))),
            ("reason", reason.map(Value::from)),
            ("ownershipOnly", Some(Value::Bool(self.difference.ownership_only))),
            ("changes", Some(Value::List(self.changes.iter().map(change).collect()))),
            ("taken", Some(Value::List(taken.collect()))),
            ("needs", Some(Value::List(needs.collect()))),
        ])
    }
}

fn change(change: &Change) -> Value {
    let (rule, detail) = match &change.why {
        Why::SetInGit(origin) => ("set-in-git", Some(&**origin)),
        Why::LeftGit => ("left-git", None),
        Why::Defaulted => ("defaulted", None),
        Why::SetByAdmission => ("set-by-admission", None),
        Why::Ignored(rule) => ("ignored", Some(rule.as_str())),
    };
    let why = map([("rule", Some(Value::from(rule))), ("detail", detail.map(Value::from))]);
    let owner = change.owner.as_ref().map(|owner| {
        map([
            ("manager", Some(Value::from(owner.manager.as_str()))),
            ("operation", Some(Value::from(owner.operation.as_str()))),
            ("since", owner.since.as_ref().map(Value::from)),
        ])
    });
    map([
        ("path", Some(Value::from(change.path.to_string()))),
        ("from", change.from.clone()),
        ("to", change.to.clone()),
        ("why", Some(why)),
        ("owner", owner),
    ])
}

fn said(need: &tautline_core::Need) -> String {
    match need {
        tautline_core::Need::DryRun(key) => format!("dry-run: {key}"),
        tautline_core::Need::OpenApi(version) => format!("openapi: {version}"),
        other => format!("{other:?}"),
    }
}

fn map<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    Value::Map(fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}
