//! When a sync begins.

use std::collections::BTreeSet;

use tautline_core::{GroupKind, Timestamp, Want};
use tautline_diff::Outcome;
use tautline_ownership::Owner;

use crate::app::{App, Recall};
use crate::event::{Effect, World};
use crate::report::{ObjectResult, Operation, OperationPhase, Trigger};
use crate::resource::Resource;
use crate::retry::Retrying;
use crate::spec::{Deletion, SyncRequest};

impl App {
    /// Does whatever may be done now: go on with a plan, clean up, or begin a sync.
    pub(crate) fn go_on(&mut self, world: &World<'_>, now: Timestamp, out: &mut Vec<Effect>) {
        if self.running.is_some() {
            self.follow(world, now, out);
            if self.running.is_some() {
                return;
            }
        }
        if self.recall != Recall::Done {
            return;
        }
        if self.spec.observe_only {
            return;
        }
        if !self.spec.refused.is_empty() {
            let why: Vec<&str> = self.spec.refused.iter().map(|problem| problem.message.as_str()).collect();
            let why = format!("the Application's spec is not valid: {}", why.join("; "));
            return self.refuse_request(&why, now, out);
        }
        if let Some(until) = self.left_until.filter(|until| now < *until) {
            return out.push(Effect::WakeAt(until));
        }
        self.left_until = None;
        match &self.spec.deletion {
            Some(Deletion::Cascade { .. }) => return self.cascade(world, now, out),
            Some(_) => return,
            None => {}
        }
        // What is compared must be what the revision holds: a newer one that is not rendered yet is waited for.
        let is_current = self.rendered.as_ref().map(|r| &r.revision) == self.revision.as_ref();
        if is_current && let Some(error) = self.comparison_error.clone() {
            return self.refuse_request(&format!("ComparisonError: {error}"), now, out);
        }
        if self.comparison_error.is_some() || !is_current || !self.is_ready(world) {
            return;
        }
        if self.has_prunes() && world.neighbours.undecided() {
            // R20: an object that leaves this app may be on its way to another one. We are told.
            return;
        }
        if self.waits(world, out) {
            return;
        }
        if let Some((trigger, request)) = self.resumption(now, out) {
            return self.begin(trigger, &request, world, now, out);
        }
        self.give_up_retry(out);
        if let Some(request) = self.requested.take() {
            self.retrying = None;
            if self.refusal(&request).is_none() && self.turns_to(&request, out) {
                self.requested = Some(request);
                // What is to be rendered now is asked for at once.
                return self.look_around(world, now, out);
            }
            if let Some(reason) = self.refusal(&request) {
                let trigger = Trigger::Manual(request.by);
                self.record_at_once(trigger, OperationPhase::Error, reason, Vec::new(), now, out);
                return;
            }
            return self.begin(Trigger::Manual(request.by.clone()), &request, world, now, out);
        }
        if let Some(request) = self.retry_by_hand(now, out) {
            return self.begin(Trigger::Manual(request.by.clone()), &request, world, now, out);
        }
        if let Some(trigger) = self.automatic_trigger(now, out) {
            let prune = self.spec.policy.automated.is_some_and(|a| a.prune);
            let request = SyncRequest { prune, ..SyncRequest::default() };
            self.begin(trigger, &request, world, now, out);
        }
    }

    /// Whether a new revision, or a sync that was asked for, waits for an app that this one depends on. Drift is
    /// undone meanwhile.
    fn waits(&mut self, world: &World<'_>, out: &mut Vec<Effect>) -> bool {
        let is_heal = self.requested.is_none()
            && self
                .attempted
                .as_ref()
                .zip(self.revision.as_ref())
                .is_some_and(|(a, r)| a.succeeded && a.revision == r.id);
        let obstacle = || self.spec.depends_on.iter().find_map(|app| world.neighbours.obstacle(app));
        let waits_for = if is_heal { None } else { obstacle() };
        // What the server was just asked of decides with which wave it goes: it is not passed over (rule R5).
        let is_asking = !is_heal && self.resources.values().any(Resource::is_asked);
        let waits = waits_for.is_some() || is_asking;
        if self.waits_for != waits_for {
            self.waits_for = waits_for;
            out.push(Effect::Report { urgent: false });
        }
        waits
    }

    /// Why a request cannot be done (rule R1): it is never done in part.
    fn refusal(&self, request: &SyncRequest) -> Option<String> {
        if request.refused.is_some() {
            return request.refused.clone();
        }
        let wanted = request.revision.as_ref()?;
        let is_part = request.dry_run || !request.only.is_empty();
        let is_git = matches!(self.spec.want, Want::Git { .. } | Want::HelmChart { .. });
        let is_current = self.revision.as_ref().is_some_and(|r| r.id == *wanted);
        let is_target = matches!(&self.spec.want, Want::Git { reference, .. } if reference == wanted);
        (!is_current && !is_target && (is_part || !is_git)).then(|| {
            format!(
                "revision {wanted} is not what the Application asks for, and only a whole sync can be of another one; \
                 set spec.source.targetRevision"
            )
        })
    }

    /// What a sync failed for may be served now: the same revision is synced as if it had not been tried.
    pub(crate) fn note_served(&mut self, world: &World<'_>) {
        let lacks = std::mem::take(&mut self.lacks);
        let (open, served): (BTreeSet<GroupKind>, BTreeSet<GroupKind>) =
            lacks.into_iter().partition(|kind| world.scopes.is_served(kind) == Some(false));
        self.lacks = open;
        if served.is_empty() {
            return;
        }
        let of_these = |resource: &&mut Resource| served.contains(&resource.pair.key.group_kind());
        self.resources.values_mut().filter(of_these).for_each(|resource| resource.refused = None);
        if self.attempted.as_ref().is_some_and(|attempt| !attempt.succeeded) {
            self.attempted = None;
        }
    }

    /// Ends a sync that was asked for and cannot be tried: whoever waits for it learns why.
    fn refuse_request(&mut self, why: &str, now: Timestamp, out: &mut Vec<Effect>) {
        if let Some(request) = self.requested.take() {
            let trigger = Trigger::Manual(request.by);
            self.record_at_once(trigger, OperationPhase::Error, why.to_owned(), Vec::new(), now, out);
        }
    }

    /// Puts an operation on record that ends as it begins.
    pub(crate) fn record_at_once(
        &mut self,
        trigger: Trigger,
        phase: OperationPhase,
        message: String,
        results: Vec<ObjectResult>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        self.operation = Some(Operation {
            trigger,
            phase,
            message,
            revision: self.revision.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            started_at: now,
            finished_at: Some(now),
            retries: 0,
            instead_of: None,
            results,
        });
        out.push(Effect::Report { urgent: true });
    }

    /// The sync to go on with that a controller left unfinished; one of another revision is written off.
    fn resumption(&mut self, now: Timestamp, out: &mut Vec<Effect>) -> Option<(Trigger, SyncRequest)> {
        let interrupted = self.interrupted.as_ref()?;
        let request = SyncRequest {
            prune: interrupted.prune,
            only: interrupted.only.clone(),
            skips_hooks: interrupted.skips_hooks,
            ..SyncRequest::default()
        };
        let trigger = interrupted.by.clone().map_or(Trigger::Automated, Trigger::Manual);
        if self.revision.as_ref().is_some_and(|r| r.id == interrupted.revision) {
            return Some((trigger, request));
        }
        self.operation = Some(Operation {
            trigger,
            phase: OperationPhase::Failed,
            message: "the controller ended before the sync did, and Git holds another revision now"
                .to_owned(),
            revision: interrupted.revision.clone(),
            started_at: interrupted.started_at,
            finished_at: Some(now),
            retries: 0,
            instead_of: None,
            results: Vec::new(),
        });
        self.interrupted = None;
        out.push(Effect::Report { urgent: true });
        None
    }

    /// Whether a sync that may begin now would prune something.
    fn has_prunes(&self) -> bool {
        let automated = self.spec.policy.automated.is_some_and(|a| a.prune);
        let asked = self.requested.as_ref().is_some_and(|r| r.prune);
        (automated || asked)
            && self.resources.values().any(|r| self.is_actionable(r, true) && r.pair.desired.is_none())
    }

    /// Why the app should sync by itself now, if it should.
    fn automatic_trigger(&mut self, now: Timestamp, out: &mut Vec<Effect>) -> Option<Trigger> {
        let automated = self.spec.policy.automated?;
        if self.retrying.as_ref().is_some_and(Retrying::is_by_hand) {
            return None;
        }
        let is_due =
            self.namespace_differs || self.resources.values().any(|r| self.is_actionable(r, automated.prune));
        let revision = &self.revision.as_ref()?.id;
        let attempt =
            self.attempted.as_ref().filter(|a| a.revision == *revision && a.source == self.spec.source);
        let is_tried_again = self.retrying.is_some() && attempt.is_some_and(|a| !a.succeeded && a.is_hopeful);
        if !is_due && !is_tried_again {
            return None;
        }
        match attempt {
            None => Some(Trigger::Automated),
            Some(attempt) if !attempt.succeeded => {
                let is_tried_out = self.spec.policy.retry_limit.is_some_and(|limit| attempt.retries >= limit);
                if is_tried_out {
                    return automated
                        .self_heal
                        .then_some(Trigger::SelfHeal)
                        .filter(|_| self.may_heal(now, out));
                }
                let next = attempt.ended_at + self.spec.policy.retry.delay(attempt.retries);
                if now < next {
                    out.push(Effect::WakeAt(next));
                    return None;
                }
                Some(Trigger::Automated)
            }
            Some(_) => automated.self_heal.then_some(Trigger::SelfHeal).filter(|_| self.may_heal(now, out)),
        }
    }

    /// Whether some object may be healed now; wakes up when the next one may.
    fn may_heal(&self, now: Timestamp, out: &mut Vec<Effect>) -> bool {
        let prune = self.spec.policy.automated.is_some_and(|a| a.prune);
        let waits: Vec<Option<Timestamp>> = (self.resources.values())
            .filter(|r| self.is_actionable(r, prune) && !self.held_back.contains(&r.pair.key))
            .map(|r| &r.ledger)
            .chain(self.namespace_differs.then_some(&self.namespace_ledger))
            .map(|ledger| ledger.held_until(now))
            .collect();
        if let Some(first) = waits.iter().flatten().min() {
            out.push(Effect::WakeAt(*first));
        }
        waits.iter().any(Option::is_none)
    }

    fn is_actionable(&self, resource: &Resource, prune: bool) -> bool {
        let is_others = matches!(resource.pair.owner, Owner::Other(_));
        if is_others || resource.is_refused() || self.becomes_hook(resource) {
            return false;
        }
        match resource.difference.outcome {
            Outcome::Create | Outcome::Change => true,
            Outcome::Delete if resource.is_extraneous() => false,
            Outcome::Delete => {
                let live = resource.pair.live.as_ref().present();
                prune
                    && resource.pair.owner == Owner::Us
                    && resource.pair.also_held_by.is_none()
                    && !self.kept.contains(&resource.pair.key)
                    && live
                        .is_some_and(|live| tautline_plan::keeps(live, &self.spec.policy.objects).is_none())
            }
            _ => false,
        }
    }
}
