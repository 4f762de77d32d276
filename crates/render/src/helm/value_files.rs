//! Which files hold values, in which order.

use bytes::Bytes;
use tautline_core::{Digest, EntryKind, Need, Read, Tree, TreeError, TreePath, resolve};
use tautline_grammar::Glob;

use super::Chartwork;

/// A file of values or of one parameter.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) bytes: Bytes,
}

/// A place that a path of the options leads to.
struct Place<'a> {
    tree: &'a dyn Tree,
    /// What tells its files apart from those of the app's own source in the reads.
    prefix: String,
    path: TreePath,
}

/// The greatest number of folders that a pattern may lead through.
const FOLDERS: usize = 10_000;

impl<'a> Chartwork<'a> {
    /// The values files in order: patterns in order of their paths, without the files that are named
    /// elsewhere. What is wrong becomes a problem.
    pub(super) fn value_files(&mut self) -> Vec<Found> {
        let mut plain: Vec<(String, TreePath)> = Vec::new();
        for written in &self.options.value_files {
            if !is_pattern(&self.substituted(written))
                && let Ok(Some(place)) = self.place(written, false)
            {
                plain.push((place.prefix, place.path));
            }
        }
        let mut found = Vec::new();
        for written in self.options.value_files.clone() {
            match self.expanded(&written, &plain) {
                Ok(files) => found.extend(files),
                Err(message) => self.problem("values-file", message),
            }
        }
        found
    }

    /// The content of a file parameter.
    pub(super) fn parameter_file(&mut self, written: &str) -> Result<Bytes, String> {
        let Some(place) = self.place(written, true)? else {
            return Err("it is of a source that is not there yet".to_owned());
        };
        let found = self.file(&place)?;
        found.ok_or_else(|| format!("open {}: no such file or directory", place.path))
    }

    fn expanded(&mut self, written: &str, plain: &[(String, TreePath)]) -> Result<Vec<Found>, String> {
        let Some(place) = self.place(written, true)? else { return Ok(Vec::new()) };
        if !is_pattern(place.path.as_str()) {
            return match self.file(&place)? {
                Some(bytes) => Ok(vec![Found { name: place.path.to_string(), bytes }]),
                None if self.options.ignore_missing_value_files => Ok(Vec::new()),
                None => Err(format!(
                    "values file {written} is not in the source; add it, or set ignoreMissingValueFiles"
                )),
            };
        }
        let matching = self.matching(&place)?;
        if matching.is_empty() && !self.options.ignore_missing_value_files {
            return Err(format!(
                "no values file matches {written}; correct it, or set ignoreMissingValueFiles"
            ));
        }
        let mut files = Vec::new();
        for path in matching {
            if plain.contains(&(place.prefix.clone(), path.clone())) {
                continue;
            }
            let one = Place { tree: place.tree, prefix: place.prefix.clone(), path };
            if let Some(bytes) = self.file(&one)? {
                files.push(Found { name: one.path.to_string(), bytes });
            }
        }
        Ok(files)
    }

    /// The tree and path that a path of the options means. Nothing while its source is not there.
    fn place(&mut self, written: &str, ask: bool) -> Result<Option<Place<'a>>, String> {
        if let Some((name, rest)) = written.strip_prefix('$').and_then(|text| text.split_once('/'))
            && let Some(want) = self.options.refs.get(name)
        {
            let Some(tree) = self.request.answers.trees.get(want) else {
                if ask {
                    self.rendered.needs.push(Need::Tree(want.clone()));
                }
                return Ok(None);
            };
            let path = TreePath::new(&self.substituted(rest)).map_err(|e| e.to_string())?;
            return Ok(Some(Place { tree: &**tree, prefix: format!("${name}/"), path }));
        }
        let text = self.substituted(written);
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!(
                "values file {written}: {scheme} is the network, and nothing is fetched; put it into Git"
            ));
        }
        let path = self.request.path.join(&text).map_err(|e| e.to_string())?;
        Ok(Some(Place { tree: self.request.tree, prefix: String::new(), path }))
    }

    fn file(&mut self, place: &Place<'_>) -> Result<Option<Bytes>, String> {
        let read = Read::File(format!("{}{}", place.prefix, place.path));
        let found = resolve(place.tree, &place.path).map_err(|e| e.to_string())?;
        let Some((real, _)) = found.filter(|(_, entry)| entry.kind == EntryKind::File) else {
            self.rendered.reads.missing(read);
            return Ok(None);
        };
        let bytes = place.tree.read(&real, &self.request.budget).map_err(|e| e.to_string())?;
        self.rendered.reads.found(read, Digest::of_bytes(&bytes));
        Ok(Some(bytes))
    }

    /// The files that a pattern matches, in order of their paths.
    fn matching(&mut self, place: &Place<'_>) -> Result<Vec<TreePath>, String> {
        let glob = Glob::path(place.path.as_str()).map_err(|e| e.to_string())?;
        let fixed: Vec<&str> = place.path.names().take_while(|name| !is_pattern(name)).collect();
        let start = TreePath::new(&fixed.join("/")).map_err(|e| e.to_string())?;
        let (mut pending, mut found, mut seen) = (vec![start], Vec::new(), 0);
        while let Some(folder) = pending.pop() {
            seen += 1;
            if seen > FOLDERS {
                return Err(format!("the pattern {} leads through more than {FOLDERS} folders", place.path));
            }
            for (name, entry) in self.listing(place, &folder).map_err(|e| e.to_string())? {
                let path = folder.join(&name).map_err(|e| e.to_string())?;
                match entry {
                    EntryKind::Folder => pending.push(path),
                    _ if glob.matches(path.as_str()) => found.push(path),
                    _ => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn listing(
        &mut self,
        place: &Place<'_>,
        folder: &TreePath,
    ) -> Result<Vec<(String, EntryKind)>, TreeError> {
        let read = Read::Listing(format!("{}{folder}", place.prefix));
        let is_folder = place.tree.stat(folder)?.is_some_and(|e| e.kind == EntryKind::Folder);
        if !is_folder && !folder.is_root() {
            self.rendered.reads.missing(read);
            return Ok(Vec::new());
        }
        let names = place.tree.list(folder)?;
        self.rendered.reads.found(read, crate::reads::listing(&names));
        Ok(names.into_iter().map(|(name, entry)| (name, entry.kind)).collect())
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}
