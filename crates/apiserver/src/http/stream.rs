//! Watches over HTTP: one JSON object a line.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tautline_core::{GroupVersionKind, Object, Value, value};

use super::Body;
use super::answer::{Form, Shape, object_in};
use crate::catalog::Served;
use crate::server::Server;
use crate::watch::{Watch, WatchEvent};

/// How long a watch lasts that names no timeout. The real server takes 30 to 60 minutes.
const LONGEST: u64 = 45 * 60;

/// The lines of a watch.
struct Lines {
    watch: Watch,
    served: Arc<Served>,
    form: Form,
    server: Server,
    end: Pin<Box<tokio::time::Sleep>>,
    first: bool,
}

/// The body of a watch's answer. Without a tokio runtime's timer there is none; the caller has one.
pub(super) fn body(
    watch: Watch,
    served: Arc<Served>,
    form: Form,
    server: &Server,
    seconds: Option<i64>,
) -> Body {
    let seconds = seconds.and_then(|n| u64::try_from(n).ok()).unwrap_or(LONGEST);
    let end = Box::pin(tokio::time::sleep(Duration::from_secs(seconds)));
    let lines = Lines { watch, served, form, server: server.clone(), end, first: true };
    StreamBody::new(lines).boxed()
}

impl Stream for Lines {
    type Item = Result<Frame<Bytes>, super::Broken>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let lines = self.get_mut();
        if lines.end.as_mut().poll(cx).is_ready() {
            // What has already happened is still told.
            let mut rest = String::new();
            while let Some(event) = lines.watch.try_next() {
                lines.write(event, &mut rest);
            }
            return match rest.is_empty() {
                true => Poll::Ready(None),
                false => Poll::Ready(Some(Ok(Frame::data(rest.into())))),
            };
        }
        match Pin::new(&mut lines.watch).poll_next(cx) {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(event)) => {
                let mut text = String::new();
                lines.write(event, &mut text);
                // Many events make one frame.
                while text.len() < 64 * 1024 {
                    let Some(event) = lines.watch.try_next() else { break };
                    lines.write(event, &mut text);
                }
                Poll::Ready(Some(Ok(Frame::data(text.into()))))
            }
        }
    }
}

use std::future::Future;

impl Lines {
    fn write(&mut self, event: WatchEvent, out: &mut String) {
        let (kind, object) = match event {
            WatchEvent::Added(object) => ("ADDED", self.show(&object)),
            WatchEvent::Modified(object) => ("MODIFIED", self.show(&object)),
            WatchEvent::Deleted(object) => ("DELETED", self.show(&object)),
            WatchEvent::Bookmark(version, end) => ("BOOKMARK", self.bookmark(version, end)),
            WatchEvent::Failed(failure) => ("ERROR", failure.to_value()),
        };
        value!({ "type": kind, "object": object }).write_json(out);
        out.push('\n');
    }

    fn show(&mut self, object: &Object) -> Value {
        if self.form.shape != Shape::Table {
            return object_in(&self.form, &self.served, object, tautline_core::Timestamp::default());
        }
        // Only the first table of a watch carries its columns.
        let now = self.server.lock().now();
        let metadata = [("resourceVersion", object.metadata_str("resourceVersion"))].into_iter().collect();
        let rows = [Arc::new(object.clone())];
        let table = crate::table::of(&self.served, &rows, &self.form.include, now, self.first, &metadata);
        self.first = false;
        table
    }

    fn bookmark(&self, version: u64, end: bool) -> Value {
        let gvk = match self.form.shape {
            Shape::Partial => GroupVersionKind::new("meta.k8s.io", "v1", "PartialObjectMetadata"),
            Shape::Table => GroupVersionKind::new("meta.k8s.io", "v1", "Table"),
            Shape::Whole => self.served.gvk().clone(),
        };
        let mut metadata = value!({ "resourceVersion": version.to_string() });
        if let (true, Some(map)) = (end, metadata.as_map_mut()) {
            map.insert("annotations", value!({ "k8s.io/initial-events-end": "true" }));
        }
        value!({ "kind": gvk.kind.as_str(), "apiVersion": gvk.api_version(), "metadata": metadata })
    }
}
