//! The hooks of a sync or a deletion, and how a step's object fares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tautline_core::{Manifest, Object, Presence, ResourceKey, Timestamp, Uid};
use tautline_health::{HealthStatus, Surroundings};
use tautline_ownership::{LiveView, prepare};
use tautline_plan::{
    Action, Hook, HookRun, Phase, Plan, Standing, Step, StepId, created_at, drop_unknown, named,
};

use crate::app::App;
use crate::conditions::images_of;
use crate::event::World;
use crate::report::{ObjectResult, OperationPhase};
use crate::running::Running;

/// The phases of a sync in which hooks are run.
pub(crate) const SYNC_PHASES: [Phase; 4] = [Phase::PreSync, Phase::Sync, Phase::PostSync, Phase::SyncFail];

/// Which hooks are wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) phases: &'a [Phase],
    /// Only those that say they run when drift is healed.
    pub(crate) on_heal: bool,
    pub(crate) revision: &'a str,
    /// The sync or deletion that they belong to began then: what is older is of an earlier one.
    pub(crate) started_at: Timestamp,
    /// Whether the same sync was begun before.
    pub(crate) is_resumed: bool,
    /// The hooks that had succeeded by then.
    pub(crate) finished: &'a BTreeSet<(ResourceKey, Phase)>,
    /// Those whose objects had been made.
    pub(crate) made: &'a BTreeMap<(ResourceKey, Phase), Option<Uid>>,
}

impl App {
    /// The hooks to run, each with what lives under its name, and the results of those that have run already.
    pub(crate) fn hook_runs(
        &self,
        wanted: &Wanted<'_>,
        world: &World<'_>,
    ) -> (Vec<HookRun>, Vec<ObjectResult>) {
        let mut runs = Vec::new();
        let mut finished = Vec::new();
        for (hook, manifest) in self.hooks.iter().filter(|(hook, _)| hook.on_heal || !wanted.on_heal) {
            for phase in hook.phases.iter().filter(|phase| wanted.phases.contains(phase)) {
                let manifest = named(manifest, wanted.revision, *phase, wanted.started_at);
                let mut prepared = prepare(&[manifest], &self.spec.destination, world.scopes);
                let known = |object: &Object| world.differ.without_unknown(object);
                drop_unknown(&mut prepared, self.spec.policy.objects, known);
                let Some((key, manifest)) = prepared.manifests.into_iter().next() else { continue };
                let is_finished = wanted.finished.contains(&(key.clone(), *phase));
                if is_finished {
                    finished.push(succeeded(&manifest, *phase));
                }
                let live = world.live.get(&key);
                // What was there before, and was applied to, is known by its uid alone.
                let made = wanted.made.get(&(key.clone(), *phase)).and_then(Option::as_ref);
                let is_of_this_run = live.as_ref().present().is_some_and(|live| {
                    created_at(live).is_some_and(|at| at.seconds() >= wanted.started_at.seconds())
                        || made.is_some() && live.uid().as_ref() == made
                });
                // What an earlier phase of the same hook left is not this phase's run.
                let is_left = runs.iter().any(|run: &HookRun| run.is_finished && run.manifest.key() == key);
                // One that was made and is gone has run: it is missed, not run again.
                let is_missed = wanted.made.contains_key(&(key.clone(), *phase)) && live.is_absent();
                let is_resumed =
                    wanted.is_resumed && (is_missed || is_of_this_run && (is_finished || !is_left));
                runs.push(HookRun {
                    hook: hook.clone(),
                    phase: *phase,
                    manifest,
                    live,
                    is_resumed,
                    is_finished,
                });
            }
        }
        (runs, finished)
    }

    /// The phases of a deletion that Git holds hooks for; `None` while that is not known, or no longer matters.
    pub(crate) fn deletion_phases(&self) -> Option<Vec<Phase>> {
        let is_current = self.rendered.is_some() && self.comparison_error.is_none();
        let has = |phase: &Phase| self.hooks.iter().any(|(hook, _)| hook.phases.contains(phase));
        (is_current && self.spec.deletion.is_none() && !self.spec.observe_only)
            .then(|| [Phase::PreDelete, Phase::PostDelete].into_iter().filter(has).collect())
    }

    /// What has become of a step's object.
    pub(crate) fn standing(
        &self,
        step: &Step,
        running: &Running,
        world: &World<'_>,
        now: Timestamp,
    ) -> Standing {
        let live = world.live.get(&step.key);
        match &step.action {
            Action::CreateNamespace => Standing::Settled,
            Action::Delete { .. } => match (&live, &step.precondition.uid) {
                (Presence::Absent(_), _) => Standing::Settled,
                (Presence::Present(live), Some(uid)) if live.uid().as_ref() != Some(uid) => Standing::Settled,
                _ => Standing::Waiting,
            },
            _ if step.hook.is_some() => hook_standing(step, running, &live, world, now),
            _ => self.object_standing(step, &live),
        }
    }

    /// An ordinary object: well, or without a rule that could say otherwise; not well, or gone.
    fn object_standing(&self, step: &Step, live: &Presence<Arc<Object>>) -> Standing {
        let Presence::Present(live) = live else {
            return match live {
                Presence::Absent(_) => Standing::Broken(missing(step)),
                _ => Standing::Waiting,
            };
        };
        if live.is_terminating() {
            return Standing::Waiting;
        }
        let health = self.resources.get(&step.key).and_then(|resource| resource.health());
        match health.map(|h| (h.status, &h.message)) {
            None | Some((HealthStatus::Healthy, _)) => Standing::Settled,
            Some((HealthStatus::Degraded, message)) => Standing::Broken(message.to_string()),
            Some(_) => Standing::Waiting,
        }
    }
}

/// The result of a hook that succeeded before the controller was started anew.
fn succeeded(manifest: &Manifest, phase: Phase) -> ObjectResult {
    ObjectResult {
        key: manifest.key(),
        gvk: manifest.object.gvk(),
        status: "Synced".to_owned(),
        message: String::new(),
        phase,
        progress: OperationPhase::Succeeded,
        is_hook: true,
        images: images_of(&manifest.object),
    }
}

/// A hook has ended when it is well, and failed when it is not, or gone before anybody saw it end.
fn hook_standing(
    step: &Step,
    running: &Running,
    live: &Presence<Arc<Object>>,
    world: &World<'_>,
    now: Timestamp,
) -> Standing {
    let live = match live {
        Presence::Unknown(_) => return Standing::Waiting,
        Presence::Absent(_) => return Standing::Broken(missing(step)),
        Presence::Present(live) => live,
    };
    if running.uids.get(&step.id).is_some_and(|uid| live.uid().as_ref() != Some(uid)) {
        return Standing::Broken(format!("{} was replaced by another object while it ran", step.key));
    }
    let health = world.health.assess(live, &Around(world.live), now);
    match health.map(|h| (h.status, h.message)) {
        None | Some((HealthStatus::Healthy, _)) => Standing::Settled,
        Some((status @ (HealthStatus::Degraded | HealthStatus::Unknown), message))
            if status == HealthStatus::Degraded || live.get("status").is_some() =>
        {
            Standing::Broken(message.to_string())
        }
        // A script or an expression that reads a status fails where nobody has written one yet: the hook has just begun.
        Some(_) => match deadline(step, live).filter(|deadline| now >= *deadline) {
            Some(_) => Standing::Broken("it took longer than its timeout allows".to_owned()),
            None => Standing::Waiting,
        },
    }
}

fn missing(step: &Step) -> String {
    format!("Resource {} is missing, it might have been deleted", step.key)
}

/// When a hook that lives has taken too long, if that is limited.
pub(crate) fn deadline(step: &Step, live: &Object) -> Option<Timestamp> {
    let timeout = step.hook.as_ref()?.timeout?;
    Some(created_at(live)? + Duration::from_secs(timeout))
}

/// The hooks' objects by key, as steps name them.
pub(crate) fn objects(runs: &[HookRun]) -> BTreeMap<ResourceKey, Arc<Object>> {
    runs.iter().map(|run| (run.manifest.key(), run.manifest.object.clone())).collect()
}

/// What the hooks have become that an interrupted run of the same plan had made.
pub(crate) fn made_uids(
    plan: &Plan,
    made: &BTreeMap<(ResourceKey, Phase), Option<Uid>>,
) -> BTreeMap<StepId, Uid> {
    let of = |step: &Step| Some((step.id, made.get(&(step.key.clone(), step.phase))?.clone()?));
    plan.steps.iter().filter(|step| step.action == Action::Await && step.runs_hook()).filter_map(of).collect()
}

/// Whether an object is a hook of a deletion: it stays until everything else is gone.
pub(crate) fn is_of_deletion(object: &Object) -> bool {
    Hook::of(object)
        .is_some_and(|hook| hook.phases.iter().any(|p| matches!(p, Phase::PreDelete | Phase::PostDelete)))
}

pub(crate) struct Around<'a>(pub(crate) &'a dyn LiveView);

impl Surroundings for Around<'_> {
    fn children(&self, object: &Object) -> Vec<Arc<Object>> {
        object.uid().map(|uid| self.0.children(&uid)).unwrap_or_default()
    }
}
