//! The coordinator: one task that owns every app and hands effects to others.

mod effects;
mod kinds;
mod ledger;
mod neighbours;
mod reporting;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tautline_cluster::Cache;
use tautline_core::{AppId, GroupKind, GroupVersionKind, ResourceKey, Revision, Timestamp, Want};
use tautline_engine::{App, Effect, Event, Report, World};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::catalog::Catalog;
use crate::embedder::{AppInput, AppView, Parts};
use crate::fetch::Fetcher;
use crate::live_cache::Keeper;
use crate::message::Message;
use crate::perform::Performer;

pub(crate) use kinds::is_listed;
pub use ledger::Ledger;
pub(crate) use neighbours::Index;
use neighbours::Others;
use reporting::Reporting;
pub(crate) use reporting::Reports;

/// How many messages are taken before apps are asked what follows from them.
const AT_ONCE: usize = 256;

pub(crate) struct Coordinator {
    pub(crate) parts: Parts,
    pub(crate) cache: Arc<RwLock<Cache>>,
    pub(crate) catalog: Catalog,
    pub(crate) fetcher: Arc<Fetcher>,
    pub(crate) performer: Arc<Performer>,
    pub(crate) out: mpsc::UnboundedSender<Message>,
    pub(crate) changes: broadcast::Sender<AppId>,
    pub(crate) apps: BTreeMap<AppId, Entry>,
    pub(crate) index: Index,
    pub(crate) watchers: BTreeMap<GroupKind, Watched>,
    pub(crate) timers: BTreeSet<(Timestamp, AppId)>,
    /// Apps that have to look at the others' renders anew before they do anything.
    pub(crate) contested: BTreeSet<AppId>,
    /// Apps that took events and were not asked yet what follows.
    pub(crate) unsettled: BTreeSet<AppId>,
    pub(crate) reports: Reports,
    /// What wants stood for at the latest look, which is counted.
    pub(crate) seen: HashMap<Want, (u64, Revision)>,
    pub(crate) looks: u64,
    /// Apps that somebody else runs, by their names in tracking ids.
    pub(crate) elsewhere: BTreeSet<String>,
    pub(crate) is_scanning: bool,
    /// When the cluster was searched last.
    pub(crate) scanned_at: Option<Timestamp>,
    pub(crate) is_discovering: bool,
    /// The CRDs that are known, by what they say of types.
    pub(crate) definitions: Option<tautline_core::Digest>,
}

/// A kind that is watched, in one version.
pub(crate) struct Watched {
    in_version: GroupVersionKind,
    task: JoinHandle<()>,
}

pub(crate) struct Entry {
    pub(crate) app: App,
    input: AppInput,
    kinds: BTreeSet<GroupKind>,
    reporting: Reporting,
    wants_scan: bool,
}

impl Coordinator {
    pub(crate) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        let kept = self.parts.options.live_cache.clone();
        let mut keeper =
            kept.map(|settings| Keeper::new(settings, &self.parts.cluster.id(), self.cache.clone()));
        if let Some(keeper) = &keeper {
            keeper.load().await;
        }
        let saves = keeper.as_ref().map(|keeper| tokio::spawn(keeper.clone().keep()));
        self.discover();
        self.watch_kinds();
        let stopped = self.follow(&mut inbox).await;
        saves.iter().for_each(JoinHandle::abort);
        if let Some(keeper) = &mut keeper {
            keeper.save().await;
        }
        if let Some(stopped) = stopped {
            let _ = stopped.send(());
        }
    }

    /// Takes messages until there are no more, or until one says stop and asks to be told when that is done.
    async fn follow(&mut self, inbox: &mut mpsc::UnboundedReceiver<Message>) -> Option<oneshot::Sender<()>> {
        let mut messages = Vec::new();
        loop {
            let wait = self.next_timer();
            tokio::select! {
                biased;
                count = inbox.recv_many(&mut messages, AT_ONCE) => if count == 0 { return None },
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => self.ring(),
            }
            for message in messages.drain(..) {
                if let Message::Stop(done) = message {
                    self.watchers.values().for_each(|watched| watched.task.abort());
                    return Some(done);
                }
                self.take(message);
            }
            self.settle();
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Set(input) => self.set(*input),
            Message::Remove(id) => self.remove(&id),
            Message::Event(id, event) => self.step(&id, event),
            Message::Elsewhere(name, true) => drop(self.elsewhere.insert(name)),
            Message::Elsewhere(name, false) => {
                if self.elsewhere.remove(&name) {
                    self.tell_contested();
                }
            }
            Message::Resolved { app, want, look, result } => self.resolved(&app, want, look, result),
            Message::Changed(keys) => self.changed(&keys),
            Message::Kind(kind) => self.kind_changed(&kind),
            Message::Rediscover => self.discover(),
            Message::Discovered => {
                self.is_discovering = false;
                self.watch_kinds();
                self.step_all(|_| Event::Kinds);
            }
            Message::Rules => self.step_all(|_| Event::Rules),
            Message::Exclude(excludes) => {
                self.catalog.exclude(excludes);
                self.watch_kinds();
                self.step_all(|_| Event::Kinds);
            }
            Message::Reported(id) => self.reported(&id),
            Message::Scanned(result) => self.scanned(&result),
            Message::Ask(id, reply) => {
                drop(reply.send(self.explained(&id).map(|report| (report, Vec::new()))))
            }
            Message::AskLedger(reply) => drop(reply.send(self.ledger())),
            Message::AskOne(id, reply) => drop(reply.send(self.view(&id).map(|view| self.planned(view)))),
            Message::AskAll(reply) => {
                drop(reply.send(self.apps.keys().filter_map(|id| self.view(id)).collect()));
            }
            Message::Stop(_) => {}
        }
    }

    fn set(&mut self, input: AppInput) {
        let id = input.spec.id.clone();
        let instance = input.spec.destination.app.as_str().to_owned();
        self.index.by_instance.insert(instance, id.clone());
        match self.apps.get_mut(&id) {
            Some(entry) => {
                let spec = Box::new(input.spec.clone());
                entry.input = input;
                self.step(&id, Event::Spec(spec));
            }
            None => {
                let app = App::new(input.spec.clone(), input.memory.clone());
                let spec = Box::new(input.spec.clone());
                let reporting = Reporting::default();
                let entry = Entry { app, input, kinds: BTreeSet::new(), reporting, wants_scan: false };
                self.apps.insert(id.clone(), entry);
                self.step(&id, Event::Spec(spec));
            }
        }
    }

    /// Tells an app what its want stands for, and every other app of the same want if that is news: one
    /// look serves them all, and what moves from one to another is seen by both (rule R20).
    fn resolved(&mut self, id: &AppId, want: Want, look: u64, result: Result<Revision, String>) {
        if self
            .apps
            .get(id)
            .is_some_and(|e| e.input.spec.want != want && e.app.pinned_want() == Some(want.clone()))
        {
            return self.step(id, Event::Pinned(result));
        }
        if self.apps.get(id).is_none_or(|e| e.input.spec.want != want) {
            // The app was told to want something else meanwhile.
            return;
        }
        let revision = match result {
            Ok(revision) => revision,
            Err(message) => return self.step(id, Event::Resolved(Err(message))),
        };
        let revision = match self.seen.get(&want) {
            // A look that began earlier and ended later knows less.
            Some((newer, seen)) if *newer > look => seen.clone(),
            _ => revision,
        };
        let others: Vec<AppId> = (self.apps.iter())
            .filter(|(other, e)| *other != id && e.input.spec.want == want)
            .filter(|(_, e)| e.app.followed().is_some_and(|known| *known != revision))
            .map(|(other, _)| other.clone())
            .collect();
        let newest = self.seen.get(&want).map_or(look, |(newest, _)| look.max(*newest));
        self.seen.insert(want, (newest, revision.clone()));
        // The others first: when the one that asked is rendered, they are known to be undecided.
        for other in others {
            self.step(&other, Event::Resolved(Ok(revision.clone())));
        }
        self.step(id, Event::Resolved(Ok(revision)));
    }

    fn remove(&mut self, id: &AppId) {
        if let Some(entry) = self.apps.remove(id) {
            self.index.by_instance.remove(entry.input.spec.destination.app.as_str());
        }
        self.index.set_held(id, BTreeSet::new());
        let apps = &self.apps;
        self.seen.retain(|want, _| apps.values().any(|e| e.input.spec.want == *want));
        self.watch_kinds();
        self.tell_contested();
        let _ = self.changes.send(id.clone());
    }

    fn changed(&mut self, keys: &[ResourceKey]) {
        let mut by_app: BTreeMap<AppId, Vec<ResourceKey>> = BTreeMap::new();
        let mut definitions_changed = false;
        {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            for key in keys {
                definitions_changed |= key.kind == "CustomResourceDefinition";
                let tracked = cache.apps_of(key);
                let mut apps: BTreeSet<AppId> =
                    tracked.iter().filter_map(|name| self.index.by_instance.get(name).cloned()).collect();
                apps.extend(self.index.holders.get(key).into_iter().flatten().cloned());
                // What was tracked before and no longer is, or is gone.
                let had_it = self.apps.iter().filter(|(_, e)| e.app.still_has(key));
                apps.extend(had_it.map(|(id, _)| id.clone()));
                for app in apps {
                    by_app.entry(app).or_default().push(key.clone());
                }
            }
        }
        if definitions_changed {
            self.definitions_changed();
        }
        for (id, keys) in by_app {
            let _ = self.changes.send(id.clone());
            self.step(&id, Event::Live(keys));
        }
    }

    fn step_all(&mut self, event: impl Fn(&AppId) -> Event) {
        let ids: Vec<AppId> = self.apps.keys().cloned().collect();
        for id in ids {
            let event = event(&id);
            self.step(&id, event);
        }
    }

    /// Lets an app take an event. What it wants done on the whole is asked when the messages at hand are taken.
    fn step(&mut self, id: &AppId, event: Event) {
        self.unsettled.insert(id.clone());
        self.with_world(id, |app, world, now| app.take(event, world, now));
    }

    /// Asks the apps that took events what follows from them, until none has anything new. An app that another
    /// one's render matters to looks at that first: what it prunes may just have come to be held there (rule R20).
    fn settle(&mut self) {
        while let Some(id) = self.unsettled.pop_first() {
            if self.contested.remove(&id) {
                self.with_world(&id, |app, world, now| app.take(Event::Neighbours, world, now));
            }
            self.with_world(&id, App::settle);
            self.flush(&id, self.parts.clock.now());
        }
    }

    /// Shows an app the world, and hands on what it wants done.
    fn with_world(&mut self, id: &AppId, act: impl FnOnce(&mut App, &World<'_>, Timestamp) -> Vec<Effect>) {
        let Some(mut entry) = self.apps.remove(id) else { return };
        let now = self.parts.clock.now();
        let effects = self.in_world(id, &entry.input, |world| act(&mut entry.app, world, now));
        self.apps.insert(id.clone(), entry);
        for effect in effects {
            self.effect(id, effect, now);
        }
    }

    /// An app as others see it now, without its plan.
    fn view(&self, id: &AppId) -> Option<AppView> {
        let entry = self.apps.get(id)?;
        Some(AppView {
            id: id.clone(),
            want: entry.input.spec.want.clone(),
            path: entry.input.path.clone(),
            namespace: entry.input.spec.destination.namespace.clone(),
            report: self.explained(id)?,
            plan: None,
        })
    }

    /// A view with the app's plan.
    fn planned(&self, view: AppView) -> AppView {
        let now = self.parts.clock.now();
        let plan = self
            .apps
            .get(&view.id)
            .and_then(|entry| self.in_world(&view.id, &entry.input, |world| entry.app.planned(world, now)));
        AppView { plan, ..view }
    }

    /// What an app says of itself now.
    fn explained(&self, id: &AppId) -> Option<Report> {
        let entry = self.apps.get(id)?;
        let now = self.parts.clock.now();
        Some(self.in_world(id, &entry.input, |world| entry.app.explained(world, now)))
    }

    /// Shows the world as an app sees it.
    fn in_world<R>(&self, id: &AppId, input: &AppInput, look: impl FnOnce(&World<'_>) -> R) -> R {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let (apps, index, elsewhere) = (&self.apps, &self.index, &self.elsewhere);
        let neighbours = Others { apps, index, elsewhere, me: id, want: &input.spec.want };
        look(&World {
            live: &*cache,
            scopes: &self.catalog,
            neighbours: &neighbours,
            differ: &*self.parts.differ,
            health: &*self.parts.health,
            gates: &input.gates,
        })
    }

    fn tell_contested(&mut self) {
        let contested: Vec<AppId> =
            self.apps.iter().filter(|(_, e)| e.app.is_contested()).map(|(id, _)| id.clone()).collect();
        // Not by call: one app's news must not recurse through all.
        self.unsettled.extend(contested.iter().cloned());
        self.contested.extend(contested);
    }

    fn next_timer(&self) -> Option<Duration> {
        let (at, _) = self.timers.first()?;
        Some(at.since(self.parts.clock.now()))
    }

    /// Rings every timer that is due.
    fn ring(&mut self) {
        let now = self.parts.clock.now();
        let mut due: BTreeSet<AppId> = BTreeSet::new();
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            due.extend(self.timers.pop_first().map(|(_, id)| id));
        }
        for id in due {
            self.step(&id, Event::Tick);
        }
    }
}
