//! A watch: one JSON event a line.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use http_body_util::BodyExt;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;
use tautline_cluster::{ClusterError, ListEnd, RawEvent, RawObject, RawSink, Result, event_parts};
use tautline_core::ResourceVersion;

use crate::call::{transport, unreadable};
use crate::status;

/// How long the server keeps a watch open. Ending it now and then spreads watches over API servers again.
pub(crate) const DURATION: Duration = Duration::from_secs(290);

/// How long a list that comes as events may stand still.
const PATIENCE: Duration = Duration::from_secs(75);

/// A stream that is silent for longer than the server would keep it open is dead.
const SILENCE: Duration = Duration::from_secs(320);

/// etcd holds objects of 1.5 MB; a line longer than this is no event.
const LONGEST_LINE: usize = 64 << 20;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Bookmark {
    metadata: BookmarkMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookmarkMetadata {
    resource_version: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The annotation of the bookmark after the last event that stands for an item of a list.
const LIST_END: &str = "k8s.io/initial-events-end";

/// The events of a watch's body. After an error the stream ends.
pub(crate) fn events(step: String, body: Body) -> BoxStream<'static, Result<RawEvent>> {
    told(step, body).map(|told| told.map(|told| told.event)).boxed()
}

/// Takes the items of a list that a watch begins with. An end before the bookmark that ends the list is an error.
pub(crate) async fn initial(step: String, body: Body, sink: &mut dyn RawSink) -> Result<ListEnd> {
    let mut events = told(step.clone(), body);
    loop {
        let told = match tokio::time::timeout(PATIENCE, events.next()).await {
            Ok(told) => told,
            Err(_) => return Err(transport(&step, "the list stands still")),
        };
        match told.ok_or_else(|| transport(&step, "the list ended before its end was told"))?? {
            Told { event: RawEvent::Bookmark(version), ends_list: true } => return Ok(ListEnd { version }),
            Told { event: RawEvent::Added(item) | RawEvent::Modified(item), .. } => sink.item(item),
            Told { event: RawEvent::Deleted(_), .. } => {
                return Err(unreadable(&step, "an object is deleted in the middle of a list"));
            }
            Told { event: RawEvent::Bookmark(_), .. } => {}
        }
    }
}

/// An event, and whether a list that came as events ends with it.
#[derive(Debug)]
struct Told {
    event: RawEvent,
    ends_list: bool,
}

fn told(step: String, body: Body) -> BoxStream<'static, Result<Told>> {
    let chunks = body.into_data_stream().map(|chunk| chunk.map_err(Into::into)).boxed();
    stream::unfold(Some(Lines { step, chunks, buffer: BytesMut::new(), searched: 0 }), |lines| async {
        let mut lines = lines?;
        let event = match lines.next().await? {
            Ok(line) => read(&lines.step, &line),
            Err(error) => Err(error),
        };
        let go_on = event.is_ok().then_some(lines);
        Some((event, go_on))
    })
    .boxed()
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

struct Lines<S> {
    step: String,
    chunks: S,
    buffer: BytesMut,
    /// So many bytes of the buffer hold no end of line.
    searched: usize,
}

impl<S: Stream<Item = Result<Bytes, BoxError>> + Unpin> Lines<S> {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        loop {
            let found = self.buffer.get(self.searched..).and_then(|new| memchr::memchr(b'\n', new));
            if let Some(end) = found {
                let line = self.buffer.split_to(self.searched + end).freeze();
                self.buffer.advance(1);
                self.searched = 0;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Some(Ok(line));
            }
            self.searched = self.buffer.len();
            if self.searched > LONGEST_LINE {
                return Some(Err(unreadable(&self.step, "an event is longer than 64 MiB")));
            }
            match tokio::time::timeout(SILENCE, self.chunks.next()).await {
                Ok(Some(Ok(chunk))) => self.buffer.extend_from_slice(&chunk),
                Ok(Some(Err(error))) => return Some(Err(transport(&self.step, error))),
                // A rest without an end of line was cut off; the next watch sends that event again.
                Ok(None) => return None,
                Err(_) => return Some(Err(transport(&self.step, "the watch is silent"))),
            }
        }
    }
}

fn read(step: &str, line: &Bytes) -> Result<Told> {
    let bad = |error: serde_json::Error| unreadable(step, &error.to_string());
    let (kind, object) = match event_parts(line) {
        Some(parts) => parts,
        None => {
            let event: Event<'_> = serde_json::from_slice(line).map_err(bad)?;
            (event.kind, line.slice_ref(event.object.get().as_bytes()))
        }
    };
    match kind {
        "ADDED" => Ok(RawEvent::Added(RawObject::Json(object)).into()),
        "MODIFIED" => Ok(RawEvent::Modified(RawObject::Json(object)).into()),
        "DELETED" => Ok(RawEvent::Deleted(RawObject::Json(object)).into()),
        "BOOKMARK" => {
            let bookmark: Bookmark = serde_json::from_slice(&object).map_err(bad)?;
            let ends_list = bookmark.metadata.annotations.get(LIST_END).is_some_and(|text| text == "true");
            let event = RawEvent::Bookmark(ResourceVersion::new(bookmark.metadata.resource_version));
            Ok(Told { event, ends_list })
        }
        "ERROR" => Err(ClusterError::Status(status::read_event(&object))),
        other => Err(unreadable(step, &format!("an event of type {other:?}"))),
    }
}

impl From<RawEvent> for Told {
    fn from(event: RawEvent) -> Self {
        Self { event, ends_list: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(chunks: &'static [&'static str]) -> Vec<String> {
        let chunks = stream::iter(chunks.iter().map(|c| Ok::<_, BoxError>(Bytes::from_static(c.as_bytes()))));
        let mut lines = Lines { step: "GET /x".into(), chunks, buffer: BytesMut::new(), searched: 0 };
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await {
            seen.push(match line.and_then(|line| read("GET /x", &line).map(|told| told.event)) {
                Ok(RawEvent::Added(RawObject::Json(json))) => format!("+{}", String::from_utf8_lossy(&json)),
                Ok(RawEvent::Bookmark(version)) => format!("@{version}"),
                Ok(other) => format!("{other:?}"),
                Err(error) => format!("!{} {error}", error.is_gone()),
            });
        }
        seen
    }

    #[tokio::test]
    async fn events_are_lines_however_they_are_cut() {
        let seen = check(&[
            "{\"type\":\"ADDED\",\"object\":{\"a\":\"x",
            "\\n\"}}\n{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}\n\n",
            "{\"type\":\"ADDED\",\"obj",
        ]);
        assert_eq!(seen.await, ["+{\"a\":\"x\\n\"}", "@7"]);
    }

    #[tokio::test]
    async fn an_old_version_is_gone() {
        let gone = check(&[
            "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}}\n",
        ]);
        assert_eq!(gone.await, ["!true too old"]);
        assert!(check(&["{\"type\":\"NEW\",\"object\":{}}\n"]).await[0].starts_with("!false"));
    }
}
