//! The steps of a hook.

use tautline_ownership::{Propagation, Reason};

use super::{HookRun, precondition, rank};
use crate::order::wave;
use crate::place::Draft;
use crate::step::{Action, Condition, Phase, Precondition, Step, StepId};

/// A hook's steps: what an earlier run left goes, it runs, and it goes again where its policy says so.
///
/// One that runs `again` in a later phase makes room for itself when it has ended.
pub(super) fn draft_hook(run: &HookRun, again: Option<Phase>, drafts: &mut Vec<Draft>) {
    let HookRun { hook, phase, manifest, live, is_resumed, is_finished } = run;
    let (object, wave) = (&manifest.object, wave(&manifest.object));
    let step = |action, why: &str| Step {
        phase: *phase,
        wave,
        hook: Some(hook.clone()),
        ..Step::new(action, object.key(), object.gvk(), why)
    };
    let delete = || Action::Delete { reason: Reason::HookPolicy, propagation: Propagation::Foreground };
    let is_there = live.as_ref().present().is_some();
    if *is_finished {
        if is_there && *is_resumed && hook.on_success && again.is_none() {
            let step = step(delete(), "it has succeeded");
            drafts.push(Draft::new(Step { precondition: precondition(live), ..step }, 0));
        }
        return;
    }
    let is_leaving = live.as_ref().present().is_some_and(|live| live.is_terminating());
    let makes_room = is_leaving || is_there && hook.before_creation && !is_resumed;
    if makes_room {
        let step = step(delete(), "an earlier run left it");
        drafts.push(Draft::new(Step { precondition: precondition(live), ..step }, 0));
    }
    let action = match (is_there, is_resumed) {
        _ if makes_room => Action::Create,
        // One that is gone was missed: who waits for it learns that.
        (_, true) => Action::Await,
        (true, false) => Action::Apply { take_over: false },
        (false, false) => Action::Create,
    };
    let precondition = if action == Action::Create { Precondition::default() } else { precondition(live) };
    let at = drafts.len();
    let run = Step {
        origin: Some(manifest.origin.clone()),
        desired: Some(object.to_value().digest()),
        precondition,
        ..step(action, &format!("a {phase:?} hook"))
    };
    drafts.push(Draft::of(object, run, rank(object)));
    let mut clean_up = |condition, why| {
        let step = Step { condition, ..step(delete(), why) };
        drafts.push(Draft { follows: Some(at), ..Draft::new(step, -rank(object)) });
    };
    if hook.on_success || again.is_some() {
        clean_up(Condition::Succeeded(StepId(0)), "it has succeeded");
    }
    if hook.on_failure || again == Some(Phase::SyncFail) {
        clean_up(Condition::Failed(StepId(0)), "it has failed");
    }
}
