//! Deleting: preconditions, grace, finalizers.

use std::sync::Arc;

use tautline_core::{Map, Object, Value};
use tautline_ownership::Propagation;

use crate::caller::Ask;
use crate::catalog::Served;
use crate::failure::{Failure, Wrong};
use crate::state::State;
use crate::store::Place;
use crate::typing;

/// The finalizer that makes the garbage collector delete dependents first.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that makes the garbage collector let dependents go.
pub(crate) const ORPHAN: &str = "orphan";
/// The finalizer with which a CustomResourceDefinition waits for its objects.
pub(crate) const CRD_CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// `DeleteOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeleteHow {
    pub(crate) uid: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) grace: Option<i64>,
    pub(crate) propagation: Option<Propagation>,
    pub(crate) dry_run: bool,
}

impl DeleteHow {
    /// Reads a `DeleteOptions` body.
    ///
    /// # Errors
    /// 422 for words that the server does not know.
    pub(crate) fn read(body: &Value) -> Result<Self, Failure> {
        let text = |keys: &[&str]| body.str_at(keys).map(str::to_owned);
        let refuse = |wrong| Failure::invalid("meta.k8s.io", "DeleteOptions", "", vec![wrong]);
        let dry_run = body.list_at(&["dryRun"]);
        if dry_run.iter().any(|word| word.as_str() != Some("All")) {
            let list = body.get("dryRun").cloned().unwrap_or_default();
            return Err(refuse(Wrong::unsupported("dryRun", &list, &["All"])));
        }
        let orphan = body.at(&["orphanDependents"]).and_then(Value::as_bool);
        let propagation = match body.str_at(&["propagationPolicy"]) {
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Background") => Some(Propagation::Background),
            Some("Orphan") => Some(Propagation::Orphan),
            Some(other) => {
                let known = ["Foreground", "Background", "Orphan", "nil"];
                return Err(refuse(Wrong::unsupported("propagationPolicy", &other.into(), &known)));
            }
            None => orphan.map(|o| if o { Propagation::Orphan } else { Propagation::Background }),
        };
        Ok(Self {
            uid: text(&["preconditions", "uid"]),
            version: text(&["preconditions", "resourceVersion"]),
            grace: body.i64_at(&["gracePeriodSeconds"]),
            propagation,
            dry_run: !dry_run.is_empty(),
        })
    }
}

/// The answer to a delete.
#[derive(Clone, Debug)]
pub(crate) enum Removal {
    /// It is gone; its last state.
    Gone(Arc<Object>),
    /// It waits for finalizers, dependents or its grace period.
    Waiting(Arc<Object>),
}

impl State {
    /// Deletes an object; with what policies remark.
    ///
    /// # Errors
    /// 404, 409 for a precondition, 403 for a namespace that may not go, what hooks and policies say.
    pub(crate) fn delete(&mut self, ask: &Ask, how: &DeleteHow) -> Result<(Removal, Vec<String>), Failure> {
        let Some(old) = self.find(&ask.served, &ask.namespace, &ask.name) else {
            return Err(Failure::not_found(&ask.group, &ask.resource, &ask.name));
        };
        let protected = ["default", "kube-system", "kube-public"];
        if ask.served.is("", "Namespace") && protected.contains(&ask.name.as_str()) {
            let why = "this namespace may not be deleted";
            return Err(Failure::forbidden("", "namespaces", &ask.name, why));
        }
        preconditions(ask, &old, how)?;
        let warnings = self.admit(ask, Some(&old), &old, how.dry_run)?;
        let place = self.place(&ask.served, old.namespace(), old.name());
        Ok((self.delete_at(&ask.served, &place, &old, how), warnings))
    }

    /// Deletes a stored object, as users and controllers do alike.
    pub(crate) fn delete_at(
        &mut self,
        served: &Served,
        place: &Place,
        old: &Arc<Object>,
        how: &DeleteHow,
    ) -> Removal {
        let mut new = Object::clone(old);
        set_policy(&mut new, how.propagation);
        if served.is("apiextensions.k8s.io", "CustomResourceDefinition")
            && !old.is_terminating()
            && old.finalizers().all(|f| f != CRD_CLEANUP)
        {
            // It waits for its objects.
            let all = old.finalizers().chain([CRD_CLEANUP]).map(str::to_owned).collect();
            set_finalizers(new.metadata_mut(), all);
        }
        let grace = grace_of(served, old, how.grace);
        if old.is_terminating() {
            // A second delete may only shorten the wait.
            let shorter = old
                .metadata()
                .and_then(|m| m.get("deletionGracePeriodSeconds"))
                .and_then(Value::as_i64)
                .is_some_and(|now| how.grace.is_some_and(|asked| asked < now));
            if shorter {
                self.mark(served, &mut new, grace);
            }
        } else {
            self.mark(served, &mut new, grace);
        }
        if is_finished(served, &new) {
            if !how.dry_run {
                self.take_away(place);
                if served.is("", "Pod") {
                    // It is marked before it goes, which is a write.
                    new.metadata_mut().insert("resourceVersion", self.store.version().to_string());
                }
            }
            return Removal::Gone(Arc::new(new));
        }
        if how.dry_run {
            return Removal::Waiting(Arc::new(new));
        }
        if new == **old {
            return Removal::Waiting(old.clone());
        }
        let stored = self.store.put(&place.shelf, new);
        self.noted(served, &stored);
        let shown = if *served.gvk() == served.stored {
            stored
        } else {
            Arc::new(typing::from_stored(served, &stored))
        };
        Removal::Waiting(shown)
    }

    fn mark(&self, served: &Served, object: &mut Object, grace: i64) {
        let now = self.now() + std::time::Duration::from_secs(u64::try_from(grace).unwrap_or(0));
        let again = object.is_terminating();
        object.metadata_mut().insert("deletionTimestamp", tautline_grammar::time::seconds(now));
        if served.is("", "Namespace") {
            object.as_map_mut().map_at("status").insert("phase", "Terminating");
        } else {
            object.metadata_mut().insert("deletionGracePeriodSeconds", grace);
        }
        if let Some(generation) = object.generation().filter(|g| *g > 0 && !again) {
            object.metadata_mut().insert("generation", generation + 1);
        }
    }

    /// Removes an object and what it held of the cluster.
    pub(crate) fn take_away(&mut self, place: &Place) {
        let Some(last) = self.store.remove(place) else { return };
        self.fresh_claims.remove(last.metadata_str("uid"));
        if last.is("", "Service") {
            self.addresses.release(last.metadata_str("uid"));
        }
        if last.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            self.catalog.remove_crd(last.name());
        }
    }
}

/// Whether nothing holds a terminating object any more.
pub(crate) fn is_finished(served: &Served, object: &Object) -> bool {
    let grace = object.metadata().and_then(|m| m.get("deletionGracePeriodSeconds")).and_then(Value::as_i64);
    let held = served.is("", "Namespace") && !object.list_at(&["spec", "finalizers"]).is_empty();
    object.is_terminating() && grace.unwrap_or(0) == 0 && object.finalizers().next().is_none() && !held
}

fn preconditions(ask: &Ask, old: &Object, how: &DeleteHow) -> Result<(), Failure> {
    let kind = &ask.served.gvk().kind;
    let conflict = |why: &str| Err(Failure::conflict(&ask.group, kind, &ask.name, why));
    let uid = old.metadata_str("uid");
    if let Some(want) = how.uid.as_deref().filter(|want| *want != uid) {
        return conflict(&format!(
            "the UID in the precondition ({want}) does not match the UID in record ({uid}). \
             The object might have been deleted and then recreated"
        ));
    }
    let version = old.metadata_str("resourceVersion");
    if let Some(want) = how.version.as_deref().filter(|want| *want != version) {
        return conflict(&format!(
            "the ResourceVersion in the precondition ({want}) does not match the ResourceVersion in record \
             ({version}). The object might have been modified"
        ));
    }
    Ok(())
}

/// Only pods take their time, and only those that a node has and that still run.
fn grace_of(served: &Served, object: &Object, asked: Option<i64>) -> i64 {
    if !served.is("", "Pod") {
        return 0;
    }
    let done = matches!(object.str_at(&["status", "phase"]), Some("Succeeded" | "Failed"));
    let node = object.str_at(&["spec", "nodeName"]).is_some_and(|n| !n.is_empty());
    if done || !node {
        return 0;
    }
    let own = object.i64_at(&["spec", "terminationGracePeriodSeconds"]).unwrap_or(30);
    match asked {
        Some(seconds) if seconds < 0 => 1,
        Some(seconds) => seconds,
        None => own,
    }
}

fn set_policy(object: &mut Object, policy: Option<Propagation>) {
    let Some(policy) = policy else { return };
    let mut finalizers: Vec<String> =
        object.finalizers().filter(|f| *f != FOREGROUND && *f != ORPHAN).map(str::to_owned).collect();
    match policy {
        Propagation::Foreground => finalizers.push(FOREGROUND.to_owned()),
        Propagation::Orphan => finalizers.push(ORPHAN.to_owned()),
        Propagation::Background => {}
    }
    set_finalizers(object.metadata_mut(), finalizers);
}

/// Writes finalizers, or none.
pub(crate) fn set_finalizers(metadata: &mut Map, finalizers: Vec<String>) {
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers", Value::from(finalizers));
    }
}
