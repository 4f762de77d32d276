//! What an endpoint does not let through: writes to the object cannot set its status, and the other way round.

use tautline_core::{FieldPath, GroupVersionKind, Map};
use tautline_schema::{Root, Schemas};

use super::compare::Comparison;
use crate::FieldSet;

/// Fields that are put back to what they were, and so never owned through this endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resets(&'static [&'static [&'static str]]);

impl Resets {
    /// As the strategies of Kubernetes 1.37 have it.
    pub(super) fn of(
        schemas: &dyn Schemas,
        gvk: &GroupVersionKind,
        root: &Root,
        subresource: Option<&str>,
    ) -> Self {
        let kind = schemas.kind(gvk);
        let has_status = kind.as_ref().is_some_and(|kind| kind.subresource("status").is_some());
        let custom = !root.node().is_compiled();
        Self(match (gvk.group.as_str(), gvk.kind.as_str(), subresource) {
            ("certificates.k8s.io", "CertificateSigningRequest", subresource) => match subresource {
                None => &[&["spec"], &["status"]],
                Some("approval") => &[&["spec"], &["status", "certificate"]],
                Some(_) => &[&["spec"], &["status", "conditions"]],
            },
            (_, _, None) if has_status => &[&["status"]],
            (_, "Namespace", Some("finalize")) => &[&["status"]],
            ("apps", "Deployment", Some("status")) => &[&["spec"], &["metadata", "labels"]],
            ("", "Pod", Some("status")) => {
                &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]
            }
            ("" | "apps" | "autoscaling" | "batch" | "policy", _, Some("status"))
            | ("networking.k8s.io", "Ingress", Some("status"))
                if !custom =>
            {
                &[&["spec"]]
            }
            (_, _, Some("status")) => &[&["metadata"], &["spec"]],
            _ => &[],
        })
    }

    /// Whether a configuration sets nothing that is put back.
    pub(super) fn spare(self, config: &Map) -> bool {
        self.0.iter().filter_map(|path| path.first()).all(|name| !config.contains_key(name))
    }

    pub(super) fn filter(self, set: FieldSet) -> FieldSet {
        if self.0.iter().filter_map(|path| path.first()).all(|name| !set.has_field(name)) {
            return set;
        }
        let resets: FieldSet = self.0.iter().map(|path| FieldPath::fields(path.iter().copied())).collect();
        set.recursive_difference(&resets)
    }

    pub(super) fn filter_comparison(self, found: Comparison) -> Comparison {
        Comparison {
            removed: self.filter(found.removed),
            modified: self.filter(found.modified),
            added: self.filter(found.added),
        }
    }
}
