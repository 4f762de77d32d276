//! [`Warrant`]: the permission for one delete, made of evidence.

use std::collections::BTreeSet;

use tautline_core::{Digest, Freshness, Object, ResourceKey, ResourceVersion, Uid};

use crate::tracking::owner_of;

/// Why an object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Git no longer holds it.
    Pruned,
    /// Its Application is being deleted.
    AppDeleted,
    /// Its hook's delete policy says so.
    HookPolicy,
    /// It is deleted to be created anew.
    Recreate,
}

/// What happens to the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Propagation {
    /// They go first, then the object.
    #[default]
    Foreground,
    /// The object goes at once, they follow.
    Background,
    /// They stay.
    Orphan,
}

/// Proof of what a complete render held: every key of it. There is none for a render with a problem, an
/// unanswered need, or a spent budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompleteRender {
    keys: BTreeSet<ResourceKey>,
    digest: Digest,
}

impl CompleteRender {
    /// States that a render without problems and needs held exactly these objects, with namespaces set.
    ///
    /// Call it where completeness was just checked, and nowhere else.
    pub fn of(keys: impl IntoIterator<Item = ResourceKey>) -> Self {
        let keys: BTreeSet<ResourceKey> = keys.into_iter().collect();
        let digest = Digest::of_parts(keys.iter().map(ResourceKey::to_string));
        Self { keys, digest }
    }

    /// Whether the render held this object.
    pub fn holds(&self, key: &ResourceKey) -> bool {
        self.keys.contains(key)
    }

    /// How many objects the render held.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the render was empty. An empty render after a full one prunes only with `allowEmpty`.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The digest of the keys.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// What speaks for deleting an object, gathered right before the delete.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Why.
    pub reason: Reason,
    /// The object as it lives.
    pub live: &'a Object,
    /// The app that deletes it, as tracking ids name it.
    pub app: &'a str,
    /// That the object's kind is listed completely and current.
    pub freshness: &'a Freshness,
    /// For [`Reason::Pruned`]: the complete render that does not hold it.
    pub render: Option<&'a CompleteRender>,
    /// What happens to dependents.
    pub propagation: Propagation,
}

/// Why there is no warrant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The object is not the app's.
    #[error("{object} does not belong to app {app}: its tracking id names {owner}")]
    NotOurs {
        /// The object.
        object: ResourceKey,
        /// The app that wants to delete it.
        app: String,
        /// Whom it names.
        owner: String,
    },
    /// No complete render speaks for a prune.
    #[error("{0} is not pruned: what Git wants is not known completely")]
    Incomplete(ResourceKey),
    /// The render holds the object after all.
    #[error("{0} is not pruned: Git holds it")]
    StillDesired(ResourceKey),
    /// The object has no uid or version, so the delete could hit another object.
    #[error("{0} is not deleted: it has no uid and resourceVersion")]
    NoIdentity(ResourceKey),
    /// The listing is of another kind.
    #[error("{0} is not deleted: the listing that should prove its state is of another kind")]
    WrongListing(ResourceKey),
    /// The object is never deleted by us.
    #[error("{0} is not deleted: {1}")]
    Protected(ResourceKey, &'static str),
}

/// The permission to delete one object, at one version, for one reason.
///
/// It cannot be cloned, stored or read back: a plan carries evidence, never a warrant. `Cluster::delete`
/// takes it by value.
#[derive(Debug)]
#[must_use = "a warrant that is not used deletes nothing"]
pub struct Warrant {
    key: ResourceKey,
    uid: Uid,
    version: ResourceVersion,
    reason: Reason,
    propagation: Propagation,
}

impl Warrant {
    /// Judges the evidence. Rules R8, R17 and R19 of the safety rules are held here, whoever calls.
    pub fn judge(evidence: &Evidence<'_>) -> Result<Self, Refusal> {
        let Evidence { reason, live, app, freshness, render, propagation } = evidence;
        let key = live.key();
        if live.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            return Err(Refusal::Protected(
                key,
                "a CustomResourceDefinition is never pruned, its objects would go too",
            ));
        }
        let owner = owner_of(live);
        if owner.as_deref() != Some(app) {
            let owner = owner.unwrap_or_else(|| "no app".to_owned());
            return Err(Refusal::NotOurs { object: key, app: (*app).to_owned(), owner });
        }
        if freshness.kind != key.group_kind() {
            return Err(Refusal::WrongListing(key));
        }
        if *reason == Reason::Pruned {
            let render = render.ok_or_else(|| Refusal::Incomplete(key.clone()))?;
            if render.holds(&key) {
                return Err(Refusal::StillDesired(key));
            }
        }
        let (Some(uid), Some(version)) = (live.uid(), live.resource_version()) else {
            return Err(Refusal::NoIdentity(key));
        };
        Ok(Self { key, uid, version, reason: *reason, propagation: *propagation })
    }

    /// The object.
    pub fn key(&self) -> &ResourceKey {
        &self.key
    }

    /// The uid it must have.
    pub fn uid(&self) -> &Uid {
        &self.uid
    }

    /// The version it must have.
    pub fn version(&self) -> &ResourceVersion {
        &self.version
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What happens to dependents.
    pub fn propagation(&self) -> Propagation {
        self.propagation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::{GroupKind, Timestamp, value};

    fn live() -> Object {
        Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "a", "namespace": "n", "uid": "u1", "resourceVersion": "7",
            "annotations": { "argocd.argoproj.io/tracking-id": "web:/ConfigMap:n/a" } } }))
        .unwrap()
    }

    fn judge(live: &Object, app: &str, render: Option<&CompleteRender>) -> Result<Warrant, Refusal> {
        let freshness = Freshness {
            kind: GroupKind::new("", "ConfigMap"),
            version: "9".into(),
            at: Timestamp::default(),
        };
        let propagation = Propagation::Foreground;
        Warrant::judge(&Evidence {
            reason: Reason::Pruned,
            live,
            app,
            freshness: &freshness,
            render,
            propagation,
        })
    }

    #[test]
    fn r17_a_prune_needs_a_complete_render_without_the_object() {
        let live = live();
        assert_eq!(judge(&live, "web", None).unwrap_err(), Refusal::Incomplete(live.key()));
        let held = CompleteRender::of([live.key()]);
        assert_eq!(judge(&live, "web", Some(&held)).unwrap_err(), Refusal::StillDesired(live.key()));
        let warrant = judge(&live, "web", Some(&CompleteRender::of([]))).unwrap();
        assert_eq!((warrant.uid().as_str(), warrant.version().as_str()), ("u1", "7"));
    }

    #[test]
    fn r08_another_apps_object_is_refused() {
        let refusal = judge(&live(), "api", Some(&CompleteRender::of([]))).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "ConfigMap n/a does not belong to app api: its tracking id names web"
        );
    }
}
