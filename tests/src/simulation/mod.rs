//! One app driven without threads, sockets, tasks or a real clock.
//!
//! A [`Simulation`] holds an API server in the process, the workloads on it, a repository in memory and one
//! [`App`]. It performs each effect of the app at once, feeds the answer back as an event, and when nothing is
//! left to do sets the clock to the next moment that somebody waits for. Two runs of the same story are the same
//! to the byte. A [`Crash`] throws away all that a controller holds in memory, before or after an effect.

mod crash;
mod leaders;
mod perform;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tautline::apply::{Executor, MemoryJournal, WriteSettings};
use tautline::diff::{Structured, fold_managers};
use tautline::engine::{App, Effect, Event, Memory, Report, SyncPolicy, SyncRequest, World};
use tautline::runtime::{Catalog, LiveSchemas, take_over_patch};
use tautline_apiserver::{Identity, Local, Options, Server};
use tautline_argocd::{Application, Project, Settings};
use tautline_cluster::{Cache, Target, WriteOptions};
use tautline_core::{
    Clock, FieldManager, GroupKind, ManualClock, MaskingKey, MemoryTree, Object, ResourceKey, Timestamp,
    Value, Want,
};
use tautline_source::MemorySource;
use tautline_workloads::{Play, Player};

pub use crash::{Crash, EFFECTS, Moment};
pub use leaders::Leader;
pub use perform::Deed;

use crate::stand::REPOSITORY;

/// The moment at which every simulation begins.
const START: Timestamp = Timestamp::from_seconds(1_893_456_000);

/// How many rounds may pass before the app counts as one that never comes to rest.
const MOST_ROUNDS: usize = 50_000;

/// One app, its cluster, its repository and its clock.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Simulation {
    /// The API server.
    pub server: Server,
    /// The server as an administrator sees it.
    pub admin: Local,
    /// Every write that the app had performed, in order.
    pub deeds: Vec<Deed>,
    /// Every effect that the app asked for, in order.
    pub effects: Vec<&'static str>,
    /// Kill the controller at one of its effects.
    pub crash: Option<Crash>,
    /// Swaps steps that may run side by side, by this seed.
    pub shuffle: Option<u64>,
    clock: Arc<ManualClock>,
    source: Arc<MemorySource>,
    player: Player,
    schemas: LiveSchemas,
    differ: Structured,
    executor: Executor,
    controller: Local,
    application: Object,
    app: App,
    memory: Memory,
    /// What is on record of the app's plans, whoever follows them.
    pub journal: Arc<MemoryJournal>,
    neighbours: Others,
    project: Project,
    catalog: Catalog,
    cache: Cache,
    wanted: BTreeSet<GroupKind>,
    seen: u64,
    events: VecDeque<Event>,
    pending: VecDeque<Effect>,
    pause_at: Option<usize>,
    timers: BTreeSet<Timestamp>,
    is_finalized: bool,
}

impl Simulation {
    /// A cluster on which an Application was just created.
    pub fn new(application: Value) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let server = Server::new(Options::with_clock(clock.clone()));
        let stage = Arc::new(server.caller(Identity::admin("workloads")));
        let controller = server.caller(Identity::admin("tautline"));
        let masking = MaskingKey::new([7; 32]);
        let schemas = LiveSchemas::new(tautline_schema::shared());
        let settings = WriteSettings { tries: 1, ..WriteSettings::default() };
        let from = SyncPolicy::default().take_over_from;
        let differ = Structured::new(
            Arc::new(schemas.clone()),
            settings.manager.clone(),
            masking.clone(),
            from.clone(),
        );
        let take_over = move |live: &Object, also: &[String], manager: &FieldManager| {
            let from: Vec<String> = from.iter().chain(also).cloned().collect();
            fold_managers(live, &from, manager).map(|folded| take_over_patch(live, &folded))
        };
        let client_side = tautline::client_side(Arc::new(schemas.clone()));
        let executor =
            Executor::new(Arc::new(controller.clone()), settings, Arc::new(take_over), client_side);
        let application = Object::new(application).expect("tests write whole Applications");
        let read = Application::read(&application, &argocd_settings());
        let memory = Memory::default();
        let mut simulation = Self {
            admin: server.caller(Identity::admin("person")),
            player: Player::new(stage, clock.clone(), Play::All),
            app: App::new(read.spec, memory.clone()),
            cache: Cache::new(masking),
            source: Arc::default(),
            catalog: Catalog::default(),
            deeds: Vec::new(),
            effects: Vec::new(),
            crash: None,
            shuffle: None,
            journal: Arc::default(),
            neighbours: Others::default(),
            project: Project::everything(),
            wanted: BTreeSet::new(),
            seen: 0,
            events: VecDeque::new(),
            pending: VecDeque::new(),
            pause_at: None,
            timers: BTreeSet::new(),
            is_finalized: false,
            clock,
            server,
            schemas,
            differ,
            executor,
            controller,
            application,
            memory,
        };
        simulation.tell();
        simulation
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the app says of itself.
    pub fn report(&self) -> Report {
        self.app.report()
    }

    /// Whether all that the app owned is gone and its finalizer with it.
    pub fn is_finalized(&self) -> bool {
        self.is_finalized
    }

    /// The Application as it is now.
    pub fn application(&self) -> &Object {
        &self.application
    }

    /// Puts the Application in the place of what it was, as a person edits it.
    pub fn edit(&mut self, application: Value) {
        let kinds = self.application.annotation(tautline_argocd::KINDS_ANNOTATION).map(str::to_owned);
        self.application = Object::new(application).expect("tests write whole Applications");
        if let Some(kinds) = kinds {
            self.note_kinds(&kinds);
        }
        self.tell();
    }

    /// Puts these files on branch `main`, and has the app look at it. Answers the revision.
    pub fn commit(&mut self, files: impl IntoIterator<Item = (String, String)>) -> String {
        let want = Want::Git { repository: REPOSITORY.to_owned(), reference: "main".to_owned() };
        let revision = self.source.set(want, MemoryTree::new(files));
        self.events.push_back(Event::Refresh { hard: false });
        revision.id
    }

    /// Asks for a sync, as `.operation` does.
    pub fn ask(&mut self, operation: Value) {
        let mut application = self.application.clone();
        application.as_map_mut().insert("operation", operation);
        let request: Option<SyncRequest> = Application::read(&application, &argocd_settings()).operation;
        self.events.push_back(Event::Sync(request.expect("the operation has a sync")));
    }

    /// Asks for a look at the repository, and for a new render if it is `hard`.
    pub fn refresh(&mut self, hard: bool) {
        self.events.push_back(Event::Refresh { hard });
    }

    /// Puts the app into a project that says this.
    pub fn project(&mut self, project: Value) {
        self.project = Project::read(&Object::new(project).expect("tests write whole projects"));
        self.tell();
    }

    /// Asks for the end of the sync that runs.
    pub fn terminate(&mut self) {
        self.events.push_back(Event::Terminate);
    }

    /// Another app owns this object, by its tracking id, and holds it.
    pub fn neighbour(&mut self, app: &str, key: ResourceKey) {
        self.neighbours.0.entry(app.to_owned()).or_default().insert(key);
        self.events.push_back(Event::Neighbours);
    }

    /// A live object.
    pub fn get(&self, key: &ResourceKey) -> Option<Arc<Object>> {
        let resource = self.admin.discovery().preferred(&key.group, &key.kind).cloned()?;
        self.admin.read(&Target::new(resource, &key.namespace, &key.name)).expect("an administrator may read")
    }

    /// Applies an object as another manager does.
    pub fn apply_as(&mut self, manager: &str, object: Value) {
        let object = Object::new(object).expect("tests write whole objects");
        let resource = self.admin.resource(object.api_version(), object.kind());
        let target = Target::of(resource.unwrap_or_else(|| panic!("{} is served", object.gvk())), &object);
        let options = WriteOptions { force: true, ..WriteOptions::by(FieldManager::new(manager)) };
        self.admin
            .server_apply(&target, &object, &options)
            .unwrap_or_else(|e| panic!("{}: {e:?}", object.key()));
    }

    /// Goes on until nothing is left to do now or within this time.
    ///
    /// # Panics
    /// If the app never comes to rest.
    pub fn run(&mut self, patience: Duration) {
        let deadline = self.now() + patience;
        for _ in 0..MOST_ROUNDS {
            self.drain();
            while !self.is_paused()
                && let Some(event) = self.events.pop_front()
            {
                self.step(event);
                self.look();
            }
            if self.is_paused() {
                return;
            }
            at_once(self.player.catch_up()).expect("the workloads can list");
            if self.look() || !self.events.is_empty() {
                continue;
            }
            match self.timers.first().copied().filter(|at| *at <= deadline) {
                Some(at) => {
                    self.timers.remove(&at);
                    self.clock.set(at.max(self.now()));
                    self.events.push_back(Event::Tick);
                }
                None => return self.clock.set(deadline),
            }
        }
        panic!(
            "the app never comes to rest; it last did {:?}",
            self.deeds.iter().rev().take(5).collect::<Vec<_>>()
        );
    }

    /// Goes on like [`Simulation::run`], and stops in the midst of it after so many effects.
    pub fn run_effects(&mut self, count: usize, patience: Duration) {
        self.pause_at = Some(self.effects.len() + count);
        self.run(patience);
        self.pause_at = None;
    }

    fn is_paused(&self) -> bool {
        self.pause_at.is_some_and(|at| self.effects.len() >= at)
    }

    /// Tells the app what to be.
    fn tell(&mut self) {
        let read = Application::read(&self.application, &argocd_settings());
        self.events.push_back(Event::Spec(Box::new(read.spec)));
    }

    fn step(&mut self, event: Event) {
        if self.is_finalized {
            return;
        }
        let application = Application::read(&self.application, &argocd_settings());
        let gates = self.project.gates(&application).expect("the windows are readable");
        let world = World {
            live: &self.cache,
            scopes: &self.catalog,
            neighbours: &self.neighbours,
            differ: &self.differ,
            health: &tautline::health::BuiltIn,
            gates: &gates,
        };
        let effects = self.app.step(event, &world, self.clock.now());
        self.pending.extend(effects);
        self.drain();
    }

    /// Does what is pending, until the controller is killed at it or paused.
    fn drain(&mut self) {
        let application = Application::read(&self.application, &argocd_settings());
        while !self.is_paused()
            && let Some(effect) = self.pending.pop_front()
        {
            self.do_effect(effect, &application);
        }
    }

    fn note_kinds(&mut self, kinds: &str) {
        let metadata = self.application.metadata_mut();
        metadata.map_at("annotations").insert(tautline_argocd::KINDS_ANNOTATION, kinds);
    }
}

/// The answer of a call that the server in the process answers at once.
fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("the server in the process answers at once")
}

fn argocd_settings() -> Settings {
    Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false }
}

/// The other apps, by what they hold.
#[derive(Default)]
struct Others(BTreeMap<String, BTreeSet<ResourceKey>>);

impl tautline::ownership::Neighbours for Others {
    fn exists(&self, app: &str) -> bool {
        self.0.contains_key(app)
    }

    fn holds(&self, app: &str, key: &ResourceKey) -> Option<bool> {
        self.0.get(app).map(|held| held.contains(key))
    }

    fn other_holder(&self, app: &str, key: &ResourceKey) -> Option<String> {
        self.0.iter().find(|(name, held)| *name != app && held.contains(key)).map(|(name, _)| name.clone())
    }
}
