//! Looking fields up and setting them as kyaml does, on [`Node`]s.

use tautline_yaml::{Node, NodeKind, ScalarStyle};

use crate::error::{Error, Result};

/// Whether a node is missing or null, which kyaml treats alike.
pub(crate) fn is_missing(node: Option<&Node>) -> bool {
    node.is_none_or(Node::is_null)
}

/// Missing, null, or an empty map or list.
pub(crate) fn is_empty(node: Option<&Node>) -> bool {
    node.is_none_or(|node| {
        node.is_null()
            || (node.is_map() && node.entries().is_empty())
            || (node.is_list() && node.items().is_empty())
    })
}

/// The words of kyaml for a node's kind.
pub(crate) fn kind_name(node: &Node) -> &'static str {
    match node.kind {
        NodeKind::Map { .. } => "MappingNode",
        NodeKind::List { .. } => "SequenceNode",
        NodeKind::Scalar { .. } => "ScalarNode",
        NodeKind::Alias(_) => "AliasNode",
    }
}

/// The error for a node of another kind than a step needs.
pub(crate) fn wrong_kind(expected: &'static str, node: &Node) -> Error {
    Error::Field(format!("wrong node kind: expected {expected} but got {}", kind_name(node)))
}

pub(crate) fn expect_map(node: &Node) -> Result<()> {
    if node.is_map() || node.is_null() { Ok(()) } else { Err(wrong_kind("MappingNode", node)) }
}

pub(crate) fn expect_list(node: &Node) -> Result<()> {
    if node.is_list() || node.is_null() { Ok(()) } else { Err(wrong_kind("SequenceNode", node)) }
}

pub(crate) fn expect_scalar(node: &Node) -> Result<()> {
    if node.is_scalar() || node.is_null() { Ok(()) } else { Err(wrong_kind("ScalarNode", node)) }
}

/// The text of a scalar; empty for null and all else.
pub(crate) fn value_of(node: &Node) -> &str {
    if node.is_null() { "" } else { node.as_str().unwrap_or_default() }
}

/// Splits a path at a delimiter that no backslash escapes.
pub(crate) fn split_path(path: &str, delimiter: char) -> Vec<String> {
    let mut parts = path.split(delimiter);
    let mut first = parts.next().unwrap_or_default();
    if first.is_empty()
        && let Some(second) = parts.next()
    {
        first = second;
    }
    let mut split = vec![first.to_owned()];
    for part in parts {
        match split.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => split.push(part.to_owned()),
        }
    }
    split
}

/// Splits a dotted path; delimiters in brackets do not count: `a.[b=c.d].e`.
pub(crate) fn split_field_path(path: &str) -> Vec<String> {
    let mut result = Vec::new();
    let mut parts = split_path(path, '.').into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            result.push(part);
            continue;
        }
        let mut bracketed = part;
        for next in parts.by_ref() {
            bracketed.push('.');
            bracketed.push_str(&next);
            if next.ends_with(']') {
                break;
            }
        }
        match bracketed.contains('=') {
            true => result.push(bracketed),
            false => result.push(bracketed.trim_matches(['[', ']']).to_owned()),
        }
    }
    result
}

/// Whether a part of a path is `[…]`.
pub(crate) fn is_list_index(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

/// Reads `[name=value]`.
pub(crate) fn split_list_index(part: &str) -> Result<(&str, &str)> {
    let inner = part.strip_suffix(']').unwrap_or(part);
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    inner.split_once('=').ok_or_else(|| {
        let message = "list path element must contain fieldName=fieldValue for element to match";
        Error::Field(message.to_owned())
    })
}

/// Reads an index as Go's `strconv.Atoi`, which takes a sign.
pub(crate) fn number(part: &str) -> Option<i64> {
    part.parse().ok()
}

/// The field at a path, where nothing is made; numbers index lists, `-` is the last item.
pub(crate) fn lookup<'n, S: AsRef<str>>(node: &'n Node, path: &[S]) -> Result<Option<&'n Node>> {
    let mut at = node;
    for part in path.iter().map(|part| part.as_ref().trim()).filter(|part| !part.is_empty()) {
        let next = if let Some(index) = number(part) {
            let index = usize::try_from(index)
                .map_err(|_| Error::Field(format!("array index {index} cannot be negative")))?;
            expect_list(at)?;
            at.items().get(index)
        } else if part == "-" {
            expect_list(at)?;
            at.items().last()
        } else if part == "*" {
            return Err(Error::Field("wildcard is not supported in PathGetter".to_owned()));
        } else if is_list_index(part) {
            let (name, value) = split_list_index(part)?;
            expect_list(at)?;
            at.items().iter().find(|item| is_match(item, name, value))
        } else {
            if at.is_null() {
                return Ok(None);
            }
            expect_map(at)?;
            at.field(part)
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// [`lookup`] for a change.
pub(crate) fn lookup_mut<'n, S: AsRef<str>>(node: &'n mut Node, path: &[S]) -> Result<Option<&'n mut Node>> {
    if lookup(node, path)?.is_none() {
        return Ok(None);
    }
    let mut at = node;
    for part in path.iter().map(|part| part.as_ref().trim()).filter(|part| !part.is_empty()) {
        let next = if let Some(index) = number(part) {
            usize::try_from(index).ok().and_then(|index| at.items_mut()?.get_mut(index))
        } else if part == "-" {
            at.items_mut().and_then(|items| items.last_mut())
        } else if is_list_index(part) {
            let (name, value) = split_list_index(part)?;
            at.items_mut().and_then(|items| items.iter_mut().find(|item| is_match(item, name, value)))
        } else {
            at.field_mut(part)
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// Whether a list's item has this value in a field, or is this scalar if the field has no name.
fn is_match(item: &Node, name: &str, value: &str) -> bool {
    if name.is_empty() {
        return item.as_str() == Some(value);
    }
    item.field(name).is_some_and(|field| field.as_str().unwrap_or_default() == value)
}

/// The field of a map at a key, made if it is not there.
pub(crate) fn field_or_insert<'n>(
    map: &'n mut Node,
    key: &str,
    make: impl FnOnce() -> Node,
) -> Result<&'n mut Node> {
    expect_map(map)?;
    if !map.is_map() {
        return Err(wrong_kind("MappingNode", map));
    }
    let at = match map.entries().iter().position(|(k, _)| k.as_str() == Some(key)) {
        Some(at) => at,
        None => {
            map.push(key, make());
            map.entries().len() - 1
        }
    };
    let entry = map.entries_mut().and_then(|entries| entries.get_mut(at));
    entry.map(|(_, value)| value).ok_or_else(|| Error::Field(format!("no field named '{key}'")))
}

/// Sets a map's field; a scalar keeps the style of the one it replaces. Null removes the field.
pub(crate) fn set_field(map: &mut Node, key: &str, value: Node) -> Result<()> {
    if value.is_null() {
        expect_map(map)?;
        map.remove(key);
        return Ok(());
    }
    put_field(map, key, value)
}

/// [`set_field`], but null is kept.
pub(crate) fn put_field(map: &mut Node, key: &str, mut value: Node) -> Result<()> {
    expect_map(map)?;
    match map.field_mut(key) {
        Some(field) => replace(field, value),
        None => {
            quote_ambiguous(&mut value);
            map.push(key, value);
        }
    }
    Ok(())
}

/// Replaces a node by another that takes on its style.
pub(crate) fn replace(field: &mut Node, mut value: Node) {
    let old = match &field.kind {
        NodeKind::Scalar { style, .. } => *style,
        _ => ScalarStyle::Plain,
    };
    restyle(&mut value, old);
    value.set_anchor(field.take_anchor());
    *field = value;
    touch(field);
}

/// What is written into a node that stands in several places at once.
const TOUCHED: &str = "touched";

/// Notes that a node which stands in several places has changed in this one.
fn touch(node: &mut Node) {
    if let Some(anchor) = node.anchor_mut() {
        TOUCHED.clone_into(&mut anchor.name);
    }
}

/// Changes a scalar's text in place; see [`Node::set_text`].
pub(crate) fn set_text(node: &mut Node, text: impl Into<compact_str::CompactString>) {
    node.set_text(text);
    touch(node);
}

/// A text that stands in several places of an object at once: go-yaml's nodes are pointers, and where Kustomize
/// adds a label to several maps it adds one node. A change of one is a change of all.
pub(crate) fn shared_text(text: &str, id: usize) -> Node {
    Node { extras: tautline_yaml::Anchor { name: String::new(), id }.into(), ..Node::text(text) }
}

/// Carries changes of shared nodes to the other places they stand in.
pub(crate) fn spread(object: &mut Node) {
    let mut changed = std::collections::HashMap::new();
    visit(object, &mut |node| {
        if let Some(anchor) = node.anchor_mut().filter(|anchor| anchor.name == TOUCHED) {
            anchor.name.clear();
            let id = anchor.id;
            changed.insert(id, node.clone());
        }
    });
    if changed.is_empty() {
        return;
    }
    visit(object, &mut |node| {
        if let Some(new) = node.anchor().and_then(|anchor| changed.get(&anchor.id)) {
            *node = new.clone();
        }
    });
}

fn visit(node: &mut Node, change: &mut dyn FnMut(&mut Node)) {
    match &mut node.kind {
        NodeKind::Map { entries, .. } => entries.iter_mut().for_each(|(_, value)| visit(value, change)),
        NodeKind::List { items, .. } => items.iter_mut().for_each(|item| visit(item, change)),
        _ => change(node),
    }
}

/// Gives a scalar a style. In quotes everything that could be read back as what it was is text.
fn restyle(value: &mut Node, new: ScalarStyle) {
    let was = tautline_yaml::Tag::from(value.short_tag());
    let NodeKind::Scalar { text, style } = &mut value.kind else { return };
    *style = new;
    if new == ScalarStyle::Plain {
        // Text stays text; a scalar that a program made without a tag is what it looks like.
        let looks = tautline_yaml::resolve(text, tautline_yaml::Resolver::V3);
        let is_text = looks == tautline_yaml::Scalar::String;
        if was == "!!str" && !is_text {
            value.tag = Some(was);
        }
    } else {
        value.tag = value.tag.take().filter(|tag| tag.starts_with('!') && !tag.starts_with("!!"));
    }
}

/// Sets a scalar's text and tag, keeping its style. An empty tag makes it what it looks like.
pub(crate) fn set_scalar(node: &mut Node, text: &str, tag: &str) -> Result<()> {
    expect_scalar(node)?;
    let value = Node { tag: (!tag.is_empty()).then(|| tag.into()), ..Node::plain(text) };
    replace(node, value);
    Ok(())
}

/// A new scalar in a new field is quoted if YAML 1.1 would not read it as text.
pub(crate) fn quote_ambiguous(value: &mut Node) {
    let is_text = matches!(value.short_tag(), "" | "!!str");
    if let NodeKind::Scalar { text, style } = &mut value.kind
        && *style == ScalarStyle::Plain
        && is_text
        && is_ambiguous(text)
    {
        *style = ScalarStyle::DoubleQuoted;
        value.tag = None;
    }
}

/// Whether YAML 1.1 reads text as something else.
fn is_ambiguous(text: &str) -> bool {
    use tautline_yaml::{Resolver, Scalar, resolve};
    !text.is_empty()
        && !text.contains('\n')
        && !matches!(resolve(text, Resolver::V2), Scalar::String | Scalar::Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(split_path("metadata/annotations/a\\/b", '/'), ["metadata", "annotations", "a/b"]);
        assert_eq!(split_path("/a", '/'), ["a"]);
        assert_eq!(split_field_path("a.[b=c.d].e"), ["a", "[b=c.d]", "e"]);
        assert_eq!(split_field_path("a.[b.c].e"), ["a", "b.c", "e"]);
        assert_eq!(split_field_path("a\\.b.c"), ["a.b", "c"]);
    }
}
