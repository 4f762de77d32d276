//! [`Executor`]: one step after another, or side by side.

use std::sync::Arc;
use std::time::Duration;

use tautline_cluster::{ApiResource, Cluster, ClusterError, Deleted, Patch, Target, WriteOptions};
use tautline_core::{Backoff, FieldManager, Freshness, GroupVersionKind, Object, Presence, Why};
use tautline_ownership::{CompleteRender, Evidence, Propagation, Reason, Warrant};
use tautline_plan::{Action, HANDOVER_MANAGER, Step, StepResult, digest_of_reads};

use crate::outcome::Performed;
use crate::versions;

/// How writes are done.
#[derive(Clone, Debug)]
pub struct WriteSettings {
    /// Our field manager.
    pub manager: FieldManager,
    /// Whether fields of other managers are taken (rule R9).
    pub force: bool,
    /// The wait between tries of what may pass by itself.
    pub retry: Backoff,
    /// How many tries there are.
    pub tries: u32,
}

impl Default for WriteSettings {
    /// Manager `tautline`, forced, five tries over about three seconds.
    fn default() -> Self {
        let retry = Backoff { base: Duration::from_millis(100), factor: 2.5, max: Duration::from_secs(2) };
        Self { manager: FieldManager::tautline(), force: true, retry, tries: 5 }
    }
}

/// The step to perform, with what it takes.
#[derive(Debug)]
pub struct Job<'a> {
    /// The step.
    pub step: &'a Step,
    /// The desired object; none for a delete.
    pub desired: Option<&'a Object>,
    /// For a prune: what the complete render held.
    pub complete: Option<&'a CompleteRender>,
    /// Whose object it is, as tracking ids name it.
    pub app: &'a str,
    /// The kind as the cluster serves it.
    pub resource: &'a ApiResource,
    /// Managers beside the usual ones whose fields are folded into ours where the step takes over.
    pub take_over_also: &'a [String],
}

/// The live object and the state of its kind, as known at this moment.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The live object.
    pub live: Presence<Arc<Object>>,
    /// Whether its kind is listed completely and current.
    pub freshness: Result<Freshness, Why>,
}

/// Makes the write of a client-side apply: from the live object, unmasked, and the desired one, as kubectl does.
pub type ClientSide = dyn Fn(Option<&Object>, &Object) -> Result<ClientWrite, String> + Send + Sync;

/// What a client-side apply sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientWrite {
    /// The object is created, with what was applied noted on it.
    Create(Object),
    /// The object is patched.
    Patch(Patch),
    /// There is nothing to send.
    Nothing,
}

/// The field manager under which kubectl, and so Argo CD, applies on the client's side.
const CLIENT_SIDE_MANAGER: &str = "kubectl-client-side-apply";

/// Makes the patch that folds other tools' fields of the live object into ours, those of these managers too (rule R7);
/// `None` if there is nothing to fold.
pub type TakeOver = dyn Fn(&Object, &[String], &FieldManager) -> Option<Patch> + Send + Sync;

/// Performs steps on a cluster.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Executor {
    cluster: Arc<dyn Cluster>,
    settings: WriteSettings,
    take_over: Arc<TakeOver>,
    client_side: Arc<ClientSide>,
}

impl Executor {
    /// An executor that writes to this cluster.
    pub fn new(
        cluster: Arc<dyn Cluster>,
        settings: WriteSettings,
        take_over: Arc<TakeOver>,
        client_side: Arc<ClientSide>,
    ) -> Self {
        Self { cluster, settings, take_over, client_side }
    }

    /// Performs one step. `look` is asked for the live object right before each try.
    pub async fn perform(&self, job: &Job<'_>, look: &(dyn Fn() -> Fresh + Sync)) -> Performed {
        let mut attempt = 0;
        loop {
            let performed = self.attempt(job, &look()).await;
            let (performed, wait) = match performed {
                Ok(performed) => return performed,
                // R10: somebody was faster; the object is looked at again.
                Err(error) if error.is_conflict() && job.step.action.is_delete() => {
                    let skipped = Performed::skipped("it changed meanwhile, and is judged again");
                    (skipped, self.settings.retry.delay(attempt))
                }
                Err(error) => {
                    let asked = error.status().and_then(|status| status.retry_after);
                    let wait = asked.unwrap_or_else(|| self.settings.retry.delay(attempt));
                    (Performed::of_error(&job.step.key, &error), wait)
                }
            };
            attempt += 1;
            if matches!(performed.result, StepResult::Refused(_)) || attempt >= self.settings.tries {
                return performed;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks the server what an apply would make of a live object, and writes nothing.
    ///
    /// # Errors
    /// The server's refusal, or that it did not answer.
    pub async fn dry_run(
        &self,
        resource: &ApiResource,
        desired: &Object,
        live: &Object,
    ) -> Result<Arc<Object>, ClusterError> {
        let mut object = desired.clone();
        object.metadata_mut().insert("uid", live.metadata_str("uid"));
        let target = Target::of(resource.clone(), &object);
        let options = WriteOptions { dry_run: true, ..self.options() };
        self.cluster.apply(&target, &object, &options).await.map(|written| written.object)
    }

    async fn attempt(&self, job: &Job<'_>, fresh: &Fresh) -> Result<Performed, ClusterError> {
        match &job.step.action {
            Action::CreateNamespace => self.create_namespace(job, fresh).await,
            Action::Create => self.create(job).await,
            Action::Apply { take_over } => self.apply(job, fresh, *take_over).await,
            Action::ClientApply => self.client_apply(job, fresh).await,
            Action::Replace => self.replace(job, fresh).await,
            Action::Await => Ok(Performed::skipped("there is nothing to do")),
            Action::Delete { reason, propagation } => self.delete(job, fresh, *reason, *propagation).await,
        }
    }

    /// Creates the namespace; where it is to have labels or annotations, these are applied.
    async fn create_namespace(&self, job: &Job<'_>, fresh: &Fresh) -> Result<Performed, ClusterError> {
        let name = &job.step.key.name;
        let namespace = match job.desired {
            Some(namespace) => namespace.clone(),
            None => Object::bare(&GroupVersionKind::new("", "v1", "Namespace"), "", name),
        };
        let target = Target::new(job.resource.clone(), "", name);
        let has_metadata = namespace.metadata().is_some_and(|m| m.len() > 1);
        if has_metadata {
            let written = self.cluster.apply(&target, &namespace, &self.options()).await?;
            return Ok(Performed::done(written.object));
        }
        let is_there = || Performed::skipped("it is there already");
        if matches!(fresh.live, Presence::Present(_)) {
            // Another app has made it since the plan was.
            return Ok(is_there());
        }
        match self.cluster.create(&target, &namespace, &self.options()).await {
            Ok(written) => Ok(Performed::done(written.object)),
            Err(error) if error.status().is_some_and(|s| s.reason == "AlreadyExists") => Ok(is_there()),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, job: &Job<'_>) -> Result<Performed, ClusterError> {
        let Some(desired) = job.desired else { return Ok(Performed::skipped("Git no longer holds it")) };
        let mut object = desired.clone();
        // R10: an apply with a version creates what is absent and is a conflict with what is present.
        object.metadata_mut().insert("resourceVersion", "1");
        match self.send(job, &object).await {
            Err(error) if error.is_conflict() => {
                let skipped = Performed::skipped("it appeared meanwhile, and is judged again");
                // The view is behind. What is there is told, or it would count as missing; and a hook that another
                // controller has made for the very same run is this run's.
                let answer = self.cluster.get(&Target::of(job.resource.clone(), &object)).await?;
                Ok(Performed { answer, ..skipped })
            }
            other => other,
        }
    }

    async fn apply(&self, job: &Job<'_>, fresh: &Fresh, take_over: bool) -> Result<Performed, ClusterError> {
        if job.step.hook.is_some() && fresh.live.is_absent() {
            // What an earlier run left has gone by itself: the hook runs all the same.
            return self.create(job).await;
        }
        let (desired, live) = match unchanged(job, fresh) {
            Ok(both) => both,
            Err(performed) => return Ok(performed),
        };
        if take_over && let Some(patch) = (self.take_over)(live, job.take_over_also, &self.settings.manager) {
            let target = Target::of(job.resource.clone(), live);
            self.cluster.patch(&target, &patch, &self.options()).await?;
        }
        if job.step.keeps_replicas {
            self.hand_over_replicas(job, live).await?;
        }
        let mut object = desired.clone();
        // R10: an apply with a uid never re-creates.
        object.metadata_mut().insert("uid", live.metadata_str("uid"));
        match self.send(job, &object).await {
            Err(error) if versions::is_of_another(&error) => {
                let moved = versions::entry_moved(live, &self.settings.manager, object.api_version());
                let Some(patch) = moved else { return Err(error) };
                self.cluster.patch(&Target::of(job.resource.clone(), live), &patch, &self.options()).await?;
                self.send(job, &object).await
            }
            sent => sent,
        }
    }

    /// Rule R16: another manager takes the number of replicas as it is, so that it stays when ours lets go.
    async fn hand_over_replicas(&self, job: &Job<'_>, live: &Object) -> Result<(), ClusterError> {
        let Some(replicas) = live.at(&["spec", "replicas"]) else { return Ok(()) };
        let mut held = Object::bare(&job.resource.gvk, live.namespace(), live.name());
        held.metadata_mut().insert("uid", live.metadata_str("uid"));
        held.as_map_mut().map_at("spec").insert("replicas", replicas.clone());
        let target = Target::of(job.resource.clone(), live);
        let options = WriteOptions::by(FieldManager::new(HANDOVER_MANAGER));
        self.cluster.apply(&target, &held, &options).await.map(drop)
    }

    /// Puts the desired object in the place of the live one, at the version it was judged at.
    async fn replace(&self, job: &Job<'_>, fresh: &Fresh) -> Result<Performed, ClusterError> {
        let (desired, live) = match unchanged(job, fresh) {
            Ok(both) => both,
            Err(performed) => return Ok(performed),
        };
        let mut object = desired.clone();
        for field in ["uid", "resourceVersion"] {
            object.metadata_mut().insert(field, live.metadata_str(field));
        }
        let target = Target::of(job.resource.clone(), &object);
        match self.cluster.replace(&target, &object, &self.options()).await {
            Ok(written) => Ok(Performed::done(written.object)),
            Err(error) if error.is_conflict() => {
                Ok(Performed::skipped("it changed meanwhile, and is judged again"))
            }
            Err(error) => Err(error),
        }
    }

    /// Applies as kubectl does. The cache holds Secrets masked, so the live object is read.
    async fn client_apply(&self, job: &Job<'_>, fresh: &Fresh) -> Result<Performed, ClusterError> {
        let is_new = job.step.precondition.uid.is_none();
        let desired = match (job.desired, unchanged(job, fresh)) {
            (Some(desired), Err(_)) if is_new => desired,
            (_, Ok((desired, _))) => desired,
            (_, Err(performed)) => return Ok(performed),
        };
        let target = Target::of(job.resource.clone(), desired);
        let live = self.cluster.get(&target).await?;
        if is_new && live.is_some() {
            return Ok(Performed::skipped("it appeared meanwhile, and is judged again"));
        }
        let options = WriteOptions::by(FieldManager::new(CLIENT_SIDE_MANAGER));
        let written = match (self.client_side)(live.as_deref(), desired) {
            Ok(ClientWrite::Create(object)) => self.cluster.create(&target, &object, &options).await?,
            Ok(ClientWrite::Patch(patch)) => self.cluster.patch(&target, &patch, &options).await?,
            Ok(ClientWrite::Nothing) => return Ok(Performed::skipped("there is nothing to change")),
            Err(message) => return Ok(Performed::refused(message)),
        };
        Ok(Performed::done(written.object))
    }

    async fn send(&self, job: &Job<'_>, object: &Object) -> Result<Performed, ClusterError> {
        let target = Target::of(job.resource.clone(), object);
        let written = self.cluster.apply(&target, object, &self.options()).await?;
        Ok(Performed::done(written.object))
    }

    async fn delete(
        &self,
        job: &Job<'_>,
        fresh: &Fresh,
        reason: Reason,
        propagation: Propagation,
    ) -> Result<Performed, ClusterError> {
        let live = match &fresh.live {
            Presence::Present(live) => live,
            Presence::Absent(_) => {
                return Ok(Performed {
                    result: StepResult::Done("it was gone".into()),
                    answer: None,
                    deleted: None,
                });
            }
            Presence::Unknown(why) => return Ok(Performed::skipped(why.to_string())),
        };
        if live.uid() != job.step.precondition.uid {
            return Ok(Performed::skipped("it is another object meanwhile, and is judged again"));
        }
        // It may say by now that it is to be kept.
        if job.step.precondition.reads.is_some_and(|reads| reads != digest_of_reads(live)) {
            return Ok(Performed::skipped("it changed meanwhile, and is judged again"));
        }
        let freshness = match &fresh.freshness {
            Ok(freshness) => freshness,
            Err(why) => return Ok(Performed::skipped(why.to_string())),
        };
        let evidence = Evidence { reason, live, app: job.app, freshness, render: job.complete, propagation };
        let warrant = match Warrant::judge(&evidence) {
            Ok(warrant) => warrant,
            Err(refusal) => return Ok(Performed::refused(refusal.to_string())),
        };
        let (key, uid) = (warrant.key().clone(), warrant.uid().clone());
        match self.cluster.delete(job.resource, warrant).await {
            // R13: also one that is held by finalizers is not asked to go again before its event comes.
            Ok(Deleted::Gone | Deleted::Terminating | Deleted::NotFound) => Ok(Performed {
                result: StepResult::Done(String::new()),
                answer: None,
                deleted: Some((key, uid)),
            }),
            Err(error) => Err(error),
        }
    }

    fn options(&self) -> WriteOptions {
        WriteOptions { force: self.settings.force, ..WriteOptions::by(self.settings.manager.clone()) }
    }
}

/// The desired object and the live one, if that is still what the step was decided on.
fn unchanged<'a>(job: &Job<'a>, fresh: &'a Fresh) -> Result<(&'a Object, &'a Object), Performed> {
    let Some(desired) = job.desired else { return Err(Performed::skipped("Git no longer holds it")) };
    let live = match &fresh.live {
        Presence::Present(live) => live,
        Presence::Absent(_) => return Err(Performed::skipped("it is gone meanwhile, and is judged again")),
        Presence::Unknown(why) => return Err(Performed::skipped(why.to_string())),
    };
    let precondition = &job.step.precondition;
    if live.uid() != precondition.uid
        || precondition.reads.is_some_and(|reads| reads != digest_of_reads(live))
    {
        return Err(Performed::skipped("it changed meanwhile, and is judged again"));
    }
    if live.is_terminating() {
        return Err(Performed::skipped("it is being deleted, and is created anew when it is gone"));
    }
    Ok((desired, live))
}
