//! The file system as a [`Tree`], for charts that the person at the keyboard names.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tautline_core::{Budget, Entry, EntryKind, Tree, TreeError, TreeId, TreePath};

/// All of the disk, from `/` on. Its ids say nothing of content: nothing is kept between runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Disk;

impl Disk {
    /// A path of the shell as a path of the tree.
    pub(crate) fn path(text: &str) -> Result<TreePath, String> {
        let absolute = std::path::absolute(text).map_err(|e| e.to_string())?;
        TreePath::new(&absolute.to_string_lossy()).map_err(|e| e.to_string())
    }

    fn real(path: &TreePath) -> PathBuf {
        Path::new("/").join(path.as_str())
    }
}

fn store(path: &TreePath, error: std::io::Error) -> TreeError {
    TreeError::Store { path: path.clone(), source: Box::new(error) }
}

fn entry(metadata: &std::fs::Metadata) -> Entry {
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => EntryKind::Link,
        kind if kind.is_dir() => EntryKind::Folder,
        kind if kind.is_file() => EntryKind::File,
        _ => EntryKind::Foreign,
    };
    Entry { kind, size: Some(metadata.len()), id: TreeId(String::new()) }
}

impl Tree for Disk {
    fn id(&self) -> TreeId {
        TreeId(String::new())
    }

    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        match std::fs::symlink_metadata(Self::real(path)) {
            Ok(metadata) => Ok(Some(entry(&metadata))),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(store(path, error)),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let fail = |error| store(path, error);
        let mut entries = Vec::new();
        for found in std::fs::read_dir(Self::real(path)).map_err(fail)? {
            let found = found.map_err(fail)?;
            let metadata = found.path().symlink_metadata().map_err(fail)?;
            entries.push((found.file_name().to_string_lossy().into_owned(), entry(&metadata)));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    fn read(&self, path: &TreePath, budget: &Budget) -> Result<Bytes, TreeError> {
        let real = Self::real(path);
        let metadata = std::fs::symlink_metadata(&real).map_err(|e| store(path, e))?;
        if metadata.is_symlink() {
            let target = std::fs::read_link(&real).map_err(|e| store(path, e))?;
            return Ok(Bytes::from(target.to_string_lossy().into_owned()));
        }
        if metadata.len() > budget.bytes as u64 {
            return Err(TreeError::TooLarge {
                path: path.clone(),
                size: metadata.len(),
                allowed: budget.bytes,
            });
        }
        std::fs::read(&real).map(Bytes::from).map_err(|e| store(path, e))
    }
}
