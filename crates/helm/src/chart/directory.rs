//! A chart's folder in a [`Tree`]: walked in order, links followed inside the source, `.helmignore` obeyed.

use bytes::Bytes;
use tautline_core::{Budget, Digest, EntryKind, Read, ReadSet, Tree, TreeError, TreePath, resolve};

use super::archive::Allowance;
use super::ignore::Ignore;

/// A file as it was found: its path below the chart, its content, its path in the source.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) data: Bytes,
    pub(crate) origin: String,
}

/// Reads the folder's files.
pub(crate) fn files(
    tree: &dyn Tree,
    root: &TreePath,
    allowance: &mut Allowance,
    reads: &mut ReadSet,
) -> Result<Vec<Found>, WalkError> {
    let rules = match read(tree, &root.join(".helmignore")?, allowance, reads)? {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => String::new(),
    };
    let ignore = Ignore::read(&rules).map_err(WalkError::Other)?;
    let mut walk = Walk { tree, allowance, reads, ignore, found: Vec::new(), above: Vec::new() };
    walk.folder(root, "")?;
    Ok(walk.found)
}

/// Why a folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The source says no.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A rule of charts is broken.
    #[error("{0}")]
    Other(String),
}

impl From<tautline_core::OutsideTree> for WalkError {
    fn from(error: tautline_core::OutsideTree) -> Self {
        Self::Tree(error.into())
    }
}

/// A file's bytes if it is there.
fn read(
    tree: &dyn Tree,
    path: &TreePath,
    allowance: &Allowance,
    reads: &mut ReadSet,
) -> Result<Option<Bytes>, WalkError> {
    let Some((real, entry)) = resolve(tree, path)? else {
        reads.missing(Read::File(path.to_string()));
        return Ok(None);
    };
    if entry.kind != EntryKind::File {
        return Ok(None);
    }
    let bytes = tree.read(&real, &allowance.budget())?;
    reads.found(Read::File(path.to_string()), Digest::of_bytes(&bytes));
    Ok(Some(bytes))
}

impl Allowance {
    fn budget(&self) -> Budget {
        Budget { bytes: self.bytes, cancel: self.cancel.clone(), ..Budget::default() }
    }
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    allowance: &'a mut Allowance,
    reads: &'a mut ReadSet,
    ignore: Ignore,
    found: Vec<Found>,
    /// The real folders above the present one, to notice a link that leads back up.
    above: Vec<TreePath>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &TreePath, name: &str) -> Result<(), WalkError> {
        let missing = || TreeError::NotFound { path: path.clone(), what: "folder" };
        let (real, _) = resolve(self.tree, path)?.ok_or_else(missing)?;
        if self.above.contains(&real) {
            return Err(TreeError::Link { path: path.clone(), problem: "leads round in a circle" }.into());
        }
        let names = self.tree.list(&real)?;
        let listing = Digest::of_parts(names.iter().map(|(name, entry)| format!("{name} {:?}", entry.kind)));
        self.reads.found(Read::Listing(path.to_string()), listing);
        self.above.push(real.clone());
        for (entry_name, entry) in names {
            self.allowance.entry().map_err(WalkError::Other)?;
            let below = if name.is_empty() { entry_name.clone() } else { format!("{name}/{entry_name}") };
            self.entry(&path.join(&entry_name)?, &real.join(&entry_name)?, &below, entry.kind)?;
        }
        self.above.pop();
        Ok(())
    }

    fn entry(
        &mut self,
        path: &TreePath,
        real: &TreePath,
        name: &str,
        kind: EntryKind,
    ) -> Result<(), WalkError> {
        let (real, kind) = match kind {
            EntryKind::Link => {
                let problem = "leads to nothing";
                let broken = || TreeError::Link { path: path.clone(), problem };
                let (target, entry) = resolve(self.tree, real)?.ok_or_else(broken)?;
                (target, entry.kind)
            }
            kind => (real.clone(), kind),
        };
        let is_folder = kind == EntryKind::Folder;
        if self.ignore.covers(name, is_folder) {
            return Ok(());
        }
        match kind {
            EntryKind::Folder => self.folder(path, name),
            EntryKind::File => {
                let bytes = self.tree.read(&real, &self.allowance.budget()).map_err(|error| match error {
                    TreeError::TooLarge { .. } => {
                        let limit = self.allowance.limit;
                        let text = format!("chart exceeds maximum decompressed size of {limit} bytes");
                        WalkError::Other(format!("error reading {name}: {text}"))
                    }
                    other => other.into(),
                })?;
                self.allowance.take(bytes.len()).map_err(WalkError::Other)?;
                let data = bytes
                    .strip_prefix(b"\xef\xbb\xbf")
                    .map_or_else(|| bytes.clone(), |rest| bytes.slice_ref(rest));
                self.found.push(Found { name: name.to_owned(), data, origin: path.to_string() });
                Ok(())
            }
            _ => Err(WalkError::Other(format!(
                "cannot load irregular file {path} as it has file mode type bits set"
            ))),
        }
    }
}
