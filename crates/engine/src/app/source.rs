//! What Git holds: looking at the repository, rendering, and what came of it.

use std::sync::Arc;

use tautline_core::{Object, Problem, Revision, Severity, Timestamp};
use tautline_ownership::{CompleteRender, Prepared, prepare};
use tautline_plan::drop_unknown;

use super::{App, Recall, ScanState};
use crate::event::{Effect, Rendered, World};
use crate::resource::Resource;
use crate::spec::AppSpec;

impl App {
    /// Takes what the app is told to be. Answers whether its objects are to be compared anew.
    pub(super) fn told(&mut self, spec: AppSpec, out: &mut Vec<Effect>) -> bool {
        let is_same_source = spec.want == self.spec.want && spec.source == self.spec.source;
        let starts_deletion = spec.deletion.is_some() && self.spec.deletion.is_none();
        let is_moved = spec.destination != self.spec.destination;
        let (policy, new) = (&self.spec.policy, &spec.policy);
        let compares_otherwise = spec.ignore != self.spec.ignore
            || new.take_over_also != policy.take_over_also
            || new.objects.validate != policy.objects.validate;
        let kinds = std::mem::take(&mut self.spec.kinds);
        self.spec = spec;
        self.spec.kinds.extend(kinds);
        self.is_kinds_stale = true;
        if !is_same_source {
            (self.revision, self.followed, self.pin) = (None, None, None);
            self.next_poll = Timestamp::default();
            self.resolving = false;
            // What was rendered is of another folder, or with other parameters, though the revision may be the same.
            (self.rendered, self.rendering, self.complete) = (None, None, None);
        }
        if compares_otherwise {
            self.resources.values_mut().for_each(Resource::forget);
        }
        if is_moved {
            self.prepared = Prepared::default();
            self.complete = None;
            (self.rendered, self.rendering) = (None, None);
            self.resources.clear();
        }
        if starts_deletion {
            self.terminate(out);
            self.scan = ScanState::Wanted;
        }
        out.push(Effect::TellNeighbours);
        out.push(Effect::Report { urgent: false });
        compares_otherwise && !self.resources.is_empty()
    }

    pub(super) fn refresh(&mut self, hard: bool, out: &mut Vec<Effect>) {
        self.refresh_pending = true;
        self.next_poll = Timestamp::default();
        self.resolving = false;
        self.render_fresh |= hard;
        self.kept.clear();
        if hard {
            self.scan = ScanState::Wanted;
            self.rendering = None;
            self.resources.values_mut().for_each(|r| {
                r.refused = None;
                r.forget();
            });
        }
        out.push(Effect::Report { urgent: false });
    }

    pub(super) fn resolved(
        &mut self,
        result: Result<Revision, String>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        self.resolving = false;
        match result {
            Ok(revision) => {
                self.resolve_failures = 0;
                self.next_poll = now + self.spec.policy.poll + self.jitter();
                let before = self.revision.clone();
                self.follows(revision, out);
                let is_news = self.revision != before;
                let was_error = self.comparison_error.is_some() && self.rendered.is_some();
                if !is_news && !self.render_fresh && !was_error {
                    self.settle_refresh(out);
                }
            }
            Err(message) => {
                self.resolve_failures += 1;
                let wait = self.spec.policy.retry.delay(self.resolve_failures).min(self.spec.policy.poll);
                self.next_poll = now + wait;
                self.comparison_error = Some(message);
                self.settle_refresh(out);
                out.push(Effect::TellNeighbours);
                out.push(Effect::Report { urgent: true });
            }
        }
    }

    fn settle_refresh(&mut self, out: &mut Vec<Effect>) {
        if std::mem::take(&mut self.refresh_pending) {
            out.push(Effect::Report { urgent: true });
        }
    }

    /// A fixed fraction of the poll time up to a half, different for each app, so that polls spread.
    fn jitter(&self) -> std::time::Duration {
        let digest = tautline_core::Digest::of_bytes(self.spec.id.to_string().as_bytes());
        let byte = digest.as_bytes().first().copied().unwrap_or(0);
        self.spec.policy.poll.mul_f64(f64::from(byte) / 512.0)
    }

    pub(super) fn rendered(
        &mut self,
        rendered: Rendered,
        world: &World<'_>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        if self.rendering.as_ref() != Some(&rendered.revision) {
            return;
        }
        self.rendering = None;
        self.render_fresh = false;
        self.kept.clear();
        let errors: Vec<&Problem> =
            rendered.problems.iter().filter(|p| p.severity == Severity::Error).collect();
        if errors.is_empty() {
            self.comparison_error = None;
            self.rendered = Some(rendered);
            self.prepare(world);
        } else {
            let messages: Vec<String> = errors.iter().map(|p| p.to_string()).collect();
            self.comparison_error = Some(messages.join("; "));
            self.rendered = Some(rendered);
        }
        self.judge_all(world, now, out);
        self.settle_refresh(out);
        out.push(Effect::TellNeighbours);
        // Of one commit to many apps, those that it changes write first.
        out.push(Effect::Report { urgent: self.comparison_error.is_some() });
    }

    /// Prepares what was rendered without an error for the kinds as they are known now. While a kind's scope is
    /// unknown its objects' keys are guesses, and the render is not complete for a prune.
    pub(super) fn prepare(&mut self, world: &World<'_>) {
        let Some(rendered) = self.rendered.as_ref().filter(|_| !self.has_render_error()) else { return };
        let (ordinary, hooks) = tautline_plan::set_apart(&rendered.manifests);
        self.prepared = prepare(&ordinary, &self.spec.destination, world.scopes);
        let known = |object: &Object| world.differ.without_unknown(object);
        drop_unknown(&mut self.prepared, self.spec.policy.objects, known);
        let written = self.prepared.manifests.values().map(|manifest| manifest.object.gvk()).collect();
        self.is_written_anew |= self.written != written;
        self.written = written;
        self.hooks = hooks;
        self.is_kinds_stale = true;
        let is_certain = self.prepared.is_certain(world.scopes);
        let complete = || Arc::new(CompleteRender::of(self.prepared.manifests.keys().cloned()));
        self.complete = is_certain.then(complete);
        // What is as Git wants it stays so while the desired object is the same; of the rest the reasons may have moved.
        let differs =
            |resource: &&mut Resource| resource.difference.outcome != tautline_diff::Outcome::Unchanged;
        self.resources.values_mut().filter(differs).for_each(Resource::forget);
    }

    /// Asks for what is missing: kinds to watch, the repository, a render, a scan, the next tick.
    pub(crate) fn look_around(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        if std::mem::take(&mut self.is_kinds_stale) {
            let kinds = self.wanted_kinds(world);
            if std::mem::take(&mut self.is_written_anew) || kinds != self.watched {
                self.watched.clone_from(&kinds);
                out.push(Effect::Watch(kinds));
            }
        }
        let unreadable = self.unreadable_kinds(world);
        if unreadable != self.unreadable {
            self.unreadable = unreadable;
            out.push(Effect::Report { urgent: true });
        }
        if matches!(self.recall, Recall::At(at) if now >= at) {
            self.recall = Recall::Running;
            out.push(Effect::Recall);
        }
        if self.scan == ScanState::Wanted {
            self.scan = ScanState::Running;
            out.push(Effect::Scan);
        }
        // A deletion is rendered once, for its hooks.
        let is_known =
            self.spec.deletion.is_some() && (self.rendered.is_some() || self.comparison_error.is_some());
        if is_known || !self.spec.refused.is_empty() {
            return;
        }
        if !self.resolving && now >= self.next_poll {
            self.resolving = true;
            out.push(Effect::Resolve(self.spec.want.clone()));
        } else if !self.resolving {
            out.push(Effect::WakeAt(self.next_poll));
        }
        let Some(revision) = &self.revision else { return };
        let is_rendered =
            self.rendered.as_ref().is_some_and(|r| r.revision == *revision) && !self.render_fresh;
        let is_stale_error =
            self.comparison_error.is_some() && self.resolve_failures == 0 && !self.has_render_error();
        if self.rendering.as_ref() != Some(revision) && (!is_rendered || is_stale_error) {
            self.rendering = Some(revision.clone());
            self.renders += 1;
            let (number, revision) = (self.renders, revision.clone());
            out.push(Effect::Render { number, revision, fresh: self.render_fresh });
        }
    }

    /// Whether what a schema says decides what is sent.
    pub(super) fn drops_unknown(&self) -> bool {
        let options = self.spec.policy.objects;
        self.prepared.manifests.values().any(|m| !options.of(Some(&m.object), None).validate)
    }

    fn has_render_error(&self) -> bool {
        self.rendered.as_ref().is_some_and(|r| r.problems.iter().any(|p| p.severity == Severity::Error))
    }
}
