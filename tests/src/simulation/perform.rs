//! Doing what the app wants done.

use std::collections::BTreeSet;
use std::fmt;

use tautline::apply::{Change, JournalError};
use tautline::apply::{Fresh, Job, Performed};
use tautline::diff::DryRun;
use tautline::engine::{Effect, Event, OperationPhase, Rendered, Work};
use tautline::ownership::{LiveView, owner_of};
use tautline::plan::{Entry, Epoch, StepResult};
use tautline::render::{Answers, BuiltIn, Renderer, Request};
use tautline_argocd::Application;
use tautline_cluster::{Cluster, Query, Target};
use tautline_core::{Budget, Problem, ResourceKey, Revision};
use tautline_source::Source;

use super::crash::name_of;
use super::{Moment, Simulation, at_once};

/// One write that was performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// To which object.
    pub key: ResourceKey,
    /// Whether it was deleted.
    pub is_delete: bool,
    /// Whether it is a hook.
    pub is_hook: bool,
    /// Whether it was written or deleted: `false` for a step that was skipped, or failed.
    pub is_done: bool,
    /// The step in words, and what came of it.
    pub text: String,
}

impl fmt::Display for Deed {
    /// `ConfigMap/a`, or `-ConfigMap/a` for a delete.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/{}", if self.is_delete { "-" } else { "" }, self.key.kind, self.key.name)
    }
}

impl Simulation {
    /// Does one effect. A controller that is killed at it has nothing pending any more.
    pub(super) fn do_effect(&mut self, effect: Effect, application: &Application) {
        match effect {
            Effect::Perform(mut work) if work.len() > 1 => {
                self.shuffle(&mut work);
                let single = work.into_iter().rev().map(|work| Effect::Perform(vec![work]));
                single.for_each(|effect| self.pending.push_front(effect));
            }
            Effect::Perform(work) => work.iter().for_each(|work| self.do_work(work)),
            effect => self.do_other(effect, application),
        }
    }

    /// Puts entries on record, and then has the work done.
    fn note(&mut self, epoch: Epoch, entries: &[Entry], work: Vec<Work>, application: &Application) {
        match self.journal.change(&application.spec.id, Change::Note(epoch, entries)) {
            Ok(_) if work.is_empty() => {}
            Ok(_) => self.pending.push_front(Effect::Perform(work)),
            Err(JournalError::Overtaken(record)) => self.events.push_back(Event::Overtaken(record)),
            Err(error) => panic!("a journal in memory does not fail: {error}"),
        }
    }

    /// Does what is not a write to the destination.
    fn do_other(&mut self, effect: Effect, application: &Application) {
        if self.is_killed(name_of(&effect), Moment::Before) {
            return;
        }
        match effect {
            Effect::Watch(kinds) => self.wanted = kinds,
            Effect::Resolve(want) => {
                let result = at_once(self.source.resolve(&want)).map_err(|error| error.to_string());
                let is_pinned = self.app.pinned_want().as_ref() == Some(&want);
                self.events.push_back(if is_pinned {
                    Event::Pinned(result)
                } else {
                    Event::Resolved(result)
                });
            }
            Effect::Render { number, revision, .. } => {
                let rendered = self.render(revision, application);
                self.events.push_back(Event::Rendered(number, Box::new(rendered)));
            }
            Effect::Recall => {
                let record = self.journal.get(&application.spec.id);
                self.events.push_back(Event::Recalled(Ok(record)));
            }
            Effect::Record { known, intent } => {
                self.memory.is_ours = true;
                let kinds: Vec<String> = intent.kinds.iter().map(ToString::to_string).collect();
                self.note_kinds(&kinds.join(","));
                let event = match self.journal.change(&application.spec.id, Change::Open(known, &intent)) {
                    Ok(epoch) => Event::Recorded(Ok(epoch)),
                    Err(JournalError::Overtaken(record)) => Event::Overtaken(record),
                    Err(error) => Event::Recorded(Err(error.to_string())),
                };
                self.events.push_back(event);
            }
            Effect::Close { epoch, has_succeeded } => {
                let _ = self.journal.change(&application.spec.id, Change::Close(epoch, has_succeeded));
            }
            Effect::Note { epoch, entries, work } => self.note(epoch, &entries, work, application),
            Effect::Perform(_) => {}
            Effect::DryRun { key, desired } => {
                let live = self.cache.get(&key).present();
                let resource = self.catalog.resource(&desired.gvk());
                let answer = resource.zip(live).and_then(|(resource, live)| {
                    match at_once(self.executor.dry_run(&resource, &desired, &live)) {
                        Ok(object) => Some(DryRun::Accepted(object)),
                        Err(error) => error.status().map(|status| DryRun::Refused(status.message.clone())),
                    }
                });
                self.events.push_back(Event::DryRun { key, answer });
            }
            Effect::ReadLog { step, pod, container, lines } => {
                let resource = self.catalog.preferred(&pod.group_kind()).expect("pods are served");
                let target = Target::new(resource, &pod.namespace, &pod.name);
                let tail = at_once(self.controller.log_tail(&target, &container, lines));
                let result = tail.map_err(|error| error.to_string());
                self.events.push_back(Event::LogRead(step, result));
            }
            Effect::Scan => {
                let found = self.scan(application);
                self.events.push_back(Event::Scanned(Ok(found)));
            }
            Effect::Report { .. } => self.remember(),
            Effect::WakeAt(at) => drop(self.timers.insert(at.max(self.now()))),
            Effect::Finalize => self.is_finalized = true,
            Effect::TellNeighbours => {}
        }
        self.is_killed("", Moment::After);
    }

    /// Swaps what may run side by side.
    fn shuffle(&mut self, work: &mut [Work]) {
        let Some(seed) = &mut self.shuffle else { return };
        for last in (1..work.len()).rev() {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let other = usize::try_from((*seed >> 33) % (last as u64 + 1)).unwrap_or(0);
            work.swap(last, other);
        }
    }

    fn do_work(&mut self, work: &Work) {
        let name = match (&work.step.hook, work.step.action.is_delete(), &work.step.precondition.uid) {
            (_, true, _) => "delete",
            (Some(_), _, _) => "run hook",
            (None, _, None) => "create",
            _ => "change",
        };
        if self.is_killed(name, Moment::Before) {
            return;
        }
        self.perform(work);
        self.is_killed("", Moment::After);
    }

    fn perform(&mut self, work: &Work) {
        self.catalog.update(self.controller.discovery());
        let performed = match self.catalog.resource(&work.step.gvk) {
            None => Performed::not_served(&work.step.gvk),
            Some(resource) => {
                let key = &work.step.key;
                let job = Job {
                    step: &work.step,
                    desired: work.desired.as_deref(),
                    complete: work.complete.as_deref(),
                    app: work.destination.app.as_str(),
                    resource: &resource,
                    take_over_also: &work.take_over_also,
                };
                let cache = &self.cache;
                let look = || Fresh { live: cache.get(key), freshness: cache.freshness(&key.group_kind()) };
                at_once(self.executor.perform(&job, &look))
            }
        };
        if let Some(answer) = &performed.answer {
            self.cache.wrote(answer);
        }
        if let Some((key, uid)) = &performed.deleted {
            self.cache.deleted(key, uid);
        }
        self.deeds.push(Deed {
            key: work.step.key.clone(),
            is_delete: work.step.action.is_delete(),
            is_hook: work.step.hook.is_some(),
            is_done: matches!(performed.result, StepResult::Done(_)),
            text: format!("{}: {:?}", work.step, performed.result),
        });
        self.events.push_back(Event::Stepped(work.step.id, performed.result, performed.answer));
    }

    fn render(&self, revision: Revision, application: &Application) -> Rendered {
        let tree = match at_once(self.source.fetch(&revision)) {
            Ok(tree) => tree,
            Err(error) => {
                let problems = vec![Problem::error("source", error.to_string())];
                let reads = tautline_core::Digest::of_bytes(b"");
                let (manifests, source_type) = (Vec::new(), String::new());
                return Rendered { revision, manifests, problems, source_type, reads };
            }
        };
        let answers = Answers { revision: revision.id.clone(), now: self.now(), ..Answers::default() };
        let request = Request {
            tree: &*tree,
            path: application.path.clone(),
            tool: application.tool.clone(),
            budget: Budget::default(),
            answers: &answers,
        };
        let rendered = BuiltIn.render(&request);
        Rendered {
            revision,
            manifests: rendered.manifests,
            problems: rendered.problems,
            source_type: format!("{:?}", rendered.source_type),
            reads: rendered.reads.digest(),
        }
    }

    /// What the status keeps of a report, for the next controller.
    fn remember(&mut self) {
        let report = self.app.report();
        self.memory.history = report.history;
        let Some(operation) = report.operation else { return };
        if operation.phase == OperationPhase::Succeeded {
            self.memory.synced = Some((operation.revision, self.app.spec().source));
        }
    }

    /// The kinds that the app has objects of (rule R3).
    fn scan(&self, application: &Application) -> BTreeSet<tautline_core::GroupKind> {
        let app = application.spec.destination.app.as_str();
        let of = |resource: tautline_cluster::ApiResource| {
            let kind = resource.gvk.group_kind();
            let (objects, _) = self.controller.list_all(&Query::all(resource)).ok()?;
            objects.iter().any(|o| owner_of(o).as_deref() == Some(app)).then_some(kind)
        };
        self.catalog.listable().into_iter().filter_map(of).collect()
    }
}
