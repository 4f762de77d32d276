//! Differences as an ordered, reviewable, serialisable plan.
//!
//! Deciding and doing are apart. A [`Plan`] is data: steps with reasons, order and preconditions, that can be
//! printed, stored, compared and judged by a [`Gate`] before anything is written. [`Plan::next`] says which
//! steps may run; crate `apply` runs them. A stored plan carries evidence, never a permission to delete.
//!
//! | module | what it holds |
//! |---|---|
//! | [`Plan`], [`Step`], [`Action`], [`Precondition`] | the plan as data |
//! | [`PlanOptions`], [`Withheld`] | from pairs and differences to steps, and what gets none |
//! | [`Hook`], [`HookRun`] | objects that are run at a moment of a sync |
//! | [`SyncOptions`], [`Consent`] | Argo CD's sync options, of an app and of single objects |
//! | [`autoscaled`], [`HANDOVER_MANAGER`] | replicas that stay when Git leaves them to an autoscaler |
//! | [`Progress`], [`Next`], [`StepResult`], [`Standing`] | which steps may run next |
//! | [`Gate`], [`Verdict`] | who may still say no |
//! | [`kind_rank`], [`wave`] | the order of kinds and waves |
//!
//! The order is Argo CD 3.6's (phases, waves, kinds, names) with these differences: prunes run after all applies
//! and only if none failed; a failed step stops the later kinds of its wave too; a sync of several waves ends
//! when the last one is well; a hook that is removed on success goes right after its phase.
#![forbid(unsafe_code)]

mod autoscaling;
mod build;
mod gate;
mod hook;
mod options;
mod order;
mod place;
mod progress;
mod step;
mod text;

use tautline_core::Digest;

pub use autoscaling::{HANDOVER_MANAGER, autoscaled, autoscaler_kind, drops_replicas};
pub use build::{HookRun, PlanOptions, Withheld, digest_of_reads, keeps};
pub use gate::{Circumstances, Gate, Verdict};
pub use hook::{
    HELM_HOOK_ANNOTATION, HELM_HOOK_DELETE_POLICY_ANNOTATION, HOOK_ANNOTATION, HOOK_DELETE_POLICY_ANNOTATION,
    HOOK_TIMEOUT_ANNOTATION, Hook, RUN_ON_HEAL_ANNOTATION, created_at, named, set_apart,
};
pub use options::{Consent, SYNC_OPTIONS_ANNOTATION, SyncOptions};
pub use order::{kind_rank, wave};
pub use progress::{Next, Progress, Standing, StepResult};
pub use step::{Action, Condition, Phase, Precondition, Step, StepId};

/// What a plan was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Inputs {
    /// The app: `namespace/name`.
    pub app: String,
    /// The revision that was rendered.
    pub revision: String,
    /// The digest of everything that the render read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Digest>,
}

/// What would be done, in which order, and why.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// What it was made from.
    pub inputs: Inputs,
    /// The steps, by stage.
    pub steps: Vec<Step>,
    /// Whether waves wait for the health of the waves before: there are several, or hooks.
    #[serde(default)]
    pub is_gated: bool,
    /// Whether the plan has ended only when the last wave is well too.
    #[serde(default)]
    pub awaits_last_wave: bool,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step with this number.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.0 as usize)
    }

    /// The plan's identity: equal plans have equal digests.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.steps.iter().map(|s| format!("{}{:?}{:?}", s, s.desired, s.precondition)))
    }
}

#[cfg(test)]
mod tests;
