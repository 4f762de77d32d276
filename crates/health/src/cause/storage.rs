//! Claims that are not bound.

use tautline_core::{Object, ResourceKey};

use super::walk::{Links, Walk};
use super::{Link, Relation};
use crate::HealthStatus;

impl Walk<'_> {
    pub(super) fn claim(&mut self, claim: &Object, link: &mut Link) -> Option<Links> {
        let phase = claim.str_at(&["status", "phase"]).unwrap_or("Pending");
        link.tell(phase, format!("it is {phase}, not bound to a volume"));
        let named = |name: &str, group: &str, kind: &str| {
            claim
                .str_at(&["spec", name])
                .filter(|n| !n.is_empty())
                .map(|n| ResourceKey::new(group, kind, "", n))
        };
        let volume = named("volumeName", "", "PersistentVolume");
        let class = named("storageClassName", "storage.k8s.io", "StorageClass");
        for key in volume.into_iter().chain(class) {
            if self.around.get(&key).is_absent() {
                return Some(vec![self.missing(&key, Relation::Named)]);
            }
        }
        if link.status == Some(HealthStatus::Progressing) {
            self.ask_events(claim, link);
        }
        None
    }
}
