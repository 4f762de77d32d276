//! What identifies a resource: group, version, kind, name and namespace, as Kustomize compares and prints them.

use std::fmt;

use compact_str::CompactString;

use super::scope::is_cluster_scoped;

/// The namespace of what has none.
pub(crate) const NOT_NAMESPACED: &str = "_non_namespaceable_";
pub(crate) const DEFAULT_NAMESPACE: &str = "default";

/// Group, version and kind; as a selector, an empty part selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Gvk {
    pub(crate) group: CompactString,
    pub(crate) version: CompactString,
    pub(crate) kind: CompactString,
}

impl Gvk {
    pub(crate) fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Of an `apiVersion` and a `kind`.
    pub(crate) fn of(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self::new(group, version, kind)
    }

    pub(crate) fn is_selected_by(&self, selector: &Self) -> bool {
        let fits = |part: &str, wanted: &str| wanted.is_empty() || part == wanted;
        fits(&self.group, &selector.group)
            && fits(&self.version, &selector.version)
            && fits(&self.kind, &selector.kind)
    }

    /// The order of Kustomize's own tables.
    pub(crate) fn table_order(&self) -> (i32, String) {
        let or = |part: &str, none: &str| if part.is_empty() { none.to_owned() } else { part.to_owned() };
        let text = format!("{}_{}_{}", or(&self.group, "~G"), or(&self.version, "~V"), or(&self.kind, "~K"));
        (crate::transform::sort::default_rank(&self.kind), text)
    }
}

impl fmt::Display for Gvk {
    /// `Deployment.v1.apps`, with `[noGrp]` and the like for what is missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |part: &CompactString, none: &'static str| {
            if part.is_empty() { none.into() } else { part.clone() }
        };
        let (kind, version) = (or(&self.kind, "[noKind]"), or(&self.version, "[noVer]"));
        write!(f, "{kind}.{version}.{}", or(&self.group, "[noGrp]"))
    }
}

/// Splits `apps/v1`.
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// A resource's identity at some step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub(crate) gvk: Gvk,
    pub(crate) name: CompactString,
    /// As written; see [`Id::effective_namespace`].
    pub(crate) namespace: CompactString,
    pub(crate) cluster_scoped: bool,
}

impl Id {
    /// The identity of an object; its kind says whether it has a namespace.
    pub(crate) fn of(gvk: Gvk, name: &str, namespace: &str) -> Self {
        let cluster_scoped = is_cluster_scoped(&gvk);
        Self { gvk, name: name.into(), namespace: namespace.into(), cluster_scoped }
    }

    /// The identity in a selector, which knows no scopes.
    pub(crate) fn unscoped(gvk: Gvk, name: &str, namespace: &str) -> Self {
        Self { gvk, name: name.into(), namespace: namespace.into(), cluster_scoped: false }
    }

    /// The namespace that two resources are compared by.
    pub(crate) fn effective_namespace(&self) -> &str {
        if self.cluster_scoped {
            NOT_NAMESPACED
        } else if self.namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            &self.namespace
        }
    }

    pub(crate) fn same_namespace(&self, other: &Self) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    pub(crate) fn same_kind_and_name(&self, other: &Self) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// Whether both name one resource.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.same_namespace(other) && self.same_kind_and_name(other)
    }

    /// Whether a selector without regular expressions selects it.
    pub(crate) fn is_selected_by(&self, selector: &Self) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.same_namespace(self))
            && self.gvk.is_selected_by(&selector.gvk)
    }

    /// What Go prints with `%#v`, for messages.
    pub(crate) fn go_syntax(&self) -> String {
        format!(
            "resid.ResId{{Gvk:resid.Gvk{{Group:{:?}, Version:{:?}, Kind:{:?}, isClusterScoped:{}}}, Name:{:?}, Namespace:{:?}}}",
            self.gvk.group, self.gvk.version, self.gvk.kind, self.cluster_scoped, self.name, self.namespace
        )
    }
}

impl fmt::Display for Id {
    /// `Deployment.v1.apps/web.[noNs]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "[noName]" } else { &self.name };
        let namespace = if self.namespace.is_empty() { "[noNs]" } else { &self.namespace };
        write!(f, "{}/{name}.{namespace}", self.gvk)
    }
}
