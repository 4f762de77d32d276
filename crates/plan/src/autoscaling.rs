//! Replicas that an autoscaler decides (rule R16).
//!
//! While Git sets `spec.replicas`, our field manager owns it. When Git stops setting it, an apply gives the field
//! up, and where nobody else owns it the server falls back to one replica. So where an autoscaler stands by, the
//! live value is applied once under [`HANDOVER_MANAGER`] before ours lets go; it stays until the autoscaler writes.

use std::collections::BTreeSet;

use tautline_core::{GroupKind, GroupVersion, Object, ResourceKey};
use tautline_diff::Difference;

/// The field manager that holds replicas between Git and the autoscaler.
pub const HANDOVER_MANAGER: &str = "tautline-handover";

/// The kind whose objects scale others.
pub fn autoscaler_kind() -> GroupKind {
    GroupKind::new("autoscaling", "HorizontalPodAutoscaler")
}

/// Whether a difference gives up the number of replicas.
pub fn drops_replicas(desired: Option<&Object>, difference: &Difference) -> bool {
    desired.is_some_and(|desired| desired.at(&["spec", "replicas"]).is_none())
        && difference.changes.iter().any(|change| change.path.to_string() == "spec.replicas")
}

/// What these HorizontalPodAutoscalers scale.
pub fn autoscaled<'a>(autoscalers: impl IntoIterator<Item = &'a Object>) -> BTreeSet<ResourceKey> {
    let target = |autoscaler: &Object| {
        let text = |field: &str| autoscaler.str_at(&["spec", "scaleTargetRef", field]).unwrap_or_default();
        let group = GroupVersion::parse(text("apiVersion")).group;
        ResourceKey::new(group, text("kind"), autoscaler.namespace(), text("name"))
    };
    autoscalers.into_iter().filter(|o| o.key().group_kind() == autoscaler_kind()).map(target).collect()
}
