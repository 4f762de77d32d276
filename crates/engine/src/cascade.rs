//! Deleting what an app owns, in a safe order (rules R18, R19).

use tautline_core::{Object, Presence, ResourceKey};
use tautline_ownership::{Owner, Propagation, Reason};
use tautline_plan::{
    Action, Inputs, Phase, Plan, Precondition, Step, StepId, digest_of_reads, kind_rank, wave,
};

use crate::app::App;
use crate::resource::Resource;

/// What a cascade does next.
pub(crate) enum Batch {
    /// Delete these.
    Delete(Plan),
    /// Objects of the present batch are still there.
    Wait,
    /// Nothing is left that we may delete.
    Over,
}

/// The next objects to delete: the latest wave and kind first, Namespaces last of all.
pub(crate) fn next_batch(app: &App, propagation: Propagation) -> Batch {
    let mut doomed: Vec<(&Resource, &Object)> = Vec::new();
    for resource in app.resources.values() {
        match &resource.pair.live {
            Presence::Present(live) if is_doomed(app, resource, live) => doomed.push((resource, live)),
            // Gone by our hand, its event not seen yet: the batch is not over.
            Presence::Unknown(_) if resource.pair.owner != Owner::Untracked => return Batch::Wait,
            _ => {}
        }
    }
    let Some(first) = doomed.iter().map(|(_, live)| place(live)).min() else { return Batch::Over };
    let batch: Vec<&Object> =
        doomed.iter().filter(|(_, live)| place(live) == first).map(|(_, live)| *live).collect();
    let steps: Vec<Step> = (0..)
        .zip(batch.iter().filter(|live| !live.is_terminating()))
        .map(|(id, live)| step(id, live, propagation))
        .collect();
    if steps.is_empty() {
        return Batch::Wait;
    }
    Batch::Delete(Plan { inputs: Inputs { app: app.spec.id.to_string(), ..Inputs::default() }, steps })
}

fn is_doomed(app: &App, resource: &Resource, live: &Object) -> bool {
    resource.pair.owner == Owner::Us && !app.kept.contains(&live.key()) && keeps_on_deletion(live).is_none()
}

/// Why an object stays when its Application goes, if it says so or its kind does.
fn keeps_on_deletion(live: &Object) -> Option<&'static str> {
    let options = live.annotation("argocd.argoproj.io/sync-options").unwrap_or_default();
    let has = |name: &str| options.split(',').any(|o| o.trim() == name);
    if live.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        Some("a CustomResourceDefinition")
    } else if has("Delete=false") || has("Delete=confirm") {
        Some("Delete=false")
    } else if live.annotation("helm.sh/resource-policy") == Some("keep") {
        Some("helm.sh/resource-policy: keep")
    } else {
        None
    }
}

/// Smaller goes first: Namespaces last, then high waves, then late kinds.
fn place(live: &Object) -> (bool, i64, i64) {
    let rank = i64::try_from(kind_rank(live.kind())).unwrap_or(i64::MAX);
    (live.is("", "Namespace"), -wave(live), -rank)
}

fn step(id: u32, live: &Object, propagation: Propagation) -> Step {
    let key: ResourceKey = live.key();
    Step {
        id: StepId(id),
        stage: 0,
        phase: Phase::Sync,
        wave: wave(live),
        action: Action::Delete { reason: Reason::AppDeleted, propagation },
        key,
        gvk: live.gvk(),
        why: "its Application is being deleted".to_owned(),
        origin: None,
        desired: None,
        changes: Vec::new(),
        taken: Vec::new(),
        precondition: Precondition { uid: live.uid(), reads: Some(digest_of_reads(live)) },
    }
}
