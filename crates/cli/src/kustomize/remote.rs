//! Bases in Git repositories, fetched as a build asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline::core::{Need, Tree, Want};
use tautline::git::{GitSource, Options};
use tautline::source::Source;
use tempfile::TempDir;

use crate::system::SystemClock;

/// What was fetched so far. The folder that holds it goes with this.
#[derive(Default)]
pub(super) struct Remotes {
    trees: BTreeMap<Want, Arc<dyn Tree>>,
    source: Option<(GitSource, TempDir)>,
}

impl Remotes {
    /// What was fetched so far.
    pub(super) fn trees(&self) -> BTreeMap<Want, Arc<dyn Tree>> {
        self.trees.clone()
    }

    /// Fetches what a build lacks, and says whether it found anything new. Only Git repositories are fetched.
    pub(super) async fn fetch(&mut self, needs: &[Need]) -> Result<bool, String> {
        let known = self.trees.len();
        for need in needs {
            if let Need::Tree(want @ Want::Git { .. }) = need {
                self.tree(want).await?;
            }
        }
        Ok(self.trees.len() > known)
    }

    /// The content of a repository.
    pub(super) async fn tree(&mut self, want: &Want) -> Result<Arc<dyn Tree>, String> {
        if let Some(tree) = self.trees.get(want) {
            return Ok(Arc::clone(tree));
        }
        if self.source.is_none() {
            let cache = tempfile::tempdir().map_err(|error| error.to_string())?;
            self.source = Some((GitSource::new(Options::new(cache.path()), Arc::new(SystemClock)), cache));
        }
        let Some((source, _)) = &self.source else { return Err("no repository can be fetched".to_owned()) };
        let failed = |error: tautline::source::SourceError| format!("{want}: {error}");
        let revision = source.resolve(want).await.map_err(failed)?;
        let tree = source.fetch(&revision).await.map_err(failed)?;
        self.trees.insert(want.clone(), Arc::clone(&tree));
        Ok(tree)
    }
}
