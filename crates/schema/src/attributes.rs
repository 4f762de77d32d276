//! What a schema says of a type, word by word.

use tautline_core::Key;

/// What values of a type are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// Anything: the schema names no type.
    #[default]
    Any,
    /// A map: fields with a type each, further keys, or both.
    Object,
    /// A list.
    List,
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A whole number or a string, as in `targetPort`.
    IntOrString,
    /// A quantity such as `500m`: a string, or a number that becomes one.
    Quantity,
}

/// What the text of a string, or the size of a number, must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Nothing said.
    #[default]
    None,
    /// Base64.
    Byte,
    /// RFC 3339, whole seconds.
    DateTime,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// A Go duration: `1h30m`.
    Duration,
    /// 32 bits.
    Int32,
    /// 64 bits.
    Int64,
    /// Another format.
    Other,
}

/// How the items of a list are told apart: `x-kubernetes-list-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType<'a> {
    /// The list is one value.
    Atomic,
    /// A set of scalars.
    Set,
    /// Maps named by these fields.
    Map(&'a [Key]),
}

/// Whether the fields of a map are owned one by one: `x-kubernetes-map-type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MapType {
    /// Each key for itself.
    #[default]
    Granular,
    /// The map is one value.
    Atomic,
}

/// `x-kubernetes-patch-strategy`, for strategic merge patches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PatchStrategy {
    /// Lists are merged by their merge key, or as a set without one.
    pub merge: bool,
    /// Keys that the patch does not name are dropped.
    pub retain_keys: bool,
    /// The value is set as a whole.
    pub replace: bool,
}

/// How the API server's Go type prints a field, which decides what is left of an empty or null value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Not known: nothing is added or dropped. Custom resources are kept as they come.
    #[default]
    AsWritten,
    /// Always printed: a zero value if absent (`null` for a pointer, list or map).
    Always,
    /// Dropped when absent or null.
    UnlessNull,
    /// Dropped when empty, zero, false or null.
    UnlessZero,
}
