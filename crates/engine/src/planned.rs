//! The plan that an app follows, followed last, or would follow, for people.

use std::sync::Arc;

use tautline_core::Timestamp;
use tautline_plan::{Plan, Progress, Standing, Step, StepResult};

use crate::app::App;
use crate::event::World;
use crate::running::Running;
use crate::spec::SyncRequest;

/// A plan with how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The plan, with what its deletions take along.
    pub plan: Arc<Plan>,
    /// Where it stands.
    pub state: PlanState,
    /// Each step's state, in the order of the steps.
    pub steps: Vec<StepState>,
}

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanState {
    /// It is what a sync would do now; nobody has asked for it.
    Proposed,
    /// It is not followed, for this reason.
    Refused(String),
    /// It is being followed.
    Followed,
    /// It was followed to its end.
    Ended,
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It has not begun, and waits for this; empty if for nothing but its turn.
    Waiting(String),
    /// It is being done.
    Running,
    /// It is done, and its object is not well yet.
    Open,
    /// It is done.
    Done,
    /// It failed, or its object did, for this reason.
    Failed(String),
}

/// The most steps of a plan that is made, or kept, only to be looked at.
const MOST_SHOWN: usize = 2000;

impl App {
    /// The plan that runs, else what a sync would do now that nobody has asked for, else the last plan. `None` if there
    /// was none, or the app is so large that a plan is not made for a look alone.
    pub fn planned(&self, world: &World<'_>, now: Timestamp) -> Option<Planned> {
        match &self.running {
            Some(running) if !running.is_heal => Some(Planned::of(running, PlanState::Followed)),
            _ => self.proposed(world, now).or_else(|| self.last_plan.clone()),
        }
    }

    /// What a sync by hand would do, where nothing syncs by itself.
    fn proposed(&self, world: &World<'_>, now: Timestamp) -> Option<Planned> {
        let is_manual = self.spec.policy.automated.is_none() && self.spec.deletion.is_none();
        let is_judged =
            self.is_ready(world) && self.comparison_error.is_none() && self.spec.refused.is_empty();
        if !is_manual || !is_judged || self.running.is_some() || self.resources.len() > MOST_SHOWN {
            return None;
        }
        let request = SyncRequest { prune: true, ..SyncRequest::default() };
        let mut plan = self.proposed_plan(&request, world, now);
        plan.examine(world.live);
        let writes = |step: &Step| step.hook.is_none() && step.action != tautline_plan::Action::Await;
        plan.steps.iter().any(writes).then(|| Planned::unbegun(Arc::new(plan), PlanState::Proposed))
    }
}

impl Planned {
    /// Whether a plan is kept after its end.
    pub(crate) fn is_kept(plan: &Plan) -> bool {
        plan.steps.len() <= MOST_SHOWN
    }

    pub(crate) fn of(running: &Running, state: PlanState) -> Self {
        let (plan, progress) = (&running.plan, &running.progress);
        let steps = plan.steps.iter().map(|step| state_of(step, plan, progress)).collect();
        Self { plan: plan.clone(), state, steps }
    }

    pub(crate) fn unbegun(plan: Arc<Plan>, state: PlanState) -> Self {
        let progress = Progress::default();
        let steps = plan.steps.iter().map(|step| state_of(step, &plan, &progress)).collect();
        Self { plan, state, steps }
    }
}

fn state_of(step: &Step, plan: &Plan, progress: &Progress) -> StepState {
    match (progress.is_started(step.id), progress.result(step.id), progress.standing(step.id)) {
        (false, ..) => StepState::Waiting(plan.why_blocked(step, progress).unwrap_or_default()),
        (_, None, _) => StepState::Running,
        (_, Some(StepResult::Failed(why) | StepResult::Refused(why)), _) | (_, _, Standing::Broken(why)) => {
            StepState::Failed(why.clone())
        }
        (_, _, Standing::Waiting) if plan.is_awaited(step) => StepState::Open,
        _ => StepState::Done,
    }
}
