//! Generated resources that merge with, or replace, what is there.

use std::collections::BTreeMap;

use tautline_yaml::{Node, NodeKind, ScalarStyle};

use super::{Behavior, Resource, Resources};
use crate::error::{Error, Result};
use crate::fields;
use crate::origin::ORIGIN;

impl Resources {
    /// Adds a generated resource, as its behavior says.
    pub(crate) fn absorb(&mut self, new: Resource) -> Result<()> {
        let id = new.id();
        let behavior = new.memory.behavior.unwrap_or_default();
        let replaces = matches!(behavior, Behavior::Merge | Behavior::Replace);
        let matches = self.with_any_id(&id.name, |other| id.equals(other));
        match (matches.as_slice(), replaces) {
            ([], true) => {
                Err(Error::Identity(format!("id {} does not exist; cannot merge or replace", id.go_syntax())))
            }
            ([], false) => self.append(new),
            ([_], false) => Err(Error::Identity(format!(
                "id {} exists; can not use behavior: '{}', behavior must be merge or replace",
                id.go_syntax(),
                behavior.as_str()
            ))),
            ([at], true) => {
                let Some(old) = self.get_mut(*at) else { return Ok(()) };
                let merged = onto(new, old, behavior == Behavior::Merge)?;
                *old = merged;
                Ok(())
            }
            _ => Err(Error::Identity(format!("found multiple objects that could accept merge of {id}"))),
        }
    }
}

/// A generated resource in the place of an old one: it takes over the name and what the build remembers.
fn onto(mut new: Resource, old: &Resource, merges: bool) -> Result<Resource> {
    let hashes = new.memory.needs_hash && old.memory.needs_hash;
    new.memory = old.memory.clone();
    new.memory.needs_hash = hashes;
    new.vars.clone_from(&old.vars);
    for field in ["labels", "annotations"] {
        let mut texts: BTreeMap<String, String> = old.texts(field).into_iter().collect();
        texts.extend(new.texts(field));
        new.set_texts(field, texts.into_iter().collect())?;
    }
    new.set_name(old.name())?;
    new.set_namespace(old.namespace())?;
    if merges {
        for field in ["data", "binaryData"] {
            let mut map = data(old, field);
            map.extend(data(&new, field));
            set_data(&mut new.node, field, map)?;
        }
        if let Some(origin) = old.text_of("annotations", ORIGIN).map(str::to_owned) {
            let mut texts = new.texts("annotations");
            texts.retain(|(key, _)| key != ORIGIN);
            texts.push((ORIGIN.to_owned(), origin));
            new.set_texts("annotations", texts)?;
        }
    }
    let via = std::mem::take(&mut new.origin.via);
    new.origin = old.origin.clone();
    new.origin.via.extend(via);
    new.leaves.clone_from(&old.leaves);
    Ok(new)
}

fn data(resource: &Resource, field: &str) -> BTreeMap<String, String> {
    let entries = resource.node.field(field).map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .map(|(key, value)| (fields::value_of(key).to_owned(), fields::value_of(value).to_owned()))
        .collect()
}

fn set_data(node: &mut Node, field: &str, map: BTreeMap<String, String>) -> Result<()> {
    node.remove(field);
    if map.is_empty() {
        return Ok(());
    }
    let mut data = Node::map();
    for (key, text) in map {
        let value = match text.contains('\n') {
            true => Node::new(NodeKind::Scalar { text: text.into(), style: ScalarStyle::Literal }),
            false => Node::text(text),
        };
        fields::set_field(&mut data, &key, value)?;
    }
    node.push(field, data);
    Ok(())
}
