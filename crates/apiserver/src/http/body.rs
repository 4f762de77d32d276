//! Bodies of requests.

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use tautline_core::Value;

use crate::catalog::Served;
use crate::failure::Failure;
use crate::protobuf;

/// The media type of Kubernetes' protobuf.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// What a body may weigh: etcd's and the real server's limit.
const LIMIT: usize = 3 * 1024 * 1024;

/// Reads a body to its end.
pub(super) async fn read<B>(body: B) -> Result<Bytes, Failure>
where
    B: http_body::Body + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let limited = http_body_util::Limited::new(body, LIMIT);
    let collected = limited.collect().await.map_err(|_| {
        let message = "Request entity too large: limit is 3145728";
        Failure::new(413, "RequestEntityTooLarge", message).about("", "", "")
    })?;
    let mut whole = collected.aggregate();
    Ok(whole.copy_to_bytes(whole.remaining()))
}

/// A body as a value, by its content type.
pub(super) fn value(bytes: &Bytes, content_type: &str) -> Result<Value, Failure> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    match media {
        PROTOBUF => protobuf::read(bytes).map_err(|why| Failure::bad_request(why.to_string())),
        "application/cbor" => Err(unsupported()),
        _ if media.contains("yaml") => {
            let text = std::str::from_utf8(bytes)
                .map_err(|e| Failure::bad_request(format!("error decoding YAML: {e}")))?;
            tautline_yaml::read(text, &tautline_yaml::Options::default())
                .map_err(|e| Failure::bad_request(format!("error decoding YAML: {e}")))
        }
        _ if bytes.is_empty() => Ok(Value::Null),
        _ => Value::from_json(bytes).map_err(|e| {
            let message = format!("couldn't get version/kind; json parse error: {e}");
            Failure::bad_request(message)
        }),
    }
}

/// The body of a POST or PUT, as a value.
///
/// # Errors
/// 415 for another type, 400 in the words of the server's decoder.
pub(super) fn object(bytes: &Bytes, content_type: &str, served: &Served) -> Result<Value, Failure> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let is_protobuf = media == PROTOBUF && served.custom.is_none();
    if !is_protobuf && !["", "*/*", "application/json", "application/yaml"].contains(&media) {
        return Err(unsupported());
    }
    if is_protobuf || media == "application/yaml" {
        return value(bytes, content_type);
    }
    let refused = |why: &str| {
        let kind = &served.gvk().kind;
        let shown = summary(bytes);
        let message = format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse \
             error: {why} ({shown})"
        );
        Failure::bad_request(message)
    };
    if let Err(why) = crate::go_json::check(bytes) {
        return Err(refused(&why));
    }
    let read = value(bytes, content_type)?;
    match &read {
        Value::Map(_) | Value::Null => Ok(read),
        other => {
            let kind = crate::typing::go_kind(other);
            Err(refused(&format!(
                "json: cannot unmarshal {kind} into Go value of type struct {{ APIVersion string \
                 \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
            )))
        }
    }
}

/// The body of an apply, in YAML, with the remarks about keys that stand twice in a map.
///
/// # Errors
/// 400 for what is no YAML, and for such keys when reading is strict.
pub(super) fn applied(bytes: &Bytes, is_strict: bool) -> Result<(Value, Vec<String>), Failure> {
    let text =
        std::str::from_utf8(bytes).map_err(|e| Failure::bad_request(format!("error decoding YAML: {e}")))?;
    let options = tautline_yaml::Options::default();
    let value = tautline_yaml::read(text, &options).map_err(|e| Failure::bad_request(broken(&e)))?;
    let strict = tautline_yaml::read(text, &tautline_yaml::Options { strict: true, ..options });
    let twice = strict.err().filter(|e| matches!(e.kind, tautline_yaml::ErrorKind::Duplicate(_)));
    let Some(twice) = twice else { return Ok((value, Vec::new())) };
    let remark = format!("line {}: {}", twice.line, twice.kind);
    if is_strict {
        let message = format!(
            "error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  {remark}"
        );
        return Err(Failure::bad_request(message));
    }
    Ok((value, vec![remark]))
}

/// What the server's parser says of broken YAML, as far as its words are known.
fn broken(error: &tautline_yaml::Error) -> String {
    let line = error.line;
    match &error.kind {
        tautline_yaml::ErrorKind::Syntax(why) if why.starts_with("unclosed bracket '['") => {
            format!("error encoding patch: yaml: line {line}: did not find expected ',' or ']'")
        }
        tautline_yaml::ErrorKind::Syntax(why) if why.starts_with("unclosed bracket '{'") => {
            format!("error encoding patch: yaml: line {line}: did not find expected ',' or '}}'")
        }
        _ => format!("error encoding patch: {error}"),
    }
}

/// The beginning of a body: as text if it looks like an object, in hexadecimal otherwise.
fn summary(bytes: &[u8]) -> String {
    const MOST: usize = 128;
    match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') if bytes.len() > MOST => format!("{} ...", String::from_utf8_lossy(&bytes[..MOST])),
        Some(b'{') => String::from_utf8_lossy(bytes).into_owned(),
        Some(_) => {
            let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
            if bytes.len() > MOST { format!("{} ...", hex(&bytes[..MOST])) } else { hex(bytes) }
        }
    }
}

/// What the server remarks about a body beyond its value: fields that stand there twice.
pub(super) fn noted(bytes: &Bytes, content_type: &str) -> Vec<String> {
    if content_type.contains("yaml") || content_type.contains("protobuf") {
        return Vec::new();
    }
    let is_operations = content_type.starts_with("application/json-patch");
    let lead = if is_operations { "json patch " } else { "" };
    let twice = crate::go_json::duplicates(bytes);
    let mut noted: Vec<String> =
        twice.iter().map(|path| format!("{lead}duplicate field \"{path}\"")).collect();
    if let Some(Value::List(operations)) = Value::from_json(bytes).ok().filter(|_| is_operations) {
        for (i, operation) in operations.iter().enumerate() {
            let keys = operation.as_map().into_iter().flat_map(|map| map.keys());
            let odd = keys.filter(|key| !["op", "path", "from", "value"].contains(&key.as_str()));
            noted.extend(odd.map(|key| format!("{lead}unknown field \"[{i}].{key}\"")));
        }
    }
    noted
}

/// A body that is JSON.
pub(super) fn json(bytes: &Bytes, content_type: &str) -> Bytes {
    let other = content_type.contains("yaml") || content_type.contains("protobuf");
    if other { Bytes::new() } else { bytes.clone() }
}

pub(super) fn unsupported() -> Failure {
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json, application/yaml, application/vnd.kubernetes.protobuf";
    Failure::new(415, "UnsupportedMediaType", message)
}
