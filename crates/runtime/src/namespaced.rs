//! [`Namespaced`]: a cluster as one sees it who has rights in some namespaces only.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tautline_cluster::{
    ApiResource, Cluster, ClusterError, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawSink, Result,
    Status, Target, WriteOptions, Written,
};
use tautline_core::{Backoff, ClusterId, GroupVersion, Object, ResourceVersion, Value};
use tautline_ownership::Warrant;

/// A cluster of which only some namespaces are looked at, so that Roles in them are all the rights that are needed.
///
/// What lists or watches a kind lists or watches it in each of them, and nothing is ever asked for over all namespaces.
/// Kinds outside of namespaces cannot be read, as if they were forbidden, unless [`Namespaced::with_cluster_scope`] says
/// that they may; then objects in other namespaces are still not seen. Writes go where they are meant to go: what may be
/// written the server says.
///
/// ```
/// # fn with(cluster: std::sync::Arc<dyn tautline_cluster::Cluster>) {
/// use tautline_cluster::Cluster;
/// use tautline_runtime::Namespaced;
///
/// let seen = Namespaced::new(cluster, ["shop".to_owned(), "argocd".to_owned()]);
/// assert_eq!(seen.namespaces().unwrap(), ["argocd", "shop"]);
/// # }
/// ```
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds a trait object")]
pub struct Namespaced {
    inner: Arc<dyn Cluster>,
    namespaces: Vec<String>,
    sees_cluster_scope: bool,
}

/// How often a namespace's watch may fail in a row before its kind is listed again.
const MOST_FAILURES: u32 = 5;
const RETRY: Backoff = Backoff { base: Duration::from_millis(200), factor: 2.0, max: Duration::from_secs(5) };

impl Namespaced {
    /// Looks at these namespaces alone.
    pub fn new(inner: Arc<dyn Cluster>, namespaces: impl IntoIterator<Item = String>) -> Self {
        let mut namespaces: Vec<String> = namespaces.into_iter().collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        Self { inner, namespaces, sees_cluster_scope: false }
    }

    /// Reads kinds outside of namespaces too: whoever runs this may list them.
    #[must_use]
    pub fn with_cluster_scope(mut self, sees: bool) -> Self {
        self.sees_cluster_scope = sees;
        self
    }

    /// Whether a query is for all namespaces, and so for each of ours; a kind outside of them may not be asked for.
    fn is_for_each(&self, query: &Query) -> Result<bool> {
        if !query.resource.namespaced && !self.sees_cluster_scope {
            return Err(out_of_sight(&query.resource));
        }
        Ok(query.resource.namespaced && query.namespace.is_none())
    }
}

/// The refusal of a kind outside of namespaces.
fn out_of_sight(resource: &ApiResource) -> ClusterError {
    let message = format!(
        "{} lies outside of namespaces, and only some namespaces are looked at; allow cluster-scoped resources to read it",
        resource.plural
    );
    let status = Status { code: 403, reason: "Forbidden".to_owned(), message, ..Status::default() };
    ClusterError::Status(status)
}

/// One namespace's part of a watch: it goes on by itself where it ended, so that one that is slower than the others
/// misses nothing.
struct Part {
    cluster: Arc<dyn Cluster>,
    query: Query,
    events: Option<BoxStream<'static, Result<RawEvent>>>,
    failures: u32,
}

impl Part {
    /// The next event; an error only where the kind must be listed anew.
    async fn next(mut self) -> Option<(Result<RawEvent>, Self)> {
        loop {
            let Some(events) = &mut self.events else {
                tokio::time::sleep(RETRY.delay(self.failures)).await;
                match self.cluster.watch(&self.query).await {
                    Ok(events) => self.events = Some(events),
                    Err(error) => match self.failed(error) {
                        Some(error) => return Some((Err(error), self)),
                        None => continue,
                    },
                }
                continue;
            };
            match events.next().await {
                Some(Ok(event)) => {
                    self.failures = 0;
                    self.query.since = version(&event).or(self.query.since.take());
                    return Some((Ok(event), self));
                }
                Some(Err(error)) => {
                    self.events = None;
                    if let Some(error) = self.failed(error) {
                        return Some((Err(error), self));
                    }
                }
                None => self.events = None,
            }
        }
    }

    /// Takes note of a failure. Answers one that a list must get over.
    fn failed(&mut self, error: ClusterError) -> Option<ClusterError> {
        self.failures += 1;
        let is_final = error.is_gone() || error.is_ahead() || error.is_forbidden();
        (is_final || self.failures > MOST_FAILURES).then(|| {
            let message = format!("the watch in a namespace is at its end: {error}");
            ClusterError::Status(Status {
                code: 410,
                reason: "Expired".to_owned(),
                message,
                ..Status::default()
            })
        })
    }
}

fn version(event: &RawEvent) -> Option<ResourceVersion> {
    match event {
        RawEvent::Bookmark(version) => Some(version.clone()),
        RawEvent::Added(item) | RawEvent::Modified(item) | RawEvent::Deleted(item) => item.version(),
    }
}

#[async_trait]
impl Cluster for Namespaced {
    fn id(&self) -> ClusterId {
        self.inner.id()
    }

    fn namespaces(&self) -> Option<&[String]> {
        Some(&self.namespaces)
    }

    async fn discover(&self) -> Result<Discovery> {
        self.inner.discover().await
    }

    async fn open_api(&self, group_version: &GroupVersion) -> Result<Value> {
        self.inner.open_api(group_version).await
    }

    async fn get(&self, target: &Target) -> Result<Option<Arc<Object>>> {
        if !target.resource.namespaced && !self.sees_cluster_scope {
            return Err(out_of_sight(&target.resource));
        }
        self.inner.get(target).await
    }

    async fn log_tail(&self, pod: &Target, container: &str, lines: usize) -> Result<Option<String>> {
        self.inner.log_tail(pod, container, lines).await
    }

    /// The version of the whole is that of the oldest list: what came later in another namespace comes again.
    async fn list(&self, query: &Query, sink: &mut dyn RawSink) -> Result<ListEnd> {
        if !self.is_for_each(query)? {
            return self.inner.list(query, sink).await;
        }
        let mut oldest: Option<ListEnd> = None;
        for namespace in &self.namespaces {
            let query = Query { namespace: Some(namespace.clone()), ..query.clone() };
            let end = self.inner.list(&query, sink).await?;
            if oldest.as_ref().is_none_or(|oldest| !end.version.is_at_least(&oldest.version)) {
                oldest = Some(end);
            }
        }
        oldest.ok_or_else(|| out_of_sight(&query.resource))
    }

    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>> {
        if !self.is_for_each(query)? {
            return self.inner.watch(query).await;
        }
        let mut parts = Vec::new();
        for namespace in &self.namespaces {
            let query = Query { namespace: Some(namespace.clone()), ..query.clone() };
            let events = Some(self.inner.watch(&query).await?);
            let part = Part { cluster: self.inner.clone(), query, events, failures: 0 };
            parts.push(stream::unfold(part, Part::next).boxed());
        }
        // How far one namespace has come says nothing about the others.
        let told = |event: &Result<RawEvent>| !matches!(event, Ok(RawEvent::Bookmark(_)));
        Ok(stream::select_all(parts).filter(move |event| std::future::ready(told(event))).boxed())
    }

    async fn apply(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.inner.apply(target, object, options).await
    }

    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.inner.create(target, object, options).await
    }

    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.inner.replace(target, object, options).await
    }

    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written> {
        self.inner.patch(target, patch, options).await
    }

    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted> {
        self.inner.delete(resource, warrant).await
    }
}
