//! A source in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tautline_core::{MemoryTree, Revision, Tree, Want};

use crate::{NoSuchReference, Source, SourceError};

/// Serves trees that a program put there, under the wants that should find them, and under their own identities,
/// as a Git repository serves commits.
#[derive(Debug, Default)]
pub struct MemorySource {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    wants: BTreeMap<Want, Revision>,
    /// Every content that some want ever stood for, by place and identity.
    contents: BTreeMap<(String, String), MemoryTree>,
}

impl MemorySource {
    /// Makes `want` stand for this content from now on; the content's identity is the revision.
    pub fn set(&self, want: Want, tree: MemoryTree) -> Revision {
        let revision = Revision { id: tree.id().0, place: want.place().to_owned() };
        let mut held = self.held();
        held.contents.insert((revision.place.clone(), revision.id.clone()), tree);
        held.wants.insert(want, revision.clone());
        revision
    }

    /// Makes `want` stand for nothing, as a branch that was deleted.
    pub fn remove(&self, want: &Want) {
        self.held().wants.remove(want);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Source for MemorySource {
    async fn resolve(&self, want: &Want) -> Result<Revision, SourceError> {
        let held = self.held();
        let by_id = || {
            let Want::Git { repository, reference } = want else { return None };
            let revision = Revision { id: reference.clone(), place: repository.clone() };
            held.contents.contains_key(&(repository.clone(), reference.clone())).then_some(revision)
        };
        held.wants.get(want).cloned().or_else(by_id).ok_or_else(|| SourceError::Reference {
            place: want.place().to_owned(),
            source: NoSuchReference::Missing(want.to_string()),
        })
    }

    async fn fetch(&self, revision: &Revision) -> Result<Arc<dyn Tree>, SourceError> {
        let held = self.held();
        let found = held.contents.get(&(revision.place.clone(), revision.id.clone()));
        found.map(|tree| Arc::new(tree.clone()) as Arc<dyn Tree>).ok_or_else(|| SourceError::Reference {
            place: revision.place.clone(),
            source: NoSuchReference::Missing(revision.id.clone()),
        })
    }
}
