//! Paths: `/apis/apps/v1/namespaces/prod/deployments/web/status`.

use super::query::decode;

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A collection, an object or its subresource.
    Resource {
        group: String,
        version: String,
        namespace: String,
        plural: String,
        name: String,
        subresource: String,
    },
    /// Discovery, OpenAPI, health, version.
    Document(Vec<String>),
    /// Nothing.
    Unknown,
}

pub(super) fn parse(path: &str) -> Route {
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let words: Vec<&str> = parts.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => resource("", version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => resource(group, version, rest),
        [
            "api" | "apis" | "openapi" | "version" | "healthz" | "livez" | "readyz" | "metrics"
            | ".well-known",
            ..,
        ] => Route::Document(parts),
        [] => Route::Document(parts),
        _ => Route::Unknown,
    }
}

fn resource(group: &str, version: &str, rest: &[&str]) -> Route {
    let (namespace, rest) = match rest {
        // `/namespaces/x/status` and `/finalize` are the namespace's own; anything else is in it.
        ["namespaces", _, "status" | "finalize"] => ("", rest),
        ["namespaces", namespace, inner @ ..] if !inner.is_empty() => (*namespace, inner),
        _ => ("", rest),
    };
    let at = |i: usize| rest.get(i).copied().unwrap_or_default().to_owned();
    if rest.len() > 3 && at(2) != "proxy" {
        return Route::Unknown;
    }
    Route::Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        namespace: namespace.to_owned(),
        plural: at(0),
        name: at(1),
        subresource: at(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expect: &str) {
        let text = match parse(path) {
            Route::Resource { group, version, namespace, plural, name, subresource } => {
                format!("{group}|{version}|{namespace}|{plural}|{name}|{subresource}")
            }
            Route::Document(parts) => format!("document {}", parts.join(" ")),
            Route::Unknown => "unknown".to_owned(),
        };
        assert_eq!(text, expect, "{path}");
    }

    #[test]
    fn paths_name_resources() {
        check("/api/v1/pods", "|v1||pods||");
        check("/api/v1/namespaces/a/pods/b/log", "|v1|a|pods|b|log");
        check("/api/v1/namespaces/a", "|v1||namespaces|a|");
        check("/api/v1/namespaces/a/finalize", "|v1||namespaces|a|finalize");
        check("/apis/apps/v1/namespaces/a/deployments/b%2Dc", "apps|v1|a|deployments|b-c|");
        check("/apis/apps/v1", "document apis apps v1");
        check("/openapi/v3", "document openapi v3");
        check("/bogus", "unknown");
    }
}
