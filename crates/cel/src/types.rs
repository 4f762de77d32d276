//! What can be told of an expression's value before it is evaluated.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The static type of a value, as far as it can be told from the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Anything; only evaluating it shows.
    Dyn,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number with a sign.
    Int,
    /// A whole number without one.
    Uint,
    /// A floating-point number.
    Double,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// A moment.
    Timestamp,
    /// A span of time.
    Duration,
    /// A list and what its items are.
    List(Box<Type>),
    /// A map and what its keys and values are.
    Map(Box<Type>, Box<Type>),
    /// `optional.of(…)` or `optional.none()`.
    Optional(Box<Type>),
    /// A type as a value: `int`, `type(x)`.
    Type(Box<Type>),
    /// An object with known fields.
    Object(Arc<ObjectType>),
}

/// A type with a name and fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectType {
    /// The name that messages print.
    pub name: String,
    /// The fields and what they are; `None` where any field may be asked for.
    pub fields: Option<BTreeMap<String, Type>>,
}

impl Type {
    /// A list of items of one type.
    pub fn list(items: Type) -> Self {
        Self::List(Box::new(items))
    }

    /// A map from text to values of one type.
    pub fn map(values: Type) -> Self {
        Self::Map(Box::new(Self::String), Box::new(values))
    }

    /// An object of exactly these fields.
    pub fn object(name: &str, fields: impl IntoIterator<Item = (String, Type)>) -> Self {
        Self::Object(Arc::new(ObjectType {
            name: name.to_owned(),
            fields: Some(fields.into_iter().collect()),
        }))
    }

    /// An object of which only the name is known.
    pub fn opaque(name: &str) -> Self {
        Self::Object(Arc::new(ObjectType { name: name.to_owned(), fields: None }))
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn)
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Whether a value of one type may stand where the other is wanted.
    pub(crate) fn fits(&self, wanted: &Type) -> bool {
        match (self, wanted) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::List(a), Self::List(b)) | (Self::Optional(a), Self::Optional(b)) => a.fits(b),
            (Self::Map(a, x), Self::Map(b, y)) => a.fits(b) && x.fits(y),
            (Self::Type(_), Self::Type(_)) => true,
            // Whatever is no plain scalar may be null.
            (Self::Null, Self::Object(_) | Self::Timestamp | Self::Duration)
            | (Self::Object(_) | Self::Timestamp | Self::Duration, Self::Null) => true,
            (a, b) => a == b,
        }
    }

    /// The type of either of two values.
    pub(crate) fn join(&self, other: &Type) -> Type {
        if self == other { self.clone() } else { Self::Dyn }
    }

    /// As complaints about overloads print it: `timestamp`, where a result's type is `google.protobuf.Timestamp`.
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::List(of) => format!("list({})", of.short()),
            Self::Map(key, of) => format!("map({}, {})", key.short(), of.short()),
            Self::Optional(of) => format!("optional_type({})", of.short()),
            Self::Type(of) => format!("type({})", of.short()),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null_type"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("google.protobuf.Timestamp"),
            Self::Duration => f.write_str("google.protobuf.Duration"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Map(key, of) => write!(f, "map({key}, {of})"),
            Self::Optional(of) => write!(f, "optional_type({of})"),
            Self::Type(of) => write!(f, "type({of})"),
            Self::Object(object) => f.write_str(&object.name),
        }
    }
}

/// What an expression may name.
#[derive(Clone, Debug, Default)]
pub struct Declarations {
    /// Variables and what they are.
    pub variables: BTreeMap<String, Type>,
    /// What `variables.NAME` may name: expressions that were composed before; `None` where there is no `variables`.
    pub composed: Option<BTreeMap<String, Type>>,
    /// Whether `Object{…}`, `Object.spec{…}` and `JSONPatch{…}` may be built.
    pub builds_objects: bool,
}
