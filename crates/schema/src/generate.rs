//! For the generator of the built-in table; no part of the interface.

use tautline_core::Value;

use crate::{Kind, Presence, TypeKind, codec, openapi};

/// Makes the built-in table, and lists the field names in it.
pub fn table(
    documents: &[Value],
    kinds: Vec<Kind>,
    presence: &dyn Fn(&str, &str, TypeKind) -> Option<Presence>,
) -> (Vec<u8>, Vec<String>) {
    let read = openapi::read_with(documents, presence);
    let fields = read.types.nodes.iter().flat_map(|node| node.fields.iter());
    let names = fields.map(|field| field.name.to_string()).collect();
    let table = codec::Table { types: read.types, roots: read.roots, kinds };
    (codec::encode(&table), names)
}
