//! The parts of a plan.

use std::fmt;

use tautline_core::{Digest, GroupVersionKind, Origin, ResourceKey, Uid};
use tautline_diff::{Change, Taken};
use tautline_ownership::{Propagation, Reason};

use crate::hook::Hook;

/// A step's number within its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Create the destination's namespace, untracked, if it is not there.
    CreateNamespace,
    /// Apply an object that must not exist.
    Create,
    /// Apply an object that exists with the precondition's uid.
    Apply {
        /// Whether fields that other tools applied for Git before are folded into ours first (rule R7).
        take_over: bool,
    },
    /// Apply an object as kubectl does on the client's side (`ServerSideApply=false`).
    ClientApply,
    /// Replace an object as a whole, at the version it has now.
    Replace,
    /// Nothing: the object is as Git wants it, and its wave is left only when it is well.
    Await,
    /// Delete an object. The warrant is judged when the step runs.
    Delete {
        /// Why.
        reason: Reason,
        /// What happens to dependents.
        propagation: Propagation,
    },
}

impl Action {
    /// Whether the step removes something.
    pub fn is_delete(&self) -> bool {
        matches!(self, Self::Delete { .. })
    }

    /// The word for people.
    pub fn word(&self) -> &'static str {
        match self {
            Self::CreateNamespace => "create namespace",
            Self::Create => "create",
            Self::Apply { take_over: false } => "change",
            Self::Apply { take_over: true } => "take over",
            Self::ClientApply => "change",
            Self::Replace => "replace",
            Self::Await => "await",
            Self::Delete { reason: Reason::Pruned, .. } => "prune",
            Self::Delete { reason: Reason::HookPolicy, .. } => "remove hook",
            Self::Delete { .. } => "delete",
        }
    }
}

/// Where in a sync a step stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Phase {
    /// Before the sync proper.
    PreSync,
    /// The sync proper.
    #[default]
    Sync,
    /// After the sync proper.
    PostSync,
    /// After a sync that failed, and only then.
    SyncFail,
    /// Before the app's objects are deleted with it.
    PreDelete,
    /// After they are gone.
    PostDelete,
}

impl Phase {
    /// The phase of this name, as Argo CD spells it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "PreSync" => Self::PreSync,
            "Sync" => Self::Sync,
            "PostSync" => Self::PostSync,
            "SyncFail" => Self::SyncFail,
            "PreDelete" => Self::PreDelete,
            "PostDelete" => Self::PostDelete,
            _ => return None,
        })
    }
}

/// When a step runs that another one's end decides on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// In any case.
    #[default]
    Always,
    /// Once this hook has succeeded.
    Succeeded(StepId),
    /// Once this hook has failed.
    Failed(StepId),
}

/// What must still hold right before a step's write.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Precondition {
    /// The uid of the live object; absent if there must be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// The digest of the live fields that the step was decided on: all but status, versions and times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Digest>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// Steps of one stage may run side by side, once every step of the earlier stages has ended.
    pub stage: u32,
    /// Steps whose objects must be well, or gone, before this one begins, because its object depends on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<StepId>,
    /// The phase.
    pub phase: Phase,
    /// The wave within the phase; a wave begins when the objects of the wave before are healthy.
    pub wave: i64,
    /// What it does.
    pub action: Action,
    /// The hook that is run, or removed again; none for an ordinary object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Hook>,
    /// Whether another step's end decides on it.
    #[serde(default, skip_serializing_if = "Condition::is_always")]
    pub condition: Condition,
    /// Whether a person has to confirm it first, by the Application's `argocd.argoproj.io/deletion-approved`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_confirmation: bool,
    /// Whether it is pruned only when everything else is well (`PruneLast=true`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prune_last: bool,
    /// To which object.
    pub key: ResourceKey,
    /// In which version.
    pub gvk: GroupVersionKind,
    /// Why, in words.
    pub why: String,
    /// The manifest's place; none for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The digest of the desired object; none for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Digest>,
    /// What changes, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What is taken from other managers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Taken>,
    /// Whether `spec.replicas` leaves Git while an autoscaler decides it: the live value stays (rule R16).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_replicas: bool,
    /// What must still hold.
    #[serde(default)]
    pub precondition: Precondition,
}

impl Condition {
    /// The hook whose end decides.
    pub(crate) fn hook(self) -> Option<StepId> {
        match self {
            Self::Always => None,
            Self::Succeeded(hook) | Self::Failed(hook) => Some(hook),
        }
    }

    fn is_always(&self) -> bool {
        *self == Self::Always
    }
}

impl Step {
    /// A step that does something to an object; the plan gives it number and stage.
    pub(crate) fn new(
        action: Action,
        key: ResourceKey,
        gvk: GroupVersionKind,
        why: impl Into<String>,
    ) -> Self {
        Self {
            id: StepId(0),
            stage: 0,
            after: Vec::new(),
            phase: Phase::Sync,
            wave: 0,
            action,
            hook: None,
            condition: Condition::Always,
            needs_confirmation: false,
            prune_last: false,
            key,
            gvk,
            why: why.into(),
            origin: None,
            desired: None,
            changes: Vec::new(),
            taken: Vec::new(),
            keeps_replicas: false,
            precondition: Precondition::default(),
        }
    }

    /// Whether the step runs a hook.
    pub fn runs_hook(&self) -> bool {
        self.hook.is_some() && !self.action.is_delete()
    }

    /// The word for people.
    pub fn word(&self) -> &'static str {
        if self.runs_hook() { "run hook" } else { self.action.word() }
    }
}

impl fmt::Display for Step {
    /// `change apps/Deployment prod/web: 1 field differs`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.word(), self.key, self.why)
    }
}
