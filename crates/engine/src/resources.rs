//! [`Resources`]: the objects of an app by key.

use std::collections::BTreeMap;

use tautline_core::ResourceKey;

use crate::resource::Resource;

/// The objects of an app, in the order of their keys. Each lies in a block of its own: a tree's nodes are half empty, and
/// a resource is large.
#[derive(Debug, Default)]
pub(crate) struct Resources(BTreeMap<ResourceKey, Box<Resource>>);

impl Resources {
    pub(crate) fn get(&self, key: &ResourceKey) -> Option<&Resource> {
        self.0.get(key).map(|resource| &**resource)
    }

    pub(crate) fn get_mut(&mut self, key: &ResourceKey) -> Option<&mut Resource> {
        self.0.get_mut(key).map(|resource| &mut **resource)
    }

    /// The object with this key; made if it is not there.
    pub(crate) fn get_or_insert_with(
        &mut self,
        key: &ResourceKey,
        make: impl FnOnce() -> Resource,
    ) -> &mut Resource {
        self.0.entry(key.clone()).or_insert_with(|| Box::new(make()))
    }

    /// Removes an object. Answers whether it was there.
    pub(crate) fn remove(&mut self, key: &ResourceKey) -> bool {
        self.0.remove(key).is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn contains_key(&self, key: &ResourceKey) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &ResourceKey> + Clone {
        self.0.keys()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Resource> + Clone {
        self.0.values().map(|resource| &**resource)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Resource> {
        self.0.values_mut().map(|resource| &mut **resource)
    }
}
