//! [`GitTree`]: a commit's content, straight from the object database.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use gix::objs::tree::EntryKind as GitKind;
use gix::{ObjectId, Repository, ThreadSafeRepository};
use tautline_core::{Budget, Entry, EntryKind, Tree, TreeError, TreeId, TreePath};
use tautline_source::NoSuchReference;

use crate::failure::{Failure, chain};

/// The largest folder that is listed: about 400 000 names. A folder is read before any budget is known.
const LARGEST_FOLDER: usize = 16 << 20;

/// So many decoded folders are kept; a repository with more is read again from the object database.
const KEPT_FOLDERS: usize = 4096;

/// A commit's content. Ids are object ids, so that a subtree's id is the identity of what is below it.
///
/// Symbolic links show as links and submodules as [`EntryKind::Foreign`]. Reading decompresses objects; call
/// it where blocking is allowed.
pub struct GitTree {
    repository: ThreadSafeRepository,
    root: ObjectId,
    folders: Mutex<HashMap<ObjectId, Arc<Folder>>>,
}

type Folder = Vec<(String, EntryKind, ObjectId)>;

impl GitTree {
    /// The tree of a commit, or of what an annotated tag with this id stands for.
    pub(crate) fn of_commit(repository: ThreadSafeRepository, id: &str) -> Result<Self, Failure> {
        let missing = || Failure::Reference(NoSuchReference::Missing(id.to_owned()));
        let content = |error: gix::Error| Failure::Content(chain(&error));
        let oid = ObjectId::from_hex(id.as_bytes()).map_err(|_| missing())?;
        let root = {
            let local = repository.to_thread_local();
            let object = local.try_find_object(oid).map_err(content)?.ok_or_else(missing)?;
            object.peel_to_tree().map_err(content)?.id
        };
        Ok(Self { repository, root, folders: Mutex::default() })
    }

    fn folder(
        &self,
        repository: &Repository,
        id: ObjectId,
        path: &TreePath,
    ) -> Result<Arc<Folder>, TreeError> {
        let kept = || self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = kept().get(&id) {
            return Ok(Arc::clone(folder));
        }
        check_size(repository, id, path, LARGEST_FOLDER)?;
        let tree = repository.find_tree(id).map_err(|error| store(path, error))?;
        let mut folder = Folder::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|error| store(path, error))?;
            let kind = match entry.mode().kind() {
                GitKind::Tree => EntryKind::Folder,
                GitKind::Blob | GitKind::BlobExecutable => EntryKind::File,
                GitKind::Link => EntryKind::Link,
                GitKind::Commit => EntryKind::Foreign,
            };
            // A name that is no text, or that no path can spell, is shown but cannot be opened.
            let name = String::from_utf8_lossy(entry.filename()).into_owned();
            let spelled =
                !matches!(name.as_str(), "" | "." | "..") && !name.contains(['/', '\\', '\0', '\u{fffd}']);
            folder.push((name, if spelled { kind } else { EntryKind::Foreign }, entry.object_id()));
        }
        folder.sort_by(|a, b| a.0.cmp(&b.0));
        let folder = Arc::new(folder);
        let mut folders = kept();
        if folders.len() >= KEPT_FOLDERS {
            folders.clear();
        }
        folders.insert(id, Arc::clone(&folder));
        Ok(folder)
    }

    fn find(
        &self,
        repository: &Repository,
        path: &TreePath,
    ) -> Result<Option<(EntryKind, ObjectId)>, TreeError> {
        let mut at = (EntryKind::Folder, self.root);
        for name in path.names() {
            if at.0 != EntryKind::Folder {
                return Ok(None);
            }
            let folder = self.folder(repository, at.1, path)?;
            match folder.binary_search_by(|entry| entry.0.as_str().cmp(name)) {
                Ok(found) => at = folder.get(found).map_or(at, |(_, kind, id)| (*kind, *id)),
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

impl Tree for GitTree {
    fn id(&self) -> TreeId {
        TreeId(self.root.to_string())
    }

    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        let found = self.find(&self.repository.to_thread_local(), path)?;
        Ok(found.map(|(kind, id)| entry(kind, id)))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let repository = self.repository.to_thread_local();
        match self.find(&repository, path)? {
            Some((EntryKind::Folder, id)) => {
                let folder = self.folder(&repository, id, path)?;
                Ok(folder.iter().map(|(name, kind, id)| (name.clone(), entry(*kind, *id))).collect())
            }
            _ => Err(TreeError::NotFound { path: path.clone(), what: "folder" }),
        }
    }

    fn read(&self, path: &TreePath, budget: &Budget) -> Result<Bytes, TreeError> {
        let repository = self.repository.to_thread_local();
        match self.find(&repository, path)? {
            Some((EntryKind::File | EntryKind::Link, id)) => {
                check_size(&repository, id, path, budget.bytes)?;
                let object = repository.find_object(id).map_err(|error| store(path, error))?;
                Ok(Bytes::from(object.detach().data))
            }
            _ => Err(TreeError::NotFound { path: path.clone(), what: "file" }),
        }
    }
}

impl fmt::Debug for GitTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitTree({})", self.root)
    }
}

fn entry(kind: EntryKind, id: ObjectId) -> Entry {
    // A size would cost a look at every object's header, so only reading finds it out.
    Entry { kind, size: None, id: TreeId(id.to_string()) }
}

/// Looks at the size in the object's header before anything is decompressed.
fn check_size(
    repository: &Repository,
    id: ObjectId,
    path: &TreePath,
    allowed: usize,
) -> Result<(), TreeError> {
    let size = repository.find_header(id).map_err(|error| store(path, error))?.size();
    match usize::try_from(size).is_ok_and(|size| size <= allowed) {
        true => Ok(()),
        false => Err(TreeError::TooLarge { path: path.clone(), size, allowed }),
    }
}

fn store(path: &TreePath, error: gix::Error) -> TreeError {
    TreeError::Store { path: path.clone(), source: chain(&error).into() }
}
