//! `taut plan`: the steps that would be taken.

use std::fmt::Write;
use std::path::Path;

use tautline::argocd::Project;
use tautline::cluster::Target;
use tautline::core::{Clock, GroupKind, GroupVersionKind};
use tautline::diff::{Difference, Outcome};
use tautline::ownership::{LiveView, Pair};
use tautline::plan::{Circumstances, Inputs, Plan, PlanOptions, Verdict, Withheld};

use crate::arguments::{CompareOptions, PlanOutput};
use crate::compare::{self, Comparison, Subject};
use crate::failure::{Failure, Result};
use crate::journal;
use crate::live::{Live, Snapshot, connect};
use crate::rbac;
use crate::render::render_completely;
use crate::stored::StoredPlan;
use crate::system::SystemClock;

/// A plan with what it rests on.
pub(crate) struct Planned {
    /// The steps.
    pub(crate) plan: Plan,
    /// What differs and gets no step.
    pub(crate) withheld: Vec<Withheld>,
    /// Objects that nobody can judge: while there is one, nothing is written.
    pub(crate) unknown: Vec<String>,
    /// What was compared.
    pub(crate) comparison: Comparison,
    /// Whose objects they are.
    pub(crate) subject: Subject,
}

/// Runs the verb.
pub(crate) async fn run(options: &crate::arguments::PlanOptions) -> Result<u8> {
    if options.sign.is_some() && !matches!(options.output, PlanOutput::File(_)) {
        return Err(Failure::usage("--sign is for a plan that is written to a file; say -o FILE too."));
    }
    let live = connect(&options.compare.cluster).await?;
    let planned = make(&options.compare, options.prune, &live, None).await?;
    if options.rbac {
        print!("{}", rbac::roles(&planned)?);
        return Ok(0);
    }
    match &options.output {
        PlanOutput::Text => print!("{}", planned.to_text()),
        PlanOutput::Json => println!("{}", planned.to_json()?),
        PlanOutput::File(file) => {
            print!("{}", planned.to_text());
            let mut stored = StoredPlan::new(&options.compare, options.prune, planned.masked());
            if let Some(key) = &options.sign {
                stored.sign(key)?;
            }
            stored.write(file)?;
            println!("written to {}; take it with: taut apply {}", file.display(), file.display());
        }
    }
    planned.unknown.iter().for_each(|line| eprintln!("taut: {line}"));
    Ok(u8::from(!planned.unknown.is_empty() || !planned.plan.faults.is_empty()))
}

/// Renders, compares, and plans. With the folder of a journal, what was interrupted is gone on with.
pub(crate) async fn make(
    options: &CompareOptions,
    prune: bool,
    live: &Live,
    journal: Option<&Path>,
) -> Result<Planned> {
    let rendering = render_completely(&options.source).await?;
    let subject = compare::subject(options, &rendering, &live.server)?;
    let may_be_empty = subject
        .application
        .as_ref()
        .is_some_and(|app| app.spec.policy.automated.as_ref().is_some_and(|automated| automated.allow_empty));
    if prune && rendering.manifests.is_empty() && !may_be_empty {
        let message = "there is no manifest at all, and --prune would delete everything; set allowEmpty in the \
                       Application if that is meant.";
        return Err(Failure::work(message));
    }
    let interrupted = match journal {
        Some(folder) => journal::interrupted(folder, subject.destination.app.as_str()).await?,
        None => None,
    };
    let manager = &options.field_manager;
    let compared = compare::compare(live, &rendering, &subject, manager, prune, interrupted.as_ref());
    let mut comparison = compared.await?;
    let app = subject.application.as_ref();
    let plan_options = PlanOptions {
        prune,
        create_namespace: app
            .filter(|app| app.spec.policy.create_namespace)
            .map(|app| app.spec.destination.namespace.clone()),
        propagation: app.map(|app| app.spec.policy.propagation).unwrap_or_default(),
        take_over_from: compare::take_over_from(&subject),
        objects: app.map(|app| app.spec.policy.objects).unwrap_or_default(),
        is_whole: true,
        awaits_last_wave: true,
        confirms_data: false,
        is_retry: false,
        autoscaled: comparison.autoscaled.clone(),
    };
    let inputs = Inputs {
        app: subject.destination.app.to_string(),
        revision: rendering.revision.clone(),
        reads: None,
    };
    let (kept, rows): (Vec<_>, Vec<_>) = comparison.rows.iter().partition(|(pair, d)| is_kept(pair, d));
    let (mut plan, mut withheld) =
        Plan::build(inputs, rows.into_iter().map(|(p, d)| (p, d)), &comparison.hooks, &plan_options);
    if plan.steps.iter().any(|step| step.action.is_delete()) {
        list_dependents(&mut comparison.snapshot, live).await;
    }
    plan.examine(&comparison.snapshot.cache);
    withheld.extend(kept.iter().map(|(pair, _)| Withheld {
        key: pair.key.clone(),
        message: "a Namespace is never pruned one-shot, what is in it would go too".to_owned(),
    }));
    let unknown = comparison.rows.iter().filter_map(|(pair, difference)| match &difference.outcome {
        Outcome::Unknown(why) => Some(format!("{}: {why}.", pair.key)),
        _ => None,
    });
    let planned = Planned { plan, withheld, unknown: unknown.collect(), comparison, subject };
    permit(&planned, live, &options.source.control_plane).await?;
    Ok(planned)
}

/// Lists what deletions of the usual controllers and claims take along, as far as it is not listed yet.
async fn list_dependents(snapshot: &mut Snapshot, live: &Live) {
    let kinds = [
        ("apps", "ReplicaSet"),
        ("apps", "ControllerRevision"),
        ("batch", "Job"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("", "Pod"),
        ("", "PersistentVolume"),
    ];
    let unlisted = kinds.map(|(group, kind)| GroupKind::new(group, kind)).into_iter();
    let unlisted = unlisted.filter(|kind| snapshot.cache.freshness(kind).is_err());
    let resources: Vec<_> = unlisted.filter_map(|kind| snapshot.catalog.preferred(&kind)).collect();
    snapshot.list(&*live.cluster, resources).await;
}

/// Rule R19: whether a namespace is empty is watched by a controller, not known to one look.
fn is_kept(pair: &Pair, difference: &Difference) -> bool {
    difference.outcome == Outcome::Delete && pair.key.group_kind().is("", "Namespace")
}

/// What the Application's project says to the plan (rule R1).
async fn permit(planned: &Planned, live: &Live, control_plane: &str) -> Result<()> {
    let Some(app) = &planned.subject.application else { return Ok(()) };
    let kind = GroupVersionKind::new("argoproj.io", "v1alpha1", "AppProject");
    let found = match planned.comparison.snapshot.catalog.resource(&kind) {
        Some(resource) => {
            let target = Target::new(resource, control_plane, &app.project);
            live.cluster.get(&target).await.map_err(Failure::work)?
        }
        None => None,
    };
    let project = match found {
        Some(object) => Project::read(&object),
        None if app.project == "default" => Project::everything(),
        None => {
            let message = format!("there is no AppProject {} in namespace {control_plane}.", app.project);
            return Err(Failure::work(message));
        }
    };
    if let Some(problem) = project.refuses(app).first() {
        return Err(Failure::work(format!("{problem}.")));
    }
    let live = planned.comparison.rows.iter().filter(|(pair, _)| pair.live.as_ref().present().is_some());
    let circumstances = Circumstances { now: SystemClock.now(), is_manual: true, objects: live.count() };
    let gates = project.gates(app).map_err(|problems| match problems.first() {
        Some(problem) => Failure::work(format!("{problem}.")),
        None => Failure::work("the project's sync windows cannot be read."),
    })?;
    let refusal = gates.iter().find_map(|gate| match gate.judge(&planned.plan, &circumstances) {
        Verdict::Allow => None,
        Verdict::Refuse { reason, .. } => Some(reason),
    });
    refusal.map_or(Ok(()), |reason| Err(Failure::work(reason)))
}

impl Planned {
    /// The plan for people.
    pub(crate) fn to_text(&self) -> String {
        let mut out = self.masked().to_text();
        for Withheld { key, message } in &self.withheld {
            let _ = writeln!(out, "  ! {key}: {message}");
        }
        out
    }

    fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(&self.masked()).map_err(Failure::work)
    }

    /// The plan as it may be shown or stored: a digest of a Secret as it stands in Git would tell whether
    /// a guess at it is right (rule R26).
    pub(crate) fn masked(&self) -> Plan {
        let mut plan = self.plan.clone();
        let secrets = plan.steps.iter_mut().filter(|step| step.key.group_kind().is("", "Secret"));
        secrets.for_each(|step| step.desired = None);
        plan
    }
}
