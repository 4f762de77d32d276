//! The steps that bring one object to what Git holds.

use tautline_core::{Manifest, Object, Presence, Value};
use tautline_diff::{Change, Difference, Outcome};
use tautline_ownership::{Owner, Pair, Reason};
use tautline_schema::immutable_fields;

use super::{PlanOptions, precondition, rank};
use crate::autoscaling::drops_replicas;
use crate::destruction::bears_data;
use crate::options::{Consent, SyncOptions};
use crate::order::wave;
use crate::place::Draft;
use crate::step::{Action, Precondition, Step};

pub(super) enum Drafted<'a> {
    Steps(Vec<Draft>),
    /// The object is as Git wants it. Its step is made only where a wave waits for it: digests are not free.
    Unchanged(&'a Manifest),
    Nothing,
    Withheld(String),
}

pub(super) fn draft<'a>(pair: &'a Pair, difference: &Difference, options: &PlanOptions) -> Drafted<'a> {
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
            Some(manifest) => Drafted::Unchanged(manifest),
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

/// The step that waits for an object which is as Git wants it.
pub(super) fn await_draft(pair: &Pair, manifest: &Manifest) -> Draft {
    let step = write_step(pair, manifest, Action::Await, "it is as Git wants it");
    Draft::of(&manifest.object, step, rank(&manifest.object))
}

/// How a difference is undone: by an apply, a replace, or by deleting and creating anew.
fn change(pair: &Pair, difference: &Difference, options: &PlanOptions) -> Drafted<'static> {
    let desired = pair.desired.as_ref().map(|m| &*m.object);
    let is_scaled = || options.autoscaled.as_ref().is_none_or(|targets| targets.contains(&pair.key));
    if drops_replicas(desired, difference) && is_scaled() {
        return keep_replicas(pair, difference, options);
    }
    written(pair, difference, options)
}

/// Rule R16: the number of replicas stays as it is, and only what else differs changes.
fn keep_replicas(pair: &Pair, difference: &Difference, options: &PlanOptions) -> Drafted<'static> {
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

fn written(pair: &Pair, difference: &Difference, options: &PlanOptions) -> Drafted<'static> {
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

fn write(pair: &Pair, difference: &Difference, action: Action, why: String) -> Drafted<'static> {
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
fn recreate(pair: &Pair, difference: &Difference, options: &PlanOptions, why: &str) -> Drafted<'static> {
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

fn prune(pair: &Pair, options: &PlanOptions) -> Drafted<'static> {
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
