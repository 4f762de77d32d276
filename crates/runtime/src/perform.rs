//! Performing steps on the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tautline_apply::{Executor, Fresh, Job, Pace, Performed, Went, weighed};
use tautline_cluster::{ApiResource, Cache, Cluster, Query, RawObject, Target};
use tautline_core::{AppId, GroupKind, Object, ResourceKey};
use tautline_diff::DryRun;
use tautline_engine::{Event, Work};
use tautline_ownership::{LiveView, owner_of};
use tautline_plan::{Action, StepResult};
use tokio::sync::mpsc;

use crate::catalog::Catalog;
use crate::message::Message;
use crate::turns::Turns;

/// What performing a step takes; shared by all steps.
pub(crate) struct Performer {
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) executor: Executor,
    pub(crate) cache: Arc<RwLock<Cache>>,
    pub(crate) catalog: Catalog,
    pub(crate) out: mpsc::UnboundedSender<Message>,
    /// The steps that are taken in hand: more than are written at once, so that the writes never wait for the next.
    pub(crate) in_hand: Pace,
    /// Apps that want the same namespace make it once.
    pub(crate) namespaces: Turns<String>,
}

/// How long the log of a failed hook is waited for.
const LOG_WITHIN: Duration = Duration::from_secs(10);

/// How many kinds are searched side by side: apps wait for it, and the server has others to serve.
const LISTS_AT_ONCE: usize = 4;

/// How long a kind whose CRD was just applied may take to be served.
const SERVED_WITHIN: u32 = 40;

impl Performer {
    /// Performs steps side by side, as many as are taken in hand at once. Of those that wait there is little more than
    /// what is to be done.
    pub(crate) fn perform_all(self: &Arc<Self>, app: &AppId, work: Vec<Work>) {
        for work in work {
            let (performer, app, work) = (self.clone(), app.clone(), Box::new(work));
            tokio::spawn(async move {
                let place = performer.in_hand.enter(work.weight).await;
                Box::pin(performer.perform(app, *work)).await;
                place.leave(Went::Otherwise);
            });
        }
    }

    /// Performs a step and tells the app how it ended.
    async fn perform(&self, app: AppId, work: Work) {
        let _turn = match work.step.action {
            Action::CreateNamespace => Some(self.namespaces.take(&work.step.key.name).await),
            _ => None,
        };
        let performed = weighed(work.weight, self.attempt(&work)).await;
        let mut written = None;
        {
            let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(answer) = &performed.answer
                && cache.wrote(answer)
            {
                written = Some(answer.key());
            }
            if let Some((key, uid)) = &performed.deleted {
                cache.deleted(key, uid);
            }
        }
        let event = Event::Stepped(work.step.id, performed.result, performed.answer);
        let _ = self.out.send(Message::Event(app, event));
        // The watch brings what is known already, and says nothing: other apps learn of it here.
        if let Some(key) = written {
            let _ = self.out.send(Message::Changed(vec![key]));
        }
    }

    /// Asks the server what an apply would make of an object, and tells the app.
    pub(crate) async fn dry_run(&self, app: AppId, key: ResourceKey, desired: Arc<Object>) {
        let live = self.cache.read().unwrap_or_else(PoisonError::into_inner).get(&key).present();
        let answer = match (self.catalog.resource(&desired.gvk()), live) {
            (Some(resource), Some(live)) => self.executor.dry_run(&resource, &desired, &live).await,
            _ => return drop(self.out.send(Message::Event(app, Event::DryRun { key, answer: None }))),
        };
        let answer = match answer {
            Ok(object) => Some(DryRun::Accepted(object)),
            Err(error) => {
                tracing::info!(%app, %key, %error, "the server does not say what an apply would change");
                error.status().map(|status| DryRun::Refused(status.message.clone()))
            }
        };
        let _ = self.out.send(Message::Event(app, Event::DryRun { key, answer }));
    }

    /// The last lines of a container's log.
    pub(crate) async fn log_tail(
        &self,
        pod: &ResourceKey,
        container: &str,
        lines: usize,
    ) -> Result<Option<String>, String> {
        let resource = self.catalog.preferred(&pod.group_kind()).ok_or("the cluster serves no pods")?;
        let target = Target::new(resource, &pod.namespace, &pod.name);
        match tokio::time::timeout(LOG_WITHIN, self.cluster.log_tail(&target, container, lines)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("its node does not answer".to_owned()),
        }
    }

    async fn attempt(&self, work: &Work) -> Performed {
        let Some(resource) = self.served(work).await else {
            return Performed::not_served(&work.step.gvk);
        };
        let key = &work.step.key;
        if work.step.action.is_delete()
            && key.group_kind().is("", "Namespace")
            && let Some(result) = self.not_empty(&key.name, work.destination.app.as_str()).await
        {
            return Performed { result, answer: None, deleted: None };
        }
        let job = Job {
            step: &work.step,
            desired: work.desired.as_deref(),
            complete: work.complete.as_deref(),
            app: work.destination.app.as_str(),
            resource: &resource,
            take_over_also: &work.take_over_also,
        };
        let look = || {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            Fresh { live: cache.get(key), freshness: cache.freshness(&key.group_kind()) }
        };
        self.executor.perform(&job, &look).await
    }

    /// The kind as the cluster serves it; waits a moment for one whose CRD was just applied.
    async fn served(&self, work: &Work) -> Option<ApiResource> {
        for attempt in 0..SERVED_WITHIN {
            if let Some(resource) = self.catalog.resource(&work.step.gvk) {
                return Some(resource);
            }
            let is_expected = {
                let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
                defines(&cache, &work.step.gvk.group_kind())
            };
            if !is_expected {
                return None;
            }
            if attempt == 0 {
                let _ = self.out.send(Message::Rediscover);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            if let Ok(discovery) = self.cluster.discover().await
                && self.catalog.update(discovery)
            {
                let _ = self.out.send(Message::Discovered);
            }
        }
        None
    }

    /// Why a Namespace may not be deleted: what stands in it that is not this app's (rule R19).
    async fn not_empty(&self, namespace: &str, app: &str) -> Option<StepResult> {
        for resource in self.catalog.listable().into_iter().filter(|r| r.namespaced) {
            let kind = resource.gvk.group_kind();
            if kind.is("", "Event") || kind.is("events.k8s.io", "Event") {
                continue;
            }
            let mut foreign: Option<ResourceKey> = None;
            let query = Query {
                namespace: Some(namespace.to_owned()),
                metadata_only: true,
                ..Query::all(resource.clone())
            };
            let mut sink = |item: RawObject| {
                if let Some(object) = item.metadata(&resource.gvk)
                    && !is_harmless(&object, app)
                {
                    foreign = Some(object.key());
                }
            };
            match self.cluster.list(&query, &mut sink).await {
                Ok(_) => {}
                // A kind that is not served any more has no objects.
                Err(error) if error.status().is_some_and(|status| status.code == 404) => continue,
                Err(error) => {
                    let message = format!("the namespace is kept: {kind} in it cannot be listed: {error}");
                    return Some(StepResult::Failed(message));
                }
            }
            if let Some(key) = foreign {
                let message = format!("the namespace is kept: it holds {key}, which is not this app's");
                return Some(StepResult::Kept(message));
            }
        }
        None
    }

    /// Searches all listable kinds for tracked objects: for each app, the kinds it has objects of (rule R3).
    pub(crate) async fn scan(&self) -> Result<Vec<(String, BTreeSet<GroupKind>)>, String> {
        let mut found: BTreeMap<String, BTreeSet<GroupKind>> = BTreeMap::new();
        let listable = self.catalog.listable();
        let mut answers =
            stream::iter(listable).map(|kind| self.owners_in(kind)).buffer_unordered(LISTS_AT_ONCE);
        while let Some((kind, owners)) = answers.next().await {
            for owner in owners? {
                found.entry(owner).or_default().insert(kind.clone());
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The apps that objects of a kind are tracked by.
    async fn owners_in(&self, resource: ApiResource) -> (GroupKind, Result<BTreeSet<String>, String>) {
        let kind = resource.gvk.group_kind();
        let mut owners = BTreeSet::new();
        let mut sink = |item: RawObject| {
            owners.extend(item.metadata(&resource.gvk).and_then(|object| owner_of(&object)));
        };
        let query = Query { metadata_only: true, ..Query::all(resource.clone()) };
        let listed = self.cluster.list(&query, &mut sink).await;
        let result = match listed {
            Ok(_) => Ok(owners),
            // What we may not list we cannot have written: every kind we wrote is recorded by name.
            Err(error)
                if error.is_forbidden()
                    || error.status().is_some_and(|status| matches!(status.code, 404 | 405)) =>
            {
                Ok(BTreeSet::new())
            }
            Err(error) => Err(format!("{kind} cannot be listed: {error}")),
        };
        (kind, result)
    }
}

/// Whether a cached CustomResourceDefinition defines the kind.
fn defines(cache: &Cache, kind: &GroupKind) -> bool {
    let definitions = cache.objects(&GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition"));
    definitions.iter().any(|crd| {
        crd.str_at(&["spec", "group"]) == Some(&kind.group)
            && crd.str_at(&["spec", "names", "kind"]) == Some(&kind.kind)
    })
}

/// Objects that every namespace has, the app's own, and what controllers own.
fn is_harmless(object: &Object, app: &str) -> bool {
    let is_standard = (object.is("", "ConfigMap") && object.name() == "kube-root-ca.crt")
        || (object.is("", "ServiceAccount") && object.name() == "default");
    is_standard || owner_of(object).as_deref() == Some(app) || object.owner_references().next().is_some()
}
