//! [`Cache`]: the live objects of the watched kinds, compact, with what is known about each kind.

mod kind;
mod outlines;
mod scan;
mod snapshot;
mod store;
mod texts;
mod uids;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{
    GroupKind, GroupVersionKind, MaskingKey, Object, ResourceKey, ResourceVersion, Timestamp, Uid, Value, Why,
};
use tautline_ownership::owner_of;

use crate::{ApiResource, RawEvent, RawObject};
use kind::{Kind, LISTS_OF_A_RESTORED_SERVER};
use store::{Filing, Store};

pub use kind::KindState;
pub use snapshot::SnapshotError;

/// The live objects of the watched kinds.
///
/// A pure data structure: whoever runs the watches feeds it, and each call answers which objects changed.
/// Objects rest compressed against a sample of their kind; Secrets are masked as they come in. A kind is
/// [`KindState::Listing`] until a complete list has ended, and nothing of it is ever absent before that.
///
/// # What a watch may do wrong
/// Events that come twice, late or in another order change nothing: an object is known by uid and version, its end by
/// uid. An item or event whose bytes are those seen last is not decoded. A list that is older than what was heard
/// proves nothing ([`StaleList`]), until it is clear that the server itself went back.
#[derive(Debug)]
pub struct Cache {
    kinds: BTreeMap<GroupKind, Kind>,
    store: Store,
    masking: MaskingKey,
    /// For the marks of bytes seen.
    marking: [u8; 32],
    decoded: u64,
    /// What a snapshot told of kinds that are not watched yet.
    remembered: BTreeMap<GroupKind, (GroupVersionKind, Option<ResourceVersion>)>,
}

/// An item or event that is no Kubernetes object.
#[derive(Debug, Clone, thiserror::Error)]
#[error("an item of {kind} cannot be read: {problem}")]
pub struct BadItem {
    kind: GroupKind,
    problem: String,
}

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
    /// An empty cache that masks Secrets with this key.
    pub fn new(masking: MaskingKey) -> Self {
        let marking = masking.derive("the marks of bytes seen");
        Self {
            kinds: BTreeMap::new(),
            store: Store::default(),
            masking,
            marking,
            decoded: 0,
            remembered: BTreeMap::new(),
        }
    }

    /// The key that Secrets are masked with.
    pub fn masking(&self) -> &MaskingKey {
        &self.masking
    }

    /// Keeps of a kind's objects only what is needed of them as somebody's children, from their next change on: who
    /// they are, whose, and what health and causes go by. For pods, ReplicaSets and the like while no app's desired
    /// state holds one; other kinds stay whole. An object that an app owns is always whole. Answers whether this is
    /// another choice than before: a kind that is to be whole from now on must be listed anew.
    pub fn keep_in_outline(&mut self, resource: &ApiResource, in_outline: bool) -> bool {
        let fits = outlines::has_outline(&resource.gvk.group, &resource.gvk.kind);
        let before = std::mem::replace(&mut self.kind_mut(resource).in_outline, in_outline && fits);
        before != (in_outline && fits)
    }

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
        let object = self.decode(kind, item)?;
        let key = object.key();
        let known = self.store.find(&key);
        if let Some(at) = known.filter(|at| self.is_older(*at, &object)) {
            self.store.slot_mut(at).seen = list;
            if let Some(entry) = self.kinds.get_mut(kind) {
                entry.doubt(item);
            }
            return Ok(None);
        }
        let mark = self.mark(item);
        // Other bytes of the same version are what a server says that was restored from a backup.
        let is_other = |at: u32| !matches!(self.store.slot(at).mark, known if known == 0 || known == mark);
        let is_new = known.is_none_or(|at| !self.is_same(at, &object) || is_other(at));
        self.keep(&object, mark, list);
        Ok(is_new.then_some(key))
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
            RawObject::Json(bytes) => scan::identity(bytes).and_then(|identity| {
                let key = ResourceKey::new(&*kind.group, &*kind.kind, identity.namespace, identity.name);
                let at = self.store.find(&key)?;
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
        let mut changed = Vec::new();
        for item in doubtful.iter().filter(|_| went_back) {
            if let Ok(object) = self.decode(kind, item) {
                self.keep(&object, self.mark(item), list);
                changed.push(object.key());
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

    /// Takes an event of a watch. Answers the object that changed, if one did.
    ///
    /// # Errors
    /// When the event holds no object; list the kind again.
    pub fn event(
        &mut self,
        kind: &GroupKind,
        event: &RawEvent,
        now: Timestamp,
    ) -> Result<Option<ResourceKey>, BadItem> {
        match event {
            RawEvent::Bookmark(version) => {
                self.heard(kind, version, now);
                Ok(None)
            }
            RawEvent::Added(item) | RawEvent::Modified(item) => {
                if self.unchanged(kind, item).is_some() {
                    return Ok(None);
                }
                let object = self.decode(kind, item)?;
                self.heard(kind, &object.resource_version().unwrap_or_else(|| "".into()), now);
                let mark = self.mark(item);
                Ok(self.take(&object, mark).then(|| object.key()))
            }
            RawEvent::Deleted(item) => {
                let object = self.decode(kind, item)?;
                self.heard(kind, &object.resource_version().unwrap_or_else(|| "".into()), now);
                let uid = object.metadata_str("uid");
                if let Some(entry) = self.kinds.get_mut(kind) {
                    entry.remember_deletion(uid);
                }
                // A DELETED event of an earlier life says nothing about the present one.
                let key = object.key();
                let found = self.store.find(&key).filter(|at| self.store.has_uid(*at, uid));
                Ok(found.map(|at| self.remove(at)))
            }
        }
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

    /// Forgets a kind that is no longer watched.
    pub fn forget(&mut self, kind: &GroupKind) {
        self.kinds.remove(kind);
        let slots: Vec<u32> = self.store.of_kind(kind).collect();
        slots.into_iter().for_each(|at| drop(self.remove(at)));
    }

    /// Takes the server's answer to our write, unless something newer is known (rule R13).
    pub fn wrote(&mut self, object: &Object) -> bool {
        let mut object = object.clone();
        self.masking.mask_object(&mut object);
        let Some(kind) = self.kinds.get(&object.key().group_kind()) else { return false };
        // An answer that comes after the object's DELETED event must not bring it back.
        let heard_later = match (&kind.state, object.resource_version()) {
            (KindState::Synced { version, .. }, Some(ours)) => version.is_at_least(&ours),
            _ => false,
        };
        if heard_later && self.store.find(&object.key()).is_none() {
            return false;
        }
        self.take(&object, 0)
    }

    /// Remembers that we deleted an object: unknown until its DELETED event comes (rule R13).
    pub fn deleted(&mut self, key: &ResourceKey, uid: &Uid) {
        if let Some(at) = self.store.find(key).filter(|at| self.store.has_uid(*at, uid.as_str())) {
            self.store.slot_mut(at).delete_by_us();
        }
    }

    /// The kinds that are watched, with what is known of each.
    pub fn kinds(&self) -> impl Iterator<Item = (&GroupKind, &KindState)> {
        self.kinds.iter().map(|(kind, entry)| (kind, &entry.state))
    }

    /// What is known of a kind; `None` if it is not watched.
    pub fn state(&self, kind: &GroupKind) -> Option<&KindState> {
        self.kinds.get(kind).map(|entry| &entry.state)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items and events had to be decoded so far; the others were known by their bytes.
    pub fn decoded(&self) -> u64 {
        self.decoded
    }

    /// How many different bodies the objects that are kept in outline share.
    pub fn outlines(&self) -> usize {
        self.store.outline_count()
    }

    /// Every object of a kind, by namespace and name.
    pub fn objects(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        self.opened(self.store.of_kind(kind))
    }

    fn kind_mut(&mut self, resource: &ApiResource) -> &mut Kind {
        let kind = resource.gvk.group_kind();
        let Self { kinds, remembered, store, .. } = self;
        kinds.entry(kind).or_insert_with_key(|kind| {
            let told = remembered.remove(kind);
            let is_same_version = told.as_ref().is_some_and(|(gvk, _)| *gvk == resource.gvk);
            if !is_same_version {
                // Objects in another version are other bodies: they are fetched anew.
                let slots: Vec<u32> = store.of_kind(kind).collect();
                slots.into_iter().for_each(|at| store.remove(at));
            }
            let mut kind = Kind::listing(resource.clone());
            kind.is_restored = is_same_version;
            kind.heard = told.filter(|_| is_same_version).and_then(|(_, heard)| heard);
            kind
        })
    }

    /// Whether a snapshot told of this kind, so that [confirming](Cache::confirm) it is worth while.
    pub fn is_restored(&self, kind: &GroupKind) -> bool {
        let is_begun = self.kinds.get(kind).is_some_and(|entry| entry.is_restored);
        is_begun || self.remembered.contains_key(kind)
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

    /// The object that these bytes were decoded into before, if nothing of them changed.
    fn unchanged(&self, kind: &GroupKind, item: &RawObject) -> Option<u32> {
        // At the first list there is nothing to compare with.
        self.store.of_kind(kind).next()?;
        let bytes = match item {
            RawObject::Json(bytes) => bytes,
            RawObject::Object(object) => {
                let at = self.store.find(&object.key())?;
                return self.is_same(at, object).then_some(at);
            }
        };
        let identity = scan::identity(bytes)?;
        let at = self.store.find(&ResourceKey::new(
            kind.group.as_str(),
            kind.kind.as_str(),
            identity.namespace,
            identity.name,
        ))?;
        let is_it = self.store.has_uid(at, identity.uid) && self.store.is_at(at, identity.version);
        let is_whole = !self.is_to_be_whole(kind, at);
        (is_it && is_whole && self.store.slot(at).mark == outlines::mark(&self.marking, bytes)).then_some(at)
    }

    /// Whether only an outline is known of an object that is wanted whole.
    fn is_to_be_whole(&self, kind: &GroupKind, at: u32) -> bool {
        self.store.slot(at).is_outline() && self.kinds.get(kind).is_none_or(|entry| !entry.in_outline)
    }

    fn mark(&self, item: &RawObject) -> u32 {
        match item {
            RawObject::Json(bytes) => outlines::mark(&self.marking, bytes),
            RawObject::Object(_) => 0,
        }
    }

    fn decode(&mut self, kind: &GroupKind, item: &RawObject) -> Result<Object, BadItem> {
        self.decoded += 1;
        let in_outline = self.kinds.get(kind).is_some_and(|entry| entry.in_outline);
        if let RawObject::Json(bytes) = item
            && in_outline
            && let Some(short) = scan::without_managers(bytes)
        {
            // Who wrote which field is half of the bytes, and no part of an outline.
            let object = self.decode_all(kind, &RawObject::Json(short.into()))?;
            if owner_of(&object).is_none() {
                return Ok(object);
            }
        }
        self.decode_all(kind, item)
    }

    fn decode_all(&self, kind: &GroupKind, item: &RawObject) -> Result<Object, BadItem> {
        let bad = |problem: String| BadItem { kind: kind.clone(), problem };
        let mut object = match item {
            RawObject::Object(object) => (**object).clone(),
            RawObject::Json(bytes) => {
                let mut value = Value::from_json(bytes).map_err(|e| bad(e.to_string()))?;
                // Items of a list carry no apiVersion and kind of their own.
                let resource = self.kinds.get(kind).map(|entry| &entry.resource);
                if let (Some(map), Some(resource)) = (value.as_map_mut(), resource)
                    && !map.contains_key("kind")
                {
                    map.insert("apiVersion", resource.gvk.api_version());
                    map.insert("kind", resource.gvk.kind.as_str());
                }
                Object::new(value).map_err(|e| bad(e.to_string()))?
            }
        };
        if object.group() != kind.group || object.kind() != kind.kind {
            return Err(bad(format!("it is a {}", GroupKind::new(object.group(), object.kind()))));
        }
        if object.name().is_empty() || object.name().contains('\0') {
            return Err(bad("it has no name".to_owned()));
        }
        self.masking.mask_object(&mut object);
        Ok(object)
    }

    /// Whether the object is known at a later version, of this life or another.
    fn is_older(&self, at: u32, object: &Object) -> bool {
        let version = object.metadata_str("resourceVersion");
        self.store.is_at_least(at, version) && !self.store.is_at(at, version)
    }

    fn is_same(&self, at: u32, object: &Object) -> bool {
        self.store.has_uid(at, object.metadata_str("uid"))
            && self.store.is_at(at, object.metadata_str("resourceVersion"))
            && !self.is_to_be_whole(&GroupKind::new(object.group(), object.kind()), at)
    }

    /// Stores an object unless its like or better is known, or it has ended. Answers whether anything changed.
    fn take(&mut self, object: &Object, mark: u32) -> bool {
        let key = object.key();
        let (uid, version) = (object.metadata_str("uid"), object.metadata_str("resourceVersion"));
        let entry = self.kinds.get(&key.group_kind());
        if entry.is_some_and(|entry| entry.is_deleted(uid)) {
            return false;
        }
        match self.store.find(&key) {
            Some(at) if self.store.has_uid(at, uid) && self.store.is_at_least(at, version) => return false,
            Some(at) if !self.store.is_at(at, version) && self.store.is_at_least(at, version) => {
                return false;
            }
            None if entry.is_some_and(|entry| entry.is_before_list(version)) => return false,
            _ => {}
        }
        let seen = entry.map_or(0, |entry| entry.list);
        self.keep(object, mark, seen);
        true
    }

    fn keep(&mut self, object: &Object, mark: u32, seen: u8) {
        let kind = GroupKind::new(object.group(), object.kind());
        let in_outline = self.kinds.get(&kind).is_some_and(|entry| entry.in_outline);
        self.store.put(object, Filing { app: owner_of(object), in_outline, seen, mark });
    }

    fn remove(&mut self, at: u32) -> ResourceKey {
        let key = self.store.key(at);
        self.store.remove(at);
        key
    }

    fn heard(&mut self, kind: &GroupKind, version: &ResourceVersion, now: Timestamp) {
        let Some(entry) = self.kinds.get_mut(kind) else { return };
        entry.hear(version);
        if let (KindState::Synced { version: known, at }, Some(heard)) = (&mut entry.state, &entry.heard) {
            known.clone_from(heard);
            *at = now;
        }
    }

    fn opened(&self, slots: impl Iterator<Item = u32>) -> Vec<Arc<Object>> {
        let mut found: Vec<(ResourceKey, u32)> = slots.map(|at| (self.store.key(at), at)).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|(_, at)| self.store.open(at).ok()).map(Arc::new).collect()
    }
}

#[cfg(test)]
mod tests;
