//! URLs: what names and selectors become in a path or a query.

use std::fmt::Write;

use tautline_cluster::{ApiResource, ClusterError, Query, Status, Target, WriteOptions};

/// Text as one part of a path or a value of a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            // Writing to a String does not fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

/// A path with parameters, those without a value left out.
pub(crate) fn with(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(name);
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// The collection that a query is about.
pub(crate) fn collection(resource: &ApiResource, namespace: Option<&str>) -> Result<String, ClusterError> {
    let namespace = match namespace {
        Some(namespace) if resource.namespaced => Some(encode(segment("namespace", namespace)?)),
        _ => None,
    };
    Ok(resource.collection(namespace.as_deref()))
}

/// One object, or one of its subresources.
pub(crate) fn object(target: &Target, subresource: Option<&str>) -> Result<String, ClusterError> {
    let collection = collection(&target.resource, Some(&target.namespace))?;
    let mut path = format!("{collection}/{}", encode(segment("name", &target.name)?));
    if let Some(subresource) = subresource {
        path.push('/');
        path.push_str(&encode(segment("subresource", subresource)?));
    }
    Ok(path)
}

/// A name must not turn the path into another object's. The server refuses such names too, but would see
/// another path.
fn segment<'a>(what: &str, text: &'a str) -> Result<&'a str, ClusterError> {
    if !matches!(text, "" | "." | "..") && !text.contains(['/', '%']) {
        return Ok(text);
    }
    let message = match text {
        "" => format!("the {what} is empty; give the object one"),
        _ => format!("{text:?} is no valid {what}; it may hold neither / nor %, and be neither . nor .."),
    };
    Err(Status { code: 400, reason: "BadRequest".to_owned(), message, ..Status::default() }.into())
}

/// What a query asks for, beside what the caller adds.
pub(crate) fn selectors(query: &Query) -> [(&'static str, &str); 2] {
    [("labelSelector", &query.labels), ("fieldSelector", &query.fields)]
}

/// How a write is done.
pub(crate) fn write(path: &str, options: &WriteOptions, is_apply: bool) -> String {
    with(
        path,
        &[
            ("fieldManager", options.manager.as_str()),
            ("fieldValidation", if options.strict { "Strict" } else { "Warn" }),
            ("force", if is_apply && options.force { "true" } else { "" }),
            ("dryRun", if options.dry_run { "All" } else { "" }),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::GroupVersionKind;

    fn roles() -> ApiResource {
        ApiResource {
            gvk: GroupVersionKind::new("rbac.authorization.k8s.io", "v1", "Role"),
            plural: "roles".into(),
            namespaced: true,
            verbs: vec![],
            short_names: vec![],
            subresources: vec![],
        }
    }

    #[test]
    fn names_stay_in_their_place() {
        let path = |namespace, name| object(&Target::new(roles(), namespace, name), Some("status"));
        assert_eq!(
            path("n", "system:a b?").unwrap(),
            "/apis/rbac.authorization.k8s.io/v1/namespaces/n/roles/system:a%20b%3F/status"
        );
        for (namespace, name) in
            [("n", "../x"), ("n", ".."), ("n", "a%2Fb"), ("a/b", "x"), ("n", ""), ("", "x")]
        {
            assert!(path(namespace, name).is_err(), "{namespace} {name}");
        }
    }

    #[test]
    fn parameters_are_encoded() {
        assert_eq!(with("/a", &[("x", "a=b,c"), ("y", ""), ("z", "1")]), "/a?x=a%3Db%2Cc&z=1");
    }
}
