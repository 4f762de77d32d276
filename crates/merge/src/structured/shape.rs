//! How structured merge sees a value: as a scalar, a list or a map, by its type and by what it is.

use tautline_core::{Key, PathElement, Value};
use tautline_schema::{Format, ListType, MapType, TypeKind, TypeRef};

/// What a type allows. Several at once where the schema names no type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) scalar: Option<Scalar>,
    pub(super) list: bool,
    pub(super) map: bool,
}

/// Kinds of scalars that structured merge tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Numeric,
    String,
    Boolean,
    Untyped,
}

/// The one thing a value is treated as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Map,
    Scalar(Scalar),
    List,
}

impl Allowed {
    pub(super) fn by(of: TypeRef<'_>) -> Self {
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
    pub(super) fn narrow(self, value: Option<&Value>) -> Self {
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
    pub(super) fn shape(self) -> Shape {
        match (self.map, self.scalar) {
            (true, _) => Shape::Map,
            (false, Some(scalar)) => Shape::Scalar(scalar),
            (false, None) => Shape::List,
        }
    }
}

pub(super) fn shape_of(of: TypeRef<'_>, value: &Value) -> Shape {
    Allowed::by(of).narrow(Some(value)).shape()
}

pub(super) fn is_atomic_map(of: TypeRef<'_>) -> bool {
    of.map_type() == MapType::Atomic
}

pub(super) fn is_atomic_list(of: TypeRef<'_>) -> bool {
    of.list_type() == ListType::Atomic
}

/// The name of an item in a set or a keyed list.
///
/// # Errors
/// The server's words for items that have none.
pub(super) fn item_element(of: TypeRef<'_>, item: &Value) -> Result<PathElement, String> {
    let ListType::Map(keys) = of.list_type() else { return set_element(item) };
    let fields = match item {
        Value::Map(fields) => fields,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let value_of = |key: &Key| {
        let given = fields.get(key).cloned();
        let value =
            given.or_else(|| of.items()?.declared_key(key)?.default().filter(|d| !d.is_null()).cloned());
        value.map(|value| (key.clone(), value))
    };
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
