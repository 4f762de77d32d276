//! Counting what is asked of a cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use tautline_core::{ClusterId, GroupVersion, Object, Value};
use tautline_ownership::Warrant;

use crate::{
    ApiResource, Cluster, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawSink, Result, Target,
    WriteOptions, Written,
};

/// How often each request was made: by verb (`list`, `apply`, …; `dry-run` for a write that was none) and resource (`deployments.apps`, with
/// `/status` where a subresource was meant; empty for discovery).
pub type Counts = BTreeMap<(&'static str, String), u64>;

/// A cluster that counts the requests made through it, for metrics, benchmarks and tests.
///
/// A list counts once however many pages it takes, a watch once however long it lasts.
#[derive(Clone)]
pub struct Counted {
    inner: Arc<dyn Cluster>,
    counts: Arc<Mutex<Counts>>,
}

impl Counted {
    /// Counts what is asked of `inner`.
    pub fn new(inner: Arc<dyn Cluster>) -> Self {
        Self { inner, counts: Arc::default() }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins anew at nothing.
    pub fn clear(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn count(&self, verb: &'static str, resource: String) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry((verb, resource)).or_default() += 1;
    }

    fn count_write(&self, verb: &'static str, target: &Target, options: &WriteOptions) {
        let mut resource = name(&target.resource);
        if let Some(subresource) = &options.subresource {
            resource = format!("{resource}/{subresource}");
        }
        self.count(if options.dry_run { "dry-run" } else { verb }, resource);
    }
}

fn name(resource: &ApiResource) -> String {
    match resource.gvk.group.as_str() {
        "" => resource.plural.clone(),
        group => format!("{}.{group}", resource.plural),
    }
}

#[async_trait]
impl Cluster for Counted {
    fn id(&self) -> ClusterId {
        self.inner.id()
    }

    fn namespaces(&self) -> Option<&[String]> {
        self.inner.namespaces()
    }

    async fn discover(&self) -> Result<Discovery> {
        self.count("discover", String::new());
        self.inner.discover().await
    }

    async fn open_api(&self, group_version: &GroupVersion) -> Result<Value> {
        self.count("openapi", group_version.to_string());
        self.inner.open_api(group_version).await
    }

    async fn get(&self, target: &Target) -> Result<Option<Arc<Object>>> {
        self.count("get", name(&target.resource));
        self.inner.get(target).await
    }

    async fn log_tail(&self, pod: &Target, container: &str, lines: usize) -> Result<Option<String>> {
        self.count("get", format!("{}/log", name(&pod.resource)));
        self.inner.log_tail(pod, container, lines).await
    }

    async fn list(&self, query: &Query, sink: &mut dyn RawSink) -> Result<ListEnd> {
        self.count("list", name(&query.resource));
        self.inner.list(query, sink).await
    }

    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>> {
        self.count("watch", name(&query.resource));
        self.inner.watch(query).await
    }

    async fn apply(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.count_write("apply", target, options);
        self.inner.apply(target, object, options).await
    }

    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.count_write("create", target, options);
        self.inner.create(target, object, options).await
    }

    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.count_write("update", target, options);
        self.inner.replace(target, object, options).await
    }

    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written> {
        self.count_write("patch", target, options);
        self.inner.patch(target, patch, options).await
    }

    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted> {
        self.count("delete", name(resource));
        self.inner.delete(resource, warrant).await
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
