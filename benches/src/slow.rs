//! A cluster whose writes take longer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::stream::BoxStream;
use tautline::cluster::{
    ApiResource, Cluster, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawSink, Result, Target,
    WriteOptions, Written,
};
use tautline::core::{ClusterId, GroupVersion, Object, Value};
use tautline::ownership::Warrant;

/// Adds a latency to every write, and notes when each apply of a ConfigMap began and ended.
#[derive(Clone)]
pub(crate) struct Slow {
    inner: Arc<dyn Cluster>,
    latency: Duration,
    applies: Arc<Mutex<Vec<(Instant, Instant)>>>,
}

impl Slow {
    pub(crate) fn new(inner: Arc<dyn Cluster>, latency: Duration) -> Self {
        Self { inner, latency, applies: Arc::default() }
    }

    /// How many ConfigMaps a second were applied between the first and the last one, and how many there were.
    pub(crate) fn rate(&self) -> (f64, usize) {
        let applies = std::mem::take(&mut *self.applies.lock().unwrap_or_else(PoisonError::into_inner));
        let first = applies.iter().map(|(began, _)| *began).min();
        let last = applies.iter().map(|(_, ended)| *ended).max();
        let seconds = first.zip(last).map_or(0.0, |(first, last)| (last - first).as_secs_f64());
        (applies.len() as f64 / seconds.max(f64::EPSILON), applies.len())
    }
}

#[async_trait]
impl Cluster for Slow {
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
        let began = Instant::now();
        tokio::time::sleep(self.latency).await;
        let written = self.inner.apply(target, object, options).await;
        if object.kind() == "ConfigMap" {
            let mut applies = self.applies.lock().unwrap_or_else(PoisonError::into_inner);
            applies.push((began, Instant::now()));
        }
        written
    }

    async fn create(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        tokio::time::sleep(self.latency).await;
        self.inner.create(target, object, options).await
    }

    async fn replace(&self, target: &Target, object: &Object, options: &WriteOptions) -> Result<Written> {
        tokio::time::sleep(self.latency).await;
        self.inner.replace(target, object, options).await
    }

    async fn patch(&self, target: &Target, patch: &Patch, options: &WriteOptions) -> Result<Written> {
        tokio::time::sleep(self.latency).await;
        self.inner.patch(target, patch, options).await
    }

    async fn delete(&self, resource: &ApiResource, warrant: Warrant) -> Result<Deleted> {
        tokio::time::sleep(self.latency).await;
        self.inner.delete(resource, warrant).await
    }
}
