//! The cluster of a kubeconfig, and what lives in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tautline::cluster::{ApiResource, Cache, Cluster, Query, RawObject};
use tautline::core::{Clock, GroupKind, GroupVersionKind, MaskingKey, Why};
use tautline::ownership::owner_of;
use tautline::runtime::{Catalog, Definitions, LiveSchemas};
use tautline_kube::KubeCluster;

use crate::arguments::ClusterOptions;
use crate::failure::{Failure, Result};
use crate::system::SystemClock;

/// A cluster to compare with.
pub(crate) struct Live {
    /// The cluster.
    pub(crate) cluster: Arc<dyn Cluster>,
    /// The URL of its server.
    pub(crate) server: String,
}

/// Connects to the cluster that the options name.
pub(crate) async fn connect(options: &ClusterOptions) -> Result<Live> {
    if let Some(folder) = &options.offline {
        return crate::snapshot::offline(folder);
    }
    let (file, context) = (options.kubeconfig.as_deref(), options.context.as_deref());
    let choice = KubeConfigOptions { context: options.context.clone(), ..KubeConfigOptions::default() };
    let config = match file {
        Some(file) => match Kubeconfig::read_from(file) {
            Ok(kubeconfig) => Config::from_custom_kubeconfig(kubeconfig, &choice).await,
            Err(error) => Err(error),
        },
        None => Config::from_kubeconfig(&choice).await,
    };
    let config = config.map_err(|error| {
        Failure::usage(format!("the kubeconfig cannot be used: {error}; name one with --kubeconfig."))
    })?;
    let cluster = KubeCluster::from_kubeconfig(file, context).await.map_err(Failure::usage)?;
    Ok(Live { cluster: Arc::new(cluster), server: config.cluster_url.to_string() })
}

/// What lives in a cluster, as far as it was asked for.
pub(crate) struct Snapshot {
    /// The objects.
    pub(crate) cache: Cache,
    /// What is served.
    pub(crate) catalog: Catalog,
    /// The types: the cluster's CRDs before the built-in ones.
    pub(crate) schemas: LiveSchemas,
}

impl Snapshot {
    /// Asks what is served; no object yet.
    pub(crate) async fn open(cluster: &dyn Cluster, masking: MaskingKey) -> Result<Self> {
        let catalog = Catalog::default();
        let discovery = cluster.discover().await;
        catalog.update(discovery.map_err(|e| Failure::work(format!("the cluster does not answer: {e}.")))?);
        let schemas = LiveSchemas::new(tautline::schema::shared());
        Ok(Self { cache: Cache::new(masking), catalog, schemas })
    }

    /// Lists kinds. One that cannot be listed is unknown.
    pub(crate) async fn list(&mut self, cluster: &dyn Cluster, kinds: impl IntoIterator<Item = ApiResource>) {
        let lists = kinds.into_iter().map(|resource| async move {
            let mut items: Vec<RawObject> = Vec::new();
            let end = cluster.list(&Query::all(resource.clone()), &mut |item| items.push(item)).await;
            (resource, items, end)
        });
        for (resource, items, end) in join_all(lists).await {
            let kind = resource.gvk.group_kind();
            self.cache.begin_list(resource.clone());
            let bad = items.iter().find_map(|item| self.cache.list_item(&kind, item).err());
            let why = match (end, bad) {
                (Ok(end), None) => {
                    // A list older than the one before makes the kind unknown, which the cache says itself.
                    drop(self.cache.end_list(&kind, end.version, SystemClock.now()));
                    continue;
                }
                (Err(error), _) if error.is_forbidden() => {
                    Why::Forbidden { kind, message: error.to_string() }
                }
                (Err(error), _) => Why::Failing { kind, message: error.to_string() },
                (_, Some(bad)) => Why::Failing { kind, message: bad.to_string() },
            };
            self.cache.fail(&resource, why);
        }
    }

    /// Reads the cluster's CustomResourceDefinitions, so that its own kinds are compared by their types.
    pub(crate) async fn learn_types(&mut self, cluster: &dyn Cluster) {
        let crd = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        if let Some(resource) = self.catalog.resource(&crd) {
            self.list(cluster, [resource]).await;
            self.schemas.update(&self.cache.objects(&crd.group_kind()));
        }
    }

    /// The kinds that hold objects of an app, by one list of metadata for each kind that can be listed.
    pub(crate) async fn kinds_of(&self, cluster: &dyn Cluster, app: &str) -> Result<BTreeSet<GroupKind>> {
        let lists = self.catalog.listable().into_iter().map(|resource| async move {
            let mut is_found = false;
            let query = Query { metadata_only: true, ..Query::all(resource.clone()) };
            let mut sink = |item: RawObject| {
                is_found |= item.metadata(&resource.gvk).and_then(|o| owner_of(&o)).as_deref() == Some(app);
            };
            let end = cluster.list(&query, &mut sink).await;
            (resource.gvk.group_kind(), is_found, end)
        });
        let mut kinds = BTreeSet::new();
        for (kind, is_found, end) in join_all(lists).await {
            match end {
                Ok(_) if is_found => drop(kinds.insert(kind)),
                Ok(_) => {}
                Err(error) if error.status().is_some_and(|s| matches!(s.code, 404 | 405)) => {}
                Err(error) => eprintln!("taut: {kind} cannot be listed, so none of it is found: {error}"),
            }
        }
        Ok(kinds)
    }
}
