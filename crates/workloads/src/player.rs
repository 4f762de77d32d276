//! [`Player`]: a [`World`] kept in step with a cluster.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::stream::{BoxStream, SelectAll};
use futures::{FutureExt, StreamExt};
use tautline_cluster::{
    ApiResource, ClusterError, Patch, Query, RawEvent, RawObject, Stage, Target, WriteOptions,
};
use tautline_core::{Clock, FieldManager, GroupVersionKind, Object, Value};

use crate::action::Action;
use crate::world::{Play, World};

/// Plays controllers and kubelet on a cluster.
///
/// [`Player::run`] goes on for ever; [`Player::catch_up`] does what is to be done now and returns, which over
/// the in-process server never waits: a simulation calls it between its steps.
pub struct Player {
    stage: Arc<dyn Stage>,
    clock: Arc<dyn Clock>,
    world: World,
    play: Play,
    resources: HashMap<GroupVersionKind, ApiResource>,
    watches: SelectAll<BoxStream<'static, Event>>,
    opened: bool,
}

/// An event of one of the watches: of which kind, and what.
enum Event {
    Seen(GroupVersionKind, Result<RawEvent, ClusterError>),
    Ended(GroupVersionKind),
}

/// How many steps one call may take: a pair of controllers that undo each other must not hang a test.
const MOST_STEPS: usize = 10_000;

impl Player {
    /// Plays on a cluster. Nothing happens before the first call.
    pub fn new(stage: Arc<dyn Stage>, clock: Arc<dyn Clock>, play: Play) -> Self {
        Self {
            stage,
            clock,
            world: World::new(play),
            play,
            resources: HashMap::new(),
            watches: SelectAll::new(),
            opened: false,
        }
    }

    /// What the controllers see.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Feeds what an autoscaler sees: the use of CPU of what it scales, in percent of what its pods ask for.
    pub fn feed_use(&mut self, target: &tautline_core::ResourceKey, percent: i64) {
        self.world.feed_use(target, percent);
    }

    /// Lets something befall the pods of a namespace whose names begin so, or lets them be well again.
    pub fn trouble(&mut self, namespace: &str, prefix: &str, trouble: Option<crate::Trouble>) {
        self.world.trouble(namespace, prefix, trouble);
    }

    /// Goes on until the cluster cannot be listed any more.
    ///
    /// # Errors
    /// When discovery or a list fails; start again then.
    pub async fn run(mut self) -> Result<(), ClusterError> {
        loop {
            self.catch_up().await?;
            if let Some(event) = self.watches.next().await {
                self.take(event).await?;
            }
        }
    }

    /// Does all that is to be done now; returns how many writes that were.
    ///
    /// # Errors
    /// When discovery or a list fails.
    pub async fn catch_up(&mut self) -> Result<usize, ClusterError> {
        self.open().await?;
        self.world.tick();
        let mut done = 0;
        for _ in 0..MOST_STEPS {
            while let Some(Some(event)) = self.watches.next().now_or_never() {
                self.take(event).await?;
            }
            let actions = self.world.step(self.clock.now());
            if actions.is_empty() {
                break;
            }
            done += actions.len();
            for action in actions {
                self.perform(action).await;
            }
        }
        Ok(done)
    }

    async fn open(&mut self) -> Result<(), ClusterError> {
        if self.opened {
            return Ok(());
        }
        let discovery = self.stage.discover().await?;
        for (api_version, kind) in self.play.kinds() {
            let gvk = GroupVersionKind::parse(api_version, kind);
            if let Some(resource) = discovery.find(&gvk) {
                self.resources.insert(gvk.clone(), resource.clone());
                self.follow(&gvk).await?;
            }
        }
        // Told, never looked at.
        let event = GroupVersionKind::new("", "v1", "Event");
        if let Some(resource) = discovery.find(&event) {
            self.resources.insert(event, resource.clone());
        }
        self.opened = true;
        Ok(())
    }

    /// Lists a kind and watches it from there.
    async fn follow(&mut self, gvk: &GroupVersionKind) -> Result<(), ClusterError> {
        let Some(resource) = self.resources.get(gvk) else { return Ok(()) };
        let mut query = Query::all(resource.clone());
        let mut items: Vec<RawObject> = Vec::new();
        let end = self.stage.list(&query, &mut |item| items.push(item)).await?;
        let objects: Vec<Arc<Object>> = items.into_iter().filter_map(|item| open(item, gvk)).collect();
        let listed: BTreeSet<_> = objects.iter().map(|object| object.key()).collect();
        self.world.keep_only(&gvk.group, &gvk.kind, &listed);
        objects.into_iter().for_each(|object| self.world.observe(object));
        query.since = Some(end.version);
        self.watch(gvk, &query).await
    }

    async fn watch(&mut self, gvk: &GroupVersionKind, query: &Query) -> Result<(), ClusterError> {
        let stream = self.stage.watch(query).await?;
        let (seen, ended) = (gvk.clone(), gvk.clone());
        let events = stream.map(move |event| Event::Seen(seen.clone(), event));
        let end = futures::stream::once(async move { Event::Ended(ended) });
        self.watches.push(events.chain(end).boxed());
        Ok(())
    }

    async fn take(&mut self, event: Event) -> Result<(), ClusterError> {
        match event {
            Event::Seen(gvk, Ok(RawEvent::Added(item) | RawEvent::Modified(item))) => {
                open(item, &gvk).into_iter().for_each(|object| self.world.observe(object));
                Ok(())
            }
            Event::Seen(gvk, Ok(RawEvent::Deleted(item))) => {
                open(item, &gvk).into_iter().for_each(|object| self.world.forget(&object.key()));
                Ok(())
            }
            // The end of the stream follows an error; the list after it brings everything up to date.
            Event::Seen(_, Ok(RawEvent::Bookmark(_)) | Err(_)) => Ok(()),
            Event::Ended(gvk) => self.follow(&gvk).await,
        }
    }

    /// Performs a write and learns from its answer. One that fails is tried again with the next event: it
    /// fails because somebody else wrote, and that brings one.
    async fn perform(&mut self, action: Action) {
        let Some(resource) = self.resources.get(&action.gvk()).cloned() else { return };
        let key = action.key();
        let target = Target::new(resource, &key.namespace, &key.name);
        let mut options = WriteOptions::by(FieldManager::new(match key.kind.as_str() {
            "Pod" if matches!(action, Action::Patch { .. }) => "kubelet",
            _ => "kube-controller-manager",
        }));
        options.strict = false;
        let written = match action {
            Action::Create(object) => self.stage.create(&target, &object, &options).await,
            Action::Patch { patch, subresource, .. } => {
                options.subresource = subresource.map(str::to_owned);
                self.stage.patch(&target, &Patch::Merge(patch), &options).await
            }
            Action::Discard { uid, grace, .. } => {
                let _ = self.stage.discard(&target, &uid, grace).await;
                return;
            }
        };
        if let Ok(written) = written
            && !written.object.is("", "Event")
        {
            self.world.observe(written.object);
        }
    }
}

/// An item of a list or watch as an object; items of lists carry no kind over the wire.
fn open(item: RawObject, gvk: &GroupVersionKind) -> Option<Arc<Object>> {
    match item {
        RawObject::Object(object) => Some(object),
        RawObject::Json(bytes) => {
            let Ok(Value::Map(map)) = Value::from_json(&bytes) else { return None };
            let mut object = Object::from_map(map);
            object.as_map_mut().insert("apiVersion", gvk.api_version());
            object.as_map_mut().insert("kind", gvk.kind.as_str());
            Some(Arc::new(object))
        }
    }
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Player({:?})", self.play)
    }
}
