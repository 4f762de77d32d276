//! [`Troubled`]: a stage on which the kubelet, the scheduler and admission meet trouble.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use tautline_cluster::{
    ApiResource, Cluster, ClusterError, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawObject,
    RawSink, Result, Stage, Status, Target, WriteOptions, Written,
};
use tautline_core::{ClusterId, GroupVersion, Map, Object, Uid, Value, value};
use tautline_ownership::Warrant;

use crate::trouble;

/// Hands everything on, but what pods come to is what `trouble` says.
pub struct Troubled {
    inner: Arc<dyn Stage>,
    /// Whether the server has admission controllers and volume controllers of its own.
    is_real: bool,
    discovery: tokio::sync::OnceCell<Discovery>,
}

impl std::fmt::Debug for Troubled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Troubled")
    }
}

impl Troubled {
    /// Trouble on this stage.
    pub fn new(inner: Arc<dyn Stage>, is_real: bool) -> Self {
        Self { inner, is_real, discovery: tokio::sync::OnceCell::new() }
    }

    /// One object.
    pub(crate) async fn find(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Object>> {
        let target = Target::new(self.resource(api_version, kind).await?, namespace, name);
        self.inner.get(&target).await.ok().flatten()
    }

    /// All objects of a kind.
    pub(crate) async fn all(&self, api_version: &str, kind: &str) -> Vec<Arc<Object>> {
        let Some(resource) = self.resource(api_version, kind).await else { return Vec::new() };
        let (gvk, mut found) = (resource.gvk.clone(), Vec::new());
        let mut sink = |item: RawObject| found.extend(item.decode(&gvk));
        let _ = self.inner.list(&Query::all(resource), &mut sink).await;
        found
    }

    async fn resource(&self, api_version: &str, kind: &str) -> Option<ApiResource> {
        let discovery = self.discovery.get_or_try_init(|| self.inner.discover()).await.ok()?;
        let fits = |r: &&ApiResource| r.gvk.api_version() == api_version && r.gvk.kind == kind;
        discovery.resources.iter().find(fits).cloned()
    }

    /// Tells a Warning about an object, once.
    async fn warn(&self, about: &Object, reason: &str, message: &str) {
        let Some(resource) = self.resource("v1", "Event").await else { return };
        let name = format!("{}.{}", about.name(), reason.to_ascii_lowercase());
        let at = "2030-01-01T00:00:00Z";
        let event = value!({ "apiVersion": "v1", "kind": "Event",
            "metadata": { "name": name, "namespace": about.namespace() },
            "involvedObject": { "apiVersion": about.api_version(), "kind": about.kind(), "name": about.name(),
                "namespace": about.namespace(), "uid": about.metadata_str("uid") },
            "reason": reason, "message": message, "type": "Warning", "source": { "component": "kubelet" },
            "firstTimestamp": at, "lastTimestamp": at, "count": 1 });
        let event = Object::new(event).unwrap();
        let options = WriteOptions::by("kubelet".into());
        let _ = self.inner.create(&Target::of(resource, &event), &event, &options).await;
    }

    /// A controller tells that it could not make a pod: ReplicaSets in their status, others in an Event.
    async fn tell_owner(&self, pod: &Object, message: &str) {
        let Some(owner) = pod.controller() else { return };
        let Some(owner) = self.find(owner.api_version, owner.kind, pod.namespace(), owner.name).await else {
            return;
        };
        let message = format!("Error creating: {message}");
        self.warn(&owner, "FailedCreate", &message).await;
        // Once: each try has another pod's name in its message, and would begin the next one.
        let has_failed = owner.list_at(&["status", "conditions"]).iter();
        let has_failed = has_failed.clone().any(|c| c.str_at(&["type"]) == Some("ReplicaFailure"));
        if owner.kind() != "ReplicaSet" || self.is_real || has_failed {
            return;
        }
        let condition = value!({ "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": message.trim_start_matches("Error creating: "), "lastTransitionTime": "2030-01-01T00:00:00Z" });
        let status = value!({ "status": { "replicas": 0, "observedGeneration": owner.generation().unwrap_or(1),
            "conditions": [condition] } });
        let target = Target::of(self.resource(owner.api_version(), owner.kind()).await.unwrap(), &owner);
        let options = WriteOptions {
            subresource: Some("status".into()),
            ..WriteOptions::by("kube-controller-manager".into())
        };
        let _ = self.inner.patch(&target, &Patch::Merge(status), &options).await;
    }
}

#[async_trait]
impl Cluster for Troubled {
    fn id(&self) -> ClusterId {
        self.inner.id()
    }

    async fn discover(&self) -> Result<Discovery> {
        self.inner.discover().await
    }

    async fn open_api(&self, group_version: &GroupVersion) -> Result<Value> {
        self.inner.open_api(group_version).await
    }

    async fn get(&self, target: &Target) -> Result<Option<Arc<Object>>> {
        self.inner.get(target).await
    }

    async fn list(&self, query: &Query, sink: &mut dyn RawSink) -> Result<ListEnd> {
        self.inner.list(query, sink).await
    }

    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>> {
        self.inner.watch(query).await
    }

    async fn apply(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.inner.apply(target, object, options).await
    }

    /// A pod may be refused: by a quota of the server's own, by its account, its class or a webhook.
    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        if !object.is("", "Pod") {
            return self.inner.create(target, object, options).await;
        }
        let refusal = if self.is_real { None } else { trouble::refusal(self, object).await };
        let written = match refusal {
            Some((code, message)) => Err(ClusterError::Status(Status { code, message, ..Status::default() })),
            None => self.inner.create(target, object, options).await,
        };
        if let Err(error) = &written {
            self.tell_owner(object, &error.to_string()).await;
        }
        written
    }

    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.inner.replace(target, object, options).await
    }

    /// What the kubelet says of a pod becomes what the pod's trouble is; a claim that nobody can bind stays as it is.
    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written> {
        let is_status = options.subresource.as_deref() == Some("status");
        let kind = target.resource.gvk.kind.as_str();
        let Some(live) = (if is_status { self.inner.get(target).await? } else { None }) else {
            return self.inner.patch(target, patch, options).await;
        };
        if let Some((reason, message)) = trouble::stands_still(self, &live).await {
            if !reason.is_empty() {
                self.warn(&live, reason, &message).await;
            }
            return Ok(Written { object: live, created: false, warnings: Vec::new() });
        }
        let Patch::Merge(wanted) = patch else { return self.inner.patch(target, patch, options).await };
        if kind != "Pod" {
            return self.inner.patch(target, patch, options).await;
        }
        let mut status = live.get("status").cloned().unwrap_or_else(Value::map);
        merge(&mut status, wanted.get("status").unwrap_or(&Value::Null));
        let told = trouble::befalls(self, &live, status.as_map_mut().unwrap()).await;
        if let Some((reason, message)) = told {
            self.warn(&live, reason, &message).await;
        }
        let old = live.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
        let mut patch = status.as_map().cloned().unwrap_or_default();
        for key in old.keys().filter(|key| status.get(key.as_str()).is_none()) {
            patch.insert(key.clone(), Value::Null);
        }
        let body: Map = [("status", Value::Map(patch))].into_iter().collect();
        self.inner.patch(target, &Patch::Merge(Value::Map(body)), options).await
    }

    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted> {
        self.inner.delete(resource, warrant).await
    }
}

#[async_trait]
impl Stage for Troubled {
    async fn discard(&self, target: &Target, uid: &Uid, grace: Option<Duration>) -> Result<Deleted> {
        self.inner.discard(target, uid, grace).await
    }
}

/// RFC 7386.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Map(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if into.as_map().is_none() {
        *into = Value::map();
    }
    let map = into.as_map_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key.as_str());
        } else {
            let mut below = map.get(key.as_str()).cloned().unwrap_or(Value::Null);
            merge(&mut below, value);
            map.insert(key.clone(), below);
        }
    }
}
