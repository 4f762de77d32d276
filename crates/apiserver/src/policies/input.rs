//! What expressions see: `object`, `oldObject`, `request`, `params`, `namespaceObject`.

use std::sync::Arc;

use tautline_cel::{Asked, Authorizer, Variable};
use tautline_core::{GroupVersionKind, Map, Object, Value, value};

use super::matching::Matched;
use super::{Attributes, Invocation};
use crate::authorize::grants::asked_of;
use crate::caller::Verb;
use crate::catalog::Served;
use crate::state::State;

impl State {
    /// The variables of one invocation.
    pub(super) fn input(
        &self,
        attributes: &Attributes<'_>,
        invocation: &Invocation,
    ) -> Vec<(&'static str, Variable)> {
        let seen =
            |object: Option<&Object>| Variable::plain(&attributes.shown(object, &invocation.matched.served));
        let mut variables = vec![
            ("object", seen(attributes.new)),
            ("oldObject", seen(attributes.old)),
            ("request", Variable::plain(&request(attributes, &invocation.matched))),
            ("namespaceObject", Variable::plain(&self.namespace_of(attributes))),
        ];
        if invocation.policy.asks_rights {
            let grants: Arc<dyn Authorizer> = Arc::new(self.grants(&attributes.ask.who));
            let own = Asked { name: attributes.name().to_owned(), ..asked_of(attributes.ask) };
            variables.push(("authorizer", Variable::authorizer(&grants)));
            variables.push(("authorizer.requestResource", Variable::request_resource(&grants, own)));
        }
        if invocation.policy.param_kind.is_some() {
            variables.push(("params", Variable::plain(&invocation.param)));
        }
        variables
    }

    /// The object's namespace, without owners and managers; `null` for what is in none.
    fn namespace_of(&self, attributes: &Attributes<'_>) -> Value {
        if attributes.ask.namespace.is_empty() || attributes.ask.served.is("", "Namespace") {
            return Value::Null;
        }
        let Some(namespace) = self.find_builtin("v1", "Namespace", "", &attributes.ask.namespace) else {
            return Value::Null;
        };
        let mut metadata = namespace.metadata().cloned().unwrap_or_default();
        for field in ["managedFields", "ownerReferences"] {
            metadata.remove(field);
        }
        let part = |field: &str| namespace.get(field).cloned().unwrap_or_else(Value::map);
        value!({ "metadata": metadata, "spec": part("spec"), "status": part("status") })
    }
}

fn request(attributes: &Attributes<'_>, matched: &Matched) -> Value {
    let ask = attributes.ask;
    let options = match (ask.verb, attributes.operation) {
        (Verb::Patch, _) => "PatchOptions",
        (_, "CREATE") => "CreateOptions",
        (_, "DELETE") => "DeleteOptions",
        _ => "UpdateOptions",
    };
    let mut map = Map::new();
    map.insert("uid", "");
    map.insert("kind", kind(attributes, &matched.served));
    map.insert("resource", resource(&matched.served));
    map.insert("requestKind", kind(attributes, &ask.served));
    map.insert("requestResource", resource(&ask.served));
    let texts = [
        ("subResource", ask.subresource.as_str()),
        ("requestSubResource", ask.subresource.as_str()),
        ("name", attributes.name()),
        ("namespace", attributes.namespace()),
    ];
    for (field, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        map.insert(field, text);
    }
    map.insert("operation", attributes.operation);
    let groups: Vec<Value> = ask.who.groups.iter().map(|group| Value::from(group.as_str())).collect();
    map.insert("userInfo", value!({ "username": ask.who.user.as_str(), "groups": groups }));
    map.insert("object", Value::Null);
    map.insert("oldObject", Value::Null);
    map.insert("dryRun", attributes.dry_run);
    map.insert("options", value!({ "kind": options, "apiVersion": "meta.k8s.io/v1" }));
    Value::Map(map)
}

fn kind(attributes: &Attributes<'_>, served: &Served) -> Value {
    let scale = GroupVersionKind::new("autoscaling", "v1", "Scale");
    let gvk = if attributes.ask.subresource == "scale" { &scale } else { served.gvk() };
    value!({ "group": gvk.group.as_str(), "version": gvk.version.as_str(), "kind": gvk.kind.as_str() })
}

fn resource(served: &Served) -> Value {
    let gvk = served.gvk();
    value!({ "group": gvk.group.as_str(), "version": gvk.version.as_str(), "resource": served.plural() })
}
