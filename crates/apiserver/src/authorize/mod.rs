//! RBAC, as kube-apiserver 1.37 evaluates it when [`crate::Options::rbac`] is on: who is bound to which rules, what they
//! allow, and that nobody grants what he does not hold.

pub(crate) mod grants;
pub(crate) mod rule;
pub(crate) mod token;

use std::sync::Arc;

use tautline_core::{Object, Value};

use crate::caller::{Ask, Identity};
use crate::failure::Failure;
use crate::state::State;
use rule::{Question, Rule, missing, rules_of};

const GROUP: &str = "rbac.authorization.k8s.io";
/// Members may do everything, whatever roles say.
const MASTERS: &str = "system:masters";

/// The roles and bindings that every cluster has, as far as users meet them.
pub(crate) fn bootstrap() -> Vec<Object> {
    let list = Value::from_json(include_bytes!("bootstrap.json")).unwrap_or_default();
    list.as_list().into_iter().flatten().filter_map(|v| v.as_map().cloned()).map(Object::from_map).collect()
}

/// The answer to a question: why it is allowed, or what could not be looked up.
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) reason: String,
}

impl Question {
    /// What a request needs.
    pub(crate) fn of(ask: &Ask) -> Self {
        let resource = match ask.subresource.as_str() {
            "" => ask.resource.clone(),
            sub => format!("{}/{sub}", ask.resource),
        };
        Self {
            verb: ask.verb.as_str().to_owned(),
            group: ask.group.clone(),
            resource,
            // A namespace is asked for within itself.
            namespace: if ask.served.is("", "Namespace") { &ask.name } else { &ask.namespace }.clone(),
            name: ask.name.clone(),
            path: String::new(),
        }
    }

    /// A refusal in the authorizer's words.
    pub(crate) fn refusal(&self, who: &Identity, reason: &str) -> Failure {
        let (verb, user) = (&self.verb, &who.user);
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        if !self.path.is_empty() {
            let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{}\"{reason}", self.path);
            return Failure::new(403, "Forbidden", message).about("", "", "");
        }
        let place = match self.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let why = format!(
            "User \"{user}\" cannot {verb} resource \"{}\" in API group \"{}\" {place}{reason}",
            self.resource, self.group
        );
        let plural = self.resource.split('/').next().unwrap_or_default();
        Failure::forbidden(&self.group, plural, &self.name, &why)
    }
}

impl State {
    /// Whether somebody may do something; always yes without RBAC.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn authorize(&self, who: &Identity, asked: &Question) -> Result<(), Failure> {
        let verdict = self.judge(who, asked);
        if verdict.allowed { Ok(()) } else { Err(asked.refusal(who, &verdict.reason)) }
    }

    /// The verdict with its reason, as a SubjectAccessReview tells it.
    pub(crate) fn judge(&self, who: &Identity, asked: &Question) -> Verdict {
        let role_of = |binding: &Object| self.role_of(binding).ok();
        verdict(self.options.rbac, who, asked, || self.bindings(who, &asked.namespace), role_of)
    }

    /// Every rule that somebody is bound to in a namespace.
    pub(crate) fn rules_for(&self, who: &Identity, namespace: &str) -> Vec<Rule> {
        let bindings = self.bindings(who, namespace);
        bindings.iter().filter_map(|(b, _)| self.role_of(b).ok()).flat_map(|role| rules_of(&role)).collect()
    }

    /// The bindings of somebody: of the whole cluster, then of a namespace; with the subject that was met.
    fn bindings(&self, who: &Identity, namespace: &str) -> Vec<(Arc<Object>, String)> {
        let of = |shelf: &str, namespace: &str| -> Vec<Arc<Object>> {
            let shelf = self.store.shelf(&format!("{shelf}.{GROUP}"));
            shelf
                .into_iter()
                .flat_map(|s| s.within(namespace).map(|(_, o)| o.clone()).collect::<Vec<_>>())
                .collect()
        };
        let mut all = of("clusterrolebindings", "");
        if !namespace.is_empty() {
            all.extend(of("rolebindings", namespace));
        }
        all.into_iter().filter_map(|binding| subject(&binding, who).map(|s| (binding, s))).collect()
    }

    /// The role that a binding names.
    fn role_of(&self, binding: &Object) -> Result<Arc<Object>, String> {
        let (kind, namespace, name) = role_name(binding);
        let found = self.find_builtin("rbac.authorization.k8s.io/v1", kind, namespace, name);
        found.ok_or_else(|| lost_role(binding))
    }

    /// Refuses to grant what the granter does not hold: rules in a role, or a role by a binding.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn may_grant(&self, ask: &Ask, object: &Object) -> Result<(), Failure> {
        if !self.options.rbac || ask.group != GROUP || ask.who.groups.iter().any(|g| g == MASTERS) {
            return Ok(());
        }
        let is_binding = ask.resource.ends_with("bindings");
        let mut asked = Question::of(ask);
        asked.name = object.name().to_owned();
        let wanted = if is_binding {
            let of = |field: &str| object.str_at(&["roleRef", field]).unwrap_or_default();
            asked.verb = "bind".to_owned();
            asked.resource = if of("kind") == "Role" { "roles" } else { "clusterroles" }.to_owned();
            asked.name = of("name").to_owned();
            let role =
                self.role_of(object).map_err(|_| Failure::not_found(GROUP, &asked.resource, of("name")));
            if self.judge(&ask.who, &asked).allowed {
                return Ok(());
            }
            rules_of(&*role?)
        } else {
            asked.verb = "escalate".to_owned();
            if self.judge(&ask.who, &asked).allowed {
                return Ok(());
            }
            rules_of(object)
        };
        let lines = missing(&self.rules_for(&ask.who, &ask.namespace), &wanted);
        if lines.is_empty() {
            return Ok(());
        }
        let groups: Vec<String> = ask.who.groups.iter().map(|group| format!("\"{group}\"")).collect();
        let why = format!(
            "user \"{}\" (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
            ask.who.user,
            groups.join(" "),
            lines.join("\n")
        );
        Err(Failure::forbidden(&ask.group, &ask.resource, object.name(), &why))
    }

    /// Gives every ClusterRole with an aggregationRule the rules of the roles it selects.
    pub(crate) fn aggregate_roles(&mut self) {
        let shelf: crate::store::ShelfName = format!("clusterroles.{GROUP}").into();
        let all: Vec<Arc<Object>> = self
            .store
            .shelf(&shelf)
            .map(|s| s.within("").map(|(_, role)| role.clone()).collect())
            .unwrap_or_default();
        for role in &all {
            let selectors = role.list_at(&["aggregationRule", "clusterRoleSelectors"]);
            if selectors.is_empty() {
                continue;
            }
            let selectors: Vec<_> = selectors
                .iter()
                .filter_map(|s| tautline_grammar::LabelSelector::from_value(s).ok())
                .collect();
            let mut rules: Vec<Value> = Vec::new();
            for other in all.iter().filter(|other| other.name() != role.name()) {
                if selectors.iter().any(|selector| selector.matches(|key| other.label(key))) {
                    rules.extend(other.list_at(&["rules"]).iter().cloned());
                }
            }
            let mut seen: Vec<Value> = Vec::new();
            rules.retain(|rule| {
                !seen.contains(rule) && {
                    seen.push(rule.clone());
                    true
                }
            });
            if role.list_at(&["rules"]) != rules {
                let mut new = Object::clone(role);
                new.as_map_mut().insert("rules", rules);
                self.store.put(&shelf, new);
            }
        }
    }
}

/// Judges by bindings, each with the subject that was met.
fn verdict(
    rbac: bool,
    who: &Identity,
    asked: &Question,
    bindings: impl FnOnce() -> Vec<(Arc<Object>, String)>,
    role_of: impl Fn(&Object) -> Option<Arc<Object>>,
) -> Verdict {
    if !rbac || who.groups.iter().any(|group| group == MASTERS) {
        return Verdict { allowed: true, reason: String::new() };
    }
    let mut lost = Vec::new();
    for (binding, subject) in bindings() {
        match role_of(&binding) {
            Some(role) if rules_of(&role).iter().any(|rule| rule.allows(asked)) => {
                let reason = allowed_by(&binding, &subject);
                return Verdict { allowed: true, reason };
            }
            Some(_) => {}
            None => lost.push(lost_role(&binding)),
        }
    }
    let reason = match lost.as_slice() {
        [] => String::new(),
        [one] => format!("RBAC: {one}"),
        many => format!("RBAC: [{}]", many.join(", ")),
    };
    Verdict { allowed: false, reason }
}

fn allowed_by(binding: &Object, subject: &str) -> String {
    let (kind, name) = (binding.kind(), binding.name());
    let shown = match binding.namespace() {
        "" => name.to_owned(),
        namespace => format!("{name}/{namespace}"),
    };
    let of = |field: &str| binding.str_at(&["roleRef", field]).unwrap_or_default();
    format!("RBAC: allowed by {kind} \"{shown}\" of {} \"{}\" to {subject}", of("kind"), of("name"))
}

/// Kind, namespace and name of the role that a binding names.
fn role_name(binding: &Object) -> (&str, &str, &str) {
    let of = |field: &str| binding.str_at(&["roleRef", field]).unwrap_or_default();
    let (kind, name) = (of("kind"), of("name"));
    (kind, if kind == "Role" { binding.namespace() } else { "" }, name)
}

fn lost_role(binding: &Object) -> String {
    let (kind, _, name) = role_name(binding);
    format!("{}.{GROUP} \"{name}\" not found", kind.to_lowercase())
}

/// The subject of a binding that somebody is, as reasons print it.
fn subject(binding: &Object, who: &Identity) -> Option<String> {
    binding.list_at(&["subjects"]).iter().find_map(|subject| {
        let of = |field: &str| subject.str_at(&[field]).unwrap_or_default();
        let (kind, name) = (of("kind"), of("name"));
        let space = if of("namespace").is_empty() { binding.namespace() } else { of("namespace") };
        match kind {
            "User" => (name == who.user).then(|| format!("User \"{name}\"")),
            "Group" => who.groups.iter().any(|g| g == name).then(|| format!("Group \"{name}\"")),
            "ServiceAccount" => (who.user == format!("system:serviceaccount:{space}:{name}"))
                .then(|| format!("ServiceAccount \"{name}/{space}\"")),
            _ => None,
        }
    })
}
