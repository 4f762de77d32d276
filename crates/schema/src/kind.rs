//! [`Kind`]: what discovery says of a kind.

use tautline_core::{FieldPath, GroupVersionKind};

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster.
    Cluster,
}

/// What discovery says of a kind in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Group, version and kind.
    pub gvk: GroupVersionKind,
    /// The resource's name in URLs: `deployments`.
    pub plural: String,
    /// The name for one: `deployment`.
    pub singular: String,
    /// Where its objects live.
    pub scope: Scope,
    /// Other names for kubectl: `deploy`.
    pub short_names: Vec<String>,
    /// Groups of kinds for kubectl: `all`.
    pub categories: Vec<String>,
    /// What can be done: `create`, `get`, `list`, …
    pub verbs: Vec<String>,
    /// Further endpoints of an object.
    pub subresources: Vec<Subresource>,
    /// Whether this version is the one its group prefers.
    pub preferred: bool,
}

/// A further endpoint of an object: `status`, `scale`, `eviction`, …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// Its name in URLs.
    pub name: String,
    /// The kind that is sent to it and comes from it.
    pub gvk: GroupVersionKind,
    /// What can be done.
    pub verbs: Vec<String>,
    /// Where a custom resource keeps what `scale` shows.
    pub scale: Option<ScalePaths>,
}

/// Where a custom resource keeps what its `scale` subresource shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// `specReplicasPath`.
    pub spec_replicas: FieldPath,
    /// `statusReplicasPath`.
    pub status_replicas: FieldPath,
    /// `labelSelectorPath`.
    pub label_selector: Option<FieldPath>,
}

impl Kind {
    /// Whether its objects live in a namespace.
    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// A subresource by name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// Whether the verb is served.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }
}
