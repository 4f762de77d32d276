//! [`Grants`]: roles and bindings of one moment, for policies that ask who may do what.

use std::sync::Arc;

use tautline_cel::{Asked, Authorizer};
use tautline_core::Object;

use super::rule::Question;
use super::{GROUP, role_name, subject, verdict};
use crate::caller::{Ask, Identity};
use crate::state::State;

/// Who may do what, as it was when it was taken.
pub(crate) struct Grants {
    rbac: bool,
    who: Identity,
    bindings: Vec<Arc<Object>>,
    roles: Vec<Arc<Object>>,
}

impl State {
    /// The grants of now, asked in somebody's name.
    pub(crate) fn grants(&self, who: &Identity) -> Grants {
        let of = |shelf: &str| -> Vec<Arc<Object>> {
            let shelf = self.store.shelf(&format!("{shelf}.{GROUP}"));
            let all = shelf.into_iter().flat_map(|shelf| shelf.within(""));
            if self.options.rbac { all.map(|(_, object)| object.clone()).collect() } else { Vec::new() }
        };
        let (mut bindings, mut roles) = (of("clusterrolebindings"), of("clusterroles"));
        bindings.extend(of("rolebindings"));
        roles.extend(of("roles"));
        Grants { rbac: self.options.rbac, who: who.clone(), bindings, roles }
    }
}

impl Authorizer for Grants {
    fn judge(&self, asked: &Asked) -> (bool, String) {
        let account = asked.account.as_ref().map(|(namespace, name)| {
            Identity::new(format!("system:serviceaccount:{namespace}:{name}"), self.who.agent.as_str())
        });
        let who = account.as_ref().unwrap_or(&self.who);
        let question = Question {
            verb: asked.verb.clone(),
            group: asked.group.clone(),
            resource: match asked.subresource.as_str() {
                "" => asked.resource.clone(),
                sub => format!("{}/{sub}", asked.resource),
            },
            namespace: asked.namespace.clone(),
            name: asked.name.clone(),
            path: asked.path.clone(),
        };
        let near = |binding: &&Arc<Object>| ["", asked.namespace.as_str()].contains(&binding.namespace());
        let bound = self.bindings.iter().filter(near);
        let bound = bound.filter_map(|binding| Some((binding.clone(), subject(binding, who)?))).collect();
        let role_of = |binding: &Object| {
            let (kind, namespace, name) = role_name(binding);
            let named = |role: &&Arc<Object>| {
                role.kind() == kind && role.namespace() == namespace && role.name() == name
            };
            self.roles.iter().find(named).cloned()
        };
        let verdict = verdict(self.rbac, who, &question, || bound, role_of);
        (verdict.allowed, verdict.reason)
    }
}

/// The request's own resource, as `authorizer.requestResource` asks about it.
pub(crate) fn asked_of(ask: &Ask) -> Asked {
    Asked {
        group: ask.group.clone(),
        resource: ask.resource.clone(),
        subresource: ask.subresource.clone(),
        namespace: ask.namespace.clone(),
        name: ask.name.clone(),
        ..Asked::default()
    }
}
