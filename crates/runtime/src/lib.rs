//! Performs the engine's effects on tokio.
//!
//! One task, the coordinator, owns every app's state machine and takes messages one at a time, so an app is
//! never stepped twice at once and no lock is held across an await. Everything slow runs beside it: one
//! watcher a kind, fetches and renders, writes within a limit, reports one at a time for each app. What they
//! find comes back as a message.
//!
//! An embedder brings [`Parts`] (cluster, source, renderer, differ, records) and hands over apps with
//! [`Runtime::set`]; reports go to its [`Records`].
#![forbid(unsafe_code)]

mod catalog;
mod coordinator;
mod embedder;
mod fetch;
mod message;
mod perform;
mod schemas;
mod watcher;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tautline_apply::Executor;
use tautline_cluster::Cache;
use tautline_core::{AppId, GroupKind};
use tautline_engine::{Event, Report, SyncRequest};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};

pub use catalog::Catalog;
pub use embedder::{AppInput, Definitions, Options, Parts, Records, take_over_patch};
pub use schemas::LiveSchemas;

use coordinator::Coordinator;
use message::Message;

/// A running engine. Clones share it.
#[derive(Clone, Debug)]
pub struct Runtime {
    inbox: mpsc::UnboundedSender<Message>,
    cache: Arc<RwLock<Cache>>,
    catalog: Catalog,
    changes: broadcast::Sender<AppId>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}

impl Runtime {
    /// Starts the engine on the present tokio runtime.
    pub fn start(parts: Parts) -> Self {
        let (out, inbox) = mpsc::unbounded_channel();
        let (changes, _) = broadcast::channel(1024);
        let cache = Arc::new(RwLock::new(Cache::new(parts.masking.clone())));
        let catalog = Catalog::default();
        let fetcher = fetch::Fetcher::new(
            parts.source.clone(),
            parts.renderer.clone(),
            parts.options.concurrent_renders,
        );
        let performer = perform::Performer {
            cluster: parts.cluster.clone(),
            executor: Executor::new(
                parts.cluster.clone(),
                parts.options.writes.clone(),
                parts.take_over.clone(),
            ),
            cache: cache.clone(),
            catalog: catalog.clone(),
            slots: Semaphore::new(parts.options.concurrent_writes),
            out: out.clone(),
        };
        let coordinator = Coordinator {
            parts,
            cache: cache.clone(),
            catalog: catalog.clone(),
            fetcher: Arc::new(fetcher),
            performer: Arc::new(performer),
            out: out.clone(),
            changes: changes.clone(),
            apps: BTreeMap::new(),
            index: coordinator::Index::default(),
            watchers: BTreeMap::new(),
            timers: std::collections::BinaryHeap::new(),
            is_scanning: false,
            is_discovering: false,
        };
        tokio::spawn(coordinator.run(inbox));
        Self { inbox: out, cache, catalog, changes }
    }

    /// Takes an app, new or changed.
    pub fn set(&self, input: AppInput) {
        let _ = self.inbox.send(Message::Set(Box::new(input)));
    }

    /// Forgets an app. Its objects stay.
    pub fn remove(&self, app: &AppId) {
        let _ = self.inbox.send(Message::Remove(app.clone()));
    }

    /// Has the repository looked at now; `hard` renders anew as well.
    pub fn refresh(&self, app: &AppId, hard: bool) {
        let _ = self.inbox.send(Message::Event(app.clone(), Event::Refresh { hard }));
    }

    /// Has an app synced now.
    pub fn sync(&self, app: &AppId, request: SyncRequest) {
        let _ = self.inbox.send(Message::Event(app.clone(), Event::Sync(request)));
    }

    /// An app's report; `None` if there is no such app.
    pub async fn report(&self, app: &AppId) -> Option<Report> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Message::Ask(app.clone(), reply)).ok()?;
        answer.await.ok().flatten().map(|(report, _)| report)
    }

    /// Every app's report.
    pub async fn reports(&self) -> Vec<(AppId, Report)> {
        let (reply, answer) = oneshot::channel();
        if self.inbox.send(Message::AskAll(reply)).is_err() {
            return Vec::new();
        }
        answer.await.unwrap_or_default()
    }

    /// Names of apps whose state or tree changed, as it happens.
    pub fn changes(&self) -> broadcast::Receiver<AppId> {
        self.changes.subscribe()
    }

    /// Looks at the live objects. Do not hold on to the cache: writers wait.
    pub fn with_cache<T>(&self, look: impl FnOnce(&Cache) -> T) -> T {
        look(&self.cache.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a kind's first list has ended, well or badly.
    pub fn is_listed(&self, kind: &GroupKind) -> bool {
        self.with_cache(|cache| coordinator::is_listed(cache, kind))
    }

    /// What the cluster serves.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Stops the engine. Steps that were sent may still take effect.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.inbox.send(Message::Stop(done)).is_ok() {
            let _ = stopped.await;
        }
    }
}
