//! A source in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tautline_core::{MemoryTree, Revision, Tree, Want};

use crate::{NoSuchReference, Source, SourceError};

/// Serves trees that a program put there, under the wants that should find them.
#[derive(Debug, Default)]
pub struct MemorySource {
    trees: Mutex<BTreeMap<Want, (Revision, MemoryTree)>>,
}

impl MemorySource {
    /// Makes `want` stand for this content from now on; the content's identity is the revision.
    pub fn set(&self, want: Want, tree: MemoryTree) -> Revision {
        let revision = Revision { id: tree.id().0, place: want.place().to_owned() };
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        trees.insert(want, (revision.clone(), tree));
        revision
    }

    /// Makes `want` stand for nothing, as a branch that was deleted.
    pub fn remove(&self, want: &Want) {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).remove(want);
    }
}

#[async_trait]
impl Source for MemorySource {
    async fn resolve(&self, want: &Want) -> Result<Revision, SourceError> {
        let trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        trees.get(want).map(|(revision, _)| revision.clone()).ok_or_else(|| SourceError::Reference {
            place: want.place().to_owned(),
            source: NoSuchReference::Missing(want.to_string()),
        })
    }

    async fn fetch(&self, revision: &Revision) -> Result<Arc<dyn Tree>, SourceError> {
        let trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        let found = trees.values().find(|(r, _)| r == revision);
        found.map(|(_, tree)| Arc::new(tree.clone()) as Arc<dyn Tree>).ok_or_else(|| SourceError::Reference {
            place: revision.place.clone(),
            source: NoSuchReference::Missing(revision.id.clone()),
        })
    }
}
