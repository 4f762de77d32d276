//! Whether a request is one that a policy or a binding looks at.

use std::sync::Arc;

use tautline_core::{Object, Value};
use tautline_grammar::LabelSelector;

use super::Attributes;
use crate::catalog::Served;
use crate::state::State;

/// The resource by which a request matched: its own, or the same in another version.
#[derive(Clone, Debug)]
pub(super) struct Matched {
    pub(super) served: Arc<Served>,
}

impl State {
    /// Holds a request against `MatchResources`.
    ///
    /// # Errors
    /// A selector that is none.
    pub(super) fn matches(
        &self,
        resources: &Value,
        attributes: &Attributes<'_>,
    ) -> Result<Option<Matched>, String> {
        let by_namespace = self.namespace_fits(resources.get("namespaceSelector"), attributes);
        let by_object = object_fits(resources.get("objectSelector"), attributes);
        if by_namespace == Ok(false) || by_object == Ok(false) {
            return Ok(None);
        }
        if self.rules_fit(resources, "excludeResourceRules", attributes).is_some() {
            return Ok(None);
        }
        let matched = match resources.list_at(&["resourceRules"]).is_empty() {
            true => Some(Matched { served: attributes.ask.served.clone() }),
            false => self.rules_fit(resources, "resourceRules", attributes),
        };
        let Some(matched) = matched else { return Ok(None) };
        by_namespace?;
        by_object?;
        Ok(Some(matched))
    }

    fn namespace_fits(&self, selector: Option<&Value>, attributes: &Attributes<'_>) -> Result<bool, String> {
        let selector = read(selector)?;
        let is_namespace = attributes.ask.served.is("", "Namespace");
        if selector.requirements().is_empty() || attributes.ask.namespace.is_empty() && !is_namespace {
            return Ok(true);
        }
        if is_namespace {
            return Ok(attributes.any().is_some_and(|object| selector.matches(|key| object.label(key))));
        }
        let namespace = self.find_builtin("v1", "Namespace", "", &attributes.ask.namespace);
        match namespace {
            Some(namespace) => Ok(selector.matches(|key| namespace.label(key))),
            None => Err(format!("namespaces \"{}\" not found", attributes.ask.namespace)),
        }
    }

    /// Whether one of the rules fits; with `matchPolicy: Equivalent` also for the other versions of the resource.
    fn rules_fit(&self, resources: &Value, rules: &str, attributes: &Attributes<'_>) -> Option<Matched> {
        let rules = resources.list_at(&[rules]);
        let own = &attributes.ask.served;
        if rules.iter().any(|rule| rule_fits(rule, own, attributes)) {
            return Some(Matched { served: own.clone() });
        }
        if resources.str_at(&["matchPolicy"]) == Some("Exact") {
            return None;
        }
        let mut others =
            self.catalog.all().filter(|other| other.shelf == own.shelf && other.gvk() != own.gvk());
        let other = others.find(|other| rules.iter().any(|rule| rule_fits(rule, other, attributes)))?;
        Some(Matched { served: other.clone() })
    }
}

fn read(selector: Option<&Value>) -> Result<LabelSelector, String> {
    match selector {
        Some(selector) => LabelSelector::from_value(selector).map_err(|why| why.to_string()),
        None => Ok(LabelSelector::default()),
    }
}

/// It is enough if the object fits as it was or as it is to be.
fn object_fits(selector: Option<&Value>, attributes: &Attributes<'_>) -> Result<bool, String> {
    let selector = read(selector)?;
    let fits = |object: &Object| selector.matches(|key| object.label(key));
    Ok(selector.requirements().is_empty()
        || attributes.new.is_some_and(fits)
        || attributes.old.is_some_and(fits))
}

fn rule_fits(rule: &Value, served: &Served, attributes: &Attributes<'_>) -> bool {
    let has = |field: &str, wanted: &str| {
        let list = rule.list_at(&[field]);
        list.iter().filter_map(Value::as_str).any(|item| item == "*" || item == wanted)
    };
    let is_namespace = served.is("", "Namespace");
    let in_namespace = !is_namespace && !attributes.ask.namespace.is_empty();
    let in_scope = match rule.str_at(&["scope"]) {
        Some("Namespaced") => in_namespace,
        Some("Cluster") => !in_namespace,
        _ => true,
    };
    let resource = |text: &str| {
        let (resource, sub) = text.split_once('/').unwrap_or((text, ""));
        (resource == "*" || resource == served.plural()) && (sub == "*" || sub == attributes.ask.subresource)
    };
    let names = rule.list_at(&["resourceNames"]);
    in_scope
        && has("operations", attributes.operation)
        && has("apiGroups", served.group())
        && has("apiVersions", &served.gvk().version)
        && rule.list_at(&["resources"]).iter().filter_map(Value::as_str).any(resource)
        && (names.is_empty() || names.iter().any(|name| name.as_str() == Some(attributes.name())))
}
