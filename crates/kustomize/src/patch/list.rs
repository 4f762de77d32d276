//! Lists that are merged by keys, with kyaml's own ideas of items that lack some of them.

use std::collections::{HashMap, HashSet};

use tautline_yaml::{Node, NodeKind};

use super::merge::walk;
use super::schema::{At, Schemas};
use crate::error::Result;
use crate::fields::{self, is_empty};

/// The texts of an item's keys; empty where it has none.
type Values = Vec<String>;

/// Items by number: a target's item may stand in the old list and in the new one at once.
struct Items(Vec<Node>);

impl Items {
    fn get(&self, at: usize) -> &Node {
        self.0.get(at).unwrap_or_else(|| unreachable!("numbers are handed out by add"))
    }

    fn add(&mut self, node: Node) -> usize {
        self.0.push(node);
        self.0.len() - 1
    }
}

/// Merges two lists by keys, or as sets of scalars if there are none.
pub(super) fn merge<'s>(
    target: Node,
    patch: Option<Node>,
    keys: &[String],
    place: Option<At<'s>>,
    schemas: &'s Schemas,
) -> Result<Option<Node>> {
    let (span, flow) = (target.span, matches!(target.kind, NodeKind::List { flow: true, .. }));
    let take = |node: Node| match node.kind {
        NodeKind::List { items, .. } => items,
        _ => Vec::new(),
    };
    let mut items = Items(take(target));
    let mut old: Vec<usize> = (0..items.0.len()).collect();
    let theirs = patch.map(take).unwrap_or_default();
    let unnamed = [String::new()];
    let keys = if keys.is_empty() { &unnamed[..] } else { keys };
    let mut values = distinct(theirs.iter().chain(&items.0), keys);
    if keys.len() > 1 {
        unify(&mut values);
    }
    let present = keys_in_use(&values, keys);
    let mut find = Finder::new(&theirs, &items, &old, keys);
    let mut new: List = List::default();
    for value in &values {
        let (names, texts) = valid(&present, keys, value);
        let (wanted, wanted_texts) = valid(&keys_in_use(std::slice::from_ref(value), keys), keys, value);
        let ours = find.in_target(&items, &old, &wanted, &wanted_texts);
        let patch = find.in_patch(&theirs, &wanted, &wanted_texts).cloned();
        let ours_node = ours.map(|at| items.get(at).clone());
        let merged = walk(ours_node, patch, place, schemas)?;
        let Some(mut merged) = merged.filter(|merged| !is_gone(&merged.node)) else {
            let before = old.len();
            remove(&mut old, &items, &names, &texts)?;
            if old.len() != before {
                find.forget_all_but(&old);
            }
            continue;
        };
        for (name, text) in names.iter().zip(&texts) {
            let is_absent = !name.is_empty() && merged.node.is_map() && merged.node.field(name).is_none();
            if is_absent && !text.is_empty() {
                fields::set_field(&mut merged.node, name, Node::plain(text.as_str()))?;
            }
        }
        let at = match ours {
            Some(at) if merged.is_target => {
                if let Some(slot) = items.0.get_mut(at) {
                    *slot = merged.node;
                }
                at
            }
            _ => items.add(merged.node),
        };
        new.set(&items, at, &names, &texts)?;
    }
    let list = match values.last() {
        None => old,
        Some(last) => {
            let (names, _) = valid(&present, keys, last);
            append_rest(new, &old, &items, &names)?
        }
    };
    let mut slots: Vec<Option<Node>> = items.0.into_iter().map(Some).collect();
    let mut out = Vec::with_capacity(list.len());
    for at in list {
        // An item that stands in the list twice is written twice.
        let node = slots.get_mut(at).and_then(Option::take).or_else(|| out.last().cloned());
        out.extend(node);
    }
    let mut node = Node::new(NodeKind::List { items: out, flow });
    node.span = span;
    Ok(Some(node))
}

fn is_gone(node: &Node) -> bool {
    node.is_null() || (node.is_map() && node.entries().is_empty())
}

fn text_of(item: &Node, key: &str) -> String {
    if key.is_empty() {
        return item.as_str().unwrap_or_default().to_owned();
    }
    let field = item.field(key).filter(|field| !is_empty(Some(field)));
    field.and_then(Node::as_str).unwrap_or_default().to_owned()
}

/// The distinct key texts of items, in order.
fn distinct<'n>(items: impl Iterator<Item = &'n Node>, keys: &[String]) -> Vec<Values> {
    let mut seen = HashSet::new();
    let mut values = Vec::new();
    for item in items {
        let value: Values = keys.iter().map(|key| text_of(item, key)).collect();
        if seen.insert(value.clone()) {
            values.push(value);
        }
    }
    values
}

/// Where one of two items lacks a key that the other has, and they agree on another, they are one.
fn unify(values: &mut [Values]) {
    // Without a gap no two distinct ones agree.
    if values.iter().all(|value| value.iter().all(|text| !text.is_empty())) {
        return;
    }
    for i in 0..values.len() {
        for j in 0..values.len() {
            let (Some(a), Some(b)) = (values.get(i), values.get(j)) else { continue };
            if let Some(joined) = agree(a, b) {
                for at in [i, j] {
                    if let Some(slot) = values.get_mut(at) {
                        slot.clone_from(&joined);
                    }
                }
            }
        }
    }
}

fn agree(a: &Values, b: &Values) -> Option<Values> {
    let mut common = false;
    let mut joined = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        if x == y {
            common = true;
            joined.push(x.clone());
        } else if !x.is_empty() && !y.is_empty() {
            return None;
        } else {
            joined.push(if x.is_empty() { y.clone() } else { x.clone() });
        }
    }
    common.then_some(joined)
}

/// Which keys any of the items has; all if none has any.
fn keys_in_use(values: &[Values], keys: &[String]) -> Vec<bool> {
    let used: Vec<bool> = (0..keys.len())
        .map(|i| values.iter().any(|value| value.get(i).is_some_and(|v| !v.is_empty())))
        .collect();
    if used.contains(&true) { used } else { vec![true; keys.len()] }
}

/// The keys in use and an item's texts for them.
fn valid(used: &[bool], keys: &[String], value: &Values) -> (Vec<String>, Vec<String>) {
    let picked = used.iter().zip(keys.iter().zip(value)).filter(|(used, _)| **used);
    picked.map(|(_, (key, text))| (key.clone(), text.clone())).unzip()
}

/// Finds items by the texts of their keys; with one key in constant time.
struct Finder {
    patch: Option<HashMap<String, usize>>,
    target: Option<HashMap<String, usize>>,
}

impl Finder {
    fn new(theirs: &[Node], items: &Items, old: &[usize], keys: &[String]) -> Self {
        let [key] = keys else { return Self { patch: None, target: None } };
        let mut patch = HashMap::new();
        for (at, item) in theirs.iter().enumerate() {
            patch.entry(raw_text(item, key)).or_insert(at);
        }
        let mut target = HashMap::new();
        for at in old {
            target.entry(raw_text(items.get(*at), key)).or_insert(*at);
        }
        let known = |map: HashMap<Option<String>, usize>| {
            map.into_iter().filter_map(|(text, at)| Some((text?, at))).collect()
        };
        Self { patch: Some(known(patch)), target: Some(known(target)) }
    }

    /// Forgets items that are no longer in the target's list.
    fn forget_all_but(&mut self, old: &[usize]) {
        let left: HashSet<usize> = old.iter().copied().collect();
        if let Some(index) = &mut self.target {
            index.retain(|_, at| left.contains(at));
        }
    }

    fn in_patch<'n>(&self, theirs: &'n [Node], names: &[String], texts: &[String]) -> Option<&'n Node> {
        match (&self.patch, texts) {
            (Some(index), [text]) => index.get(text).and_then(|at| theirs.get(*at)),
            _ => theirs.iter().find(|item| is_match(item, names, texts)),
        }
    }

    fn in_target(
        &mut self,
        items: &Items,
        old: &[usize],
        names: &[String],
        texts: &[String],
    ) -> Option<usize> {
        match (&self.target, texts) {
            (Some(index), [text]) => index.get(text).copied(),
            _ => old.iter().copied().find(|at| is_match(items.get(*at), names, texts)),
        }
    }
}

/// A key's text as it stands, or an item's own; nothing if it has no such field.
fn raw_text(item: &Node, key: &str) -> Option<String> {
    if key.is_empty() {
        return Some(item.as_str().unwrap_or_default().to_owned());
    }
    item.field(key).map(|field| field.as_str().unwrap_or_default().to_owned())
}

fn is_match(item: &Node, names: &[String], texts: &[String]) -> bool {
    match names.first() {
        Some(first) if first.is_empty() => {
            item.as_str().unwrap_or_default() == texts.first().map_or("", String::as_str)
        }
        _ => names.iter().zip(texts).all(|(name, text)| {
            item.field(name).is_some_and(|field| field.as_str().unwrap_or_default() == text)
        }),
    }
}

/// The list under construction.
#[derive(Default)]
struct List {
    places: Vec<usize>,
    /// The texts of the first key of all items, to see at once that one is new.
    firsts: HashSet<String>,
}

impl List {
    /// Puts an item in the place of those that match, or behind all.
    fn set(&mut self, items: &Items, at: usize, names: &[String], texts: &[String]) -> Result<()> {
        let first = texts.first().cloned().unwrap_or_default();
        if self.firsts.insert(first) && !texts.first().is_some_and(String::is_empty) {
            self.places.push(at);
            return Ok(());
        }
        self.places = replaced(&self.places, items, Some(at), names, texts)?;
        Ok(())
    }
}

/// A list with the items that match replaced by one, or dropped; one that matches none is appended.
fn replaced(
    list: &[usize],
    items: &Items,
    by: Option<usize>,
    names: &[String],
    texts: &[String],
) -> Result<Vec<usize>> {
    let sets_maps =
        names.first().is_some_and(|n| !n.is_empty()) && texts.first().is_some_and(|t| !t.is_empty());
    let mut out = Vec::with_capacity(list.len() + 1);
    let mut found = false;
    for at in list {
        let item = items.get(*at);
        if is_gone(item) {
            continue;
        }
        if !item.is_map() && sets_maps {
            out.push(*at);
            continue;
        }
        if !fits(item, names, texts)? {
            if !texts.is_empty() {
                out.push(*at);
            }
            continue;
        }
        found = true;
        out.extend(by);
    }
    if let Some(at) = by.filter(|_| !found) {
        out.push(at);
    }
    Ok(out)
}

/// Whether an item has these texts; an empty text asks only for the field.
fn fits(item: &Node, names: &[String], texts: &[String]) -> Result<bool> {
    if texts.is_empty() {
        return Ok(false);
    }
    for (name, text) in names.iter().zip(texts) {
        if name.is_empty() {
            fields::expect_scalar(item)?;
            if fields::value_of(item) != text {
                return Ok(false);
            }
            continue;
        }
        fields::expect_map(item)?;
        let Some(field) = item.field(name) else { return Ok(false) };
        if !text.is_empty() && field.as_str().unwrap_or_default() != text {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remove(old: &mut Vec<usize>, items: &Items, names: &[String], texts: &[String]) -> Result<()> {
    *old = replaced(old, items, None, names, texts)?;
    Ok(())
}

/// Appends the target's items to the new list; those that are in it already stay where they are.
fn append_rest(mut new: List, old: &[usize], items: &Items, keys: &[String]) -> Result<Vec<usize>> {
    let known: HashSet<usize> = new.places.iter().copied().collect();
    for at in old {
        let item = items.get(*at);
        if keys.first().is_some_and(String::is_empty) {
            let text = item.as_str().unwrap_or_default().to_owned();
            if !known.contains(at) {
                new.set(items, *at, keys, &[text])?;
            }
            continue;
        }
        let mut texts = Vec::with_capacity(keys.len());
        let mut lacks = false;
        for key in keys {
            fields::expect_map(item)?;
            match item.field(key) {
                Some(field) => texts.push(field.as_str().unwrap_or_default().to_owned()),
                None => {
                    new.places.push(*at);
                    lacks = true;
                }
            }
        }
        // What stands in the list with all its keys is found there and replaced by itself.
        if !lacks && keys.len() == 1 && known.contains(at) {
            continue;
        }
        if keys.len() > 1 {
            new.places = replaced(&new.places, items, None, keys, &texts)?;
        }
        new.places = replaced(&new.places, items, Some(*at), keys, &texts)?;
    }
    Ok(new.places)
}
