//! What a stand stands on: an API server in the process, or a real one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tautline_apiserver::{Identity, Options, Server};
use tautline_cluster::{ApiResource, Cluster, Patch, Query, RawObject, Stage, Target, WriteOptions, until};
use tautline_core::{Clock, FieldManager, Object, Value, value};
use tautline_workloads::{Play, Player};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::SystemClock;

/// A cluster with the built-in controllers and kubelets at work.
pub(super) enum Ground {
    /// A server of the stand's own.
    Embedded(Server),
    /// The cluster of this kubeconfig, for one stand at a time.
    Real { kubeconfig: PathBuf, _alone: OwnedMutexGuard<()> },
}

impl Ground {
    /// The cluster that `TAUTLINE_E2E_KUBECONFIG` names, swept clean; else a server in the process.
    pub(super) async fn of_environment() -> (Self, Arc<dyn Stage>) {
        #[allow(clippy::disallowed_methods, reason = "the end-to-end tests' one setting")]
        let file = std::env::var_os("TAUTLINE_E2E_KUBECONFIG");
        match file {
            Some(file) => Self::real(Path::new(&file)).await,
            None => Self::embedded(),
        }
    }

    /// A server in the process.
    pub(super) fn embedded() -> (Self, Arc<dyn Stage>) {
        Self::embedded_of(&Options::default().version)
    }

    /// The cluster that the environment names, or a server in the process that evaluates RBAC as that does.
    pub(super) async fn with_rights() -> (Self, Arc<dyn Stage>) {
        let (ground, admin) = Self::of_environment().await;
        match ground {
            Self::Embedded(_) => Self::embedded_with(Options { rbac: true, ..Options::default() }),
            real => (real, admin),
        }
    }

    pub(super) fn embedded_of(version: &str) -> (Self, Arc<dyn Stage>) {
        Self::embedded_with(Options { version: version.to_owned(), ..Options::default() })
    }

    fn embedded_with(options: Options) -> (Self, Arc<dyn Stage>) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let options = Options { clock: clock.clone(), ..options };
        let server = Server::new(options);
        let stage = Arc::new(server.caller(Identity::admin("workloads")));
        tokio::spawn(async move { Player::new(stage, clock, Play::All).run().await });
        let admin = Arc::new(server.caller(Identity::admin("test")));
        (Self::Embedded(server), admin)
    }

    async fn real(kubeconfig: &Path) -> (Self, Arc<dyn Stage>) {
        static ALONE: OnceLock<Arc<Mutex<()>>> = OnceLock::new();
        let alone = ALONE.get_or_init(Arc::default).clone().lock_owned().await;
        let admin: Arc<dyn Stage> = connect(kubeconfig).await;
        let kubelet = connect(kubeconfig).await;
        tokio::spawn(async move { Player::new(kubelet, Arc::new(SystemClock), Play::Kubelet).run().await });
        sweep(&*admin).await;
        (Self::Real { kubeconfig: kubeconfig.to_owned(), _alone: alone }, admin)
    }

    /// How long a test waits for what has to happen: a real control plane shares its machine with four programs.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(if matches!(self, Self::Embedded(_)) { 20 } else { 60 })
    }

    /// A connection for the controller.
    pub(super) async fn controllers_cluster(&self) -> Arc<dyn Cluster> {
        match self {
            Self::Embedded(server) => Arc::new(server.caller(Identity::admin("tautline"))),
            Self::Real { kubeconfig, .. } => connect(kubeconfig).await,
        }
    }

    /// A connection with the rights of a service account.
    pub(super) async fn account(&self, user: &str) -> Arc<dyn Cluster> {
        match self {
            Self::Embedded(server) => Arc::new(server.caller(Identity::new(user, "tautline"))),
            Self::Real { kubeconfig, .. } => connect_as(kubeconfig, user).await,
        }
    }
}

/// Connects in the name of a service account.
async fn connect_as(kubeconfig: &Path, user: &str) -> Arc<tautline::kube::KubeCluster> {
    #[allow(clippy::disallowed_methods, reason = "the kubeconfig lies on the disk")]
    let text = std::fs::read_to_string(kubeconfig).expect("the kubeconfig is there");
    let mut config = tautline::yaml::read_all(&text, &tautline::yaml::Options::default())
        .remove(0)
        .1
        .expect("the kubeconfig is YAML");
    let users = config.get_mut("users").and_then(Value::as_list_mut).expect("it has users");
    for entry in users.iter_mut() {
        let login = entry.as_map_mut().expect("a user is a map").map_at("user");
        login.insert("as", user);
        let groups = ["system:serviceaccounts", "system:serviceaccounts:argocd", "system:authenticated"];
        login.insert("as-groups", groups.map(Value::string).to_vec());
    }
    let folder = tempfile::tempdir().expect("there is room for a kubeconfig");
    let file = folder.path().join("kubeconfig");
    #[allow(clippy::disallowed_methods, reason = "the kubeconfig lies on the disk")]
    std::fs::write(&file, config.to_json()).expect("the kubeconfig is written");
    connect(&file).await
}

async fn connect(kubeconfig: &Path) -> Arc<tautline::kube::KubeCluster> {
    let cluster = tautline::kube::KubeCluster::from_kubeconfig(Some(kubeconfig), None).await;
    Arc::new(cluster.expect("TAUTLINE_E2E_KUBECONFIG names a cluster that answers"))
}

/// Removes what an earlier test left: Applications and projects, custom kinds, namespaces with all in them.
async fn sweep(admin: &dyn Stage) {
    let sweeping = tokio::time::timeout(Duration::from_secs(120), sweep_all(admin));
    sweeping.await.expect("the cluster can be swept within two minutes");
}

async fn sweep_all(admin: &dyn Stage) {
    let discovery = admin.discover().await.expect("the cluster is discovered");
    let of = |group: &str, kind: &str| discovery.preferred(group, kind).cloned();
    for kind in ["Application", "AppProject"] {
        if let Some(resource) = of("argoproj.io", kind) {
            remove_all(admin, resource, |_| true).await;
        }
    }
    // What a finalizer holds would hold its namespace.
    for kind in ["ConfigMap", "Service", "Deployment", "Job", "Pod"] {
        let resource = discovery.resources.iter().find(|r| r.gvk.kind == kind).cloned();
        let is_held = |o: &Object| !o.namespace().starts_with("kube-") && o.finalizers().next().is_some();
        remove_all(admin, resource.unwrap_or_else(|| panic!("{kind} is served")), is_held).await;
    }
    let is_a_tests = |object: &Object| match object.kind() {
        "Namespace" => !object.name().starts_with("kube-") && object.name() != "default",
        "CustomResourceDefinition" => !object.name().ends_with(".argoproj.io"),
        "Secret" | "ConfigMap" => object.namespace() == "default" && object.name() != "kube-root-ca.crt",
        _ => false,
    };
    for (group, kind) in [("", "Secret"), ("", "ConfigMap"), ("", "Namespace"), CRDS] {
        let resource = of(group, kind).unwrap_or_else(|| panic!("{kind} is served"));
        remove_all(admin, resource, is_a_tests).await;
    }
}

const CRDS: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

/// Deletes objects, finalizers or not, and waits until they are gone.
async fn remove_all(admin: &dyn Stage, resource: ApiResource, is_meant: fn(&Object) -> bool) {
    let mut found = Vec::new();
    let gvk = resource.gvk.clone();
    let mut sink = |item: RawObject| found.extend(item.decode(&gvk).filter(|object| is_meant(object)));
    admin.list(&Query::all(resource.clone()), &mut sink).await.expect("the kind is listed");
    let options = WriteOptions::by(FieldManager::new("sweep"));
    for object in &found {
        let target = Target::of(resource.clone(), object);
        if object.kind() != "Namespace" && object.finalizers().next().is_some() {
            let patch = Patch::Merge(value!({ "metadata": { "finalizers": null } }));
            drop(admin.patch(&target, &patch, &options).await);
        }
        let uid = object.uid().expect("live objects have one");
        admin.discard(&target, &uid, None).await.unwrap_or_else(|e| panic!("{}: {e}", object.key()));
    }
    for object in &found {
        let target = Target::of(resource.clone(), object);
        until(admin, &target, &|o| o.is_none()).await.unwrap_or_else(|e| panic!("{}: {e}", object.key()));
    }
}
