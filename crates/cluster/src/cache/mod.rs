//! [`Cache`]: the live objects of the watched kinds, compact, with what is known about each kind.

mod index;
mod kind;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tautline_core::{
    GroupKind, MaskingKey, Object, Packed, ResourceKey, ResourceVersion, Timestamp, Uid, Value, Why,
};
use tautline_ownership::owner_of;

use crate::{ApiResource, RawEvent, RawObject};
use index::Index;
use kind::Kind;
pub use kind::KindState;

/// The live objects of the watched kinds.
///
/// A pure data structure: whoever runs the watches feeds it, and each call answers which objects changed.
/// Objects rest as [`Packed`]; Secrets are masked as they come in. A kind is [`KindState::Listing`] until a
/// complete list has ended, and nothing of it is ever absent before that.
#[derive(Debug)]
pub struct Cache {
    kinds: BTreeMap<GroupKind, Kind>,
    objects: HashMap<ResourceKey, Entry>,
    by_uid: HashMap<Uid, ResourceKey>,
    index: Index,
    masking: MaskingKey,
}

#[derive(Debug)]
struct Entry {
    uid: Option<Uid>,
    version: ResourceVersion,
    body: Packed,
    /// We deleted it and its DELETED event has not come.
    deleted_by_us: bool,
}

/// An item or event that is no Kubernetes object.
#[derive(Debug, Clone, thiserror::Error)]
#[error("an item of {kind} cannot be read: {problem}")]
pub struct BadItem {
    kind: GroupKind,
    problem: String,
}

impl Cache {
    /// An empty cache that masks Secrets with this key.
    pub fn new(masking: MaskingKey) -> Self {
        Self {
            kinds: BTreeMap::new(),
            objects: HashMap::new(),
            by_uid: HashMap::new(),
            index: Index::default(),
            masking,
        }
    }

    /// The key that Secrets are masked with.
    pub fn masking(&self) -> &MaskingKey {
        &self.masking
    }

    /// Begins (again) to list a kind. Its objects stay; a kind that was synced stays so until the list ends
    /// or fails.
    pub fn begin_list(&mut self, resource: ApiResource) {
        let kind = resource.gvk.group_kind();
        let entry = self.kinds.entry(kind).or_insert_with(|| Kind::listing(resource.clone()));
        entry.resource = resource;
        entry.seen.clear();
        entry.is_listing = true;
    }

    /// Takes one item of the list that is running.
    pub fn list_item(&mut self, kind: &GroupKind, item: &RawObject) -> Result<Option<ResourceKey>, BadItem> {
        let object = self.decode(kind, item)?;
        let key = object.key();
        if let Some(entry) = self.kinds.get_mut(kind) {
            entry.seen.insert(key.clone());
        }
        Ok(self.store(&object).then_some(key))
    }

    /// Ends a complete list: what it did not hold is gone, unless we know it at a later version.
    pub fn end_list(
        &mut self,
        kind: &GroupKind,
        version: ResourceVersion,
        now: Timestamp,
    ) -> Vec<ResourceKey> {
        let Some(entry) = self.kinds.get_mut(kind) else { return Vec::new() };
        let seen = std::mem::take(&mut entry.seen);
        let was_synced = matches!(entry.state, KindState::Synced { .. });
        entry.is_listing = false;
        entry.state = KindState::Synced { version: version.clone(), at: now };
        let gone: Vec<ResourceKey> = (self.objects.iter())
            .filter(|(key, object)| {
                key.group == kind.group
                    && key.kind == kind.kind
                    && !seen.contains(*key)
                    && !(object.version != version && object.version.is_at_least(&version))
            })
            .map(|(key, _)| key.clone())
            .collect();
        gone.iter().for_each(|key| self.remove(key));
        if was_synced {
            return gone;
        }
        // Everything of a kind changes from unknown to known.
        seen.into_iter().chain(gone).collect()
    }

    /// Takes an event of a watch. Answers the object that changed, if one did.
    pub fn event(
        &mut self,
        kind: &GroupKind,
        event: &RawEvent,
        now: Timestamp,
    ) -> Result<Option<ResourceKey>, BadItem> {
        match event {
            RawEvent::Bookmark(version) => {
                self.heard(kind, version.clone(), now);
                Ok(None)
            }
            RawEvent::Added(item) | RawEvent::Modified(item) => {
                let object = self.decode(kind, item)?;
                self.heard(kind, object.resource_version().unwrap_or_else(|| "".into()), now);
                Ok(self.store(&object).then(|| object.key()))
            }
            RawEvent::Deleted(item) => {
                let object = self.decode(kind, item)?;
                let key = object.key();
                self.heard(kind, object.resource_version().unwrap_or_else(|| "".into()), now);
                // A DELETED event of an earlier life says nothing about the present one.
                let is_same_life = self.objects.get(&key).is_some_and(|entry| entry.uid == object.uid());
                if is_same_life {
                    self.remove(&key);
                }
                Ok(is_same_life.then_some(key))
            }
        }
    }

    /// Says that a kind cannot be listed or watched: its objects become unknown.
    pub fn fail(&mut self, resource: &ApiResource, why: Why) -> bool {
        let kind = resource.gvk.group_kind();
        let entry = self.kinds.entry(kind).or_insert_with(|| Kind::listing(resource.clone()));
        entry.is_listing = false;
        let state = KindState::Unknown(why);
        let changed = entry.state != state;
        entry.state = state;
        changed
    }

    /// Forgets a kind that is no longer watched.
    pub fn forget(&mut self, kind: &GroupKind) {
        self.kinds.remove(kind);
        let keys: Vec<ResourceKey> =
            self.objects.keys().filter(|k| k.group == kind.group && k.kind == kind.kind).cloned().collect();
        keys.iter().for_each(|key| self.remove(key));
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
        if heard_later && !self.objects.contains_key(&object.key()) {
            return false;
        }
        self.store(&object)
    }

    /// Remembers that we deleted an object: unknown until its DELETED event comes (rule R13).
    pub fn deleted(&mut self, key: &ResourceKey, uid: &Uid) {
        if let Some(entry) = self.objects.get_mut(key).filter(|entry| entry.uid.as_ref() == Some(uid)) {
            entry.deleted_by_us = true;
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
        self.objects.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Every object of a kind, by namespace and name.
    pub fn objects(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        let mut keys: BTreeSet<&ResourceKey> = BTreeSet::new();
        keys.extend(self.objects.keys().filter(|k| k.group == kind.group && k.kind == kind.kind));
        keys.into_iter().filter_map(|key| self.open(key)).collect()
    }

    fn decode(&self, kind: &GroupKind, item: &RawObject) -> Result<Object, BadItem> {
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
        self.masking.mask_object(&mut object);
        Ok(object)
    }

    /// Stores an object unless its like or better is known. Answers whether anything changed.
    fn store(&mut self, object: &Object) -> bool {
        let key = object.key();
        let version = object.resource_version().unwrap_or_else(|| "".into());
        let uid = object.uid();
        if let Some(known) = self.objects.get(&key)
            && known.uid == uid
            && known.version.is_at_least(&version)
        {
            return false;
        }
        self.index.insert(&key, object, owner_of(object));
        if let Some(uid) = &uid {
            self.by_uid.insert(uid.clone(), key.clone());
        }
        let entry = Entry { uid, version, body: Packed::new(&object.to_value()), deleted_by_us: false };
        self.objects.insert(key, entry);
        true
    }

    fn remove(&mut self, key: &ResourceKey) {
        if let Some(uid) = self.objects.remove(key).and_then(|entry| entry.uid) {
            self.by_uid.remove(&uid);
        }
        self.index.remove(key);
    }

    fn heard(&mut self, kind: &GroupKind, version: ResourceVersion, now: Timestamp) {
        if let Some(Kind { state: KindState::Synced { version: known, at }, .. }) = self.kinds.get_mut(kind) {
            *known = version;
            *at = now;
        }
    }

    fn open(&self, key: &ResourceKey) -> Option<Arc<Object>> {
        let value = self.objects.get(key)?.body.open().ok()?;
        Object::new(value).ok().map(Arc::new)
    }
}

#[cfg(test)]
mod tests;
