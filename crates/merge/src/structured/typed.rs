//! [`Typed`]: a value that its type allows; and the set of everything in it.

use std::fmt;

use tautline_core::{Map, PathElement, Value};
use tautline_schema::{Format, Root, TypeKind, TypeRef};

use super::shape::{
    Allowed, Scalar, Shape, are_distinct, has_name, is_atomic_list, is_atomic_map, item_element, shape_of,
};
use crate::fieldset::compare as order;
use crate::{FieldSet, go_print};

/// A value with the type it was checked against.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) value: Value,
    pub(super) root: Root,
}

/// What a type does not allow, each with its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mismatch(Vec<(String, String)>);

impl Mismatch {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(vec![(String::new(), message.into())])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Says that all of it is below an element.
    pub(super) fn below(mut self, element: &PathElement) -> Self {
        if !self.0.is_empty() {
            let prefix = go_print::element(element);
            for (path, _) in &mut self.0 {
                path.insert_str(0, &prefix);
            }
        }
        self
    }

    pub(super) fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > 1 {
            f.write_str("errors:")?;
        }
        for (path, message) in &self.0 {
            let separator = if path.is_empty() { "" } else { ": " };
            if self.0.len() > 1 {
                f.write_str("\n  ")?;
            }
            write!(f, "{path}{separator}{message}")?;
        }
        Ok(())
    }
}

impl Typed {
    /// Checks a value. Duplicate items are refused in what is applied and allowed in what is stored.
    pub(super) fn check(value: Value, root: Root, duplicates: bool) -> Result<Self, Mismatch> {
        if !fits(&value, root.node(), duplicates) {
            validate(&value, root.node(), duplicates).into_result()?;
        }
        Ok(Self { value, root })
    }

    pub(super) fn fields(&self) -> FieldSet {
        collect(&self.value, self.root.node()).1
    }
}

/// Whether [`validate`] finds nothing, without the words for what it might find. Also `false` where that takes a
/// closer look.
pub(super) fn fits(value: &Value, of: TypeRef<'_>, duplicates: bool) -> bool {
    let allowed = Allowed::by(of);
    match value {
        Value::Null => true,
        Value::Map(map) if allowed.map => {
            let mut types = of.in_order();
            map.iter().all(|(key, item)| types.field(key).is_some_and(|of| fits(item, of, duplicates)))
        }
        Value::List(items) if allowed.list => {
            let is_atomic = is_atomic_list(of);
            (is_atomic
                || if duplicates {
                    items.iter().all(|item| has_name(of, item))
                } else {
                    are_distinct(of, items)
                })
                && of.items().is_none_or(|of| items.iter().all(|item| fits(item, of, duplicates)))
        }
        value => allowed.scalar.is_some_and(|scalar| scalar_fits(scalar, value)),
    }
}

/// Whether a value is a scalar that its type allows, null aside.
#[inline]
pub(super) fn leaf_fits(value: &Value, of: TypeRef<'_>) -> bool {
    match (value, of.kind()) {
        (Value::Null | Value::List(_) | Value::Map(_), _) | (_, TypeKind::Object | TypeKind::List) => false,
        (Value::Int(_) | Value::Float(_), TypeKind::Integer | TypeKind::Number)
        | (Value::String(_), TypeKind::String)
        | (Value::Bool(_), TypeKind::Boolean)
        | (_, TypeKind::Any | TypeKind::IntOrString | TypeKind::Quantity) => true,
        // Times, and whatever else has a format, may come as any scalar.
        (_, TypeKind::String) => !matches!(of.format(), Format::None | Format::Byte),
        (_, TypeKind::Integer | TypeKind::Number | TypeKind::Boolean) => false,
    }
}

#[inline]
pub(super) fn scalar_fits(scalar: Scalar, value: &Value) -> bool {
    match (scalar, value) {
        (_, Value::Null)
        | (Scalar::Numeric, Value::Int(_) | Value::Float(_))
        | (Scalar::String, Value::String(_))
        | (Scalar::Boolean, Value::Bool(_)) => true,
        (Scalar::Untyped, other) => !matches!(other, Value::List(_) | Value::Map(_)),
        _ => false,
    }
}

fn validate(value: &Value, of: TypeRef<'_>, duplicates: bool) -> Mismatch {
    match shape_of(of, value) {
        Shape::Scalar(scalar) => validate_scalar(scalar, Some(value), ""),
        Shape::List => validate_list(value, of, duplicates),
        Shape::Map => validate_map(value, of, duplicates),
    }
}

pub(super) fn validate_scalar(scalar: Scalar, value: Option<&Value>, prefix: &str) -> Mismatch {
    let Some(value) = value else { return Mismatch::default() };
    if scalar_fits(scalar, value) {
        return Mismatch::default();
    }
    let message = match (scalar, value) {
        (Scalar::Numeric, other) => {
            format!("expected numeric (int or float), got {}", go_print::type_name(other))
        }
        (Scalar::String, other) => {
            format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_print::source(other))
        }
        (Scalar::Boolean, other) => format!("expected boolean, got &{{{}}}", go_print::plain(other)),
        (Scalar::Untyped, other) => format!("expected any scalar, got &{{{}}}", go_print::plain(other)),
    };
    Mismatch::new(format!("{prefix}{message}"))
}

fn validate_list(value: &Value, of: TypeRef<'_>, duplicates: bool) -> Mismatch {
    let items = match value {
        Value::List(items) => items,
        Value::Null => return Mismatch::default(),
        other => return Mismatch::new(format!("expected list, got &{{{}}}", go_print::plain(other))),
    };
    let mut problems = Mismatch::default();
    let mut seen: Vec<PathElement> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let element = if is_atomic_list(of) {
            PathElement::Index(i)
        } else {
            match item_element(of, item) {
                Ok(element) => element,
                Err(message) => {
                    problems.extend(Mismatch::new(format!("element {i}: {message}")));
                    return problems;
                }
            }
        };
        if !duplicates && !is_atomic_list(of) {
            if let Err(at) = seen.binary_search_by(|other| order(other, &element)) {
                seen.insert(at, element.clone());
            } else {
                let name = go_print::element(&element);
                problems.extend(Mismatch::new(format!("duplicate entries for key {name}")));
            }
        }
        if let Some(items) = of.items() {
            problems.extend(validate(item, items, duplicates).below(&element));
        }
    }
    problems
}

fn validate_map(value: &Value, of: TypeRef<'_>, duplicates: bool) -> Mismatch {
    let map = match value {
        Value::Map(map) => map,
        Value::Null => return Mismatch::default(),
        other => return Mismatch::new(format!("expected map, got &{{{}}}", go_print::plain(other))),
    };
    let mut problems = Mismatch::default();
    for (key, item) in map {
        let element = PathElement::Field(key.clone());
        let Some(of) = of.field_key(key) else {
            // The first one ends the walk over this map, as on the server.
            problems.extend(Mismatch::new("field not declared in schema").below(&element));
            return problems;
        };
        problems.extend(validate(item, of, duplicates).below(&element));
    }
    problems
}

/// Whether a value is one leaf, and else what is in it.
fn collect(value: &Value, of: TypeRef<'_>) -> (bool, FieldSet) {
    match (shape_of(of, value), value) {
        (Shape::Scalar(_), _) => (true, FieldSet::new()),
        (Shape::List, _) if is_atomic_list(of) => (true, FieldSet::new()),
        (Shape::Map, _) if is_atomic_map(of) => (true, FieldSet::new()),
        (Shape::List, Value::List(items)) => (false, collect_items(items, of)),
        (Shape::Map, Value::Map(map)) => (false, collect_fields(map, of)),
        _ => (false, FieldSet::new()),
    }
}

fn collect_fields(map: &Map, of: TypeRef<'_>) -> FieldSet {
    let mut members = Vec::with_capacity(map.len());
    let mut children = Vec::new();
    let mut types = of.in_order();
    for (key, item) in map {
        let declared = types.declared(key);
        let Some(field) = declared.or_else(|| of.additional()) else { continue };
        let (is_leaf, below) = collect(item, field);
        let bare = match item {
            Value::Null => true,
            Value::Map(map) => map.is_empty(),
            _ => false,
        };
        if is_leaf || bare || declared.is_none() {
            members.push(PathElement::Field(key.clone()));
        }
        if !below.is_empty() {
            children.push((PathElement::Field(key.clone()), below));
        }
    }
    FieldSet::of_parts(members, children)
}

fn collect_items(items: &[Value], of: TypeRef<'_>) -> FieldSet {
    let named: Vec<_> = items.iter().filter_map(|item| Some((item_element(of, item).ok()?, item))).collect();
    let mut members: Vec<PathElement> = named.iter().map(|(element, _)| element.clone()).collect();
    members.sort_by(order);
    let twice: Vec<PathElement> = members
        .windows(2)
        .filter_map(|pair| (pair.first() == pair.last()).then(|| pair.first().cloned())?)
        .collect();
    let below = named.into_iter().filter_map(|(element, item)| {
        // Duplicates are owned as one item without leaves.
        let of = of.items().filter(|_| !twice.contains(&element))?;
        Some((element, collect(item, of).1)).filter(|(_, below)| !below.is_empty())
    });
    FieldSet::of_parts(members, below.collect())
}
