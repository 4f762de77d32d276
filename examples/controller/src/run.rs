//! Running on a real cluster.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tautline::argocd::{Controller, ControllerOptions, Settings};
use tautline::cluster::{Cluster, Counted, Target, WriteOptions};
use tautline::core::{Clock, FieldManager, MaskingKey, Secret};
use tautline::git::{GitSource, Options};
use tautline::kube::KubeCluster;
use tautline::runtime::{LiveCache, Namespaced};
use tautline::{Embedding, RuntimePages};

use crate::arguments::{ConnectOptions, RunOptions};
use crate::leader::Candidate;
use crate::repositories::Repositories;
use crate::serve;
use crate::system::SystemClock;

/// How often the repository Secrets are read again.
const SECRETS_EVERY: Duration = Duration::from_secs(60);

/// Connects to the cluster that the flags name, or to the one this pod runs in.
pub(crate) async fn connect(options: &ConnectOptions) -> Result<Arc<dyn Cluster>, String> {
    let is_in_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let cluster = match &options.kubeconfig {
        None if is_in_pod => KubeCluster::in_cluster(),
        file => KubeCluster::from_kubeconfig(file.as_deref(), options.context.as_deref()).await,
    };
    cluster.map(|cluster| Arc::new(cluster) as Arc<dyn Cluster>).map_err(|error| error.to_string())
}

/// Runs the controller until it is interrupted or loses its Lease.
pub(crate) async fn run(options: RunOptions) -> Result<(), String> {
    let counted = Counted::new(connect(&options.connect).await?);
    let cluster = in_sight(Arc::new(counted.clone()), &options);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let repositories = Repositories::default();
    repositories.read(&*cluster, &options.namespace).await?;
    tokio::spawn(keep_reading(repositories.clone(), cluster.clone(), options.namespace.clone()));
    let cache = options.cache.clone().unwrap_or_else(|| std::env::temp_dir().join("tautline-git"));
    let git = Options::new(cache).with_credentials(Arc::new(repositories));
    let mut embedding = Embedding::new(
        cluster.clone(),
        Arc::new(GitSource::new(git, clock.clone())),
        clock.clone(),
        MaskingKey::new(rand::random()),
    );
    embedding.options.writes.manager = FieldManager::new(&options.field_manager);
    embedding.options.live_cache = options.live_cache.clone().map(LiveCache::new);
    // A separate connection, so that renewing never queues behind applies.
    let candidate = Candidate {
        cluster: connect(&options.connect).await?,
        clock,
        namespace: options.namespace.clone(),
        identity: format!("{}-{:08x}", std::process::id(), rand::random::<u32>()),
    };
    let is_alone = options.no_leader_election || options.observe;
    if !is_alone {
        candidate.win().await?;
    }
    let controller = embedding.control(control_options(&options)).await?;
    let result = tokio::select! {
        reason = candidate.keep(), if !is_alone => Err(reason),
        result = page(&options, &controller, counted) => result,
        () = interrupted() => Ok(()),
    };
    controller.stop().await;
    result
}

/// The part of the cluster that the flags have looked at.
fn in_sight(cluster: Arc<dyn Cluster>, options: &RunOptions) -> Arc<dyn Cluster> {
    if options.namespaces.is_empty() {
        return cluster;
    }
    let seen = Namespaced::new(cluster, options.namespaces.iter().cloned());
    Arc::new(seen.with_cluster_scope(options.cluster_resources))
}

fn control_options(options: &RunOptions) -> ControllerOptions {
    let settings = Settings {
        control_plane: options.namespace.clone(),
        poll: Duration::from_secs(options.poll.max(1)),
        observe: options.observe,
    };
    ControllerOptions { settings, selector: options.selector.clone(), take_over: options.take_over }
}

async fn page(options: &RunOptions, controller: &Controller, counted: Counted) -> Result<(), String> {
    let pages = Arc::new(RuntimePages::follow(controller.runtime().clone()));
    let token = options.token_file.as_deref().map(read_token).transpose()?;
    serve::serve(options.listen, pages, token, options.allowed_host.clone(), Some(counted)).await
}

fn read_token(file: &std::path::Path) -> Result<Secret<String>, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(Secret::new(text.trim().to_owned()))
}

async fn keep_reading(repositories: Repositories, cluster: Arc<dyn Cluster>, namespace: String) {
    loop {
        tokio::time::sleep(SECRETS_EVERY).await;
        if let Err(error) = repositories.read(&*cluster, &namespace).await {
            tracing::warn!(error, "the repository Secrets could not be read; the last ones stay");
        }
    }
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// Installs the CRDs. One that is there and differs stays as it is without `replace` (rule R22).
pub(crate) async fn install_crds(options: &ConnectOptions, replace: bool) -> Result<(), String> {
    let cluster = connect(options).await?;
    let discovery = cluster.discover().await.map_err(|e| e.to_string())?;
    for crd in tautline::argocd::definitions() {
        let resource =
            discovery.find(&crd.gvk()).cloned().ok_or("the cluster serves no CustomResourceDefinitions")?;
        let target = Target::of(resource, &crd);
        let is_there = cluster.get(&target).await.map_err(|e| e.to_string())?.is_some();
        if is_there && !replace {
            println!("{} is there and stays as it is; --replace overwrites it", crd.key());
            continue;
        }
        let write = WriteOptions { force: true, ..WriteOptions::by(FieldManager::tautline()) };
        cluster.apply(&target, &crd, &write).await.map_err(|e| format!("{}: {e}", crd.key()))?;
        println!("{} applied", crd.key());
    }
    Ok(())
}

/// A folder for what is fetched anew where it is lost.
pub(crate) type CacheFolder = PathBuf;
