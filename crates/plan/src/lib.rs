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
//! | [`Progress`], [`Next`], [`StepResult`] | which steps may run next |
//! | [`Gate`], [`Verdict`] | who may still say no |
//! | [`kind_rank`], [`wave`] | the order of kinds and waves |
//!
//! The order is Argo CD 3.6's (phases, waves, kinds, names) with two differences: deletes run after all
//! applies and only if none failed, and a failed step stops later waves but not the rest of its own.
#![forbid(unsafe_code)]

mod build;
mod gate;
mod order;
mod progress;
mod step;
mod text;

use tautline_core::Digest;

pub use build::{PlanOptions, Withheld, digest_of_reads, keeps};
pub use gate::{Circumstances, Gate, Verdict};
pub use order::{kind_rank, wave};
pub use progress::{Next, Progress, StepResult};
pub use step::{Action, Phase, Precondition, Step, StepId};

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
