//! From differences to steps.

mod hook;
mod object;

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{Digest, GroupVersionKind, Manifest, Object, Presence, ResourceKey, Uid};
use tautline_diff::Difference;
use tautline_ownership::{Pair, Propagation, Reason};

use crate::hook::Hook;
use crate::options::SyncOptions;
use crate::order::{kind_rank, wave};
use crate::place::{Draft, ordered};
use crate::step::{Action, Phase, Precondition, Step};
use crate::{Inputs, Plan};

use hook::draft_hook;
pub use object::keeps;
use object::{Drafted, await_draft, draft};

/// What decides, beside the differences, which steps there are.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Whether what Git no longer holds is deleted.
    pub prune: bool,
    /// The namespace to create first, or to bring its metadata up to date.
    pub create_namespace: Option<String>,
    /// What happens to the dependents of what is pruned.
    pub propagation: Propagation,
    /// Managers whose fields are folded into ours when an object is adopted (rule R7).
    pub take_over_from: Vec<String>,
    /// How objects are synced that say nothing else.
    pub objects: SyncOptions,
    /// Whether the whole app is synced: then a wave also waits for its objects that do not differ.
    pub is_whole: bool,
    /// Whether the same sync has failed before: then its objects are waited for even if nothing is left to write.
    pub is_retry: bool,
    /// Whether a sync of several waves ends only when the last one is well.
    pub awaits_last_wave: bool,
    /// Whether a person confirms first what is pruned and bears data ([`crate::bears_data`]).
    pub confirms_data: bool,
    /// What autoscalers scale, live or desired ones ([`crate::autoscaled`]); `None` while that is not known, and
    /// then no object's replicas are given up.
    pub autoscaled: Option<BTreeSet<ResourceKey>>,
}

/// A hook to run.
#[derive(Clone, Debug)]
pub struct HookRun {
    /// When it is removed.
    pub hook: Hook,
    /// The phase.
    pub phase: Phase,
    /// The object, named, tracked, in sendable form.
    pub manifest: Manifest,
    /// What lives under its name.
    pub live: Presence<Arc<Object>>,
    /// Whether what lives is of this very run, which was interrupted: it is awaited, not run again.
    pub is_resumed: bool,
    /// Whether this very run has succeeded before it was interrupted: nothing is left but to remove it, where its
    /// policy says so.
    pub is_finished: bool,
}

/// Something that differs and gets no step, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The object.
    pub key: ResourceKey,
    /// A sentence for the row of the object.
    pub message: String,
}

impl Plan {
    /// Makes a plan of paired objects, their differences, and the hooks of the sync.
    pub fn build<'a>(
        inputs: Inputs,
        differences: impl IntoIterator<Item = (&'a Pair, &'a Difference)>,
        hooks: &[HookRun],
        options: &PlanOptions,
    ) -> (Self, Vec<Withheld>) {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut unchanged: Vec<(&Pair, &Manifest)> = Vec::new();
        let mut withheld = Vec::new();
        let mut held: Vec<&ResourceKey> = Vec::new();
        for (pair, difference) in differences {
            if options.is_whole && pair.desired.is_some() {
                held.push(&pair.key);
            }
            match draft(pair, difference, options) {
                Drafted::Steps(steps) => drafts.extend(steps),
                Drafted::Unchanged(manifest) => unchanged.push((pair, manifest)),
                Drafted::Nothing => {}
                Drafted::Withheld(message) => withheld.push(Withheld { key: pair.key.clone(), message }),
            }
        }
        for (hook, later) in
            (1..).zip(hooks).map(|(next, hook)| (hook, hooks.get(next..).unwrap_or_default()))
        {
            let again = later.iter().filter(|run| run.manifest.key() == hook.manifest.key());
            draft_hook(hook, again.map(|run| run.phase).min(), &mut drafts);
        }
        drafts.extend(options.create_namespace.as_deref().map(namespace_draft));
        let waits = |drafts: &[Draft]| has_waves(drafts, []) || drafts.iter().any(Draft::depends);
        let unchanged_waves = unchanged.iter().map(|(_, manifest)| wave(&manifest.object));
        let is_gated = options.is_whole && (has_waves(&drafts, unchanged_waves) || waits(&drafts));
        if is_gated && (!drafts.is_empty() || options.is_retry) {
            drafts.extend(unchanged.into_iter().map(|(pair, manifest)| await_draft(pair, manifest)));
        }
        bubble_dependencies(&mut drafts);
        let faults = crate::depends::link(&mut drafts, options.is_whole.then_some(&*held));
        let is_gated = is_gated || waits(&drafts);
        let awaits_last_wave = is_gated && options.is_whole && options.awaits_last_wave;
        let steps = ordered(drafts);
        let plan = Self { inputs, steps, faults, is_gated, awaits_last_wave, ..Self::default() };
        (plan, withheld)
    }
}

impl Plan {
    /// The plan that removes hooks which a sync ran and that are not wanted to end.
    pub fn remove_hooks<'a>(inputs: Inputs, hooks: impl IntoIterator<Item = (&'a Step, &'a Uid)>) -> Self {
        let delete = |(ran, uid): (&Step, &Uid)| {
            let action = Action::Delete { reason: Reason::HookPolicy, propagation: Propagation::Foreground };
            let step =
                Step::new(action, ran.key.clone(), ran.gvk.clone(), "the sync that ran it was terminated");
            let precondition = Precondition { uid: Some(uid.clone()), reads: None };
            Draft::new(Step { hook: ran.hook.clone(), phase: ran.phase, precondition, ..step }, 0)
        };
        let steps = ordered(hooks.into_iter().map(delete).collect());
        Self { inputs, steps, ..Self::default() }
    }

    /// The plan that deletes objects of an app side by side, because its Application goes.
    pub fn delete_with_app<'a>(
        inputs: Inputs,
        objects: impl IntoIterator<Item = &'a Object>,
        propagation: Propagation,
    ) -> Self {
        let delete = |live: &Object| {
            let action = Action::Delete { reason: Reason::AppDeleted, propagation };
            let step = Step::new(action, live.key(), live.gvk(), "its Application is being deleted");
            let precondition = Precondition { uid: live.uid(), reads: Some(digest_of_reads(live)) };
            Draft::new(Step { wave: wave(live), precondition, ..step }, 0)
        };
        Self { inputs, steps: ordered(objects.into_iter().map(delete).collect()), ..Self::default() }
    }
}

/// Whether anything waits for anything: there are hooks, or several waves, those of what is as Git wants it among them.
fn has_waves(drafts: &[Draft], unchanged: impl IntoIterator<Item = i64>) -> bool {
    let counts = |d: &&Draft| !d.step.action.is_delete() && d.step.action != Action::CreateNamespace;
    let mut first = None;
    let mut is_other = |place: (Phase, i64)| *first.get_or_insert(place) != place;
    drafts.iter().filter(counts).any(|d| d.step.hook.is_some() || is_other((d.step.phase, d.step.wave)))
        || unchanged.into_iter().any(|wave| is_other((Phase::Sync, wave)))
}

fn rank(object: &Object) -> i64 {
    i64::try_from(kind_rank(object.kind())).unwrap_or(i64::MAX)
}

fn precondition(live: &Presence<Arc<Object>>) -> Precondition {
    match live {
        Presence::Present(live) => Precondition { uid: live.uid(), reads: Some(digest_of_reads(live)) },
        _ => Precondition::default(),
    }
}

/// The digest of what a decision about a live object rests on: everything but its status and the fields
/// that change with every write, so that a heartbeat does not invalidate a step.
pub fn digest_of_reads(live: &Object) -> Digest {
    let mut fields = live.as_map().clone();
    fields.remove("status");
    let metadata = fields.map_at("metadata");
    for field in ["resourceVersion", "generation", "managedFields"] {
        metadata.remove(field);
    }
    tautline_core::Value::Map(fields).digest()
}

fn namespace_draft(namespace: &str) -> Draft {
    let (key, gvk) =
        (ResourceKey::new("", "Namespace", "", namespace), GroupVersionKind::new("", "v1", "Namespace"));
    let step = Step::new(Action::CreateNamespace, key, gvk, "CreateNamespace=true");
    Draft::new(Step { phase: Phase::PreSync, ..step }, 0)
}

/// Moves a Namespace before the first object in it, and a CRD before the first object of its kind: the moved
/// step takes over phase and wave of the one that needs it (Argo CD 3.6, sync_tasks.go).
fn bubble_dependencies(drafts: &mut [Draft]) {
    for i in 0..drafts.len() {
        let Some(draft) = drafts.get(i).filter(|d| !d.step.action.is_delete()) else { continue };
        let key = draft.step.key.clone();
        let needs_it = |step: &Step| match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => step.key.namespace == key.name,
            // A CRD's name is `<plural>.<group>`.
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                key.name.split_once('.').is_some_and(|(_, group)| step.key.group == group)
            }
            _ => false,
        };
        if !["Namespace", "CustomResourceDefinition"].contains(&key.kind.as_str()) {
            continue;
        }
        let is_run = |d: &&Draft| !d.step.action.is_delete() && d.step.phase != Phase::SyncFail;
        let first = drafts.iter().filter(is_run).filter(|d| needs_it(&d.step));
        let first = first.map(|d| (d.step.phase, d.step.wave)).min();
        if let Some(first) = first
            && let Some(draft) = drafts.get_mut(i)
            && first < (draft.step.phase, draft.step.wave)
        {
            (draft.step.phase, draft.step.wave) = first;
        }
    }
}
