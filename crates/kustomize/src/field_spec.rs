//! Field specs: paths to fields of certain kinds, and the walk that applies a change to each.

use compact_str::CompactString;
use tautline_yaml::{Node, NodeKind};

use crate::error::{During, Error, Result};
use crate::fields::{self, split_path};
use crate::resource::{Gvk, Id, identify};

/// Where to look in objects of a group, version and kind, and whether to make the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    pub(crate) gvk: Gvk,
    pub(crate) path: CompactString,
    pub(crate) create: bool,
    parts: Vec<CompactString>,
}

impl FieldSpec {
    pub(crate) fn new(gvk: Gvk, path: &str, create: bool) -> Self {
        let parts = split_path(path, '/').iter().map(CompactString::from).collect();
        Self { gvk, path: path.into(), create, parts }
    }

    /// Whether this one covers another that comes later.
    fn covers(&self, other: &Self) -> bool {
        self.path == other.path && self.gvk.is_selected_by(&other.gvk)
    }
}

/// What is made of a field that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Create {
    /// Nothing, whatever the spec says.
    Never,
    Map,
    /// A scalar, to be set.
    Scalar,
}

/// Adds a spec to others unless one covers it.
pub(crate) fn merge_one(specs: &mut Vec<FieldSpec>, new: &FieldSpec) -> Result<()> {
    match specs.iter().find(|spec| spec.covers(new)) {
        Some(spec) if spec.create != new.create => {
            Err(Error::Configuration("conflicting fieldspecs".to_owned()))
        }
        Some(_) => Ok(()),
        None => {
            specs.push(new.clone());
            Ok(())
        }
    }
}

pub(crate) fn merge_all(specs: &mut Vec<FieldSpec>, new: &[FieldSpec]) -> Result<()> {
    new.iter().try_for_each(|spec| merge_one(specs, spec))
}

/// A change of one field.
pub(crate) type Change<'c> = dyn FnMut(&mut Node) -> Result<()> + 'c;

/// Applies a change to every field that specs name in an object, those of them that are for its kind.
pub(crate) fn apply_all(
    object: &mut Node,
    specs: &[FieldSpec],
    create: Create,
    change: &mut Change<'_>,
) -> Result<()> {
    // Looked up once: there may be dozens of specs.
    let text =
        |field: &str| CompactString::from(object.field(field).and_then(Node::as_str).unwrap_or_default());
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (group, version) = crate::resource::split_api_version(&api_version);
    let fits = |part: &str, wanted: &str| wanted.is_empty() || part == wanted;
    let is_for = |gvk: &Gvk| fits(&kind, &gvk.kind) && fits(group, &gvk.group) && fits(version, &gvk.version);
    specs
        .iter()
        .filter(|spec| is_for(&spec.gvk))
        .try_for_each(|spec| apply_unselected(object, spec, create, change))
}

/// Applies a change to every field that one spec names; see [`apply_all`].
pub(crate) fn apply(
    object: &mut Node,
    spec: &FieldSpec,
    create: Create,
    change: &mut Change<'_>,
) -> Result<()> {
    apply_all(object, std::slice::from_ref(spec), create, change)
}

/// [`apply`] for an object that is known to be of the right kind.
pub(crate) fn apply_unselected(
    object: &mut Node,
    spec: &FieldSpec,
    create: Create,
    change: &mut Change<'_>,
) -> Result<()> {
    let create = if spec.create { create } else { Create::Never };
    let result = walk(object, &spec.parts, create, change);
    result.during(|| format!("considering field '{}' of object {}", spec.path, shown(object)))
}

/// An object's identity as these messages show it.
fn shown(object: &Node) -> Id {
    let id = identify(object);
    Id { cluster_scoped: false, ..id }
}

fn walk(node: &mut Node, path: &[CompactString], create: Create, change: &mut Change<'_>) -> Result<()> {
    let Some((part, rest)) = path.split_first() else {
        return change(node);
    };
    if node.is_null() {
        return Ok(());
    }
    match &mut node.kind {
        NodeKind::List { items, .. } => {
            for item in items {
                walk(item, path, create, change)
                    .during(|| format!("visit traversal on path: [{}]", path.join(" ")))?;
            }
            Ok(())
        }
        NodeKind::Map { .. } => step(node, part, rest, create, change),
        _ => Err(Error::Field("expected sequence or mapping node".to_owned())),
    }
}

/// One step from a map to its field.
fn step(
    node: &mut Node,
    part: &str,
    rest: &[CompactString],
    create: Create,
    change: &mut Change<'_>,
) -> Result<()> {
    let (name, is_list) = match part.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (part, false),
    };
    if name.is_empty() {
        return Err(Error::Field("cannot set or create an empty field name".to_owned()));
    }
    let make = match create {
        _ if is_list => None,
        Create::Never => None,
        _ if !rest.is_empty() => Some(Node::map()),
        Create::Map => Some(Node::map()),
        Create::Scalar => Some(Node::plain("")),
    };
    let field = match make.clone() {
        Some(made) => Some(fields::field_or_insert(node, name, || made)?),
        None => node.field_mut(name),
    };
    let Some(field) = field else { return Ok(()) };
    if field.is_null() {
        // What would have been made replaces null; a list is taken for an empty one.
        match make {
            Some(made) => *field = made,
            None if is_list => *field = Node::list(),
            None => {}
        }
    }
    walk(field, rest, create, change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_yaml::{Options, nodes, write_canonical};

    fn check(object: &str, path: &str, create: bool, expect: &str) {
        let mut node = nodes(object, &Options::default()).unwrap().remove(0);
        let spec = FieldSpec::new(Gvk::default(), path, create);
        let mut set = |node: &mut Node| fields::set_scalar(node, "new", "!!str");
        apply(&mut node, &spec, Create::Scalar, &mut set).unwrap();
        assert_eq!(write_canonical(&node).unwrap(), expect);
    }

    #[test]
    fn fields_are_found_in_lists_and_made_where_asked() {
        check("a: [{b: 1}, {b: 2}, {c: 3}]", "a/b", false, "a:\n- b: new\n- b: new\n- c: 3\n");
        check("a: {}", "a/b/c", true, "a:\n  b:\n    c: new\n");
        check("a: {}", "a/b/c", false, "a: {}\n");
        check("a: null", "a/b", true, "a:\n  b: new\n");
        check("a: null", "a[]/b", true, "a: []\n");
    }
}
