//! Which of the objects that a sync waits for are to be looked at.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::ResourceKey;
use tautline_plan::{Plan, Progress, Step, StepId};

/// What has to be looked at before it is asked which steps may run next.
///
/// An event that names objects is about these alone: where a thousand objects of a wave are waited for, each of their
/// events costs one look, not a thousand. Hooks are looked at every time, since what they made tells how they fare.
#[derive(Debug)]
pub(crate) struct Looks {
    steps: BTreeMap<ResourceKey, Vec<StepId>>,
    hooks: Vec<StepId>,
    /// These; all where none are named.
    due: Option<BTreeSet<StepId>>,
}

impl Looks {
    /// At a plan that is about to be followed: everything.
    pub(crate) fn at_all_of(plan: &Plan) -> Self {
        let mut steps: BTreeMap<ResourceKey, Vec<StepId>> = BTreeMap::new();
        for step in &plan.steps {
            steps.entry(step.key.clone()).or_default().push(step.id);
        }
        let hooks = plan.steps.iter().filter(|step| step.hook.is_some()).map(|step| step.id).collect();
        Self { steps, hooks, due: None }
    }

    /// Whether the plan has a step for the object.
    pub(crate) fn concern(&self, key: &ResourceKey) -> bool {
        self.steps.contains_key(key)
    }

    /// Everything is to be looked at.
    pub(crate) fn at_all(&mut self) {
        self.due = None;
    }

    /// The steps of an object are to be looked at.
    pub(crate) fn at(&mut self, key: &ResourceKey) {
        if let Some(due) = &mut self.due {
            due.extend(self.steps.get(key).into_iter().flatten());
        }
    }

    /// The awaited steps that are to be looked at now. What is told later is due anew.
    pub(crate) fn take<'p>(&mut self, plan: &'p Plan, progress: &Progress) -> Vec<&'p Step> {
        match self.due.replace(BTreeSet::new()) {
            None => plan.awaited(progress).collect(),
            Some(mut due) => {
                due.extend(&self.hooks);
                let open = due.into_iter().filter(|id| progress.is_open(*id));
                open.filter_map(|id| plan.step(id)).filter(|step| plan.is_awaited(step)).collect()
            }
        }
    }
}
