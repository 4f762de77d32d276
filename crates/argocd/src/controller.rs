//! [`Controller`]: Applications in, a runtime driven, statuses out.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_cluster::Cluster;
use tautline_core::{AppId, Clock, Digest, GroupVersionKind, Object, Problem};
use tautline_grammar::LabelSelector;
use tautline_ownership::AppInstance;
use tautline_runtime::{AppInput, Journal, Parts, Records, Runtime};
use tokio::sync::mpsc;

use crate::application::{Application, SKIP_RECONCILE_ANNOTATION, Settings};
use crate::customized::{CONFIG_MAP, CustomizedHealth};
use crate::follow::{Followed, Narrowed, follow};
use crate::kinds::KindLists;
use crate::project::Project;
use crate::records::{ApplicationRecords, rival_message};

/// How a controller reads its Applications.
#[derive(Clone, Debug)]
pub struct ControllerOptions {
    /// How Applications are read.
    pub settings: Settings,
    /// Which Applications are taken, by label; empty for all.
    pub selector: String,
    /// Whether Applications are taken whose status another controller writes (rule R22).
    pub take_over: bool,
}

/// Drives a [`Runtime`] by the Applications and AppProjects of a cluster.
#[derive(Debug)]
pub struct Controller {
    runtime: Runtime,
    task: tokio::task::JoinHandle<()>,
}

impl Controller {
    /// Starts a controller. `parts` makes the runtime's parts for the records, and the journal in the Applications, that
    /// it is given; it may take another journal.
    ///
    /// # Errors
    /// When the cluster does not serve Applications: install the CRDs first.
    pub async fn start(
        cluster: Arc<dyn Cluster>,
        clock: Arc<dyn Clock>,
        options: ControllerOptions,
        parts: impl FnOnce(Arc<dyn Records>, Arc<dyn Journal>) -> Parts,
    ) -> Result<Self, String> {
        let gvk = GroupVersionKind::new("argoproj.io", "v1alpha1", "Application");
        let discovery = cluster.discover().await.map_err(|error| error.to_string())?;
        let resource = discovery
            .find(&gvk)
            .cloned()
            .ok_or("the cluster does not serve Applications; install the CRDs with `crds apply`")?;
        let observe = options.settings.observe;
        let take_over = options.take_over;
        let records = ApplicationRecords::new(cluster.clone(), resource, clock, observe, take_over);
        let records = Arc::new(records);
        let mut parts = parts(records.clone(), records.clone());
        let control_plane = options.settings.control_plane.clone();
        let health = Arc::new(CustomizedHealth::new(parts.health.clone()));
        let config_map = health.read(&*cluster, &discovery, &control_plane).await;
        parts.health = health.clone();
        let runtime = Runtime::start(parts);
        exclude(&runtime, config_map.as_deref());
        let (apps_out, apps) = mpsc::unbounded_channel();
        let (projects_out, projects) = mpsc::unbounded_channel();
        // Who has rights in some namespaces only finds the Applications in the control plane's.
        let sees_all = cluster.namespaces().is_none();
        let whole =
            || Narrowed { namespace: (!sees_all).then(|| control_plane.clone()), fields: String::new() };
        tokio::spawn(follow(cluster.clone(), gvk, whole(), apps_out));
        let project = GroupVersionKind::new("argoproj.io", "v1alpha1", "AppProject");
        tokio::spawn(follow(cluster.clone(), project, whole(), projects_out));
        let (settings_out, settings) = mpsc::unbounded_channel();
        let narrowed =
            Narrowed { namespace: Some(control_plane), fields: format!("metadata.name={CONFIG_MAP}") };
        let config_map = GroupVersionKind::new("", "v1", "ConfigMap");
        tokio::spawn(follow(cluster, config_map, narrowed, settings_out));
        let state = State {
            runtime: runtime.clone(),
            records,
            health,
            options,
            taken: BTreeMap::new(),
            projects: BTreeMap::new(),
        };
        let task = tokio::spawn(state.run(apps, projects, settings));
        Ok(Self { runtime, task })
    }

    /// The engine underneath, for pages and metrics.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Stops taking Applications and stops the engine.
    pub async fn stop(self) {
        self.task.abort();
        self.runtime.stop().await;
    }
}

/// Takes which kinds the settings leave alone.
fn exclude(runtime: &Runtime, config_map: Option<&Object>) {
    let lists = KindLists::read(config_map);
    runtime.exclude(move |kind| lists.excludes(kind));
}

struct State {
    runtime: Runtime,
    records: Arc<ApplicationRecords>,
    health: Arc<CustomizedHealth>,
    options: ControllerOptions,
    /// The apps that are taken, and what of their Applications decided that they were told something.
    taken: BTreeMap<AppId, Digest>,
    projects: BTreeMap<String, Arc<Object>>,
}

impl State {
    async fn run(
        mut self,
        mut apps: mpsc::UnboundedReceiver<Followed>,
        mut projects: mpsc::UnboundedReceiver<Followed>,
        mut settings: mpsc::UnboundedReceiver<Followed>,
    ) {
        // Projects first: an app must not be refused for a project that is merely not listed yet.
        while let Some(event) = projects.recv().await {
            if matches!(event, Followed::Listed) {
                break;
            }
            self.project(event);
        }
        // Then all apps at once: none must take an object for abandoned whose owner is merely not told yet.
        let mut first: Vec<Followed> = Vec::new();
        while let Some(event) = apps.recv().await {
            if matches!(event, Followed::Listed) {
                break;
            }
            first.push(event);
        }
        for event in &first {
            match event {
                Followed::Is(object) if self.is_selected(object) => {
                    self.records.saw(object.clone());
                    self.hand_over(object);
                }
                Followed::Is(object) => self.elsewhere(object.namespace(), object.name(), true),
                _ => {}
            }
        }
        for event in first {
            self.application(event).await;
        }
        loop {
            tokio::select! {
                Some(event) = apps.recv() => self.application(event).await,
                Some(event) = projects.recv() => {
                    self.project(event);
                    for object in self.taken.keys().filter_map(|id| self.records.object(id)) {
                        self.hand_over(&object);
                    }
                }
                Some(event) = settings.recv() => self.settings(&event),
                else => return,
            }
        }
    }

    /// Takes Argo CD's settings as they change; the apps are judged anew if that matters to health.
    fn settings(&self, event: &Followed) {
        let changed = match event {
            Followed::Is(config_map) if config_map.name() == CONFIG_MAP => {
                exclude(&self.runtime, Some(config_map));
                self.health.customize(Some(config_map))
            }
            Followed::Gone(_, name) if name == CONFIG_MAP => {
                exclude(&self.runtime, None);
                self.health.customize(None)
            }
            _ => false,
        };
        if changed {
            self.runtime.rules_changed();
        }
    }

    fn project(&mut self, event: Followed) {
        match event {
            Followed::Is(object) => drop(self.projects.insert(object.name().to_owned(), object)),
            Followed::Gone(_, name) => drop(self.projects.remove(&name)),
            Followed::Listed => {}
        }
    }

    async fn application(&mut self, event: Followed) {
        match event {
            Followed::Is(object) if self.is_selected(&object) => {
                self.elsewhere(object.namespace(), object.name(), false);
                let id = AppId::new(object.namespace(), object.name());
                let had_rival = self.records.rival(&id).is_some();
                self.records.saw(object.clone());
                let rival = self.records.rival(&id).filter(|_| !had_rival);
                let trigger = trigger(&object);
                let is_news = self.taken.insert(id, trigger) != Some(trigger);
                if is_news || rival.is_some() {
                    self.take(&object).await;
                }
                if let Some(rival) = rival {
                    self.records.announce_rival(&object, &rival);
                }
            }
            Followed::Is(object) => {
                self.elsewhere(object.namespace(), object.name(), true);
                self.gone(object.namespace(), object.name());
            }
            Followed::Gone(namespace, name) => {
                self.elsewhere(&namespace, &name, false);
                self.gone(&namespace, &name);
            }
            Followed::Listed => {}
        }
    }

    fn is_selected(&self, object: &Object) -> bool {
        let selector: Result<LabelSelector, _> = self.options.selector.parse();
        self.options.selector.is_empty()
            || selector.is_ok_and(|selector| selector.matches(|key| object.label(key)))
    }

    /// Says whether an app exists that the selector leaves to others.
    fn elsewhere(&self, namespace: &str, name: &str, exists: bool) {
        let id = AppId::new(namespace, name);
        self.runtime.elsewhere(&AppInstance::of(&id, &self.options.settings.control_plane), exists);
    }

    fn gone(&mut self, namespace: &str, name: &str) {
        let id = AppId::new(namespace, name);
        if self.taken.remove(&id).is_some() {
            self.runtime.remove(&id);
            self.records.forget(&id);
        }
    }

    async fn take(&mut self, object: &Arc<Object>) {
        let application = self.hand_over(object);
        let id = application.spec.id.clone();
        if is_skipped(object) {
            // Whoever set the annotation may use the status and `.operation` for purposes of their own.
            return;
        }
        if let Some(hard) = application.refresh {
            self.runtime.refresh(&id, hard);
        }
        if is_terminating(object) {
            self.runtime.terminate(&id);
        }
        if let Some(request) = application.operation
            && self.records.consume_operation(object).await
        {
            self.runtime.sync(&id, request);
        }
    }

    fn hand_over(&self, object: &Object) -> Application {
        let mut application = Application::read(object, &self.options.settings);
        let project = match self.projects.get(&application.project) {
            Some(project) => Some(Project::read(project)),
            None if application.project == "default" => Some(Project::everything()),
            None => None,
        };
        if let Some(rival) = self.records.rival(&application.spec.id) {
            application.spec.refused.push(Problem::error("another-controller", rival_message(&rival)));
        }
        match &project {
            Some(project) => application.spec.refused.extend(project.refuses(&application)),
            None => {
                let message =
                    format!("Application referencing project {} which does not exist", application.project);
                application.spec.refused.push(Problem::error("project", message));
            }
        }
        let gates = match project.map(|project| project.gates(&application)) {
            Some(Ok(gates)) => gates,
            Some(Err(problems)) => {
                application.spec.refused.extend(problems);
                Vec::new()
            }
            None => Vec::new(),
        };
        self.runtime.set(AppInput {
            spec: application.spec.clone(),
            path: application.path.clone(),
            tool: application.tool.clone(),
            memory: application.memory.clone(),
            gates,
        });
        application
    }
}

/// What decides whether a change of an Application matters: never its status or versions (rule R21).
fn trigger(object: &Object) -> Digest {
    let metadata =
        |field: &str| object.metadata().and_then(|m| m.get(field)).map(|v| v.to_json()).unwrap_or_default();
    let part = |field: &str| object.get(field).map(|v| v.to_json()).unwrap_or_default();
    let annotations = [
        crate::application::REFRESH_ANNOTATION,
        crate::application::DELETION_APPROVED_ANNOTATION,
        crate::application::AWAIT_LAST_WAVE_ANNOTATION,
        crate::application::DEPENDS_ON_APPS_ANNOTATION,
        crate::application::MIGRATION_MANAGER_ANNOTATION,
        tautline_plan::DELETION_BUDGET_ANNOTATION,
        SKIP_RECONCILE_ANNOTATION,
    ]
    .map(|name| object.annotation(name).unwrap_or_default().to_owned());
    Digest::of_parts([
        part("spec"),
        part("operation"),
        metadata("finalizers"),
        metadata("deletionTimestamp"),
        metadata("uid"),
        annotations.join(","),
        is_terminating(object).to_string(),
    ])
}

/// Whether an Application is to be left alone for now.
pub(crate) fn is_skipped(object: &Object) -> bool {
    object.annotation(SKIP_RECONCILE_ANNOTATION) == Some("true")
}

/// Whether somebody asks for the end of the operation that runs, as Argo CD's API server does.
fn is_terminating(object: &Object) -> bool {
    object.str_at(&["status", "operationState", "phase"]) == Some("Terminating")
}
