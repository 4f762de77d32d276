//! The value of a Go type that nobody set: what a create is compared with.

use tautline_core::{Key, Value};

use crate::types::{Presence, TypeKind, TypeRef};

impl TypeRef<'_> {
    /// An object of this type with nothing set, as Go prints it: fields that are always printed are there,
    /// structs with theirs, lists and pointers as null. Empty for custom resources.
    pub fn zero(self) -> Value {
        let printed = self.fields().filter(|field| field.presence == Presence::Always);
        Value::Map(printed.map(|field| (Key::clone(field.name), field.of.zero_field())).collect())
    }

    /// What an always printed field holds if nobody sets it.
    pub(crate) fn zero_field(self) -> Value {
        match (self.kind(), self.default()) {
            // The schema says `default: {}` of structs that are no pointers.
            (TypeKind::Object, Some(Value::Map(_))) => self.zero(),
            (TypeKind::String | TypeKind::Integer | TypeKind::Number | TypeKind::Boolean, Some(default)) => {
                default.clone()
            }
            (TypeKind::Quantity, _) => Value::from("0"),
            (TypeKind::IntOrString, _) => Value::Int(0),
            _ => Value::Null,
        }
    }
}
