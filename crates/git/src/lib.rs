//! A [`Source`] over Git repositories, read from the object database without a checkout, and over folders.
//!
//! A poll asks "which commit is `main` now?" and a render asks "what does that commit hold?". [`GitSource`]
//! answers the first with one listing of references, shared by everybody who asks at the same time, and the
//! second with at most one shallow fetch a commit into a bare cache, shared by every app in the repository.
//! Repositories on this machine are opened where they are and never copied. Nothing is checked out, so no
//! filter, hook or submodule of a repository ever runs.
//!
//! ```
//! use std::sync::Arc;
//! use tautline_core::{ManualClock, Want};
//! use tautline_git::{GitSource, Options};
//! use tautline_source::Source;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # let folder = tempfile::tempdir()?;
//! let source = GitSource::new(Options::new(folder.path()), Arc::new(ManualClock::default()));
//! let want = Want::Git { repository: "/no/such/repository".into(), reference: "HEAD".into() };
//! let error = runtime.block_on(source.resolve(&want)).unwrap_err();
//! assert!(error.to_string().contains("/no/such/repository"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`GitSource`], [`Options`] | the source: local paths, `file://`, `http(s)://`, `ssh://` and `user@host:path` |
//! | [`Credentials`], [`Access`], [`Login`] | what a repository needs to be reached, asked for by URL |
//! | [`GitTree`] | a commit's content, straight from the object database |
//! | [`FolderTree`] | a folder on disk as it was when it was resolved |
//!
//! # What it does not do
//! It writes to no repository, reads no submodule and no LFS object (they show as what Git stores), does not
//! check commit signatures, and never deletes from its cache folder: an embedder that follows many
//! repositories for a long time empties that folder at start.
//!
//! [`Source`]: tautline_source::Source
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    reason = "this crate is the file system, the network and the ssh program behind Source"
)]

mod access;
mod failure;
mod folder;
mod listing;
mod local;
mod place;
mod remote;
mod source;
mod ssh;
mod tree;

pub use access::{Access, Credentials, Login, NoCredentials, Proxy};
pub use folder::FolderTree;
pub use source::{GitSource, Options};
pub use tree::GitTree;
