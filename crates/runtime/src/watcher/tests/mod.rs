//! Sixteen things that go wrong with a watch, each at the first list, while it runs, and at a later list.
//!
//! A server tells its history with the fault in it, once. All the while nothing may be called absent that is there;
//! in the end the cache holds what the server holds.

mod faulty;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tautline_cluster::{ApiResource, Cache};
use tautline_core::{
    GroupKind, GroupVersionKind, ManualClock, MaskingKey, Presence, ResourceKey, Timestamp, Value,
};
use tautline_ownership::LiveView;
use tokio::sync::mpsc;

use super::Watcher;
use faulty::{Faulty, Server, State, When, Wrong, state_at};

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
