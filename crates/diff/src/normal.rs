//! One form for what Kubernetes holds to be the same.
//!
//! Most of it is the schema's: [`tautline_schema::defaults::settle`] brings quantities, numbers, empty and null
//! values into the form that the API server stores, and fills in defaults. What is left is here: kinds whose
//! storage or controllers do more than their types say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use tautline_core::{List, Map, Object, Value};
use tautline_schema::{Schemas, defaults};

use crate::walk::without_server_fields;

/// Go's decoder takes last letters whose spare bits are set; its encoder never writes them.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// An object in the one form by which two are compared: what a write of it would store, without its status and the
/// server's own metadata. Quantities, numbers, defaults, empty and null values are as the schema has them,
/// `stringData` is in `data`, base64 is canonical, aggregated roles have no rules, and Endpoints are in order.
///
/// Equal forms do not differ for the API server. The order of sets and keyed lists stays: a write changes it.
///
/// # Errors
/// The server's message for a value that its type cannot hold.
pub fn normalize(object: &Object, schemas: &dyn Schemas) -> Result<Object, String> {
    let mut out = Object::from_map(without_server_fields(&wanted(object)));
    defaults::settle(&mut out, schemas)?;
    defaults::through_storage(&mut out, schemas);
    // What storage prints is the server's own again: `creationTimestamp: null` and the like.
    Ok(Object::from_map(without_server_fields(&comparable(&out))))
}

/// A desired object as it is compared and sent: without what another part of Kubernetes decides.
pub(crate) fn wanted(desired: &Object) -> Cow<'_, Object> {
    match desired.kind() {
        "Secret" if desired.group().is_empty() => Cow::Owned(folded(desired)),
        "ClusterRole" if is_aggregated(desired) && desired.get("rules").is_some() => {
            let mut role = desired.clone();
            role.as_map_mut().remove("rules");
            Cow::Owned(role)
        }
        _ => Cow::Borrowed(desired),
    }
}

/// The rules of such a role are its controller's: whatever is written is overwritten.
fn is_aggregated(role: &Object) -> bool {
    role.group() == "rbac.authorization.k8s.io"
        && role.get("aggregationRule").is_some_and(|rule| !rule.is_null())
}

/// A Secret with `stringData` in `data`, and its base64 as Go would write it. What is no base64 stays.
fn folded(secret: &Object) -> Object {
    let mut out = secret.clone();
    if let Some(Value::Map(data)) = out.as_map_mut().get_mut("data") {
        for value in data.values_mut() {
            if let Some(text) = value.as_str().and_then(canonical) {
                *value = Value::from(text);
            }
        }
    }
    let Some(Value::Map(plain)) = out.as_map_mut().remove("stringData") else { return out };
    let data = out.as_map_mut().map_at("data");
    for (key, value) in &plain {
        if let Some(text) = value.as_str() {
            data.insert(key, BASE64.encode(text));
        }
    }
    out
}

/// Base64 without line breaks and spare bits; `None` if it is that already, or no base64.
fn canonical(text: &str) -> Option<String> {
    let joined: String = text.chars().filter(|c| *c != '\n' && *c != '\r').collect();
    let again = BASE64.encode(BASE64.decode(&joined).ok()?);
    (again != text).then_some(again)
}

/// An object as it is compared where the server stores it in an order of its own.
pub(crate) fn comparable(object: &Object) -> Cow<'_, Object> {
    match object.kind() {
        "Endpoints" if object.group().is_empty() => Cow::Owned(repacked(object)),
        "Secret" if object.group().is_empty() => without_null_data(object),
        _ => Cow::Borrowed(object),
    }
}

/// A key of a Secret without a value is one with an empty value once it was stored.
fn without_null_data(secret: &Object) -> Cow<'_, Object> {
    let data = secret.get("data").and_then(Value::as_map);
    if !data.is_some_and(|data| data.values().any(Value::is_null)) {
        return Cow::Borrowed(secret);
    }
    let mut out = secret.clone();
    for value in out.as_map_mut().map_at("data").values_mut().filter(|value| value.is_null()) {
        *value = Value::from("");
    }
    Cow::Owned(out)
}

/// Addresses by their text; ready ones say true.
type Addresses = BTreeMap<String, (Value, bool)>;

/// Endpoints as the API server packs them: each port with all its addresses, ports with the same addresses together.
/// The server's order is that of a hash; here it is that of the text, on both sides.
fn repacked(endpoints: &Object) -> Object {
    let mut by_port: BTreeMap<String, (Value, Addresses)> = BTreeMap::new();
    for subset in endpoints.list_at(&["subsets"]) {
        let ports = match subset.list_at(&["ports"]) {
            [] => &[Value::Null],
            ports => ports,
        };
        for port in ports {
            let port = with_protocol(port);
            let (_, addresses) = by_port.entry(port.to_json()).or_insert_with(|| (port, Addresses::new()));
            for (field, is_ready) in [("addresses", true), ("notReadyAddresses", false)] {
                for address in subset.list_at(&[field]) {
                    // Whoever is not ready anywhere is not ready.
                    let entry = addresses.entry(address.to_json()).or_insert_with(|| (address.clone(), true));
                    entry.1 &= is_ready;
                }
            }
        }
    }
    let mut packed: Vec<(Addresses, Vec<Value>)> = Vec::new();
    for (port, addresses) in by_port.into_values().filter(|(_, addresses)| !addresses.is_empty()) {
        match packed.iter_mut().find(|(others, _)| *others == addresses) {
            Some((_, ports)) => ports.push(port),
            None => packed.push((addresses, vec![port])),
        }
    }
    let mut out = endpoints.clone();
    let subsets: List = packed.into_iter().map(|(addresses, ports)| subset(&addresses, ports)).collect();
    if subsets.is_empty() {
        out.as_map_mut().remove("subsets");
    } else {
        out.as_map_mut().insert("subsets", subsets);
    }
    out
}

fn with_protocol(port: &Value) -> Value {
    let mut port = port.clone();
    if let Value::Map(fields) = &mut port
        && fields.get("protocol").and_then(Value::as_str).is_none_or(str::is_empty)
    {
        fields.insert("protocol", "TCP");
    }
    port
}

fn subset(addresses: &Addresses, ports: Vec<Value>) -> Value {
    let of = |wanted: bool| -> List {
        addresses.values().filter(|(_, ready)| *ready == wanted).map(|(address, _)| address.clone()).collect()
    };
    let ports: List = ports.into_iter().filter(|port| !port.is_null()).collect();
    let parts = [("addresses", of(true)), ("notReadyAddresses", of(false)), ("ports", ports)];
    let kept = parts.into_iter().filter(|(_, list)| !list.is_empty());
    Value::Map(kept.map(|(field, list)| (field, Value::List(list))).collect::<Map>())
}
