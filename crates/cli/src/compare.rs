//! Desired beside live, and what would change: the work that diff, plan and apply share.

use std::collections::{BTreeMap, BTreeSet};

use std::sync::Arc;
use tautline::argocd::Application;
use tautline::cluster::ApiResource;
use tautline::core::{
    AppId, Clock, FieldManager, Freshness, GroupKind, Manifest, Object, Presence, Problem, ResourceKey,
    Severity,
};
use tautline::diff::{Differ, Difference, IgnoreRules, Outcome, Sides, Structured, without_unknown};
use tautline::engine::SyncPolicy;
use tautline::ownership::{
    AppInstance, Destination, LiveView, Neighbours, Pair, Prepared, Scope, Scopes, pair, prepare,
};
use tautline::plan::{Hook, HookRun, Phase, Record, created_at, drop_unknown, named, set_apart};
use tautline::schema::Schemas;

use crate::arguments::CompareOptions;
use crate::failure::{Failure, Result};
use crate::input;
use crate::journal;
use crate::live::{Live, Snapshot};
use crate::render::Rendering;
use crate::system::{SystemClock, masking_key};

/// Whose objects are compared, and where they go.
pub(crate) struct Subject {
    /// The destination, with the app as tracking ids name it.
    pub(crate) destination: Destination,
    /// The Application, if there is one.
    pub(crate) application: Option<Application>,
}

/// Desired and live objects with their differences, side by side.
pub(crate) struct Comparison {
    /// What was prepared to be sent.
    pub(crate) prepared: Prepared,
    /// Every object on either side, with what would happen to it.
    pub(crate) rows: Vec<(Pair, Difference)>,
    /// What is sent in the place of desired objects that have ignored fields.
    pub(crate) payloads: BTreeMap<ResourceKey, Object>,
    /// The hooks of a sync, with what lives under their names.
    pub(crate) hooks: Vec<HookRun>,
    /// What autoscalers scale, where it matters (rule R16); `None` if they cannot be listed.
    pub(crate) autoscaled: Option<BTreeSet<ResourceKey>>,
    /// What lives.
    pub(crate) snapshot: Snapshot,
}

/// Whose objects the command line means (rule R2: a destination is not guessed).
pub(crate) fn subject(options: &CompareOptions, rendering: &Rendering, server: &str) -> Result<Subject> {
    let control_plane = &options.source.control_plane;
    if let Some(application) = &rendering.application {
        if options.app.is_some() || options.namespace.is_some() {
            return Err(Failure::usage(
                "--app and --namespace are for folders; the Application names its own.",
            ));
        }
        let said = |field: &str| application.str_at(&["spec", "destination", field]).unwrap_or_default();
        let is_here =
            said("name").is_empty() && said("server").trim_end_matches('/') == server.trim_end_matches('/');
        if !is_here && !options.context_is_destination {
            let to = [said("server"), said("name")].concat();
            return Err(Failure::usage(format!(
                "the Application {} goes to {to}, and the kubeconfig's cluster is {server}; if they are the same, \
                 say so with --context-is-destination.",
                application.name()
            )));
        }
        let application = input::read(application.clone(), control_plane)?;
        return Ok(Subject {
            destination: application.spec.destination.clone(),
            application: Some(application),
        });
    }
    let Some(app) = &options.app else {
        return Err(Failure::usage(
            "whose objects are these? Name their app with --app, or give an Application.",
        ));
    };
    let id = match app.split_once('/') {
        Some((namespace, name)) => AppId::new(namespace, name),
        None => AppId::new(control_plane.as_str(), app.as_str()),
    };
    let namespace = options.namespace.clone().unwrap_or_else(|| "default".to_owned());
    let app = AppInstance::of(&id, control_plane);
    Ok(Subject { destination: Destination { app, namespace, application: None }, application: None })
}

/// Compares a complete render with a cluster. With `search`, objects of the app are looked for in every kind.
pub(crate) async fn compare(
    live: &Live,
    rendering: &Rendering,
    subject: &Subject,
    manager: &str,
    search: bool,
    interrupted: Option<&Record>,
) -> Result<Comparison> {
    let masking = masking_key();
    let mut snapshot = Snapshot::open(&*live.cluster, masking.clone()).await?;
    let kinds: BTreeSet<_> = rendering.manifests.iter().map(|m| m.object.gvk()).collect();
    if kinds.iter().any(|gvk| snapshot.schemas.kind(gvk).is_none()) {
        snapshot.learn_types(&*live.cluster).await;
    }
    let defined = Defined::of(rendering, &snapshot);
    let (ordinary, hooks) = set_apart(&rendering.manifests);
    let mut prepared = prepare(&ordinary, &subject.destination, &defined);
    let objects = subject.application.as_ref().map(|app| app.spec.policy.objects).unwrap_or_default();
    drop_unknown(&mut prepared, objects, |object| without_unknown(object, &snapshot.schemas));
    check(&prepared)?;
    let mut wanted: BTreeMap<GroupKind, ApiResource> = BTreeMap::new();
    for manifest in prepared.manifests.values().chain(hooks.iter().map(|(_, manifest)| manifest)) {
        let gvk = manifest.object.gvk();
        let resource =
            snapshot.catalog.resource(&gvk).or_else(|| snapshot.catalog.preferred(&gvk.group_kind()));
        wanted.extend(resource.map(|resource| (gvk.group_kind(), resource)));
    }
    let mut others = subject.application.as_ref().map(|app| app.spec.kinds.clone()).unwrap_or_default();
    if search {
        others.extend(snapshot.kinds_of(&*live.cluster, subject.destination.app.as_str()).await?);
    }
    for kind in others {
        if let Some(resource) = snapshot.catalog.preferred(&kind) {
            wanted.entry(kind).or_insert(resource);
        }
    }
    snapshot.list(&*live.cluster, wanted.into_values()).await;
    let manager = FieldManager::new(manager);
    let from = take_over_from(subject);
    let differ = Structured::new(Arc::new(snapshot.schemas.clone()), manager, masking, from);
    let is_hook = |pair: &Pair| pair.live.as_ref().present().is_some_and(|o| Hook::of(o).is_some());
    let pairs = pair(&prepared, &subject.destination, &snapshot.cache, &Alone).into_iter();
    let pairs = pairs.filter(|pair| pair.desired.is_some() || !is_hook(pair));
    let hooks = hook_runs(&hooks, rendering, subject, &defined, &snapshot, interrupted);
    let ignore = subject.application.as_ref().map(|app| &app.spec.ignore);
    let rows = pairs.map(|mut pair| {
        defined.settle(&mut pair, &snapshot);
        let difference = judge(&pair, &differ, ignore);
        (pair, difference)
    });
    let rows: Vec<_> = rows.collect();
    let payload = |pair: &Pair| {
        let desired = pair.desired.as_ref()?;
        let payload =
            differ.payload(&Sides { desired, live: &pair.live, learned: None, ignore, taken_over: &[] })?;
        Some((pair.key.clone(), payload))
    };
    let payloads = rows.iter().filter_map(|(pair, _)| payload(pair)).collect();
    let autoscaled = autoscalers(&rows, live, &mut snapshot).await;
    Ok(Comparison { rows, prepared, payloads, hooks, autoscaled, snapshot })
}

/// Looks for autoscalers, live and desired, if the number of replicas leaves Git somewhere.
async fn autoscalers(
    rows: &[(Pair, Difference)],
    live: &Live,
    snapshot: &mut Snapshot,
) -> Option<BTreeSet<ResourceKey>> {
    let desired = || rows.iter().filter_map(|(pair, _)| pair.desired.as_ref().map(|m| &*m.object));
    let drops = |(pair, difference): &(Pair, Difference)| {
        tautline::plan::drops_replicas(pair.desired.as_ref().map(|m| &*m.object), difference)
    };
    let kind = tautline::plan::autoscaler_kind();
    let resource = snapshot.catalog.preferred(&kind).filter(|_| rows.iter().any(drops));
    let Some(resource) = resource else { return Some(BTreeSet::new()) };
    snapshot.list(&*live.cluster, [resource]).await;
    snapshot.cache.freshness(&kind).ok()?;
    let found = snapshot.cache.objects(&kind);
    Some(tautline::plan::autoscaled(found.iter().map(|object| &**object).chain(desired())))
}

/// The hooks of a sync that begins now, or goes on with one that was interrupted.
fn hook_runs(
    hooks: &[(Hook, Manifest)],
    rendering: &Rendering,
    subject: &Subject,
    scopes: &dyn Scopes,
    snapshot: &Snapshot,
    interrupted: Option<&Record>,
) -> Vec<HookRun> {
    let began = journal::began(interrupted, &rendering.revision);
    let (now, interrupted) =
        (began.unwrap_or_else(|| SystemClock.now()), interrupted.filter(|_| began.is_some()));
    let finished = interrupted.map(Record::finished_hooks).unwrap_or_default();
    let made = interrupted.map(Record::made_hooks).unwrap_or_default();
    let mut runs = Vec::new();
    for (hook, manifest) in hooks {
        let phases = hook.phases.iter().filter(|p| !matches!(p, Phase::PreDelete | Phase::PostDelete));
        for phase in phases {
            let manifest = named(manifest, &rendering.revision, *phase, now);
            let prepared = prepare(&[manifest], &subject.destination, scopes);
            runs.extend(prepared.manifests.into_iter().map(|(key, manifest)| {
                let live = snapshot.cache.get(&key);
                let is_of_this_run = live
                    .as_ref()
                    .present()
                    .is_some_and(|live| created_at(live).is_some_and(|at| at.seconds() >= now.seconds()));
                let place = (key, *phase);
                // One that was made and is gone has run: it is missed, not run again.
                let is_missed = made.contains_key(&place) && live.is_absent();
                HookRun {
                    hook: hook.clone(),
                    phase: *phase,
                    is_resumed: interrupted.is_some() && (is_of_this_run || is_missed),
                    is_finished: finished.contains(&place),
                    live,
                    manifest,
                }
            }));
        }
    }
    runs
}

/// The managers whose fields are folded into ours (rule R7).
pub(crate) fn take_over_from(subject: &Subject) -> Vec<String> {
    match &subject.application {
        Some(application) => application.spec.policy.taken_over(),
        None => SyncPolicy::default().take_over_from,
    }
}

fn judge(pair: &Pair, differ: &Structured, ignore: Option<&IgnoreRules>) -> Difference {
    match (&pair.desired, &pair.live) {
        (Some(desired), live) => {
            differ.diff(&Sides { desired, live, learned: None, ignore, taken_over: &[] })
        }
        (None, Presence::Present(_)) => Difference::of(Outcome::Delete),
        (None, _) => Difference::default(),
    }
}

fn check(prepared: &Prepared) -> Result<()> {
    prepared.problems.iter().for_each(|problem| eprintln!("{problem}"));
    match prepared.problems.iter().any(|problem: &Problem| problem.severity == Severity::Error) {
        true => {
            Err(Failure::work("the manifests cannot be sent as they are, so nothing is compared or written."))
        }
        false => Ok(()),
    }
}

/// What the cluster serves, and what the CRDs among the manifests will make it serve.
struct Defined {
    scopes: BTreeMap<GroupKind, Scope>,
    catalog: tautline::runtime::Catalog,
}

impl Defined {
    fn of(rendering: &Rendering, snapshot: &Snapshot) -> Self {
        let crds = rendering.manifests.iter().map(|manifest| &manifest.object);
        let crds = crds.filter(|object| object.is("apiextensions.k8s.io", "CustomResourceDefinition"));
        let scopes = crds.map(|crd| {
            let text = |path: &[&str]| crd.str_at(path).unwrap_or_default().to_owned();
            let scope = match text(&["spec", "scope"]).as_str() {
                "Cluster" => Scope::Cluster,
                _ => Scope::Namespaced,
            };
            (GroupKind::new(text(&["spec", "group"]), text(&["spec", "names", "kind"])), scope)
        });
        Self { scopes: scopes.collect(), catalog: snapshot.catalog.clone() }
    }

    /// An object of a kind that its own CRD among the manifests will define cannot be there yet.
    fn settle(&self, pair: &mut Pair, snapshot: &Snapshot) {
        let kind = pair.key.group_kind();
        let is_unserved = self.catalog.is_served(&kind) == Some(false);
        if is_unserved && self.scopes.contains_key(&kind) {
            let crd = GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition");
            if let Ok(freshness) = snapshot.cache.freshness(&crd) {
                pair.live = Presence::Absent(Freshness { kind, ..freshness });
            }
        } else if is_unserved {
            pair.live = Presence::Unknown(tautline::core::Why::NotServed(kind));
        }
    }
}

impl Scopes for Defined {
    fn scope(&self, kind: &GroupKind) -> Option<Scope> {
        self.catalog.scope(kind).or_else(|| self.scopes.get(kind).copied())
    }

    fn is_served(&self, kind: &GroupKind) -> Option<bool> {
        self.catalog.is_served(kind)
    }
}

/// One-shot, nothing is known of other apps: whoever an object names as its owner has it (rule R20).
struct Alone;

impl Neighbours for Alone {
    fn exists(&self, _: &str) -> bool {
        true
    }

    fn holds(&self, _: &str, _: &ResourceKey) -> Option<bool> {
        None
    }

    fn other_holder(&self, _: &str, _: &ResourceKey) -> Option<String> {
        None
    }
}
