//! What is known of a plan before its first step: a kind that the cluster does not serve fails the whole sync, before
//! anything is written.

use std::collections::BTreeSet;

use tautline_core::{GroupKind, Object, Timestamp};
use tautline_plan::{Plan, Step, StepResult};

use crate::app::App;
use crate::ending::result_of;
use crate::event::{Effect, World};
use crate::report::{ObjectResult, OperationPhase};
use crate::spec::SyncRequest;

impl App {
    /// The steps whose kind is neither served nor defined by an object of the app, nor allowed to be missing
    /// (`SkipDryRunOnMissingResource=true`).
    pub(crate) fn unserved<'p>(
        &self,
        plan: &'p Plan,
        request: &SyncRequest,
        world: &World<'_>,
    ) -> Vec<&'p Step> {
        let options = request.options.as_ref().map_or(self.spec.policy.objects, |own| own.objects);
        let may_be_missing = |step: &Step| {
            let desired = match step.hook.is_some() {
                true => self.hooks.iter().map(|(_, m)| m).find(|m| is_like(&m.object, step)),
                false => self.prepared.manifests.get(&step.key),
            };
            options.of(desired.map(|m| &*m.object), None).may_be_missing
        };
        let is_unserved = |step: &&Step| {
            let kind = step.key.group_kind();
            !step.action.is_delete()
                && world.scopes.is_served(&kind) == Some(false)
                && !self.defines(&kind)
                && !may_be_missing(step)
        };
        plan.steps.iter().filter(is_unserved).collect()
    }

    /// Ends the sync that has just been made and not begun: these steps cannot be done. It begins by itself once their
    /// kinds are served.
    pub(crate) fn end_as_not_valid(&mut self, unserved: &[Step], now: Timestamp, out: &mut Vec<Effect>) {
        let Some(running) = &mut self.running else { return };
        let mut why: Vec<String> = Vec::new();
        for step in unserved {
            let message = format!(
                "the cluster does not serve {}; install its CustomResourceDefinition, or let the object say \
                 SkipDryRunOnMissingResource=true if something else installs it",
                step.gvk
            );
            running.progress.end(step.id, StepResult::Refused(message.clone()));
            let result = result_of(step, &StepResult::Refused(message.clone()));
            running.operation.results.push(ObjectResult { images: Vec::new(), ..result });
            why.push(format!("{}: {message}", step.key));
        }
        why.truncate(3);
        running.operation.phase = OperationPhase::Failed;
        running.operation.message = format!(
            "one or more synchronization tasks are not valid, nothing was written: {}",
            why.join("; ")
        );
        running.operation.finished_at = Some(now);
        running.is_noted = false;
        self.held_back.extend(running.plan.steps.iter().map(|step| step.key.clone()));
        self.lacks = unserved.iter().map(|step| step.key.group_kind()).collect();
        self.finish(now, out);
    }

    /// What a sync failed for is served now: the same revision is synced as if it had not been tried.
    pub(crate) fn note_served(&mut self, world: &World<'_>) {
        let is_served = |kind: &GroupKind| world.scopes.is_served(kind) != Some(false);
        if !self.lacks.is_empty() && self.lacks.iter().all(is_served) {
            self.lacks = BTreeSet::new();
            self.attempted = None;
        }
    }

    /// Whether an object of the app, or one of its hooks, is the CRD of a kind.
    fn defines(&self, kind: &GroupKind) -> bool {
        let desired = self.prepared.manifests.values().chain(self.hooks.iter().map(|(_, m)| m));
        desired.map(|manifest| &*manifest.object).any(|object| {
            object.is("apiextensions.k8s.io", "CustomResourceDefinition")
                && object.str_at(&["spec", "group"]) == Some(&kind.group)
                && object.str_at(&["spec", "names", "kind"]) == Some(&kind.kind)
        })
    }
}

/// Whether a step is of this hook: of one without a name only the beginning is known.
fn is_like(hook: &Object, step: &Step) -> bool {
    let generated = hook.metadata_str("generateName");
    let is_named = match hook.name() {
        "" => !generated.is_empty() && step.key.name.starts_with(generated),
        name => name == step.key.name,
    };
    hook.gvk().group_kind() == step.key.group_kind() && is_named
}
