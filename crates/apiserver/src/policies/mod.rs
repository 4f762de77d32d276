//! ValidatingAdmissionPolicies and MutatingAdmissionPolicies, as kube-apiserver 1.37 runs them.
//!
//! A policy is in force through its bindings. What a request must be to be looked at is in [`matching`], what the
//! expressions see in [`input`], where their parameters come from in [`params`], what a policy is compiled to in
//! [`policy`]; [`validating`] and [`mutating`] are what the two kinds do. Policies, bindings and parameters are read from
//! the store with each request, so that a policy is in force with the request after the one that made it; the real
//! server takes a moment.

mod evaluate;
mod input;
mod matching;
mod mutating;
mod params;
pub(crate) mod policy;
mod validating;

use std::sync::Arc;

use tautline_core::{Object, Value};

use crate::caller::{Ask, Verb};
use crate::catalog::Served;
use crate::state::State;
use matching::Matched;
use policy::Policy;

const GROUP: &str = "admissionregistration.k8s.io";

pub(crate) use policy::Compiled;

/// A request as policies see it.
pub(crate) struct Attributes<'a> {
    pub(crate) ask: &'a Ask,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub(crate) operation: &'static str,
    pub(crate) old: Option<&'a Object>,
    pub(crate) new: Option<&'a Object>,
    pub(crate) dry_run: bool,
}

impl<'a> Attributes<'a> {
    /// What is asked: what there is, what is to be.
    pub(crate) fn new(ask: &'a Ask, old: Option<&'a Object>, new: Option<&'a Object>, dry_run: bool) -> Self {
        let operation = match (ask.verb, old, new) {
            (_, _, None) => "DELETE",
            (Verb::Delete | Verb::DeleteCollection, ..) => "DELETE",
            (_, None, Some(_)) => "CREATE",
            _ => "UPDATE",
        };
        Self { ask, operation, old, new, dry_run }
    }

    fn any(&self) -> Option<&'a Object> {
        self.new.or(self.old)
    }

    /// The name that refusals print.
    fn name(&self) -> &'a str {
        match self.ask.name.as_str() {
            "" => self.any().map_or("Unknown", Object::name),
            name => name,
        }
    }

    /// The namespace; that of a Namespace is its own name.
    fn namespace(&self) -> &'a str {
        if self.ask.served.is("", "Namespace") { self.name() } else { &self.ask.namespace }
    }

    /// An object in a version of its kind; through `scale` it is a Scale.
    fn shown(&self, object: Option<&Object>, as_kind: &Served) -> Value {
        match object {
            None => Value::Null,
            Some(object) if self.ask.subresource == "scale" => crate::scale::of(&self.ask.served, object),
            Some(object) => crate::typing::from_stored(as_kind, object).into_value(),
        }
    }
}

/// A policy that matches a request, one of its bindings that does, and one of the binding's parameters.
struct Invocation {
    policy: Arc<Policy>,
    binding: Arc<Object>,
    matched: Matched,
    param: Value,
}

/// A policy or binding that cannot be used.
struct Unusable {
    policy: Arc<Policy>,
    binding: Option<Arc<Object>>,
    why: String,
}

impl Unusable {
    /// What refusals say of it.
    fn message(&self) -> String {
        let what = if self.binding.is_some() { "binding" } else { "policy" };
        format!("failed to configure {what}: {}", self.why)
    }
}

impl State {
    /// Whether policies are asked at all: not about themselves.
    fn asks_policies(&self, ask: &Ask, shelf: &str) -> bool {
        let is_policy = ask.group == GROUP && ask.resource.contains("admissionpolic");
        !is_policy && self.store.shelf(shelf).is_some_and(|shelf| shelf.len() > 0)
    }

    /// All that is to be asked about a request, by the names of policies and bindings.
    fn invocations(
        &self,
        kind: policy::Kind,
        attributes: &Attributes<'_>,
    ) -> (Vec<Invocation>, Vec<Unusable>) {
        let mut found = (Vec::new(), Vec::new());
        for object in self.objects_on(kind.shelf()) {
            let policy = self.policies.of(kind, &object);
            let bindings = self.bindings_of(kind, &policy.name);
            // A policy without a binding is not in force, be it right or wrong.
            if !bindings.is_empty() {
                self.invoke(&policy, bindings, attributes, &mut found);
            }
        }
        found
    }

    fn invoke(
        &self,
        policy: &Arc<Policy>,
        bindings: Vec<Arc<Object>>,
        attributes: &Attributes<'_>,
        (found, unusable): &mut (Vec<Invocation>, Vec<Unusable>),
    ) {
        let mut wrong = |binding: Option<&Arc<Object>>, why: String| {
            unusable.push(Unusable { policy: policy.clone(), binding: binding.cloned(), why });
        };
        let matched = match self.matches(&policy.constraints, attributes) {
            Ok(Some(matched)) => matched,
            Ok(None) => return,
            Err(why) => return wrong(None, why),
        };
        let kind = match self.param_kind(policy) {
            Ok(kind) => kind,
            Err(why) => return wrong(None, why),
        };
        for binding in bindings {
            let resources = binding.at(&["spec", "matchResources"]).filter(|value| !value.is_null());
            match resources.map(|resources| self.matches(resources, attributes)) {
                None | Some(Ok(Some(_))) => {}
                Some(Ok(None)) => continue,
                Some(Err(why)) => {
                    wrong(Some(&binding), why);
                    continue;
                }
            }
            match self.params_of(kind.as_deref(), &binding, &attributes.ask.namespace) {
                Ok(params) => found.extend(params.into_iter().map(|param| Invocation {
                    policy: policy.clone(),
                    binding: binding.clone(),
                    matched: matched.clone(),
                    param,
                })),
                Err(why) => wrong(Some(&binding), why),
            }
        }
    }

    fn bindings_of(&self, kind: policy::Kind, policy: &str) -> Vec<Arc<Object>> {
        let mut bindings = self.objects_on(kind.binding_shelf());
        bindings.retain(|binding| binding.str_at(&["spec", "policyName"]) == Some(policy));
        bindings
    }

    /// The objects of a kind without namespaces, by name.
    fn objects_on(&self, shelf: &str) -> Vec<Arc<Object>> {
        let shelf = self.store.shelf(shelf);
        shelf.into_iter().flat_map(|shelf| shelf.within("").map(|(_, object)| object.clone())).collect()
    }
}
