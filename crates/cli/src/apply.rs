//! `taut apply`: takes the steps of a plan.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::join_all;
use tautline::apply::{Executor, Fresh, Job, Performed, WriteSettings};
use tautline::client_side;
use tautline::cluster::{ApiResource, Cache, Target};
use tautline::core::{FieldManager, GroupVersionKind, Object, Presence};
use tautline::diff::fold_managers;
use tautline::health::{HealthStatus, assess};
use tautline::ownership::{CompleteRender, LiveView};
use tautline::plan::{Next, Progress, Stage, Standing, Step, StepId, StepResult};
use tautline::runtime::take_over_patch;

use crate::arguments::ApplyOptions;
use crate::compare;
use crate::failure::{Failure, Result};
use crate::journal::Noted;
use crate::live::{Live, connect};
use crate::plan::{self, Planned};
use crate::rbac;
use crate::stored::StoredPlan;

/// How often the health of a wave is looked at, and how long it may take.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const LOOKS: u32 = 600;
/// How many looks a kind whose CRD was just applied may take to be served.
const SERVED_WITHIN: u32 = 20;

/// Runs the verb.
pub(crate) async fn run(options: &ApplyOptions) -> Result<u8> {
    if options.compare.cluster.offline.is_some() {
        let message = "--offline: a snapshot takes no changes; plan against it, and apply to the cluster.";
        return Err(Failure::usage(message.to_owned()));
    }
    let live = connect(&options.compare.cluster).await?;
    let mut stored = StoredPlan::read(&options.compare.source.path)?;
    match (&options.verify, &mut stored) {
        (Some(keys), Some(stored)) => eprintln!("taut: the plan is signed by {}", stored.verify(keys)?),
        (Some(_), None) => {
            return Err(Failure::usage("--verify is for a plan that taut plan -o FILE wrote."));
        }
        (None, _) => {}
    }
    let planned = match &stored {
        Some(stored) => as_reviewed(stored, options, &live).await?,
        None => plan::make(&options.compare, options.prune, &live, options.journal.as_deref()).await?,
    };
    print!("{}", planned.to_text());
    if let Some(first) = planned.unknown.first() {
        return Err(Failure::work(format!("nothing is written, because the plan is not complete: {first}")));
    }
    if let Some(first) = planned.plan.faults.first() {
        return Err(Failure::work(format!("nothing is written: {first}.")));
    }
    if options.dry_run || planned.plan.is_empty() {
        return Ok(0);
    }
    if !options.yes && !confirmed()? {
        return Err(Failure::work("nothing was written."));
    }
    rbac::check(&planned, &live).await?;
    let manager = stored.as_ref().map_or(options.compare.field_manager.as_str(), StoredPlan::field_manager);
    let noted = match &options.journal {
        Some(folder) => Some(Noted::open(folder, &planned, options.prune).await?),
        None => None,
    };
    take(planned, &live, manager, noted).await
}

/// The present plan, as far as it is the stored one.
async fn as_reviewed(stored: &StoredPlan, options: &ApplyOptions, live: &Live) -> Result<Planned> {
    let compare = stored.compare_options(&options.compare);
    let mut planned = plan::make(&compare, stored.prune, live, options.journal.as_deref()).await?;
    let keeps = stored.reconcile(&planned.masked(), options.when_stale)?;
    keeps.news.iter().for_each(|line| eprintln!("taut: since the plan was made: {line}"));
    planned.plan.retain(|step| keeps.steps.contains(&step.id));
    Ok(planned)
}

fn confirmed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is there to be asked; say --yes, or --dry-run to see the plan."));
    }
    print!("Take these steps? [y/N] ");
    std::io::stdout().flush().map_err(Failure::work)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(Failure::work)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Takes the steps, and says how each ended. The exit code is 1 if one failed or was withheld.
async fn take(planned: Planned, live: &Live, manager: &str, noted: Option<Noted>) -> Result<u8> {
    let mut run = Run { noted, ..Run::new(planned, live, manager) };
    let mut looks = 0;
    loop {
        run.observe();
        run.flush().await?;
        match run.planned.plan.next(&run.progress) {
            Next::Run(steps) => run.perform(&steps).await?,
            Next::Wait(reason) if looks < LOOKS => {
                looks += 1;
                tokio::time::sleep(LOOK_EVERY).await;
                run.look_again().await?;
                if looks == LOOKS {
                    return Err(Failure::work(format!("gave up {reason}.")));
                }
            }
            Next::Wait(reason) => return Err(Failure::work(format!("gave up {reason}."))),
            Next::Finished { withheld, reason } => {
                if !withheld.is_empty() {
                    eprintln!("taut: {} steps were not taken: {reason}.", withheld.len());
                }
                let has_failed = !withheld.is_empty() || run.has_trouble;
                if let Some(noted) = &run.noted {
                    noted.close(!has_failed).await?;
                }
                return Ok(u8::from(has_failed));
            }
        }
    }
}

struct Run<'a> {
    planned: Planned,
    live: &'a Live,
    executor: Executor,
    complete: CompleteRender,
    cache: RwLock<Cache>,
    progress: Progress,
    has_trouble: bool,
    noted: Option<Noted>,
}

impl<'a> Run<'a> {
    fn new(mut planned: Planned, live: &'a Live, manager: &str) -> Self {
        let settings = WriteSettings { manager: FieldManager::new(manager), ..WriteSettings::default() };
        let from = compare::take_over_from(&planned.subject);
        let from: Vec<String> = from.into_iter().filter(|name| name != manager).collect();
        let take_over = Arc::new(move |live: &Object, _: &[String], manager: &FieldManager| {
            fold_managers(live, &from, manager).map(|folded| take_over_patch(live, &folded))
        });
        let client_side = client_side(Arc::new(planned.comparison.snapshot.schemas.clone()));
        let executor = Executor::new(live.cluster.clone(), settings, take_over, client_side);
        // Every manifest was rendered and prepared without a problem, else there would be no plan.
        let complete = CompleteRender::of(planned.comparison.prepared.manifests.keys().cloned());
        let snapshot = &mut planned.comparison.snapshot;
        let empty = Cache::new(snapshot.cache.masking().clone());
        let cache = RwLock::new(std::mem::replace(&mut snapshot.cache, empty));
        Self {
            planned,
            live,
            executor,
            complete,
            cache,
            progress: Progress::default(),
            has_trouble: false,
            noted: None,
        }
    }

    /// Notes how the objects fare that later steps wait for.
    fn observe(&mut self) {
        let awaited: Vec<(StepId, Standing)> =
            self.planned.plan.awaited(&self.progress).map(|step| (step.id, self.standing(step))).collect();
        for (id, standing) in awaited {
            let stage = match &standing {
                Standing::Waiting => None,
                Standing::Settled => Some(Stage::Succeeded),
                Standing::Broken(_) => Some(Stage::Failed),
            };
            let step = self.planned.plan.step(id).filter(|step| step.runs_hook());
            if let (Some(noted), Some(step), Some(stage)) = (&mut self.noted, step, stage) {
                noted.hook(step, stage);
            }
            self.progress.observe(id, standing);
        }
    }

    /// Puts on record what has come of hooks.
    async fn flush(&mut self) -> Result<()> {
        match &mut self.noted {
            Some(noted) => noted.flush().await,
            None => Ok(()),
        }
    }

    fn standing(&self, step: &Step) -> Standing {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let object = match cache.get(&step.key) {
            Presence::Present(object) => object,
            Presence::Absent(_) if step.action.is_delete() => return Standing::Settled,
            Presence::Absent(_) => return Standing::Broken(format!("{} is missing", step.key)),
            Presence::Unknown(_) => return Standing::Waiting,
        };
        if step.action.is_delete() {
            let is_other = object.uid() != step.precondition.uid;
            return if is_other { Standing::Settled } else { Standing::Waiting };
        }
        match assess(&object).map(|health| (health.status, health.message)) {
            None | Some((HealthStatus::Healthy, _)) => Standing::Settled,
            Some((HealthStatus::Degraded, message)) => Standing::Broken(message.to_string()),
            Some((HealthStatus::Unknown, message)) if step.runs_hook() => {
                Standing::Broken(message.to_string())
            }
            Some(_) => Standing::Waiting,
        }
    }

    /// Takes steps of one stage side by side, a few at a time.
    async fn perform(&mut self, steps: &[StepId]) -> Result<()> {
        for some in steps.chunks(16) {
            if let Some(noted) = &mut self.noted {
                let plan = &self.planned.plan;
                noted.begin(some.iter().filter_map(|id| plan.step(*id))).await?;
            }
            some.iter().for_each(|id| self.progress.start(*id));
            let this = &*self;
            let ended = join_all(
                some.iter()
                    .filter_map(|id| this.planned.plan.step(*id))
                    .map(|step| async move { (step.id, this.perform_one(step).await) }),
            );
            for (id, performed) in ended.await {
                let step = self.planned.plan.step(id).filter(|step| step.runs_hook());
                if let (Some(noted), Some(step), true) = (&mut self.noted, step, performed.answer.is_some()) {
                    noted.hook(step, Stage::Made);
                }
                self.end(id, performed);
            }
        }
        self.flush().await
    }

    async fn perform_one(&self, step: &Step) -> Performed {
        let Some(resource) = self.served(&step.gvk).await else {
            return Performed::not_served(&step.gvk);
        };
        let hooks = self.planned.comparison.hooks.iter().map(|run| &run.manifest);
        let desired = match step.hook.is_some() {
            true => hooks.into_iter().find(|manifest| manifest.key() == step.key),
            false => self.planned.comparison.prepared.manifests.get(&step.key),
        };
        let job = Job {
            step,
            desired: self.planned.comparison.payloads.get(&step.key).or(desired.map(|m| &*m.object)),
            complete: Some(&self.complete),
            app: self.planned.subject.destination.app.as_str(),
            resource: &resource,
            take_over_also: &[],
        };
        let look = || {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            Fresh { live: cache.get(&step.key), freshness: cache.freshness(&step.key.group_kind()) }
        };
        self.executor.perform(&job, &look).await
    }

    async fn served(&self, gvk: &GroupVersionKind) -> Option<ApiResource> {
        let catalog = &self.planned.comparison.snapshot.catalog;
        for _ in 0..SERVED_WITHIN {
            if let Some(resource) = catalog.resource(gvk) {
                return Some(resource);
            }
            if let Ok(discovery) = self.live.cluster.discover().await {
                catalog.update(discovery);
            }
            if catalog.resource(gvk).is_none() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        None
    }

    fn end(&mut self, id: StepId, performed: Performed) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = &performed.answer {
            cache.wrote(answer);
        }
        if let Some((key, uid)) = &performed.deleted {
            cache.deleted(key, uid);
        }
        drop(cache);
        if let Some(step) = self.planned.plan.step(id) {
            let word = match &performed.result {
                StepResult::Done(_) => "done",
                StepResult::Skipped(_) | StepResult::Kept(_) => "skipped",
                StepResult::Failed(_) => "failed",
                StepResult::Refused(_) => "refused",
            };
            let message = performed.result.message();
            let colon = if message.is_empty() { "" } else { ": " };
            println!("{word}  {} {}{colon}{message}", step.word(), step.key);
        }
        let was_judged = matches!(&performed.result, StepResult::Skipped(why) if why.contains("meanwhile"));
        self.has_trouble |= performed.result.is_failure() || was_judged;
        self.progress.end(id, performed.result);
    }

    /// Reads what was written once more, to see whether it is healthy by now.
    async fn look_again(&self) -> Result<()> {
        for step in self.planned.plan.steps.iter().filter(|step| self.progress.is_started(step.id)) {
            let catalog = &self.planned.comparison.snapshot.catalog;
            let is_open = *self.progress.standing(step.id) == Standing::Waiting;
            let Some(resource) = catalog.resource(&step.gvk).filter(|_| is_open) else {
                continue;
            };
            let target = Target::new(resource, &step.key.namespace, &step.key.name);
            let found = self.live.cluster.get(&target).await.map_err(Failure::work)?;
            let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
            match (found, &step.precondition.uid) {
                (Some(object), _) => {
                    cache.wrote(&object);
                }
                (None, Some(uid)) => cache.deleted(&step.key, uid),
                (None, None) => {}
            }
        }
        Ok(())
    }
}
