//! Ownership written under an older schema: a map or list that is atomic now is owned as a whole.

use tautline_core::{FieldPath, PathElement};
use tautline_schema::TypeRef;

use super::shape::{Allowed, Shape, is_atomic_list, is_atomic_map};
use crate::FieldSet;

/// The set as the present schema has it; `None` if nothing changes.
pub(super) fn reconcile(set: &FieldSet, of: TypeRef<'_>) -> Option<FieldSet> {
    let mut wholes = FieldSet::new();
    walk(set, of, false, &mut FieldPath::root(), &mut wholes);
    (!wholes.is_empty()).then(|| set.recursive_difference(&wholes).union(&wholes))
}

fn walk(set: &FieldSet, of: TypeRef<'_>, whole: bool, at: &mut FieldPath, wholes: &mut FieldSet) {
    match Allowed::by(of).shape() {
        Shape::Scalar(_) => {}
        Shape::List if !whole && is_atomic_list(of) => wholes.insert(at),
        Shape::List => each(set, at, |element, below, whole, at| {
            if let Some(items) = of.items() {
                let _ = element;
                walk(below, items, whole, at, wholes);
            }
        }),
        // Types that are only deduced from values say nothing about atomic or not.
        Shape::Map if of.fields().len() == 0 && of.additional().is_some_and(TypeRef::is_untyped) => {}
        Shape::Map if !whole && is_atomic_map(of) => {
            if !set.is_empty() {
                wholes.insert(at);
            }
        }
        Shape::Map => each(set, at, |element, below, whole, at| {
            let of = match element {
                PathElement::Field(name) => of.field_key(name),
                _ => of.additional(),
            };
            if let Some(of) = of {
                walk(below, of, whole, at, wholes);
            }
        }),
    }
}

/// Visits what is below a node: each element with its own set, and whether it is owned as a whole.
fn each(
    set: &FieldSet,
    at: &mut FieldPath,
    mut visit: impl FnMut(&PathElement, &FieldSet, bool, &mut FieldPath),
) {
    let empty = FieldSet::new();
    for (element, below) in set.children() {
        at.push(element.clone());
        visit(element, below, false, at);
        at.pop();
    }
    for element in set.members().iter().filter(|member| set.child(member).is_none()) {
        at.push(element.clone());
        visit(element, &empty, true, at);
        at.pop();
    }
}
