//! The benchmarks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::stream::{self, StreamExt};
use tautline::Embedding;
use tautline::apiserver::{Identity, Options, Server};
use tautline::argocd::{Controller, ControllerOptions, Settings, definitions};
use tautline::cluster::{
    Cluster, Counted, Discovery, Query, RawEvent, RawObject, Target, WriteOptions, until,
};
use tautline::core::{
    Clock, FieldManager, GroupVersionKind, MaskingKey, MemoryTree, Object, Timestamp, Value, Want, value,
};
use tautline::kube::KubeCluster;
use tautline::source::MemorySource;
use tautline::workloads::{Play, Player};

use crate::process::Usage;

const REPOSITORY: &str = "https://git.example/bench.git";

/// How many applies a person's tool sends side by side.
const APPLIED_AT_ONCE: usize = 16;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A cluster with a controller on it.
pub(crate) struct Bench {
    counted: Counted,
    person: Arc<dyn Cluster>,
    /// What is served, asked once: what a person's tool asks is no time of the controller's.
    served: Discovery,
    source: Arc<MemorySource>,
    _controller: Controller,
}

impl Bench {
    /// Starts the controller on the embedded server, or on the cluster that the environment names.
    pub(crate) async fn start() -> Result<Self, String> {
        Self::over(|cluster| cluster).await
    }

    /// Starts the controller on what is made of the cluster for it.
    pub(crate) async fn over(
        wrap: impl FnOnce(Arc<dyn Cluster>) -> Arc<dyn Cluster>,
    ) -> Result<Self, String> {
        let (server, person, engine) = match std::env::var("TAUTLINE_E2E_KUBECONFIG") {
            Ok(file) => {
                let file = std::path::PathBuf::from(file);
                let connect = || KubeCluster::from_kubeconfig(Some(&file), None);
                let person: Arc<dyn Cluster> = Arc::new(connect().await.map_err(|e| e.to_string())?);
                let engine: Arc<dyn Cluster> = Arc::new(connect().await.map_err(|e| e.to_string())?);
                let kubelet = Arc::new(connect().await.map_err(|e| e.to_string())?);
                let player = Player::new(kubelet, Arc::new(SystemClock), Play::Kubelet);
                tokio::spawn(async move { player.run().await });
                (None, person, engine)
            }
            Err(_) => {
                let server = Server::new(Options::with_clock(Arc::new(SystemClock)));
                let stage = Arc::new(server.caller(Identity::admin("workloads")));
                tokio::spawn(async move { Player::new(stage, Arc::new(SystemClock), Play::All).run().await });
                let person: Arc<dyn Cluster> = Arc::new(server.caller(Identity::admin("person")));
                let engine: Arc<dyn Cluster> = Arc::new(server.caller(Identity::admin("tautline")));
                (Some(server), person, engine)
            }
        };
        println!("on {}", if server.is_some() { "the embedded API server" } else { "a real cluster" });
        for crd in definitions() {
            apply(&*person, &crd).await?;
        }
        apply(&*person, &Object::bare(&GroupVersionKind::new("", "v1", "Namespace"), "", "argocd")).await?;
        let served = wait_for_crds(&*person).await?;
        let source: Arc<MemorySource> = Arc::default();
        let settings =
            Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false };
        let options = ControllerOptions { settings, selector: String::new(), take_over: false };
        let masking = MaskingKey::new(rand::random());
        let counted = Counted::new(wrap(engine));
        let embedding =
            Embedding::new(Arc::new(counted.clone()), source.clone(), Arc::new(SystemClock), masking);
        let controller = embedding.control(options).await?;
        Ok(Self { counted, person, served, source, _controller: controller })
    }

    /// One app of many ConfigMaps: the first sync, one changed, and quiet after.
    pub(crate) async fn sync(&self, count: usize) -> Result<(), String> {
        let first = self.commit((0..count).map(|i| (format!("app/{i}.yaml"), config_map(i, "one"))));
        self.measure(&format!("{count} ConfigMaps, first sync"), async {
            self.apply(&application("app", "app", "bench")).await?;
            self.until_synced("app", &first, false).await
        })
        .await?;
        let second =
            self.commit((0..count).map(|i| {
                (format!("app/{i}.yaml"), config_map(i, if i == count / 2 { "two" } else { "one" }))
            }));
        self.measure(&format!("1 of {count} changed"), async {
            self.refresh("app").await?;
            self.until_synced("app", &second, false).await
        })
        .await
    }

    /// The first sync of one app of many ConfigMaps.
    pub(crate) async fn first_sync(&self, count: usize) -> Result<(), String> {
        let first = self.commit((0..count).map(|i| (format!("app/{i}.yaml"), config_map(i, "one"))));
        self.apply(&application("app", "app", "bench")).await?;
        self.until_synced("app", &first, false).await
    }

    /// Many apps of a Deployment and a ConfigMap each in one repository, then one commit to one app.
    pub(crate) async fn fleet(&self, count: usize) -> Result<(), String> {
        let files = |changed: Option<usize>| {
            (0..count).flat_map(move |i| {
                let value = if changed == Some(i) { "two" } else { "one" };
                [
                    (format!("apps/{i}/config.yaml"), config_map(i, value)),
                    (format!("apps/{i}/web.yaml"), deployment(i)),
                ]
            })
        };
        let first = self.commit(files(None));
        self.measure(&format!("fleet of {count} healthy"), async {
            let applications =
                (0..count).map(|i| application(&format!("app-{i}"), &format!("apps/{i}"), "bench"));
            self.apply_all(applications.map(Ok)).await?;
            let names = (0..count).map(|i| format!("app-{i}")).collect();
            self.until_all(&application("", "", ""), names, |app| is_synced(app, &first, true)).await
        })
        .await?;
        let second = self.commit(files(Some(count / 2)));
        self.measure("one commit to one of them", async {
            let app = format!("app-{}", count / 2);
            self.refresh(&app).await?;
            self.until_synced(&app, &second, false).await
        })
        .await
    }

    async fn apply(&self, object: &Object) -> Result<(), String> {
        apply_to(&*self.person, &target_in(&self.served, object)?, object).await
    }

    fn commit(&self, files: impl Iterator<Item = (String, String)>) -> String {
        let want = Want::Git { repository: REPOSITORY.to_owned(), reference: "main".to_owned() };
        self.source.set(want, MemoryTree::new(files)).id
    }

    async fn measure(
        &self,
        name: &str,
        work: impl Future<Output = Result<(), String>>,
    ) -> Result<(), String> {
        self.counted.clear();
        let (before, start) = (Usage::now(), Instant::now());
        tokio::time::timeout(Duration::from_secs(120), work)
            .await
            .map_err(|_| format!("{name}: took too long"))??;
        let (wall, after) = (start.elapsed(), Usage::now());
        println!(
            "{name}: {:.3} s wall, {:.2} s CPU, {:.0} MiB peak",
            wall.as_secs_f64(),
            after.cpu - before.cpu,
            after.peak
        );
        for ((verb, resource), requests) in self.counted.counts() {
            println!("    {requests:6} {verb} {resource}");
        }
        Ok(())
    }

    async fn refresh(&self, app: &str) -> Result<(), String> {
        let target = target_in(&self.served, &application(app, "", ""))?;
        let patch = value!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } });
        let options = WriteOptions { strict: false, ..WriteOptions::by(FieldManager::new("person")) };
        let written = self.person.patch(&target, &tautline::cluster::Patch::Merge(patch), &options).await;
        written.map(drop).map_err(|e| e.to_string())
    }

    async fn until_synced(&self, app: &str, revision: &str, healthy: bool) -> Result<(), String> {
        let target = target_in(&self.served, &application(app, "", ""))?;
        let check = |app: Option<&Object>| app.is_some_and(|app| is_synced(app, revision, healthy));
        until(&*self.person, &target, &check).await.map(drop).map_err(|e| e.to_string())
    }

    /// What the fleet's objects take without any controller that reads them from Git: applied side by side, until they
    /// are available.
    pub(crate) async fn raw_fleet(&self, count: usize) -> Result<(), String> {
        let namespace = Object::bare(&GroupVersionKind::new("", "v1", "Namespace"), "", "bench");
        self.measure(&format!("the objects of a fleet of {count}, applied as they are"), async {
            self.apply(&namespace).await?;
            let texts = (0..count).flat_map(|i| [config_map(i, "one"), deployment(i)]);
            self.apply_all(texts.map(|text| in_bench(&text))).await?;
            let names = (0..count).map(|i| format!("web-{i}")).collect();
            let kind = Object::bare(&GroupVersionKind::new("apps", "v1", "Deployment"), "bench", "");
            self.until_all(&kind, names, |it| it.i64_at(&["status", "availableReplicas"]) == Some(1)).await
        })
        .await
    }

    /// Applies objects side by side.
    async fn apply_all(&self, objects: impl Iterator<Item = Result<Object, String>>) -> Result<(), String> {
        let mut applies = stream::iter(objects)
            .map(|object| async move { self.apply(&object?).await })
            .buffer_unordered(APPLIED_AT_ONCE);
        while let Some(applied) = applies.next().await {
            applied?;
        }
        Ok(())
    }

    /// Follows a kind by one watch until all these objects are as they should be.
    async fn until_all(
        &self,
        kind: &Object,
        mut waiting: BTreeSet<String>,
        check: impl Fn(&Object) -> bool + Sync,
    ) -> Result<(), String> {
        let resource = target_in(&self.served, kind)?.resource;
        let is_done = |item: &RawObject| item.decode(&resource.gvk).filter(|object| check(object));
        let mut query = Query::all(resource.clone());
        while !waiting.is_empty() {
            query.since = None;
            let mut sink = |item: RawObject| {
                if let Some(object) = is_done(&item) {
                    waiting.remove(object.name());
                }
            };
            let listed = self.person.list(&query, &mut sink).await;
            query.since = Some(listed.map_err(|e| e.to_string())?.version);
            let mut events = self.person.watch(&query).await.map_err(|e| e.to_string())?;
            while !waiting.is_empty()
                && let Some(Ok(event)) = events.next().await
            {
                if let RawEvent::Added(item) | RawEvent::Modified(item) = event
                    && let Some(object) = is_done(&item)
                {
                    waiting.remove(object.name());
                }
            }
        }
        Ok(())
    }
}

fn is_synced(app: &Object, revision: &str, healthy: bool) -> bool {
    let at = |path: &[&str]| app.str_at(path).unwrap_or_default();
    at(&["status", "sync", "status"]) == "Synced"
        && at(&["status", "sync", "revision"]) == revision
        && (!healthy || at(&["status", "health", "status"]) == "Healthy")
}

pub(crate) async fn target(cluster: &dyn Cluster, object: &Object) -> Result<Target, String> {
    target_in(&cluster.discover().await.map_err(|e| e.to_string())?, object)
}

fn target_in(served: &Discovery, object: &Object) -> Result<Target, String> {
    let resource =
        served.find(&object.gvk()).cloned().ok_or_else(|| format!("{} is not served", object.gvk()))?;
    Ok(Target::of(resource, object))
}

async fn apply(cluster: &dyn Cluster, object: &Object) -> Result<(), String> {
    apply_to(cluster, &target(cluster, object).await?, object).await
}

async fn apply_to(cluster: &dyn Cluster, target: &Target, object: &Object) -> Result<(), String> {
    let options = WriteOptions { force: true, ..WriteOptions::by(FieldManager::new("person")) };
    let written = cluster.apply(target, object, &options).await;
    written.map(drop).map_err(|e| format!("{}: {e}", object.key()))
}

/// Waits until Applications are served, and answers what is.
async fn wait_for_crds(cluster: &dyn Cluster) -> Result<Discovery, String> {
    for _ in 0..100 {
        let discovery = cluster.discover().await.map_err(|e| e.to_string())?;
        if discovery.preferred("argoproj.io", "Application").is_some() {
            return Ok(discovery);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("the CRDs are not established".to_owned())
}

fn application(name: &str, path: &str, namespace: &str) -> Object {
    let value: Value = value!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": name, "namespace": "argocd" },
        "spec": {
            "project": "default",
            "source": { "repoURL": REPOSITORY, "targetRevision": "main", "path": path },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": namespace },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true }, "syncOptions": ["CreateNamespace=true"] }
        }
    });
    Object::from_map(value.as_map().cloned().unwrap_or_default())
}

fn in_bench(text: &str) -> Result<Object, String> {
    let value = tautline::yaml::read(text, &Default::default()).map_err(|e| e.to_string())?;
    let mut object = Object::new(value).map_err(|e| e.to_string())?;
    object.metadata_mut().insert("namespace", "bench");
    Ok(object)
}

fn config_map(i: usize, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-{i}\ndata:\n  key: {value}\n  other: \"{i}\"\n"
    )
}

fn deployment(i: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{i}\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: web-{i}\n  template:\n    metadata:\n      labels:\n        app: web-{i}\n    spec:\n      containers:\n      - name: app\n        image: shop:1\n"
    )
}
