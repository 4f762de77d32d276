//! A [`Cluster`] over the kube crate.
//!
//! kube brings what is tedious about talking to a Kubernetes API: kubeconfigs, tokens that renew
//! themselves, TLS. What it decodes objects into costs tens of kilobytes each, so this crate takes the bytes:
//! lists and watches hand every item over as it came, and what is decoded becomes the core's own values.
//!
//! ```no_run
//! use tautline_cluster::{Cluster, Query, RawObject};
//! use tautline_kube::KubeCluster;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = KubeCluster::from_kubeconfig(None, None).await?;
//! let found = cluster.discover().await?;
//! let pods = found.preferred("", "Pod").ok_or("no pods?")?.clone();
//! let mut bytes = 0;
//! let end = cluster
//!     .list(&Query::all(pods), &mut |item| {
//!         if let RawObject::Json(json) = item {
//!             bytes += json.len();
//!         }
//!     })
//!     .await?;
//! println!("{bytes} bytes of pods at version {}", end.version);
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`KubeCluster`] | the cluster, made from a kubeconfig, from inside a pod, or from a `kube::Client` |
//! | [`ConnectError`] | why there is none |
//!
//! # What it does not do
//! It does not throttle (the server does, and says so), does not retry (who calls knows what may be
//! repeated), holds no cache, and never guesses a plural or a scope: those come from discovery.
//!
//! [`Cluster`]: tautline_cluster::Cluster
#![forbid(unsafe_code)]

mod address;
mod call;
mod cluster;
mod connect;
mod discovery;
mod items;
mod status;
mod watch;

pub use cluster::KubeCluster;
pub use connect::ConnectError;
