//! From differences to steps.

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{Digest, GroupVersionKind, Manifest, Object, Presence, ResourceKey, Uid, Value};
use tautline_diff::{Change, Difference, Outcome};
use tautline_ownership::{Owner, Pair, Propagation, Reason};
use tautline_schema::immutable_fields;

use crate::autoscaling::drops_replicas;
use crate::destruction::bears_data;
use crate::hook::Hook;
use crate::options::{Consent, SyncOptions};
use crate::order::{kind_rank, wave};
use crate::place::{Draft, ordered};
use crate::step::{Action, Condition, Phase, Precondition, Step, StepId};
use crate::{Inputs, Plan};

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
    /// Whether a sync of several waves ends only when the last one is well.
    pub awaits_last_wave: bool,
    /// Whether a person confirms first what is pruned and bears data ([`bears_data`]).
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
        let mut unchanged: Vec<Draft> = Vec::new();
        let mut withheld = Vec::new();
        let mut held = BTreeSet::new();
        for (pair, difference) in differences {
            if options.is_whole && pair.desired.is_some() {
                held.insert(pair.key.clone());
            }
            match draft(pair, difference, options) {
                Drafted::Steps(steps) => drafts.extend(steps),
                Drafted::Unchanged(step) => unchanged.push(*step),
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
        let waits = |drafts: &[Draft]| has_waves(drafts.iter()) || drafts.iter().any(Draft::depends);
        let is_gated = options.is_whole && (has_waves(drafts.iter().chain(&unchanged)) || waits(&drafts));
        if is_gated && !drafts.is_empty() {
            drafts.append(&mut unchanged);
        }
        bubble_dependencies(&mut drafts);
        let faults = crate::depends::link(&mut drafts, options.is_whole.then_some(&held));
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

/// Whether anything waits for anything: there are hooks, or several waves.
fn has_waves<'a>(drafts: impl Iterator<Item = &'a Draft>) -> bool {
    let mut first = None;
    let is_other = |draft: &Draft| {
        let place = (draft.step.phase, draft.step.wave);
        draft.step.hook.is_some() || *first.get_or_insert(place) != place
    };
    drafts.filter(|d| !d.step.action.is_delete() && d.step.action != Action::CreateNamespace).any(is_other)
}

enum Drafted {
    Steps(Vec<Draft>),
    Unchanged(Box<Draft>),
    Nothing,
    Withheld(String),
}

fn draft(pair: &Pair, difference: &Difference, options: &PlanOptions) -> Drafted {
    if let Owner::Other(owner) = &pair.owner
        && pair.desired.is_some()
    {
        return Drafted::Withheld(format!(
            "{} is owned by app {owner}; remove it from one of the two",
            pair.key
        ));
    }
    match &difference.outcome {
        Outcome::Unknown(_) => Drafted::Nothing,
        Outcome::Unchanged => match &pair.desired {
            Some(manifest) => {
                let step = write_step(pair, manifest, Action::Await, "it is as Git wants it");
                Drafted::Unchanged(Box::new(Draft::of(&manifest.object, step, rank(&manifest.object))))
            }
            None => Drafted::Nothing,
        },
        Outcome::Create => {
            let own = options.objects.of(pair.desired.as_ref().map(|m| &*m.object), None);
            let action = if own.server_side { Action::Create } else { Action::ClientApply };
            write(pair, difference, action, "it is not in the cluster".into())
        }
        Outcome::Change => change(pair, difference, options),
        Outcome::Delete => prune(pair, options),
    }
}

/// How a difference is undone: by an apply, a replace, or by deleting and creating anew.
fn change(pair: &Pair, difference: &Difference, options: &PlanOptions) -> Drafted {
    let desired = pair.desired.as_ref().map(|m| &*m.object);
    let is_scaled = || options.autoscaled.as_ref().is_none_or(|targets| targets.contains(&pair.key));
    if drops_replicas(desired, difference) && is_scaled() {
        return keep_replicas(pair, difference, options);
    }
    written(pair, difference, options)
}

/// Rule R16: the number of replicas stays as it is, and only what else differs changes.
fn keep_replicas(pair: &Pair, difference: &Difference, options: &PlanOptions) -> Drafted {
    let mut rest = difference.clone();
    rest.changes.retain(|change| change.path.to_string() != "spec.replicas");
    let mut drafted = written(pair, &rest, options);
    if let Drafted::Steps(drafts) = &mut drafted {
        for draft in drafts.iter_mut().filter(|draft| matches!(draft.step.action, Action::Apply { .. })) {
            draft.step.keeps_replicas = true;
            draft.step.why += ", and spec.replicas is left to the autoscaler at the value it has";
        }
    }
    drafted
}

fn written(pair: &Pair, difference: &Difference, options: &PlanOptions) -> Drafted {
    let live = pair.live.as_ref().present();
    let own = options.objects.of(pair.desired.as_ref().map(|m| &*m.object), live.map(|o| &**o));
    let count = difference.changes.len();
    let why = match count {
        0 => "no value differs".to_owned(),
        1 => "1 field differs".to_owned(),
        _ => format!("{count} fields differ"),
    };
    let fixed = immutable_change(pair, difference);
    match (own, fixed) {
        (SyncOptions { force: true, replace: true, .. }, _) => recreate(pair, difference, options, &why),
        (SyncOptions { force: true, .. }, Some(fixed)) => {
            recreate(pair, difference, options, &format!("{} cannot be changed", fixed.path))
        }
        (SyncOptions { replace: true, .. }, _) => write(pair, difference, Action::Replace, why),
        (_, Some(fixed)) => {
            let hint = format!(
                "{why}, and {} cannot be changed: Force=true deletes and creates it anew",
                fixed.path
            );
            write(pair, difference, apply_action(pair, own, options), hint)
        }
        _ => write(pair, difference, apply_action(pair, own, options), why),
    }
}

/// The first change that no update can make.
fn immutable_change<'a>(pair: &Pair, difference: &'a Difference) -> Option<&'a Change> {
    let live = pair.live.as_ref().present();
    let is_sealed = live.is_some_and(|live| live.get("immutable").and_then(Value::as_bool) == Some(true));
    let sealed: &[&str] = if is_sealed { &["data", "binaryData", "immutable"] } else { &[] };
    let fixed = immutable_fields(&pair.key.group, &pair.key.kind);
    difference.changes.iter().find(|change| {
        let path = change.path.to_string();
        fixed.iter().chain(sealed).any(|field| {
            path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    })
}

fn apply_action(pair: &Pair, own: SyncOptions, options: &PlanOptions) -> Action {
    if !own.server_side {
        return Action::ClientApply;
    }
    let live = pair.live.as_ref().present();
    Action::Apply { take_over: live.is_some_and(|live| is_foreign(live, &options.take_over_from)) }
}

/// Whether one of the managers that wrote for Git before us has an entry on the object.
fn is_foreign(live: &Object, managers: &[String]) -> bool {
    live.list_at(&["metadata", "managedFields"]).iter().any(|entry| {
        let manager = entry.str_at(&["manager"]).unwrap_or_default();
        entry.at(&["subresource"]).is_none() && managers.iter().any(|m| m == manager)
    })
}

fn write(pair: &Pair, difference: &Difference, action: Action, why: String) -> Drafted {
    let Some(manifest) = &pair.desired else { return Drafted::Nothing };
    let step = Step {
        changes: difference.changes.clone(),
        taken: difference.taken.clone(),
        ..write_step(pair, manifest, action, why)
    };
    Drafted::Steps(vec![Draft::of(&manifest.object, step, rank(&manifest.object))])
}

fn write_step(pair: &Pair, manifest: &Manifest, action: Action, why: impl Into<String>) -> Step {
    Step {
        wave: wave(&manifest.object),
        origin: Some(manifest.origin.clone()),
        desired: Some(manifest.object.to_value().digest()),
        precondition: precondition(&pair.live),
        ..Step::new(action, pair.key.clone(), manifest.object.gvk(), why)
    }
}

/// Deletes the object first; it is created anew when it is gone.
fn recreate(pair: &Pair, difference: &Difference, options: &PlanOptions, why: &str) -> Drafted {
    let Drafted::Steps(mut drafts) =
        write(pair, difference, Action::Create, format!("{why}; it is created anew"))
    else {
        return Drafted::Nothing;
    };
    let action = Action::Delete { reason: Reason::Recreate, propagation: options.propagation };
    for draft in &mut drafts {
        draft.step.precondition = Precondition::default();
    }
    let wave = drafts.first().map_or(0, |draft| draft.step.wave);
    let gvk = pair.live.as_ref().present().map_or_else(|| pair.key.group_kind().in_version(""), |o| o.gvk());
    let delete = Step {
        wave,
        precondition: precondition(&pair.live),
        ..Step::new(action, pair.key.clone(), gvk, format!("{why}; Force=true allows it"))
    };
    drafts.push(Draft::new(delete, 0));
    Drafted::Steps(drafts)
}

fn prune(pair: &Pair, options: &PlanOptions) -> Drafted {
    let Presence::Present(live) = &pair.live else { return Drafted::Nothing };
    if live.is_terminating() {
        return Drafted::Nothing;
    }
    if let Some(reason) = keeps(live, &options.objects) {
        return Drafted::Withheld(format!("ignored (no prune): {reason}"));
    }
    if !options.prune {
        return Drafted::Withheld("ignored (requires pruning)".to_owned());
    }
    if let Some(other) = &pair.also_held_by {
        return Drafted::Withheld(format!("not pruned: app {other} holds it too"));
    }
    let own = options.objects.of(None, Some(live));
    let action = Action::Delete { reason: Reason::Pruned, propagation: options.propagation };
    let step = Step {
        wave: wave(live),
        needs_confirmation: own.prune == Consent::AfterConfirmation
            || options.confirms_data && bears_data(live),
        prune_last: own.prune_last,
        precondition: precondition(&pair.live),
        ..Step::new(action, pair.key.clone(), live.gvk(), "Git no longer holds it")
    };
    // Backwards: late kinds first.
    Drafted::Steps(vec![Draft::of(live, step, -rank(live))])
}

/// A hook's steps: what an earlier run left goes, it runs, and it goes again where its policy says so.
///
/// One that runs `again` in a later phase makes room for itself when it has ended.
fn draft_hook(run: &HookRun, again: Option<Phase>, drafts: &mut Vec<Draft>) {
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
        (true, true) => Action::Await,
        (true, false) => Action::Apply { take_over: false },
        (false, _) => Action::Create,
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

fn rank(object: &Object) -> i64 {
    i64::try_from(kind_rank(object.kind())).unwrap_or(i64::MAX)
}

/// Why an object is never pruned, if it says so or its kind does (rules R1, R19).
pub fn keeps(live: &Object, options: &SyncOptions) -> Option<&'static str> {
    if live.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        Some("a CustomResourceDefinition is never pruned, its objects would go too")
    } else if live.annotation("helm.sh/resource-policy") == Some("keep") {
        Some("helm.sh/resource-policy: keep")
    } else if options.of(None, Some(live)).prune == Consent::Refused {
        Some("Prune=false")
    } else {
        None
    }
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
