//! Writing aliases and merge keys out, as kyaml does when it reads resources.

use std::collections::HashMap;

use super::{Node, NodeKind, ScalarStyle};
use crate::error::{Error, ErrorKind};
use crate::read::Options;

/// A tree with aliases written out holds no more nodes than this: they are copies, and large.
const MOST_NODES: usize = 1_000_000;

impl Node {
    /// The tree with aliases replaced by what they stand for and merge keys (`<<`) by the entries they bring;
    /// keys of the map itself win, of several merged maps the first.
    ///
    /// # Errors
    /// If an alias contains itself, a merge key's value is no map, or the result is beyond the budget.
    pub fn expanded(self, options: &Options) -> Result<Self, Error> {
        if !self.has_alias() {
            return Ok(self);
        }
        let limit = options.budget.nodes.min(MOST_NODES);
        let mut expansion = Expansion { anchors: HashMap::new(), nodes: 0, limit };
        expansion.node(self)
    }

    fn has_alias(&self) -> bool {
        match &self.kind {
            NodeKind::Alias(_) => true,
            NodeKind::Scalar { .. } => false,
            NodeKind::List { items, .. } => items.iter().any(Self::has_alias),
            NodeKind::Map { entries, .. } => {
                entries.iter().any(|(key, value)| is_merge(key) || key.has_alias() || value.has_alias())
            }
        }
    }

    fn size(&self) -> usize {
        1 + match &self.kind {
            NodeKind::List { items, .. } => items.iter().map(Self::size).sum(),
            NodeKind::Map { entries, .. } => entries.iter().map(|(k, v)| k.size() + v.size()).sum(),
            _ => 0,
        }
    }
}

struct Expansion {
    /// What each anchor stands for and its size; nothing while its value is being read.
    anchors: HashMap<usize, Option<(Node, usize)>>,
    nodes: usize,
    limit: usize,
}

impl Expansion {
    fn node(&mut self, mut node: Node) -> Result<Node, Error> {
        self.nodes += 1;
        let anchor = node.take_anchor();
        if let Some(anchor) = &anchor {
            self.anchors.insert(anchor.id, None);
        }
        node.kind = match node.kind {
            NodeKind::Alias(anchor) => {
                let (target, size) = match self.anchors.get(&anchor.id) {
                    Some(Some(target)) => target,
                    Some(None) => {
                        return Err(ErrorKind::Cycle(anchor.name).at_span(node.span));
                    }
                    None => {
                        return Err(ErrorKind::UnknownAnchor(anchor.name).at_span(node.span));
                    }
                };
                self.nodes = self.nodes.saturating_add(*size);
                if self.nodes > self.limit {
                    return Err(ErrorKind::Nodes(self.limit).at_span(node.span));
                }
                return Ok(target.clone());
            }
            NodeKind::List { items, flow } => {
                let items = items.into_iter().map(|item| self.node(item)).collect::<Result<_, _>>()?;
                NodeKind::List { items, flow }
            }
            NodeKind::Map { entries, flow } => NodeKind::Map { entries: self.map(entries)?, flow },
            scalar @ NodeKind::Scalar { .. } => scalar,
        };
        if let Some(anchor) = anchor {
            let size = node.size();
            self.anchors.insert(anchor.id, Some((node.clone(), size)));
        }
        Ok(node)
    }

    fn map(&mut self, entries: Vec<(Node, Node)>) -> Result<Vec<(Node, Node)>, Error> {
        let mut own = Vec::with_capacity(entries.len());
        let mut merged: Option<Vec<(Node, Node)>> = None;
        for (key, value) in entries {
            if !is_merge(&key) {
                own.push((self.node(key)?, self.node(value)?));
                continue;
            }
            if merged.is_some() {
                return Err(key.error(ErrorKind::Duplicate("<<".to_owned())));
            }
            let value = self.node(value)?;
            let mut into = Vec::new();
            match value.kind {
                NodeKind::List { items, .. } => {
                    items.into_iter().try_for_each(|item| add(item, &mut into))?;
                }
                _ => add(value, &mut into)?,
            }
            merged = Some(into);
        }
        for (key, value) in merged.into_iter().flatten() {
            if !own.iter().any(|(k, _)| k.as_str() == key.as_str()) {
                own.push((key, value));
            }
        }
        Ok(own)
    }
}

/// Adds a merged map's entries behind those of maps before it, which win.
fn add(map: Node, into: &mut Vec<(Node, Node)>) -> Result<(), Error> {
    if !map.is_map() {
        return Err(map.error(ErrorKind::Merge));
    }
    if let NodeKind::Map { entries, .. } = map.kind {
        for (key, value) in entries {
            if !into.iter().any(|(k, _)| k.as_str() == key.as_str()) {
                into.push((key, value));
            }
        }
    }
    Ok(())
}

fn is_merge(key: &Node) -> bool {
    match &key.kind {
        NodeKind::Scalar { text, style: ScalarStyle::Plain } => {
            text == "<<" && key.tag.as_deref().is_none_or(|tag| tag == "!!merge")
        }
        _ => key.tag.as_deref() == Some("!!merge"),
    }
}
