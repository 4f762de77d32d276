//! Rules for custom resources as data: `table.txt`, and the standard conditions for every other kind.

use std::sync::OnceLock;

use tautline_core::{Object, Value};

use crate::conditions::{condition, conditions};
use crate::status::{Health, HealthStatus};

/// A row of the table.
struct Rule {
    group: &'static str,
    kind: &'static str,
    signs: Vec<Sign>,
}

/// What to look for and what it means.
struct Sign {
    wanted: Wanted,
    status: HealthStatus,
}

enum Wanted {
    Condition { kind: &'static str, status: &'static str, reasons: Vec<&'static str> },
    Field { path: Vec<&'static str>, values: Vec<&'static str> },
}

/// The health of a kind that the table knows.
pub(crate) fn known(object: &Object) -> Option<Health> {
    static TABLE: OnceLock<Vec<Rule>> = OnceLock::new();
    let table = TABLE.get_or_init(|| include_str!("table.txt").lines().filter_map(row).collect());
    let fits = |rule: &&Rule| fits(rule.group, object.group()) && fits(rule.kind, object.kind());
    let rule = table.iter().find(fits)?;
    if let Some(waiting) = unobserved(object) {
        return Some(waiting);
    }
    let found = rule.signs.iter().find_map(|sign| sign.see(object));
    Some(found.unwrap_or_else(|| match conditions(object).find(|c| c.status != "True") {
        Some(c) if !c.message.is_empty() => Health::progressing(c.message.to_owned()),
        _ => Health::progressing("Waiting for its controller to report"),
    }))
}

/// The health of any custom resource by the conditions that controllers agree on (kstatus); `None` if it has
/// none of them.
pub(crate) fn generic(object: &Object) -> Option<Health> {
    if !object.group().contains('.') {
        return None;
    }
    let told = conditions(object)
        .any(|c| matches!(c.kind, "Ready" | "Available" | "Synced" | "Reconciling" | "Stalled"));
    if !told {
        return None;
    }
    if let Some(waiting) = unobserved(object) {
        return Some(waiting);
    }
    for c in conditions(object).filter(|c| c.status == "True") {
        match c.kind {
            "Reconciling" => return Some(Health::progressing(c.message.to_owned())),
            "Stalled" => return Some(Health::degraded(c.message.to_owned())),
            _ => {}
        }
    }
    let verdict = ["Ready", "Available", "Synced"].iter().find_map(|kind| condition(object, kind));
    Some(match verdict {
        Some(c) if c.status == "True" => Health::new(HealthStatus::Healthy, c.message.to_owned()),
        Some(c) => Health::progressing(c.message.to_owned()),
        None => Health::healthy(),
    })
}

fn unobserved(object: &Object) -> Option<Health> {
    let observed = object.i64_at(&["status", "observedGeneration"])?;
    let behind = object.generation().is_some_and(|generation| observed < generation);
    behind.then(|| Health::progressing("Waiting for its generation to be observed"))
}

fn row(line: &'static str) -> Option<Rule> {
    let mut parts = line.split('|').map(str::trim);
    let (group, kind) = parts.next()?.split_once('/').filter(|_| !line.starts_with('#'))?;
    Some(Rule { group, kind, signs: parts.filter_map(sign).collect() })
}

fn sign(text: &'static str) -> Option<Sign> {
    use HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
    let (wanted, word) = text.rsplit_once(' ')?;
    let status =
        [Healthy, Suspended, Progressing, Degraded, Unknown].into_iter().find(|s| s.as_str() == word)?;
    let wanted = match wanted.split_once('=') {
        Some((kind, rest)) => {
            let (status, reasons) = rest.split_once('/').unwrap_or((rest, ""));
            let reasons = reasons.split(',').filter(|reason| !reason.is_empty()).collect();
            Wanted::Condition { kind, status, reasons }
        }
        None => {
            let (path, values) = wanted.split_once(':')?;
            let top = if path.starts_with("spec.") { None } else { Some("status") };
            Wanted::Field {
                path: top.into_iter().chain(path.split('.')).collect(),
                values: values.split(',').collect(),
            }
        }
    };
    Some(Sign { wanted, status })
}

impl Sign {
    fn see(&self, object: &Object) -> Option<Health> {
        match &self.wanted {
            Wanted::Condition { kind, status, reasons } => conditions(object)
                .find(|c| {
                    c.kind == *kind
                        && c.status == *status
                        && (reasons.is_empty() || reasons.contains(&c.reason))
                })
                .map(|c| Health::new(self.status, c.message.to_owned())),
            Wanted::Field { path, values } => {
                let value = object.at(path).filter(|value| !value.is_null())?;
                let text = match value {
                    Value::Bool(truth) => truth.to_string(),
                    value => value.as_str().unwrap_or_default().to_owned(),
                };
                let message = object.str_at(&["status", "message"]).unwrap_or_default();
                (values == &["*"] || values.contains(&text.as_str()))
                    .then(|| Health::new(self.status, message))
            }
        }
    }
}

/// `*` alone fits all, `*.end` fits what ends so.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => text.ends_with(end),
        None => pattern == text,
    }
}

#[cfg(test)]
mod tests {
    use super::{row, sign};

    /// A misspelt sign would be dropped in silence.
    #[test]
    fn every_line_of_the_table_is_read() {
        for line in include_str!("table.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            assert!(row(line).is_some_and(|rule| !rule.signs.is_empty()), "{line}");
            assert!(line.split('|').skip(1).all(|text| sign(text.trim()).is_some()), "{line}");
        }
    }
}
