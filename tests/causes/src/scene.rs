//! [`Scene`]: a namespace in which a situation comes about.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tautline_apiserver::{Identity, Options, Server};
use tautline_cluster::{ApiResource, Discovery, Patch, Query, RawObject, Stage, Target, WriteOptions};
use tautline_core::{Clock, ManualClock, Object, ResourceKey, Timestamp, Value, value};
use tautline_health::{BuiltIn, Cause, Objects, explain};
use tautline_workloads::{Play, Player};

use crate::Troubled;

/// The kinds that situations are made of.
const KINDS: [(&str, &str); 26] = [
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "PersistentVolume"),
    ("v1", "ResourceQuota"),
    ("v1", "Node"),
    ("v1", "Namespace"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("policy/v1", "PodDisruptionBudget"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("v1", "Event"),
];

/// The system's clock, for real servers.
#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "a real server has the system's time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A cluster with its controllers, and a namespace of its own for one situation.
#[derive(Debug)]
pub struct Scene {
    admin: Admin,
    player: Player,
    namespace: String,
    is_real: bool,
}

struct Admin(Arc<dyn Stage>, Discovery);

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}

impl Scene {
    /// On a server in the process.
    pub async fn embedded(namespace: &str) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_893_456_000)));
        let server = Server::new(Options { quotas: true, ..Options::with_clock(clock.clone()) });
        let workloads = Arc::new(server.caller(Identity::admin("workloads")));
        let player = Player::new(Arc::new(Troubled::new(workloads, false)), clock, Play::All);
        Self::on(Arc::new(server.caller(Identity::admin("person"))), player, namespace, false).await
    }

    /// On the cluster of a kubeconfig, with a kubelet that is played.
    pub async fn real(kubeconfig: &Path, namespace: &str) -> Self {
        let connect = || tautline_kube::KubeCluster::from_kubeconfig(Some(kubeconfig), None);
        let stage = Troubled::new(Arc::new(connect().await.unwrap()), true);
        let player = Player::new(Arc::new(stage), Arc::new(SystemClock), Play::Kubelet);
        Self::on(Arc::new(connect().await.unwrap()), player, namespace, true).await
    }

    async fn on(admin: Arc<dyn Stage>, player: Player, namespace: &str, is_real: bool) -> Self {
        let discovery = admin.discover().await.unwrap();
        let scene = Self { admin: Admin(admin, discovery), player, namespace: namespace.to_owned(), is_real };
        scene
            .make(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }))
            .await;
        scene
    }

    /// Makes an object in the scene's namespace, and its status if it has one.
    pub async fn make(&self, value: Value) {
        // `NS` stands for the namespace.
        let text = value.to_json().replace("\"NS\"", &format!("\"{}\"", self.namespace));
        let mut value = Value::from_json(text.as_bytes()).unwrap();
        let map = value.as_map_mut().unwrap();
        let resource = self.resource(
            map.get("apiVersion").and_then(Value::as_str).unwrap(),
            map.get("kind").and_then(Value::as_str).unwrap(),
        );
        if resource.namespaced {
            map.map_at("metadata").insert("namespace", self.namespace.as_str());
        }
        let status = map.get("status").cloned();
        let object = Object::new(value).unwrap();
        let target = Target::of(resource, &object);
        let options = WriteOptions { force: true, ..WriteOptions::by("person".into()) };
        self.admin
            .0
            .apply(&target, &object, &options)
            .await
            .unwrap_or_else(|e| panic!("{}: {e}", object.key()));
        if let Some(status) = status {
            let options = WriteOptions { subresource: Some("status".into()), ..options };
            let patch = Patch::Merge(value!({ "status": status }));
            self.admin
                .0
                .patch(&target, &patch, &options)
                .await
                .unwrap_or_else(|e| panic!("{}: {e}", object.key()));
        }
    }

    /// Begins to delete an object.
    pub async fn delete(&self, api_version: &str, kind: &str, name: &str) {
        let target = Target::new(self.resource(api_version, kind), &self.namespace, name);
        let uid = self.admin.0.get(&target).await.unwrap().unwrap().uid().unwrap();
        self.admin.0.discard(&target, &uid, None).await.unwrap();
    }

    /// Lets controllers and kubelet do what is to be done.
    pub async fn play(&mut self) {
        self.player.catch_up().await.unwrap();
        if self.is_real {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What is wrong with an object first, by all that there is; without its Events if they have not been asked for.
    pub async fn explain(
        &self,
        ask: &str,
        wanted: &[(ResourceKey, String)],
        with_events: bool,
    ) -> Option<Cause> {
        let mut all = Vec::new();
        for (api_version, kind) in KINDS {
            let resource = self.resource(api_version, kind);
            let gvk = resource.gvk.clone();
            let mut sink = |item: RawObject| all.extend(item.decode(&gvk));
            self.admin.0.list(&Query::all(resource), &mut sink).await.unwrap();
        }
        let is_here = |o: &Arc<Object>| o.namespace().is_empty() || o.namespace() == self.namespace;
        all.retain(|object: &Arc<Object>| is_here(object) && (with_events || object.kind() != "Event"));
        let (kind, name) = ask.split_once(' ').unwrap();
        let asked = all.iter().find(|o| o.kind() == kind && o.name() == name).cloned();
        let asked = asked.unwrap_or_else(|| panic!("{ask} is not there"));
        let keys: Vec<ResourceKey> = all.iter().map(|object| object.key()).collect();
        let mut around = Objects::new(all.into_iter().map(|object| (*object).clone()));
        for key in keys.iter().filter(|_| with_events) {
            around = around.with_events_of(key.clone());
        }
        for (key, app) in wanted {
            around = around.wanted_by(app.clone(), key.clone());
        }
        explain(&asked, &BuiltIn, &around, Timestamp::default())
    }

    /// The scene's namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn resource(&self, api_version: &str, kind: &str) -> ApiResource {
        let fits = |r: &&ApiResource| r.gvk.api_version() == api_version && r.gvk.kind == kind;
        let found = self.admin.1.resources.iter().find(fits);
        found.unwrap_or_else(|| panic!("{api_version} {kind} is served")).clone()
    }
}
