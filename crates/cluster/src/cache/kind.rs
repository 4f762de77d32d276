//! What is known of one kind.

use std::collections::BTreeSet;

use tautline_core::{ResourceKey, ResourceVersion, Timestamp, Why};

use crate::ApiResource;

/// What is known of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindState {
    /// The first list has not ended: nothing is absent.
    Listing,
    /// Listed completely, and watched since.
    Synced {
        /// The version last heard of.
        version: ResourceVersion,
        /// When.
        at: Timestamp,
    },
    /// It cannot be listed or watched: nothing is known.
    Unknown(Why),
}

#[derive(Debug)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    pub(super) state: KindState,
    /// What the list that is running has held so far.
    pub(super) seen: BTreeSet<ResourceKey>,
    pub(super) is_listing: bool,
}

impl Kind {
    pub(super) fn listing(resource: ApiResource) -> Self {
        Self { resource, state: KindState::Listing, seen: BTreeSet::new(), is_listing: true }
    }
}
