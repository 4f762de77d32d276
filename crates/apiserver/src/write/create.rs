//! Creating: POST, and an apply or PUT on a name that is free.

use tautline_core::{Object, Value};

use crate::caller::Ask;
use crate::failure::Failure;
use crate::state::State;
use crate::typing;
use crate::validate;
use crate::write::{How, Outcome, decode, metadata, schema};

impl State {
    /// Creates an object from a body.
    ///
    /// # Errors
    /// What kube-apiserver 1.37 refuses, in its order: body, namespace, admission, validation, existence.
    pub(crate) fn create(&mut self, ask: &Ask, body: Value, how: &How) -> Result<Outcome, Failure> {
        let (mut object, mut warnings) = decode(&ask.served, body, how)?;
        warnings.extend(metadata::owners_once(&mut object, false));
        if !["", "0"].contains(&object.metadata_str("resourceVersion")) {
            return Err(Failure::internal("resourceVersion should not be set on objects to be created"));
        }
        warnings.extend(ask.served.custom.as_ref().and_then(|c| c.warning.clone()));
        let made = self.create_object(ask, object, how, None);
        let mut outcome = made.map_err(|failure| failure.after(&warnings))?;
        outcome.warnings.splice(0..0, warnings);
        Ok(outcome)
    }

    /// Creates a decoded object. With `applied` its managedFields are those of the apply that made it.
    pub(super) fn create_object(
        &mut self,
        ask: &Ask,
        mut object: Object,
        how: &How,
        applied: Option<Value>,
    ) -> Result<Outcome, Failure> {
        let served = ask.served.clone();
        self.place_in(ask, &mut object)?;
        self.stamp(&served, &mut object);
        self.settled(&served, &mut object)?;
        let name = object.name().to_owned();
        self.namespace_open(ask, &name)?;
        self.note_times(&served, &mut object);
        match applied {
            Some(fields) => drop(object.metadata_mut().insert("managedFields", fields)),
            None => object = typing::own_create(&self.catalog, object, &how.manager, self.now()),
        }
        // What the server itself fills in from here on has no owner.
        self.default_limits(ask, &mut object);
        served.prepare_create(&mut object);
        if served.is("", "Service") {
            crate::write::services::prepare_new(&mut object);
        }
        self.complete(&served, &mut object);
        self.settled(&served, &mut object)?;
        self.mutate(ask, None, &mut object, how.dry_run)?;
        metadata::tidy(&mut object);
        self.check_new(ask, &object)?;
        self.may_grant(ask, &object)?;
        let noted = self.admit(ask, None, &object, how.dry_run)?;
        if self.find(&served, object.namespace(), object.name()).is_some() {
            return Err(Failure::already_exists(served.group(), served.plural(), object.name()));
        }
        self.within_limits(ask, &object, how.dry_run)?;
        self.allot(&mut object, None, &served)?;
        object.metadata_mut().remove("resourceVersion");
        let warnings = [validate::warnings(&served, &object), noted].concat();
        let object = match how.dry_run {
            true => typing::as_stored(&served, object),
            false => {
                if served.is("", "PersistentVolumeClaim") {
                    self.fresh_claims.insert(object.metadata_str("uid").to_owned());
                }
                crate::read::shown(&served, self.commit(ask, typing::to_stored(&served, object)))
            }
        };
        Ok(Outcome { object, created: true, warnings })
    }

    /// Brings an object into the form that is stored.
    fn settled(&self, served: &crate::catalog::Served, object: &mut Object) -> Result<(), Failure> {
        typing::default(&self.catalog, object)
            .map_err(|why| crate::write::decode::cannot_handle(served, &why))
    }

    fn check_new(&self, ask: &Ask, object: &Object) -> Result<(), Failure> {
        let served = &ask.served;
        let mut wrong = metadata::check(served, object);
        match &served.custom {
            Some(custom) => {
                wrong.extend(schema::check(custom, object, None));
                wrong.extend(crate::scale::check(served, object));
                wrong.sort_by_key(|w| (w.field == "<nil>", w.field.clone()));
            }
            None => wrong.extend(validate::check(served, object, true)),
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(invalid(ask, object, wrong))
    }

    /// Gives a Service its addresses.
    pub(super) fn allot(
        &mut self,
        object: &mut Object,
        old: Option<&Object>,
        served: &crate::catalog::Served,
    ) -> Result<(), Failure> {
        if served.is("", "Service") { self.addresses.allocate(object, old) } else { Ok(()) }
    }
}

/// 422, qualified as the server does: by the kind for built-in kinds, by the resource for custom ones.
pub(super) fn invalid(ask: &Ask, object: &Object, wrong: Vec<crate::failure::Wrong>) -> Failure {
    Failure::invalid(ask.served.group(), &ask.served.gvk().kind, object.name(), wrong)
}
