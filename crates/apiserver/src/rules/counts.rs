//! [`Counts`]: how often who asked for what.

use std::collections::BTreeMap;

use crate::caller::{Ask, Verb};

/// One line of the counters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// The user agent.
    pub agent: String,
    /// What it did.
    pub verb: Verb,
    /// To which resource, with its group and subresource: `deployments.apps/status`.
    pub resource: String,
}

/// Requests by agent, verb and resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Count, u64>);

impl Counts {
    pub(super) fn add(&mut self, ask: &Ask) {
        let mut resource = crate::failure::qualified(&ask.resource, &ask.group);
        if !ask.subresource.is_empty() {
            resource = format!("{resource}/{}", ask.subresource);
        }
        let count = Count { agent: ask.who.agent.clone(), verb: ask.verb, resource };
        *self.0.entry(count).or_default() += 1;
    }

    /// The lines with how often each happened.
    pub fn iter(&self) -> impl Iterator<Item = (&Count, u64)> {
        self.0.iter().map(|(count, n)| (count, *n))
    }

    /// How often a verb was asked for, of a resource by its plural (`deployments.apps`) or of all for `""`.
    pub fn of(&self, verb: Verb, resource: &str) -> u64 {
        self.iter()
            .filter(|(c, _)| c.verb == verb && (resource.is_empty() || c.resource == resource))
            .map(|(_, n)| n)
            .sum()
    }

    /// How often an agent asked for a verb, of whatever resource.
    pub fn by(&self, agent: &str, verb: Verb) -> u64 {
        self.iter().filter(|(c, _)| c.verb == verb && c.agent == agent).map(|(_, n)| n).sum()
    }

    /// All writes.
    pub fn writes(&self) -> u64 {
        self.iter().filter(|(c, _)| c.verb.writes()).map(|(_, n)| n).sum()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
