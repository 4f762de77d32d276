//! A whole installation: API server, workloads, controller and a source in memory.
//!
//! It stands on an API server in the process, or on the cluster that `TAUTLINE_E2E_KUBECONFIG` names; then tests
//! go one by one, and each begins with a sweep. What only a server in the process can do (faults, admission hooks)
//! asks for [`Stand::embedded`].

mod acts;
mod ground;
mod manifests;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tautline::Embedding;
use tautline::runtime::{LiveCache, Namespaced};
use tautline_apiserver::Server;
use tautline_argocd::{Controller, ControllerOptions, Settings, definitions};
use tautline_cluster::{ApiResource, Cluster, Counted, Counts, Patch, Stage, Target, until};
use tautline_core::{Clock, GroupVersionKind, MaskingKey, MemoryTree, Object, Timestamp, Value, Want, value};
use tautline_source::MemorySource;

use ground::Ground;
pub use manifests::{application, config_map, deployment, set};

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one clock of the end-to-end tests")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The repository of every app on a stand.
pub const REPOSITORY: &str = "https://git.example/shop.git";

/// A whole installation.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Stand {
    ground: Ground,
    counted: Counted,
    /// The cluster as an administrator sees it.
    pub admin: Arc<dyn Stage>,
    /// What is in Git.
    pub source: Arc<MemorySource>,
    /// The controller; `None` while it is stopped.
    pub controller: Option<Controller>,
    /// Settings for the next start of the controller.
    pub options: ControllerOptions,
    /// Where the next controller keeps its live cache.
    pub live_cache: Option<LiveCache>,
    /// The namespaces that the controller looks at; none for all.
    namespaces: Vec<String>,
    /// How many controllers were started: each masks with a key of its own, as each process does.
    starts: u8,
}

impl Stand {
    /// Starts everything; CRDs and the namespace `argocd` are there.
    pub async fn start() -> Self {
        let mut stand = Self::without_controller().await;
        stand.start_controller().await;
        stand
    }

    /// Starts everything on a server in the process, whatever the environment names.
    pub async fn embedded() -> Self {
        let (ground, admin) = Ground::embedded();
        let mut stand = Self::on(ground, admin).await;
        stand.start_controller().await;
        stand
    }

    /// [`Stand::embedded`] on a server that says it is of this version.
    pub async fn embedded_of(version: &str) -> Self {
        let (ground, admin) = Ground::embedded_of(version);
        let mut stand = Self::on(ground, admin).await;
        stand.start_controller().await;
        stand
    }

    /// Starts everything but the controller.
    pub async fn without_controller() -> Self {
        let (ground, admin) = Ground::of_environment().await;
        Self::on(ground, admin).await
    }

    /// Starts everything but the controller, which is to have only the rights that service account `tautline` in
    /// `argocd` is given, and looks at these namespaces alone.
    pub async fn with_rights_in(namespaces: &[&str]) -> Self {
        let (ground, admin) = Ground::with_rights().await;
        let mut stand = Self::on(ground, admin).await;
        let account = stand.ground.account("system:serviceaccount:argocd:tautline").await;
        stand.counted = Counted::new(account);
        stand.namespaces = namespaces.iter().map(|namespace| (*namespace).to_owned()).collect();
        stand
    }

    async fn on(ground: Ground, admin: Arc<dyn Stage>) -> Self {
        let settings =
            Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false };
        let options = ControllerOptions { settings, selector: String::new(), take_over: false };
        let counted = Counted::new(ground.controllers_cluster().await);
        let stand = Self {
            ground,
            counted,
            admin,
            source: Arc::default(),
            controller: None,
            options,
            live_cache: None,
            namespaces: Vec::new(),
            starts: 0,
        };
        for crd in definitions() {
            stand.install(crd.into_value()).await;
        }
        stand
            .apply(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "argocd" } }))
            .await;
        stand
    }

    /// The server in the process.
    ///
    /// # Panics
    /// On a real cluster.
    pub fn server(&self) -> &Server {
        match &self.ground {
            Ground::Embedded(server) => server,
            Ground::Real { .. } => panic!("the test needs Stand::embedded"),
        }
    }

    /// Starts the controller.
    pub async fn start_controller(&mut self) {
        let mut cluster: Arc<dyn Cluster> = Arc::new(self.counted.clone());
        if !self.namespaces.is_empty() {
            cluster = Arc::new(Namespaced::new(cluster, self.namespaces.iter().cloned()));
        }
        let masking = MaskingKey::new([7 + self.starts; 32]);
        self.starts += 1;
        let mut embedding = Embedding::new(cluster, self.source.clone(), Arc::new(SystemClock), masking);
        embedding.options.live_cache.clone_from(&self.live_cache);
        let controller = embedding.control(self.options.clone()).await.expect("the CRDs are installed");
        self.controller = Some(controller);
    }

    /// Applies a CRD and waits until its kind is served.
    pub async fn install(&self, definition: Value) {
        let text = |path: &[&str]| definition.str_at(path).unwrap_or_default().to_owned();
        let (group, kind) = (text(&["spec", "group"]), text(&["spec", "names", "kind"]));
        let name = text(&["metadata", "name"]);
        self.apply(definition).await;
        self.until("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", &name, "established", |o| {
            let conditions = o.map(|o| o.list_at(&["status", "conditions"]).to_vec()).unwrap_or_default();
            conditions
                .iter()
                .any(|c| c.str_at(&["type"]) == Some("Established") && c.str_at(&["status"]) == Some("True"))
        })
        .await;
        // A real server serves an established kind a moment before discovery tells of it.
        loop {
            let discovery = self.admin.discover().await.expect("the server is discovered");
            if discovery.preferred(&group, &kind).is_some() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Puts files into Git on a branch.
    pub fn commit(&self, branch: &str, files: &[(&str, &str)]) -> String {
        let want = Want::Git { repository: REPOSITORY.to_owned(), reference: branch.to_owned() };
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        self.source.set(want, MemoryTree::new(files)).id
    }

    /// Takes a branch away.
    pub fn delete_branch(&self, branch: &str) {
        self.source.remove(&Want::Git { repository: REPOSITORY.to_owned(), reference: branch.to_owned() });
    }

    /// How often the controller asked for a verb (`apply`, `patch`, `get`, …), of a resource by its plural with
    /// its group.
    pub fn asked(&self, verb: &str, resource: &str) -> u64 {
        let is_it = |(v, r): &(&'static str, String)| *v == verb && r == resource;
        self.counts().iter().filter(|(count, _)| is_it(count)).map(|(_, n)| n).sum()
    }

    /// How often the controller wrote to objects other than Applications and their Events.
    pub fn written(&self) -> u64 {
        let is_app =
            |resource: &str| resource.starts_with("applications.argoproj.io") || resource == "events";
        self.writes().iter().filter(|((_, resource), _)| !is_app(resource)).map(|(_, n)| n).sum()
    }

    /// The controller's writes, by verb and resource.
    pub fn writes(&self) -> Vec<((&'static str, String), u64)> {
        let reads = ["discover", "dry-run", "openapi", "get", "list", "watch"];
        self.counts().into_iter().filter(|((verb, _), _)| !reads.contains(verb)).collect()
    }

    /// All that the controller asked for since [`Stand::clear_counts`].
    pub fn counts(&self) -> Counts {
        self.counted.counts()
    }

    /// Counts anew.
    pub fn clear_counts(&self) {
        self.counted.clear();
    }

    /// Stops the controller.
    pub async fn stop_controller(&mut self) {
        if let Some(controller) = self.controller.take() {
            controller.stop().await;
        }
    }

    /// Brings up another app, and refreshes it: what was to happen before has happened by now.
    pub async fn let_time_pass(&self) {
        self.commit("elsewhere", &[("marker/a.yaml", &config_map("marker", &self.moment()))]);
        let mut marker = application("marker", "marker", "elsewhere");
        set(&mut marker, &["spec", "source", "targetRevision"], "elsewhere".into());
        if self.get("argoproj.io/v1alpha1", "Application", "argocd", "marker").await.is_none() {
            self.apply(marker).await;
            self.until_app("marker", "Synced", "Healthy").await;
        }
        let revision = self.commit("elsewhere", &[("marker/a.yaml", &config_map("marker", &self.moment()))]);
        self.refresh("marker").await;
        self.until("argoproj.io/v1alpha1", "Application", "argocd", "marker", "synced again", |app| {
            app.is_some_and(|app| {
                app.str_at(&["status", "sync", "revision"]) == Some(revision.as_str())
                    && app.str_at(&["status", "sync", "status"]) == Some("Synced")
                    && app.annotation("argocd.argoproj.io/refresh").is_none()
            })
        })
        .await;
    }

    /// A text that was never before.
    fn moment(&self) -> String {
        SystemClock.now().micros().to_string()
    }

    /// Waits until an Application has synced this revision.
    pub async fn until_synced(&self, name: &str, revision: &str) -> Arc<Object> {
        let what = format!("Synced at {revision}");
        let object = self.until("argoproj.io/v1alpha1", "Application", "argocd", name, &what, |app| {
            app.is_some_and(|app| {
                app.str_at(&["status", "sync", "revision"]) == Some(revision)
                    && app.str_at(&["status", "sync", "status"]) == Some("Synced")
                    && app.str_at(&["status", "operationState", "phase"]) != Some("Running")
            })
        });
        object.await.expect("the check wants it present")
    }

    /// Asks an app to look at Git now.
    pub async fn refresh(&self, app: &str) {
        let patch = value!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } });
        self.patch("argoproj.io/v1alpha1", "Application", "argocd", app, Patch::Merge(patch)).await;
    }

    /// An Application.
    pub async fn app(&self, name: &str) -> Arc<Object> {
        let app = self.get("argoproj.io/v1alpha1", "Application", "argocd", name).await;
        app.unwrap_or_else(|| panic!("Application {name} is there"))
    }

    /// Waits until an object is as the check wants it, driven by the cluster's events. Panics after 20 s, or
    /// 60 s on a real cluster, with the object's last state.
    pub async fn until(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        what: &str,
        check: impl Fn(Option<&Object>) -> bool + Send + Sync,
    ) -> Option<Arc<Object>> {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        let waiting = until(&*self.admin, &target, &check);
        match tokio::time::timeout(self.ground.patience(), waiting).await {
            Ok(object) => object.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}")),
            Err(_) => {
                let last = self.get(api_version, kind, namespace, name).await;
                let last = last.map_or_else(|| "absent".to_owned(), |o| o.to_value().to_json());
                panic!("{kind} {namespace}/{name} never was {what}; it is {last}");
            }
        }
    }

    /// Waits until an Application has this sync status and health.
    pub async fn until_app(&self, name: &str, sync: &str, health: &str) -> Arc<Object> {
        let what = format!("{sync} and {health}");
        let object = self.until("argoproj.io/v1alpha1", "Application", "argocd", name, &what, |app| {
            let at = |path: &[&str]| app.and_then(|a| a.str_at(path)).unwrap_or_default().to_owned();
            at(&["status", "sync", "status"]) == sync && at(&["status", "health", "status"]) == health
        });
        object.await.expect("the check wants it present")
    }

    /// Waits until an Application has a condition whose message holds this text.
    pub async fn until_condition(&self, name: &str, kind: &str, text: &str) -> Arc<Object> {
        let what = format!("showing {kind} with {text:?}");
        let object = self.until("argoproj.io/v1alpha1", "Application", "argocd", name, &what, |app| {
            let conditions = app.map(|a| a.list_at(&["status", "conditions"]).to_vec()).unwrap_or_default();
            conditions.iter().any(|c| {
                c.str_at(&["type"]) == Some(kind) && c.str_at(&["message"]).is_some_and(|m| m.contains(text))
            })
        });
        object.await.expect("the check wants it present")
    }

    async fn resource(&self, api_version: &str, kind: &str) -> ApiResource {
        let gvk = GroupVersionKind::parse(api_version, kind);
        let discovery = self.admin.discover().await.expect("the server is discovered");
        discovery.find(&gvk).cloned().unwrap_or_else(|| panic!("{gvk} is served"))
    }
}
