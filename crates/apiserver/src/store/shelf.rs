//! [`Shelf`]: the objects of one resource, and what happened to them lately.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use tautline_core::{Object, Text};

/// Where an object is on its shelf: namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot {
    pub(crate) namespace: Text,
    pub(crate) name: Text,
}

impl Slot {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    pub(crate) fn of(object: &Object) -> Self {
        Self::new(object.namespace(), object.name())
    }
}

/// One write, as watches see it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The version that the write made.
    pub(crate) version: u64,
    /// The object before, unless the write created it.
    pub(crate) before: Option<Arc<Object>>,
    /// The object after; its last state if it is gone.
    pub(crate) object: Arc<Object>,
    /// Whether the object is gone.
    pub(crate) gone: bool,
}

/// The objects of one resource.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    objects: BTreeMap<Slot, Arc<Object>>,
    changes: VecDeque<Change>,
    /// Changes up to this version are forgotten.
    forgotten: u64,
    /// Who waits for the next change, by the watch's number.
    wakers: BTreeMap<u64, Waker>,
}

impl Shelf {
    /// An empty shelf whose history begins with a version.
    pub(super) fn since(version: u64) -> Self {
        Self { forgotten: version, ..Self::default() }
    }

    pub(crate) fn get(&self, slot: &Slot) -> Option<&Arc<Object>> {
        self.objects.get(slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The objects of a namespace, or of all for an empty one, in the order of keys.
    pub(crate) fn within(&self, namespace: &str) -> impl Iterator<Item = (&Slot, &Arc<Object>)> {
        let namespace = Text::from(namespace);
        self.objects
            .range(Slot { namespace: namespace.clone(), name: Text::default() }..)
            .take_while(move |(slot, _)| namespace.is_empty() || slot.namespace == namespace)
    }

    /// The objects as they were at a version, if the history still reaches there.
    pub(crate) fn at(&self, version: u64, namespace: &str) -> Option<BTreeMap<Slot, Arc<Object>>> {
        if version < self.forgotten {
            return None;
        }
        let mut then: BTreeMap<Slot, Arc<Object>> =
            self.within(namespace).map(|(slot, object)| (slot.clone(), object.clone())).collect();
        for change in self.changes.iter().rev().take_while(|c| c.version > version) {
            let slot = Slot::of(&change.object);
            if !namespace.is_empty() && slot.namespace != namespace {
                continue;
            }
            match &change.before {
                Some(before) => then.insert(slot, before.clone()),
                None => then.remove(&slot),
            };
        }
        Some(then)
    }

    /// The changes after a version; `None` if some are forgotten.
    pub(crate) fn after(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        if version < self.forgotten {
            return None;
        }
        let start = self.changes.partition_point(|c| c.version <= version);
        Some(self.changes.range(start..))
    }

    /// The version up to which changes are forgotten.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Forgets changes up to a version, as etcd's compaction does.
    pub(crate) fn forget(&mut self, version: u64) {
        self.changes.retain(|c| c.version > version);
        self.forgotten = self.forgotten.max(version);
        self.wake();
    }

    /// Keeps at most so many changes.
    fn trim(&mut self, window: usize) {
        while self.changes.len() > window {
            if let Some(change) = self.changes.pop_front() {
                self.forgotten = change.version;
            }
        }
    }

    pub(super) fn load(&mut self, object: Arc<Object>) {
        self.objects.insert(Slot::of(&object), object);
    }

    pub(super) fn record(&mut self, change: Change, window: usize) {
        let slot = Slot::of(&change.object);
        if change.gone {
            self.objects.remove(&slot);
        } else {
            self.objects.insert(slot, change.object.clone());
        }
        self.changes.push_back(change);
        self.trim(window);
        self.wake();
    }

    pub(crate) fn wait(&mut self, watch: u64, waker: &Waker) {
        self.wakers.insert(watch, waker.clone());
    }

    pub(crate) fn leave(&mut self, watch: u64) {
        self.wakers.remove(&watch);
    }

    pub(crate) fn wake(&mut self) {
        while let Some((_, waker)) = self.wakers.pop_first() {
            waker.wake();
        }
    }
}
