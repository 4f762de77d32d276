//! What somebody should know about an app.

use std::collections::BTreeSet;

use tautline_core::{Object, Severity, Value};
use tautline_plan::Step;

use crate::app::{App, ScanState};
use crate::report::{Condition, ConditionKind};
use crate::running::Running;
use crate::spec::SyncRequest;

impl App {
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let mut out = Vec::new();
        let mut add = |kind, message: String| out.push(Condition { kind, message });
        if !self.spec.refused.is_empty() {
            let messages: Vec<String> = self.spec.refused.iter().map(|p| p.message.clone()).collect();
            add(ConditionKind::InvalidSpecError, messages.join("; "));
        }
        if let Some(message) = &self.comparison_error {
            add(ConditionKind::ComparisonError, message.clone());
        }
        for why in self.unreadable.values() {
            add(ConditionKind::ComparisonError, format!("{why}; nothing of this kind is pruned"));
        }
        // Where every object is another app's there is nothing to begin, and so nothing that could fail to.
        let shared = || self.refuses_shared(&SyncRequest::default());
        let shared = || self.spec.policy.automated.and_then(|_| shared());
        if let Some(message) = self.sync_error.clone().or_else(shared) {
            add(ConditionKind::SyncError, message);
        }
        if let Some(message) = &self.waits_for {
            add(ConditionKind::DependencyWarning, format!("the sync waits: {message}"));
        }
        if let Some(message) = self.pin_message() {
            add(ConditionKind::RollbackWarning, message);
        }
        if let Some(message) = &self.deletion_error {
            add(ConditionKind::DeletionError, message.clone());
        }
        if let ScanState::Failed(message) = &self.scan {
            add(ConditionKind::DeletionError, message.clone());
        }
        for resource in self.resources.values() {
            if let tautline_ownership::Owner::Other(owner) = &resource.pair.owner
                && resource.pair.desired.is_some()
            {
                add(
                    ConditionKind::SharedResourceWarning,
                    format!("{} is owned by app {owner} and not written", resource.pair.key),
                );
            }
            if resource.ledger.is_fight() {
                let change = resource.difference.changes.first().map(ToString::to_string).unwrap_or_default();
                add(
                    ConditionKind::SyncError,
                    format!("{}: somebody keeps writing against Git: {change}", resource.pair.key),
                );
            }
        }
        let render_problems = self.rendered.iter().flat_map(|r| &r.problems);
        for problem in self.prepared.problems.iter().chain(render_problems) {
            match (problem.severity, problem.code.as_str()) {
                (_, "repeated-resource") => add(ConditionKind::RepeatedResourceWarning, problem.to_string()),
                (Severity::Warning, _) => add(ConditionKind::ExcludedResourceWarning, problem.to_string()),
                // Already in the comparison error.
                (Severity::Error, _) => {}
            }
        }
        out
    }

    pub(crate) fn images(&self) -> Vec<String> {
        let mut images: BTreeSet<String> = BTreeSet::new();
        for manifest in self.prepared.manifests.values() {
            collect_images(&manifest.object.to_value(), &mut images);
        }
        images.into_iter().collect()
    }

    /// The container images of what a step writes.
    pub(crate) fn images_of_step(&self, step: &Step, running: &Running) -> Vec<String> {
        if step.action.is_delete() {
            return Vec::new();
        }
        let object = match step.hook.is_some() {
            true => running.hooks.get(&step.key),
            false => running.desired.get(&step.key).map(|manifest| &manifest.object),
        };
        object.map(|object| images_of(object)).unwrap_or_default()
    }
}

/// The container images of an object, each once.
pub(crate) fn images_of(object: &Object) -> Vec<String> {
    let mut images = BTreeSet::new();
    collect_images(&object.to_value(), &mut images);
    images.into_iter().collect()
}

fn collect_images(value: &Value, images: &mut BTreeSet<String>) {
    match value {
        Value::Map(map) => {
            for (key, value) in map {
                if matches!(key.as_str(), "containers" | "initContainers") {
                    for container in value.as_list().into_iter().flatten() {
                        images.extend(container.str_at(&["image"]).map(str::to_owned));
                    }
                } else {
                    collect_images(value, images);
                }
            }
        }
        Value::List(list) => list.iter().for_each(|item| collect_images(item, images)),
        _ => {}
    }
}
