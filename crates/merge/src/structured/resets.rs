//! What an endpoint does not let through: writes to the object cannot set its status, and the other way round.

use tautline_core::{FieldPath, GroupVersionKind, Map, PathElement};
use tautline_schema::Schemas;

use super::compare::Comparison;
use crate::FieldSet;

/// Fields that are put back to what they were, and so never owned through this endpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct Resets(FieldSet);

impl Resets {
    /// As the strategies of Kubernetes 1.37 have it.
    pub(super) fn of(schemas: &dyn Schemas, gvk: &GroupVersionKind, subresource: Option<&str>) -> Self {
        let kind = schemas.kind(gvk);
        let has_status = kind.as_ref().is_some_and(|kind| kind.subresource("status").is_some());
        let custom = schemas.root(gvk).is_some_and(|root| !root.node().is_compiled());
        let paths: &[&[&str]] = match (gvk.group.as_str(), gvk.kind.as_str(), subresource) {
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
        };
        Self(paths.iter().map(|path| FieldPath::fields(path.iter().copied())).collect())
    }

    /// Whether a configuration sets nothing that is put back.
    pub(super) fn spare(&self, config: &Map) -> bool {
        let tops = self.0.members().iter().chain(self.0.children().iter().map(|(element, _)| element));
        tops.into_iter().all(|element| match element {
            PathElement::Field(name) => config.get_key(name).is_none(),
            _ => false,
        })
    }

    pub(super) fn filter(&self, set: &FieldSet) -> FieldSet {
        if self.0.is_empty() { set.clone() } else { set.recursive_difference(&self.0) }
    }

    pub(super) fn filter_comparison(&self, found: Comparison) -> Comparison {
        if self.0.is_empty() {
            return found;
        }
        Comparison {
            removed: self.filter(&found.removed),
            modified: self.filter(&found.modified),
            added: self.filter(&found.added),
        }
    }
}
