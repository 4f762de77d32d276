//! Kinds that are questions, not objects: reviews of access and tokens, evictions, bindings.

use tautline_core::{Map, Object, Value, value};

use super::answer::Answer;
use crate::caller::{Ask, Verb};
use crate::failure::Failure;
use crate::state::State;
use crate::write::{DeleteHow, How};

/// Answers a POST that makes no object; `None` if it is one that does.
pub(super) fn answer(
    state: &mut State,
    ask: &Ask,
    body: &Value,
    how: &How,
) -> Result<Option<Answer>, Failure> {
    match ask.subresource.as_str() {
        "" => {}
        "eviction" => return evict(state, ask, body).map(Some),
        "binding" => return bind(state, ask, body, how).map(Some),
        "token" => return token(state, ask, body).map(Some),
        _ => return Err(Failure::method_not_allowed()),
    }
    if ask.served.kind.can("get") {
        return Ok(None);
    }
    let status = match ask.served.gvk().kind.as_str() {
        "SelfSubjectAccessReview" | "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            access(state, ask, body)
        }
        "SelfSubjectReview" => {
            value!({ "userInfo": { "username": ask.who.user.as_str(), "uid": ask.who.user.as_str(),
            "groups": ["system:masters", "system:authenticated"] } })
        }
        "SelfSubjectRulesReview" => value!({ "incomplete": false,
            "resourceRules": [{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }],
            "nonResourceRules": [{ "verbs": ["*"], "nonResourceURLs": ["*"] }] }),
        "TokenReview" => value!({ "authenticated": false, "user": {} }),
        "Binding" => {
            let name = body.str_at(&["metadata", "name"]).unwrap_or_default();
            let mut pod = ask.clone();
            pod.name = name.to_owned();
            return bind(state, &pod, body, how).map(Some);
        }
        _ => return Err(Failure::method_not_allowed()),
    };
    let mut map = body.as_map().cloned().unwrap_or_default();
    map.insert("kind", ask.served.gvk().kind.as_str());
    map.insert("apiVersion", ask.served.gvk().api_version());
    map.map_at("metadata");
    let kind = ask.served.gvk().kind.as_str();
    if kind == "SelfSubjectReview" {
        let now = tautline_grammar::time::seconds(state.now());
        map.map_at("metadata").insert("creationTimestamp", now);
    }
    if ["SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview"].contains(&kind) {
        let object = Object::from_map(map);
        let owned = crate::typing::own_create(&state.catalog, object, &how.manager, state.now());
        map = owned.as_map().clone();
    }
    map.insert("status", status);
    Ok(Some(Answer::Value(201, Value::Map(map), Vec::new())))
}

/// What a rule about rights would say to a request like this.
fn access(state: &State, ask: &Ask, body: &Value) -> Value {
    let text = |field: &str| body.str_at(&["spec", "resourceAttributes", field]).unwrap_or_default();
    let user = body.str_at(&["spec", "user"]).unwrap_or(&ask.who.user);
    let verbs = [
        Verb::Get,
        Verb::List,
        Verb::Watch,
        Verb::Create,
        Verb::Update,
        Verb::Patch,
        Verb::Delete,
        Verb::DeleteCollection,
    ];
    let verb = verbs.into_iter().find(|v| v.as_str() == text("verb")).unwrap_or(Verb::Get);
    let mut question = ask.clone();
    question.who.user = user.to_owned();
    question.verb = verb;
    question.group = text("group").to_owned();
    question.resource = text("resource").to_owned();
    question.namespace = text("namespace").to_owned();
    question.name = text("name").to_owned();
    value!({ "allowed": state.rules.allows(&question) })
}

fn evict(state: &mut State, ask: &Ask, body: &Value) -> Result<Answer, Failure> {
    let mut pod = ask.clone();
    pod.subresource.clear();
    let how = DeleteHow::read(body.get("deleteOptions").unwrap_or(&Value::Null))?;
    state.delete(&pod, &how)?;
    Ok(Answer::Value(
        201,
        value!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 }),
        Vec::new(),
    ))
}

fn bind(state: &mut State, ask: &Ask, body: &Value, how: &How) -> Result<Answer, Failure> {
    let Some(pod) = state.find_builtin("v1", "Pod", &ask.namespace, &ask.name) else {
        return Err(Failure::not_found("", "pods", &ask.name));
    };
    let taken = pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty());
    let node = body.str_at(&["target", "name"]).unwrap_or_default();
    if let Some(taken) = taken {
        let why = format!("pod {} is already assigned to node \"{taken}\"", ask.name);
        return Err(Failure::conflict("", "pods/binding", &ask.name, &why));
    }
    let mut new = Object::clone(&pod);
    new.as_map_mut().map_at("spec").insert("nodeName", node);
    let now = tautline_grammar::time::seconds(state.now());
    let mut conditions: Vec<Value> = new.list_at(&["status", "conditions"]).to_vec();
    conditions.retain(|condition| condition.str_at(&["type"]) != Some("PodScheduled"));
    conditions.push(value!({ "type": "PodScheduled", "status": "True", "lastProbeTime": null,
        "lastTransitionTime": now }));
    new.as_map_mut().map_at("status").insert("conditions", Value::from(conditions));
    let place = crate::store::Place { shelf: "pods".into(), slot: crate::store::Slot::of(&pod) };
    if !how.dry_run {
        state.store.put(&place.shelf, new);
    }
    Ok(Answer::Value(
        201,
        value!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 }),
        Vec::new(),
    ))
}

/// A token that names its account and proves nothing.
fn token(state: &mut State, ask: &Ask, body: &Value) -> Result<Answer, Failure> {
    if state.find(&ask.served, &ask.namespace, &ask.name).is_none() {
        return Err(Failure::not_found("", "serviceaccounts", &ask.name));
    }
    let seconds = body.i64_at(&["spec", "expirationSeconds"]).unwrap_or(3600);
    let end = state.now() + std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(3600));
    let mut map: Map = body.as_map().cloned().unwrap_or_default();
    map.insert("kind", "TokenRequest");
    map.insert("apiVersion", "authentication.k8s.io/v1");
    map.insert(
        "status",
        value!({ "token": format!("system:serviceaccount:{}:{}", ask.namespace, ask.name),
            "expirationTimestamp": tautline_grammar::time::seconds(end) }),
    );
    Ok(Answer::Value(201, Value::Map(map), Vec::new()))
}
