//! [`List`]: Go's slices.

use std::ops::Deref;
use std::sync::Arc;

use super::{Str, Value, take_apart};

/// What a list's or map's elements are typed as. Shows in `%T`, `kindOf`, and in error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Elem {
    /// `interface {}`: anything.
    #[default]
    Any,
    /// `string`.
    String,
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `uint8`: only in types, a list of bytes is [`Value::Bytes`].
    Byte,
    /// `float64`.
    Float,
    /// `bool`.
    Bool,
    /// `[]byte`.
    Bytes,
    /// `[]interface {}`.
    List,
    /// `map[string]interface {}`.
    Map,
    /// `[]string`.
    Strings,
}

impl Elem {
    /// The type's name in Go.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::String => "string",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Byte => "uint8",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Bytes => "[]uint8",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
            Self::Strings => "[]string",
        }
    }
}

/// A list: shared, never changed. Functions such as `append` make new ones, as sprig's do.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Nothing for Go's nil slice, which differs from an empty one in JSON and under `eq` only.
    items: Option<Arc<Vec<Value>>>,
    elem: Elem,
}

impl List {
    /// A list of anything: `[]interface {}`.
    pub fn new(items: Vec<Value>) -> Self {
        Self::typed(Elem::Any, items)
    }

    /// A typed list. The caller puts only such values in.
    pub fn typed(elem: Elem, items: Vec<Value>) -> Self {
        Self { items: Some(Arc::new(items)), elem }
    }

    /// Go's nil slice of a type: empty, and `null` in JSON.
    pub fn nil(elem: Elem) -> Self {
        Self { items: None, elem }
    }

    /// A `[]string`.
    pub fn strings<S: Into<Str>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::typed(Elem::String, items.into_iter().map(|s| Value::String(s.into())).collect())
    }

    /// The type of its elements.
    pub fn elem(&self) -> Elem {
        self.elem
    }

    /// Whether it is Go's nil slice.
    pub fn is_nil(&self) -> bool {
        self.items.is_none()
    }
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        self.items.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if let Some(items) = self.items.as_mut().and_then(Arc::get_mut) {
            take_apart(items);
        }
    }
}

impl List {
    /// Takes the items out if nobody else holds them.
    pub(super) fn into_last_items(mut self) -> Vec<Value> {
        self.items.as_mut().and_then(Arc::get_mut).map(std::mem::take).unwrap_or_default()
    }
}
