//! Reading an `Application` (argoproj.io/v1alpha1) into the engine's words.

use std::collections::BTreeSet;
use std::time::Duration;

use tautline_core::{
    AppId, Backoff, Digest, GroupKind, Map, Object, Problem, ResourceKey, TreePath, Value, Want,
};
use tautline_diff::IgnoreRules;
use tautline_engine::{
    AppSpec, Automated, Deletion, HistoryEntry, Interrupted, Memory, SyncPolicy, SyncRequest,
};
use tautline_grammar::time;
use tautline_ownership::{AppInstance, Destination, Propagation};
use tautline_plan::{DELETION_BUDGET_ANNOTATION, DeletionBudget, Phase, SyncOptions};
use tautline_render::{DirectoryOptions, Tool};

use crate::helm;
use crate::kustomize;
use crate::options::AppOptions;
use crate::status::INSTEAD_OF;

/// The annotation that keeps the kinds an app ever owned objects of (rule R3).
pub const KINDS_ANNOTATION: &str = "tautline.dev/kinds";
/// The annotation that asks for a look at the repository now.
pub const REFRESH_ANNOTATION: &str = "argocd.argoproj.io/refresh";
/// The annotation with the time at which a person confirmed what asks for it (`Prune=confirm`, `Delete=confirm`).
pub(crate) const DELETION_APPROVED_ANNOTATION: &str = "argocd.argoproj.io/deletion-approved";
/// Our annotation on an Application: names apps that must be synced and well before a revision of this one is
/// synced, separated by commas: `[NAMESPACE/]NAME`.
pub const DEPENDS_ON_APPS_ANNOTATION: &str = "tautline.dev/depends-on-apps";
/// Our annotation on an Application: `false` ends a sync without waiting for the health of its last wave, as
/// Argo CD does.
pub(crate) const AWAIT_LAST_WAVE_ANNOTATION: &str = "tautline.dev/await-last-wave";
/// The finalizer under which we remove what an app owns.
pub const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// What the reading needs to know of the controller.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The namespace whose Applications carry bare names in tracking ids.
    pub control_plane: String,
    /// The time between two looks at a repository.
    pub poll: Duration,
    /// Whether nothing is ever written.
    pub observe: bool,
}

/// An `Application` in the engine's words.
#[derive(Clone, Debug)]
pub struct Application {
    /// What it should do.
    pub spec: AppSpec,
    /// Its folder in the source.
    pub path: TreePath,
    /// How it is rendered.
    pub tool: Tool,
    /// What its status remembers.
    pub memory: Memory,
    /// The project it belongs to.
    pub project: String,
    /// The repository, as projects allow it.
    pub repository: String,
    /// Whether a look at the repository is asked for; `true` for a hard one.
    pub refresh: Option<bool>,
    /// The sync that `.operation` asks for.
    pub operation: Option<SyncRequest>,
    /// How much one plan may delete.
    pub budget: DeletionBudget,
}

impl Application {
    /// Reads an Application. What is not understood is in `spec.refused` (rule R1): nothing is ever ignored.
    pub fn read(object: &Object, settings: &Settings) -> Self {
        let mut refused = Refused::default();
        let spec = object.get("spec").and_then(Value::as_map).cloned().unwrap_or_default();
        let source = spec.get("source").and_then(Value::as_map).cloned().unwrap_or_default();
        refused.check_spec(&spec, &source);
        let options = AppOptions::read(&spec, &mut refused.0);
        let ignore = ignore_rules(&spec, &options, &mut refused);
        let path = TreePath::new(text(&source, "path")).unwrap_or_else(|error| {
            refused.add("path", &error.to_string());
            TreePath::root()
        });
        let tool = tool(object, &source, &mut refused);
        let id = AppId::new(object.namespace(), object.name());
        let destination = destination(object, &spec, &id, settings, &mut refused);
        let budget =
            object.annotation(DELETION_BUDGET_ANNOTATION).map_or(Ok(DeletionBudget::default()), str::parse);
        let budget = budget.unwrap_or_else(|message| {
            refused.0.push(Problem::error("invalid-spec", message));
            DeletionBudget::Objects(0)
        });
        let skips = object.annotation("argocd.argoproj.io/skip-reconcile") == Some("true");
        let app = AppSpec {
            destination,
            want: want(&source),
            source: Digest::of_parts([Value::Map(source.clone()).to_json()]),
            policy: SyncPolicy {
                awaits_last_wave: object.annotation(AWAIT_LAST_WAVE_ANNOTATION) != Some("false"),
                confirms_data: budget != DeletionBudget::Off,
                ..policy(&spec, &options, settings)
            },
            history_limit: usize::try_from(
                spec.get("revisionHistoryLimit").and_then(Value::as_i64).unwrap_or(10),
            )
            .unwrap_or(10),
            refused: refused.0,
            kinds: kinds(object),
            deletion: deletion(object),
            depends_on: depends_on(object),
            observe_only: settings.observe || skips,
            ignore,
            deletion_approved: object
                .annotation(DELETION_APPROVED_ANNOTATION)
                .and_then(|t| time::parse(t).ok()),
            id,
        };
        Self {
            memory: memory(object, &source, app.source),
            path,
            tool,
            project: match text(&spec, "project") {
                "" => "default".to_owned(),
                project => project.to_owned(),
            },
            repository: text(&source, "repoURL").to_owned(),
            refresh: object.annotation(REFRESH_ANNOTATION).map(|value| value == "hard"),
            operation: operation(object),
            budget,
            spec: app,
        }
    }
}

/// Collects what is not understood.
#[derive(Default)]
pub(crate) struct Refused(pub(crate) Vec<Problem>);

impl Refused {
    pub(crate) fn add(&mut self, field: &str, why: &str) {
        self.0.push(Problem::error("invalid-spec", format!("spec.{field}: {why}")));
    }

    fn check_spec(&mut self, spec: &Map, source: &Map) {
        let is_set = |map: &Map, field: &str| match map.get(field) {
            None | Some(Value::Null) => false,
            Some(Value::List(list)) => !list.is_empty(),
            Some(_) => true,
        };
        for field in ["sources", "sourceHydrator"] {
            if is_set(spec, field) {
                self.add(field, "this version does not support it, and does not ignore it; remove it");
            }
        }
        for field in ["plugin", "chart", "ref", "tagPrefix"] {
            if is_set(source, field) {
                self.add(
                    &format!("source.{field}"),
                    "this version does not support it, and does not ignore it",
                );
            }
        }
        if text(source, "repoURL").is_empty() && !is_set(spec, "sources") {
            self.add("source.repoURL", "it is missing");
        }
        if text(source, "repoURL").starts_with("oci://") {
            self.add("source.repoURL", "OCI sources are not supported by this version");
        }
        let known = [
            "source",
            "sources",
            "destination",
            "project",
            "syncPolicy",
            "ignoreDifferences",
            "info",
            "revisionHistoryLimit",
            "sourceHydrator",
        ];
        for key in spec.keys().filter(|key| !known.contains(&key.as_str())) {
            self.add(key, "this field is not known; check its spelling");
        }
    }
}

pub(crate) fn text<'a>(map: &'a Map, field: &str) -> &'a str {
    map.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn want(source: &Map) -> Want {
    let reference = match text(source, "targetRevision") {
        "" => "HEAD",
        reference => reference,
    };
    Want::Git { repository: text(source, "repoURL").to_owned(), reference: reference.to_owned() }
}

fn tool(object: &Object, source: &Map, refused: &mut Refused) -> Tool {
    let blocks: Vec<&str> = ["helm", "kustomize", "directory"]
        .into_iter()
        .filter(|block| source.get(block).is_some_and(|v| !v.is_null()))
        .collect();
    if blocks.len() > 1 {
        refused.add("source", &format!("multiple application sources defined: {}", blocks.join(", ")));
    }
    match blocks.first() {
        Some(&"helm") => Tool::Helm(helm::options(object, source, refused)),
        Some(&"kustomize") => Tool::Kustomize(Box::new(kustomize::options(object, source, refused))),
        Some(_) => {
            let directory = source.get("directory").and_then(Value::as_map).cloned().unwrap_or_default();
            for key in directory.keys().filter(|k| !["recurse", "include", "exclude"].contains(&k.as_str())) {
                let is_empty = directory.get(key).and_then(Value::as_map).is_some_and(Map::is_empty);
                if !is_empty {
                    refused.add(&format!("source.directory.{key}"), "this version does not support it");
                }
            }
            Tool::Directory(DirectoryOptions {
                recurse: directory.get("recurse").and_then(Value::as_bool).unwrap_or(false),
                include: text(&directory, "include").to_owned(),
                exclude: text(&directory, "exclude").to_owned(),
            })
        }
        None => Tool::Detected(helm::options(object, source, refused)),
    }
}

fn ignore_rules(spec: &Map, options: &AppOptions, refused: &mut Refused) -> IgnoreRules {
    let list = spec.get("ignoreDifferences").and_then(Value::as_list).cloned().unwrap_or_default();
    match IgnoreRules::read(&list) {
        Ok(rules) => rules.overwriting(!options.respects_ignored),
        Err(errors) => {
            refused.0.extend(errors.iter().map(|e| Problem::error("invalid-spec", format!("spec.{e}"))));
            IgnoreRules::default()
        }
    }
}

/// Rule R2: the cluster that the Applications are read from, or nothing.
fn destination(
    object: &Object,
    spec: &Map,
    id: &AppId,
    settings: &Settings,
    refused: &mut Refused,
) -> Destination {
    let destination = spec.get("destination").and_then(Value::as_map).cloned().unwrap_or_default();
    match (text(&destination, "server"), text(&destination, "name")) {
        ("https://kubernetes.default.svc", "") | ("", "in-cluster") => {}
        ("", "") => refused.add("destination", "one of server and name must be set"),
        (server, "") => refused.add(
            "destination.server",
            &format!("{server} is not this cluster; other clusters are not supported by this version"),
        ),
        ("", name) => refused.add("destination.name", &format!("there is no cluster named {name}")),
        _ => refused.add("destination", "server and name must not both be set"),
    }
    let namespace = match text(&destination, "namespace") {
        "" => "default",
        namespace => namespace,
    };
    let application = ResourceKey::new("argoproj.io", "Application", object.namespace(), object.name());
    Destination {
        app: AppInstance::of(id, &settings.control_plane),
        namespace: namespace.to_owned(),
        application: Some(application),
    }
}

fn policy(spec: &Map, options: &AppOptions, settings: &Settings) -> SyncPolicy {
    let defaults = SyncPolicy::default();
    let policy = spec.get("syncPolicy").cloned().unwrap_or_default();
    let flag = |value: &Value, field: &str| value.get(field).and_then(Value::as_bool).unwrap_or(false);
    let automated = policy.get("automated").filter(|a| !a.is_null()).and_then(|automated| {
        let is_on = automated.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        is_on.then(|| Automated {
            prune: flag(automated, "prune"),
            self_heal: flag(automated, "selfHeal"),
            allow_empty: flag(automated, "allowEmpty"),
        })
    });
    let retry = policy.get("retry");
    let limit = retry.and_then(|r| r.i64_at(&["limit"]));
    let duration = |field: &str, otherwise: Duration| {
        let text = retry.and_then(|r| r.str_at(&["backoff", field]));
        text.and_then(|t| t.parse::<tautline_grammar::Duration>().ok()?.to_std()).unwrap_or(otherwise)
    };
    let factor = retry.and_then(|r| r.at(&["backoff", "factor"])?.as_f64()).unwrap_or(defaults.retry.factor);
    SyncPolicy {
        automated,
        create_namespace: options.create_namespace,
        namespace_metadata: options.namespace_metadata.clone(),
        objects: options.objects,
        fail_on_shared: options.fail_on_shared,
        awaits_last_wave: defaults.awaits_last_wave,
        confirms_data: defaults.confirms_data,
        propagation: options.propagation,
        retry_limit: match limit {
            None => defaults.retry_limit,
            Some(limit) => u32::try_from(limit).ok(),
        },
        retry: Backoff {
            base: duration("duration", defaults.retry.base),
            factor: if factor > 0.0 { factor } else { defaults.retry.factor },
            max: duration("maxDuration", defaults.retry.max),
        },
        poll: settings.poll,
        take_over_from: if options.migrate { defaults.take_over_from } else { Vec::new() },
    }
}

/// Rule R18: what becomes of the objects when the Application goes. Argo CD's finalizers for hooks of the
/// deletion say that such hooks have to run.
fn deletion(object: &Object) -> Option<Deletion> {
    if !object.is_terminating() {
        return None;
    }
    let since = time::parse(object.metadata_str("deletionTimestamp")).unwrap_or_default();
    let mut ours = None;
    let mut needs_hooks = false;
    for finalizer in object.finalizers() {
        match finalizer.strip_prefix(FINALIZER) {
            Some("" | "/foreground") => ours = Some(Propagation::Foreground),
            Some("/background") => ours = Some(Propagation::Background),
            _ => needs_hooks |= is_hook_finalizer(finalizer),
        }
    }
    Some(match ours {
        Some(propagation) => Deletion::Cascade { propagation, since, needs_hooks },
        None if needs_hooks => Deletion::Held(format!(
            "the finalizers ask for hooks of the deletion and {FINALIZER} is missing; add it, or remove them"
        )),
        None => Deletion::Orphan,
    })
}

/// Whether a finalizer is one of Argo CD's for hooks of the deletion.
pub(crate) fn is_hook_finalizer(finalizer: &str) -> bool {
    ["pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io"].iter().any(
        |known| finalizer.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    )
}

/// The apps that an Application depends on.
fn depends_on(object: &Object) -> Vec<AppId> {
    let named = object.annotation(DEPENDS_ON_APPS_ANNOTATION).unwrap_or_default().split(',').map(str::trim);
    let named = named.filter(|name| !name.is_empty());
    let app = |name: &str| match name.split_once('/') {
        Some((namespace, name)) => AppId::new(namespace, name),
        None => AppId::new(object.namespace(), name),
    };
    named.map(app).collect()
}

fn kinds(object: &Object) -> BTreeSet<GroupKind> {
    let recorded = object.annotation(KINDS_ANNOTATION).unwrap_or_default();
    let mut kinds: BTreeSet<GroupKind> =
        recorded.split(',').filter(|k| !k.is_empty()).map(parse_kind).collect();
    for row in object.list_at(&["status", "resources"]) {
        let kind = row.str_at(&["kind"]).unwrap_or_default();
        if !kind.is_empty() {
            kinds.insert(GroupKind::new(row.str_at(&["group"]).unwrap_or_default(), kind));
        }
    }
    kinds
}

fn parse_kind(text: &str) -> GroupKind {
    let (kind, group) = text.split_once('.').unwrap_or((text, ""));
    GroupKind::new(group, kind)
}

/// The value of [`KINDS_ANNOTATION`] for these kinds.
pub(crate) fn print_kinds(kinds: &BTreeSet<GroupKind>) -> String {
    kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn memory(object: &Object, source: &Map, digest: Digest) -> Memory {
    let status = |path: &[&str]| object.get("status").and_then(|s| s.at(path)).cloned();
    let is_same_source = status(&["sync", "comparedTo", "source"]) == Some(Value::Map(source.clone()));
    let succeeded = status(&["operationState", "phase"]).is_some_and(|p| p.as_str() == Some("Succeeded"));
    let revision =
        status(&["operationState", "syncResult", "revision"]).and_then(|r| r.as_str().map(str::to_owned));
    let synced = revision.filter(|_| succeeded && is_same_source).map(|revision| (revision, digest));
    let time = |entry: &Value, field: &str| {
        entry.str_at(&[field]).and_then(|t| time::parse(t).ok()).unwrap_or_default()
    };
    let history = object.list_at(&["status", "history"]).iter().map(|entry| HistoryEntry {
        id: entry.i64_at(&["id"]).unwrap_or(0),
        revision: entry.str_at(&["revision"]).unwrap_or_default().to_owned(),
        started_at: time(entry, "deployStartedAt"),
        deployed_at: time(entry, "deployedAt"),
        automated: entry.at(&["initiatedBy", "automated"]).and_then(Value::as_bool).unwrap_or(false),
    });
    let is_ours = object.annotation(KINDS_ANNOTATION).is_some();
    Memory {
        synced,
        history: history.collect(),
        pinned: pinned(object).filter(|_| is_ours),
        is_ours,
        // What Argo CD left running is not ours to go on with.
        interrupted: interrupted(object).filter(|_| is_ours),
    }
}

/// A revision that was synced by hand, and what the app followed then.
fn pinned(object: &Object) -> Option<(String, String)> {
    let operation = object.get("status")?.at(&["operationState", "operation"])?;
    let named = |info: &&Value| info.str_at(&["name"]) == Some(INSTEAD_OF);
    let instead_of = operation.list_at(&["info"]).iter().find(named)?.str_at(&["value"])?;
    Some((operation.str_at(&["sync", "revision"])?.to_owned(), instead_of.to_owned()))
}

/// A sync that the status says is running: nobody wrote down its end.
fn interrupted(object: &Object) -> Option<Interrupted> {
    let state = object.get("status")?.get("operationState")?;
    if state.str_at(&["phase"]) != Some("Running") {
        return None;
    }
    let of = |result: &Value, field: &str| result.str_at(&[field]).unwrap_or_default().to_owned();
    let results = state.list_at(&["syncResult", "resources"]).iter();
    let finished = results
        .filter(|r| r.str_at(&["hookType"]).is_some() && r.str_at(&["hookPhase"]) == Some("Succeeded"))
        .map(|r| {
            let key = ResourceKey::new(of(r, "group"), of(r, "kind"), of(r, "namespace"), of(r, "name"));
            (key, Phase::named(&of(r, "syncPhase")).unwrap_or_default())
        });
    let revision = ["syncResult", "operation"].iter().find_map(|part| match *part {
        "operation" => state.str_at(&["operation", "sync", "revision"]),
        part => state.str_at(&[part, "revision"]),
    });
    Some(Interrupted {
        revision: revision?.to_owned(),
        started_at: time::parse(state.str_at(&["startedAt"])?).ok()?,
        prune: state.at(&["operation", "sync", "prune"]).and_then(Value::as_bool).unwrap_or(false),
        by: state.str_at(&["operation", "initiatedBy", "username"]).map(str::to_owned),
        finished_hooks: finished.collect(),
    })
}

fn operation(object: &Object) -> Option<SyncRequest> {
    let operation = object.get("operation").filter(|o| !o.is_null())?;
    let sync = operation.get("sync").filter(|s| !s.is_null())?;
    let strategy = sync.get("syncStrategy");
    let is_forced = strategy
        .and_then(|s| s.get("apply").or(s.get("hook")))
        .and_then(|s| s.get("force"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let only = sync.list_at(&["resources"]).iter().map(|r| {
        let field = |name: &str| r.str_at(&[name]).unwrap_or_default();
        ResourceKey::new(field("group"), field("kind"), field("namespace"), field("name"))
    });
    Some(SyncRequest {
        prune: sync.get("prune").and_then(Value::as_bool).unwrap_or(false),
        dry_run: sync.get("dryRun").and_then(Value::as_bool).unwrap_or(false),
        only: only.collect(),
        skips_hooks: strategy.and_then(|s| s.get("apply")).is_some_and(|a| !a.is_null()),
        revision: revision_of(sync),
        refused: is_other_source(object, sync)
            .then(|| "operation.sync.source differs from spec.source in more than its targetRevision, which is not supported".to_owned())
            .or(refused_field(sync)),
        objects: options_of(object, sync, is_forced),
        by: operation.str_at(&["initiatedBy", "username"]).unwrap_or("an operation").to_owned(),
    })
}

/// The revision that is asked for; `argocd app rollback` names it in the source of that time.
fn revision_of(sync: &Value) -> Option<String> {
    let named = [&["revision"][..], &["source", "targetRevision"]].into_iter();
    named.filter_map(|path| sync.str_at(path)).find(|revision| !revision.is_empty()).map(str::to_owned)
}

/// Whether the operation brings a source of its own that is not the app's at another revision.
fn is_other_source(object: &Object, sync: &Value) -> bool {
    let without_revision = |source: &Value| {
        let mut source = source.as_map().cloned().unwrap_or_default();
        source.remove("targetRevision");
        source
    };
    let own = object.at(&["spec", "source"]);
    let other = sync.get("source").filter(|source| source.as_map().is_some_and(|map| !map.is_empty()));
    other.is_some_and(|other| own.map(without_revision) != Some(without_revision(other)))
}

fn refused_field(sync: &Value) -> Option<String> {
    let is_set = |value: &Value| !value.is_null() && value.as_list().is_none_or(|list| !list.is_empty());
    let field =
        ["sources", "manifests", "revisions"].into_iter().find(|f| sync.get(f).is_some_and(is_set))?;
    Some(format!("operation.sync.{field} is not supported by this version, and not ignored"))
}

/// The options of this sync: those that the operation names instead of the app's, and its force.
fn options_of(object: &Object, sync: &Value, is_forced: bool) -> Option<SyncOptions> {
    let named = sync.list_at(&["syncOptions"]);
    if named.is_empty() && !is_forced {
        return None;
    }
    let mut options = match named.is_empty() {
        false => AppOptions::of(named.iter().filter_map(Value::as_str)),
        true => AppOptions::read(object.get("spec").and_then(Value::as_map)?, &mut Vec::new()),
    };
    options.objects.force |= is_forced;
    Some(options.objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false }
    }

    fn read(yaml: &str) -> Application {
        let value = tautline_yaml::read(yaml, &tautline_yaml::Options::default()).unwrap();
        Application::read(&Object::new(value).unwrap(), &settings())
    }

    const TUTORIAL: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: ai-agent-prod\n  namespace: argocd\nspec:\n  project: default\n  source:\n    repoURL: 'https://github.com/my-org/ai-repo.git'\n    targetRevision: HEAD\n    path: charts/ai-agent\n  destination:\n    server: 'https://kubernetes.default.svc'\n    namespace: production\n  syncPolicy:\n    automated:\n      prune: true\n      selfHeal: true\n";

    #[test]
    fn the_tutorials_application_is_understood() {
        let app = read(TUTORIAL);
        assert!(app.spec.refused.is_empty(), "{:?}", app.spec.refused);
        assert_eq!(
            app.spec.policy.automated,
            Some(Automated { prune: true, self_heal: true, allow_empty: false })
        );
        assert_eq!(app.spec.destination.app.as_str(), "ai-agent-prod");
        assert_eq!(app.path.as_str(), "charts/ai-agent");
        assert_eq!(app.spec.want.to_string(), "https://github.com/my-org/ai-repo.git at HEAD");
    }

    #[test]
    fn r01_what_is_not_understood_is_refused() {
        for (extra, field) in [
            ("  ignoreDifferences: [{kind: Deployment, jqPathExpressions: ['env']}]\n", "ignoreDifferences"),
            ("  ignoreDifferences: [{kind: Deployment, jsonPointer: /spec}]\n", "jsonPointer"),
            ("  sources: [{repoURL: x}]\n", "sources"),
            ("  sourceHydrator: {}\n", "sourceHydrator"),
            ("  surprise: 1\n", "surprise"),
        ] {
            let app = read(&format!("{TUTORIAL}{extra}"));
            assert!(
                app.spec.refused.iter().any(|p| p.message.contains(field)),
                "{field}: {:?}",
                app.spec.refused
            );
        }
        let app = read(&TUTORIAL.replace("    path:", "    plugin: {name: x}\n    path:"));
        assert!(app.spec.refused.iter().any(|p| p.message.contains("source.plugin")));
    }

    #[test]
    fn a_charts_options_are_read() {
        let helm = "    path: charts/ai-agent\n    helm:\n      version: v3\n      valueFiles: [values-prod.yaml, /shared/*.yaml]\n      ignoreMissingValueFiles: true\n      values: 'a: 1'\n      valuesObject: {b: 2}\n      parameters:\n      - {name: x, value: '1'}\n      - {name: x, value: '2'}\n      - {name: z, value: '3', forceString: true}\n      fileParameters: [{name: f, path: files/f.txt}]\n      skipCrds: true\n      kubeVersion: 1.30.0\n      apiVersions: [foo/v1]\n";
        let app = read(&TUTORIAL.replace("    path: charts/ai-agent\n", helm));
        assert!(app.spec.refused.is_empty(), "{:?}", app.spec.refused);
        let Tool::Helm(options) = &app.tool else { panic!("{:?}", app.tool) };
        assert_eq!(
            (options.release_name.as_str(), options.namespace.as_str()),
            ("ai-agent-prod", "production")
        );
        assert_eq!(options.value_files, ["values-prod.yaml", "/shared/*.yaml"]);
        assert_eq!(options.values, r#"{"b":2}"#);
        let parameters: Vec<_> =
            options.parameters.iter().map(|p| (p.name.as_str(), p.value.as_str(), p.force_string)).collect();
        assert_eq!(parameters, [("x", "2", false), ("z", "3", true)]);
        assert_eq!(options.file_parameters, [("f".to_owned(), "files/f.txt".to_owned())]);
        assert!(options.skip_crds && options.ignore_missing_value_files && !options.skip_tests);
        assert_eq!(options.dialect, tautline_render::Dialect::Helm3);
        assert_eq!(options.variables["ARGOCD_APP_NAME"], "ai-agent-prod");
        let wrong = read(&TUTORIAL.replace(
            "    path: charts/ai-agent\n",
            "    helm: {valuesFiles: [a], version: v2}\n    path: a\n",
        ));
        let fields: Vec<&str> =
            wrong.spec.refused.iter().map(|p| p.message.split(':').next().unwrap()).collect();
        assert_eq!(fields, ["spec.source.helm.valuesFiles", "spec.source.helm.version"]);
    }

    #[test]
    fn a_kustomizations_overlay_is_read() {
        let block = "    path: charts/ai-agent\n    kustomize:\n      namePrefix: p-\n      images: ['shop:1.5']\n      replicas: [{name: web, count: '3'}]\n      commonLabels: {app: $ARGOCD_APP_NAME}\n      labelWithoutSelector: true\n      patches:\n      - target: {kind: Deployment}\n        patch: '[]'\n        options: {allowNameChange: true}\n      components: [../c]\n";
        let app = read(&TUTORIAL.replace("    path: charts/ai-agent\n", block));
        assert!(app.spec.refused.is_empty(), "{:?}", app.spec.refused);
        let Tool::Kustomize(options) = &app.tool else { panic!("{:?}", app.tool) };
        let overlay = &options.overlay;
        assert_eq!((overlay.name_prefix.as_str(), overlay.images[0].as_str()), ("p-", "shop:1.5"));
        assert_eq!((overlay.replicas["web"], overlay.label_without_selector), (3, true));
        let target = overlay.patches[0].target.as_ref().map(|target| target.kind.as_str());
        assert_eq!((target, overlay.patches[0].allow_name_change), (Some("Deployment"), true));
        assert_eq!(overlay.environment["ARGOCD_APP_NAME"], "ai-agent-prod");
        let wrong =
            read(&TUTORIAL.replace("    path:", "    kustomize: {nameprefix: x, version: v4}\n    path:"));
        let fields: Vec<&str> =
            wrong.spec.refused.iter().map(|p| p.message.split(':').next().unwrap()).collect();
        assert_eq!(fields, ["spec.source.kustomize.nameprefix", "spec.source.kustomize.version"]);
    }

    #[test]
    fn r01_automation_that_is_switched_off_is_off() {
        let app = read(&TUTORIAL.replace("      prune: true\n", "      prune: true\n      enabled: false\n"));
        assert_eq!(app.spec.policy.automated, None);
    }

    #[test]
    fn r02_only_this_cluster_is_a_destination() {
        let other = read(&TUTORIAL.replace("https://kubernetes.default.svc", "https://10.0.0.1"));
        assert!(other.spec.refused[0].message.contains("is not this cluster"));
        let named = read(&TUTORIAL.replace("server: 'https://kubernetes.default.svc'", "name: in-cluster"));
        assert!(named.spec.refused.is_empty());
        let both = read(&TUTORIAL.replace("    namespace: production", "    name: in-cluster"));
        assert!(both.spec.refused[0].message.contains("must not both be set"));
    }

    #[test]
    fn r18_finalizers_decide_the_deletion() {
        let with = |finalizers: &str| {
            let head = format!(
                "metadata:\n  deletionTimestamp: '2030-01-01T00:00:00Z'\n  finalizers: {finalizers}\n"
            );
            read(&TUTORIAL.replace("metadata:\n", &head)).spec.deletion
        };
        let since = time::parse("2030-01-01T00:00:00Z").unwrap();
        let cascade = |propagation| Some(Deletion::Cascade { propagation, since, needs_hooks: false });
        assert_eq!(with("[resources-finalizer.argocd.argoproj.io]"), cascade(Propagation::Foreground));
        assert_eq!(
            with("[resources-finalizer.argocd.argoproj.io/background]"),
            cascade(Propagation::Background)
        );
        assert_eq!(with("[other]"), Some(Deletion::Orphan));
        assert!(matches!(with("[pre-delete-finalizer.argocd.argoproj.io]"), Some(Deletion::Held(_))));
        let both =
            "[resources-finalizer.argocd.argoproj.io, post-delete-finalizer.argocd.argoproj.io/cleanup]";
        assert!(matches!(with(both), Some(Deletion::Cascade { needs_hooks: true, .. })));
        assert_eq!(read(TUTORIAL).spec.deletion, None);
    }
}
