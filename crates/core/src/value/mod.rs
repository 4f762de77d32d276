//! [`Value`]: the tree every manifest and every live object is made of.

mod block;
mod digest;
mod draft;
mod entries;
mod json;
mod json_error;
mod json_stack;
mod json_write;
mod key;
mod known;
mod list;
mod macros;
mod map;
mod packed;
mod serde_impl;

use std::fmt;

use lean_string::LeanStr;

pub use digest::Digest;
pub use draft::MapDraft;
pub use entries::Entries;
pub use json_error::{JsonError, JsonErrorKind};
pub use key::Key;
pub use list::List;
pub use map::Map;
pub use packed::{PackError, Packed};

/// Text that is not changed in place. Up to 16 bytes lie in it, longer text is shared by its clones.
pub type Text = LeanStr;

/// A text made of another one. Short ones, which most are, take neither a call nor a check.
#[inline(always)]
fn text_of(text: &str) -> Text {
    match text.len() {
        ..=16 => Text::from(text),
        _ => long_text_of(text),
    }
}

#[inline(never)]
fn long_text_of(text: &str) -> Text {
    Text::from(text)
}

/// Whether two texts are the same. Short ones, which most are, are compared by words that may overlap, without a call.
#[inline]
fn is_same_text(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        17.. => a == b,
        8.. => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        4.. => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        _ => a.iter().zip(b).all(|(a, b)| a == b),
    }
}

/// What a manifest or a live object is made of: JSON's values with Kubernetes' two kinds of numbers.
///
/// A node takes 16 bytes, short strings included. Clones share lists, maps and long strings. Two values are equal when
/// the API server would see no difference: maps compare by content, and `1` equals `1.0`.
#[derive(Clone, Default)]
pub enum Value {
    /// JSON `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number written without fraction or exponent that fits 64 bits.
    Int(i64),
    /// Any other number. Never infinite and never NaN when it came from JSON or YAML.
    Float(f64),
    /// A string.
    String(Text),
    /// A list.
    List(List),
    /// A map with sorted keys.
    Map(Map),
}

impl Value {
    /// An empty map.
    pub fn map() -> Self {
        Self::Map(Map::new())
    }

    /// An empty list.
    pub fn list() -> Self {
        Self::List(List::new())
    }

    /// A string.
    pub fn string(text: impl Into<Text>) -> Self {
        Self::String(text.into())
    }

    /// Whether this is null.
    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a string.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if this is one (a float with an integral value is not).
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The number as a float, whichever kind it is.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Float(n) => Some(*n),
            _ => None,
        }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The map.
    #[inline]
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map, to change in place.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list.
    #[inline]
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The list, to change in place.
    pub fn as_list_mut(&mut self) -> Option<&mut List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The value at a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The value at a key, to change in place, if this is a map that has it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_map_mut()?.get_mut(key)
    }

    /// The value below a chain of keys: `value.at(&["spec", "template", "spec"])`.
    pub fn at(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text below a chain of keys.
    pub fn str_at(&self, keys: &[&str]) -> Option<&str> {
        self.at(keys)?.as_str()
    }

    /// The integer below a chain of keys.
    pub fn i64_at(&self, keys: &[&str]) -> Option<i64> {
        self.at(keys)?.as_i64()
    }

    /// The values of the list below a chain of keys; empty if there is none.
    pub fn list_at(&self, keys: &[&str]) -> &[Value] {
        match self.at(keys) {
            Some(Self::List(list)) => list,
            _ => &[],
        }
    }

    /// Whether two values are known to be equal without walking them: one list or map in memory, or equal scalars.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => a.is_same(b),
            (Self::Map(a), Self::Map(b)) => a.is_same(b),
            (Self::String(a), Self::String(b)) => is_same_text(a.as_bytes(), b.as_bytes()),
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Null, Self::Null) => true,
            _ => false,
        }
    }

    /// The word for this kind of value in messages: "null", "boolean", "integer", …
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

impl PartialEq for Value {
    // Inlined into the comparisons of lists and maps, which call each other: most values are leaves.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match self {
            Self::String(a) => matches!(other, Self::String(b) if is_same_text(a.as_bytes(), b.as_bytes())),
            Self::Map(a) => matches!(other, Self::Map(b) if a == b),
            Self::List(a) => matches!(other, Self::List(b) if a == b),
            Self::Null => matches!(other, Self::Null),
            Self::Bool(a) => matches!(other, Self::Bool(b) if a == b),
            Self::Int(a) => match other {
                Self::Int(b) => a == b,
                Self::Float(b) => integral(*b) == Some(*a),
                _ => false,
            },
            Self::Float(a) => match other {
                Self::Float(b) => a == b || (a.is_nan() && b.is_nan()),
                Self::Int(b) => integral(*a) == Some(*b),
                _ => false,
            },
        }
    }
}

impl Eq for Value {}

/// The integer a float stands for, if it is one within 64 bits.
fn integral(n: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (n.fract() == 0.0 && (-LIMIT..LIMIT).contains(&n)).then_some(n as i64)
}

impl fmt::Debug for Value {
    /// Prints the shape, never a scalar: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => list.fmt(f),
            Self::Map(map) => map.fmt(f),
            scalar => write!(f, "<{}>", scalar.kind_name()),
        }
    }
}

macro_rules! from {
    ($($from:ty => |$v:ident| $into:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from($v: $from) -> Self { $into }
        }
    )*};
}

from! {
    bool => |v| Self::Bool(v),
    i32 => |v| Self::Int(v.into()),
    u16 => |v| Self::Int(v.into()),
    u32 => |v| Self::Int(v.into()),
    i64 => |v| Self::Int(v),
    f64 => |v| Self::Float(v),
    &str => |v| Self::String(v.into()),
    String => |v| Self::String(v.into()),
    &String => |v| Self::String(v.as_str().into()),
    Text => |v| Self::String(v),
    &Text => |v| Self::String(v.clone()),
    &Key => |v| Self::String(v.as_str().into()),
    List => |v| Self::List(v),
    Map => |v| Self::Map(v),
    &Value => |v| v.clone(),
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_takes_16_bytes() {
        assert_eq!([size_of::<Value>(), size_of::<List>(), size_of::<Map>()], [16, 8, 8]);
    }

    #[test]
    fn texts_are_compared_to_their_last_byte() {
        let text = "abcdefghijklmnopqrstuvwxyz".as_bytes();
        for len in 0..text.len() {
            let a = text.get(..len).unwrap();
            let again = a.to_vec();
            assert!(is_same_text(a, &again), "{len}");
            assert!(!is_same_text(a, text.get(..len + 1).unwrap()), "{len}");
            for at in 0..len {
                let mut b = a.to_vec();
                b[at] = b'!';
                assert!(!is_same_text(a, &b), "{len} {at}");
            }
        }
    }

    #[test]
    fn debug_shows_no_scalar() {
        let value = crate::value!({ "password": "hunter2", "n": [1, null] });
        assert_eq!(format!("{value:?}"), r#"{"n": [<integer>, <null>], "password": <string>}"#);
    }

    #[test]
    fn numbers_compare_as_the_api_server_does() {
        assert_eq!(Value::Int(1), Value::Float(1.0));
        assert_ne!(Value::Int(i64::MAX), Value::Float(i64::MAX as f64));
        assert_ne!(Value::Int(1), Value::string("1"));
    }
}
