//! Patches: strategic merges and JSON patches.

pub(crate) mod json;
mod list;
mod merge;
pub(crate) mod schema;

use tautline_core::Budget;
use tautline_yaml::Node;

use crate::error::Result;
use crate::fields;
use crate::resource::{Memory, Resource};

pub(crate) use json::JsonPatch;
pub(crate) use merge::merge as merge_nodes;
pub(crate) use schema::Schemas;

impl Resource {
    /// Merges a patch into the resource; afterwards nothing may be left of it.
    ///
    /// The patch's own identity counts only as far as it may change the resource's.
    pub(crate) fn merge(&mut self, patch: &Resource, schemas: &Schemas) -> Result<()> {
        let (name, namespace, kind) =
            (self.name().to_owned(), self.namespace().to_owned(), self.kind().to_owned());
        let (may_rename, may_change_kind) = (patch.memory.may_change_name, patch.memory.may_change_kind);
        if may_rename || may_change_kind {
            self.remember_id();
        }
        if drops_annotations(&patch.node) {
            // Kustomize keeps its memory in annotations, and so loses it.
            self.memory = Memory { from_chart: self.memory.from_chart, ..Memory::default() };
        }
        if patch.node.field("$patch").and_then(Node::as_str) == Some("replace") {
            // Kustomize drops the replacement of a whole object, and keeps the object.
            return Ok(());
        }
        let target = std::mem::replace(&mut self.node, Node::map());
        let Some(merged) = merge::merge(target, patch.node.clone(), schemas)? else { return Ok(()) };
        self.node = merged;
        if self.shared > 0 {
            fields::spread(&mut self.node);
        }
        if self.is_gone() {
            return Ok(());
        }
        if !may_change_kind {
            self.set_kind(&kind)?;
        }
        if !may_rename {
            self.set_name(&name)?;
        }
        self.set_namespace(&namespace)
    }

    /// Applies a JSON patch to the resource.
    pub(crate) fn apply_json(&mut self, patch: &JsonPatch, budget: &Budget) -> Result<()> {
        if !self.memory.is_empty() {
            // The annotations with Kustomize's memory are there for the patch too.
            let metadata = fields::field_or_insert(&mut self.node, "metadata", Node::map)?;
            let annotations = fields::field_or_insert(metadata, "annotations", Node::map)?;
            if annotations.is_null() {
                *annotations = Node::map();
            }
        }
        self.node = patch.apply(&self.node, budget)?;
        let annotations = self.texts("annotations");
        self.set_texts("annotations", annotations)
    }
}

/// Whether a patch takes all annotations away or replaces them.
fn drops_annotations(patch: &Node) -> bool {
    let replaces = |node: &Node| {
        node.is_null() || matches!(node.field("$patch").and_then(Node::as_str), Some("delete" | "replace"))
    };
    let Some(metadata) = patch.field("metadata") else { return replaces(patch) };
    replaces(patch) || replaces(metadata) || metadata.field("annotations").is_some_and(replaces)
}
