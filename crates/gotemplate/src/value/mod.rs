//! [`Value`]: what a template works with.

mod convert;
mod host;
mod list;
mod map;
mod number;
mod text;

use std::fmt;
use std::sync::Arc;

pub use convert::NotConvertible;
pub use host::{Host, Kind};
pub use list::{Elem, List};
pub(crate) use map::WeakMap;
pub use map::{Map, MapType};
pub use number::Number;
pub use text::Str;

use crate::Function;

/// A value with the Go type a template sees.
///
/// Clones are cheap and share: a cloned map is the same map. Numbers keep their Go type, because templates
/// show it: `eq 1 1.0` is an error and `printf "%d" 1.0` prints `%!d(float64=1)`.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// No value at all: what an absent key gives once it has gone through a pipeline. Prints `<no value>`.
    #[default]
    NoValue,
    /// Go's nil in an `interface {}`: a YAML null, an absent key.
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `float64`.
    Float(f64),
    /// A number of another type.
    Number(Number),
    /// `complex128`: real and imaginary part.
    Complex(Arc<(f64, f64)>),
    /// `string`.
    String(Str),
    /// `[]byte`.
    Bytes(Arc<[u8]>),
    /// A slice.
    List(List),
    /// A map from strings.
    Map(Map),
    /// An object of the embedder.
    Host(Arc<dyn Host>),
    /// A function, for `call`.
    Function(Arc<Function>),
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<Str>) -> Self {
        Self::String(text.into())
    }

    /// An `int64`.
    pub const fn int64(n: i64) -> Self {
        Self::Number(Number::Int64(n))
    }

    /// A `complex128`.
    pub fn complex(real: f64, imaginary: f64) -> Self {
        Self::Complex(Arc::new((real, imaginary)))
    }

    /// An object of the embedder.
    pub fn host(object: impl Host) -> Self {
        Self::Host(Arc::new(object))
    }

    /// Whether it is nil or no value.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil | Self::NoValue)
    }

    /// The string.
    pub fn as_string(&self) -> Option<&Str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The map.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// A signed integer of any size.
    pub fn as_signed(&self) -> Option<i64> {
        match self {
            Self::Int(n) | Self::Number(Number::Int64(n)) => Some(*n),
            Self::Number(Number::Int32(n)) => Some((*n).into()),
            Self::Number(Number::Int16(n)) => Some((*n).into()),
            Self::Number(Number::Int8(n)) => Some((*n).into()),
            _ => None,
        }
    }

    /// An unsigned integer of any size.
    pub fn as_unsigned(&self) -> Option<u64> {
        match self {
            Self::Number(Number::Uint(n) | Number::Uint64(n)) => Some(*n),
            Self::Number(Number::Uint32(n)) => Some((*n).into()),
            Self::Number(Number::Uint16(n)) => Some((*n).into()),
            Self::Number(Number::Uint8(n)) => Some((*n).into()),
            _ => None,
        }
    }

    /// A float of either size.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(n) => Some(*n),
            Self::Number(Number::Float32(n)) => Some((*n).into()),
            _ => None,
        }
    }

    /// The embedder's object of a type.
    pub fn as_host<T: Host>(&self) -> Option<&T> {
        match self {
            Self::Host(host) => host.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// Go's `reflect.Kind`.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoValue | Self::Nil => Kind::Invalid,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float64,
            Self::Number(Number::Int8(_)) => Kind::Int8,
            Self::Number(Number::Int16(_)) => Kind::Int16,
            Self::Number(Number::Int32(_)) => Kind::Int32,
            Self::Number(Number::Int64(_)) => Kind::Int64,
            Self::Number(Number::Uint(_)) => Kind::Uint,
            Self::Number(Number::Uint8(_)) => Kind::Uint8,
            Self::Number(Number::Uint16(_)) => Kind::Uint16,
            Self::Number(Number::Uint32(_)) => Kind::Uint32,
            Self::Number(Number::Uint64(_)) => Kind::Uint64,
            Self::Number(Number::Float32(_)) => Kind::Float32,
            Self::Complex(_) => Kind::Complex128,
            Self::String(_) => Kind::String,
            Self::Bytes(_) | Self::List(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Host(host) => host.kind(),
            Self::Function(_) => Kind::Func,
        }
    }

    /// The type's name as `%T` prints it: `map[string]interface {}`. `<nil>` for nil.
    pub fn type_name(&self) -> String {
        match self {
            Self::NoValue | Self::Nil => "<nil>".to_owned(),
            Self::List(list) => format!("[]{}", list.elem().name()),
            Self::Bytes(_) => "[]uint8".to_owned(),
            Self::Map(map) => match map.type_name() {
                Some(name) => name.to_owned(),
                None => format!("map[string]{}", map.elem().name()),
            },
            Self::Host(host) => host.type_name().to_owned(),
            Self::Function(function) => function.type_name(),
            scalar => scalar.kind().name().to_owned(),
        }
    }

    /// Go's truth: empty strings, lists and maps, zero, false and nil are false.
    pub fn is_true(&self) -> bool {
        match self {
            Self::NoValue | Self::Nil => false,
            Self::Bool(b) => *b,
            Self::Int(n) => *n != 0,
            Self::Float(n) => *n != 0.0,
            Self::Number(Number::Float32(n)) => *n != 0.0,
            Self::Number(_) => self.as_signed() != Some(0) && self.as_unsigned() != Some(0),
            Self::Complex(c) => **c != (0.0, 0.0),
            Self::String(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Host(host) => match host.kind() {
                Kind::Map | Kind::Slice => !host.entries().is_empty(),
                _ => true,
            },
            Self::Function(_) => true,
        }
    }

    /// Whether it holds other values.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }
}

/// Drops values without recursion, however deep they nest.
fn take_apart(values: &mut Vec<Value>) {
    if !values.iter().any(Value::is_container) {
        return;
    }
    let mut pending = std::mem::take(values);
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => pending.extend(list.into_last_items()),
            Value::Map(map) => pending.extend(map.into_last_entries().into_iter().flatten().map(|(_, v)| v)),
            _ => {}
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
    i64 => |v| Self::Int(v),
    i32 => |v| Self::Int(v.into()),
    f64 => |v| Self::Float(v),
    Number => |v| Self::Number(v),
    &str => |v| Self::String(v.into()),
    String => |v| Self::String(v.into()),
    Str => |v| Self::String(v),
    &Str => |v| Self::String(v.clone()),
    List => |v| Self::List(v),
    Map => |v| Self::Map(v),
    &Value => |v| v.clone(),
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(List::new(items.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nil, Into::into)
    }
}

impl fmt::Display for Value {
    /// Prints as `{{ . }}` does; `<no value>` for nil.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = crate::format::print_value(self).unwrap_or_else(|failure| failure.to_string().into());
        f.write_str(&text.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_four_words() {
        assert!(std::mem::size_of::<Value>() <= 32, "{}", std::mem::size_of::<Value>());
    }

    #[test]
    fn deep_values_are_dropped_without_recursion() {
        let mut value = Value::Nil;
        for i in 0..300_000 {
            value = if i % 2 == 0 {
                vec![value].into()
            } else {
                [("k", value)].into_iter().collect::<Map>().into()
            };
        }
        drop(value);
    }
}
