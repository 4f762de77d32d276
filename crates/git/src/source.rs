//! [`GitSource`]: the source itself.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gix::ThreadSafeRepository;
use tautline_core::{Clock, Revision, Tree, Want};
use tautline_source::{NoSuchReference, Source, SourceError, choose, is_full_commit_id};

use crate::access::{Credentials, NoCredentials};
use crate::failure::Failure;
use crate::folder::FolderTree;
use crate::local;
use crate::place::{Place, shown};
use crate::remote::Remote;
use crate::tree::GitTree;

/// Marks the revision of a folder, which is a digest and no commit.
const FOLDER: &str = "folder-";

/// How a [`GitSource`] works.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where bare repositories are kept. Only this process may write there.
    pub cache: PathBuf,
    /// How repositories are reached.
    pub credentials: Arc<dyn Credentials>,
    /// The ssh program; found in `PATH` if it is a bare name.
    pub ssh_program: PathBuf,
    /// A listing of references that is younger is used again; zero lists each time.
    pub listing_age: Duration,
}

impl Options {
    /// Keeps repositories below this folder, logs in nowhere, and uses a listing for one second.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        let credentials = Arc::new(NoCredentials);
        let (cache, ssh_program) = (cache.into(), PathBuf::from("ssh"));
        Self { cache, credentials, ssh_program, listing_age: Duration::from_secs(1) }
    }

    /// Reaches repositories with these credentials.
    #[must_use]
    pub fn with_credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        Self { credentials, ..self }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("cache", &self.cache)
            .field("listing_age", &self.listing_age)
            .finish_non_exhaustive()
    }
}

/// Serves [`Want::Git`] and [`Want::Folder`].
///
/// A path or `file://` URL is opened in place; its references are read at every resolve, which costs less
/// than a millisecond. A repository behind a server has its references listed once for all who ask at the
/// same time or within [`Options::listing_age`], and each commit fetched once. Work that blocks runs on
/// tokio's blocking threads, so a tokio runtime must be there.
pub struct GitSource {
    options: Options,
    clock: Arc<dyn Clock>,
    remotes: Mutex<HashMap<String, Arc<Remote>>>,
    locals: Arc<Mutex<HashMap<PathBuf, ThreadSafeRepository>>>,
}

impl GitSource {
    /// A source that keeps what it fetches in the folder of the options. Nothing is touched before the first
    /// question.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Self {
        // reqwest is built without a TLS provider of its own and takes the process's. If there is one
        // already, it stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { options, clock, remotes: Mutex::default(), locals: Arc::default() }
    }

    /// Forgets what this repository's references were, so that the next resolve asks the server: a hard
    /// refresh, or a push that somebody announced.
    pub fn forget(&self, repository: &str) {
        let remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remote) = remotes.get(repository) {
            remote.listing.forget();
        }
    }

    fn remote(&self, repository: &str, place: Place) -> Arc<Remote> {
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        let made = remotes.entry(repository.to_owned()).or_insert_with(|| {
            // Named by the URL as written, login included: who may read less finds no objects of who may
            // read more.
            let name = blake3::hash(repository.as_bytes()).to_hex();
            let folder = self.options.cache.join(format!("{}.git", &name[..32]));
            Arc::new(Remote::new(place, folder, self.options.ssh_program.clone()))
        });
        Arc::clone(made)
    }

    async fn resolve_git(&self, repository: &str, reference: &str) -> Result<String, Failure> {
        match Place::parse(repository) {
            Place::Unsupported(message) => Err(Failure::Unsupported(message)),
            Place::Local(path) => {
                let (locals, reference) = (Arc::clone(&self.locals), reference.to_owned());
                blocking(move || local::resolve(&opened(&locals, &path)?, &reference)).await
            }
            _ if is_full_commit_id(reference) => Ok(reference.to_ascii_lowercase()),
            place => self.resolve_remote(self.remote(repository, place), repository, reference).await,
        }
    }

    async fn resolve_remote(
        &self,
        remote: Arc<Remote>,
        repository: &str,
        reference: &str,
    ) -> Result<String, Failure> {
        let list = || async {
            let access = self.options.credentials.access(&shown(repository));
            let (remote, reference) = (Arc::clone(&remote), reference.to_owned());
            blocking(move || remote.list(&access, &reference)).await.map(Arc::new)
        };
        // A full name outside branches and tags is in no shared listing.
        let shared = !reference.starts_with("refs/")
            || ["refs/heads/", "refs/tags/"].iter().any(|known| reference.starts_with(known));
        let refs = match shared {
            true => remote.listing.get(&*self.clock, self.options.listing_age, list).await?,
            false => list().await?,
        };
        match choose(&refs, reference) {
            Ok(id) => Ok(id),
            Err(NoSuchReference::ShortId(short)) => {
                blocking(move || local::stored(&remote.cache()?.to_thread_local(), &short)).await
            }
            Err(problem) => Err(Failure::Reference(problem)),
        }
    }

    async fn fetch_git(&self, repository: &str, id: &str) -> Result<GitTree, Failure> {
        let id = id.to_owned();
        let place = match Place::parse(repository) {
            Place::Unsupported(message) => return Err(Failure::Unsupported(message)),
            Place::Local(path) => {
                let locals = Arc::clone(&self.locals);
                return blocking(move || GitTree::of_commit(opened(&locals, &path)?, &id)).await;
            }
            place => place,
        };
        let remote = self.remote(repository, place);
        let _one_at_a_time = remote.fetching.lock().await;
        let access = self.options.credentials.access(&shown(repository));
        let fetching = Arc::clone(&remote);
        blocking(move || {
            if !fetching.holds(&id)? {
                fetching.fetch(&access, &id)?;
            }
            GitTree::of_commit(fetching.cache()?, &id)
        })
        .await
    }
}

/// A repository on this machine, opened once.
fn opened(
    locals: &Mutex<HashMap<PathBuf, ThreadSafeRepository>>,
    path: &Path,
) -> Result<ThreadSafeRepository, Failure> {
    let mut locals = locals.lock().unwrap_or_else(PoisonError::into_inner);
    // A repository that was deleted must not be served from open files.
    if let Some(repository) = locals.get(path).filter(|r| r.refs.git_dir().join("HEAD").exists()) {
        return Ok(repository.clone());
    }
    locals.remove(path);
    let repository = local::open(path)?;
    locals.insert(path.to_owned(), repository.clone());
    Ok(repository)
}

/// Runs what blocks where that is allowed.
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Failure> + Send + 'static,
) -> Result<R, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Failure::Content(format!("reading ended early: {error}"))),
    }
}

#[async_trait]
impl Source for GitSource {
    async fn resolve(&self, want: &Want) -> Result<Revision, SourceError> {
        let place = want.place().to_owned();
        let id = match want {
            Want::Git { repository, reference } => self.resolve_git(repository, reference).await,
            Want::Folder { path } => {
                let path = path.clone();
                blocking(move || Ok(format!("{FOLDER}{}", FolderTree::open(&path)?.id()))).await
            }
            _ => Err(Failure::Unsupported(
                "this is neither a Git repository nor a folder; give it to the source for charts or artifacts"
                    .to_owned(),
            )),
        };
        match id {
            Ok(id) => Ok(Revision { id, place }),
            Err(failure) => Err(failure.at(&shown(&place))),
        }
    }

    async fn fetch(&self, revision: &Revision) -> Result<Arc<dyn Tree>, SourceError> {
        let Revision { id, place } = revision;
        let Some(digest) = id.strip_prefix(FOLDER) else {
            let tree = self.fetch_git(place, id).await.map_err(|failure| failure.at(&shown(place)))?;
            return Ok(Arc::new(tree));
        };
        let (path, digest) = (place.clone(), digest.to_owned());
        let tree = blocking(move || {
            let tree = FolderTree::open(&path)?;
            match tree.id().0 == digest {
                true => Ok(tree),
                false => {
                    Err(Failure::Content("the folder changed while it was read; trying again helps".into()))
                }
            }
        });
        Ok(Arc::new(tree.await.map_err(|failure| failure.at(place))?))
    }
}

impl fmt::Debug for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSource").field("options", &self.options).finish_non_exhaustive()
    }
}
