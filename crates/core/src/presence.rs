//! [`Presence`]: there, not there, or not known. Three values, not two.

use std::fmt;

use crate::{GroupKind, ResourceVersion, Timestamp};

/// Whether something is there.
///
/// An error, a forbidden list, a cache that has not caught up, an empty render after a full one: all are
/// [`Presence::Unknown`], never [`Presence::Absent`]. Absence is a claim that carries its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence<T> {
    /// It is there.
    Present(T),
    /// It is not there, as of this evidence.
    Absent(Freshness),
    /// Nobody can say, for this reason.
    Unknown(Why),
}

impl<T> Presence<T> {
    /// The thing, if it is known to be there.
    pub fn present(self) -> Option<T> {
        match self {
            Self::Present(thing) => Some(thing),
            _ => None,
        }
    }

    /// The same presence of a borrowed thing.
    pub fn as_ref(&self) -> Presence<&T> {
        match self {
            Self::Present(thing) => Presence::Present(thing),
            Self::Absent(freshness) => Presence::Absent(freshness.clone()),
            Self::Unknown(why) => Presence::Unknown(why.clone()),
        }
    }

    /// The same presence of another thing.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Presence<U> {
        match self {
            Self::Present(thing) => Presence::Present(change(thing)),
            Self::Absent(freshness) => Presence::Absent(freshness),
            Self::Unknown(why) => Presence::Unknown(why),
        }
    }

    /// Whether it is known to be absent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent(_))
    }

    /// Why it is unknown, if it is.
    pub fn unknown(&self) -> Option<&Why> {
        match self {
            Self::Unknown(why) => Some(why),
            _ => None,
        }
    }
}

/// Evidence that a kind was listed completely: from which version on, and when it was last heard of.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Freshness {
    /// The kind that was listed.
    pub kind: GroupKind,
    /// The version of the list, or of the last event or bookmark after it.
    pub version: ResourceVersion,
    /// When that version was received.
    pub at: Timestamp,
}

/// Why something is unknown. Each message is a full sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// The kind is not watched.
    #[error("{0} is not watched")]
    NotWatched(GroupKind),
    /// The first list of the kind has not ended.
    #[error("{0} is still being listed")]
    Listing(GroupKind),
    /// The server refuses to list the kind.
    #[error("{kind} may not be listed: {message}")]
    Forbidden {
        /// The kind.
        kind: GroupKind,
        /// What the server said.
        message: String,
    },
    /// Listing or watching the kind fails.
    #[error("{kind} cannot be read: {message}")]
    Failing {
        /// The kind.
        kind: GroupKind,
        /// What went wrong.
        message: String,
    },
    /// We wrote the object and the cache has not seen that write.
    #[error("the cache is behind our write of version {0}")]
    BehindOurWrite(ResourceVersion),
    /// Discovery does not know the kind, or its group is stale.
    #[error("{0} is not served, or discovery is incomplete")]
    NotServed(GroupKind),
    /// What is wanted could not be rendered or fetched.
    #[error("{0}")]
    Other(String),
}

/// A value that must not be shown: no `Debug` of its content, no `Display`, no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
