//! Finding a cluster: a kubeconfig, or the pod we run in.

use std::path::Path;

use kube::config::{Config, KubeConfigOptions, Kubeconfig};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The kubeconfig is not there, cannot be read, or lacks the context.
    #[error("the kubeconfig cannot be used: {0}; check the file and the name of the context")]
    Kubeconfig(String),
    /// We do not run in a pod with a service account.
    #[error("there is no service account to use: {0}; name a kubeconfig, or run in a pod")]
    InCluster(String),
    /// The configuration makes no client: a certificate or key is broken.
    #[error("no client can be made for the cluster: {0}; check its certificates and keys")]
    Client(String),
}

/// A client for a context of a kubeconfig; without a file, of `$KUBECONFIG` or `~/.kube/config`.
pub(crate) async fn kubeconfig(
    file: Option<&Path>,
    context: Option<&str>,
) -> Result<kube::Client, ConnectError> {
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let failed = |error: kube::config::KubeconfigError| ConnectError::Kubeconfig(error.to_string());
    let config = match file {
        Some(file) => {
            let kubeconfig = Kubeconfig::read_from(file).map_err(failed)?;
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(failed)?
        }
        None => Config::from_kubeconfig(&options).await.map_err(failed)?,
    };
    client(config)
}

/// A client for the cluster that this pod runs in.
pub(crate) fn in_cluster() -> Result<kube::Client, ConnectError> {
    client(Config::incluster().map_err(|error| ConnectError::InCluster(error.to_string()))?)
}

fn client(mut config: Config) -> Result<kube::Client, ConnectError> {
    // Who calls knows what may be repeated; a write repeated below us would be counted twice.
    config.default_retry = false;
    kube::Client::try_from(config).map_err(|error| ConnectError::Client(error.to_string()))
}
