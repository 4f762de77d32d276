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
//! | [`DEPENDS_ON_ANNOTATION`] | objects that wait for each other |
//! | [`SyncOptions`], [`Consent`] | Argo CD's sync options, of an app and of single objects |
//! | [`autoscaled`], [`HANDOVER_MANAGER`] | replicas that stay when Git leaves them to an autoscaler |
//! | [`Progress`], [`Next`], [`StepResult`], [`Standing`] | which steps may run next |
//! | [`Record`], [`Intent`], [`Entry`], [`Epoch`] | what is on record of a plan while it is followed |
//! | [`Gate`], [`Verdict`], [`DeletionBudget`] | who may still say no |
//! | [`Destruction`], [`Rights`] | what goes with what is deleted, and what has to be allowed |
//! | [`kind_rank`], [`wave`] | the order of kinds and waves |
//!
//! The order is Argo CD 3.6's (phases, waves, kinds, names) with these differences: prunes run after all applies
//! and only if none failed; a failed step stops the later kinds of its wave too; a sync of several waves ends
//! when the last one is well; a hook that is removed on success goes right after its phase.
#![forbid(unsafe_code)]

mod autoscaling;
mod budget;
mod build;
mod depends;
mod destruction;
mod gate;
mod hook;
mod journal;
mod options;
mod order;
mod place;
mod progress;
mod rights;
mod step;
mod text;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::Digest;
use tautline_ownership::LiveView;

pub use autoscaling::{HANDOVER_MANAGER, autoscaled, autoscaler_kind, drops_replicas};
pub use budget::{DELETION_BUDGET_ANNOTATION, DeletionBudget};
pub use build::{HookRun, PlanOptions, Withheld, digest_of_reads, keeps};
pub use depends::DEPENDS_ON_ANNOTATION;
pub use destruction::{Destruction, bears_data};
pub use gate::{Circumstances, Gate, Verdict};
pub use hook::{
    HELM_HOOK_ANNOTATION, HELM_HOOK_DELETE_POLICY_ANNOTATION, HOOK_ANNOTATION, HOOK_DELETE_POLICY_ANNOTATION,
    HOOK_TIMEOUT_ANNOTATION, Hook, RUN_ON_HEAL_ANNOTATION, created_at, named, set_apart,
};
pub use journal::{Deed, Entry, Epoch, Intent, Purpose, Record, Stage};
pub use options::{Consent, SYNC_OPTIONS_ANNOTATION, SyncOptions};
pub use order::{kind_rank, wave};
pub use progress::{Next, Progress, Standing, StepResult};
pub use rights::Rights;
pub use step::{Action, Condition, Phase, Precondition, Step, StepId};
pub use unknown::drop_unknown;

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
    /// What the deletions take with them, as far as it is known ([`Plan::examine`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destruction: Vec<Destruction>,
    /// Why the plan cannot be followed at all: dependencies ([`DEPENDS_ON_ANNOTATION`]) that cannot be met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
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

    /// Notes what the plan's deletions take with them.
    pub fn examine(&mut self, live: &dyn LiveView) {
        self.destruction = self.steps.iter().filter_map(|step| Destruction::of(step, live)).collect();
    }

    /// Drops steps. The removal of a hook goes with the step that runs it.
    pub fn retain(&mut self, keeps: impl Fn(&Step) -> bool) {
        let kept: BTreeSet<StepId> =
            self.steps.iter().filter(|step| keeps(step)).map(|step| step.id).collect();
        self.steps.retain(|step| {
            kept.contains(&step.id) && step.condition.hook().is_none_or(|hook| kept.contains(&hook))
        });
        let numbers: BTreeMap<StepId, StepId> =
            (self.steps.iter().zip(0..)).map(|(step, n)| (step.id, StepId(n))).collect();
        for step in &mut self.steps {
            let number = |id: StepId| numbers.get(&id).copied().unwrap_or(id);
            step.id = number(step.id);
            step.after.retain(|other| kept.contains(other));
            step.after.iter_mut().for_each(|other| *other = number(*other));
            step.condition = match step.condition {
                Condition::Always => Condition::Always,
                Condition::Succeeded(hook) => Condition::Succeeded(number(hook)),
                Condition::Failed(hook) => Condition::Failed(number(hook)),
            };
        }
        self.destruction.retain(|gone| self.steps.iter().any(|step| step.key == gone.key));
    }

    /// For each step how many others follow on it one after another, at most: what is done first shortens the whole.
    pub fn weights(&self) -> Vec<u32> {
        let mut weights = vec![0_u32; self.steps.len()];
        // What a step comes after stands before it in another stage, or in the same one: the longest chain is found
        // once no weight grows any more, after as many rounds as the chain is long.
        loop {
            let mut is_news = false;
            for step in &self.steps {
                let own = weights.get(step.id.0 as usize).copied().unwrap_or(0);
                for earlier in &step.after {
                    let Some(weight) = weights.get_mut(earlier.0 as usize) else { continue };
                    // A circle is a fault of the plan, and no weight is longer than the plan.
                    if *weight <= own && own < self.steps.len() as u32 {
                        *weight = own + 1;
                        is_news = true;
                    }
                }
            }
            if !is_news {
                return weights;
            }
        }
    }

    /// The plan's identity: equal plans have equal digests.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.steps.iter().map(|s| format!("{}{:?}{:?}", s, s.desired, s.precondition)))
    }
}

#[cfg(test)]
mod tests;
