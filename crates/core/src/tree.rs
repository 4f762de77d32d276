//! [`Tree`]: read-only content, and what is wanted from where.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::Budget;

/// What an app wants rendered: a place and a name in it that may move.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Want {
    /// A commit of a Git repository.
    Git {
        /// The repository's URL, or a local path.
        repository: String,
        /// A branch, tag, commit id, semver constraint or `HEAD`.
        reference: String,
    },
    /// A folder on disk as it is now.
    Folder {
        /// The folder's path.
        path: String,
    },
    /// A chart of a Helm repository.
    HelmChart {
        /// The repository's URL.
        repository: String,
        /// The chart's name.
        chart: String,
        /// A version or a constraint.
        version: String,
    },
    /// An artifact of an OCI registry.
    Oci {
        /// Registry and repository, without scheme.
        repository: String,
        /// A tag, a digest or a constraint.
        reference: String,
    },
}

impl Want {
    /// The repository, folder or registry.
    pub fn place(&self) -> &str {
        match self {
            Self::Git { repository, .. }
            | Self::HelmChart { repository, .. }
            | Self::Oci { repository, .. } => repository,
            Self::Folder { path } => path,
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git { repository, reference } => write!(f, "{repository} at {reference}"),
            Self::Folder { path } => write!(f, "folder {path}"),
            Self::HelmChart { repository, chart, version } => {
                write!(f, "chart {chart} {version} of {repository}")
            }
            Self::Oci { repository, reference } => write!(f, "oci://{repository}:{reference}"),
        }
    }
}

/// What a [`Want`] stood for when it was resolved: immutable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Revision {
    /// The commit id, chart version or digest.
    pub id: String,
    /// The repository, folder or registry it is of.
    pub place: String,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// The identity of a tree's content: equal ids, equal content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TreeId(pub String);

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path inside a tree: relative, `/` between names, no `.`, no `..`, empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Arc<str>);

/// A path that would leave its tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path {path:?} leaves the source; use a path below its root without \"..\"")]
pub struct OutsideTree {
    path: String,
}

impl TreePath {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path relative to the root; a leading `/` means the root too.
    pub fn new(path: &str) -> Result<Self, OutsideTree> {
        Self::root().join(path)
    }

    /// Resolves a path from this folder. `..` may climb up to the root, not beyond.
    pub fn join(&self, path: &str) -> Result<Self, OutsideTree> {
        let outside = || OutsideTree { path: path.to_owned() };
        let mut names: Vec<&str> = if path.starts_with('/') { Vec::new() } else { self.names().collect() };
        for name in path.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    names.pop().ok_or_else(outside)?;
                }
                name if name.contains(['\0', '\\']) => return Err(outside()),
                name => names.push(name),
            }
        }
        Ok(Self(names.join("/").into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the root on.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The last name; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that holds this; the root's is the root.
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or("", |(parent, _)| parent).into())
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `other` is this path or below it.
    pub fn covers(&self, other: &Self) -> bool {
        self.is_root()
            || other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// File, folder or link.
    pub kind: EntryKind,
    /// Bytes of a file, if known without reading it.
    pub size: Option<u64>,
    /// The identity of the content: a blob or subtree id.
    pub id: TreeId,
}

/// The kind of an [`Entry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, executable or not.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; its content is the target.
    Link,
    /// A Git submodule, or another thing that cannot be read here.
    Foreign,
}

/// Why a tree could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Nothing there, or not a file, or not a folder.
    #[error("{path}: no such {what} in the source")]
    NotFound {
        /// Where.
        path: TreePath,
        /// "file" or "folder".
        what: &'static str,
    },
    /// More bytes than the budget allows.
    #[error("{path}: {size} bytes are more than the {allowed} allowed")]
    TooLarge {
        /// Where.
        path: TreePath,
        /// Its size.
        size: u64,
        /// The budget.
        allowed: usize,
    },
    /// A link that leads out of the source, to nothing, or round in a circle.
    #[error("{path}: the symbolic link {problem}")]
    Link {
        /// Where.
        path: TreePath,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The path itself leaves the source.
    #[error(transparent)]
    Outside(#[from] OutsideTree),
    /// The store behind the tree failed. Retrying may help.
    #[error("{path}: cannot read the source: {source}")]
    Store {
        /// Where.
        path: TreePath,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Read-only content: a commit, a chart, a folder.
///
/// Links are shown as links; [`resolve`] follows them inside the tree.
pub trait Tree: Send + Sync {
    /// The identity of the whole content.
    fn id(&self) -> TreeId;
    /// What stands at a path; `None` if nothing does.
    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError>;
    /// The names in a folder with what they are, sorted by name.
    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError>;
    /// A file's bytes, or a link's target.
    fn read(&self, path: &TreePath, budget: &Budget) -> Result<Bytes, TreeError>;
}

/// Follows links in every part of a path, at most ten and never out of the tree.
pub fn resolve(tree: &dyn Tree, path: &TreePath) -> Result<Option<(TreePath, Entry)>, TreeError> {
    let mut pending: Vec<String> = path.names().rev().map(str::to_owned).collect();
    let mut done = TreePath::root();
    let mut hops = 0;
    while let Some(name) = pending.pop() {
        let next = done.join(&name)?;
        let Some(entry) = tree.stat(&next)? else { return Ok(None) };
        if entry.kind != EntryKind::Link {
            done = next;
            continue;
        }
        hops += 1;
        let bad = |problem| TreeError::Link { path: next.clone(), problem };
        if hops > 10 {
            return Err(bad("leads round in a circle or through more than ten links"));
        }
        let target = tree.read(&next, &Budget { bytes: 4096, ..Budget::default() })?;
        let target = std::str::from_utf8(&target).map_err(|_| bad("has a target that is no text"))?;
        if target.starts_with('/') {
            return Err(bad("leads out of the source"));
        }
        // The target is resolved name by name from the folder of the link, links in it included.
        let resolved = done.join(target).map_err(|_| bad("leads out of the source"))?;
        pending.extend(resolved.names().rev().map(str::to_owned));
        done = TreePath::root();
    }
    match done.is_root() {
        true => Ok(Some((done, Entry { kind: EntryKind::Folder, size: None, id: tree.id() }))),
        false => Ok(tree.stat(&done)?.map(|entry| (done, entry))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(TreePath::new("./a//b/../c").unwrap().as_str(), "a/c");
        assert_eq!(TreePath::new("/a").unwrap().as_str(), "a");
        assert!(TreePath::new("a/../../b").is_err());
        assert!(TreePath::new("a\0b").is_err());
        assert!(TreePath::new("a").unwrap().covers(&TreePath::new("a/b").unwrap()));
        assert!(!TreePath::new("a").unwrap().covers(&TreePath::new("ab").unwrap()));
    }

    #[test]
    fn links_are_followed_inside_the_tree_only() {
        let tree = MemoryTree::new([("a/b.yaml", "x")])
            .with_link("link", "a")
            .with_link("out", "../etc")
            .with_link("abs", "/etc/passwd")
            .with_link("round", "round");
        let at = |p: &str| resolve(&tree, &TreePath::new(p).unwrap());
        assert_eq!(at("link/b.yaml").unwrap().unwrap().0.as_str(), "a/b.yaml");
        assert_eq!(at("nothing").unwrap(), None);
        for bad in ["out/x", "abs", "round"] {
            assert!(matches!(at(bad), Err(TreeError::Link { .. })), "{bad}");
        }
    }
}
