//! One sign: what to look for in an object, and what it means.

use tautline_core::{Object, Value};

use crate::conditions::conditions;
use crate::status::{Health, HealthStatus};

/// What to look for and what it means.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    wanted: Wanted,
    status: HealthStatus,
}

#[derive(Clone, Debug)]
enum Wanted {
    Condition(Named),
    /// A condition of an entry of a list under `status`, such as a route's `parents`.
    Within(String, Named),
    Field {
        path: Vec<String>,
        values: Vec<String>,
    },
}

/// A condition by its type, status and, if any are given, reasons.
#[derive(Clone, Debug)]
struct Named {
    kind: String,
    status: String,
    reasons: Vec<String>,
}

impl Sign {
    /// Reads a sign, as the head of `table.txt` describes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        use HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
        let (wanted, word) = text.trim().rsplit_once(' ')?;
        let wanted = wanted.trim();
        let status =
            [Healthy, Suspended, Progressing, Degraded, Unknown].into_iter().find(|s| s.as_str() == word)?;
        let wanted = match (wanted.split_once("[]:"), wanted.split_once('=')) {
            (Some((list, condition)), _) => Wanted::Within(list.to_owned(), Named::parse(condition)?),
            (None, Some(_)) => Wanted::Condition(Named::parse(wanted)?),
            (None, None) => {
                let (path, values) = wanted.split_once(':')?;
                let top = (!path.starts_with("spec.")).then_some("status");
                Wanted::Field {
                    path: top.into_iter().chain(path.split('.')).map(str::to_owned).collect(),
                    values: values.split(',').map(str::to_owned).collect(),
                }
            }
        };
        Some(Self { wanted, status })
    }

    /// The health that the sign tells, if it is there.
    pub(super) fn see(&self, object: &Object) -> Option<Health> {
        match &self.wanted {
            Wanted::Condition(named) => conditions(object)
                .find(|c| named.fits(c.kind, c.status, c.reason))
                .map(|c| Health::new(self.status, c.message)),
            Wanted::Within(list, named) => {
                let entries = object.list_at(&["status", list]).iter();
                let text = |c: &Value, field: &str| c.str_at(&[field]).unwrap_or_default().to_owned();
                let found = entries
                    .flat_map(|entry| entry.list_at(&["conditions"]))
                    .find(|c| named.fits(&text(c, "type"), &text(c, "status"), &text(c, "reason")));
                found.map(|c| Health::new(self.status, text(c, "message")))
            }
            Wanted::Field { path, values } => {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let value = object.at(&path).filter(|value| !value.is_null())?;
                let text = match value {
                    Value::Bool(truth) => truth.to_string(),
                    value => match (value.as_str(), value.as_i64()) {
                        (Some(text), _) => text.to_owned(),
                        (None, number) => number.map(|number| number.to_string()).unwrap_or_default(),
                    },
                };
                let message = object.str_at(&["status", "message"]).unwrap_or_default();
                values.iter().any(|v| v == "*" || *v == text).then(|| Health::new(self.status, message))
            }
        }
    }
}

impl Named {
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('=')?;
        let (status, reasons) = rest.split_once('/').unwrap_or((rest, ""));
        let reasons = reasons.split(',').filter(|reason| !reason.is_empty()).map(str::to_owned).collect();
        Some(Self { kind: kind.to_owned(), status: status.to_owned(), reasons })
    }

    fn fits(&self, kind: &str, status: &str, reason: &str) -> bool {
        self.kind == kind
            && self.status == status
            && (self.reasons.is_empty() || self.reasons.iter().any(|wanted| wanted == reason))
    }
}
