//! What a pure stage lacks, and what it read.

use std::collections::BTreeMap;

use crate::{Digest, GroupKind, GroupVersion, ResourceKey, Want};

/// What a pure stage lacks. It returns these beside what it could do; the caller fetches them and calls
/// again with the answers in its inputs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Need {
    /// The content of another source: a chart dependency, a remote base.
    Tree(Want),
    /// A live object, for a template's `lookup`.
    Lookup(ResourceKey),
    /// Whether a kind is namespaced.
    Scope(GroupKind),
    /// The schema of a group and version.
    OpenApi(GroupVersion),
    /// The Events about an object.
    Events(ResourceKey),
    /// The server's answer to a dry run of this object's apply.
    DryRun(ResourceKey),
}

/// Something a render read or depended on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Read {
    /// A file's content.
    File(String),
    /// The names in a folder.
    Listing(String),
    /// A parameter of the request.
    Parameter(String),
    /// A version: of the renderer, of Kubernetes, of an API.
    Version(String),
    /// The answer to a need.
    Answer(Need),
}

/// Everything a render asked for, found or not, with the digest of what it saw: the exact cache key.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReadSet {
    #[serde(with = "pairs")]
    entries: BTreeMap<Read, Option<Digest>>,
}

impl ReadSet {
    /// Records something that was found, with the digest of its content.
    pub fn found(&mut self, read: Read, digest: Digest) {
        self.entries.insert(read, Some(digest));
    }

    /// Records something that was asked for and is not there.
    pub fn missing(&mut self, read: Read) {
        self.entries.insert(read, None);
    }

    /// Everything that was read, in order; `None` for what was not there.
    pub fn iter(&self) -> impl Iterator<Item = (&Read, Option<&Digest>)> {
        self.entries.iter().map(|(read, digest)| (read, digest.as_ref()))
    }

    /// How many things were read.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One digest for everything that was read.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.entries.iter().map(|(read, digest)| format!("{read:?} {digest:?}")))
    }
}

impl Extend<(Read, Option<Digest>)> for ReadSet {
    fn extend<I: IntoIterator<Item = (Read, Option<Digest>)>>(&mut self, entries: I) {
        self.entries.extend(entries);
    }
}

/// JSON has no maps with structured keys: a list of pairs instead.
mod pairs {
    use super::{BTreeMap, Digest, Read};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        entries: &BTreeMap<Read, Option<Digest>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(entries)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Read, Option<Digest>>, D::Error> {
        Ok(Vec::<(Read, Option<Digest>)>::deserialize(deserializer)?.into_iter().collect())
    }
}
