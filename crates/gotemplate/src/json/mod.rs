//! Go's `encoding/json`.
use crate::{Host, Kind, Map, Value};
pub(crate) fn base64(bytes: &[u8]) -> String { String::new() }
/// A host as data: a map of its entries, or a list.
pub(crate) fn host_as_data(host: &dyn Host) -> Value {
    let entries = host.entries();
    match host.kind() {
        Kind::Slice => entries.into_iter().map(|(_, v)| v).collect::<Vec<_>>().into(),
        _ => entries.into_iter().map(|(k, v)| (k.to_string(), v)).collect::<Map>().into(),
    }
}
