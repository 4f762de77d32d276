//! From differences to steps.

use tautline_core::{Digest, Object, Presence, ResourceKey};
use tautline_diff::{Difference, Outcome};
use tautline_ownership::{Owner, Pair, Propagation, Reason};

use crate::order::{kind_rank, wave};
use crate::step::{Action, Phase, Precondition, Step, StepId};
use crate::{Inputs, Plan};

/// What decides, beside the differences, which steps there are.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Whether what Git no longer holds is deleted.
    pub prune: bool,
    /// The namespace to create first, if it is not there.
    pub create_namespace: Option<String>,
    /// What happens to the dependents of what is pruned.
    pub propagation: Propagation,
    /// Managers whose fields are folded into ours when an object is adopted (rule R7).
    pub take_over_from: Vec<String>,
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
    /// Makes a plan of paired objects and their differences.
    pub fn build<'a>(
        inputs: Inputs,
        differences: impl IntoIterator<Item = (&'a Pair, &'a Difference)>,
        options: &PlanOptions,
    ) -> (Self, Vec<Withheld>) {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut withheld = Vec::new();
        for (pair, difference) in differences {
            match draft(pair, difference, options) {
                Drafted::Step(step) => drafts.push(*step),
                Drafted::Nothing => {}
                Drafted::Withheld(message) => withheld.push(Withheld { key: pair.key.clone(), message }),
            }
        }
        if let Some(namespace) = &options.create_namespace {
            drafts.push(namespace_draft(namespace));
        }
        (Self { inputs, steps: ordered(drafts) }, withheld)
    }
}

struct Draft {
    /// Deletes after everything else; then phase, wave, kind.
    place: (bool, Phase, i64, i64),
    step: Step,
}

enum Drafted {
    Step(Box<Draft>),
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
        Outcome::Unchanged | Outcome::Unknown(_) => Drafted::Nothing,
        Outcome::Create => write(pair, difference, Action::Create, "it is not in the cluster".into()),
        Outcome::Change => {
            let take_over =
                pair.live.as_ref().present().is_some_and(|live| is_foreign(live, &options.take_over_from));
            let count = difference.changes.len();
            let why = match count {
                1 => "1 field differs".to_owned(),
                _ => format!("{count} fields differ"),
            };
            write(pair, difference, Action::Apply { take_over }, why)
        }
        Outcome::Delete => prune(pair, options),
    }
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
    let wave = wave(&manifest.object);
    let rank = i64::try_from(kind_rank(manifest.object.kind())).unwrap_or(i64::MAX);
    let step = Step {
        id: StepId(0),
        stage: 0,
        phase: Phase::Sync,
        wave,
        action,
        key: pair.key.clone(),
        gvk: manifest.object.gvk(),
        why,
        origin: Some(manifest.origin.clone()),
        desired: Some(manifest.object.to_value().digest()),
        changes: difference.changes.clone(),
        taken: difference.taken.clone(),
        precondition: precondition(pair),
    };
    Drafted::Step(Box::new(Draft { place: (false, Phase::Sync, wave, rank), step }))
}

fn prune(pair: &Pair, options: &PlanOptions) -> Drafted {
    let Presence::Present(live) = &pair.live else { return Drafted::Nothing };
    if live.is_terminating() {
        return Drafted::Nothing;
    }
    if let Some(reason) = keeps(live) {
        return Drafted::Withheld(format!("ignored (no prune): {reason}"));
    }
    if !options.prune {
        return Drafted::Withheld("ignored (requires pruning)".to_owned());
    }
    if let Some(other) = &pair.also_held_by {
        return Drafted::Withheld(format!("not pruned: app {other} holds it too"));
    }
    let wave = wave(live);
    let rank = i64::try_from(kind_rank(live.kind())).unwrap_or(i64::MAX);
    let step = Step {
        id: StepId(0),
        stage: 0,
        phase: Phase::Sync,
        wave,
        action: Action::Delete { reason: Reason::Pruned, propagation: options.propagation },
        key: pair.key.clone(),
        gvk: live.gvk(),
        why: "Git no longer holds it".to_owned(),
        origin: None,
        desired: None,
        changes: Vec::new(),
        taken: Vec::new(),
        precondition: precondition(pair),
    };
    // Backwards: high waves and late kinds first.
    Drafted::Step(Box::new(Draft { place: (true, Phase::Sync, -wave, -rank), step }))
}

/// Why an object is never pruned, if it says so or its kind does (rules R1, R19).
pub fn keeps(live: &Object) -> Option<&'static str> {
    let option = |name: &str| {
        let options = live.annotation("argocd.argoproj.io/sync-options").unwrap_or_default();
        options.split(',').any(|o| o.trim() == name)
    };
    if live.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        Some("a CustomResourceDefinition is never pruned, its objects would go too")
    } else if option("Prune=false") {
        Some("Prune=false")
    } else if option("Prune=confirm") {
        Some("Prune=confirm waits for a confirmation")
    } else if live.annotation("helm.sh/resource-policy") == Some("keep") {
        Some("helm.sh/resource-policy: keep")
    } else {
        None
    }
}

fn precondition(pair: &Pair) -> Precondition {
    match &pair.live {
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
    let step = Step {
        id: StepId(0),
        stage: 0,
        phase: Phase::PreSync,
        wave: 0,
        action: Action::CreateNamespace,
        key: ResourceKey::new("", "Namespace", "", namespace),
        gvk: tautline_core::GroupVersionKind::new("", "v1", "Namespace"),
        why: "CreateNamespace=true".to_owned(),
        origin: None,
        desired: None,
        changes: Vec::new(),
        taken: Vec::new(),
        precondition: Precondition::default(),
    };
    Draft { place: (false, Phase::PreSync, i64::MIN, 0), step }
}

fn ordered(mut drafts: Vec<Draft>) -> Vec<Step> {
    bubble_dependencies(&mut drafts);
    drafts.sort_by(|a, b| a.place.cmp(&b.place).then_with(|| a.step.key.cmp(&b.step.key)));
    let mut stage = 0;
    let mut last = None;
    let mut steps = Vec::with_capacity(drafts.len());
    for (id, draft) in (0..).zip(drafts) {
        if last.is_some_and(|place| place != draft.place) {
            stage += 1;
        }
        last = Some(draft.place);
        steps.push(Step { id: StepId(id), stage, ..draft.step });
    }
    steps
}

/// Moves a Namespace before the first object in it, and a CRD before the first object of its kind: the moved
/// step takes over phase and wave of the one that needs it (Argo CD 3.6, sync_tasks.go).
fn bubble_dependencies(drafts: &mut [Draft]) {
    for i in 0..drafts.len() {
        let Some(draft) = drafts.get(i).filter(|d| !d.place.0) else { continue };
        let key = &draft.step.key;
        let needs_it: Box<dyn Fn(&Step) -> bool> = match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace") => {
                let name = key.name.clone();
                Box::new(move |step| step.key.namespace == name)
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                // A CRD's name is `<plural>.<group>`.
                let group = key.name.split_once('.').map_or_else(String::new, |(_, group)| group.to_owned());
                Box::new(move |step| step.key.group == group)
            }
            _ => continue,
        };
        let first =
            drafts.iter().filter(|d| !d.place.0 && needs_it(&d.step)).map(|d| (d.place.1, d.place.2)).min();
        if let Some(first) = first
            && let Some(draft) = drafts.get_mut(i)
            && first < (draft.place.1, draft.place.2)
        {
            (draft.place.1, draft.place.2) = first;
            (draft.step.phase, draft.step.wave) = first;
        }
    }
}
