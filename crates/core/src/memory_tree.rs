//! [`MemoryTree`]: a tree that is made on the fly.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::{Budget, Digest, Entry, EntryKind, Tree, TreeError, TreeId, TreePath};

/// A tree in memory, for tests and for content that is made on the fly.
///
/// Identities are those of the content: they are worked out once, at the first question, and shared by clones made
/// after it.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    files: Arc<BTreeMap<String, (EntryKind, Bytes)>>,
    entries: OnceLock<Arc<BTreeMap<String, Entry>>>,
}

impl MemoryTree {
    /// A tree of files with their content.
    pub fn new<P: Into<String>, B: Into<Bytes>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files = files.into_iter().map(|(p, b)| (p.into(), (EntryKind::File, b.into())));
        Self { files: Arc::new(files.collect()), entries: OnceLock::new() }
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn with_link(self, path: &str, target: &str) -> Self {
        let mut files = Arc::unwrap_or_clone(self.files);
        files.insert(path.to_owned(), (EntryKind::Link, Bytes::copy_from_slice(target.as_bytes())));
        Self { files: Arc::new(files), entries: OnceLock::new() }
    }

    /// Every file, link and folder, by path; the root's is empty.
    fn entries(&self) -> &BTreeMap<String, Entry> {
        self.entries.get_or_init(|| Arc::new(entries_of(&self.files)))
    }
}

fn entries_of(files: &BTreeMap<String, (EntryKind, Bytes)>) -> BTreeMap<String, Entry> {
    // What each folder holds, name by name. The deepest folders come last, and are summed up first.
    let mut folders: BTreeMap<(usize, String), Vec<String>> =
        BTreeMap::from([((0, String::new()), Vec::new())]);
    let mut entries = BTreeMap::new();
    let depth = |folder: &str| if folder.is_empty() { 0 } else { folder.split('/').count() };
    for (path, (kind, bytes)) in files {
        let id = TreeId(Digest::of_bytes(bytes).to_string());
        entries.insert(path.clone(), Entry { kind: *kind, size: Some(bytes.len() as u64), id });
        let mut child = path.as_str();
        while !child.is_empty() {
            let folder = child.rsplit_once('/').map_or("", |(folder, _)| folder);
            let held = folders.entry((depth(folder), folder.to_owned())).or_default();
            let is_known = held.last().is_some_and(|last| last == child);
            held.extend((!is_known).then(|| child.to_owned()));
            child = folder;
        }
    }
    for ((_, folder), held) in folders.into_iter().rev() {
        let parts = held.iter().filter_map(|path| Some((path, &entries.get(path)?.id.0)));
        let parts: Vec<&str> =
            parts.flat_map(|(path, id)| [path.get(folder.len()..).unwrap_or(path), id]).collect();
        let id = TreeId(Digest::of_parts(parts).to_string());
        entries.insert(folder, Entry { kind: EntryKind::Folder, size: None, id });
    }
    entries
}

impl Tree for MemoryTree {
    fn id(&self) -> TreeId {
        self.entries().get("").map_or_else(|| TreeId(String::new()), |root| root.id.clone())
    }

    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        Ok(self.entries().get(path.as_str()).cloned())
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let prefix = if path.is_root() { String::new() } else { format!("{}/", path.as_str()) };
        let below = self.entries().range(prefix.clone()..).take_while(|(p, _)| p.starts_with(&prefix));
        let names = below.filter_map(|(p, entry)| Some((p.strip_prefix(&prefix)?, entry)));
        let names = names.filter(|(name, _)| !name.is_empty() && !name.contains('/'));
        let names: Vec<_> = names.map(|(name, entry)| (name.to_owned(), entry.clone())).collect();
        if names.is_empty() && !path.is_root() {
            return Err(TreeError::NotFound { path: path.clone(), what: "folder" });
        }
        Ok(names)
    }

    fn read(&self, path: &TreePath, budget: &Budget) -> Result<Bytes, TreeError> {
        let (_, bytes) = self
            .files
            .get(path.as_str())
            .ok_or_else(|| TreeError::NotFound { path: path.clone(), what: "file" })?;
        if bytes.len() > budget.bytes {
            let size = bytes.len() as u64;
            return Err(TreeError::TooLarge { path: path.clone(), size, allowed: budget.bytes });
        }
        Ok(bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_listed_sorted() {
        let tree = MemoryTree::new([("b/x", "1"), ("a", "2"), ("b/y/z", "3")]);
        let names: Vec<String> = tree.list(&TreePath::root()).unwrap().into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(tree.list(&TreePath::new("c").unwrap()).is_err());
    }
}
