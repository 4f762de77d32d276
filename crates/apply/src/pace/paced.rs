//! A cluster whose writes go at a pace.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use tautline_cluster::{
    ApiResource, Cluster, ClusterError, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawSink, Result,
    Target, WriteOptions, Written,
};
use tautline_core::{ClusterId, GroupVersion, Object, Value};
use tautline_ownership::Warrant;

use super::{Pace, Went};

tokio::task_local! {
    /// How much depends on what is being done.
    static WEIGHT: u32;
}

/// Does something that so much depends on: its requests to a [`Paced`] cluster are let in before lighter ones.
pub async fn weighed<T>(weight: u32, act: impl Future<Output = T>) -> T {
    WEIGHT.scope(weight, act).await
}

/// A cluster whose writes and dry runs go at a [`Pace`]; what only reads goes at once.
#[expect(missing_debug_implementations, reason = "holds a trait object")]
pub struct Paced {
    inner: Arc<dyn Cluster>,
    pace: Pace,
}

impl Paced {
    /// At most so many writes at once.
    pub fn new(inner: Arc<dyn Cluster>, most: usize) -> Self {
        Self { inner, pace: Pace::new(most) }
    }

    /// The pace, for metrics.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    async fn at_pace<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        let place = self.pace.enter(WEIGHT.try_with(|weight| *weight).unwrap_or(0)).await;
        let result = request.await;
        place.leave(went(result.as_ref().err()));
        result
    }
}

/// What an answer says of the server's load.
fn went(error: Option<&ClusterError>) -> Went {
    match error {
        None => Went::Answered,
        Some(error) => match error.status() {
            Some(status) if status.code == 429 => Went::Refused(status.retry_after),
            Some(status) if status.code == 503 && status.retry_after.is_some() => {
                Went::Refused(status.retry_after)
            }
            // A refusal for what was asked is an answer like any other.
            Some(status) if (400..500).contains(&status.code) => Went::Answered,
            _ => Went::Otherwise,
        },
    }
}

#[async_trait]
impl Cluster for Paced {
    fn id(&self) -> ClusterId {
        self.inner.id()
    }

    fn namespaces(&self) -> Option<&[String]> {
        self.inner.namespaces()
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

    async fn log_tail(&self, pod: &Target, container: &str, lines: usize) -> Result<Option<String>> {
        self.inner.log_tail(pod, container, lines).await
    }

    async fn list(&self, query: &Query, sink: &mut dyn RawSink) -> Result<ListEnd> {
        self.inner.list(query, sink).await
    }

    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>> {
        self.inner.watch(query).await
    }

    async fn apply(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.at_pace(self.inner.apply(target, object, options)).await
    }

    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.at_pace(self.inner.create(target, object, options)).await
    }

    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        self.at_pace(self.inner.replace(target, object, options)).await
    }

    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written> {
        self.at_pace(self.inner.patch(target, patch, options)).await
    }

    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted> {
        self.at_pace(self.inner.delete(resource, warrant)).await
    }
}
