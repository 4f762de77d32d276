//! [`Host`]: the embedder's own objects in a template.

use std::any::Any;
use std::fmt;

use super::{Str, Value};
use crate::{Call, Failure, Signature};

/// What Go's `reflect.Kind` says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value at all.
    Invalid,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int8`.
    Int8,
    /// `int16`.
    Int16,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint`.
    Uint,
    /// `uint8`.
    Uint8,
    /// `uint16`.
    Uint16,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
    /// `float32`.
    Float32,
    /// `float64`.
    Float64,
    /// `complex128`.
    Complex128,
    /// A function.
    Func,
    /// `interface`: a nil of no type.
    Interface,
    /// A map.
    Map,
    /// A pointer.
    Ptr,
    /// A slice.
    Slice,
    /// A string.
    String,
    /// A struct.
    Struct,
}

impl Kind {
    /// The word that `kindOf` answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint => "uint",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex128 => "complex128",
            Self::Func => "func",
            Self::Interface => "interface",
            Self::Map => "map",
            Self::Ptr => "ptr",
            Self::Slice => "slice",
            Self::String => "string",
            Self::Struct => "struct",
        }
    }
}

/// An object of the embedder: a Go struct, or a map or slice with methods, as a template sees it.
///
/// A template writes `.Files.Get "a.txt"`: `Files` is a field whose value is a host, `Get` its method.
pub trait Host: Any + Send + Sync + fmt::Debug {
    /// The type's name, as `%T` and `typeOf` print it: `engine.files`.
    fn type_name(&self) -> &str;

    /// What `kindOf` answers. Maps and slices are ranged over, indexed and measured by
    /// [`Host::entries`]; a struct is always true.
    fn kind(&self) -> Kind {
        Kind::Struct
    }

    /// The field of a struct, or the entry of a map. Nothing if there is none.
    fn field(&self, name: &str) -> Option<Value>;

    /// The parameters of a method, if there is one of this name. Methods go before fields.
    fn method(&self, name: &str) -> Option<Signature> {
        let _ = name;
        None
    }

    /// Calls a method that [`Host::method`] knows; its arguments fit the signature.
    ///
    /// # Errors
    /// The method's own.
    fn call(&self, name: &str, call: &mut Call<'_>) -> Result<Value, Failure> {
        let _ = call;
        Err(Failure::new(format!("no method {name}")))
    }

    /// The entries of a map in key order (keys are strings), the elements of a slice (keys are indexes), or
    /// the fields of a struct in their order.
    fn entries(&self) -> Vec<(Value, Value)> {
        Vec::new()
    }

    /// Go's `String()` method (or `Error()`), if the type has one: what printing it gives.
    fn text(&self) -> Option<Str> {
        None
    }

    /// What Go's JSON encoder makes of it, where that is not its entries.
    fn to_json(&self) -> Option<Value> {
        None
    }

    /// What a missing key of a map gives; Go's zero value of the element type.
    fn zero(&self) -> Value {
        Value::Nil
    }

    /// What sprig's `deepCopy` makes of it, where that is not the thing itself.
    fn deep_copy(&self) -> Option<Value> {
        None
    }

    /// For the crate that made it to have it back.
    fn as_any(&self) -> &dyn Any;
}
