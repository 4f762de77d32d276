//! Repositories on this machine, opened where they are.

use std::path::Path;

use gix::bstr::ByteSlice;
use gix::{ObjectId, Repository, ThreadSafeRepository};
use tautline_source::{Advertised, NoSuchReference, choose};

use crate::failure::{Failure, chain};

/// Opens a repository, bare or not, without reading any configuration but its own.
///
/// We run no hook and no filter, so it does not matter who owns the folder (a volume often belongs to
/// another user).
pub(crate) fn open(path: &Path) -> Result<ThreadSafeRepository, Failure> {
    if !path.is_absolute() {
        let message = "a path must be absolute: a controller has no folder of its own";
        return Err(Failure::Unsupported(message.to_owned()));
    }
    let options = gix::open::Options::isolated().with(gix::sec::Trust::Full);
    options.open(path).map_err(|error| match path.exists() {
        true => Failure::Content(chain(&error)),
        false => Failure::Unreachable("there is no such folder".to_owned()),
    })
}

/// The commit that a reference stands for now. Only the references that may be meant are read.
pub(crate) fn resolve(repository: &ThreadSafeRepository, reference: &str) -> Result<String, Failure> {
    let repository = repository.to_thread_local();
    let mut refs = Vec::new();
    if let Some(head) = head(&repository)? {
        refs.push(("HEAD".to_owned(), head.to_string()));
    }
    for name in [reference.to_owned(), format!("refs/heads/{reference}"), format!("refs/tags/{reference}")] {
        if let Some(id) = peeled(&repository, &name)? {
            refs.push((name, id.to_string()));
        }
    }
    match choose(&Advertised::new(refs), reference) {
        Ok(id) => Ok(id),
        Err(NoSuchReference::ShortId(_)) => stored(&repository, reference),
        Err(problem) => Err(Failure::Reference(problem)),
    }
}

fn head(repository: &Repository) -> Result<Option<ObjectId>, Failure> {
    let head = repository.head().map_err(|error| Failure::Content(chain(&error)))?;
    let id = head.try_into_peeled_id().map_err(|error| Failure::Content(chain(&error)))?;
    Ok(id.map(gix::Id::detach))
}

fn peeled(repository: &Repository, name: &str) -> Result<Option<ObjectId>, Failure> {
    // A name that Git does not allow is the name of nothing.
    let Ok(name) = gix::refs::FullName::try_from(name.as_bytes().as_bstr()) else { return Ok(None) };
    let found = repository.try_find_reference(name.as_ref());
    let Some(mut found) = found.map_err(|error| Failure::Content(chain(&error)))? else { return Ok(None) };
    match found.peel_to_id() {
        Ok(id) => Ok(Some(id.detach())),
        // A symbolic reference to a branch without commits stands for nothing yet.
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(Failure::Content(chain(&error))),
    }
}

/// The stored commit whose id begins so.
pub(crate) fn stored(repository: &Repository, short: &str) -> Result<String, Failure> {
    let missing = || Failure::Reference(NoSuchReference::ShortId(short.to_owned()));
    let prefix = gix::hash::Prefix::from_hex(short).map_err(|_| missing())?;
    let found = repository.objects.lookup_prefix(prefix, None);
    match found.map_err(|error| Failure::Content(error.to_string()))? {
        None => Err(missing()),
        Some(Err(())) => Err(Failure::Reference(NoSuchReference::Ambiguous(short.to_owned()))),
        Some(Ok(id)) => {
            let is_commit = repository.find_header(id).is_ok_and(|h| h.kind() == gix::objs::Kind::Commit);
            if is_commit { Ok(id.to_string()) } else { Err(missing()) }
        }
    }
}
