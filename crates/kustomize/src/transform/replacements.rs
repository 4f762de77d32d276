//! Replacements: a field of one resource, or a value, put into fields of others.

use tautline_grammar::LabelSelector;
use tautline_yaml::Node;

use super::Surroundings;
use super::structured::{self, Kind, Matcher};
use crate::error::{During, Error, Result};
use crate::fields::{self, lookup, split_field_path};
use crate::kustomization::{FieldOptions, ReplacementEntry, Selector, Source, Target};
use crate::resource::{Gvk, Id, Resource, Resources, matches_texts, parse_selector};
use crate::selector::SelectorPattern;

/// Replacements in order.
#[derive(Clone, Debug)]
pub(crate) struct Replacements {
    pub(crate) entries: Vec<ReplacementEntry>,
    /// The kustomization file, for origins.
    pub(crate) via: String,
}

impl Replacements {
    pub(crate) fn run(&self, resources: &mut Resources, around: &Surroundings<'_>) -> Result<()> {
        let mut written = 0_usize;
        for entry in &self.entries {
            let has_source = entry.source.is_some() || entry.source_value.is_some();
            let Some(targets) = entry.targets.as_ref().filter(|_| has_source) else {
                let message = "replacements must specify a source and at least one target";
                return Err(Error::Configuration(message.to_owned()));
            };
            let value = value(resources, entry)?;
            let size = size_within(&value, around.budget.depth).ok_or_else(|| {
                Error::Budget(format!(
                    "a replacement's value is nested deeper than {} levels",
                    around.budget.depth
                ))
            })?;
            for target in targets {
                if around.budget.cancel.is_cancelled() {
                    return Err(Error::Budget("the build was cancelled".to_owned()));
                }
                let count = self.put(resources, &value, target)?;
                written = written.saturating_add(size.saturating_mul(count));
                if written > around.budget.nodes {
                    let message = format!("replacements write more than {} values", around.budget.nodes);
                    return Err(Error::Budget(message));
                }
            }
        }
        resources.drop_gone();
        Ok(())
    }

    /// Puts a value where a target says, and counts the places.
    fn put(&self, resources: &mut Resources, value: &Node, target: &Target) -> Result<usize> {
        let mut count = 0;
        let select = target
            .select
            .as_ref()
            .ok_or_else(|| Error::Configuration("target must specify resources to select".to_owned()))?;
        let choice = Choice::new(select, &target.reject)
            .map_err(|error| error.during("error creating target selector"))?;
        let default = ["metadata.name".to_owned()];
        let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
        for at in 0..resources.len() {
            let chosen = resources.get(at).is_some_and(|resource| choice.takes(resource));
            if !chosen {
                continue;
            }
            let renames = paths.iter().any(|path| !path.starts_with("spec") && !path.starts_with("data"));
            let resource = if renames { resources.get_mut(at) } else { resources.fields_at(at) };
            let Some(resource) = resource else { continue };
            resource.note(&self.via);
            for path in paths {
                count += put_at(&mut resource.node, value, path, target.options.as_ref())?;
                if resource.shared > 0 {
                    fields::spread(&mut resource.node);
                }
            }
        }
        Ok(count)
    }
}

/// How many nodes a tree has; nothing if it nests deeper than so many levels.
fn size_within(node: &Node, levels: usize) -> Option<usize> {
    let below = |node: &Node| size_within(node, levels.checked_sub(1)?);
    let items = node.items().iter().map(below).sum::<Option<usize>>()?;
    let entries = node.entries().iter().map(|(_, value)| below(value)).sum::<Option<usize>>()?;
    Some(1 + items + entries)
}

/// The value that a replacement puts.
fn value(resources: &Resources, entry: &ReplacementEntry) -> Result<Node> {
    match (&entry.source, &entry.source_value) {
        (Some(_), Some(_)) => {
            let message = "value and resource selectors are mutually exclusive";
            Err(Error::Configuration(message.to_owned()))
        }
        (None, value) => Ok(Node::plain(value.clone().unwrap_or_default())),
        (Some(source), None) => of_source(resources, source),
    }
}

fn of_source(resources: &Resources, source: &Source) -> Result<Node> {
    let gvk = Gvk::new(&source.group, &source.version, &source.kind);
    let selector = Id::unscoped(gvk, &source.name, &source.namespace);
    let mut matches =
        resources.iter().filter(|r| identities(r).iter().any(|id| id.is_selected_by(&selector)));
    let Some(resource) = matches.next() else {
        return Err(Error::Identity(format!("nothing selected by {}", shown(source, &selector))));
    };
    if matches.next().is_some() {
        return Err(Error::Identity(format!("multiple matches for selector {}", shown(source, &selector))));
    }
    let path = if source.field_path.is_empty() { "metadata.name" } else { &source.field_path };
    let found = lookup(&resource.node, &split_field_path(path))
        .during(|| "error looking up replacement source".to_owned())?;
    let Some(found) = found.filter(|node| !fields::is_empty(Some(node))) else {
        return Err(Error::Field(format!("fieldPath `{path}` is missing for replacement source {selector}")));
    };
    refined(found, source.options.as_ref())
}

fn shown(source: &Source, selector: &Id) -> String {
    let mut text = selector.to_string();
    for part in [source.field_path.clone(), options_text(source.options.as_ref())] {
        if !part.is_empty() {
            text = format!("{text}:{part}");
        }
    }
    text
}

fn options_text(options: Option<&FieldOptions>) -> String {
    match options {
        Some(options) if !options.delimiter.is_empty() || options.create => {
            format!("{}({}), create={}", options.delimiter, options.index, options.create)
        }
        _ => String::new(),
    }
}

/// The part of a value that is asked for.
fn refined(node: &Node, options: Option<&FieldOptions>) -> Result<Node> {
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(node.clone());
    };
    if !node.is_scalar() {
        return Err(delimiter_needs_scalar());
    }
    let text = fields::value_of(node);
    let parts: Vec<&str> = text.split(&options.delimiter).collect();
    let part = usize::try_from(options.index).ok().and_then(|at| parts.get(at)).ok_or_else(|| {
        Error::Field(format!("options.index {} is out of bounds for value {text}", options.index))
    })?;
    let mut refined = node.clone();
    refined.set_text(*part);
    Ok(refined)
}

fn delimiter_needs_scalar() -> Error {
    Error::Field("delimiter option can only be used with scalar nodes".to_owned())
}

/// What a resource is and was, without regard to scopes.
fn identities(resource: &Resource) -> Vec<Id> {
    let unscoped = |id: Id| Id { cluster_scoped: false, ..id };
    std::iter::once(unscoped(resource.id())).chain(resource.former_ids().map(unscoped)).collect()
}

/// Which resources a target takes.
struct Choice {
    select: Terms,
    reject: Vec<Terms>,
}

struct Terms {
    pattern: SelectorPattern,
    labels: Option<LabelSelector>,
    annotations: Option<LabelSelector>,
}

impl Terms {
    fn new(selector: &Selector) -> Result<Self> {
        Ok(Self {
            pattern: SelectorPattern::new(selector)?,
            labels: parse_selector(&selector.label_selector)?,
            annotations: parse_selector(&selector.annotation_selector)?,
        })
    }

    fn matches_id(&self, id: &Id) -> bool {
        self.pattern.matches_gvk(&id.gvk)
            && self.pattern.matches_name(&id.name)
            && self.pattern.matches_namespace(&id.namespace)
    }

    fn matches_texts(&self, resource: &Resource) -> bool {
        matches_texts(resource, "annotations", self.annotations.as_ref())
            && matches_texts(resource, "labels", self.labels.as_ref())
    }
}

impl Choice {
    fn new(select: &Selector, reject: &[Selector]) -> Result<Self> {
        Ok(Self {
            select: Terms::new(select)?,
            reject: reject.iter().map(Terms::new).collect::<Result<_>>()?,
        })
    }

    fn takes(&self, resource: &Resource) -> bool {
        let has_texts = |terms: &&Terms| terms.labels.is_some() || terms.annotations.is_some();
        if !self.select.matches_texts(resource)
            || self.reject.iter().filter(has_texts).any(|terms| terms.matches_texts(resource))
        {
            return false;
        }
        let ids = identities(resource);
        let rejects = |terms: &&Terms| !terms.pattern.is_empty();
        !self.reject.iter().filter(rejects).any(|terms| ids.iter().any(|id| terms.matches_id(id)))
            && ids.iter().any(|id| self.select.matches_id(id))
    }
}

/// Puts a value into the fields at a path of an object.
fn put_at(object: &mut Node, value: &Node, path: &str, options: Option<&FieldOptions>) -> Result<usize> {
    let create = options.is_some_and(|options| options.create).then(|| Kind::of(value));
    let parts = split_field_path(path);
    if structured::put_into_text(object, value, &parts, create).is_ok() {
        return Ok(1);
    }
    let how = if create.is_some() { "find or create" } else { "find" };
    let not_found = || format!("unable to {how} field {path:?} in replacement target");
    let matcher = Matcher::new(create);
    let count = matcher
        .each(object, &parts, &mut |field| set(field, value, options))
        .map_err(|error| error.during(not_found()))?;
    if count == 0 { Err(Error::Field(not_found())) } else { Ok(count) }
}

/// Puts a value into a field; a scalar keeps its kind, only the text changes.
fn set(field: &mut Node, value: &Node, options: Option<&FieldOptions>) -> Result<()> {
    let mut text = value.as_str().unwrap_or_default().to_owned();
    if let Some(options) = options.filter(|options| !options.delimiter.is_empty()) {
        if !field.is_scalar() {
            return Err(delimiter_needs_scalar());
        }
        let own = field.as_str().unwrap_or_default();
        let mut parts: Vec<&str> = own.split(&options.delimiter).collect();
        let new = fields::value_of(value);
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, new),
            Ok(at) => match parts.get_mut(at) {
                Some(part) => *part = new,
                None => parts.push(new),
            },
        }
        text = parts.join(&options.delimiter);
    }
    if field.is_scalar() {
        fields::set_text(field, text);
    } else {
        let span = field.span;
        *field = value.clone();
        field.span = span;
    }
    Ok(())
}
