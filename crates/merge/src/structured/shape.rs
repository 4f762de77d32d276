//! How structured merge sees a value: as a scalar, a list or a map, by its type and by what it is.

use tautline_core::{Key, Map, PathElement, Value};
use tautline_schema::{Format, ListType, MapType, TypeKind, TypeRef};

/// What a type allows. Several at once where the schema names no type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) scalar: Option<Scalar>,
    pub(crate) list: bool,
    pub(crate) map: bool,
}

/// Kinds of scalars that structured merge tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Numeric,
    String,
    Boolean,
    Untyped,
}

/// The one thing a value is treated as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Map,
    Scalar(Scalar),
    List,
}

impl Allowed {
    #[inline]
    pub(crate) fn by(of: TypeRef<'_>) -> Self {
        let (scalar, list, map) = match of.kind() {
            TypeKind::Object => (None, false, true),
            TypeKind::List => (None, true, false),
            TypeKind::Integer | TypeKind::Number => (Some(Scalar::Numeric), false, false),
            TypeKind::Boolean => (Some(Scalar::Boolean), false, false),
            TypeKind::String if matches!(of.format(), Format::None | Format::Byte) => {
                (Some(Scalar::String), false, false)
            }
            // Times, and whatever else has a format, may come as any scalar.
            TypeKind::String | TypeKind::Quantity => (Some(Scalar::Untyped), false, false),
            TypeKind::Any | TypeKind::IntOrString => (Some(Scalar::Untyped), true, true),
        };
        Self { scalar, list, map }
    }

    /// Narrows to what the value is, if that is allowed at all.
    pub(crate) fn narrow(self, value: Option<&Value>) -> Self {
        let none = Self { scalar: None, list: false, map: false };
        match value {
            Some(Value::Map(_)) if self.map => Self { map: true, ..none },
            Some(Value::List(_)) if self.list => Self { list: true, ..none },
            Some(Value::Map(_) | Value::List(_) | Value::Null) | None => self,
            Some(_) if self.scalar.is_some() => Self { scalar: self.scalar, ..none },
            Some(_) => self,
        }
    }

    /// What a value is treated as where several are allowed: a map first.
    pub(crate) fn shape(self) -> Shape {
        match (self.map, self.scalar) {
            (true, _) => Shape::Map,
            (false, Some(scalar)) => Shape::Scalar(scalar),
            (false, None) => Shape::List,
        }
    }
}

pub(crate) fn shape_of(of: TypeRef<'_>, value: &Value) -> Shape {
    Allowed::by(of).narrow(Some(value)).shape()
}

pub(crate) fn is_atomic_map(of: TypeRef<'_>) -> bool {
    of.map_type() == MapType::Atomic
}

pub(crate) fn is_atomic_list(of: TypeRef<'_>) -> bool {
    of.list_type() == ListType::Atomic
}

/// Whether an item has a name in a set or a keyed list.
pub(crate) fn has_name(of: TypeRef<'_>, item: &Value) -> bool {
    match (of.list_type(), item) {
        (ListType::Map(keys), Value::Map(fields)) => {
            keys.iter().any(|key| name_part(of, fields, key).is_some())
        }
        (ListType::Map(_), _) => false,
        (_, item) => !matches!(item, Value::Map(_) | Value::List(_) | Value::Null),
    }
}

/// Whether the items of two lists have the same names in the same order. Also `false` where that takes a closer look.
pub(crate) fn aligned(of: TypeRef<'_>, a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_name(of, a, b))
}

/// How the items of two lists that have the same names in the same order, each one of its own, are named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    of: TypeRef<'a>,
    /// By a text each, and there are only a few.
    are_texts: bool,
}

impl<'a> Names<'a> {
    /// The text that names an item, if that is what names it.
    #[inline]
    pub(crate) fn text(self, item: &'a Value) -> Option<&'a str> {
        if self.are_texts { text_of(self.of, item) } else { None }
    }
}

/// The one text that names an item.
#[inline]
fn text_of<'a>(of: TypeRef<'a>, item: &'a Value) -> Option<&'a str> {
    match of.list_type() {
        ListType::Map([key]) => name_part(of, item.as_map()?, key)?.as_str(),
        ListType::Set => item.as_str(),
        _ => None,
    }
}

/// The names of two lists that have the same in the same order, each one of its own. Also `None` where that takes a
/// closer look.
pub(crate) fn aligned_and_distinct<'a>(of: TypeRef<'a>, a: &[Value], b: &[Value]) -> Option<Names<'a>> {
    let by_texts = by_texts(of, a, b);
    let is_it = by_texts.unwrap_or_else(|| aligned(of, a, b) && are_distinct(of, b));
    is_it.then_some(Names { of, are_texts: by_texts.is_some() })
}

/// How many items are told apart by comparing each with each.
const FEW: usize = 16;

/// [`aligned_and_distinct`] for a few items that are named by one text; nothing for others.
fn by_texts(of: TypeRef<'_>, a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() > FEW || a.len() != b.len() {
        return None;
    }
    let mut names = [""; FEW];
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let name = text_of(of, b)?;
        if text_of(of, a)? != name || names.iter().take(i).any(|other| is_same_text(other, name)) {
            return Some(false);
        }
        *names.get_mut(i)? = name;
    }
    Some(true)
}

/// Equality of texts that most of the time are as long and end otherwise.
#[inline]
fn is_same_text(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.as_bytes().last() == b.as_bytes().last() && a == b
}

/// Whether every item has a name of its own. Also `false` where that takes a closer look.
pub(crate) fn are_distinct(of: TypeRef<'_>, items: &[Value]) -> bool {
    if let [only] = items {
        return has_name(of, only) && same_name(of, only, only);
    }
    if !items.iter().all(|item| has_name(of, item)) {
        return false;
    }
    let text = |item| match of.list_type() {
        ListType::Map([key, ..]) => name_part(of, Value::as_map(item)?, key)?.as_str(),
        _ => Value::as_str(item),
    };
    if items.len() > FEW / 2
        && let Some(mut texts) = items.iter().map(text).collect::<Option<Vec<&str>>>()
    {
        texts.sort_unstable();
        if texts.windows(2).all(|pair| pair.first() != pair.last()) {
            return true;
        }
    }
    const SOME: usize = 32;
    items.len() <= SOME
        && items.iter().enumerate().all(|(i, a)| items.iter().take(i).all(|b| !same_name(of, a, b)))
        && items.iter().all(|item| same_name(of, item, item))
}

/// Whether two items have one name. Never so for numbers that are not whole: their order has a say.
pub(crate) fn same_name(of: TypeRef<'_>, a: &Value, b: &Value) -> bool {
    let is_same = |a: &Value, b: &Value| !matches!(a, Value::Float(_)) && a == b;
    match (of.list_type(), a, b) {
        (ListType::Map(keys), Value::Map(a), Value::Map(b)) => {
            let mut named = false;
            keys.iter().all(|key| match (name_part(of, a, key), name_part(of, b, key)) {
                (None, None) => true,
                (Some(a), Some(b)) => {
                    named = true;
                    is_same(a, b)
                }
                _ => false,
            }) && named
        }
        (ListType::Map(_), ..) => false,
        (_, a, b) => !matches!(a, Value::Map(_) | Value::List(_) | Value::Null) && is_same(a, b),
    }
}

/// What a key says in the name of an item.
#[inline]
pub(crate) fn name_part<'v>(of: TypeRef<'v>, fields: &'v Map, key: &Key) -> Option<&'v Value> {
    match fields.get_key(key) {
        Some(value) => Some(value),
        None => of.items()?.declared_key(key)?.default().filter(|default| !default.is_null()),
    }
}

/// The name of an item in a set or a keyed list.
///
/// # Errors
/// The server's words for items that have none.
pub(crate) fn item_element(of: TypeRef<'_>, item: &Value) -> Result<PathElement, String> {
    let ListType::Map(keys) = of.list_type() else { return set_element(item) };
    let fields = match item {
        Value::Map(fields) => fields,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let value_of = |key: &Key| name_part(of, fields, key).map(|value| (key.clone(), value.clone()));
    let found: tautline_core::Map = keys.iter().filter_map(value_of).collect();
    if found.is_empty() {
        let names: Vec<String> = keys.iter().map(|k| crate::go_print::quote(k)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            names.join(" ")
        ));
    }
    Ok(PathElement::Item(found))
}

fn set_element(item: &Value) -> Result<PathElement, String> {
    let problem = match item {
        Value::Map(_) => "associative list without keys has an element that's a map type",
        Value::List(_) => "not supported: associative list with lists as elements",
        Value::Null => "associative list without keys has an element that's an explicit null",
        scalar => return Ok(PathElement::Value(scalar.clone())),
    };
    Err(problem.to_owned())
}
