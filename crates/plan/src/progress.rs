//! Which steps may run next.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::ResourceKey;

use crate::Plan;
use crate::place::Part;
use crate::step::{Condition, Phase, Step, StepId};

/// How a step's write ended.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result", content = "message")]
pub enum StepResult {
    /// It was written.
    Done(String),
    /// It was not needed after all.
    Skipped(String),
    /// The object stays for this reason, until something else is wanted: it is not tried again at every event.
    Kept(String),
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
            Self::Done(message)
            | Self::Skipped(message)
            | Self::Kept(message)
            | Self::Failed(message)
            | Self::Refused(message) => message,
        }
    }
}

/// What has become of a step's object after the write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is well, has succeeded, or is gone, as was wanted.
    Settled,
    /// Not yet.
    Waiting,
    /// It will not become well by itself, for this reason.
    Broken(String),
}

/// How far a plan has come.
///
/// What still matters is kept apart from what is over, so that asking [`Plan::next`] after each of a thousand
/// steps does not look at all thousand each time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    steps: BTreeMap<StepId, State>,
    /// Begun, and their writes have not ended.
    running: BTreeSet<StepId>,
    /// Written, and what becomes of their objects is not known yet.
    open: BTreeSet<StepId>,
    failed: BTreeSet<StepId>,
    /// Every step before this one was begun.
    first_gap: u32,
    /// Whether a person has confirmed what needs it.
    pub is_confirmed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    result: Option<StepResult>,
    standing: Standing,
}

impl Progress {
    /// Notes that a step was begun.
    pub fn start(&mut self, step: StepId) {
        self.set(step, State { result: None, standing: Standing::Waiting });
    }

    /// Notes how a step's write ended.
    pub fn end(&mut self, step: StepId, result: StepResult) {
        self.set(step, State { result: Some(result), standing: Standing::Waiting });
    }

    /// Notes what has become of a step's object. What was once settled or broken stays so: a finished hook may
    /// be gone the next moment.
    pub fn observe(&mut self, step: StepId, standing: Standing) {
        if let Some(state) = self.steps.get(&step)
            && state.standing == Standing::Waiting
        {
            let result = state.result.clone();
            self.set(step, State { result, standing });
        }
    }

    /// How a step's write ended, if it has.
    pub fn result(&self, step: StepId) -> Option<&StepResult> {
        self.steps.get(&step)?.result.as_ref()
    }

    /// What has become of a step's object, as far as it was observed.
    pub fn standing(&self, step: StepId) -> &Standing {
        self.steps.get(&step).map_or(&Standing::Waiting, |state| &state.standing)
    }

    /// Whether the step was begun.
    pub fn is_started(&self, step: StepId) -> bool {
        self.steps.contains_key(&step)
    }

    /// The steps whose writes have not ended.
    pub fn running(&self) -> impl Iterator<Item = StepId> {
        self.running.iter().copied()
    }

    /// The steps that were written without a failure, and of whose objects nothing final is known.
    pub fn open(&self) -> impl Iterator<Item = StepId> {
        self.open.iter().copied()
    }

    /// Whether a step was written without a failure, and nothing final is known of its object.
    pub fn is_open(&self, step: StepId) -> bool {
        self.open.contains(&step)
    }

    /// Whether a step failed, by its write or by what became of its object.
    pub fn has_failed(&self, step: StepId) -> bool {
        self.failed.contains(&step)
    }

    fn is_settled(&self, step: StepId) -> bool {
        *self.standing(step) == Standing::Settled
    }

    fn set(&mut self, step: StepId, state: State) {
        let is_failure = state.result.as_ref().is_some_and(StepResult::is_failure)
            || matches!(state.standing, Standing::Broken(_));
        let is_written = state.result.is_some();
        let is_open = is_written && !is_failure && state.standing == Standing::Waiting;
        for (set, holds) in
            [(&mut self.running, !is_written), (&mut self.open, is_open), (&mut self.failed, is_failure)]
        {
            match holds {
                true => set.insert(step),
                false => set.remove(&step),
            };
        }
        self.steps.insert(step, state);
        while self.steps.contains_key(&StepId(self.first_gap)) {
            self.first_gap += 1;
        }
    }
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// These steps may run now, side by side.
    Run(Vec<StepId>),
    /// Steps are running, or objects are not well yet: for this reason.
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
    /// The written steps whose objects somebody waits for: note their standing before asking [`Plan::next`].
    pub fn awaited<'p, 'q>(&'p self, progress: &'q Progress) -> impl Iterator<Item = &'p Step> + use<'p, 'q> {
        progress.open().filter_map(|id| self.step(id)).filter(|step| self.is_gating(step))
    }

    /// Which steps may run next.
    ///
    /// Stages run one after another. A wave begins when every object of the waves before is well. After a step
    /// that failed nothing else begins: running ones end, hooks that failed are removed where they say so, the
    /// hooks of phase `SyncFail` run, and nothing is pruned (rule R17).
    pub fn next(&self, progress: &Progress) -> Next {
        let running = progress.running.len();
        let failed = progress.failed.iter().filter_map(|id| self.step(*id));
        match failed.into_iter().find(|step| step.phase != Phase::SyncFail) {
            Some(_) if running > 0 => Next::Wait(format!("{running} steps are running")),
            Some(failed) => self.after_failure(failed, progress),
            None => self.onward(progress, running),
        }
    }

    /// Whether later steps, or the end, wait for what becomes of this one's object.
    fn is_gating(&self, step: &Step) -> bool {
        step.hook.is_some() || self.is_gated || step.action.is_delete()
    }

    /// The steps of a sync without failures that were not begun and may be, waits aside, in their order.
    fn unbegun<'p>(&'p self, progress: &'p Progress) -> impl Iterator<Item = &'p Step> {
        let rest = self.steps.iter().skip(progress.first_gap as usize);
        rest.filter(|s| s.phase != Phase::SyncFail && !progress.is_started(s.id) && is_due(s, progress))
    }

    fn onward(&self, progress: &Progress, running: usize) -> Next {
        let open = || progress.open().filter_map(|id| self.step(id)).filter(|s| s.phase != Phase::SyncFail);
        // What depends on others is passed over until they are well, but by nothing that waits for its wave.
        let held = |s: &&Step| self.blocker(s, progress).is_some();
        let mut passed = self.unbegun(progress).take_while(held);
        let Some(first) = self.unbegun(progress).find(|s| !held(s)) else {
            if running > 0 {
                return Next::Wait(format!("{running} steps are running"));
            }
            if let Some(reason) = passed.next().and_then(|step| self.blocked(step, progress)) {
                return Next::Wait(reason);
            }
            let left: Vec<&Step> = open().filter(|step| self.is_awaited_at_end(step)).collect();
            return match waiting_for(&left) {
                Some(reason) => Next::Wait(reason),
                None => Next::Finished { withheld: Vec::new(), reason: String::new() },
            };
        };
        if let Some(step) = passed.find(|step| step.stage < first.stage && waits(first, step)) {
            return Next::Wait(self.blocked(step, progress).unwrap_or_default());
        }
        let running = progress.running().filter_map(|id| self.step(id));
        if let Some(step) = running.into_iter().find(|s| s.stage < first.stage) {
            return Next::Wait(format!("{} is running", step.key));
        }
        let unsettled: Vec<&Step> =
            open().filter(|s| s.stage < first.stage && self.is_gating(s) && waits(first, s)).collect();
        if let Some(reason) = waiting_for(&unsettled) {
            return Next::Wait(reason);
        }
        let stage = self.unbegun(progress).filter(|s| s.stage == first.stage && !held(s));
        let (held, free): (Vec<&Step>, Vec<&Step>) =
            stage.partition(|s| s.needs_confirmation && !progress.is_confirmed);
        match (free.is_empty(), held.first()) {
            (true, Some(step)) => {
                Next::Wait(format!("waiting for pruning confirmation of {}", shown(&step.key)))
            }
            _ => Next::Run(free.into_iter().map(|s| s.id).collect()),
        }
    }

    /// The first step that another one depends on and that is not well yet.
    fn blocker(&self, step: &Step, progress: &Progress) -> Option<&Step> {
        step.after.iter().find(|id| !progress.is_settled(**id)).and_then(|id| self.step(*id))
    }

    fn blocked(&self, step: &Step, progress: &Progress) -> Option<String> {
        let reason = waiting_for(&[self.blocker(step, progress)?])?;
        Some(format!("{reason}, which {} depends on", step.key))
    }

    /// Whether somebody waits for what becomes of the step's object.
    pub fn is_awaited(&self, step: &Step) -> bool {
        self.is_gating(step)
    }

    /// What a step that has not begun waits for, in words; `None` if for nothing but its turn.
    pub fn why_blocked(&self, step: &Step, progress: &Progress) -> Option<String> {
        match step.condition {
            Condition::Succeeded(hook) if !progress.is_settled(hook) => {
                return self.step(hook).map(|hook| format!("if hook {} succeeds", hook.key));
            }
            Condition::Failed(hook) if !progress.has_failed(hook) => {
                return self.step(hook).map(|hook| format!("if hook {} fails", hook.key));
            }
            _ => {}
        }
        if step.phase == Phase::SyncFail && progress.failed.is_empty() {
            return Some("if the sync fails".to_owned());
        }
        if let Some(reason) = self.blocked(step, progress) {
            return Some(reason);
        }
        let failed = progress.failed.iter().find_map(|id| self.step(*id));
        if let Some(failed) = failed.filter(|_| step.phase != Phase::SyncFail) {
            return Some(format!("not begun because {} failed", failed.key));
        }
        let open = progress.open().filter_map(|id| self.step(id));
        let unsettled: Vec<&Step> =
            open.filter(|s| s.stage < step.stage && self.is_gating(s) && waits(step, s)).collect();
        if let Some(reason) = waiting_for(&unsettled) {
            return Some(reason);
        }
        let earlier = |s: &&Step| s.stage < step.stage && s.condition == Condition::Always;
        let pending = self.steps.iter().filter(earlier).find(|s| progress.result(s.id).is_none());
        if let Some(pending) = pending {
            return Some(format!("after {} {}", pending.word(), pending.key));
        }
        let is_held = step.needs_confirmation && !progress.is_confirmed;
        is_held.then(|| format!("waiting for pruning confirmation of {}", shown(&step.key)))
    }

    fn is_awaited_at_end(&self, step: &Step) -> bool {
        step.runs_hook() || self.awaits_last_wave && !step.action.is_delete()
    }

    fn after_failure(&self, failed: &Step, progress: &Progress) -> Next {
        let clean_up = self.steps.iter().filter(|s| {
            matches!(s.condition, Condition::Failed(_)) && is_due(s, progress) && !progress.is_started(s.id)
        });
        let clean_up: Vec<StepId> = clean_up.map(|s| s.id).collect();
        if !clean_up.is_empty() {
            return Next::Run(clean_up);
        }
        let fail_hooks = self.steps.iter().filter(|s| s.phase == Phase::SyncFail && is_due(s, progress));
        let mut unsettled: Vec<&Step> = Vec::new();
        for step in fail_hooks {
            if progress.has_failed(step.id) {
                break;
            }
            if !progress.is_started(step.id) && unsettled.iter().all(|s| s.stage == step.stage) {
                let stage = self.steps.iter().filter(|s| s.stage == step.stage && is_due(s, progress));
                return Next::Run(stage.filter(|s| !progress.is_started(s.id)).map(|s| s.id).collect());
            }
            if !progress.is_settled(step.id) {
                unsettled.push(step);
            }
        }
        if let Some(reason) = waiting_for(&unsettled) {
            return Next::Wait(reason);
        }
        let withheld: Vec<&Step> = (self.steps.iter())
            .filter(|s| !progress.is_started(s.id) && s.condition == Condition::Always)
            .filter(|s| s.phase != Phase::SyncFail)
            .collect();
        let only_prunes = withheld.iter().all(|s| s.action.is_delete());
        let reason = match only_prunes {
            _ if withheld.is_empty() => String::new(),
            true => format!("nothing is deleted because {} failed", failed.key),
            false => format!("what comes later was not begun because {} failed", failed.key),
        };
        Next::Finished { withheld: withheld.iter().map(|s| s.id).collect(), reason }
    }
}

/// Whether the step that decides on this one has ended so that it runs.
fn is_due(step: &Step, progress: &Progress) -> bool {
    match step.condition {
        Condition::Always => true,
        Condition::Succeeded(hook) => progress.is_settled(hook),
        Condition::Failed(hook) => progress.has_failed(hook),
    }
}

/// Whether a step waits for what becomes of an earlier one's object.
fn waits(step: &Step, earlier: &Step) -> bool {
    let same_wave = (step.phase, step.wave) == (earlier.phase, earlier.wave);
    match (Part::of(step), Part::of(earlier)) {
        // What an earlier run left is gone before the hook runs anew.
        (Part::Run, Part::Leftover) => true,
        (Part::Prune, _) => step.phase != earlier.phase,
        (Part::PruneLast, Part::Prune) => false,
        (_, Part::Prune | Part::PruneLast) => step.phase != earlier.phase,
        (Part::PruneLast, _) => true,
        (_, Part::CleanUp) => step.phase != earlier.phase,
        (Part::CleanUp, Part::Run) => earlier.runs_hook(),
        _ => !same_wave,
    }
}

/// What is waited for, in Argo CD 3.6's words.
fn waiting_for(steps: &[&Step]) -> Option<String> {
    let hooks = steps.iter().any(|s| s.runs_hook());
    let first = steps.iter().find(|s| s.runs_hook() == hooks)?;
    let name = shown(&first.key);
    let (what, more) = match (first.runs_hook(), first.action.is_delete()) {
        (true, _) => ("completion of hook", "hooks"),
        (_, true) => ("deletion of", "resources"),
        _ => ("healthy state of", "resources"),
    };
    let rest = match steps.len() - 1 {
        0 => String::new(),
        n => format!(" and {n} more {more}"),
    };
    Some(format!("waiting for {what} {name}{rest}"))
}

/// An object as Argo CD 3.6 names it in a message: `group/Kind/name`.
fn shown(key: &ResourceKey) -> String {
    format!("{}/{}/{}", key.group, key.kind, key.name)
}
