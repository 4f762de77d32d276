//! What is known of one kind.

use std::collections::VecDeque;

use tautline_core::{ResourceVersion, Timestamp, Why};

use super::uids::bytes_of;
use crate::{ApiResource, RawObject};

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

/// How many lists in a row must be older than what was heard before the server counts as restored from a backup.
pub(super) const LISTS_OF_A_RESTORED_SERVER: u8 = 3;
/// How many deletions of a kind are remembered.
const MOST_DELETIONS: usize = 1024;
/// How many items of a list that are older than what is known are kept until the list's end.
const MOST_DOUBTFUL: usize = 10_000;

#[derive(Debug)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    pub(super) state: KindState,
    pub(super) is_listing: bool,
    /// The number of the list that runs or ran last.
    pub(super) list: u8,
    /// The version of the last complete list.
    pub(super) listed: Option<ResourceVersion>,
    /// The latest version that a list or an event of this kind told.
    pub(super) heard: Option<ResourceVersion>,
    /// How many lists in a row were older than what had been heard.
    pub(super) older_lists: u8,
    /// Items of the running list that are older than what is known of them. They count if the server was restored.
    pub(super) doubtful: Vec<RawObject>,
    pub(super) too_many_doubtful: bool,
    /// The objects that ended lately: what still comes of them comes late.
    deletions: VecDeque<[u8; 16]>,
    /// A snapshot told of its objects, and no list has ended since.
    pub(super) is_restored: bool,
    /// No app's desired state holds one, so outlines are enough.
    pub(super) in_outline: bool,
}

impl Kind {
    pub(super) fn listing(resource: ApiResource) -> Self {
        Self {
            resource,
            state: KindState::Listing,
            is_listing: true,
            list: 0,
            listed: None,
            heard: None,
            older_lists: 0,
            doubtful: Vec::new(),
            too_many_doubtful: false,
            deletions: VecDeque::new(),
            is_restored: false,
            in_outline: false,
        }
    }

    /// Takes note of a version; versions that are numbers only rise.
    pub(super) fn hear(&mut self, version: &ResourceVersion) {
        let is_newer =
            self.heard.as_ref().is_none_or(|heard| !heard.is_at_least(version) || !is_number(heard));
        if is_newer && !version.as_str().is_empty() {
            self.heard = Some(version.clone());
        }
    }

    /// Whether a list of this version is older than what was heard.
    pub(super) fn is_older(&self, version: &ResourceVersion) -> bool {
        let heard = self.heard.as_ref().filter(|heard| is_number(heard) && is_number(version));
        heard.is_some_and(|heard| !version.is_at_least(heard))
    }

    pub(super) fn doubt(&mut self, item: &RawObject) {
        if self.doubtful.len() >= MOST_DOUBTFUL {
            self.too_many_doubtful = true;
            return;
        }
        self.doubtful.push(match item {
            // A slice would keep the whole page.
            RawObject::Json(bytes) => RawObject::Json(bytes::Bytes::copy_from_slice(bytes)),
            object => object.clone(),
        });
    }

    pub(super) fn remember_deletion(&mut self, uid: &str) {
        if uid.is_empty() {
            return;
        }
        if self.deletions.len() >= MOST_DELETIONS {
            self.deletions.pop_front();
        }
        self.deletions.push_back(bytes_of(uid).0);
    }

    pub(super) fn is_deleted(&self, uid: &str) -> bool {
        !self.deletions.is_empty() && !uid.is_empty() && self.deletions.contains(&bytes_of(uid).0)
    }

    /// Whether an object of this version that is not there was gone before the last complete list.
    pub(super) fn is_before_list(&self, version: &str) -> bool {
        let numbers =
            (self.listed.as_ref().and_then(|l| l.as_str().parse::<u64>().ok()), version.parse::<u64>());
        matches!(numbers, (Some(listed), Ok(version)) if version <= listed)
    }
}

fn is_number(version: &ResourceVersion) -> bool {
    version.as_str().parse::<u64>().is_ok()
}
