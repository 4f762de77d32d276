//! A server that tells its history with one fault in it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tautline_cluster::{
    ApiResource, Cluster, ClusterError, Deleted, Discovery, ListEnd, Patch, Query, RawEvent, RawObject,
    RawSink, Result, Status, Target, WriteOptions, Written,
};
use tautline_core::{ClusterId, GroupVersion, Object, ResourceVersion, Value};
use tautline_ownership::Warrant;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Drop,
    HalfOpen,
    Duplicate,
    Gap,
    ReorderAcrossKinds,
    GoneAtStart,
    GoneInStream,
    UnknownError,
    StaleList,
    BackwardsAfterRestore,
    DefinitionRemoved,
    VersionSwitch,
    Oversized,
    Invalid,
    MissingEndOfList,
    BookmarkOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Init,
    Steady,
    Relist,
}

/// One change: in which version, of which object, and its state after it.
pub(super) type Change = (u64, &'static str, Option<String>);

#[derive(Default)]
pub(super) struct State {
    pub(super) history: Vec<Change>,
    pub(super) version: u64,
    /// Versions up to this one are compacted.
    pub(super) compacted: u64,
    pub(super) lives: u64,
    /// Streams end when this moves.
    pub(super) epoch: u64,
}

/// A server of one kind that does one thing wrong while it is armed.
pub(super) struct Server {
    pub(super) state: Mutex<State>,
    pub(super) wrong: Wrong,
    /// How often the fault still strikes.
    pub(super) armed: Mutex<u32>,
    pub(super) struck: AtomicBool,
}

impl Server {
    pub(super) fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn arm(&self, times: u32) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = times;
    }

    pub(super) fn strikes(&self, wrong: Wrong) -> bool {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let strikes = self.wrong == wrong && *armed > 0;
        if strikes {
            *armed -= 1;
            self.struck.store(true, Ordering::SeqCst);
        }
        strikes
    }

    pub(super) fn put(&self, name: &'static str, text: &str) {
        self.state(|state| {
            state.version += 1;
            let now = state_at(state, u64::MAX).remove(name);
            let uid = now.as_deref().map_or_else(
                || {
                    state.lives += 1;
                    format!("uid-{}", state.lives)
                },
                |json| {
                    Value::from_json(json.as_bytes())
                        .unwrap()
                        .str_at(&["metadata", "uid"])
                        .unwrap()
                        .to_owned()
                },
            );
            let json = body(name, &uid, state.version, text);
            state.history.push((state.version, name, Some(json)));
        });
    }

    pub(super) fn end(&self, name: &'static str) {
        self.state(|state| {
            state.version += 1;
            state.history.push((state.version, name, None));
        });
    }

    /// Streams end, and what they would go on from is gone.
    pub(super) fn compact(&self) {
        self.state(|state| {
            state.version += 1;
            (state.compacted, state.epoch) = (state.version, state.epoch + 1);
        });
    }

    /// The next line of a watch that has delivered everything up to `since`.
    pub(super) fn next(&self, since: u64) -> Option<(u64, RawEvent)> {
        self.state(|state| {
            let at = state.history.iter().position(|(version, ..)| *version > since)?;
            let (version, name, after) = state.history[at].clone();
            let before = state_at(state, version - 1).remove(name);
            Some((version, event(before, after, version)))
        })
    }
}

pub(super) fn body(name: &str, uid: &str, version: u64, text: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"n","uid":"{uid}","resourceVersion":"{version}"}},"data":{{"text":"{text}"}}}}"#
    )
}

pub(super) fn event(before: Option<String>, after: Option<String>, version: u64) -> RawEvent {
    let raw = |json: String| RawObject::Json(json.into_bytes().into());
    match (before, after) {
        (None, Some(json)) => RawEvent::Added(raw(json)),
        (Some(_), Some(json)) => RawEvent::Modified(raw(json)),
        (Some(json), None) => {
            let mut value = Value::from_json(json.as_bytes()).unwrap();
            value.as_map_mut().unwrap().map_at("metadata").insert("resourceVersion", version.to_string());
            RawEvent::Deleted(raw(value.to_json()))
        }
        (None, None) => RawEvent::Bookmark(ResourceVersion::new(version.to_string())),
    }
}

pub(super) fn state_at(state: &State, version: u64) -> BTreeMap<&'static str, String> {
    let mut all = BTreeMap::new();
    for (_, name, json) in state.history.iter().take_while(|(at, ..)| *at <= version) {
        match json {
            Some(json) => drop(all.insert(*name, json.clone())),
            None => drop(all.remove(name)),
        }
    }
    all
}

pub(super) fn gone() -> ClusterError {
    failure(410, "too old resource version")
}

pub(super) fn failure(code: u16, message: &str) -> ClusterError {
    ClusterError::Status(Status { code, message: message.to_owned(), ..Status::default() })
}

pub(super) fn broken(problem: &str) -> ClusterError {
    ClusterError::Transport { step: "watch".to_owned(), source: problem.into() }
}

/// A cluster of one kind over the server; all that a watcher asks for.
pub(super) struct Faulty(pub(super) Arc<Server>);

#[async_trait]
impl Cluster for Faulty {
    fn id(&self) -> ClusterId {
        ClusterId::in_cluster()
    }

    async fn discover(&self) -> Result<Discovery> {
        Ok(Discovery::default())
    }

    async fn open_api(&self, _: &GroupVersion) -> Result<Value> {
        Err(failure(404, "none"))
    }

    async fn get(&self, _: &Target) -> Result<Option<Arc<Object>>> {
        Err(failure(404, "none"))
    }

    async fn list(&self, _: &Query, sink: &mut dyn RawSink) -> Result<ListEnd> {
        let server = &self.0;
        if server.strikes(Wrong::DefinitionRemoved) {
            return Err(failure(404, "the server could not find the requested resource"));
        }
        let lag = if server.strikes(Wrong::StaleList) { 2 } else { 0 };
        let (items, version) = server.state(|state| {
            let version = state.version.saturating_sub(lag);
            (state_at(state, version), version)
        });
        let (breaks, is_invalid) = (server.strikes(Wrong::MissingEndOfList), server.strikes(Wrong::Invalid));
        let half = items.len() / 2;
        for (number, json) in items.into_values().enumerate() {
            if breaks && number >= half {
                return Err(broken("the list ended before its end"));
            }
            sink.item(RawObject::Json(json.into_bytes().into()));
        }
        if is_invalid {
            sink.item(RawObject::Json(br#"{"metadata":{"#.to_vec().into()));
        }
        Ok(ListEnd { version: ResourceVersion::new(version.to_string()) })
    }

    async fn watch(&self, query: &Query) -> Result<BoxStream<'static, Result<RawEvent>>> {
        let server = self.0.clone();
        let since: u64 = query.since.as_ref().and_then(|v| v.as_str().parse().ok()).unwrap_or(0);
        if server.strikes(Wrong::GoneAtStart) || since < server.state(|state| state.compacted) {
            return Err(gone());
        }
        if since > server.state(|state| state.version) {
            return Err(failure(504, "Too large resource version"));
        }
        let epoch = server.state(|state| state.epoch);
        Ok(stream::unfold(Some(since), move |since| step(server.clone(), since, epoch)).boxed())
    }

    async fn apply(&self, _: &Target, _: &Object, _: &WriteOptions) -> Result<Written> {
        Err(failure(405, "read only"))
    }

    async fn create(&self, _: &Target, _: &Object, _: &WriteOptions) -> Result<Written> {
        Err(failure(405, "read only"))
    }

    async fn replace(&self, _: &Target, _: &Object, _: &WriteOptions) -> Result<Written> {
        Err(failure(405, "read only"))
    }

    async fn patch(&self, _: &Target, _: &Patch, _: &WriteOptions) -> Result<Written> {
        Err(failure(405, "read only"))
    }

    async fn delete(&self, _: &ApiResource, _: Warrant) -> Result<Deleted> {
        Err(failure(405, "read only"))
    }
}

pub(super) type Step = Option<(Result<RawEvent>, Option<u64>)>;

/// The next thing that a watch tells.
pub(super) async fn step(server: Arc<Server>, since: Option<u64>, epoch: u64) -> Step {
    let since = since?;
    loop {
        if server.state(|state| state.epoch) != epoch {
            return None;
        }
        let Some((version, event)) = server.next(since) else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        return Some(tell(&server, since, version, event).await);
    }
}

/// An event, or what comes in its place.
pub(super) async fn tell(
    server: &Server,
    since: u64,
    version: u64,
    event: RawEvent,
) -> (Result<RawEvent>, Option<u64>) {
    if server.strikes(Wrong::Duplicate) {
        return (Ok(event), Some(since));
    }
    if server.strikes(Wrong::HalfOpen) {
        // Nothing comes for as long as the adapter waits; then it says so.
        tokio::time::sleep(Duration::from_millis(50)).await;
        return (Err(broken("the watch is silent")), None);
    }
    if server.strikes(Wrong::BookmarkOnly) {
        // Versions pass that are not of this kind, and no event.
        return (Ok(RawEvent::Bookmark(ResourceVersion::new(since.to_string()))), Some(since));
    }
    let struck = [
        (Wrong::Drop, broken("connection reset by peer")),
        (Wrong::Gap, broken("the events on their way were lost with the connection")),
        (Wrong::GoneInStream, gone()),
        (Wrong::UnknownError, failure(500, "etcdserver: leader changed")),
        (Wrong::Oversized, broken("an event is longer than 64 MiB")),
        (Wrong::DefinitionRemoved, failure(404, "the server could not find the requested resource")),
    ];
    for (wrong, error) in struck {
        if server.strikes(wrong) {
            return (Err(error), None);
        }
    }
    if server.strikes(Wrong::Invalid) {
        let torn = RawObject::Json(br#"{"metadata":{"name":"#.to_vec().into());
        return (Ok(RawEvent::Modified(torn)), Some(version));
    }
    (Ok(event), Some(version))
}
