//! What a plan destroys, and what goes with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tautline_core::{GroupKind, Object, Presence, ResourceKey, Uid};
use tautline_ownership::{LiveView, Propagation, Reason};

use crate::step::{Action, Step};

/// An object that a step deletes, with what its deletion takes along.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Destruction {
    /// The object.
    pub key: ResourceKey,
    /// Why.
    pub reason: Reason,
    /// How many known objects of each kind go with it, because it owns them by ownerReferences, directly or not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependents: BTreeMap<GroupKind, usize>,
    /// What becomes of data, in words: a claim's volume, the claims of a StatefulSet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<String>,
    /// Finalizers that its deletion waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

impl Destruction {
    /// What a step destroys; `None` if it deletes nothing, or only what a hook left.
    pub fn of(step: &Step, live: &dyn LiveView) -> Option<Self> {
        let Action::Delete { reason, propagation } = step.action else { return None };
        if reason == Reason::HookPolicy {
            return None;
        }
        let Presence::Present(object) = live.get(&step.key) else {
            return Some(Self::bare(step.key.clone(), reason));
        };
        let dependents = match (propagation, object.uid()) {
            (Propagation::Orphan, _) | (_, None) => BTreeMap::new(),
            (_, Some(uid)) => dependents(&uid, live),
        };
        Some(Self {
            dependents,
            data: data_lost(&object, live),
            finalizers: object.finalizers().map(str::to_owned).collect(),
            ..Self::bare(step.key.clone(), reason)
        })
    }

    fn bare(key: ResourceKey, reason: Reason) -> Self {
        Self { key, reason, dependents: BTreeMap::new(), data: Vec::new(), finalizers: Vec::new() }
    }
}

/// Whether an object holds data that its deletion may destroy: a claim or a volume, or a StatefulSet that deletes
/// its claims.
pub fn bears_data(object: &Object) -> bool {
    let key = object.key().group_kind();
    key.is("", "PersistentVolumeClaim") || key.is("", "PersistentVolume") || deletes_claims(object)
}

/// Everything that an object owns, directly or not.
fn dependents(uid: &Uid, live: &dyn LiveView) -> BTreeMap<GroupKind, usize> {
    let mut counts = BTreeMap::new();
    let mut seen: BTreeSet<Uid> = BTreeSet::new();
    let mut pending = vec![uid.clone()];
    while let Some(owner) = pending.pop() {
        // A cycle among hostile ownerReferences ends here.
        if !seen.insert(owner.clone()) {
            continue;
        }
        for child in live.children(&owner) {
            let Some(uid) = child.uid().filter(|uid| !seen.contains(uid)) else { continue };
            *counts.entry(child.key().group_kind()).or_default() += 1;
            pending.push(uid);
        }
    }
    counts
}

fn data_lost(object: &Object, live: &dyn LiveView) -> Vec<String> {
    let policy = |volume: &Object| {
        volume.str_at(&["spec", "persistentVolumeReclaimPolicy"]).unwrap_or("Retain").to_owned()
    };
    match object.kind() {
        "PersistentVolume" => vec![format!("the volume's policy is {}", policy(object))],
        "PersistentVolumeClaim" => {
            let Some(name) = object.str_at(&["spec", "volumeName"]) else { return Vec::new() };
            match live.get(&ResourceKey::new("", "PersistentVolume", "", name)) {
                Presence::Present(volume) => {
                    vec![format!("it is bound to volume {name}, whose policy is {}", policy(&volume))]
                }
                _ => vec![format!("it is bound to volume {name}, whose policy is not known")],
            }
        }
        "StatefulSet" if deletes_claims(object) => {
            vec!["its claims go with it (persistentVolumeClaimRetentionPolicy)".to_owned()]
        }
        _ => Vec::new(),
    }
}

fn deletes_claims(object: &Object) -> bool {
    object.kind() == "StatefulSet"
        && object.str_at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]) == Some("Delete")
}

impl fmt::Display for Destruction {
    /// `apps/Deployment prod/web, with 1 ReplicaSet and 3 Pods; it waits for finalizer example.com/x`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        for (i, (kind, count)) in self.dependents.iter().enumerate() {
            let link = match i {
                0 => ", with",
                _ if i + 1 == self.dependents.len() => " and",
                _ => ",",
            };
            let plural = if *count == 1 { "" } else { "s" };
            write!(f, "{link} {count} {}{plural}", kind.kind)?;
        }
        for line in &self.data {
            write!(f, "; {line}")?;
        }
        if !self.finalizers.is_empty() {
            write!(f, "; it waits for {}", self.finalizers.join(", "))?;
        }
        Ok(())
    }
}
