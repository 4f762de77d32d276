//! [`KubeCluster`]: the cluster itself.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use http::{Method, StatusCode};
use tautline_cluster::{
    ApiResource, Cluster, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawSink, Result, Stage,
    Target, WriteOptions, Written,
};
use tautline_core::{ClusterId, GroupVersion, Object, ResourceVersion, Uid, Value, value};
use tautline_ownership::{Propagation, Warrant};

use crate::call::{Answer, Call, unreadable};
use crate::connect::{self, ConnectError};
use crate::{address, discovery, items, status, watch};

const JSON: &str = "application/json";
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// A cluster behind a [`kube::Client`]. Clones share the connection.
#[derive(Clone)]
pub struct KubeCluster {
    client: kube::Client,
    id: ClusterId,
    /// Whether lists are asked for as the beginning of a watch; no more once the server has failed to.
    streams_lists: Arc<AtomicBool>,
}

impl KubeCluster {
    /// The cluster behind a client that the embedder made.
    pub fn new(client: kube::Client, id: ClusterId) -> Self {
        Self { client, id, streams_lists: Arc::default() }
    }

    /// Asks for lists as the beginning of a watch (`sendInitialEvents`), which costs an API server of 1.34 or later a
    /// fraction of the memory that pages do. A server that refuses, or whose list does not come to its end, is asked for
    /// pages from then on.
    #[must_use]
    pub fn with_streamed_lists(self) -> Self {
        Self { streams_lists: Arc::new(AtomicBool::new(true)), ..self }
    }

    /// A list as the beginning of a watch; `None` if the server does not do that.
    async fn streamed(&self, query: &Query, sink: &mut dyn RawSink) -> Result<Option<ListEnd>> {
        let collection = address::collection(&query.resource, query.namespace.as_deref())?;
        let filtered = address::with(&collection, &address::selectors(query));
        let parameters = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("sendInitialEvents", "true"),
            ("resourceVersionMatch", "NotOlderThan"),
            ("timeoutSeconds", "290"),
        ];
        let accept = if query.metadata_only { METADATA } else { JSON };
        let call = Call::get(&self.client, address::with(&filtered, &parameters)).accept(accept);
        let body = match call.stream().await {
            Ok(body) => body,
            Err(error) if error.status().is_some_and(|s| matches!(s.code, 400 | 405 | 422)) => {
                self.streams_lists.store(false, Ordering::Relaxed);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let listed = watch::initial(format!("LIST {collection}"), body, sink).await;
        if listed.is_err() {
            self.streams_lists.store(false, Ordering::Relaxed);
        }
        listed.map(Some)
    }

    /// The cluster of a context of a kubeconfig: of this file, else of `$KUBECONFIG` or `~/.kube/config`; of
    /// this context, else of the current one. It gets the id of the cluster the Applications are in.
    ///
    /// # Errors
    /// If the file, the context or its certificates cannot be used. Whether the cluster answers shows at the
    /// first call.
    pub async fn from_kubeconfig(file: Option<&Path>, context: Option<&str>) -> Result<Self, ConnectError> {
        Ok(Self::new(connect::kubeconfig(file, context).await?, ClusterId::in_cluster()))
    }

    /// The cluster that this pod runs in, as its service account.
    ///
    /// # Errors
    /// If there is no service account.
    pub fn in_cluster() -> Result<Self, ConnectError> {
        Ok(Self::new(connect::in_cluster()?, ClusterId::in_cluster()))
    }

    /// The client below, for what this trait has no word for.
    pub fn client(&self) -> &kube::Client {
        &self.client
    }

    async fn write(&self, method: Method, path: String, kind: &'static str, body: &Value) -> Result<Written> {
        let answer = Call::with_body(&self.client, method, path, kind, body.to_json()).send().await?;
        let warnings = status::warnings(&answer.headers);
        let object = Arc::new(object(&answer)?);
        Ok(Written { object, created: answer.code == StatusCode::CREATED, warnings })
    }

    async fn remove(&self, target: &Target, options: Value) -> Result<Deleted> {
        let path = address::object(target, None)?;
        let call = Call::with_body(&self.client, Method::DELETE, path, JSON, options.to_json());
        match call.send_or_absent().await? {
            Ok(answer) => deleted(&answer),
            Err(refused) if refused.object_absent => Ok(Deleted::NotFound),
            Err(refused) => Err(refused.status.into()),
        }
    }
}

fn object(answer: &Answer) -> Result<Object> {
    Object::new(answer.value()?).map_err(|error| unreadable(&answer.step, &error.to_string()))
}

/// The server answers with the object while it waits for somebody, and for some kinds also once it is gone.
fn deleted(answer: &Answer) -> Result<Deleted> {
    if status::is_success(&answer.body) {
        return Ok(Deleted::Gone);
    }
    let left = object(answer)?;
    let grace = left.i64_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0);
    // A namespace's own finalizers are in its spec.
    let held = left.finalizers().next().is_some() || !left.list_at(&["spec", "finalizers"]).is_empty();
    Ok(if left.is_terminating() && (held || grace > 0) { Deleted::Terminating } else { Deleted::Gone })
}

#[async_trait]
impl Cluster for KubeCluster {
    fn id(&self) -> ClusterId {
        self.id.clone()
    }

    async fn discover(&self) -> Result<Discovery> {
        discovery::discover(&self.client).await
    }

    async fn open_api(&self, group_version: &GroupVersion) -> Result<Value> {
        let prefix = if group_version.group.is_empty() { "api" } else { "apis" };
        let path = format!("/openapi/v3/{prefix}/{group_version}");
        Call::get(&self.client, path).send().await?.value()
    }

    async fn get(&self, target: &Target) -> Result<Option<Arc<Object>>> {
        match Call::get(&self.client, address::object(target, None)?).send_or_absent().await? {
            Ok(answer) => Ok(Some(Arc::new(object(&answer)?))),
            Err(refused) if refused.object_absent => Ok(None),
            Err(refused) => Err(refused.status.into()),
        }
    }

    async fn log_tail(&self, pod: &Target, container: &str, lines: usize) -> Result<Option<String>> {
        let lines = lines.to_string();
        // Lines may be long.
        let how = [("container", container), ("tailLines", lines.as_str()), ("limitBytes", "65536")];
        let path = address::with(&address::object(pod, Some("log"))?, &how);
        let answer = Call::get(&self.client, path).accept("*/*").send().await?;
        Ok(Some(String::from_utf8_lossy(&answer.body).into_owned()))
    }

    async fn list(&self, query: &Query, sink: &mut dyn RawSink) -> Result<ListEnd> {
        if self.streams_lists.load(Ordering::Relaxed)
            && query.resource.allows("watch")
            && let Some(end) = self.streamed(query, sink).await?
        {
            return Ok(end);
        }
        let collection = address::collection(&query.resource, query.namespace.as_deref())?;
        let filtered = address::with(&collection, &address::selectors(query));
        let limit = if query.page == 0 { String::new() } else { query.page.to_string() };
        let mut go_on = String::new();
        loop {
            let path = address::with(&filtered, &[("limit", &limit), ("continue", &go_on)]);
            let accept = if query.metadata_only { METADATA_LIST } else { JSON };
            let answer = Call::get(&self.client, path).accept(accept).send().await?;
            let end =
                items::deliver(&answer.body, sink).map_err(|problem| unreadable(&answer.step, &problem))?;
            if end.go_on.is_empty() {
                return Ok(ListEnd { version: ResourceVersion::new(end.version) });
            }
            go_on = end.go_on;
        }
    }

    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>> {
        let collection = address::collection(&query.resource, query.namespace.as_deref())?;
        let filtered = address::with(&collection, &address::selectors(query));
        let duration = watch::DURATION.as_secs().to_string();
        let since = query.since.as_ref().map_or("", ResourceVersion::as_str);
        let parameters = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", since),
            ("timeoutSeconds", &duration),
        ];
        let accept = if query.metadata_only { METADATA } else { JSON };
        let call = Call::get(&self.client, address::with(&filtered, &parameters)).accept(accept);
        Ok(watch::events(format!("WATCH {collection}"), call.stream().await?))
    }

    async fn apply(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        let path = address::object(target, options.subresource.as_deref())?;
        let path = address::write(&path, options, true);
        self.write(Method::PATCH, path, "application/apply-patch+yaml", &object.to_value()).await
    }

    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        let collection = address::collection(&target.resource, Some(&target.namespace))?;
        let path = address::write(&collection, options, false);
        self.write(Method::POST, path, JSON, &object.to_value()).await
    }

    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        let path = address::object(target, options.subresource.as_deref())?;
        self.write(Method::PUT, address::write(&path, options, false), JSON, &object.to_value()).await
    }

    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written> {
        let path = address::object(target, options.subresource.as_deref())?;
        let (kind, body) = match patch {
            Patch::Json(body) => ("application/json-patch+json", body),
            Patch::Merge(body) => ("application/merge-patch+json", body),
            Patch::Strategic(body) => ("application/strategic-merge-patch+json", body),
        };
        self.write(Method::PATCH, address::write(&path, options, false), kind, body).await
    }

    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted> {
        let key = warrant.key();
        if resource.gvk.group_kind() != key.group_kind() {
            let problem = format!("the warrant is for {key}, not for a {}", resource.gvk);
            return Err(unreadable("DELETE", &problem));
        }
        let propagation = match warrant.propagation() {
            Propagation::Foreground => "Foreground",
            Propagation::Background => "Background",
            Propagation::Orphan => "Orphan",
        };
        let options = value!({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation,
            "preconditions": { "uid": warrant.uid().as_str(), "resourceVersion": warrant.version().as_str() }
        });
        self.remove(&Target::new(resource.clone(), &key.namespace, &key.name), options).await
    }
}

#[async_trait]
impl Stage for KubeCluster {
    async fn discard(&self, target: &Target, uid: &Uid, grace: Option<Duration>) -> Result<Deleted> {
        let mut options = value!({
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": uid.as_str() }
        });
        if let (Some(grace), Some(map)) = (grace, options.as_map_mut()) {
            map.insert("gracePeriodSeconds", i64::try_from(grace.as_secs()).unwrap_or(i64::MAX));
        }
        self.remove(target, options).await
    }
}

impl fmt::Debug for KubeCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeCluster").field("id", &self.id).finish_non_exhaustive()
    }
}
