//! Answers: objects, lists, tables and failures in the form that was asked for.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response};
use http_body_util::{BodyExt, Full};
use tautline_core::{GroupVersionKind, Map, Object, Timestamp, Value, value};

use super::{Body, Call};
use crate::catalog::Served;
use crate::failure::Failure;
use crate::protobuf;
use crate::read::Listing;
use crate::table;
use crate::validate::ENDPOINTS;

/// What objects are turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Whole,
    Partial,
    Table,
}

/// The form that the `Accept` header asks for.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) yaml: bool,
    pub(super) shape: Shape,
    /// Whether the discovery documents are asked for as one.
    pub(super) aggregated: bool,
    /// What rows of a table carry: `None`, `Metadata` or `Object`.
    pub(super) include: String,
}

impl Form {
    pub(super) fn json() -> Self {
        Self { yaml: false, shape: Shape::Whole, aggregated: false, include: String::new() }
    }

    /// Reads the header.
    ///
    /// # Errors
    /// 406 when nothing in it can be served.
    pub(super) fn of(call: &Call) -> Result<Self, Failure> {
        let header = call.header("accept");
        let include = call.query.text("includeObject").to_owned();
        if header.is_empty() {
            return Ok(Self { include, ..Self::json() });
        }
        let mut bogus = false;
        for range in header.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let yaml = media == "application/yaml";
            if !yaml && !matches!(media, "application/json" | "*/*" | "application/*") {
                continue;
            }
            let parameters: Vec<&str> = parts.collect();
            let named = |name: &str| parameters.iter().find_map(|p| p.strip_prefix(name));
            let shape = match named("as=") {
                Some("Table") => Shape::Table,
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Shape::Partial,
                Some("APIGroupDiscoveryList") => {
                    if named("v=") == Some("v2") {
                        return Ok(Self { yaml, shape: Shape::Whole, aggregated: true, include });
                    }
                    continue;
                }
                Some(_) => {
                    bogus = true;
                    continue;
                }
                None => Shape::Whole,
            };
            return Ok(Self { yaml, shape, aggregated: false, include });
        }
        let plain = ["/openapi", "/healthz", "/livez", "/readyz", "/version", "/metrics"];
        if plain.iter().any(|path| call.path.starts_with(path)) || call.path.ends_with("/log") {
            return Ok(Self { include, ..Self::json() });
        }
        let kinds = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
        let failure = match bogus || header.contains("protobuf") {
            true => Failure::new(
                406,
                "NotAcceptable",
                format!("only the following media types are accepted: {kinds}"),
            ),
            false => {
                let message = format!("406: Not Acceptable\n\nAvailable representations: {kinds}");
                Failure::new(406, "NotAcceptable", message).about("", "", "")
            }
        };
        Err(failure)
    }
}

/// An answer before it is written.
pub(super) enum Answer {
    Object(u16, Arc<Served>, Arc<Object>, Vec<String>),
    Value(u16, Value, Vec<String>),
    List(Arc<Served>, Listing, Timestamp, Vec<String>),
    Text(u16, String),
    Discovery(Value),
    Stream(Body),
    Failed(Failure),
}

impl Answer {
    pub(super) fn object(code: u16, served: &Arc<Served>, object: Arc<Object>) -> Self {
        Self::Object(code, served.clone(), object, Vec::new())
    }

    pub(super) fn page_not_found() -> Self {
        Self::Text(404, "404 page not found\n".to_owned())
    }

    pub(super) fn into_response(self, form: &Form) -> Response<Body> {
        match self {
            Self::Object(code, served, object, warnings) => {
                let value = object_in(form, &served, &object, Timestamp::default());
                with_warnings(document(code, &value, form.yaml), &warnings)
            }
            Self::Value(code, value, warnings) => with_warnings(document(code, &value, form.yaml), &warnings),
            Self::List(served, listing, now, warnings) => {
                with_warnings(document(200, &list_in(form, &served, listing, now), form.yaml), &warnings)
            }
            Self::Text(code, text) => plain(code, text.into(), "text/plain; charset=utf-8"),
            // Clients tell the one document from the many by this type.
            Self::Discovery(value) => {
                let media = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
                plain(200, value.to_json().into(), media)
            }
            Self::Stream(body) => {
                let mut response = Response::new(body);
                response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
                response
            }
            Self::Failed(failure) if failure.reason == "PageNotFound" => {
                Self::page_not_found().into_response(form)
            }
            Self::Failed(failure) => {
                let document = document(failure.code, &failure.to_value(), form.yaml);
                let mut response = with_warnings(document, &failure.warnings);
                if let Some(seconds) = failure.retry_after {
                    response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
                }
                response
            }
        }
    }
}

/// An answer with the warning that old APIs come with.
pub(super) fn deprecated(path: &str, response: Response<Body>) -> Response<Body> {
    let is_endpoints = path.starts_with("/api/v1/")
        && path.split('/').nth(5).or(path.split('/').nth(3)) == Some("endpoints");
    let warned = response.headers().get_all("warning").iter();
    let is_warned = warned.filter_map(|text| text.to_str().ok()).any(|text| text.contains(ENDPOINTS));
    match is_endpoints && !is_warned {
        true => with_warnings(response, &[ENDPOINTS.to_owned()]),
        false => response,
    }
}

/// The refusal of a call whose `Accept` header names nothing that can be served.
pub(super) fn not_acceptable(call: &Call, failure: Failure) -> Response<Body> {
    match call.header("accept").contains("protobuf") {
        true => {
            let bytes = protobuf::write_status(&failure).into();
            plain(failure.code, bytes, "application/vnd.kubernetes.protobuf")
        }
        false => Answer::Failed(failure).into_response(&Form::json()),
    }
}

fn plain(code: u16, bytes: Bytes, media: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::new(bytes).map_err(|never| match never {}).boxed());
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert("content-type", HeaderValue::from_static(media));
    response
}

fn document(code: u16, value: &Value, yaml: bool) -> Response<Body> {
    match yaml {
        true => plain(code, tautline_yaml::write(value).into(), "application/yaml"),
        false => {
            let mut text = String::with_capacity(1024);
            value.write_json(&mut text);
            text.push('\n');
            plain(code, text.into(), "application/json")
        }
    }
}

fn with_warnings(mut response: Response<Body>, warnings: &[String]) -> Response<Body> {
    for warning in warnings {
        // RFC 7234: the text is a quoted string.
        let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append("warning", value);
        }
    }
    response
}

/// An object in the shape that was asked for.
pub(super) fn object_in(form: &Form, served: &Served, object: &Object, now: Timestamp) -> Value {
    match form.shape {
        Shape::Whole => object.to_value(),
        Shape::Partial => partial(object),
        Shape::Table => {
            let now = if now == Timestamp::default() { table::created(object) } else { now };
            let version = object.metadata_str("resourceVersion").to_owned();
            table::of(served, &[Arc::new(object.clone())], &form.include, now, true, &metadata_of(&version))
        }
    }
}

pub(super) fn partial(object: &Object) -> Value {
    value!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object.metadata().cloned().unwrap_or_default() })
}

fn metadata_of(version: &str) -> Map {
    [("resourceVersion", version)].into_iter().collect()
}

fn list_in(form: &Form, served: &Served, listing: Listing, now: Timestamp) -> Value {
    let mut metadata = metadata_of(&listing.version.to_string());
    if let Some(token) = listing.go_on {
        metadata.insert("continue", token);
    }
    if let Some(remaining) = listing.remaining {
        metadata.insert("remainingItemCount", i64::try_from(remaining).unwrap_or(i64::MAX));
    }
    let (gvk, items): (GroupVersionKind, Vec<Value>) = match form.shape {
        Shape::Table => return table::of(served, &listing.items, &form.include, now, true, &metadata),
        Shape::Partial => (
            GroupVersionKind::new("meta.k8s.io", "v1", "PartialObjectMetadataList"),
            listing.items.iter().map(|item| partial(item)).collect(),
        ),
        Shape::Whole => {
            let gvk = GroupVersionKind::new(served.group(), &served.gvk().version, served.list_kind());
            (gvk, listing.items.iter().map(|item| item_of(served, item)).collect())
        }
    };
    value!({ "kind": gvk.kind.as_str(), "apiVersion": gvk.api_version(), "metadata": metadata, "items": items })
}

/// Items of built-in lists carry no kind.
fn item_of(served: &Served, item: &Object) -> Value {
    if served.custom.is_some() {
        return item.to_value();
    }
    let mut map = item.as_map().clone();
    map.remove("kind");
    map.remove("apiVersion");
    Value::Map(map)
}
