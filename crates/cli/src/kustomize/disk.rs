//! The file system as a tree, read as it is asked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tautline::core::{Budget, Entry, EntryKind, Tree, TreeError, TreeId, TreePath};

/// The whole file system; links are shown as links.
#[derive(Debug, Default)]
pub(super) struct DiskTree;

impl DiskTree {
    /// A path of the command line in this tree.
    pub(super) fn path_of(&self, path: &Path) -> io::Result<TreePath> {
        let absolute = std::path::absolute(path)?;
        let mut names: Vec<String> = Vec::new();
        for part in absolute.components() {
            match part {
                std::path::Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
                std::path::Component::ParentDir => drop(names.pop()),
                _ => {}
            }
        }
        TreePath::new(&names.join("/")).map_err(io::Error::other)
    }
}

fn place(path: &TreePath) -> PathBuf {
    Path::new("/").join(path.as_str())
}

fn failed(path: &TreePath, error: io::Error) -> TreeError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            TreeError::NotFound { path: path.clone(), what: "file" }
        }
        _ => TreeError::Store { path: path.clone(), source: Box::new(error) },
    }
}

fn entry(metadata: &fs::Metadata) -> Entry {
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => EntryKind::Link,
        kind if kind.is_dir() => EntryKind::Folder,
        kind if kind.is_file() => EntryKind::File,
        _ => EntryKind::Foreign,
    };
    Entry { kind, size: Some(metadata.len()), id: TreeId(String::new()) }
}

impl Tree for DiskTree {
    fn id(&self) -> TreeId {
        TreeId("/".to_owned())
    }

    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        match fs::symlink_metadata(place(path)) {
            Ok(metadata) => Ok(Some(entry(&metadata))),
            Err(error) => match failed(path, error) {
                TreeError::NotFound { .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let mut names = Vec::new();
        for item in fs::read_dir(place(path)).map_err(|error| failed(path, error))? {
            let item = item.map_err(|error| failed(path, error))?;
            let metadata = fs::symlink_metadata(item.path()).map_err(|error| failed(path, error))?;
            names.push((item.file_name().to_string_lossy().into_owned(), entry(&metadata)));
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(names)
    }

    fn read(&self, path: &TreePath, budget: &Budget) -> Result<bytes::Bytes, TreeError> {
        let place = place(path);
        let metadata = fs::symlink_metadata(&place).map_err(|error| failed(path, error))?;
        if metadata.is_symlink() {
            let target = fs::read_link(&place).map_err(|error| failed(path, error))?;
            let target = target.to_string_lossy().into_owned();
            // From a link's folder up to the root, for a target that starts there.
            let up = "../".repeat(path.parent().names().count());
            let target = target.strip_prefix('/').map_or(target.clone(), |rest| format!("{up}{rest}"));
            return Ok(target.into_bytes().into());
        }
        if metadata.len() > budget.bytes as u64 {
            return Err(TreeError::TooLarge {
                path: path.clone(),
                size: metadata.len(),
                allowed: budget.bytes,
            });
        }
        fs::read(&place).map(Into::into).map_err(|error| failed(path, error))
    }
}
