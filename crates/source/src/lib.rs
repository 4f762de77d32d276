//! Where desired state comes from.
//!
//! A [`Source`] answers two questions: what does this [`Want`] stand for right now (an immutable
//! [`Revision`]), and what does that revision hold (a read-only [`Tree`])? The first is cheap and asked at
//! every poll; the second is asked once a revision. This crate does no I/O: crate `git` reads repositories,
//! [`MemorySource`] serves tests and programs that make their content themselves.
//!
//! ```
//! use tautline_source::{Advertised, choose};
//!
//! let refs = [("HEAD", "a1"), ("refs/heads/main", "a1"), ("refs/tags/v1.0", "b2")];
//! let refs = Advertised::new(refs.map(|(name, id)| (name.to_owned(), id.to_owned())));
//! assert_eq!(choose(&refs, "v1.0")?, "b2");
//! assert!(choose(&refs, "v9").unwrap_err().to_string().contains("no branch or tag v9"));
//! # Ok::<(), tautline_source::NoSuchReference>(())
//! ```
#![forbid(unsafe_code)]

mod memory;
mod reference;

use std::sync::Arc;

use async_trait::async_trait;
use tautline_core::{Revision, Tree, Want};

pub use memory::MemorySource;
pub use reference::{Advertised, NoSuchReference, choose, is_full_commit_id};

/// Resolves what is wanted and fetches what it stands for.
#[async_trait]
pub trait Source: Send + Sync {
    /// What the want stands for now. Cheap: one listing of references, no content.
    async fn resolve(&self, want: &Want) -> Result<Revision, SourceError>;

    /// The content of a revision. Concurrent calls for one revision share one fetch.
    async fn fetch(&self, revision: &Revision) -> Result<Arc<dyn Tree>, SourceError>;
}

/// Why a source has no answer. Never a reason to treat desired state as empty.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The branch, tag or commit is not there.
    #[error("{place}: {source}")]
    Reference {
        /// The repository.
        place: String,
        /// What is missing.
        source: NoSuchReference,
    },
    /// The repository cannot be reached. Retrying may help.
    #[error("cannot reach {place}: {message}; check the URL and the network")]
    Unreachable {
        /// The repository.
        place: String,
        /// What went wrong; free of credentials.
        message: String,
    },
    /// The credentials are missing or wrong.
    #[error("{place} refuses access: {message}; check the repository Secret for this URL")]
    Denied {
        /// The repository.
        place: String,
        /// What was said; free of credentials.
        message: String,
    },
    /// This source does not serve such wants.
    #[error("{place}: {message}")]
    Unsupported {
        /// The repository.
        place: String,
        /// Why, and what to use.
        message: String,
    },
    /// What was fetched cannot be read.
    #[error("{place}: the content cannot be read: {message}")]
    Content {
        /// The repository.
        place: String,
        /// What is wrong with it.
        message: String,
    },
}

impl SourceError {
    /// Whether trying again without a change may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Content { .. })
    }
}
