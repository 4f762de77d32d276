//! Files in memory that are looked up at once, as a commit's are.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use tautline_core::{Budget, Entry, EntryKind, Tree, TreeError, TreeId, TreePath};

/// A folder as it was read.
#[derive(Default)]
pub(crate) struct Files {
    files: BTreeMap<String, bytes::Bytes>,
    folders: BTreeMap<String, Vec<(String, Entry)>>,
}

impl Files {
    /// Reads a folder with everything below it.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut files = Self::default();
        files.add(root, "")?;
        Ok(files)
    }

    fn add(&mut self, folder: &Path, path: &str) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            if file.is_dir() {
                self.add(&file, &inner)?;
                names.push((name, entry_of(EntryKind::Folder)));
            } else {
                self.files.insert(inner, fs::read(&file)?.into());
                names.push((name, entry_of(EntryKind::File)));
            }
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        self.folders.insert(path.to_owned(), names);
        Ok(())
    }
}

fn entry_of(kind: EntryKind) -> Entry {
    Entry { kind, size: None, id: TreeId(String::new()) }
}

impl Tree for Files {
    fn id(&self) -> TreeId {
        TreeId(String::new())
    }

    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if self.files.contains_key(path.as_str()) {
            return Ok(Some(entry_of(EntryKind::File)));
        }
        Ok(self.folders.contains_key(path.as_str()).then(|| entry_of(EntryKind::Folder)))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let missing = || TreeError::NotFound { path: path.clone(), what: "folder" };
        self.folders.get(path.as_str()).cloned().ok_or_else(missing)
    }

    fn read(&self, path: &TreePath, _: &Budget) -> Result<bytes::Bytes, TreeError> {
        let missing = || TreeError::NotFound { path: path.clone(), what: "file" };
        self.files.get(path.as_str()).cloned().ok_or_else(missing)
    }
}
