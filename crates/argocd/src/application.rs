//! Reading an `Application` (argoproj.io/v1alpha1) into the engine's words.

mod memory;
mod operation;
mod policy;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tautline_core::{AppId, Digest, Map, Object, Problem, ResourceKey, TreePath, Value, Want};
use tautline_diff::IgnoreRules;
use tautline_engine::{AppSpec, Memory, SyncPolicy, SyncRequest};
use tautline_grammar::time;
use tautline_ownership::{AppInstance, Destination};
use tautline_plan::{DELETION_BUDGET_ANNOTATION, DeletionBudget};
use tautline_render::{DirectoryOptions, Tool};

use crate::helm;
use crate::kustomize;
use crate::options::AppOptions;

pub(crate) use memory::print_kinds;
use memory::{kinds, memory};
use operation::operation;
pub(crate) use policy::is_hook_finalizer;
use policy::{deletion, depends_on, policy, take_over_also};

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
/// The annotation that asks for an Application to be left alone.
pub(crate) const SKIP_RECONCILE_ANNOTATION: &str = "argocd.argoproj.io/skip-reconcile";
/// The finalizer under which we remove what an app owns.
pub const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// The annotation that names another manager whose fields become ours; those of the usual tools do anyway.
pub(crate) const MIGRATION_MANAGER_ANNOTATION: &str =
    "argocd.argoproj.io/client-side-apply-migration-manager";

/// The address by which Applications name the cluster that they are read from (rule R2).
pub(crate) const IN_CLUSTER: &str = "https://kubernetes.default.svc";

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
        let skips = object.annotation(SKIP_RECONCILE_ANNOTATION) == Some("true");
        let app = AppSpec {
            destination,
            want: want(&source),
            source: Digest::of_parts([Value::Map(source.clone()).to_json()]),
            policy: SyncPolicy {
                awaits_last_wave: object.annotation(AWAIT_LAST_WAVE_ANNOTATION) != Some("false"),
                confirms_data: budget != DeletionBudget::Off,
                take_over_also: take_over_also(object, &options),
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
        (IN_CLUSTER, "") | ("", "in-cluster") => {}
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
