//! Where a step stands among the others.

use std::collections::BTreeMap;

use tautline_core::Object;
use tautline_ownership::Reason;

use crate::depends::Dependency;
use crate::step::{Action, Condition, Phase, Step, StepId};

/// The parts of a phase, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// What an earlier run of a hook left is removed, or what is created anew, within its wave.
    Leftover,
    /// Objects are applied and hooks run.
    Run,
    /// What left Git goes.
    Prune,
    /// What left Git and says `PruneLast` goes, when everything else is well.
    PruneLast,
    /// Hooks that have ended are removed.
    CleanUp,
}

impl Part {
    /// The part that a step belongs to.
    pub(crate) fn of(step: &Step) -> Self {
        match (&step.action, step.condition) {
            (Action::Delete { reason: Reason::Recreate, .. }, _)
            | (Action::Delete { reason: Reason::HookPolicy, .. }, Condition::Always) => Self::Leftover,
            (Action::Delete { reason: Reason::HookPolicy, .. }, _) => Self::CleanUp,
            (Action::Delete { reason: Reason::Pruned, .. }, _) if step.prune_last => Self::PruneLast,
            (Action::Delete { .. }, _) => Self::Prune,
            _ => Self::Run,
        }
    }
}

/// A step with its place; equal places run side by side.
pub(crate) struct Draft {
    pub(crate) step: Step,
    /// The place of its kind, or minus that for what goes.
    pub(crate) rank: i64,
    /// The index among the drafts of the hook that decides on it.
    pub(crate) follows: Option<usize>,
    /// What its object says it depends on.
    pub(crate) depends_on: Result<Vec<Dependency>, String>,
    /// The indices among the drafts of those that come before it because of that.
    pub(crate) after: Vec<usize>,
}

type Place = (Phase, bool, Part, i64, i64, Part);

impl Draft {
    pub(crate) fn new(step: Step, rank: i64) -> Self {
        Self { step, rank, follows: None, depends_on: Ok(Vec::new()), after: Vec::new() }
    }

    /// The step of an object that may name what it depends on.
    pub(crate) fn of(object: &Object, step: Step, rank: i64) -> Self {
        Self { depends_on: Dependency::of(object), ..Self::new(step, rank) }
    }

    /// Whether its object depends on others.
    pub(crate) fn depends(&self) -> bool {
        self.depends_on.as_ref().is_ok_and(|dependencies| !dependencies.is_empty())
    }

    /// Phase, then part, then wave and kind; leftovers of hooks come first within their wave.
    fn place(&self) -> Place {
        let Step { phase, wave, .. } = self.step;
        let part = Part::of(&self.step);
        let whole = part.max(Part::Run);
        (phase, self.is_first(), whole, if whole == Part::Run { wave } else { -wave }, self.rank(part), part)
    }

    /// The app's namespace comes before anything else of its phase: `false` sorts first.
    fn is_first(&self) -> bool {
        self.step.action != Action::CreateNamespace
    }

    fn rank(&self, part: Part) -> i64 {
        if part == Part::Leftover { i64::MIN } else { self.rank }
    }
}

/// Sorts drafts, and gives every step its number and stage.
pub(crate) fn ordered(drafts: Vec<Draft>) -> Vec<Step> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    let place_of = |at: usize| drafts.get(at).map(|d| (d.place(), &d.step.key));
    order.sort_by(|a, b| place_of(*a).cmp(&place_of(*b)));
    let places: Vec<Option<Place>> = order.iter().map(|at| drafts.get(*at).map(Draft::place)).collect();
    let numbers: BTreeMap<usize, u32> = order.iter().copied().zip(0..).collect();
    let number_of = |draft: usize| numbers.get(&draft).copied();
    let conditions: Vec<Option<Condition>> =
        drafts.iter().map(|d| renumbered(d.step.condition, d.follows.and_then(number_of))).collect();
    let after = |draft: &Draft| draft.after.iter().filter_map(|at| number_of(*at).map(StepId)).collect();
    let mut steps: Vec<Option<Step>> =
        drafts.into_iter().map(|d| Some(Step { after: after(&d), ..d.step })).collect();
    let (mut stage, mut last) = (0, None);
    let mut out = Vec::with_capacity(order.len());
    for (id, (at, place)) in (0..).zip(order.into_iter().zip(places)) {
        let Some(step) = steps.get_mut(at).and_then(Option::take) else { continue };
        if last.is_some() && last != place {
            stage += 1;
        }
        last = place;
        let condition = conditions.get(at).copied().flatten().unwrap_or(step.condition);
        out.push(Step { id: StepId(id), stage, condition, ..step });
    }
    out
}

fn renumbered(condition: Condition, hook: Option<u32>) -> Option<Condition> {
    match condition {
        Condition::Always => None,
        Condition::Succeeded(_) => hook.map(|id| Condition::Succeeded(StepId(id))),
        Condition::Failed(_) => hook.map(|id| Condition::Failed(StepId(id))),
    }
}
