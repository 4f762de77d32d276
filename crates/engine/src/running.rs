//! A plan that is being followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{Manifest, Object, ResourceKey, Uid};
use tautline_plan::{Entry, Plan, Progress, Step, StepId, StepResult};

use crate::log_tail::Tail;
use crate::looks::Looks;
use crate::report::{ObjectResult, Operation};
use crate::spec::SyncRequest;

/// What the app knows of the plan that it follows.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) plan: Arc<Plan>,
    pub(crate) progress: Progress,
    pub(crate) is_recorded: bool,
    /// Whether the journal was opened for it, or is to be.
    pub(crate) is_noted: bool,
    pub(crate) is_heal: bool,
    pub(crate) operation: Operation,
    /// Whether the whole app is synced, not single objects.
    pub(crate) is_whole: bool,
    /// What was asked for by hand.
    pub(crate) request: Option<SyncRequest>,
    /// Whether it was terminated, and only tidies up.
    pub(crate) is_winding_up: bool,
    /// The objects that the plan writes, hooks aside: a newer revision may be rendered while it is followed.
    pub(crate) desired: BTreeMap<ResourceKey, Manifest>,
    /// The objects of the plan's hooks.
    pub(crate) hooks: BTreeMap<ResourceKey, Arc<Object>>,
    /// Which object each hook that was run has become.
    pub(crate) uids: BTreeMap<StepId, Uid>,
    /// The steps' weights, by number.
    pub(crate) weights: Vec<u32>,
    /// How the logs of failed hooks end.
    pub(crate) tails: BTreeMap<StepId, Tail>,
    /// What has come of its hooks and is not on record yet.
    pub(crate) news: Vec<Entry>,
    /// What is to be looked at of what it waits for.
    pub(crate) looks: Looks,
    /// Where in the operation's results each step's stands.
    pub(crate) result_at: BTreeMap<StepId, usize>,
}

impl Running {
    /// Whether another try may help: no write was refused for good (rule R14).
    pub(crate) fn is_hopeful(&self) -> bool {
        let is_refused = |step: &Step| matches!(self.progress.result(step.id), Some(StepResult::Refused(_)));
        !self.plan.steps.iter().any(is_refused)
    }

    /// Notes what a step came to.
    pub(crate) fn push_result(&mut self, step: StepId, result: ObjectResult) {
        self.result_at.insert(step, self.operation.results.len());
        self.operation.results.push(result);
    }

    /// Puts the results into the order of the plan, as Argo CD does. Steps of one stage end in any order.
    pub(crate) fn sort_results(&mut self) {
        let step_of: BTreeMap<usize, StepId> =
            std::mem::take(&mut self.result_at).into_iter().map(|(step, at)| (at, step)).collect();
        // Hooks that an interrupted run had finished come before all, what is not pruned after.
        let place = |(at, result): &(usize, ObjectResult)| match step_of.get(at) {
            Some(step) => (1, step.0),
            None => (if result.is_hook { 0 } else { 2 }, 0),
        };
        let mut results: Vec<(usize, ObjectResult)> =
            std::mem::take(&mut self.operation.results).into_iter().enumerate().collect();
        results.sort_by_key(place);
        self.operation.results = results.into_iter().map(|(_, result)| result).collect();
    }
}
