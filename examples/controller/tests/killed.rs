//! A controller that is killed in the middle of a sync, and started again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test, with a repository and a process of its own"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tautline::apiserver::{
    Fault, FaultRule, Identity, ListenOptions, Listener, Matcher, Options, Server, Verb,
};
use tautline::argocd::definitions;
use tautline::cluster::{Cluster, Query, RawObject, Target, WriteOptions, until};
use tautline::core::{Clock, FieldManager, Object, Timestamp, Value, value};

const OBJECTS: usize = 200;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

/// The controller as a process; it does not outlive the test.
struct Process(Child);

impl Process {
    fn start(kubeconfig: &Path, cache: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tautline-controller"));
        command.args(["run", "--listen", "127.0.0.1:0", "--poll", "1", "--no-leader-election"]);
        command.arg("--kubeconfig").arg(kubeconfig).arg("--cache").arg(cache);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// SIGKILL, on Unix.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[tokio::test]
async fn killed_in_the_middle_of_a_sync_it_ends_synced_with_nothing_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repository");
    commit(&repository);
    let server = Server::new(Options::with_clock(Arc::new(SystemClock)));
    let listener = Listener::start(&server, ListenOptions::local("token")).await.unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    listener.write_kubeconfig(&kubeconfig).unwrap();
    let person = server.caller(Identity::admin("person"));
    for crd in definitions() {
        apply(&person, crd).await;
    }
    for namespace in ["argocd", "prod"] {
        let object = value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
        apply(&person, Object::new(object).unwrap()).await;
    }
    // From the sixtieth write on the server is too busy, so that the kill is in the middle.
    let on = Matcher::new(Verb::Patch, "configmaps");
    server.add_fault(FaultRule { on, nth: 60, times: u64::MAX, fault: Fault::TooManyRequests(1) });

    let first = Process::start(&kubeconfig, &folder.path().join("cache"));
    apply(&person, application(&repository)).await;
    // Which of them come first is nobody's promise.
    let some = tokio::time::timeout(Duration::from_secs(60), async {
        while config_maps(&person).await.len() < 40 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    some.await.expect("the first objects are written");
    first.kill();
    let before = config_maps(&person).await;
    assert!(!before.is_empty() && before.len() < OBJECTS, "{} are there at the kill", before.len());

    server.clear_faults();
    let second = Process::start(&kubeconfig, &folder.path().join("cache"));
    wait_for(&person, "argoproj.io/v1alpha1", "Application", "argocd", "web", |o| {
        let at = |path: &[&str]| o.and_then(|o| o.str_at(path)).unwrap_or_default();
        at(&["status", "sync", "status"]) == "Synced"
            && at(&["status", "health", "status"]) == "Healthy"
            && at(&["status", "operationState", "phase"]) == "Succeeded"
    })
    .await;
    second.kill();
    let after = config_maps(&person).await;
    assert_eq!(after.len(), OBJECTS);
    assert!(before.iter().all(|(name, uid)| after.get(name) == Some(uid)), "none was made anew");
}

fn commit(repository: &Path) {
    std::fs::create_dir_all(repository.join("web")).unwrap();
    for i in 0..OBJECTS {
        let text =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{i}\ndata:\n  key: \"{i}\"\n");
        std::fs::write(repository.join(format!("web/c{i}.yaml")), text).unwrap();
    }
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "."],
        &["commit", "--quiet", "-m", "one"],
    ] {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]);
        assert!(git.args(arguments).current_dir(repository).status().unwrap().success());
    }
}

fn application(repository: &Path) -> Object {
    let url = format!("file://{}", repository.display());
    Object::new(value!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": "web", "namespace": "argocd" },
        "spec": {
            "project": "default",
            "source": { "repoURL": url.as_str(), "targetRevision": "main", "path": "web" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "prod" },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true } }
        }
    }))
    .unwrap()
}

async fn target(cluster: &dyn Cluster, object: &Object) -> Target {
    let discovery = cluster.discover().await.unwrap();
    Target::of(discovery.find(&object.gvk()).unwrap().clone(), object)
}

async fn apply(cluster: &dyn Cluster, object: Object) {
    let options = WriteOptions { force: true, ..WriteOptions::by(FieldManager::new("person")) };
    cluster.apply(&target(cluster, &object).await, &object, &options).await.unwrap();
}

async fn wait_for(
    cluster: &dyn Cluster,
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
    check: impl Fn(Option<&Object>) -> bool + Send + Sync,
) {
    let object = value!({ "apiVersion": api_version, "kind": kind,
        "metadata": { "name": name, "namespace": namespace } });
    let target = target(cluster, &Object::new(object).unwrap()).await;
    let waiting = tokio::time::timeout(Duration::from_secs(60), until(cluster, &target, &check));
    let waited = waiting.await;
    let last = cluster.get(&target).await.unwrap().map(|o| o.to_value().to_json());
    waited.unwrap_or_else(|_| panic!("{kind} {name} is {last:?}")).unwrap();
}

/// The ConfigMaps of the app, by name with their uids.
async fn config_maps(cluster: &dyn Cluster) -> BTreeMap<String, String> {
    let discovery = cluster.discover().await.unwrap();
    let resource = discovery.preferred("", "ConfigMap").unwrap().clone();
    let mut found = BTreeMap::new();
    let mut sink = |item: RawObject| {
        let object: Value = match item {
            RawObject::Object(object) => object.to_value(),
            RawObject::Json(bytes) => Value::from_json(&bytes).unwrap(),
        };
        let text = |field: &str| object.str_at(&["metadata", field]).unwrap_or_default().to_owned();
        if text("name").starts_with('c') {
            found.insert(text("name"), text("uid"));
        }
    };
    let query = Query { namespace: Some("prod".to_owned()), ..Query::all(resource) };
    cluster.list(&query, &mut sink).await.unwrap();
    found
}
