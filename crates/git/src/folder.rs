//! A folder on disk as a tree.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tautline_core::{Budget, Entry, EntryKind, Tree, TreeError, TreeId, TreePath};

use crate::failure::Failure;

/// So many files and folders are read; a home folder given by mistake ends here, not out of memory.
const MOST_ENTRIES: usize = 200_000;

/// A folder on disk as it was when it was read, without `.git`.
///
/// Content stays on disk; each file's digest was taken, and a file that changed since is an error, never a
/// mixture of two states.
#[derive(Clone, Debug)]
pub struct FolderTree {
    root: PathBuf,
    entries: BTreeMap<String, Entry>,
    id: TreeId,
}

impl FolderTree {
    /// Reads a folder once to know its content.
    ///
    /// # Errors
    /// If it is not a folder, cannot be read, or holds too many files.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut entries = BTreeMap::new();
        let id = scan(root, "", &mut entries)?;
        Ok(Self { root: root.to_owned(), entries, id })
    }

    pub(crate) fn open(path: &str) -> Result<Self, Failure> {
        let root = Path::new(path);
        if !root.is_absolute() {
            let message = "a path must be absolute: a controller has no folder of its own";
            return Err(Failure::Unsupported(message.to_owned()));
        }
        Self::read(root).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::Unreachable("there is no such folder".to_owned()),
            io::ErrorKind::PermissionDenied => Failure::Denied(error.to_string()),
            _ => Failure::Content(error.to_string()),
        })
    }

    fn changed(path: &TreePath) -> TreeError {
        let problem = "the file changed after the folder was read; it is read again at the next poll";
        TreeError::Store { path: path.clone(), source: problem.into() }
    }
}

/// Notes everything below a folder; the result is the identity of it all.
fn scan(folder: &Path, prefix: &str, entries: &mut BTreeMap<String, Entry>) -> io::Result<TreeId> {
    let mut names =
        fs::read_dir(folder)?.map(|item| Ok(item?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort_unstable();
    let mut hash = blake3::Hasher::new();
    for name in names {
        if name == ".git" {
            continue;
        }
        if entries.len() >= MOST_ENTRIES {
            let message = format!("the folder holds more than {MOST_ENTRIES} files; name a smaller one");
            return Err(io::Error::other(message));
        }
        let path = folder.join(&name);
        let text = name.to_string_lossy();
        let below = if prefix.is_empty() { text.to_string() } else { format!("{prefix}/{text}") };
        let kind = fs::symlink_metadata(&path)?.file_type();
        let entry = if name.to_str().is_none() {
            foreign()
        } else if kind.is_dir() {
            let id = scan(&path, &below, entries)?;
            Entry { kind: EntryKind::Folder, size: None, id }
        } else if kind.is_symlink() {
            let target = fs::read_link(&path)?;
            of_bytes(EntryKind::Link, target.to_string_lossy().as_bytes())
        } else if kind.is_file() {
            of_file(&path)?
        } else {
            foreign()
        };
        for part in [below.as_str(), &format!("{:?}", entry.kind), &entry.id.0] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        entries.insert(below, entry);
    }
    Ok(TreeId(hash.finalize().to_string()))
}

fn of_file(path: &Path) -> io::Result<Entry> {
    let mut hash = blake3::Hasher::new();
    let size = io::copy(&mut fs::File::open(path)?, &mut hash)?;
    Ok(Entry { kind: EntryKind::File, size: Some(size), id: TreeId(hash.finalize().to_string()) })
}

fn of_bytes(kind: EntryKind, bytes: &[u8]) -> Entry {
    Entry { kind, size: Some(bytes.len() as u64), id: TreeId(blake3::hash(bytes).to_string()) }
}

/// A socket, a pipe, a device, or a name that is no text.
fn foreign() -> Entry {
    Entry { kind: EntryKind::Foreign, size: None, id: TreeId(String::new()) }
}

impl Tree for FolderTree {
    fn id(&self) -> TreeId {
        self.id.clone()
    }

    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if path.is_root() {
            return Ok(Some(Entry { kind: EntryKind::Folder, size: None, id: self.id() }));
        }
        Ok(self.entries.get(path.as_str()).cloned())
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        if self.stat(path)?.is_none_or(|entry| entry.kind != EntryKind::Folder) {
            return Err(TreeError::NotFound { path: path.clone(), what: "folder" });
        }
        let prefix = if path.is_root() { String::new() } else { format!("{}/", path.as_str()) };
        let below = self
            .entries
            .range(prefix.clone()..)
            .map_while(|(name, entry)| Some((name.strip_prefix(&prefix)?, entry)));
        let mut names: Vec<_> =
            below.filter(|(name, _)| !name.contains('/')).map(|(n, e)| (n.to_owned(), e.clone())).collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(names)
    }

    fn read(&self, path: &TreePath, budget: &Budget) -> Result<Bytes, TreeError> {
        let store = |error: io::Error| TreeError::Store { path: path.clone(), source: Box::new(error) };
        let entry = self.entries.get(path.as_str());
        let Some(Entry { kind: kind @ (EntryKind::File | EntryKind::Link), size, id }) = entry else {
            return Err(TreeError::NotFound { path: path.clone(), what: "file" });
        };
        let size = size.unwrap_or_default();
        if usize::try_from(size).map_or(true, |size| size > budget.bytes) {
            return Err(TreeError::TooLarge { path: path.clone(), size, allowed: budget.bytes });
        }
        let file = self.root.join(path.as_str());
        let mut bytes = Vec::new();
        if *kind == EntryKind::Link {
            bytes.extend_from_slice(fs::read_link(&file).map_err(store)?.to_string_lossy().as_bytes());
        } else {
            // One byte more than noted is enough to see that the file grew.
            let opened = fs::File::open(&file).map_err(store)?;
            opened.take(size + 1).read_to_end(&mut bytes).map_err(store)?;
        }
        match of_bytes(*kind, &bytes).id == *id {
            true => Ok(Bytes::from(bytes)),
            false => Err(Self::changed(path)),
        }
    }
}
