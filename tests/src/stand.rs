//! A whole installation in the process: API server, workloads, controller and a source in memory.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tautline::Embedding;
use tautline_apiserver::{Count, Identity, Options, Server, Verb};
use tautline_argocd::{Controller, ControllerOptions, Settings, definitions};
use tautline_cluster::{ApiResource, Cluster, Patch, Stage, Target, WriteOptions, until};
use tautline_core::{
    Clock, FieldManager, GroupVersionKind, MaskingKey, MemoryTree, Object, Timestamp, Value, Want, value,
};
use tautline_source::MemorySource;
use tautline_workloads::{Play, Player};

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
    /// The API server behind it.
    pub server: Server,
    /// The cluster as an administrator sees it.
    pub admin: Arc<dyn Stage>,
    /// What is in Git.
    pub source: Arc<MemorySource>,
    /// The controller; `None` while it is stopped.
    pub controller: Option<Controller>,
    /// Settings for the next start of the controller.
    pub options: ControllerOptions,
}

impl Stand {
    /// Starts everything; CRDs and the namespace `argocd` are there.
    pub async fn start() -> Self {
        let mut stand = Self::without_controller().await;
        stand.start_controller().await;
        stand
    }

    /// Starts everything but the controller.
    pub async fn without_controller() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let server = Server::new(Options::with_clock(clock.clone()));
        let admin: Arc<dyn Stage> = Arc::new(server.caller(Identity::admin("test")));
        let stage = Arc::new(server.caller(Identity::admin("workloads")));
        tokio::spawn(async move { Player::new(stage, clock, Play::All).run().await });
        let settings =
            Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false };
        let options = ControllerOptions { settings, selector: String::new(), take_over: false };
        let stand = Self { server, admin, source: Arc::default(), controller: None, options };
        for crd in definitions() {
            stand.apply(crd.into_value()).await;
        }
        stand
            .apply(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "argocd" } }))
            .await;
        stand
    }

    /// Starts the controller.
    pub async fn start_controller(&mut self) {
        let cluster: Arc<dyn Cluster> = Arc::new(self.server.caller(Identity::admin("tautline")));
        let masking = MaskingKey::new([7; 32]);
        let embedding = Embedding::new(cluster, self.source.clone(), Arc::new(SystemClock), masking);
        let controller = embedding.control(self.options.clone()).await.expect("the CRDs are installed");
        self.controller = Some(controller);
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

    /// How often the controller asked for a verb, of a resource by its plural with its group.
    pub fn asked(&self, verb: Verb, resource: &str) -> u64 {
        let counts = self.server.counts();
        let is_it = |c: &Count| c.agent == "tautline" && c.verb == verb && c.resource == resource;
        counts.iter().filter(|(c, _)| is_it(c)).map(|(_, n)| n).sum()
    }

    /// How often the controller wrote to objects other than Applications.
    pub fn written(&self) -> u64 {
        let counts = self.server.counts();
        let is_it = |c: &Count| {
            c.agent == "tautline" && c.verb.writes() && !c.resource.starts_with("applications.argoproj.io")
        };
        counts.iter().filter(|(c, _)| is_it(c)).map(|(_, n)| n).sum()
    }

    /// Stops the controller.
    pub async fn stop_controller(&mut self) {
        if let Some(controller) = self.controller.take() {
            controller.stop().await;
        }
    }

    /// Brings up another app, and refreshes it: what was to happen before has happened by now.
    pub async fn let_time_pass(&self) {
        self.commit(
            "elsewhere",
            &[("marker/a.yaml", &config_map("marker", &self.server.version().to_string()))],
        );
        let mut marker = application("marker", "marker", "elsewhere");
        set(&mut marker, &["spec", "source", "targetRevision"], "elsewhere".into());
        if self.get("argoproj.io/v1alpha1", "Application", "argocd", "marker").await.is_none() {
            self.apply(marker).await;
            self.until_app("marker", "Synced", "Healthy").await;
        }
        let content = self.server.version().to_string();
        let revision = self.commit("elsewhere", &[("marker/a.yaml", &config_map("marker", &content))]);
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

    /// Applies an object as a person does.
    pub async fn apply(&self, object: Value) {
        let object = Object::new(object).expect("tests write whole objects");
        let resource = self.resource(object.api_version(), object.kind()).await;
        let options = WriteOptions { force: true, ..WriteOptions::by(FieldManager::new("person")) };
        let written = self.admin.apply(&Target::of(resource, &object), &object, &options).await;
        written.unwrap_or_else(|error| panic!("{}: {error}", object.key()));
    }

    /// Creates an object in the name of another tool, as client-side tools do.
    pub async fn create_as(&self, manager: &str, object: Value) {
        let object = Object::new(object).expect("tests write whole objects");
        let target = Target::of(self.resource(object.api_version(), object.kind()).await, &object);
        let options = WriteOptions::by(FieldManager::new(manager));
        let written = self.admin.create(&target, &object, &options).await;
        written.unwrap_or_else(|error| panic!("{}: {error}", object.key()));
    }

    /// Patches an object as a person does.
    pub async fn patch(&self, api_version: &str, kind: &str, namespace: &str, name: &str, patch: Patch) {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        let options = WriteOptions::by(FieldManager::new("person"));
        let written = self.admin.patch(&target, &patch, &options).await;
        written.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"));
    }

    /// Writes into an object's status, as its controller does.
    pub async fn patch_status(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        patch: Value,
    ) {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        let options = WriteOptions {
            subresource: Some("status".to_owned()),
            ..WriteOptions::by(FieldManager::new("person"))
        };
        let written = self.admin.patch(&target, &Patch::Merge(patch), &options).await;
        written.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"));
    }

    /// Deletes an object as a person does.
    pub async fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        let live = self.get(api_version, kind, namespace, name).await;
        let uid =
            live.and_then(|live| live.uid()).unwrap_or_else(|| panic!("{kind} {namespace}/{name} is there"));
        let deleted = self.admin.discard(&target, &uid, None).await;
        deleted.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"));
    }

    /// An object, if it is there.
    pub async fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Object>> {
        let target = Target::new(self.resource(api_version, kind).await, namespace, name);
        self.admin.get(&target).await.unwrap_or_else(|error| panic!("{kind} {namespace}/{name}: {error}"))
    }

    /// An Application.
    pub async fn app(&self, name: &str) -> Arc<Object> {
        let app = self.get("argoproj.io/v1alpha1", "Application", "argocd", name).await;
        app.unwrap_or_else(|| panic!("Application {name} is there"))
    }

    /// Waits until an object is as the check wants it, driven by the cluster's events. Panics after 20 s,
    /// with the object's last state.
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
        match tokio::time::timeout(Duration::from_secs(20), waiting).await {
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

/// An automated Application with prune and self-heal.
pub fn application(name: &str, path: &str, namespace: &str) -> Value {
    value!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": "argocd",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"] },
        "spec": {
            "project": "default",
            "source": { "repoURL": REPOSITORY, "targetRevision": "main", "path": path },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": namespace },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true },
                "syncOptions": ["CreateNamespace=true"] }
        }
    })
}

/// A Deployment as a manifest.
pub fn deployment(name: &str, image: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: app\n        image: {image}\n"
    )
}

/// A ConfigMap as a manifest.
pub fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"{value}\"\n")
}

/// Sets a field deep in an object.
pub fn set(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, before)) = path.split_last() else { return };
    let mut map = object.as_map_mut().expect("tests set fields of objects");
    for field in before {
        map = map.map_at(field);
    }
    map.insert(*last, value);
}
