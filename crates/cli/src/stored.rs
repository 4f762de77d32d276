//! A plan in a file: written by `taut plan --out FILE`, reviewed, taken by `taut apply FILE`.
//!
//! The file says what was planned, from what and with which options. It carries no permission: to take it,
//! everything is rendered and compared again, and each step must still be what the file says.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tautline::plan::{Plan, Step, StepId};

use crate::arguments::{CompareOptions, SourceOptions, WhenStale};
use crate::failure::{Failure, Result};
use crate::signing;

const API_VERSION: &str = "tautline.dev/v1";

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredPlan {
    api_version: String,
    kind: String,
    /// What was rendered, as the command line had it.
    source: SourceOptions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    #[serde(default)]
    context_is_destination: bool,
    field_manager: String,
    pub(crate) prune: bool,
    /// The plan; of Secrets it holds no digest.
    plan: Plan,
    /// An SSH signature over this very document without this field, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

/// What is left of a stored plan.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The steps of the present plan that are taken.
    pub(crate) steps: BTreeSet<StepId>,
    /// What has changed since.
    pub(crate) news: Vec<String>,
}

impl StoredPlan {
    pub(crate) fn new(options: &CompareOptions, prune: bool, plan: Plan) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: "Plan".to_owned(),
            source: options.source.clone(),
            namespace: options.namespace.clone(),
            app: options.app.clone(),
            context_is_destination: options.context_is_destination,
            field_manager: options.field_manager.clone(),
            prune,
            plan,
            signature: None,
        }
    }

    /// Signs the plan with the private key in a file.
    pub(crate) fn sign(&mut self, key: &Path) -> Result<()> {
        self.signature = None;
        self.signature = Some(signing::sign(&self.to_text()?, key)?);
        Ok(())
    }

    /// Whose signature the plan carries, of the public keys in a file; an error if it carries none of theirs.
    pub(crate) fn verify(&mut self, keys: &Path) -> Result<String> {
        let Some(signature) = self.signature.take() else {
            return Err(Failure::work(
                "nothing is written: the plan is not signed, and --verify wants it to be.",
            ));
        };
        signing::verify(&self.to_text()?, &signature, keys)
    }

    fn to_text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self).map_err(Failure::work)? + "\n")
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        std::fs::write(file, self.to_text()?).map_err(|e| Failure::work(format!("{}: {e}.", file.display())))
    }

    /// The plan in a file; `None` if the file is something else.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>> {
        if !file.is_file() {
            return Ok(None);
        }
        let bytes = std::fs::read(file).map_err(|e| Failure::work(format!("{}: {e}.", file.display())))?;
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return Ok(None) };
        if value.get("kind").and_then(|kind| kind.as_str()) != Some("Plan") {
            return Ok(None);
        }
        match value.get("apiVersion").and_then(|version| version.as_str()) {
            Some(API_VERSION) => {}
            other => {
                let other = other.unwrap_or("none");
                let message = format!(
                    "{}: the plan's apiVersion is {other}, and this taut reads {API_VERSION}; plan again.",
                    file.display()
                );
                return Err(Failure::usage(message));
            }
        }
        let stored = serde_json::from_value(value);
        stored
            .map(Some)
            .map_err(|e| Failure::usage(format!("{}: this is no whole plan: {e}.", file.display())))
    }

    /// The options it was planned with; which cluster is said anew.
    pub(crate) fn compare_options(&self, now: &CompareOptions) -> CompareOptions {
        CompareOptions {
            source: self.source.clone(),
            cluster: now.cluster.clone(),
            namespace: self.namespace.clone(),
            app: self.app.clone(),
            context_is_destination: self.context_is_destination || now.context_is_destination,
            field_manager: self.field_manager.clone(),
        }
    }

    /// Who writes.
    pub(crate) fn field_manager(&self) -> &str {
        &self.field_manager
    }

    /// Which steps of the present plan are taken: those that are as they were reviewed; and of the others none, or
    /// those for the same objects, or an error, as the policy says.
    pub(crate) fn reconcile(&self, present: &Plan, policy: WhenStale) -> Result<Kept> {
        let mut news = Vec::new();
        if self.plan.inputs != present.inputs {
            let revision = |plan: &Plan| plan.inputs.revision.clone();
            news.push(format!(
                "it was made from {}, and now there is {}",
                revision(&self.plan),
                revision(present)
            ));
        }
        let find = |plan: &Plan, step: &Step| {
            plan.steps.iter().find(|s| s.key == step.key && is_same_kind_of_step(s, step)).cloned()
        };
        for step in &self.plan.steps {
            match find(present, step) {
                None => news.push(format!("{} is not to be done any more", step_name(step))),
                Some(now) if !is_same(&now, step) => news.push(format!("{} has changed", step_name(step))),
                Some(_) => {}
            }
        }
        for step in present.steps.iter().filter(|step| find(&self.plan, step).is_none()) {
            news.push(format!("{} is new", step_name(step)));
        }
        if let (WhenStale::Refuse, Some(first)) = (policy, news.first()) {
            let message = format!(
                "the plan is stale, and nothing is written: {first}{}; plan again, or say --when-stale skip to take only \
                 what is as it was, or --when-stale rebase to take what is due now for the same objects.",
                if news.len() > 1 { format!(" (and {} more)", news.len() - 1) } else { String::new() }
            );
            return Err(Failure::work(message));
        }
        let keeps = |step: &Step| match find(&self.plan, step) {
            // A reviewed object may change otherwise than it was reviewed, but not go unless that was reviewed.
            Some(_) if policy == WhenStale::Rebase => true,
            Some(reviewed) => is_same(step, &reviewed),
            None => false,
        };
        let steps = present.steps.iter().filter(|step| keeps(step)).map(|step| step.id).collect();
        Ok(Kept { steps, news })
    }
}

fn is_same_kind_of_step(a: &Step, b: &Step) -> bool {
    a.action.is_delete() == b.action.is_delete() && a.phase == b.phase
}

fn is_same(a: &Step, b: &Step) -> bool {
    (&a.action, &a.desired, &a.precondition, &a.wave) == (&b.action, &b.desired, &b.precondition, &b.wave)
}

fn step_name(step: &Step) -> String {
    format!("{} {}", step.word(), step.key)
}
