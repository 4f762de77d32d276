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
    /// Places that refuse access, with what they say.
    denied: BTreeMap<String, String>,
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

    /// Makes a place refuse access from now on, as a host whose credentials were changed; `None` opens it again.
    pub fn deny(&self, place: &str, message: Option<&str>) {
        let mut held = self.held();
        match message {
            Some(message) => drop(held.denied.insert(place.to_owned(), message.to_owned())),
            None => drop(held.denied.remove(place)),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_open(&self, place: &str) -> Result<(), SourceError> {
        let (place, message) = match self.denied.get_key_value(place) {
            Some((place, message)) => (place.clone(), message.clone()),
            None => return Ok(()),
        };
        Err(SourceError::Denied { place, message })
    }
}

#[async_trait]
impl Source for MemorySource {
    async fn resolve(&self, want: &Want) -> Result<Revision, SourceError> {
        let held = self.held();
        held.is_open(want.place())?;
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
        held.is_open(&revision.place)?;
        let found = held.contents.get(&(revision.place.clone(), revision.id.clone()));
        found.map(|tree| Arc::new(tree.clone()) as Arc<dyn Tree>).ok_or_else(|| SourceError::Reference {
            place: revision.place.clone(),
            source: NoSuchReference::Missing(revision.id.clone()),
        })
    }
}
