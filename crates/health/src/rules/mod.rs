//! Rules for custom resources as data: `table.txt`, a user's own table, and the standard conditions for every other
//! kind.

use std::collections::HashMap;
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
    static TABLE: OnceLock<Table> = OnceLock::new();
    // Kubernetes' own groups have no dot, or are judged in Rust.
    if !object.group().contains('.') {
        return None;
    }
    TABLE.get_or_init(Table::built_in).rule(object.group(), object.kind()).map(|rule| rule.judge(object))
}

/// The rules of `table.txt`, found by kind.
struct Table {
    rules: Vec<Rule>,
    /// Which rules may be for a kind that the table names, in their order.
    by_kind: HashMap<String, Vec<usize>>,
    /// Which may be for any other kind.
    open: Vec<usize>,
}

impl Table {
    fn built_in() -> Self {
        let rules: Vec<Rule> =
            include_str!("table.txt").lines().filter_map(|line| Rule::row(line).ok()).collect();
        let names = rules.iter().flat_map(Rule::kinds).filter(|kind| !kind.starts_with('*'));
        let fit = |kind: &str| (0..rules.len()).filter(|at| rules[*at].names(kind)).collect::<Vec<usize>>();
        let by_kind = names.map(|kind| (kind.to_owned(), fit(kind))).collect();
        let is_open = |at: &usize| rules[*at].kinds().any(|kind| kind.starts_with('*'));
        let open = (0..rules.len()).filter(is_open).collect();
        Self { rules, by_kind, open }
    }

    fn rule(&self, group: &str, kind: &str) -> Option<&Rule> {
        let places = self.by_kind.get(kind).unwrap_or(&self.open);
        places.iter().map(|at| &self.rules[*at]).find(|rule| rule.is_for(group, kind))
    }
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
