//! Loaders: which files a kustomization may read, and where its bases are.

mod context;
mod git_url;

use std::borrow::Cow;
use std::rc::Rc;

use bytes::Bytes;
use tautline_core::{EntryKind, Need, Tree, TreePath, Want};

use crate::error::{Error, Result};

pub(crate) use context::Context;
pub(crate) use git_url::RepoUrl;

/// A tree and what stands before its paths in messages.
#[derive(Clone)]
pub(crate) struct Site<'a> {
    tree: &'a dyn Tree,
    /// Empty for the build's own tree, else a repository's URL.
    label: Rc<str>,
    /// The build's own tree, whose reads are recorded.
    is_main: bool,
    /// The tree is a whole file system: absolute paths mean something, and its root is its own parent.
    is_disk: bool,
}

impl<'a> Site<'a> {
    pub(crate) fn main(tree: &'a dyn Tree, is_disk: bool) -> Self {
        Self { tree, label: "".into(), is_main: true, is_disk }
    }

    fn shown(&self, path: &TreePath) -> String {
        if path.is_root() && !self.label.is_empty() {
            return self.label.to_string();
        }
        format!("{}/{}", self.label, path.as_str())
    }
}

/// Reads the files of one kustomization.
pub(crate) struct Loader<'a> {
    pub(crate) context: &'a Context<'a>,
    site: Site<'a>,
    root: TreePath,
    /// Whether files must be below the root.
    restricted: bool,
    /// The roots that led here, this one included, and the repositories.
    visited: Rc<Visited>,
}

struct Visited {
    label: Rc<str>,
    root: TreePath,
    repository: Option<RepoUrl>,
    depth: usize,
    before: Option<Rc<Visited>>,
}

impl<'a> Loader<'a> {
    /// The loader of the build's own kustomization.
    pub(crate) fn top(
        context: &'a Context<'a>,
        site: Site<'a>,
        path: &str,
        restricted: bool,
    ) -> Result<Self> {
        let root = confirm_folder(context, &site, &TreePath::root(), path)?;
        let visited = Visited {
            label: Rc::clone(&site.label),
            root: root.clone(),
            repository: None,
            depth: 0,
            before: None,
        };
        Ok(Self { context, site, root, restricted, visited: Rc::new(visited) })
    }

    /// The root as messages show it.
    pub(crate) fn shown_root(&self) -> String {
        self.site.shown(&self.root)
    }

    /// The folder in its tree.
    pub(crate) fn root(&self) -> &TreePath {
        &self.root
    }

    /// The tree.
    pub(crate) fn tree(&self) -> &'a dyn Tree {
        self.site.tree
    }

    /// A file as origins name it: from the root of its tree.
    pub(crate) fn origin_of(&self, path: &str) -> String {
        let joined =
            self.place(path).map(|place| place.as_str().to_owned()).unwrap_or_else(|_| path.to_owned());
        if self.site.is_main { joined } else { format!("{}//{joined}", self.site.label) }
    }

    fn place(&self, path: &str) -> Result<TreePath> {
        join(&self.site, &self.root, path)
    }

    /// Reads a file that the kustomization names.
    pub(crate) fn load(&self, path: &str) -> Result<Bytes> {
        if path.starts_with("http://") || path.starts_with("https://") {
            return self.context.http_file(path);
        }
        let place = self.place(path)?;
        let shown = self.site.shown(&place);
        let found = self.context.resolve(&self.site, &place).map_err(|error| match error {
            _ if self.restricted => Error::Load(format!("evalsymlink failure on '{shown}' : {error}")),
            error => error,
        })?;
        let Some((real, kind)) = found else {
            let message = match self.restricted {
                true => {
                    format!("evalsymlink failure on '{shown}' : lstat {shown}: no such file or directory")
                }
                false => format!("open {shown}: no such file or directory"),
            };
            return Err(Error::Load(message));
        };
        if kind != EntryKind::File {
            let message = match self.restricted {
                true => format!("'{shown}' must resolve to a file"),
                false => format!("read {shown}: is a directory"),
            };
            return Err(Error::Load(message));
        }
        if self.restricted && !self.root.covers(&real) {
            let message = format!("security; file '{shown}' is not in or below '{}'", self.shown_root());
            return Err(Error::Load(message));
        }
        self.context.read(&self.site, &place, &real)
    }

    /// [`Loader::load`] for text.
    pub(crate) fn load_text(&self, path: &str) -> Result<String> {
        Ok(text(&self.load(path)?)?.into_owned())
    }

    /// Whether a file of this name is directly in the root. What cannot be read counts as absent.
    pub(crate) fn find(&self, name: &str) -> Option<Bytes> {
        self.load(name).ok()
    }

    /// The loader of a base or component.
    pub(crate) fn enter(&self, path: &str) -> Result<Loader<'a>> {
        if path.is_empty() {
            return Err(Error::Load("new root cannot be empty".to_owned()));
        }
        let most = self.context.budget.depth;
        if self.visited.depth >= most {
            let message = format!(
                "kustomizations are nested deeper than {most} levels at '{path}' in '{}'",
                self.shown_root()
            );
            return Err(Error::Budget(message));
        }
        if let Some(url) = RepoUrl::read(path) {
            return self.enter_repository(url);
        }
        if path.starts_with('/') {
            return Err(Error::Load(format!("new root '{path}' cannot be absolute")));
        }
        let root = confirm_folder(self.context, &self.site, &self.root, path)?;
        let mut before = Some(&self.visited);
        while let Some(visited) = before {
            if visited.label == self.site.label && root.covers(&visited.root) {
                return Err(Error::Load(format!(
                    "cycle detected: candidate root '{}' contains visited root '{}'",
                    self.site.shown(&root),
                    self.site.shown(&visited.root)
                )));
            }
            before = visited.before.as_ref();
        }
        Ok(self.below(self.site.clone(), root, self.restricted, None))
    }

    fn below(
        &self,
        site: Site<'a>,
        root: TreePath,
        restricted: bool,
        repository: Option<RepoUrl>,
    ) -> Loader<'a> {
        let visited = Visited {
            label: Rc::clone(&site.label),
            root: root.clone(),
            repository,
            depth: self.visited.depth + 1,
            before: Some(Rc::clone(&self.visited)),
        };
        Loader { context: self.context, site, root, restricted, visited: Rc::new(visited) }
    }

    fn enter_repository(&self, url: RepoUrl) -> Result<Loader<'a>> {
        let mut before = Some(&self.visited);
        while let Some(visited) = before {
            if let Some(known) = visited.repository.as_ref().filter(|known| known.raw.starts_with(&url.raw)) {
                return Err(Error::Load(format!(
                    "cycle detected: URI '{}' referenced by previous URI '{}'",
                    url.raw, known.raw
                )));
            }
            before = visited.before.as_ref();
        }
        let want = url.want();
        let tree = self.context.tree(Need::Tree(want.clone()), &want)?;
        let site = Site { tree, label: url.repository.as_str().into(), is_main: false, is_disk: false };
        let root = confirm_folder(self.context, &site, &TreePath::root(), &url.folder)?;
        Ok(self.below(site, root, true, Some(url)))
    }
}

/// The repository that a URL names, in any form that Kustomize takes, and the folder in it; nothing if it is a
/// path.
///
/// ```
/// let (want, folder) = tautline_kustomize::repository("github.com/org/repo//base?ref=v1").unwrap();
/// assert_eq!((want.to_string().as_str(), folder.as_str()), ("https://github.com/org/repo at v1", "base"));
/// assert!(tautline_kustomize::repository("../base").is_none());
/// ```
pub fn repository(url: &str) -> Option<(Want, TreePath)> {
    let url = RepoUrl::read(url)?;
    Some((url.want(), TreePath::new(&url.folder).ok()?))
}

/// Bytes as text.
pub(crate) fn text(bytes: &Bytes) -> Result<Cow<'_, str>> {
    match tautline_yaml::decode(bytes) {
        Ok(text) => Ok(text),
        Err(_) => {
            let message = "MalformedYAMLError: yaml: invalid leading UTF-8 octet".to_owned();
            Err(Error::Yaml { message, malformed: true })
        }
    }
}

/// A path without `.` and `..`; nothing if it climbs out.
pub(crate) fn clean(path: &str) -> Option<String> {
    TreePath::new(path).ok().map(|path| path.as_str().to_owned())
}

fn join(site: &Site<'_>, root: &TreePath, path: &str) -> Result<TreePath> {
    if let Some(rest) = path.strip_prefix('/') {
        // An absolute path means the file system's root, which only some trees have.
        return Some(rest).filter(|_| site.is_disk).and_then(|inside| TreePath::new(inside).ok()).ok_or_else(
            || Error::Load(format!("security; file '{path}' is not in or below '{}'", site.shown(root))),
        );
    }
    match root.join(path) {
        Ok(joined) => Ok(joined),
        // A file system's root is its own parent.
        Err(_) if site.is_disk => clamp(root, path),
        Err(error) if site.is_main => Err(Error::Load(error.to_string())),
        Err(_) => Err(Error::Load(format!(
            "security; bases in kustomizations found in cloned git repos must be within the repo, but base '{path}' is outside '{}'",
            site.label
        ))),
    }
}

fn clamp(root: &TreePath, path: &str) -> Result<TreePath> {
    let mut names: Vec<&str> = root.names().collect();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    TreePath::new(&names.join("/")).map_err(|error| Error::Load(error.to_string()))
}

/// The real place of a folder to build in.
fn confirm_folder(context: &Context<'_>, site: &Site<'_>, from: &TreePath, path: &str) -> Result<TreePath> {
    let doing = "must build at directory";
    let place = join(site, from, path)?;
    let shown = site.shown(&place);
    let found = context.resolve(site, &place).map_err(|error| {
        error.during(format!("{doing}: not a valid directory: evalsymlink failure on '{shown}' "))
    })?;
    match found {
        None => Err(Error::Load(format!(
            "{doing}: not a valid directory: evalsymlink failure on '{shown}' : lstat {shown}: no such file or directory"
        ))),
        Some((real, EntryKind::Folder)) => Ok(real),
        Some(_) => Err(Error::Load(format!("{doing}: '{shown}': file is not directory"))),
    }
}
