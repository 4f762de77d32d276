//! Names in fields follow the resources they name.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use smallvec::SmallVec;
use tautline_yaml::Node;

use crate::config::TransformerConfig;
use crate::error::{During, Error, Result};
use crate::field_spec::{Create, FieldSpec, apply_unselected};
use crate::fields;
use crate::resource::{Gvk, Id, Resource, Resources};

/// Gives every field that holds a resource's former name the name it has now.
pub(crate) fn update(resources: &mut Resources, config: &TransformerConfig) -> Result<()> {
    let candidates = Candidates::of(resources);
    let mut specs: HashMap<Gvk, Vec<(&Gvk, &FieldSpec)>> = HashMap::new();
    for (at, resource) in resources.fields_mut().enumerate() {
        let original = resource.original_id().gvk;
        let specs = specs.entry(original).or_insert_with_key(|gvk| specs_for(gvk, config));
        if specs.is_empty() {
            continue;
        }
        let Some(me) = candidates.all.get(at) else { continue };
        let binds = bound_namespaces(resource)?;
        let role = role_of(&resource.node);
        for (kind, spec) in specs {
            let role = spec.path.ends_with("roleRef/name").then_some(role.as_ref()).flatten();
            let search = Search { candidates: &candidates, me, binds: &binds, kind, role };
            apply_unselected(&mut resource.node, spec, Create::Never, &mut |field| search.update(field))
                .during(|| format!("updating name reference in '{}' field of '{}'", spec.path, me.id))?;
        }
    }
    Ok(())
}

fn specs_for<'c>(gvk: &Gvk, config: &'c TransformerConfig) -> Vec<(&'c Gvk, &'c FieldSpec)> {
    let references = config.name_reference.iter();
    references
        .flat_map(|reference| reference.referrers.iter().map(|spec| (&reference.gvk, spec)))
        .filter(|(_, spec)| gvk.is_selected_by(&spec.gvk))
        .collect()
}

/// A resource as others see it.
struct Candidate {
    id: Id,
    former: Vec<Id>,
    original_namespace: CompactString,
    original_cluster_scoped: bool,
    prefixes: Vec<CompactString>,
    suffixes: Vec<CompactString>,
}

impl Candidate {
    fn of(resource: &Resource) -> Self {
        let original = resource.original_id();
        Self {
            id: resource.id(),
            former: resource.former_ids().collect(),
            original_namespace: original.effective_namespace().into(),
            original_cluster_scoped: original.cluster_scoped,
            prefixes: resource.memory.prefixes.clone(),
            suffixes: resource.memory.suffixes.clone(),
        }
    }

    fn was_selected_by(&self, gvk: &Gvk) -> bool {
        self.former.iter().any(|id| id.gvk.is_selected_by(gvk))
    }

    /// Whether both went through the same last prefixes and suffixes.
    fn same_affixes(&self, other: &Self, allow_none: bool) -> bool {
        let same = |a: &[CompactString], b: &[CompactString]| {
            if a.is_empty() || b.is_empty() {
                return allow_none || (a.is_empty() && b.is_empty());
            }
            a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b)
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }
}

struct Candidates {
    all: Vec<Candidate>,
    by_former_name: HashMap<CompactString, SmallVec<[usize; 2]>>,
}

impl Candidates {
    fn of(resources: &Resources) -> Self {
        let all: Vec<Candidate> = resources.iter().map(Candidate::of).collect();
        let mut by_former_name: HashMap<CompactString, SmallVec<[usize; 2]>> =
            HashMap::with_capacity(all.len());
        for (at, candidate) in all.iter().enumerate() {
            for id in &candidate.former {
                let places = by_former_name.entry(id.name.clone()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        Self { all, by_former_name }
    }
}

/// The namespaces of the service accounts that a RoleBinding binds.
fn bound_namespaces(resource: &Resource) -> Result<HashSet<CompactString>> {
    let mut namespaces = HashSet::new();
    if resource.kind() != "RoleBinding" {
        return Ok(namespaces);
    }
    let subjects = resource.node.field("subjects").map(Node::items).unwrap_or_default();
    for subject in subjects {
        let is_account = subject.field("kind").and_then(Node::as_str) == Some("ServiceAccount");
        let Some(namespace) = subject.field("namespace").filter(|_| is_account) else { continue };
        if !matches!(namespace.short_tag(), "" | "!!str") {
            let message = format!("Invalid Input: namespace is blank for resource \"{}\"\n", resource.id());
            return Err(Error::Field(message));
        }
        namespaces.insert(namespace.as_str().unwrap_or_default().into());
    }
    Ok(namespaces)
}

/// The kind that a binding's `roleRef` names.
fn role_of(node: &Node) -> Option<Gvk> {
    let role = node.field("roleRef")?;
    let text = |field: &str| role.field(field).map(|field| field.as_str().unwrap_or_default());
    Some(Gvk::new(text("apiGroup")?, "", text("kind")?))
}

/// The search for what a field of one resource names.
struct Search<'s> {
    candidates: &'s Candidates,
    me: &'s Candidate,
    binds: &'s HashSet<CompactString>,
    kind: &'s Gvk,
    role: Option<&'s Gvk>,
}

impl Search<'_> {
    fn update(&self, field: &mut Node) -> Result<()> {
        if field.is_null() {
            return Ok(());
        }
        if field.is_scalar() {
            return self.scalar(field);
        }
        if field.is_map() {
            return self.map(field);
        }
        for item in field.items_mut().into_iter().flatten() {
            if item.is_null() {
                continue;
            }
            match (item.is_scalar(), item.is_map()) {
                (true, _) => self.scalar(item)?,
                (_, true) => self.map(item)?,
                _ => {
                    let message = "a list is expected to hold either a string or a map of string";
                    return Err(Error::Field(message.to_owned()));
                }
            }
        }
        Ok(())
    }

    fn scalar(&self, field: &mut Node) -> Result<()> {
        let old = field.as_str().unwrap_or_default();
        let Some(found) = self.find(old, |_| true, |a, b| a.id.name == b.id.name)? else { return Ok(()) };
        if found.id.name == old {
            return Ok(());
        }
        fields::set_scalar(field, &found.id.name, "")
    }

    /// A map with `name` and perhaps `namespace`, such as a subject.
    fn map(&self, field: &mut Node) -> Result<()> {
        let name = field
            .field("name")
            .ok_or_else(|| Error::Field("path config error; no 'name' field in node".to_owned()))?;
        let old = name.as_str().unwrap_or_default().to_owned();
        let namespace = field.field("namespace").map(|node| node.as_str().unwrap_or_default().to_owned());
        let is_there = |candidate: &Candidate| match &namespace {
            None => true,
            Some(namespace) => self.is_in(candidate, namespace),
        };
        let same = |a: &Candidate, b: &Candidate| a.id.name == b.id.name && a.id.namespace == b.id.namespace;
        let Some(found) = self.find(&old, is_there, same)? else { return Ok(()) };
        if found.id.name == old && found.id.namespace.is_empty() {
            return Ok(());
        }
        fields::set_field(field, "name", Node::plain(found.id.name.as_str()))?;
        if found.id.namespace.is_empty() {
            return Ok(());
        }
        fields::set_field(field, "namespace", Node::plain(found.id.namespace.as_str()))
    }

    /// Whether a candidate is of a namespace: by its original one if any candidate was there, else by today's.
    fn is_in(&self, candidate: &Candidate, namespace: &str) -> bool {
        let was_in = |c: &Candidate| !c.original_cluster_scoped && c.original_namespace == namespace;
        if self.candidates.all.iter().any(|c| was_in(c) && self.can_name(c)) {
            return was_in(candidate);
        }
        !candidate.id.cluster_scoped && candidate.id.effective_namespace() == namespace
    }

    /// Whether this resource may name a candidate at all.
    fn can_name(&self, candidate: &Candidate) -> bool {
        self.me.id.cluster_scoped
            || candidate.id.cluster_scoped
            || candidate.id.same_namespace(&self.me.id)
            || self.binds.contains(&candidate.id.namespace)
    }

    fn find(
        &self,
        old: &str,
        is_there: impl Fn(&Candidate) -> bool,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&Candidate>> {
        let places = self.candidates.by_former_name.get(old).map(SmallVec::as_slice).unwrap_or_default();
        let mut found: Vec<&Candidate> = places
            .iter()
            .filter_map(|at| self.candidates.all.get(*at))
            .filter(|c| c.was_selected_by(self.kind) && self.role.is_none_or(|role| c.was_selected_by(role)))
            .filter(|c| self.can_name(c) && self.is_near(c))
            .filter(|c| is_there(c))
            .collect();
        if let [one] = found.as_slice() {
            return Ok(Some(one));
        }
        found.retain(|c| c.same_affixes(self.me, true));
        if found.len() > 1 {
            found.retain(|c| c.same_affixes(self.me, false));
        }
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [first, rest @ ..] if rest.iter().all(|other| same(first, other)) => Ok(Some(first)),
            many => {
                let ids: Vec<String> = many.iter().map(|c| c.id.to_string()).collect();
                Err(Error::Identity(format!("found multiple possible referrals: {}", ids.join(", "))))
            }
        }
    }

    fn is_near(&self, candidate: &Candidate) -> bool {
        self.me.id.cluster_scoped
            || candidate.id.cluster_scoped
            || candidate.id.gvk.kind == "ServiceAccount"
            || candidate.id.same_namespace(&self.me.id)
    }
}
