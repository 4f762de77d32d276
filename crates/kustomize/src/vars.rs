//! Vars: `$(NAME)` in certain fields stands for a field of a resource.

use std::collections::{BTreeMap, BTreeSet};

use tautline_yaml::Node;

use crate::error::{Error, Result};
use crate::field_spec::{Create, FieldSpec, apply_all};
use crate::fields::{lookup, split_field_path};
use crate::kustomization::Var;
use crate::resource::{Gvk, Id, Resources};

/// The vars of a build by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vars(BTreeMap<String, Var>);

/// What a var stands for.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    Text(String),
    /// A number or truth value: text and tag.
    Typed(String, &'static str),
    /// A map or list, which cannot be put into text.
    Whole,
}

impl Vars {
    fn add(&mut self, var: Var) -> Result<()> {
        if self.0.contains_key(&var.name) {
            return Err(Error::Identity(format!("var '{}' already encountered", var.name)));
        }
        self.0.insert(var.name.clone(), var);
        Ok(())
    }

    /// Adds the vars of a kustomization below.
    pub(crate) fn add_all(&mut self, other: Self) -> Result<()> {
        other.0.into_values().try_for_each(|var| self.add(var))
    }

    /// Adds a kustomization's own vars and remembers at the resources which of them they feed.
    pub(crate) fn declare(&mut self, vars: &[Var], resources: &mut Resources) -> Result<()> {
        for var in vars {
            let object = &var.object;
            let mut gvk = Gvk::new(&object.group, &object.version, &object.kind);
            match object.api_version.split('/').collect::<Vec<_>>().as_slice() {
                [group, version] => gvk = Gvk::new(group, version, &object.kind),
                [version] if !version.is_empty() => gvk.version = (*version).into(),
                _ => {}
            }
            let id = Id::unscoped(gvk, &object.name, &object.namespace);
            let matches = |other: &Id| {
                if id.namespace.is_empty() { id.same_kind_and_name(other) } else { id.equals(other) }
            };
            let places = resources.with_any_id(&id.name, matches);
            if places.len() > 1 {
                return Err(Error::Identity(format!(
                    "found {} resId matches for var {} (unable to disambiguate)",
                    places.len(),
                    shown(var)
                )));
            }
            for at in places {
                if let Some(resource) = resources.fields_at(at) {
                    resource.vars.push(var.name.clone());
                }
            }
        }
        vars.iter().try_for_each(|var| self.add(var.clone()))
    }

    /// Puts the vars' values into the fields that may hold them. The names of those never used are returned.
    pub(crate) fn resolve(&self, resources: &mut Resources, specs: &[FieldSpec]) -> Result<Vec<String>> {
        let mut contents = BTreeMap::new();
        for (name, var) in &self.0 {
            contents.insert(name.as_str(), content_of(var, resources)?);
        }
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let mut used = BTreeSet::new();
        for resource in resources.iter_mut() {
            apply_all(&mut resource.node, specs, Create::Never, &mut |field| {
                put(field, &contents, &mut used)
            })?;
        }
        let unused = contents.keys().filter(|name| !used.contains(**name));
        Ok(unused.map(|name| (*name).to_owned()).collect())
    }
}

/// A var as Go prints it, defaults filled.
pub(crate) fn shown(var: &Var) -> String {
    let object = &var.object;
    let gvk = Gvk::new(&object.group, &object.version, &object.kind);
    let path = if var.field.path.is_empty() { "metadata.name" } else { &var.field.path };
    format!("{{{} {gvk} {{{path}}}}}", var.name)
}

fn content_of(var: &Var, resources: &Resources) -> Result<Content> {
    let path = if var.field.path.is_empty() { "metadata.name" } else { &var.field.path };
    let Some(resource) = resources.iter().find(|resource| resource.vars.contains(&var.name)) else {
        return Err(Error::Field(format!(
            "var '{}' cannot be mapped to a field in the set of known resources",
            shown(var)
        )));
    };
    let not_found = || {
        Error::Field(format!("field specified in var '{}' not found in corresponding resource", shown(var)))
    };
    let parts = with_indexes(split_field_path(path));
    let found = lookup(&resource.node, &parts).ok().flatten().ok_or_else(not_found)?;
    if !found.is_scalar() {
        return Ok(Content::Whole);
    }
    let text = found.as_str().unwrap_or_default();
    Ok(match found.short_tag() {
        "!!int" => Content::Typed(text.parse::<i64>().map_err(|_| not_found())?.to_string(), "!!int"),
        "!!float" => Content::Typed(text.parse::<f64>().map_err(|_| not_found())?.to_string(), "!!float"),
        "!!bool" => Content::Typed(text.to_ascii_lowercase(), "!!bool"),
        _ => Content::Text(text.to_owned()),
    })
}

/// Turns `ports[0]` into two parts.
fn with_indexes(parts: Vec<String>) -> Vec<String> {
    let mut out = Vec::with_capacity(parts.len());
    for part in parts {
        let inner = part.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
        match inner {
            Some((name, index)) if !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()) => {
                out.extend(Some(name.to_owned()).filter(|name| !name.is_empty()));
                out.push(index.to_owned());
            }
            _ => out.push(part),
        }
    }
    out
}

type Contents<'c> = BTreeMap<&'c str, Content>;

fn put(field: &mut Node, contents: &Contents<'_>, used: &mut BTreeSet<String>) -> Result<()> {
    let is_text = |node: &Node| node.is_scalar() && matches!(node.short_tag(), "" | "!!str");
    if field.is_null() {
        return Ok(());
    }
    if field.is_scalar() {
        if is_text(field) {
            put_scalar(field, contents, used);
        }
        return Ok(());
    }
    if let Some(entries) = field.entries_mut() {
        for (key, value) in entries {
            if !is_text(key) {
                return Err(Error::Field(format!(
                    "invalid map key: value='{}', tag='{}'",
                    key.as_str().unwrap_or_default(),
                    key.short_tag()
                )));
            }
            if is_text(value) {
                put_scalar(value, contents, used);
            }
        }
        return Ok(());
    }
    for item in field.items_mut().into_iter().flatten() {
        if !is_text(item) {
            return Err(Error::Field("invalid value type expect a string".to_owned()));
        }
        put_scalar(item, contents, used);
    }
    Ok(())
}

fn put_scalar(node: &mut Node, contents: &Contents<'_>, used: &mut BTreeSet<String>) {
    let new = match expand(node.as_str().unwrap_or_default(), contents, used) {
        Content::Typed(text, tag) => Node { tag: Some(tag.into()), ..Node::plain(text) },
        Content::Text(text) => Node::text(text),
        Content::Whole => return,
    };
    let anchor = node.take_anchor();
    *node = Node { span: node.span, ..new };
    node.set_anchor(anchor);
}

/// Expands `$(NAME)`; `$$` is `$`. A text that is one var and nothing else takes its type over.
fn expand(input: &str, contents: &Contents<'_>, used: &mut BTreeSet<String>) -> Content {
    let mut out = String::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let after = after.get(1..).unwrap_or_default();
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            let content = contents.get(name).filter(|content| **content != Content::Whole);
            if let Some(content) = content {
                used.insert(name.to_owned());
                if out.is_empty() && tail.is_empty() && rest.len() == input.len() {
                    return content.clone();
                }
            }
            match content {
                Some(Content::Text(text) | Content::Typed(text, _)) => out.push_str(text),
                _ => out.push_str(&format!("$({name})")),
            }
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Content::Text(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion() {
        let contents: Contents<'_> =
            [("A", Content::Text("a".into())), ("N", Content::Typed("5".into(), "!!int"))].into();
        let check = |input: &str, expect: Content| {
            assert_eq!(expand(input, &contents, &mut BTreeSet::new()), expect, "{input}");
        };
        let text = |text: &str| Content::Text(text.to_owned());
        check("x$(A)y$(N)", text("xay5"));
        check("$(N)", Content::Typed("5".into(), "!!int"));
        check("$$(A)", text("$(A)"));
        check("$(B) $ $x $(", text("$(B) $ $x $("));
    }
}
