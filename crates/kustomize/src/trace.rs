//! Which step gave a field its value: what `explain` shows.

use std::collections::BTreeMap;
use std::fmt;

use tautline_yaml::{Node, NodeKind};

use crate::resource::{Resource, Resources};

/// Asks a build to remember, for every field, the step that wrote it last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace;

/// A field's value and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSource {
    /// The field: `spec.template.spec.containers[name=app].image`.
    pub field: String,
    /// Its value as text.
    pub value: String,
    /// The step that wrote it last: a file with its line, or a transformer and where it is configured.
    pub source: String,
}

impl fmt::Display for FieldSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\t{}", self.field, self.value, self.source)
    }
}

/// The leaves of an object with the steps that wrote them.
pub(crate) type Leaves = BTreeMap<String, (String, String)>;

impl Trace {
    /// Notes what a step changed in all resources.
    pub(crate) fn observe(self, resources: &mut Resources, step: &str) {
        resources.fields_mut().for_each(|resource| self.note(resource, |_| step.to_owned()));
    }

    /// Notes the lines of resources that were just read.
    pub(crate) fn read(self, resources: &mut Resources, step: &str) {
        for resource in resources.fields_mut() {
            let file = resource.origin.file.clone();
            self.note(resource, |line| match (file.is_empty(), line) {
                (true, _) => step.to_owned(),
                (false, 0) => file.clone(),
                (false, line) => format!("{file}:{line}"),
            });
        }
    }

    fn note(self, resource: &mut Resource, source: impl Fn(usize) -> String) {
        let mut found = BTreeMap::new();
        collect(&resource.node, &mut String::new(), &mut found);
        let old = std::mem::take(&mut resource.leaves);
        let leaf = |(field, (value, line)): (String, (String, usize))| {
            let known =
                old.get(&field).filter(|(known, _)| *known == value).map(|(_, source)| source.clone());
            let source = known.unwrap_or_else(|| source(line));
            (field, (value, source))
        };
        resource.leaves = found.into_iter().map(leaf).collect();
    }
}

/// Every scalar and empty collection below a node, with its line.
fn collect(node: &Node, path: &mut String, found: &mut BTreeMap<String, (String, usize)>) {
    let length = path.len();
    match &node.kind {
        NodeKind::Map { entries, .. } if !entries.is_empty() => {
            for (key, value) in entries {
                push_key(path, key.as_str().unwrap_or_default());
                collect(value, path, found);
                path.truncate(length);
            }
        }
        NodeKind::List { items, .. } if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                match item.field("name").and_then(Node::as_str) {
                    Some(name) => path.push_str(&format!("[name={name}]")),
                    None => path.push_str(&format!("[{at}]")),
                }
                collect(item, path, found);
                path.truncate(length);
            }
        }
        NodeKind::Map { .. } => {
            found.insert(path.clone(), ("{}".to_owned(), node.span.line as usize));
        }
        NodeKind::List { .. } => {
            found.insert(path.clone(), ("[]".to_owned(), node.span.line as usize));
        }
        _ => {
            let text = node.as_str().unwrap_or_default().to_owned();
            found.insert(path.clone(), (text, node.span.line as usize));
        }
    }
}

fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    match key.contains(['.', '[']) {
        true => path.push_str(&format!("[{key}]")),
        false => path.push_str(key),
    }
    if let Some(at) = path.rfind(".[").filter(|_| key.contains(['.', '['])) {
        path.remove(at);
    }
}
