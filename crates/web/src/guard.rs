//! Who may ask, and what every answer tells the browser.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tautline_core::Secret;

/// Who may use the page.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Host names, without port, that the page is reached under beside `localhost`, `127.0.0.1` and `[::1]`.
    pub hosts: Vec<String>,
    /// What every request for data must bring as `Authorization: Bearer …`; the page asks its reader for it.
    /// Needed wherever others than this machine's users reach the listener.
    pub token: Option<Secret<String>>,
}

impl Options {
    /// Asks for this token.
    #[must_use]
    pub fn with_token(self, token: Secret<String>) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Is reached under these names too.
    #[must_use]
    pub fn with_hosts(self, hosts: impl IntoIterator<Item = String>) -> Self {
        Self { hosts: hosts.into_iter().collect(), ..self }
    }
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer tells the browser.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fixed = [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Lets in who names an expected host and comes from the same origin.
pub(crate) async fn place(State(options): State<Arc<Options>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let authority = match headers.get(HOST).map(HeaderValue::to_str) {
        Some(Ok(host)) => host.to_owned(),
        // HTTP/2 has the host in the URI.
        _ => request.uri().authority().map(ToString::to_string).unwrap_or_default(),
    };
    if !is_expected(&options, &authority) {
        let message = "this host name is not expected here; use localhost, or allow the name\n";
        return (StatusCode::MISDIRECTED_REQUEST, message).into_response();
    }
    let is_data = request.uri().path().starts_with("/api/");
    if is_foreign(headers, &authority, is_data) {
        return (StatusCode::FORBIDDEN, "requests from other sites are refused\n").into_response();
    }
    next.run(request).await
}

/// Lets in who brings the token.
pub(crate) async fn token(State(options): State<Arc<Options>>, request: Request, next: Next) -> Response {
    let Some(token) = &options.token else { return next.run(request).await };
    let brought = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let brought = brought.and_then(|text| text.split_once(' '));
    match brought.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, given)) if same(given.trim().as_bytes(), token.expose().trim().as_bytes()) => {
            next.run(request).await
        }
        _ => {
            let challenge = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tautline\""))];
            (StatusCode::UNAUTHORIZED, challenge, "the token is missing or wrong\n").into_response()
        }
    }
}

fn is_expected(options: &Options, authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
        || options.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host))
}

/// Whether another site's page sent the request. A link to the page from elsewhere is no harm; a request for
/// data is.
fn is_foreign(headers: &HeaderMap, authority: &str, is_data: bool) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let other_origin = text(ORIGIN.as_str()).is_some_and(|origin| {
        let same = origin.split_once("://").is_some_and(|(scheme, rest)| {
            matches!(scheme, "http" | "https") && rest.eq_ignore_ascii_case(authority)
        });
        !same
    });
    let other_site =
        is_data && text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    other_origin || other_site
}

/// Compares without telling by the time it takes where the first difference is.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let differences = expected
        .iter()
        .enumerate()
        .fold(0, |seen, (at, byte)| seen | (byte ^ given.get(at).copied().unwrap_or_default()));
    !expected.is_empty() && given.len() == expected.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let options = Options::default().with_hosts(["page.example".to_owned()]);
        for good in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:80", "[::1]", "Page.Example:443"] {
            assert!(is_expected(&options, good), "{good}");
        }
        for bad in ["", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80", "10.0.0.1", ":80"] {
            assert!(!is_expected(&options, bad), "{bad}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(same(b"abc", b"abc"));
        for (given, expected) in [("abd", "abc"), ("ab", "abc"), ("abcd", "abc"), ("", ""), ("\0\0\0", "abc")]
        {
            assert!(!same(given.as_bytes(), expected.as_bytes()), "{given}");
        }
    }
}
