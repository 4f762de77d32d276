//! The coordinator: one task that owns every app and hands effects to others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tautline_cluster::{ApiResource, Cache};
use tautline_core::{AppId, GroupKind, ResourceKey, Revision, Timestamp, Want, Why};
use tautline_engine::{App, Effect, Event, Report, World};
use tautline_ownership::{AppInstance, LiveView, Neighbours};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

use crate::catalog::Catalog;
use crate::embedder::{AppInput, AppView, Parts};
use crate::fetch::Fetcher;
use crate::message::Message;
use crate::perform::Performer;
use crate::watcher::Watcher;

/// How many messages are taken before apps are asked what follows from them.
const AT_ONCE: usize = 256;

/// How long news that is not urgent waits for more of it: what comes within this time is one write.
const GATHER: Duration = Duration::from_millis(100);

const REPORT_EVERY: Duration = Duration::from_secs(1);

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
    pub(crate) watchers: BTreeMap<GroupKind, JoinHandle<()>>,
    pub(crate) timers: BTreeSet<(Timestamp, AppId)>,
    /// Apps that have to look at the others' renders anew before they do anything.
    pub(crate) contested: BTreeSet<AppId>,
    /// Apps that took events and were not asked yet what follows.
    pub(crate) unsettled: BTreeSet<AppId>,
    /// What wants stood for at the latest look, which is counted.
    pub(crate) seen: HashMap<Want, (u64, Revision)>,
    pub(crate) looks: u64,
    /// Apps that somebody else runs, by their names in tracking ids.
    pub(crate) elsewhere: BTreeSet<String>,
    pub(crate) is_scanning: bool,
    pub(crate) is_discovering: bool,
    /// The CRDs that are known, by what they say of types.
    pub(crate) definitions: Option<tautline_core::Digest>,
}

pub(crate) struct Entry {
    pub(crate) app: App,
    input: AppInput,
    kinds: BTreeSet<GroupKind>,
    reporting: Reporting,
    wants_scan: bool,
}

/// How far an app's report is behind.
#[derive(Default)]
struct Reporting {
    /// Since when there is something to write.
    dirty_since: Option<Timestamp>,
    is_urgent: bool,
    is_running: bool,
    last: Option<Timestamp>,
}

/// Who holds what, across apps.
#[derive(Default)]
pub(crate) struct Index {
    by_instance: HashMap<String, AppId>,
    holders: HashMap<ResourceKey, BTreeSet<AppId>>,
    held: HashMap<AppId, BTreeSet<ResourceKey>>,
}

impl Coordinator {
    pub(crate) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        self.discover();
        self.watch_kinds();
        let mut messages = Vec::new();
        loop {
            let wait = self.next_timer();
            tokio::select! {
                biased;
                count = inbox.recv_many(&mut messages, AT_ONCE) => if count == 0 { return },
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => self.ring(),
            }
            for message in messages.drain(..) {
                if let Message::Stop(done) = message {
                    self.watchers.values().for_each(JoinHandle::abort);
                    let _ = done.send(());
                    return;
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
            Message::Reported(id) => self.reported(&id),
            Message::Scanned(result) => self.scanned(&result),
            Message::Ask(id, reply) => {
                drop(reply.send(self.explained(&id).map(|report| (report, Vec::new()))))
            }
            Message::AskAll(reply) => {
                let views = self.apps.iter().filter_map(|(id, entry)| {
                    Some(AppView {
                        id: id.clone(),
                        want: entry.input.spec.want.clone(),
                        path: entry.input.path.clone(),
                        namespace: entry.input.spec.destination.namespace.clone(),
                        report: self.explained(id)?,
                    })
                });
                drop(reply.send(views.collect()));
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
                apps.extend(self.apps.iter().filter(|(_, e)| e.app.has(key)).map(|(id, _)| id.clone()));
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

    fn kind_changed(&mut self, kind: &GroupKind) {
        if kind.kind == "CustomResourceDefinition" {
            self.definitions_changed();
        }
        let concerned: Vec<AppId> =
            self.apps.iter().filter(|(_, e)| e.kinds.contains(kind)).map(|(id, _)| id.clone()).collect();
        for id in concerned {
            self.step(&id, Event::Kinds);
        }
    }

    fn definitions_changed(&mut self) {
        let kind = GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition");
        let definitions = self.cache.read().unwrap_or_else(PoisonError::into_inner).objects(&kind);
        // Their status says nothing about types.
        let specs = definitions.iter().filter_map(|crd| crd.get("spec")).map(|spec| spec.to_json());
        let digest = tautline_core::Digest::of_parts(specs);
        if self.definitions.replace(digest) != Some(digest) {
            self.parts.definitions.update(&definitions);
            self.step_all(|_| Event::Rules);
        }
        self.discover();
    }

    /// Asks the cluster what it serves.
    fn discover(&mut self) {
        if std::mem::replace(&mut self.is_discovering, true) {
            return;
        }
        let (cluster, catalog, out) = (self.parts.cluster.clone(), self.catalog.clone(), self.out.clone());
        tokio::spawn(async move {
            loop {
                match cluster.discover().await {
                    Ok(discovery) => {
                        catalog.update(discovery);
                        let _ = out.send(Message::Discovered);
                        return;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "discovery failed; trying again");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        });
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

    fn effect(&mut self, id: &AppId, effect: Effect, now: Timestamp) {
        let out = self.out.clone();
        let app = id.clone();
        match effect {
            Effect::Watch(kinds) => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.kinds = kinds;
                }
                self.watch_kinds();
            }
            Effect::Resolve(want) => {
                let fetcher = self.fetcher.clone();
                self.looks += 1;
                let look = self.looks;
                tokio::spawn(async move {
                    let result = fetcher.resolve(&want).await;
                    let _ = out.send(Message::Resolved { app, want, look, result });
                });
            }
            Effect::Render { revision, fresh } => {
                let Some(entry) = self.apps.get(id) else { return };
                let (fetcher, path, tool) =
                    (self.fetcher.clone(), entry.input.path.clone(), entry.input.tool.clone());
                tokio::spawn(async move {
                    let rendered = fetcher.render(revision, path, tool, fresh).await;
                    let _ = out.send(Message::Event(app, Event::Rendered(Box::new(rendered))));
                });
            }
            Effect::Record(intent) => {
                let records = self.parts.records.clone();
                tokio::spawn(async move {
                    let result = records.record(&app, &intent).await;
                    let _ = out.send(Message::Event(app, Event::Recorded(result)));
                });
            }
            Effect::Perform(work) => {
                for work in work {
                    let (performer, app) = (self.performer.clone(), app.clone());
                    tokio::spawn(async move { performer.perform(app, work).await });
                }
            }
            Effect::DryRun { key, desired } => {
                let performer = self.performer.clone();
                tokio::spawn(async move { performer.dry_run(app, key, desired).await });
            }
            Effect::Scan => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.wants_scan = true;
                }
                self.scan();
            }
            Effect::Report { urgent } => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.reporting.dirty_since.get_or_insert(now);
                    entry.reporting.is_urgent |= urgent;
                }
            }
            Effect::WakeAt(at) => drop(self.timers.insert((at.max(now), app))),
            Effect::Finalize => {
                let records = self.parts.records.clone();
                tokio::spawn(async move {
                    if let Err(error) = records.finalize(&app).await {
                        tracing::warn!(%app, error, "the finalizer could not be taken off");
                    }
                });
            }
            Effect::TellNeighbours => {
                let held = self.apps.get(id).map(|e| e.app.held_keys()).unwrap_or_default();
                if self.index.set_held(id, held) {
                    self.tell_contested();
                }
            }
        }
    }

    fn tell_contested(&mut self) {
        let contested: Vec<AppId> =
            self.apps.iter().filter(|(_, e)| e.app.is_contested()).map(|(id, _)| id.clone()).collect();
        // Not by call: one app's news must not recurse through all.
        self.unsettled.extend(contested.iter().cloned());
        self.contested.extend(contested);
    }

    fn scan(&mut self) {
        if std::mem::replace(&mut self.is_scanning, true) {
            return;
        }
        let (performer, out) = (self.performer.clone(), self.out.clone());
        tokio::spawn(async move {
            let result = performer.scan().await;
            let _ = out.send(Message::Scanned(result));
        });
    }

    fn scanned(&mut self, result: &Result<Vec<(String, BTreeSet<GroupKind>)>, String>) {
        self.is_scanning = false;
        let mut waiting: Vec<(AppId, AppInstance)> = Vec::new();
        for (id, entry) in &mut self.apps {
            if std::mem::take(&mut entry.wants_scan) {
                waiting.push((id.clone(), entry.input.spec.destination.app.clone()));
            }
        }
        for (id, instance) in waiting {
            let kinds = result.clone().map(|found| {
                found
                    .into_iter()
                    .find(|(app, _)| app == instance.as_str())
                    .map(|(_, kinds)| kinds)
                    .unwrap_or_default()
            });
            self.step(&id, Event::Scanned(kinds));
        }
    }

    /// Watches exactly the kinds that some app needs, the kinds of their children, and CRDs.
    fn watch_kinds(&mut self) {
        let needed: BTreeSet<GroupKind> = self.apps.values().flat_map(|e| e.kinds.iter().cloned()).collect();
        let mut wanted = needed.clone();
        wanted.extend(needed.iter().flat_map(child_kinds));
        wanted.insert(GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition"));
        let gone: Vec<GroupKind> =
            self.watchers.keys().filter(|kind| !wanted.contains(*kind)).cloned().collect();
        for kind in gone {
            if let Some(task) = self.watchers.remove(&kind) {
                task.abort();
            }
            self.cache.write().unwrap_or_else(PoisonError::into_inner).forget(&kind);
        }
        for kind in wanted {
            let Some(resource) = self.catalog.preferred(&kind) else { continue };
            if !self.keep(&resource, !needed.contains(&kind)) && self.watchers.contains_key(&kind) {
                continue;
            }
            let (cluster, cache) = (self.parts.cluster.clone(), self.cache.clone());
            let watcher =
                Watcher { cluster, cache, clock: self.parts.clock.clone(), out: self.out.clone(), resource };
            self.watchers.insert(kind, tokio::spawn(watcher.run()));
        }
    }

    /// Of kinds that only controllers make an outline is kept. Answers whether the kind, known in outline so far, must be
    /// listed anew because an app needs its objects whole.
    fn keep(&mut self, resource: &ApiResource, in_outline: bool) -> bool {
        let kind = resource.gvk.group_kind();
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        let is_anew = cache.keep_in_outline(resource, in_outline) && !in_outline;
        if is_anew {
            cache.forget(&kind);
            cache.keep_in_outline(resource, in_outline);
            if let Some(task) = self.watchers.remove(&kind) {
                task.abort();
            }
        }
        is_anew
    }

    /// Writes an app's report if it is due: at once when urgent, else once a second.
    fn flush(&mut self, id: &AppId, now: Timestamp) {
        let Some(entry) = self.apps.get_mut(id) else { return };
        let reporting = &mut entry.reporting;
        let Some(since) = reporting.dirty_since.filter(|_| !reporting.is_running) else { return };
        let due = reporting.last.map_or(since + GATHER, |last| (last + REPORT_EVERY).max(since + GATHER));
        if !reporting.is_urgent && due > now {
            self.timers.insert((due, id.clone()));
            return;
        }
        (reporting.dirty_since, reporting.is_urgent) = (None, false);
        (reporting.is_running, reporting.last) = (true, Some(now));
        let Some(report) = self.explained(id) else { return };
        self.tell_dependents(id);
        let (records, out, app) = (self.parts.records.clone(), self.out.clone(), id.clone());
        let _ = self.changes.send(app.clone());
        tokio::spawn(async move {
            records.report(&app, &report).await;
            let _ = out.send(Message::Reported(app));
        });
    }

    /// Lets the apps that wait for one look again.
    fn tell_dependents(&self, id: &AppId) {
        for (other, _) in self.apps.iter().filter(|(_, entry)| entry.input.spec.depends_on.contains(id)) {
            let _ = self.out.send(Message::Event(other.clone(), Event::Tick));
        }
    }

    fn reported(&mut self, id: &AppId) {
        if let Some(entry) = self.apps.get_mut(id) {
            entry.reporting.is_running = false;
        }
        self.flush(id, self.parts.clock.now());
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

/// The kinds that a kind's controller makes, for the resource tree.
fn child_kinds(kind: &GroupKind) -> Vec<GroupKind> {
    let children: &[(&str, &str)] = match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => &[("apps", "ReplicaSet"), ("", "Pod")],
        ("apps", "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => &[("", "Pod")],
        ("batch", "CronJob") => &[("batch", "Job"), ("", "Pod")],
        _ => &[],
    };
    children.iter().map(|(group, kind)| GroupKind::new(*group, *kind)).collect()
}

impl Index {
    /// Takes what an app's complete render holds. Answers whether anything changed.
    fn set_held(&mut self, id: &AppId, keys: BTreeSet<ResourceKey>) -> bool {
        let before = self.held.remove(id).unwrap_or_default();
        if before == keys {
            self.held.insert(id.clone(), keys);
            // The render is current now, which is news in itself.
            return true;
        }
        for key in before.difference(&keys) {
            if let Some(holders) = self.holders.get_mut(key) {
                holders.remove(id);
                if holders.is_empty() {
                    self.holders.remove(key);
                }
            }
        }
        for key in keys.difference(&before) {
            self.holders.entry(key.clone()).or_default().insert(id.clone());
        }
        self.held.insert(id.clone(), keys);
        true
    }
}

struct Others<'a> {
    apps: &'a BTreeMap<AppId, Entry>,
    index: &'a Index,
    elsewhere: &'a BTreeSet<String>,
    me: &'a AppId,
    want: &'a Want,
}

impl Neighbours for Others<'_> {
    fn exists(&self, app: &str) -> bool {
        self.index.by_instance.contains_key(app) || self.elsewhere.contains(app)
    }

    fn holds(&self, app: &str, key: &ResourceKey) -> Option<bool> {
        let id = self.index.by_instance.get(app)?;
        self.apps.get(id)?.app.holds(key)
    }

    fn other_holder(&self, _: &str, key: &ResourceKey) -> Option<String> {
        let holders = self.index.holders.get(key)?;
        holders.iter().find(|id| *id != self.me).map(|id| id.name.clone())
    }

    fn obstacle(&self, app: &AppId) -> Option<String> {
        let Some(entry) = self.apps.get(app) else {
            return Some(match app == self.me {
                true => format!("app {app} depends on itself"),
                false => format!("there is no app {app}"),
            });
        };
        if let Some(way) = self.way_back(app) {
            let way: Vec<String> = way.iter().map(ToString::to_string).collect();
            return Some(format!("the apps {} depend on each other in a circle", way.join(", ")));
        }
        entry.app.unfinished().map(|what| format!("app {app} {what}"))
    }

    fn undecided(&self) -> bool {
        self.apps.values().any(|e| e.app.is_undecided() && e.input.spec.want == *self.want)
    }
}

impl Others<'_> {
    /// The apps by which a dependency leads back to the one that asks, if it does.
    fn way_back(&self, from: &AppId) -> Option<Vec<AppId>> {
        let mut seen = BTreeSet::new();
        let mut ways = vec![vec![self.me.clone(), from.clone()]];
        while let Some(way) = ways.pop() {
            let Some(entry) = way.last().and_then(|last| self.apps.get(last)) else { continue };
            for next in &entry.input.spec.depends_on {
                if next == self.me {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    ways.push(way.iter().chain([next]).cloned().collect());
                }
            }
        }
        None
    }
}

/// Whether a kind is listed, for tests and waits.
pub(crate) fn is_listed(cache: &Cache, kind: &GroupKind) -> bool {
    !matches!(cache.freshness(kind), Err(Why::Listing(_) | Why::NotWatched(_)))
}
