//! Go's `encoding/json`: what it writes byte for byte, and what it says of what it cannot read.

mod decode;
mod encode;

pub use decode::decode_json;
pub(crate) use encode::encode_within;
pub use encode::{JsonStyle, encode_json};

use crate::{Host, Kind, Map, Value};

pub(crate) fn base64(bytes: &[u8]) -> String {
    crate::sprig::encode64(bytes)
}

/// A host as data: a map of its entries, or a list.
pub(crate) fn host_as_data(host: &dyn Host) -> Value {
    let entries = host.entries();
    match host.kind() {
        Kind::Slice => entries.into_iter().map(|(_, v)| v).collect::<Vec<_>>().into(),
        _ => entries.into_iter().map(|(k, v)| (k.to_string(), v)).collect::<Map>().into(),
    }
}
