//! All resources of a build, in order, no two of one identity.

use std::collections::HashMap;

use compact_str::CompactString;
use smallvec::SmallVec;
use tautline_grammar::LabelSelector;

use super::{Id, Resource};
use crate::error::{Error, Result};
use crate::kustomization::Selector;
use crate::selector::SelectorPattern;

/// Resources in order. An index by name finds them in constant time; whatever may change an identity drops it.
#[derive(Clone, Default)]
pub(crate) struct Resources {
    list: Vec<Resource>,
    /// Places by every name a resource has or had.
    by_name: Option<ByName>,
}

/// Places by name; most names stand for one.
type ByName = HashMap<CompactString, SmallVec<[usize; 2]>>;

impl Resources {
    /// None yet, with room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { list: Vec::with_capacity(count), by_name: Some(HashMap::with_capacity(count)) }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Resource> {
        self.list.get(at)
    }

    /// All of them, to change anything but identities.
    pub(crate) fn fields_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.list.iter_mut()
    }

    /// All of them, to change anything.
    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.by_name = None;
        self.list.iter_mut()
    }

    /// One of them, to change anything.
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Resource> {
        self.by_name = None;
        self.list.get_mut(at)
    }

    /// One of them, to change anything but its identity.
    pub(crate) fn fields_at(&mut self, at: usize) -> Option<&mut Resource> {
        self.list.get_mut(at)
    }

    pub(crate) fn into_vec(self) -> Vec<Resource> {
        self.list
    }

    /// Takes a list as it is.
    pub(crate) fn set(&mut self, list: Vec<Resource>) {
        self.by_name = None;
        self.list = list;
    }

    /// Drops what has become empty.
    pub(crate) fn drop_gone(&mut self) {
        if self.list.iter().any(Resource::is_gone) {
            self.by_name = None;
            self.list.retain(|resource| !resource.is_gone());
        }
    }

    fn index(&mut self) -> &ByName {
        let list = &self.list;
        self.by_name.get_or_insert_with(|| {
            let mut index = HashMap::with_capacity(list.len());
            list.iter().enumerate().for_each(|(at, resource)| add_names(&mut index, at, resource));
            index
        })
    }

    /// Adds a resource that must be new.
    pub(crate) fn append(&mut self, resource: Resource) -> Result<()> {
        let id = resource.id();
        let places = self.index().get(&id.name).cloned().unwrap_or_default();
        if places.iter().filter_map(|at| self.list.get(*at)).any(|other| other.id().equals(&id)) {
            let message = format!("may not add resource with an already registered id: {id}");
            return Err(Error::Identity(message));
        }
        if let Some(index) = &mut self.by_name {
            add_names(index, self.list.len(), &resource);
        }
        self.list.push(resource);
        Ok(())
    }

    pub(crate) fn append_all(&mut self, resources: impl IntoIterator<Item = Resource>) -> Result<()> {
        let mut resources = resources.into_iter();
        let count = resources.size_hint().0;
        self.list.reserve(count);
        if let Some(index) = &mut self.by_name {
            index.reserve(count);
        }
        resources.try_for_each(|resource| self.append(resource))
    }

    /// Adds all of another list, each of which must be new here.
    pub(crate) fn append_list(&mut self, other: Self) -> Result<()> {
        // With its index it is known to hold no identity twice.
        if self.list.is_empty() && other.by_name.is_some() {
            *self = other;
            return Ok(());
        }
        self.append_all(other.list)
    }

    /// The places of those that have or had an identity which `matches` accepts, among those of a name.
    pub(crate) fn with_any_id(&mut self, name: &str, matches: impl Fn(&Id) -> bool) -> Vec<usize> {
        let places = self.index().get(name).cloned().unwrap_or_default();
        let is_match = |at: &usize| {
            self.list.get(*at).is_some_and(|resource| {
                !resource.is_gone()
                    && (matches(&resource.id()) || resource.former_ids().any(|id| matches(&id)))
            })
        };
        places.into_iter().filter(is_match).collect()
    }

    /// The one that a patch names.
    pub(crate) fn target_of_patch(&mut self, id: &Id) -> Result<usize> {
        let found = self.with_any_id(&id.name, |other| id.equals(other));
        match found.as_slice() {
            [one] => Ok(*one),
            none_or_many => {
                let count = if none_or_many.is_empty() { "no" } else { "multiple" };
                Err(Error::Identity(format!(
                    "{count} matches for Id {id}; failed to find unique target for patch {id}"
                )))
            }
        }
    }

    /// The places of those that a selector with regular expressions selects.
    pub(crate) fn select(&self, selector: &Selector) -> Result<Vec<usize>> {
        let pattern = SelectorPattern::new(selector)?;
        let labels = parse_selector(&selector.label_selector)?;
        let annotations = parse_selector(&selector.annotation_selector)?;
        let mut places = Vec::new();
        for (at, resource) in self.list.iter().enumerate() {
            let (current, original) = (resource.id(), resource.original_id());
            let namespace = pattern.matches_namespace(original.effective_namespace())
                || pattern.matches_namespace(current.effective_namespace());
            let name = pattern.matches_name(&original.name) || pattern.matches_name(&current.name);
            if namespace
                && name
                && pattern.matches_gvk(&current.gvk)
                && matches_texts(resource, "labels", labels.as_ref())
                && matches_texts(resource, "annotations", annotations.as_ref())
            {
                places.push(at);
            }
        }
        Ok(places)
    }
}

/// Reads a label selector; nothing for the empty one, which selects everything.
pub(crate) fn parse_selector(text: &str) -> Result<Option<LabelSelector>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|error: tautline_grammar::selector::SelectorError| Error::Configuration(error.to_string()))
}

/// Whether a resource's labels or annotations match.
pub(crate) fn matches_texts(resource: &Resource, field: &str, selector: Option<&LabelSelector>) -> bool {
    selector.is_none_or(|selector| selector.matches(|key| resource.text_of(field, key)))
}

fn add_names(index: &mut ByName, at: usize, resource: &Resource) {
    let mut add = |name: &str| {
        let places = index.entry(name.into()).or_default();
        if places.last() != Some(&at) {
            places.push(at);
        }
    };
    add(resource.name());
    resource.memory.former.iter().for_each(|former| add(&former.name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::Origin;
    use tautline_yaml::{Options, nodes};

    fn resource(name: &str) -> Resource {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
        Resource::new(nodes(&text, &Options::default()).unwrap().remove(0), Origin::default())
    }

    #[test]
    fn identities_are_unique_and_former_ones_are_found() {
        let mut list = Resources::default();
        list.append(resource("a")).unwrap();
        assert!(list.append(resource("a")).is_err());
        let renamed = list.get_mut(0).unwrap();
        renamed.remember_id();
        renamed.set_name("b").unwrap();
        assert_eq!(list.target_of_patch(&resource("a").id()).unwrap(), 0);
        assert_eq!(list.target_of_patch(&resource("b").id()).unwrap(), 0);
        list.append(resource("a")).unwrap();
        let error = list.target_of_patch(&resource("a").id()).unwrap_err().to_string();
        assert!(error.starts_with("multiple matches for Id ConfigMap.v1.[noGrp]/a.[noNs]"), "{error}");
    }
}
