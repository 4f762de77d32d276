//! A plan as the page shows it.

use tautline_engine::{Operation, PlanState, Planned, StepState};
use tautline_plan::{Action, Phase, Step};
use tautline_web::{Plan, PlanCounts, PlanGroup, PlanStep};

/// How many changes of one step are shown.
const MOST_CHANGES: usize = 50;

/// The page's words for a plan. What secrets hold is not in it: the differ masks both sides.
pub(crate) fn plan(planned: &Planned, operation: Option<&Operation>) -> Plan {
    let plan = &planned.plan;
    let (state, blocked) = match &planned.state {
        PlanState::Proposed => ("Proposed", String::new()),
        PlanState::Refused(why) => ("Refused", why.clone()),
        PlanState::Followed => ("Running", operation.map(|o| o.message.clone()).unwrap_or_default()),
        PlanState::Ended => ("Ended", String::new()),
    };
    let mut groups: Vec<PlanGroup> = Vec::new();
    let mut last: Option<(Phase, i64)> = None;
    let shown = plan.steps.iter().zip(&planned.steps).filter(|(step, _)| step.action != Action::Await);
    for (step, state) in shown {
        if last.replace((step.phase, step.wave)) != Some((step.phase, step.wave)) {
            groups.push(PlanGroup { phase: format!("{:?}", step.phase), wave: step.wave, steps: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.steps.push(self::step(step, state));
        }
    }
    Plan {
        digest: plan.digest().short().to_string(),
        revision: plan.inputs.revision.clone(),
        state: state.to_owned(),
        blocked,
        counts: counts(&plan.steps),
        destroyed: plan.destruction.iter().map(ToString::to_string).collect(),
        groups,
    }
}

fn step(step: &Step, state: &StepState) -> PlanStep {
    let (state, message) = match state {
        StepState::Waiting(why) => ("Waiting", why.clone()),
        StepState::Running => ("Running", String::new()),
        StepState::Open => ("Open", String::new()),
        StepState::Done => ("Done", String::new()),
        StepState::Failed(why) => ("Failed", why.clone()),
    };
    let mut changes: Vec<String> = step.changes.iter().take(MOST_CHANGES).map(ToString::to_string).collect();
    match step.changes.len().saturating_sub(MOST_CHANGES) {
        0 => {}
        more => changes.push(format!("and {more} more")),
    }
    PlanStep {
        action: step.word().to_owned(),
        object: step.key.to_string(),
        why: step.why.clone(),
        origin: step.origin.as_ref().map(ToString::to_string).unwrap_or_default(),
        changes,
        state: state.to_owned(),
        message,
    }
}

fn counts(steps: &[Step]) -> PlanCounts {
    let mut counts = PlanCounts::default();
    for step in steps {
        match &step.action {
            Action::Await => {}
            Action::Delete { .. } => counts.delete += usize::from(step.hook.is_none()),
            _ if step.runs_hook() => counts.hooks += 1,
            Action::Create | Action::CreateNamespace => counts.create += 1,
            Action::Apply { .. } | Action::ClientApply | Action::Replace => counts.change += 1,
        }
    }
    counts
}
