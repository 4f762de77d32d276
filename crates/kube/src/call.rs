//! One request and its answer.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use tautline_cluster::{ClusterError, Result};
use tautline_core::Value;

use crate::status::{self, Refused};

/// The longest that an answer other than a watch may take: the server's own limit of 60 s and a little more.
const PATIENCE: Duration = Duration::from_secs(75);

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What was asked, for messages.
    pub(crate) step: String,
}

impl Answer {
    /// The body as the core's value.
    pub(crate) fn value(&self) -> Result<Value> {
        Value::from_json(&self.body).map_err(|error| unreadable(&self.step, &error.to_string()))
    }
}

/// A request to be sent.
pub(crate) struct Call<'a> {
    client: &'a kube::Client,
    method: Method,
    path: String,
    accept: &'static str,
    body: Option<(&'static str, Vec<u8>)>,
}

impl<'a> Call<'a> {
    pub(crate) fn get(client: &'a kube::Client, path: String) -> Self {
        Self { client, method: Method::GET, path, accept: "application/json", body: None }
    }

    /// A request with a body of this content type.
    pub(crate) fn with_body(
        client: &'a kube::Client,
        method: Method,
        path: String,
        content_type: &'static str,
        body: String,
    ) -> Self {
        let body = Some((content_type, body.into_bytes()));
        Self { client, method, path, accept: "application/json", body }
    }

    pub(crate) fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// What is asked, without the parameters.
    fn step(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    /// Sends and reads the whole answer.
    pub(crate) async fn send(self) -> Result<Answer> {
        self.send_or_absent().await.and_then(|answer| answer.map_err(|refused| refused.status.into()))
    }

    /// Sends, with an answer that is an error told apart.
    pub(crate) async fn send_or_absent(self) -> Result<Result<Answer, Refused>> {
        let step = self.step();
        let work = async {
            let (parts, body) = self.start().await?.into_parts();
            let body = body.collect().await.map_err(|error| transport(&step, error))?.to_bytes();
            match parts.status.is_success() {
                true => {
                    let step = step.clone();
                    Ok(Ok(Answer { code: parts.status, headers: parts.headers, body, step }))
                }
                false => Ok(Err(status::read(parts.status.as_u16(), &parts.headers, &body))),
            }
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(answer) => answer,
            Err(_) => Err(transport(&step, format!("nothing for {} s", PATIENCE.as_secs()))),
        }
    }

    /// Sends and hands the body over as it comes; for watches.
    pub(crate) async fn stream(self) -> Result<Body> {
        let step = self.step();
        let waiting = async {
            let (parts, body) = self.start().await?.into_parts();
            if parts.status.is_success() {
                return Ok(body);
            }
            let body = body.collect().await.map_err(|error| transport(&step, error))?.to_bytes();
            Err(status::read(parts.status.as_u16(), &parts.headers, &body).status.into())
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(answer) => answer,
            Err(_) => Err(transport(&step, format!("nothing for {} s", PATIENCE.as_secs()))),
        }
    }

    async fn start(self) -> Result<http::Response<Body>> {
        let step = self.step();
        let mut request =
            Request::builder().method(self.method).uri(self.path).header(header::ACCEPT, self.accept);
        let body = match self.body {
            Some((content_type, body)) => {
                request = request.header(header::CONTENT_TYPE, content_type);
                Body::from(body)
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|error| unreadable(&step, &error.to_string()))?;
        self.client.send(request).await.map_err(|error| transport(&step, error))
    }
}

pub(crate) fn transport(
    step: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ClusterError {
    // What refused the connection is said several causes down; the first says only that there was none.
    let source = source.into();
    let mut said = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    ClusterError::Transport { step: step.to_owned(), source: said.into() }
}

pub(crate) fn unreadable(step: &str, problem: &str) -> ClusterError {
    ClusterError::Answer { step: step.to_owned(), problem: problem.to_owned() }
}
