//! What all loaders of a build share: budgets, and what was read, missed and warned of.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use bytes::Bytes;
use tautline_core::{Budget, Digest, EntryKind, Need, Read, ReadSet, Tree, TreePath, Want, resolve};

use super::{RepoUrl, Site};
use crate::error::{Error, Result};
use crate::options::{Options, Supplies};
use crate::patch::Schemas;
use crate::trace::Trace;

/// The state of one build.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) supplies: &'a Supplies<'a>,
    pub(crate) budget: &'a Budget,
    pub(crate) reads: RefCell<ReadSet>,
    pub(crate) needs: RefCell<BTreeSet<Need>>,
    pub(crate) warnings: RefCell<Vec<String>>,
    pub(crate) schemas: RefCell<Schemas>,
    pub(crate) trace: Option<Trace>,
    bytes: Cell<usize>,
    files: Cell<u64>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        options: &'a Options,
        supplies: &'a Supplies<'a>,
        budget: &'a Budget,
        trace: Option<Trace>,
    ) -> Self {
        Self {
            options,
            supplies,
            budget,
            reads: RefCell::default(),
            needs: RefCell::default(),
            warnings: RefCell::default(),
            schemas: RefCell::new(Schemas::built_in()),
            trace,
            bytes: Cell::new(0),
            files: Cell::new(0),
        }
    }

    fn record(&self, site: &Site<'_>, path: &TreePath, digest: Option<Digest>) {
        if !site.is_main {
            return;
        }
        let read = Read::File(path.to_string());
        let mut reads = self.reads.borrow_mut();
        match digest {
            Some(digest) => reads.found(read, digest),
            None => reads.missing(read),
        }
    }

    /// Follows links to what stands at a path.
    pub(super) fn resolve(&self, site: &Site<'_>, path: &TreePath) -> Result<Option<(TreePath, EntryKind)>> {
        self.files.set(self.files.get() + 1);
        if self.files.get() > self.budget.steps || self.budget.cancel.is_cancelled() {
            return Err(Error::Budget(
                "the build looks at more files than it may, or was cancelled".to_owned(),
            ));
        }
        let found = resolve(site.tree, path).map_err(|error| Error::Load(error.to_string()))?;
        match &found {
            None => self.record(site, path, None),
            // Where a link leads counts, beside what is there.
            Some((real, entry)) if real != path && entry.kind == EntryKind::Folder => {
                self.record(site, path, Some(Digest::of_bytes(real.as_str().as_bytes())));
            }
            Some(_) => {}
        }
        Ok(found.map(|(real, entry)| (real, entry.kind)))
    }

    /// Reads a file within the budget of all files together.
    pub(super) fn read(&self, site: &Site<'_>, asked: &TreePath, path: &TreePath) -> Result<Bytes> {
        let bytes = site.tree.read(path, self.budget).map_err(|error| match error {
            tautline_core::TreeError::TooLarge { .. } => Error::Budget(error.to_string()),
            error => Error::Load(error.to_string()),
        })?;
        self.bytes.set(self.bytes.get().saturating_add(bytes.len()));
        if self.bytes.get() > self.budget.bytes {
            let message =
                format!("the files of the build hold more than {} bytes together", self.budget.bytes);
            return Err(Error::Budget(message));
        }
        let digest = Digest::of_bytes(&bytes);
        self.record(site, asked, Some(digest));
        Ok(bytes)
    }

    /// A file that a URL names, if the caller handed it in.
    pub(super) fn http_file(&self, url: &str) -> Result<Bytes> {
        if let Some(bytes) = self.supplies.files.get(url) {
            let digest = Digest::of_bytes(bytes);
            self.reads.borrow_mut().found(Read::Parameter(format!("file {url}")), digest);
            return Ok(bytes.clone());
        }
        let path = url.split('?').next().unwrap_or(url);
        let is_file = [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending));
        if !is_file && RepoUrl::read(url).is_some() {
            return Err(Error::Load("URL is a git repository".to_owned()));
        }
        Err(Error::Load(format!(
            "{url}: files are not fetched over HTTP; put the file into the repository, or hand it in"
        )))
    }

    /// The content of another source, or the need for it.
    pub(crate) fn tree(&self, need: Need, want: &Want) -> Result<&'a dyn Tree> {
        match self.supplies.trees.get(want) {
            Some(tree) => {
                let digest = Digest::of_bytes(tree.id().0.as_bytes());
                self.reads.borrow_mut().found(Read::Answer(need), digest);
                Ok(tree.as_ref())
            }
            None => {
                self.reads.borrow_mut().missing(Read::Answer(need.clone()));
                self.needs.borrow_mut().insert(need);
                Err(Error::Needs(want.to_string()))
            }
        }
    }

    /// Records that a folder was used whole.
    pub(crate) fn note_folder(&self, loader: &super::Loader<'_>, folder: &TreePath) {
        if let Ok(Some(entry)) = loader.tree().stat(folder) {
            self.record(&loader.site, folder, Some(Digest::of_bytes(entry.id.0.as_bytes())));
        }
    }

    pub(crate) fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }
}
