//! The first cause of an object's trouble: a chain of links, each an object and what is wrong with it.

mod containers;
mod custom;
mod messages;
mod network;
mod pods;
mod references;
mod storage;
mod walk;
mod workloads;

use std::fmt;

use tautline_core::{Need, Object, ResourceKey, ResourceNames, Timestamp};

use crate::{HealthCheck, HealthStatus, Surroundings};

/// Why an object is not well: from it down to the first cause.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cause {
    /// The chain; its first link is the object that was asked about, its last the first cause.
    pub links: Vec<Link>,
    /// What would tell more: the Events about an object of the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
}

/// An object of the chain, or a container of the pod before it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// How it is reached from the link before.
    pub relation: Relation,
    /// Which object; a container's is its pod.
    pub object: ResourceKey,
    /// The container, if the link is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// How the object is; none for a container, and for a kind without a rule.
    pub status: Option<HealthStatus>,
    /// One word for what is wrong, as Kubernetes or the controller has it; may be empty.
    pub reason: String,
    /// A sentence for people; may be empty.
    pub message: String,
}

/// How a link hangs on the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Relation {
    /// It is what was asked about.
    Subject,
    /// The one before owns it.
    Owned,
    /// It is a container of the pod before.
    Container,
    /// The one before names it.
    Named,
    /// The one before sends its requests to it.
    Backend,
    /// The one before selects it by its labels.
    Selected,
}

/// Why an object is not well; `None` if it is, or if no rule says how it is.
///
/// A Service, an Ingress or a webhook configuration is healthy by its own fields whatever stands behind it; these
/// are explained when what they send requests to is missing or not ready. Pure: it reads what `around` knows
/// already, follows at most a few hundred objects, and takes nothing for missing that is merely unknown.
pub fn explain(
    object: &Object,
    check: &dyn HealthCheck,
    around: &dyn Surroundings,
    now: Timestamp,
) -> Option<Cause> {
    let mut walk = walk::Walk::new(check, around, now);
    let links = walk.explain(object, Relation::Subject)?;
    let kept = |need: &Need| match need {
        Need::Events(key) => links.iter().any(|link| link.object == *key),
        _ => true,
    };
    let needs = walk.needs.into_iter().filter(kept).collect();
    Some(Cause { links, needs })
}

/// What a pod names: Secrets, ConfigMaps, claims, its account.
pub(crate) fn used_by(pod: &Object) -> Vec<ResourceKey> {
    references::uses(pod).into_iter().map(|used| used.key).collect()
}

impl Cause {
    /// The first cause: the last link of the chain.
    pub fn first(&self) -> Option<&Link> {
        self.links.last()
    }
}

impl Link {
    /// What is wrong here, in words, with the object's name.
    fn words(&self, is_start: bool, is_end: bool, namespace: &str) -> String {
        let told = if self.message.is_empty() { &self.reason } else { &self.message };
        if let Some(container) = &self.container {
            return format!("container {container}: {told}");
        }
        let ResourceNames { kind, namespace: own, name, .. } = &*self.object;
        let is_near = own.is_empty() || own == namespace || is_start;
        let name = if is_near { format!("{kind} {name}") } else { format!("{kind} {own}/{name}") };
        match self.status {
            Some(HealthStatus::Missing) => format!("{name} {told}"),
            Some(status) if is_start && is_end && !told.is_empty() => format!("{name} is {status}: {told}"),
            Some(status) if is_start => format!("{name} is {status}"),
            _ if is_end && !told.is_empty() => format!("{name}: {told}"),
            _ => name,
        }
    }
}

impl fmt::Display for Cause {
    /// One line, from the object to the first cause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.links.first().map_or("", |link| link.object.namespace.as_str());
        for (index, link) in self.links.iter().enumerate() {
            if index > 0 {
                f.write_str(" ← ")?;
            }
            f.write_str(&link.words(index == 0, index + 1 == self.links.len(), namespace))?;
        }
        Ok(())
    }
}
