//! Every other kind: what it owns, what its fields name, what its conditions say.

use tautline_core::{Object, Presence, ResourceKey, Value};

use super::references::named;
use super::walk::{Links, Walk};
use super::{Link, Relation};
use crate::conditions::conditions;

/// How deep in a spec references are looked for, and how many.
const DEEPEST: usize = 5;
const MOST: usize = 50;

impl Walk<'_> {
    pub(super) fn custom(&mut self, object: &Object, link: &mut Link) -> Option<Links> {
        let message = link.message.clone();
        if let Some(condition) =
            conditions(object).find(|c| c.message == message && !message.is_empty() && !c.reason.is_empty())
        {
            link.reason = condition.reason.to_owned();
        } else if message.is_empty()
            && let Some(c) = conditions(object).find(|c| c.status == "False" && !c.reason.is_empty())
        {
            link.tell(c.reason, c.message);
        }
        if let Some(links) = self.owned(object) {
            return Some(links);
        }
        let mut keys = Vec::new();
        if let Some(spec) = object.get("spec") {
            references(spec, object, 0, &mut keys);
        }
        for key in keys {
            let found = match self.around.get(&key) {
                // A Secret may be what the object is there to make.
                Presence::Absent(_) if key.kind == "Secret" => None,
                _ if key.kind == "Service" && key.group.is_empty() => self.backend(&key),
                _ => self.named(&key, Relation::Named),
            };
            if found.is_some() {
                return found;
            }
        }
        self.by_message(object, &message)
    }
}

/// What the fields that end in `Ref` or `Refs` name by kind and name, in the order of the fields.
fn references(value: &Value, object: &Object, depth: usize, found: &mut Vec<ResourceKey>) {
    if depth > DEEPEST || found.len() >= MOST {
        return;
    }
    if let Some(list) = value.as_list() {
        list.iter().for_each(|item| references(item, object, depth + 1, found));
    }
    for (name, below) in value.as_map().into_iter().flat_map(|map| map.iter()) {
        if !name.as_str().ends_with("Ref") && !name.as_str().ends_with("Refs") {
            references(below, object, depth + 1, found);
            continue;
        }
        let each = below.as_list().map_or_else(|| vec![below], |list| list.iter().collect());
        let group = |reference: &Value| match reference.str_at(&["kind"]) {
            Some("Secret" | "ConfigMap" | "Service" | "ServiceAccount" | "Namespace") => "",
            _ => object.group(),
        };
        found.extend(each.into_iter().filter_map(|r| named(r, object.namespace(), group(r))));
    }
}
