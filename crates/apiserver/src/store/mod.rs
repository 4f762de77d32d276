//! The store: objects by resource, one version counter, and the indexes that controllers need.

mod shelf;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tautline_core::{Object, Text};

pub(crate) use shelf::{Change, Shelf, Slot};

/// Names a shelf: the resource with its group, `deployments.apps`.
pub(crate) type ShelfName = Arc<str>;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) shelf: ShelfName,
    pub(crate) slot: Slot,
}

/// What the built-in controllers have to look at.
#[derive(Clone, Debug)]
pub(crate) enum Todo {
    /// The object was written.
    Written(Place),
    /// The object is gone; this is its last state.
    Gone(ShelfName, Arc<Object>),
}

/// All objects, the version counter, and who owns whom.
#[derive(Debug)]
pub(crate) struct Store {
    shelves: BTreeMap<ShelfName, Shelf>,
    version: u64,
    window: usize,
    /// No resource's history reaches back behind this version.
    floor: u64,
    by_uid: HashMap<Text, Place>,
    owned: HashMap<Text, BTreeSet<Place>>,
    /// What controllers have not looked at yet.
    pub(crate) todo: VecDeque<Todo>,
}

impl Store {
    /// An empty store that remembers so many changes a resource.
    pub(crate) fn new(window: usize) -> Self {
        Self {
            shelves: BTreeMap::new(),
            version: 1,
            window,
            floor: 0,
            by_uid: HashMap::new(),
            owned: HashMap::new(),
            todo: VecDeque::new(),
        }
    }

    /// The version of the last write.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The shelf of a resource, if anything was ever on it.
    pub(crate) fn shelf(&self, name: &str) -> Option<&Shelf> {
        self.shelves.get(name)
    }

    /// The shelf of a resource, made if it is not there.
    pub(crate) fn shelf_mut(&mut self, name: &ShelfName) -> &mut Shelf {
        let floor = self.floor;
        self.shelves.entry(name.clone()).or_insert_with(|| Shelf::since(floor))
    }

    pub(crate) fn shelves(&self) -> impl Iterator<Item = (&ShelfName, &Shelf)> {
        self.shelves.iter()
    }

    pub(crate) fn get(&self, place: &Place) -> Option<&Arc<Object>> {
        self.shelves.get(&place.shelf)?.get(&place.slot)
    }

    /// Where the object with this uid is.
    pub(crate) fn by_uid(&self, uid: &str) -> Option<&Place> {
        self.by_uid.get(uid)
    }

    /// The objects that name this uid as an owner.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<Place> {
        self.owned.get(uid).map(|places| places.iter().cloned().collect()).unwrap_or_default()
    }

    /// Stores an object under a new version.
    pub(crate) fn put(&mut self, shelf: &ShelfName, mut object: Object) -> Arc<Object> {
        self.version += 1;
        object.metadata_mut().insert("resourceVersion", self.version.to_string());
        let place = Place { shelf: shelf.clone(), slot: Slot::of(&object) };
        let before = self.get(&place).cloned();
        if let Some(before) = &before {
            self.unindex(before, &place);
        }
        self.index(&object, &place);
        let object = Arc::new(object);
        let change = Change { version: self.version, before, object: object.clone(), gone: false };
        self.record(shelf, change);
        self.todo.push_back(Todo::Written(place));
        object
    }

    /// Takes an object in as it is, with its version; no watch hears of it.
    pub(crate) fn load(&mut self, shelf: &ShelfName, object: Object) -> Arc<Object> {
        let version = object.metadata_str("resourceVersion").parse().unwrap_or(0);
        self.version = self.version.max(version);
        let place = Place { shelf: shelf.clone(), slot: Slot::of(&object) };
        self.index(&object, &place);
        let object = Arc::new(object);
        self.shelf_mut(shelf).load(object.clone());
        object
    }

    /// The uids of all objects.
    pub(crate) fn uids(&self) -> impl Iterator<Item = &str> {
        self.by_uid.keys().map(|uid| &**uid)
    }

    /// Removes an object; its last state carries a new version for watches.
    pub(crate) fn remove(&mut self, place: &Place) -> Option<Arc<Object>> {
        let before = self.get(place)?.clone();
        self.version += 1;
        self.unindex(&before, place);
        let mut last = Object::clone(&before);
        last.metadata_mut().insert("resourceVersion", self.version.to_string());
        let last = Arc::new(last);
        let change =
            Change { version: self.version, before: Some(before.clone()), object: last.clone(), gone: true };
        self.record(&place.shelf, change);
        self.todo.push_back(Todo::Gone(place.shelf.clone(), last));
        Some(before)
    }

    /// Begins the history: versions before now are too old, as those before the start of a real server's watch cache.
    pub(crate) fn begin(&mut self) {
        self.floor = self.version;
        self.forget();
    }

    /// The version that no history reaches back behind.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    /// Forgets all changes, so that every version before now is too old.
    pub(crate) fn forget(&mut self) {
        let version = self.version;
        self.floor = version;
        self.shelves.values_mut().for_each(|shelf| shelf.forget(version));
    }

    /// Makes versions grow without a write, so that a version is surely newer than what was handed out.
    pub(crate) fn wake_all(&mut self) {
        self.shelves.values_mut().for_each(Shelf::wake);
    }

    fn record(&mut self, shelf: &ShelfName, change: Change) {
        let window = self.window;
        // A shelf that appears late has no history before its first change.
        self.shelf_mut(shelf).record(change, window);
    }

    fn index(&mut self, object: &Object, place: &Place) {
        self.by_uid.insert(object.metadata_str("uid").into(), place.clone());
        for owner in object.owner_references() {
            self.owned.entry(owner.uid.into()).or_default().insert(place.clone());
        }
    }

    fn unindex(&mut self, object: &Object, place: &Place) {
        self.by_uid.remove(object.metadata_str("uid"));
        for owner in object.owner_references() {
            if let Some(places) = self.owned.get_mut(owner.uid) {
                places.remove(place);
                if places.is_empty() {
                    self.owned.remove(owner.uid);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn object(name: &str, n: i64) -> Object {
        Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": name, "namespace": "a", "uid": name }, "n": n }))
        .unwrap()
    }

    #[test]
    fn the_past_can_be_listed_until_it_is_forgotten() {
        let mut store = Store::new(10);
        let shelf: ShelfName = "configmaps".into();
        store.put(&shelf, object("x", 1));
        let then = store.version();
        store.put(&shelf, object("x", 2));
        store.put(&shelf, object("y", 1));
        store.remove(&Place { shelf: shelf.clone(), slot: Slot::new("a", "x") });
        let past = store.shelf(&shelf).unwrap().at(then, "a").unwrap();
        assert_eq!(past.len(), 1);
        assert_eq!(past.values().next().unwrap().at(&["n"]), Some(&1.into()));
        assert_eq!(store.shelf(&shelf).unwrap().after(then).unwrap().count(), 3);
        store.forget();
        assert!(store.shelf(&shelf).unwrap().at(then, "").is_none());
        assert!(store.shelf(&shelf).unwrap().after(then).is_none());
    }

    #[test]
    fn a_short_window_forgets_the_oldest() {
        let mut store = Store::new(2);
        let shelf: ShelfName = "configmaps".into();
        (0..4).for_each(|n| drop(store.put(&shelf, object("x", n))));
        assert!(store.shelf(&shelf).unwrap().after(2).is_none());
        assert_eq!(store.shelf(&shelf).unwrap().after(3).unwrap().count(), 2);
    }
}
