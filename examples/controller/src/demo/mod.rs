//! The demo: a real Git repository, an API server with workloads in this process, and the controller on it.

mod cluster;
mod repository;
mod story;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tautline::Embedding;
use tautline::argocd::{ControllerOptions, Settings};
use tautline::core::MaskingKey;
use tautline::git::{GitSource, Options};

use crate::arguments::DemoOptions;
use crate::system::SystemClock;
use cluster::DemoCluster;
use repository::Repository;

/// The error of a demo step: a sentence.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// Runs the demo.
pub(crate) async fn run(options: &DemoOptions) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("tautline-demo-").tempdir().map_err(|e| e.to_string())?;
    let root: PathBuf = folder.path().to_owned();
    if options.keep {
        let _ = folder.keep();
    }
    let repository = Repository::create(&root.join("repository"))?;
    let cluster = DemoCluster::start(&root.join("kubeconfig")).await?;
    let source = Arc::new(GitSource::new(Options::new(root.join("cache")), Arc::new(SystemClock)));
    let masking = MaskingKey::new(rand::random());
    let embedding = Embedding::new(cluster.for_agent("tautline"), source, Arc::new(SystemClock), masking);
    let settings =
        Settings { control_plane: "argocd".into(), poll: Duration::from_millis(500), observe: false };
    let control = ControllerOptions { settings, selector: String::new(), take_over: false };
    let controller = embedding.control(control).await?;
    println!("repository   {}", repository.path().display());
    println!(
        "kubeconfig   {} (try kubectl --kubeconfig … get applications -A)",
        root.join("kubeconfig").display()
    );
    let pages = Arc::new(tautline::RuntimePages::follow(controller.runtime().clone()));
    let page = tokio::spawn(crate::serve::serve(options.listen, pages, None, Vec::new(), None));
    let result = match options.once {
        true => story::walk(&cluster, &repository).await,
        false => story::stay(&cluster, &repository).await,
    };
    page.abort();
    controller.stop().await;
    result
}
