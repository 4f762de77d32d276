//! [`LiveCache`]: what is known of live objects, kept over a restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tautline_cluster::Cache;
use tautline_core::{ClusterId, Digest};
use tokio::io::AsyncWriteExt;

/// A folder in which what is known of a cluster's live objects is kept, so that a restart need not fetch all of it.
///
/// What is read back counts for nothing until the cluster confirms it: each kind is listed by its metadata, and objects
/// of another uid or version are fetched. Secrets are not in it, masked or not: they are listed anew. The files are for
/// their owner alone (mode 0600); they hold what the objects hold, ConfigMaps too, so the folder should be no shared
/// one. A file that is damaged, or of another version of this program, is passed over and written anew.
#[derive(Clone, Debug)]
pub struct LiveCache {
    folder: PathBuf,
    every: Duration,
}

impl LiveCache {
    /// Keeps the live cache in this folder, which is made when first needed; written every five minutes and at the end.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), every: Duration::from_secs(300) }
    }

    /// Writes it this often.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// One file a cluster.
    fn path(&self, cluster: &ClusterId) -> PathBuf {
        self.folder.join(format!("live-{}.cache", Digest::of_bytes(cluster.as_str().as_bytes()).short()))
    }
}

/// Reads and writes the file of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    settings: LiveCache,
    path: PathBuf,
    cache: Arc<RwLock<Cache>>,
    /// The digest of what the file holds.
    written: Option<Digest>,
}

impl Keeper {
    pub(crate) fn new(settings: LiveCache, cluster: &ClusterId, cache: Arc<RwLock<Cache>>) -> Self {
        let path = settings.path(cluster);
        Self { settings, path, cache, written: None }
    }

    /// Fills the cache, which is still empty, with what the file holds.
    pub(crate) async fn load(&self) {
        let bytes = match tokio::fs::read(&self.path).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                return tracing::warn!(file = %self.path.display(), %error, "the kept live cache cannot be read");
            }
        };
        let cache = self.cache.clone();
        let restored = tokio::task::spawn_blocking(move || {
            cache.write().unwrap_or_else(PoisonError::into_inner).restore(&bytes)
        });
        match restored.await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => {
                tracing::warn!(file = %self.path.display(), %problem, "the kept live cache is not taken")
            }
            Err(error) => {
                tracing::warn!(file = %self.path.display(), %error, "the kept live cache is not taken")
            }
        }
    }

    /// Writes the file again and again, until the task is aborted.
    pub(crate) async fn keep(mut self) {
        loop {
            tokio::time::sleep(self.settings.every).await;
            // By now every app has said which kinds it needs.
            self.cache.write().unwrap_or_else(PoisonError::into_inner).forget_unwatched();
            self.save().await;
        }
    }

    /// Writes the file, if what is known is other than what it holds.
    pub(crate) async fn save(&mut self) {
        let cache = self.cache.clone();
        let taken = tokio::task::spawn_blocking(move || {
            let bytes = cache.read().unwrap_or_else(PoisonError::into_inner).snapshot_without_secrets();
            (Digest::of_bytes(&bytes), bytes)
        });
        let Ok((digest, bytes)) = taken.await else { return };
        if self.written == Some(digest) {
            return;
        }
        match write(&self.settings.folder, &self.path, &bytes).await {
            Ok(()) => self.written = Some(digest),
            Err(error) => {
                tracing::warn!(file = %self.path.display(), %error, "the live cache cannot be kept")
            }
        }
    }
}

/// Writes a file beside its place and moves it there, so that it is whole at any moment.
async fn write(folder: &Path, place: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut folders = tokio::fs::DirBuilder::new();
    folders.recursive(true);
    #[cfg(unix)]
    folders.mode(0o700);
    folders.create(folder).await?;
    let beside = place.with_extension("new");
    match tokio::fs::remove_file(&beside).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = tokio::fs::OpenOptions::new();
    // A file that is there already might be for others to read, or a link to elsewhere.
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&beside).await?;
    file.write_all(bytes).await?;
    file.flush().await?;
    tokio::fs::rename(&beside, place).await
}
