//! kyaml's strategic merge, which is not the API server's: elements that a patch brings come first, and
//! directives are `$patch: delete`, `replace` and `merge`.

use std::collections::BTreeSet;

use tautline_yaml::Node;

use super::list;
use super::schema::{At, Schemas};
use crate::error::{Error, Result};
use crate::fields::{self, is_missing};

/// A merge, and which side it came from: kyaml changes the target in place but takes new parts over whole.
pub(super) struct Merged {
    pub(super) node: Node,
    /// Whether it is the target's own node.
    pub(super) is_target: bool,
    /// Whether it is a null that stays.
    pub(super) keeps_null: bool,
}

impl Merged {
    fn of_target(node: Node) -> Self {
        Self { node, is_target: true, keeps_null: false }
    }

    fn of_patch(node: Node) -> Self {
        Self { node, is_target: false, keeps_null: false }
    }
}

/// Merges a patch into a target; nothing is left if the patch deletes it.
pub(crate) fn merge(target: Node, patch: Node, schemas: &Schemas) -> Result<Option<Node>> {
    Ok(walk(Some(target), Some(patch), None, schemas)?.map(|merged| merged.node))
}

/// What a patch asks for at a map or list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

const DIRECTIVE: &str = "$patch";

impl Directive {
    fn read(text: &str) -> Result<Self> {
        match text {
            "delete" => Ok(Self::Delete),
            "replace" => Ok(Self::Replace),
            "merge" => Ok(Self::Merge),
            _ => Err(Error::Patch(format!("unknown patch strategy '{text}'"))),
        }
    }

    /// Takes a map's directive out of it.
    fn take_from_map(patch: &mut Node) -> Result<Self> {
        let Some(text) = patch.field(DIRECTIVE).map(|node| node.as_str().unwrap_or_default().to_owned())
        else {
            return Ok(Self::Merge);
        };
        let directive = Self::read(&text)?;
        patch.remove(DIRECTIVE);
        Ok(directive)
    }

    /// Takes a list's directive out of it: an item that holds nothing else.
    fn take_from_list(patch: &mut Node) -> Result<Self> {
        let item = patch.items().iter().find(|item| item.field(DIRECTIVE).is_some());
        let Some(item) = item.filter(|item| item.entries().len() == 1) else { return Ok(Self::Merge) };
        let text = item.field(DIRECTIVE).and_then(Node::as_str).unwrap_or_default().to_owned();
        let directive = Self::read(&text)?;
        if let Some(items) = patch.items_mut() {
            items.retain(|item| item.field(DIRECTIVE).and_then(Node::as_str) != Some(&text));
        }
        Ok(directive)
    }

    fn take(patch: &mut Node) -> Result<Self> {
        if patch.is_map() {
            Self::take_from_map(patch)
        } else if patch.is_list() {
            Self::take_from_list(patch)
        } else {
            Err(Error::Patch(format!(
                "no implemented strategic merge patch strategy for '{}' ('{}')",
                patch.short_tag(),
                patch.as_str().unwrap_or_default()
            )))
        }
    }
}

/// Merges one node.
pub(super) fn walk<'s>(
    target: Option<Node>,
    patch: Option<Node>,
    place: Option<At<'s>>,
    schemas: &'s Schemas,
) -> Result<Option<Merged>> {
    let place =
        place.or_else(|| [&target, &patch].into_iter().find_map(|side| of_object(side.as_ref()?, schemas)));
    let sides = || [target.as_ref(), patch.as_ref()].into_iter().flatten().filter(|node| !node.is_null());
    let Some(first) = sides().next() else { return map(target, patch, place, schemas) };
    if first.is_map() {
        sides().try_for_each(fields::expect_map)?;
        map(target, patch, place, schemas)
    } else if first.is_list() {
        sides().try_for_each(fields::expect_list)?;
        match place.and_then(At::merge_keys) {
            Some(keys) => associative(target, patch, keys, place, schemas),
            None => Ok(patch.map(Merged::of_patch).or_else(|| target.map(Merged::of_target))),
        }
    } else {
        sides().try_for_each(fields::expect_scalar)?;
        Ok(patch.map(Merged::of_patch).or_else(|| target.map(Merged::of_target)))
    }
}

/// The type of a node that says what it is.
fn of_object<'s>(node: &Node, schemas: &'s Schemas) -> Option<At<'s>> {
    let text = |field: &str| node.field(field).map(fields::value_of).filter(|text| !text.is_empty());
    schemas.of_kind(text("apiVersion")?, text("kind")?)
}

fn map<'s>(
    target: Option<Node>,
    mut patch: Option<Node>,
    place: Option<At<'s>>,
    schemas: &'s Schemas,
) -> Result<Option<Merged>> {
    let (target, is_target) = match target {
        Some(target) if !target.is_null() => {
            let directive = match &mut patch {
                None => Directive::Merge,
                Some(patch) if patch.is_null() => return Ok(None),
                Some(patch) => Directive::take(patch)?,
            };
            match directive {
                Directive::Delete => return Ok(None),
                Directive::Replace => (patch.clone().unwrap_or(target), false),
                Directive::Merge => (target, true),
            }
        }
        missing => {
            if let Some(patch) = &mut patch {
                // A mistake in a directive shows up only where there is something to merge with.
                if matches!(Directive::take(patch), Ok(Directive::Delete)) {
                    return Ok(None);
                }
            }
            match (&patch, missing) {
                (None, Some(null)) if null.as_str().is_some_and(|text| !text.is_empty()) => {
                    return Ok(Some(Merged { node: null, is_target: true, keeps_null: true }));
                }
                (None, _) => return Ok(None),
                (Some(patch), _) => (patch.clone(), false),
            }
        }
    };
    let node = fields_of(target, patch, is_target, place, schemas)?;
    Ok(Some(if is_target { Merged::of_target(node) } else { Merged::of_patch(node) }))
}

/// Merges the fields of a map. Where the target is the patch itself, nulls and directives in it are worked off.
fn fields_of<'s>(
    mut target: Node,
    mut patch: Option<Node>,
    is_target: bool,
    place: Option<At<'s>>,
    schemas: &'s Schemas,
) -> Result<Node> {
    if target.is_null() || !target.is_map() {
        return Ok(target);
    }
    let names = |node: Option<&Node>| -> Vec<String> {
        let keys = node.map(Node::entries).unwrap_or_default().iter();
        keys.map(|(key, _)| key.as_str().unwrap_or_default().to_owned()).collect()
    };
    let names: BTreeSet<String> = names(Some(&target)).into_iter().chain(names(patch.as_ref())).collect();
    for name in names {
        let place = place.and_then(|place| place.field(&name));
        let theirs = patch.as_mut().and_then(|patch| patch.remove(&name));
        if theirs.is_none()
            && let Some(field) = target.field_mut(&name)
            && field.is_scalar()
            && !field.is_null()
        {
            // Kustomize sets every field anew, and quotes what it made itself and looks like no text.
            fields::quote_ambiguous(field);
            continue;
        }
        let mut ours = target.field_mut(&name).map(|field| std::mem::replace(field, Node::plain("")));
        let style = ours.as_ref().and_then(scalar_style);
        if !is_target && let Some(ours) = &mut ours {
            strip(ours);
        }
        let was_there = ours.is_some();
        match walk(ours, theirs, place, schemas)? {
            None => {
                target.remove(&name);
            }
            Some(merged) if merged.node.is_null() && !merged.keeps_null => {
                target.remove(&name);
            }
            Some(merged) if was_there => {
                if let Some(field) = target.field_mut(&name) {
                    match (merged.is_target, style) {
                        (false, Some(style)) => {
                            *field = style;
                            fields::replace(field, merged.node);
                        }
                        _ => *field = merged.node,
                    }
                }
            }
            Some(merged) => fields::put_field(&mut target, &name, merged.node)?,
        }
    }
    Ok(target)
}

/// A stand-in that keeps a scalar's style and places.
fn scalar_style(node: &Node) -> Option<Node> {
    match &node.kind {
        tautline_yaml::NodeKind::Scalar { style, .. } => {
            let mut stand_in = Node::new(tautline_yaml::NodeKind::Scalar {
                text: compact_str::CompactString::default(),
                style: *style,
            });
            stand_in.set_anchor(node.anchor().cloned());
            Some(stand_in)
        }
        _ => None,
    }
}

/// Takes a node's directive off the copy that is merged into: kyaml has one node where there are two here.
fn strip(node: &mut Node) {
    // The copy's mistakes are those of the original, which are reported.
    let _ = Directive::take(node);
}

fn associative<'s>(
    target: Option<Node>,
    mut patch: Option<Node>,
    keys: &[String],
    place: Option<At<'s>>,
    schemas: &'s Schemas,
) -> Result<Option<Merged>> {
    let items = place.and_then(At::items);
    let target = match target {
        Some(target) if !is_missing(Some(&target)) => {
            let directive = match &mut patch {
                None => Directive::Merge,
                Some(patch) if patch.is_null() => return Ok(None),
                Some(patch) => Directive::take(patch)?,
            };
            match directive {
                Directive::Delete => return Ok(None),
                Directive::Replace => patch.clone().unwrap_or(target),
                Directive::Merge => target,
            }
        }
        _ => match &patch {
            Some(patch) => patch.clone(),
            None => return Ok(None),
        },
    };
    list::merge(target, patch, keys, items, schemas).map(|list| list.map(Merged::of_target))
}
