//! Whether a kept render still holds: everything it read is as it was.

use tautline_core::{Digest, Entry, EntryKind, Need, Read, ReadSet, Tree, TreePath, resolve};

use crate::request::{Request, Tool};

/// The digest of a folder's names and their kinds, as renders record it.
pub(crate) fn listing(names: &[(String, Entry)]) -> Digest {
    Digest::of_parts(names.iter().map(|(name, entry)| format!("{name} {:?}", entry.kind)))
}

/// Whether a render with these reads would read the same again for this request, whose tool and path are
/// those of then. What cannot be looked up is taken for changed.
pub fn still_holds(reads: &ReadSet, request: &Request<'_>) -> bool {
    reads.iter().all(|(read, digest)| seen(read, request).is_some_and(|now| now.as_ref() == digest))
}

/// What a read sees now: nothing if it cannot be said, or nothing there.
fn seen(read: &Read, request: &Request<'_>) -> Option<Option<Digest>> {
    match read {
        Read::File(path) => {
            let (tree, path) = place(path, request)?;
            file(tree, &path, request)
        }
        Read::Listing(path) => {
            let (tree, path) = place(path, request)?;
            folder(tree, &path)
        }
        // A part of the tool, which is the same.
        Read::Parameter(name) if name == "directory" => match &request.tool {
            Tool::Directory(options) => Some(Some(options.digest())),
            Tool::Detect | Tool::Detected(_) => Some(Some(crate::DirectoryOptions::default().digest())),
            _ => None,
        },
        Read::Parameter(name) if name == "kustomize" => match &request.tool {
            Tool::Kustomize(options) => Some(Some(options.digest())),
            Tool::Detect | Tool::Detected(_) => Some(Some(crate::KustomizeOptions::default().digest())),
            _ => None,
        },
        Read::Version(name) if name == "kustomize" => {
            Some(Some(Digest::of_bytes(tautline_kustomize::VERSION.as_bytes())))
        }
        Read::Version(name) => version(name, request).map(Some),
        Read::Answer(Need::Tree(want)) => {
            let tree = request.answers.trees.get(want);
            Some(tree.map(|tree| Digest::of_bytes(tree.id().0.as_bytes())))
        }
        Read::Answer(Need::Lookup(key)) => {
            let answer = request.answers.lookups.get(key)?;
            let text = answer.as_ref().map(|object| object.to_value().to_json()).unwrap_or_default();
            Some(Some(Digest::of_bytes(text.as_bytes())))
        }
        _ => None,
    }
}

/// The tree and path of a read; `$ref/…` is of another source.
fn place<'a>(path: &str, request: &'a Request<'_>) -> Option<(&'a dyn Tree, TreePath)> {
    if let Some((name, rest)) = path.strip_prefix('$').and_then(|text| text.split_once('/'))
        && let Some(want) = request.tool.helm().and_then(|options| options.refs.get(name))
    {
        let tree = request.answers.trees.get(want)?;
        return Some((&**tree, TreePath::new(rest).ok()?));
    }
    let path = if path == "." { TreePath::root() } else { TreePath::new(path).ok()? };
    Some((request.tree, path))
}

fn file(tree: &dyn Tree, path: &TreePath, request: &Request<'_>) -> Option<Option<Digest>> {
    match resolve(tree, path).ok()? {
        Some((real, entry)) if entry.kind == EntryKind::File => {
            Some(Some(Digest::of_bytes(&tree.read(&real, &request.budget).ok()?)))
        }
        // Of a folder behind a link it counts where the link leads; of one that was used whole, its id.
        Some((real, entry)) if entry.kind == EntryKind::Folder => {
            let id = if real == *path { entry.id.0 } else { real.as_str().to_owned() };
            (!id.is_empty()).then(|| Some(Digest::of_bytes(id.as_bytes())))
        }
        _ => Some(None),
    }
}

fn folder(tree: &dyn Tree, path: &TreePath) -> Option<Option<Digest>> {
    match resolve(tree, path).ok()? {
        Some((real, entry)) if entry.kind == EntryKind::Folder => {
            Some(Some(listing(&tree.list(&real).ok()?)))
        }
        _ => Some(None),
    }
}

/// What a chart asked about the cluster.
fn version(name: &str, request: &Request<'_>) -> Option<Digest> {
    if name == "revision" {
        return Some(Digest::of_bytes(request.answers.revision.as_bytes()));
    }
    let unspecified = crate::HelmOptions::default();
    let options = request.tool.helm().unwrap_or(&unspecified);
    let capabilities = crate::helm::capabilities(request, options).ok()?;
    Some(match name.strip_prefix("api ") {
        Some(api) => capabilities.seen_api(api),
        None => capabilities.seen(name)?,
    })
}
