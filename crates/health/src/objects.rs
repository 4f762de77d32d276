//! [`Objects`]: surroundings made of a list of objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tautline_core::{
    Freshness, GroupKind, Object, Presence, ResourceKey, ResourceVersion, Timestamp, Uid, Why,
};

use crate::Surroundings;

/// All the objects that there are: what is not among them is absent, unless its kind is said to be unknown.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    objects: BTreeMap<ResourceKey, Arc<Object>>,
    owned: BTreeMap<Uid, Vec<ResourceKey>>,
    events: BTreeMap<ResourceKey, Vec<Arc<Object>>>,
    asked: BTreeSet<ResourceKey>,
    unknown: BTreeSet<GroupKind>,
    wanted: BTreeMap<ResourceKey, String>,
}

impl Objects {
    /// These objects and no others. Events among them tell about the objects that they name.
    pub fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        let mut all = Self::default();
        for object in objects {
            let object = Arc::new(object);
            if object.kind() == "Event" {
                all.events.entry(about(&object)).or_default().push(object);
                continue;
            }
            for owner in object.owner_references() {
                all.owned.entry(Uid::new(owner.uid)).or_default().push(object.key());
            }
            all.objects.insert(object.key(), object);
        }
        all
    }

    /// Nobody knows what there is of this kind.
    #[must_use]
    pub fn without(mut self, kind: GroupKind) -> Self {
        self.objects.retain(|key, _| key.group_kind() != kind);
        self.unknown.insert(kind);
        self
    }

    /// The Events about this object have been asked for, and those given are all.
    #[must_use]
    pub fn with_events_of(mut self, key: ResourceKey) -> Self {
        self.asked.insert(key);
        self
    }

    /// An app's desired state holds this object, there or not.
    #[must_use]
    pub fn wanted_by(mut self, app: impl Into<String>, key: ResourceKey) -> Self {
        self.wanted.insert(key, app.into());
        self
    }
}

impl Surroundings for Objects {
    fn children(&self, object: &Object) -> Vec<Arc<Object>> {
        let keys = object.uid().and_then(|uid| self.owned.get(&uid));
        keys.into_iter().flatten().filter_map(|key| self.objects.get(key).cloned()).collect()
    }

    fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>> {
        let kind = key.group_kind();
        match self.objects.get(key) {
            Some(object) => Presence::Present(object.clone()),
            None if self.unknown.contains(&kind) => Presence::Unknown(Why::NotWatched(kind)),
            None => Presence::Absent(Freshness {
                kind,
                version: ResourceVersion::new("0"),
                at: Timestamp::default(),
            }),
        }
    }

    fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        self.objects.values().filter(|object| object.is(&kind.group, &kind.kind)).cloned().collect()
    }

    fn events(&self, about: &ResourceKey) -> Option<Vec<Arc<Object>>> {
        match self.events.get(about) {
            Some(events) => Some(events.clone()),
            None => self.asked.contains(about).then(Vec::new),
        }
    }

    fn app_of(&self, key: &ResourceKey) -> Option<String> {
        self.wanted.get(key).cloned()
    }
}

/// The object that an Event names: `involvedObject` in v1, `regarding` in events.k8s.io.
fn about(event: &Object) -> ResourceKey {
    let text = |field: &str| {
        let found = event.str_at(&["involvedObject", field]).or_else(|| event.str_at(&["regarding", field]));
        found.unwrap_or_default()
    };
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    ResourceKey::new(group, text("kind"), text("namespace"), text("name"))
}
