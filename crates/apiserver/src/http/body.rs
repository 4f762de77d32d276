//! Bodies of requests.

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use tautline_core::Value;

use crate::failure::Failure;

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
        "application/vnd.kubernetes.protobuf" | "application/cbor" => Err(unsupported(media)),
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

pub(super) fn unsupported(media: &str) -> Failure {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: application/json, \
         application/yaml ({media})"
    );
    Failure::new(415, "UnsupportedMediaType", message)
}
