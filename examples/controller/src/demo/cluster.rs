//! The demo's cluster: an API server with workloads in this process, also reachable by kubectl.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tautline::apiserver::{Identity, ListenOptions, Listener, Options, Server};
use tautline::cluster::{Cluster, Patch, Stage, Target, WriteOptions, until};
use tautline::core::{FieldManager, GroupVersionKind, Object, Value, value};
use tautline::workloads::{Play, Player};

use super::Result;
use crate::system::SystemClock;

/// How long a step of the story may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The demo's cluster, seen by a person.
pub(crate) struct DemoCluster {
    server: Server,
    person: Arc<dyn Stage>,
    _listener: Listener,
}

impl DemoCluster {
    /// Starts it, with the CRDs and the namespace `argocd`, and writes a kubeconfig for it.
    pub(crate) async fn start(kubeconfig: &Path) -> Result<Self> {
        let server = Server::new(Options::with_clock(Arc::new(SystemClock)));
        let token: u128 = rand::random();
        let listener = Listener::start(&server, ListenOptions::local(format!("{token:032x}")))
            .await
            .map_err(|e| e.to_string())?;
        listener.write_kubeconfig(kubeconfig).map_err(|e| e.to_string())?;
        let stage = Arc::new(server.caller(Identity::admin("workloads")));
        tokio::spawn(async move { Player::new(stage, Arc::new(SystemClock), Play::All).run().await });
        let person = Arc::new(server.caller(Identity::admin("person")));
        let cluster = Self { server, person, _listener: listener };
        for crd in tautline::argocd::definitions() {
            cluster.apply(crd.into_value()).await?;
        }
        cluster
            .apply(value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "argocd" } }))
            .await?;
        Ok(cluster)
    }

    /// The cluster as a program of this name calls it.
    pub(crate) fn for_agent(&self, name: &str) -> Arc<dyn Cluster> {
        Arc::new(self.server.caller(Identity::admin(name)))
    }

    /// Applies an object as a person does.
    pub(crate) async fn apply(&self, object: Value) -> Result<()> {
        let object = Object::new(object).map_err(|e| e.to_string())?;
        let target = self.target(&object.gvk(), object.namespace(), object.name()).await?;
        let options = WriteOptions { force: true, ..WriteOptions::by(FieldManager::new("person")) };
        self.person.apply(&target, &object, &options).await.map_err(|e| e.to_string())?;
        Ok(())
    }

    /// Patches an object as `kubectl edit` does.
    pub(crate) async fn patch(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        name: &str,
        patch: Patch,
    ) -> Result<()> {
        let target = self.target(gvk, namespace, name).await?;
        let options = WriteOptions::by(FieldManager::new("kubectl-edit"));
        self.person.patch(&target, &patch, &options).await.map_err(|e| e.to_string())?;
        Ok(())
    }

    /// Deletes an object as a person does; answers its uid.
    pub(crate) async fn delete(&self, gvk: &GroupVersionKind, namespace: &str, name: &str) -> Result<String> {
        let target = self.target(gvk, namespace, name).await?;
        let live = self.person.get(&target).await.map_err(|e| e.to_string())?;
        let uid = live.and_then(|live| live.uid()).ok_or_else(|| format!("{gvk} {name} is not there"))?;
        self.person.discard(&target, &uid, None).await.map_err(|e| e.to_string())?;
        Ok(uid.to_string())
    }

    /// Waits until an object is as wanted.
    pub(crate) async fn until(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        name: &str,
        check: impl Fn(Option<&Object>) -> bool + Send + Sync,
    ) -> Result<Option<Arc<Object>>> {
        let target = self.target(gvk, namespace, name).await?;
        match tokio::time::timeout(PATIENCE, until(&*self.person, &target, &check)).await {
            Ok(found) => found.map_err(|e| e.to_string()),
            Err(_) => {
                let last = self.person.get(&target).await.map_err(|e| e.to_string())?;
                let status = last.and_then(|o| o.get("status").map(Value::to_json)).unwrap_or_default();
                Err(format!("{gvk} {namespace}/{name} is not as expected after {PATIENCE:?}: {status}"))
            }
        }
    }

    async fn target(&self, gvk: &GroupVersionKind, namespace: &str, name: &str) -> Result<Target> {
        let discovery = self.person.discover().await.map_err(|e| e.to_string())?;
        let resource = discovery.find(gvk).cloned().ok_or_else(|| format!("{gvk} is not served"))?;
        Ok(Target::new(resource, namespace, name))
    }
}
