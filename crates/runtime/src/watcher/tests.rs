//! Sixteen things that go wrong with a watch, each at the first list, while it runs, and at a later list.
//!
//! A server tells its history with the fault in it, once. All the while nothing may be called absent that is there;
//! in the end the cache holds what the server holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tautline_cluster::{
    ApiResource, Cache, Cluster, ClusterError, Deleted, Discovery, ListEnd, Patch, Query, RawEvent,
    RawObject, RawSink, Result, Status, Target, WriteOptions, Written,
};
use tautline_core::{
    ClusterId, GroupKind, GroupVersion, GroupVersionKind, ManualClock, MaskingKey, Object, Presence,
    ResourceKey, ResourceVersion, Timestamp, Value,
};
use tautline_ownership::{LiveView, Warrant};
use tokio::sync::mpsc;

use super::Watcher;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
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
enum When {
    Init,
    Steady,
    Relist,
}

/// One change: in which version, of which object, and its state after it.
type Change = (u64, &'static str, Option<String>);

#[derive(Default)]
struct State {
    history: Vec<Change>,
    version: u64,
    /// Versions up to this one are compacted.
    compacted: u64,
    lives: u64,
    /// Streams end when this moves.
    epoch: u64,
}

/// A server of one kind that does one thing wrong while it is armed.
struct Server {
    state: Mutex<State>,
    wrong: Wrong,
    /// How often the fault still strikes.
    armed: Mutex<u32>,
    struck: AtomicBool,
}

impl Server {
    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn arm(&self, times: u32) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = times;
    }

    fn strikes(&self, wrong: Wrong) -> bool {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let strikes = self.wrong == wrong && *armed > 0;
        if strikes {
            *armed -= 1;
            self.struck.store(true, Ordering::SeqCst);
        }
        strikes
    }

    fn put(&self, name: &'static str, text: &str) {
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

    fn end(&self, name: &'static str) {
        self.state(|state| {
            state.version += 1;
            state.history.push((state.version, name, None));
        });
    }

    /// Streams end, and what they would go on from is gone.
    fn compact(&self) {
        self.state(|state| {
            state.version += 1;
            (state.compacted, state.epoch) = (state.version, state.epoch + 1);
        });
    }

    /// The next line of a watch that has delivered everything up to `since`.
    fn next(&self, since: u64) -> Option<(u64, RawEvent)> {
        self.state(|state| {
            let at = state.history.iter().position(|(version, ..)| *version > since)?;
            let (version, name, after) = state.history[at].clone();
            let before = state_at(state, version - 1).remove(name);
            Some((version, event(before, after, version)))
        })
    }
}

fn body(name: &str, uid: &str, version: u64, text: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"n","uid":"{uid}","resourceVersion":"{version}"}},"data":{{"text":"{text}"}}}}"#
    )
}

fn event(before: Option<String>, after: Option<String>, version: u64) -> RawEvent {
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

fn state_at(state: &State, version: u64) -> BTreeMap<&'static str, String> {
    let mut all = BTreeMap::new();
    for (_, name, json) in state.history.iter().take_while(|(at, ..)| *at <= version) {
        match json {
            Some(json) => drop(all.insert(*name, json.clone())),
            None => drop(all.remove(name)),
        }
    }
    all
}

fn gone() -> ClusterError {
    failure(410, "too old resource version")
}

fn failure(code: u16, message: &str) -> ClusterError {
    ClusterError::Status(Status { code, message: message.to_owned(), ..Status::default() })
}

fn broken(problem: &str) -> ClusterError {
    ClusterError::Transport { step: "watch".to_owned(), source: problem.into() }
}

/// A cluster of one kind over the server; all that a watcher asks for.
struct Faulty(Arc<Server>);

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

type Step = Option<(Result<RawEvent>, Option<u64>)>;

/// The next thing that a watch tells.
async fn step(server: Arc<Server>, since: Option<u64>, epoch: u64) -> Step {
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
async fn tell(server: &Server, since: u64, version: u64, event: RawEvent) -> (Result<RawEvent>, Option<u64>) {
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

fn resource(version: &str) -> ApiResource {
    ApiResource {
        gvk: GroupVersionKind::new("tea.example.org", version, "Cup"),
        plural: "cups".into(),
        namespaced: true,
        verbs: Vec::new(),
        short_names: Vec::new(),
        subresources: Vec::new(),
    }
}

fn kind() -> GroupKind {
    GroupKind::new("tea.example.org", "Cup")
}

/// A watcher at work on a faulty server.
struct Scene {
    server: Arc<Server>,
    cache: Arc<RwLock<Cache>>,
    task: tokio::task::JoinHandle<()>,
}

impl Scene {
    fn new(wrong: Wrong) -> Self {
        let server = Arc::new(Server {
            state: Mutex::new(State { version: 10, ..State::default() }),
            wrong,
            armed: Mutex::new(0),
            struck: AtomicBool::new(false),
        });
        let cache = Arc::new(RwLock::new(Cache::new(MaskingKey::new([1; 32]))));
        let task = watch(&server, &cache, "v1");
        Self { server, cache, task }
    }

    fn read<T>(&self, look: impl FnOnce(&Cache) -> T) -> T {
        look(&self.cache.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is said to be absent was absent in the version that the evidence names.
    fn no_wrong_absence(&self) {
        for name in ["a", "b", "c", "d"] {
            let presence =
                self.read(|cache| cache.get(&ResourceKey::new("tea.example.org", "Cup", "n", name)));
            if let Presence::Absent(freshness) = presence {
                let at: u64 = freshness.version.as_str().parse().unwrap();
                let was_there = self.server.state(|state| state_at(state, at).contains_key(name));
                assert!(!was_there, "{name} was there at {at}");
            }
        }
    }

    /// Waits until the cache holds what the server holds, and looks all the while.
    async fn settle(&self, api_version: &str) {
        let wanted = || -> BTreeMap<String, String> {
            let state = self.server.state(|state| state_at(state, u64::MAX));
            state
                .into_iter()
                .map(|(name, json)| {
                    let mut value = Value::from_json(json.as_bytes()).unwrap();
                    let map = value.as_map_mut().unwrap();
                    map.insert("apiVersion", api_version);
                    map.insert("kind", "Cup");
                    (name.to_owned(), value.to_json())
                })
                .collect()
        };
        for _ in 0..8000 {
            self.no_wrong_absence();
            let held: BTreeMap<String, String> = self.read(|cache| {
                let is_known = cache.freshness(&kind()).is_ok();
                let all = cache.objects(&kind()).into_iter().filter(|_| is_known);
                all.map(|o| (o.name().to_owned(), o.to_value().to_json())).collect()
            });
            if held == wanted() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let state = self.read(|cache| cache.state(&kind()).cloned());
        panic!("the cache ({state:?}) does not come to hold {:?}", wanted());
    }
}

fn watch(server: &Arc<Server>, cache: &Arc<RwLock<Cache>>, version: &str) -> tokio::task::JoinHandle<()> {
    let watcher = Watcher {
        cluster: Arc::new(Faulty(server.clone())),
        cache: cache.clone(),
        clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1))),
        out: mpsc::unbounded_channel().0,
        resource: resource(version),
    };
    tokio::spawn(watcher.run())
}

async fn case(wrong: Wrong, when: When) {
    let mut scene = Scene::new(wrong);
    scene.server.put("a", "1");
    scene.server.put("b", "1");
    let times = match wrong {
        // So long that the watcher must go around it.
        Wrong::Oversized | Wrong::UnknownError => 5,
        Wrong::StaleList => 2,
        _ => 1,
    };
    if when == When::Init {
        // The fault meets the first list or what follows it.
        scene.task.abort();
        scene.server.arm(times);
        scene.task = watch(&scene.server, &scene.cache, "v1");
    }
    scene.settle("tea.example.org/v1").await;
    if when != When::Init {
        scene.server.arm(times);
    }
    if when == When::Relist {
        scene.server.compact();
    }
    let mut api_version = "tea.example.org/v1";
    match wrong {
        Wrong::BackwardsAfterRestore => {
            restore(&scene);
            scene.settle(api_version).await;
        }
        Wrong::VersionSwitch => {
            // The kind is served in another version now; whoever reads discovery starts the watch anew.
            scene.task.abort();
            scene.task = watch(&scene.server, &scene.cache, "v2");
            api_version = "tea.example.org/v2";
        }
        Wrong::StaleList | Wrong::MissingEndOfList | Wrong::GoneAtStart if when == When::Steady => {
            // These are faults of beginnings: one is brought about.
            scene.server.put("c", "1");
            scene.settle(api_version).await;
            scene.server.compact();
        }
        _ => {}
    }
    scene.server.put("b", "2");
    scene.server.end("a");
    scene.server.put("c", "2");
    scene.server.put("a", "a new life");
    scene.server.end("b");
    scene.server.put("d", "1");
    scene.settle(api_version).await;
    // And once more, for what strikes only while a watch runs.
    scene.server.put("a", "3");
    scene.server.end("c");
    scene.server.put("b", "a third life");
    scene.settle(api_version).await;
    let quiet = [Wrong::ReorderAcrossKinds, Wrong::BackwardsAfterRestore, Wrong::VersionSwitch];
    assert!(quiet.contains(&wrong) || scene.server.struck.load(Ordering::SeqCst), "the fault did not strike");
    scene.task.abort();
}

/// The server goes back to a backup from before the last changes; versions are given anew.
fn restore(scene: &Scene) {
    scene.server.put("d", "lost");
    scene.server.state(|state| {
        let back = state.version - 2;
        state.history.retain(|(version, ..)| *version <= back);
        (state.version, state.compacted, state.epoch) = (back, 0, state.epoch + 1);
    });
}

macro_rules! faults {
    ($($name:ident: $wrong:ident,)*) => { $(
        mod $name {
            use super::{When, Wrong, case};

            #[tokio::test]
            async fn at_the_first_list() {
                case(Wrong::$wrong, When::Init).await;
            }

            #[tokio::test]
            async fn while_it_runs() {
                case(Wrong::$wrong, When::Steady).await;
            }

            #[tokio::test]
            async fn at_a_later_list() {
                case(Wrong::$wrong, When::Relist).await;
            }
        }
    )* };
}

faults! {
    g2_a_connection_drops: Drop,
    g2_a_connection_is_half_open: HalfOpen,
    g2_an_event_comes_twice: Duplicate,
    g2_events_are_lost_on_their_way: Gap,
    g2_kinds_come_in_another_order: ReorderAcrossKinds,
    g2_gone_at_the_start: GoneAtStart,
    g2_gone_in_the_stream: GoneInStream,
    g2_an_unknown_error: UnknownError,
    g2_a_stale_list: StaleList,
    g2_versions_go_backwards: BackwardsAfterRestore,
    g2_the_definition_is_removed: DefinitionRemoved,
    g2_the_version_is_switched: VersionSwitch,
    g2_an_event_is_too_long: Oversized,
    g2_an_event_is_invalid: Invalid,
    g2_the_list_has_no_end: MissingEndOfList,
    g2_nothing_but_bookmarks: BookmarkOnly,
}
