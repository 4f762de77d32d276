//! Lists: the whole of a kind, as it was at one version.

use tautline_core::{GroupKind, ResourceKey, ResourceVersion, Timestamp, Why};

use super::kind::LISTS_OF_A_RESTORED_SERVER;
use super::{BadItem, Cache, KindState};
use crate::scan::identity;
use crate::{ApiResource, RawObject};

/// A list from before what was heard already: a server that lags behind, or one restored from a backup.
///
/// The kind is unknown; list it again. The third such list in a row is taken for the truth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the list of {kind} is of version {listed}, older than version {heard} that was heard of")]
pub struct StaleList {
    /// What was listed.
    pub kind: GroupKind,
    /// The list's version.
    pub listed: ResourceVersion,
    /// The version that was heard of.
    pub heard: ResourceVersion,
}

impl Cache {
    /// Begins (again) to list a kind. Its objects stay; a kind that was synced stays so until the list ends
    /// or fails.
    pub fn begin_list(&mut self, resource: ApiResource) {
        let kind = resource.gvk.group_kind();
        if self.kind_mut(&resource).resource.gvk != resource.gvk {
            // Another version has other bodies (rule R15): nothing is known of the kind until they are here.
            self.forget(&kind);
        }
        let entry = self.kind_mut(&resource);
        entry.resource = resource;
        entry.is_listing = true;
        (entry.doubtful, entry.too_many_doubtful) = (Vec::new(), false);
        entry.list = entry.list.wrapping_add(1);
        if entry.list == 0 {
            // The numbers begin anew: no mark of 256 lists ago may count.
            entry.list = 1;
            let kind = entry.resource.gvk.group_kind();
            let slots: Vec<u32> = self.store.of_kind(&kind).collect();
            slots.into_iter().for_each(|at| self.store.slot_mut(at).seen = 0);
        }
    }

    /// Takes one item of the list that is running.
    ///
    /// # Errors
    /// When the item is no object; the list then proves nothing.
    pub fn list_item(&mut self, kind: &GroupKind, item: &RawObject) -> Result<Option<ResourceKey>, BadItem> {
        let list = self.kinds.get(kind).map_or(0, |entry| entry.list);
        if let Some(at) = self.unchanged(kind, item) {
            self.store.slot_mut(at).seen = list;
            return Ok(None);
        }
        let read = self.read(kind, item)?;
        let identity = read.identity();
        let known = self.store.find_at(kind, identity.namespace, identity.name);
        if let Some(at) = known.filter(|at| self.is_older(*at, identity.version)) {
            self.store.slot_mut(at).seen = list;
            if let Some(entry) = self.kinds.get_mut(kind) {
                entry.doubt(item);
            }
            return Ok(None);
        }
        let mark = self.mark(item);
        // Other bytes of the same version are what a server says that was restored from a backup.
        let is_other = |at: u32| !matches!(self.store.slot(at).mark, known if known == 0 || known == mark);
        let is_new = known.is_none_or(|at| !self.is_same(kind, at, &identity) || is_other(at));
        let key = is_new.then(|| identity.key(kind));
        self.keep(kind, &read, mark, list);
        Ok(key)
    }

    /// Takes the metadata of one item of the list that is running: `true` if the object is known in this version, so
    /// that the item stands for all of it. Otherwise fetch the object and give it to [`Cache::list_item`].
    ///
    /// For what a [snapshot](Cache::restore) told: a list of metadata confirms it at a fraction of a whole list's cost.
    pub fn confirm(&mut self, kind: &GroupKind, metadata: &RawObject) -> bool {
        let list = self.kinds.get(kind).map_or(0, |entry| entry.list);
        let at = match metadata {
            RawObject::Object(object) => self.store.find(&object.key()).filter(|at| {
                self.store.has_uid(*at, object.metadata_str("uid"))
                    && self.store.is_at(*at, object.metadata_str("resourceVersion"))
            }),
            RawObject::Json(bytes) => identity(bytes).and_then(|identity| {
                let at = self.store.find_at(kind, identity.namespace, identity.name)?;
                let is_it = self.store.has_uid(at, identity.uid) && self.store.is_at(at, identity.version);
                is_it.then_some(at)
            }),
        };
        let Some(at) = at.filter(|at| !self.is_to_be_whole(kind, *at)) else { return false };
        self.store.slot_mut(at).seen = list;
        true
    }

    /// Ends a complete list: what it did not hold is gone, unless we know it at a later version. Answers what changed.
    ///
    /// # Errors
    /// When the list is older than what was heard already: then the kind is unknown, and must be listed again.
    pub fn end_list(
        &mut self,
        kind: &GroupKind,
        version: ResourceVersion,
        now: Timestamp,
    ) -> Result<Vec<ResourceKey>, StaleList> {
        let Some(entry) = self.kinds.get_mut(kind) else { return Ok(Vec::new()) };
        entry.is_listing = false;
        let doubtful = std::mem::take(&mut entry.doubtful);
        let was_synced = matches!(entry.state, KindState::Synced { .. });
        let went_back = entry.is_older(&version);
        if went_back {
            entry.older_lists = entry.older_lists.saturating_add(1);
            if entry.older_lists < LISTS_OF_A_RESTORED_SERVER || entry.too_many_doubtful {
                return Err(self.stale(kind, version));
            }
            entry.heard = None;
        }
        (entry.older_lists, entry.is_restored) = (0, false);
        entry.state = KindState::Synced { version: version.clone(), at: now };
        entry.listed = Some(version.clone());
        entry.hear(&version);
        let list = entry.list;
        self.heard_in.remove(kind);
        let mut changed = Vec::new();
        for item in doubtful.iter().filter(|_| went_back) {
            if let Ok(read) = self.read(kind, item) {
                changed.push(read.identity().key(kind));
                self.keep(kind, &read, self.mark(item), list);
            }
        }
        changed.extend(self.sweep(kind, list, &version, went_back));
        if !was_synced {
            // Everything of a kind changes from unknown to known.
            changed.extend(self.store.of_kind(kind).map(|at| self.store.key(at)));
            changed.sort_unstable();
            changed.dedup();
        }
        Ok(changed)
    }

    /// Says that a kind cannot be listed or watched: its objects become unknown.
    pub fn fail(&mut self, resource: &ApiResource, why: Why) -> bool {
        let entry = self.kind_mut(resource);
        entry.is_listing = false;
        (entry.doubtful, entry.too_many_doubtful) = (Vec::new(), false);
        let state = KindState::Unknown(why);
        let changed = entry.state != state;
        entry.state = state;
        changed
    }

    fn stale(&mut self, kind: &GroupKind, listed: ResourceVersion) -> StaleList {
        let heard = self.kinds.get(kind).and_then(|entry| entry.heard.clone()).unwrap_or_else(|| "".into());
        let stale = StaleList { kind: kind.clone(), listed, heard };
        if let Some(entry) = self.kinds.get_mut(kind) {
            let (kind, message) = (kind.clone(), stale.to_string());
            entry.state = KindState::Unknown(Why::Failing { kind, message });
        }
        stale
    }

    /// Removes what the list that just ended did not hold.
    fn sweep(
        &mut self,
        kind: &GroupKind,
        list: u8,
        version: &ResourceVersion,
        all: bool,
    ) -> Vec<ResourceKey> {
        let is_gone = |at: &u32| {
            let is_later =
                self.store.is_at_least(*at, version.as_str()) && !self.store.is_at(*at, version.as_str());
            self.store.slot(*at).seen != list && (all || !is_later)
        };
        let gone: Vec<u32> = self.store.of_kind(kind).filter(is_gone).collect();
        gone.into_iter().map(|at| self.remove(at)).collect()
    }
}
