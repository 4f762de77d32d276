//! What is different between two values of one type.

use tautline_core::{FieldPath, PathElement, Value};
use tautline_schema::TypeRef;

use super::shape::{Allowed, Shape, aligned, are_distinct, is_atomic_list, is_atomic_map, item_element};
use super::typed::{Mismatch, Typed, validate_scalar};
use crate::FieldSet;

/// What became of the fields between an old and a new value. No path is in two of the sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) removed: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) added: FieldSet,
}

impl Comparison {
    pub(super) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.modified.is_empty() && self.added.is_empty()
    }
}

/// Compares two values of one type.
pub(super) fn compare(old: &Typed, new: &Typed) -> Result<Comparison, Mismatch> {
    let mut walk = Walk { at: FieldPath::root(), found: Comparison::default() };
    walk.compare(Some(&old.value), Some(&new.value), old.root.node()).into_result()?;
    Ok(walk.found)
}

/// Adds to what was found what is different between two values at a place.
pub(super) fn below(
    at: FieldPath,
    found: Comparison,
    old: Option<&Value>,
    new: &Value,
    of: TypeRef<'_>,
) -> Result<Comparison, Mismatch> {
    let mut walk = Walk { at, found };
    walk.compare(old, Some(new), of).into_result()?;
    Ok(walk.found)
}

struct Walk {
    at: FieldPath,
    found: Comparison,
}

type Side<'a> = Option<&'a Value>;

impl Walk {
    fn compare(&mut self, old: Side<'_>, new: Side<'_>, of: TypeRef<'_>) -> Mismatch {
        let allowed = Allowed::by(of);
        let (as_old, as_new) = (allowed.narrow(old), allowed.narrow(new));
        let (problems, leaf) = if new.is_none() {
            self.shaped(old, new, of, as_old.shape())
        } else if old.is_none() || as_old == as_new {
            self.shaped(old, new, of, as_new.shape())
        } else {
            // Another kind of value: what the old one held is compared, then what the new one holds.
            let (mut problems, _) = self.shaped(old, new, of, as_old.shape());
            let (more, leaf) = self.shaped(old, new, of, as_new.shape());
            problems.extend(more);
            (problems, leaf)
        };
        if !leaf {
            match (old, new) {
                (None, _) => self.found.added.insert(&self.at),
                (_, None) => self.found.removed.insert(&self.at),
                _ => {}
            }
        }
        problems
    }

    /// Compares as one shape and says whether that made the place a leaf.
    fn shaped(&mut self, old: Side<'_>, new: Side<'_>, of: TypeRef<'_>, shape: Shape) -> (Mismatch, bool) {
        match shape {
            Shape::Scalar(scalar) => {
                let mut problems = validate_scalar(scalar, old, "lhs: ");
                let more = validate_scalar(scalar, new, "rhs: ");
                if !problems.is_empty() && !more.is_empty() {
                    problems.extend(more);
                    return (problems, false);
                }
                self.leaf(old, new);
                (Mismatch::default(), true)
            }
            Shape::List => {
                let (a, b) = (items(old), items(new));
                if is_atomic_list(of) || (a.is_empty() && b.is_empty()) {
                    self.leaf(old, new);
                    return (Mismatch::default(), true);
                }
                if old.zip(new).is_some_and(|(a, b)| a.is_same(b)) {
                    return (Mismatch::default(), false);
                }
                (
                    if aligned(of, a, b) && are_distinct(of, b) {
                        self.aligned(a, b, of)
                    } else {
                        self.lists(a, b, of)
                    },
                    false,
                )
            }
            Shape::Map => {
                let empty = tautline_core::Map::new();
                let a = old.and_then(Value::as_map).unwrap_or(&empty);
                let b = new.and_then(Value::as_map).unwrap_or(&empty);
                if is_atomic_map(of) || (a.is_empty() && b.is_empty()) {
                    self.leaf(old, new);
                    return (Mismatch::default(), true);
                }
                if a.is_same(b) {
                    return (Mismatch::default(), false);
                }
                let mut problems = Mismatch::default();
                let mut types = of.in_order();
                for (key, old, new) in a.zip(b) {
                    if is_same(old, new) {
                        continue;
                    }
                    let element = PathElement::Field(key.clone());
                    let Some(of) = types.field(key) else {
                        problems.extend(Mismatch::new("schema error: invalid atom: inlined").below(&element));
                        continue;
                    };
                    problems.extend(self.descend(element, old, new, of));
                }
                (problems, false)
            }
        }
    }

    fn descend(&mut self, element: PathElement, old: Side<'_>, new: Side<'_>, of: TypeRef<'_>) -> Mismatch {
        if is_same(old, new) {
            return Mismatch::default();
        }
        self.at.push(element);
        let problems = self.compare(old, new, of);
        match self.at.pop() {
            Some(element) => problems.below(&element),
            None => problems,
        }
    }

    fn leaf(&mut self, old: Side<'_>, new: Side<'_>) {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.at),
            (_, None) => self.found.removed.insert(&self.at),
            (Some(a), Some(b)) if a != b => self.found.modified.insert(&self.at),
            _ => {}
        }
    }

    /// Lists with the same names in the same order.
    fn aligned(&mut self, old: &[Value], new: &[Value], of: TypeRef<'_>) -> Mismatch {
        let mut problems = Mismatch::default();
        let Some(items) = of.items() else { return problems };
        for (old, new) in old.iter().zip(new).filter(|(old, new)| !old.is_same(new)) {
            if let Ok(element) = item_element(of, new) {
                problems.extend(self.descend(element, Some(old), Some(new), items));
            }
        }
        problems
    }

    fn lists(&mut self, old: &[Value], new: &[Value], of: TypeRef<'_>) -> Mismatch {
        let mut problems = Mismatch::default();
        // Each name once, with the items that have it on either side.
        let mut named: Vec<(PathElement, Vec<&Value>, Vec<&Value>)> =
            Vec::with_capacity(old.len().max(new.len()));
        for (side, list) in [old, new].into_iter().enumerate() {
            for (i, item) in list.iter().enumerate() {
                let element = match item_element(of, item) {
                    Ok(element) => element,
                    Err(message) => {
                        problems.extend(Mismatch::new(format!("element {i}: {message}")));
                        continue;
                    }
                };
                let found = named.iter().position(|(e, ..)| *e == element).unwrap_or_else(|| {
                    named.push((element, Vec::new(), Vec::new()));
                    named.len() - 1
                });
                if let Some((_, a, b)) = named.get_mut(found) {
                    if side == 0 { a.push(item) } else { b.push(item) }
                }
            }
        }
        let Some(items) = of.items() else { return problems };
        for (element, a, b) in named {
            problems.extend(self.item(element, &a, &b, items));
        }
        problems
    }

    /// Duplicates count as one value: they appear, disappear or change as a whole.
    fn item(&mut self, element: PathElement, old: &[&Value], new: &[&Value], of: TypeRef<'_>) -> Mismatch {
        let marked = self.at.with(element.clone());
        match (old, new) {
            (old, new) if old.len() <= 1 && new.len() <= 1 => {
                self.descend(element, old.first().copied(), new.first().copied(), of)
            }
            (old, new) if old.len() >= 2 && new.len() >= 2 => {
                if old != new {
                    self.found.modified.insert(&marked);
                }
                Mismatch::default()
            }
            (old, new) if old.len() >= 2 => {
                let problems = match new.first() {
                    Some(new) => self.descend(element, None, Some(new), of),
                    None => Mismatch::default(),
                };
                self.found.removed.insert(&marked);
                problems
            }
            (old, _) => {
                let problems = match old.first() {
                    Some(old) => self.descend(element, Some(old), None, of),
                    None => Mismatch::default(),
                };
                self.found.added.insert(&marked);
                problems
            }
        }
    }
}

fn is_same(old: Side<'_>, new: Side<'_>) -> bool {
    old.zip(new).is_some_and(|(old, new)| old.is_same(new))
}

fn items(side: Side<'_>) -> &[Value] {
    match side {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}
