//! What a server says when it does not do what it was asked.

use std::time::Duration;

use http::HeaderMap;
use serde::Deserialize;
use tautline_cluster::{Cause, Status};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Wire {
    kind: String,
    status: String,
    code: u16,
    reason: Option<String>,
    message: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    name: Option<String>,
    causes: Option<Vec<WireCause>>,
    retry_after_seconds: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireCause {
    reason: Option<String>,
    message: Option<String>,
    field: Option<String>,
}

/// An error answer, and whether it says of this one object that it is not there.
pub(crate) struct Refused {
    pub(crate) status: Status,
    /// The server looked for the object and did not find it. A 404 for a path that nobody serves is not that.
    pub(crate) object_absent: bool,
}

/// Reads an error answer: a Status, or whatever a proxy on the way said.
pub(crate) fn read(code: u16, headers: &HeaderMap, body: &[u8]) -> Refused {
    let mut refused = read_body(code, body);
    if refused.status.retry_after.is_none() {
        let header = headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        refused.status.retry_after =
            header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    }
    refused
}

/// Reads the Status of an ERROR event.
pub(crate) fn read_event(body: &[u8]) -> Status {
    read_body(0, body).status
}

fn read_body(code: u16, body: &[u8]) -> Refused {
    let Some(wire) = serde_json::from_slice::<Wire>(body).ok().filter(|wire| wire.kind == "Status") else {
        return Refused { status: unreadable(code, body), object_absent: false };
    };
    let details = wire.details.unwrap_or_default();
    let reason = wire.reason.unwrap_or_default();
    let message = wire.message.unwrap_or_default();
    let named = details.name.is_some_and(|name| !name.is_empty()) || message.contains('"');
    let causes = details.causes.unwrap_or_default().into_iter().map(|cause| Cause {
        reason: cause.reason.unwrap_or_default(),
        message: cause.message.unwrap_or_default(),
        field: cause.field.unwrap_or_default(),
    });
    let object_absent = reason == "NotFound" && named;
    let status = Status {
        code: if wire.code == 0 { code } else { wire.code },
        reason,
        message,
        causes: causes.collect(),
        retry_after: details.retry_after_seconds.filter(|s| *s > 0).map(Duration::from_secs),
    };
    Refused { status, object_absent }
}

/// Whether an answer to a delete says that the object is gone.
pub(crate) fn is_success(body: &[u8]) -> bool {
    serde_json::from_slice::<Wire>(body).is_ok_and(|wire| wire.kind == "Status" && wire.status == "Success")
}

fn unreadable(code: u16, body: &[u8]) -> Status {
    let text = String::from_utf8_lossy(body.get(..500).unwrap_or(body));
    let reason = http::StatusCode::from_u16(code).ok().and_then(|c| c.canonical_reason()).unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Status {
        code,
        reason: reason.replace(' ', ""),
        message: format!("the server answered {code} {reason}: {text}"),
        ..Status::default()
    }
}

/// The texts of `Warning: 299 - "…"` headers.
pub(crate) fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(http::header::WARNING).iter().filter_map(|value| value.to_str().ok());
    texts
        .filter_map(|text| {
            let (_, quoted) = text.split_once('"')?;
            let inner = quoted.rsplit_once('"').map_or(quoted, |(inner, _)| inner);
            Some(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_whole() {
        let body = br#"{"kind":"Status","status":"Failure","code":409,"reason":"Conflict","message":"m","details":{
            "name":"a","retryAfterSeconds":3,"causes":[{"reason":"FieldManagerConflict","message":"c","field":".f"}]}}"#;
        let Status { code, reason, message, causes, retry_after } = read(409, &HeaderMap::new(), body).status;
        assert_eq!((code, reason.as_str(), message.as_str()), (409, "Conflict", "m"));
        assert_eq!((causes[0].field.as_str(), retry_after), (".f", Some(Duration::from_secs(3))));
    }

    #[test]
    fn only_an_object_that_was_looked_for_is_absent() {
        let absent = |body: &str| read(404, &HeaderMap::new(), body.as_bytes()).object_absent;
        assert!(absent(r#"{"kind":"Status","reason":"NotFound","details":{"name":"a","kind":"pods"}}"#));
        assert!(!absent("404 page not found"));
        let no_such_kind = "the server could not find the requested resource";
        assert!(!absent(&format!(
            r#"{{"kind":"Status","reason":"NotFound","details":{{}},"message":"{no_such_kind}"}}"#
        )));
    }

    #[test]
    fn what_a_proxy_says_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", http::HeaderValue::from_static("7"));
        let status = read(503, &headers, b"<html>down</html>").status;
        assert!(status.message.contains("503 Service Unavailable: <html>down"), "{status}");
        assert_eq!(status.retry_after, Some(Duration::from_secs(7)));
    }

    #[test]
    fn warnings_are_unquoted() {
        let mut headers = HeaderMap::new();
        headers.append("warning", http::HeaderValue::from_static(r#"299 - "unknown field \"x\"""#));
        assert_eq!(warnings(&headers), [r#"unknown field "x""#]);
    }
}
