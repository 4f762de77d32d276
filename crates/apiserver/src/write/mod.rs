//! Writing: decode, default, decide who owns what, admit, validate, store.

mod admission;
mod create;
mod decode;
mod delete;
mod expressions;
mod limits;
mod metadata;
mod patch;
mod scaling;
mod schema;
mod services;
mod strategy;
mod update;

use std::sync::Arc;

use tautline_core::Object;

pub(crate) use decode::{decode, pruned};
pub(crate) use delete::{CRD_CLEANUP, DeleteHow, FOREGROUND, ORPHAN, Removal, is_finished, set_finalizers};
pub(crate) use expressions::Programs;
pub(crate) use patch::PatchBody;
pub(crate) use schema::schema_of_default;

use crate::caller::{Ask, Verb};
use crate::failure::Failure;
use crate::policies::Attributes;
use crate::rules::Review;
use crate::state::State;

/// What happens to fields that the schema does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// Dropped.
    Ignore,
    /// Dropped with a warning.
    #[default]
    Warn,
    /// Refused.
    Strict,
}

/// How a write is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct How {
    pub(crate) manager: String,
    pub(crate) dry_run: bool,
    pub(crate) force: bool,
    pub(crate) validation: FieldValidation,
    /// What reading the body noticed: fields that stand there twice.
    pub(crate) noted: Vec<String>,
    /// The body as it was sent, if it was JSON: its fields have an order.
    pub(crate) body: bytes::Bytes,
    /// Whether it is a write even if nothing that can be seen changes.
    pub(crate) writes_anyway: bool,
}

impl How {
    pub(crate) fn by(manager: &str) -> Self {
        Self {
            manager: manager.to_owned(),
            dry_run: false,
            force: false,
            validation: FieldValidation::Ignore,
            noted: Vec::new(),
            body: bytes::Bytes::new(),
            writes_anyway: false,
        }
    }
}

/// The answer to a write.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) object: Arc<Object>,
    pub(crate) created: bool,
    pub(crate) warnings: Vec<String>,
}

impl State {
    /// Runs the policies and hooks that may change an object.
    fn mutate(
        &self,
        ask: &Ask,
        old: Option<&Object>,
        object: &mut Object,
        dry_run: bool,
    ) -> Result<(), Failure> {
        self.mutate_by_policies(ask, old, object, dry_run)?;
        let review = Review { ask, old, dry_run };
        self.rules.mutating.iter().try_for_each(|hook| hook.run(&review, object))
    }

    /// Runs the policies and hooks that may refuse an object, and gives their warnings; what hooks change is dropped.
    pub(crate) fn admit(
        &self,
        ask: &Ask,
        old: Option<&Object>,
        object: &Object,
        dry_run: bool,
    ) -> Result<Vec<String>, Failure> {
        let new = Some(object).filter(|_| !matches!(ask.verb, Verb::Delete | Verb::DeleteCollection));
        let warnings = self.validate_by_policies(&Attributes::new(ask, old, new, dry_run))?;
        let review = Review { ask, old, dry_run };
        self.rules.validating.iter().try_for_each(|hook| hook.run(&review, &mut object.clone()))?;
        Ok(warnings)
    }

    /// Stores an object and notes what it holds of the cluster.
    pub(crate) fn commit(&mut self, ask: &Ask, mut object: Object) -> Arc<Object> {
        crate::typing::from_protobuf(&ask.served, &mut object);
        let stored = self.store.put(&ask.served.shelf, object);
        self.noted(&ask.served, &stored);
        stored
    }

    /// Keeps addresses and kinds in step with what is stored.
    pub(crate) fn noted(&mut self, served: &crate::catalog::Served, stored: &Object) {
        if served.is("", "Service") {
            self.addresses.hold(stored);
        }
        if served.is("apiextensions.k8s.io", "CustomResourceDefinition") && self.may_serve(stored) {
            self.catalog.add_crd(stored);
        }
    }

    /// Runs the built-in controllers after a write, if they are to run by themselves.
    pub(crate) fn after_write(&mut self) {
        if self.options.settle {
            self.settle();
        }
    }
}
