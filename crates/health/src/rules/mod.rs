//! Rules for custom resources as data: `table.txt`, a user's own table, and the standard conditions for every other
//! kind.

use std::sync::OnceLock;

use tautline_core::{Object, Timestamp};

use crate::conditions::{condition, conditions};
use crate::status::{Health, HealthStatus};
use crate::{HealthCheck, Surroundings};

mod atom;
mod compare;
mod path;
mod sign;
mod table;
mod words;

pub use table::{RuleError, Rules};

use table::Rule;

/// The health of a kind that the table knows.
pub(crate) fn known(object: &Object) -> Option<Health> {
    static TABLE: OnceLock<Vec<Rule>> = OnceLock::new();
    let table = TABLE
        .get_or_init(|| include_str!("table.txt").lines().filter_map(|line| Rule::row(line).ok()).collect());
    let (group, kind) = (object.group(), object.kind());
    table.iter().find(|rule| rule.is_for(group, kind)).map(|rule| rule.judge(object))
}

impl HealthCheck for Rules {
    fn assess(&self, object: &Object, _: &dyn Surroundings, _: Timestamp) -> Option<Health> {
        match self.rule(object).filter(|_| !object.is_terminating()) {
            Some(rule) => Some(rule.judge(object)),
            None => crate::assess(object),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::table::Rule;

    /// A misspelt sign would be dropped in silence.
    #[test]
    fn every_line_of_the_table_is_read() {
        for line in include_str!("table.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            assert!(Rule::row(line).is_ok(), "{line}: {:?}", Rule::row(line).err());
        }
    }
}
