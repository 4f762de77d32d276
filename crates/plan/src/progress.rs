//! Which steps may run next.

use std::collections::BTreeMap;

use crate::Plan;
use crate::step::{Step, StepId};

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result", content = "message")]
pub enum StepResult {
    /// It was written.
    Done(String),
    /// It was not needed after all.
    Skipped(String),
    /// It could not be done; trying again may help.
    Failed(String),
    /// The server refused it, and will refuse the same again (a 422, a 403).
    Refused(String),
}

impl StepResult {
    /// Whether the step failed.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Refused(_))
    }

    /// What there is to say.
    pub fn message(&self) -> &str {
        match self {
            Self::Done(message) | Self::Skipped(message) | Self::Failed(message) | Self::Refused(message) => {
                message
            }
        }
    }
}

/// How far a plan has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    started: BTreeMap<StepId, Option<StepResult>>,
}

impl Progress {
    /// Notes that a step was begun.
    pub fn start(&mut self, step: StepId) {
        self.started.insert(step, None);
    }

    /// Notes how a step ended.
    pub fn end(&mut self, step: StepId, result: StepResult) {
        self.started.insert(step, Some(result));
    }

    /// How a step ended, if it has.
    pub fn result(&self, step: StepId) -> Option<&StepResult> {
        self.started.get(&step)?.as_ref()
    }

    /// Whether the step was begun.
    pub fn is_started(&self, step: StepId) -> bool {
        self.started.contains_key(&step)
    }

    /// Whether some step failed.
    pub fn has_failure(&self) -> bool {
        self.started.values().flatten().any(StepResult::is_failure)
    }
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// These steps may run now, side by side.
    Run(Vec<StepId>),
    /// Steps are running, or objects of the wave before are not healthy yet: for this reason.
    Wait(String),
    /// Nothing is left; these steps were withheld, for this reason.
    Finished {
        /// Steps that never ran.
        withheld: Vec<StepId>,
        /// Why; empty if none was.
        reason: String,
    },
}

impl Plan {
    /// Which steps may run next. `is_healthy` says of an applied object whether its wave may be left.
    ///
    /// Stages run one after another. A wave begins when the wave before is healthy. After a failed step the
    /// rest of its wave runs, later waves do not, and nothing is deleted (rule R17).
    pub fn next(&self, progress: &Progress, is_healthy: &dyn Fn(&Step) -> bool) -> Next {
        let unfinished = self.steps.iter().find(|s| progress.result(s.id).is_none());
        let Some(first) = unfinished else {
            return Next::Finished { withheld: Vec::new(), reason: String::new() };
        };
        let stage: Vec<&Step> = self.steps.iter().filter(|s| s.stage == first.stage).collect();
        let waiting: Vec<StepId> =
            stage.iter().filter(|s| !progress.is_started(s.id)).map(|s| s.id).collect();
        if waiting.is_empty() {
            return Next::Wait(format!("{} steps are running", stage.len()));
        }
        if let Some(reason) = self.stopped_before(first, progress) {
            let withheld = self.steps.iter().filter(|s| !progress.is_started(s.id)).map(|s| s.id).collect();
            return Next::Finished { withheld, reason };
        }
        if let Some(step) = self.unhealthy_before(first, progress, is_healthy) {
            return Next::Wait(format!("waiting for healthy state of {}", step.key));
        }
        Next::Run(waiting)
    }

    fn stopped_before(&self, step: &Step, progress: &Progress) -> Option<String> {
        let failed = self.steps.iter().find(|s| progress.result(s.id).is_some_and(StepResult::is_failure))?;
        let leaves_wave = (failed.phase, failed.wave) != (step.phase, step.wave);
        if step.action.is_delete() && !failed.action.is_delete() {
            Some(format!("nothing is deleted because {} failed", failed.key))
        } else if leaves_wave {
            Some(format!("later waves were not begun because {} failed", failed.key))
        } else {
            None
        }
    }

    fn unhealthy_before<'p>(
        &'p self,
        step: &Step,
        progress: &Progress,
        is_healthy: &dyn Fn(&Step) -> bool,
    ) -> Option<&'p Step> {
        self.steps.iter().find(|s| {
            !s.action.is_delete()
                && (s.phase, s.wave) != (step.phase, step.wave)
                && !step.action.is_delete()
                && progress.result(s.id).is_some_and(|r| !r.is_failure())
                && !is_healthy(s)
        })
    }
}
