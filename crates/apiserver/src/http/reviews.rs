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
            let groups: Vec<Value> = ask.who.groups.iter().map(|g| g.as_str().into()).collect();
            value!({ "userInfo": { "username": ask.who.user.as_str(), "uid": ask.who.user.as_str(),
                "groups": groups } })
        }
        "SelfSubjectRulesReview" => rules(state, ask, body),
        "TokenReview" => match state.owner_of(body.str_at(&["spec", "token"]).unwrap_or_default(), "") {
            Some(owner) => {
                let groups: Vec<Value> = owner.groups.iter().map(|g| g.as_str().into()).collect();
                value!({ "authenticated": true, "user": { "username": owner.user.as_str(), "groups": groups } })
            }
            None => value!({ "authenticated": false, "user": {} }),
        },
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

/// Everything that whoever asks may do in a namespace.
fn rules(state: &State, ask: &Ask, body: &Value) -> Value {
    if !state.options.rbac {
        return value!({ "incomplete": false,
            "resourceRules": [{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }],
            "nonResourceRules": [{ "verbs": ["*"], "nonResourceURLs": ["*"] }] });
    }
    let namespace = body.str_at(&["spec", "namespace"]).unwrap_or_default();
    let all = state.rules_for(&ask.who, namespace);
    let (paths, resources): (Vec<_>, Vec<_>) = all.iter().partition(|rule| !rule.paths.is_empty());
    let values = |rules: Vec<&crate::authorize::rule::Rule>| -> Vec<Value> {
        rules.into_iter().map(crate::authorize::rule::Rule::to_value).collect()
    };
    value!({ "incomplete": false, "resourceRules": values(resources), "nonResourceRules": values(paths) })
}

/// What RBAC and the rules about rights would say to a request like this.
fn access(state: &State, ask: &Ask, body: &Value) -> Value {
    let text = |field: &str| body.str_at(&["spec", "resourceAttributes", field]).unwrap_or_default();
    let who = asked_for(ask, body);
    let mut asked = crate::authorize::rule::Question {
        verb: text("verb").to_owned(),
        group: text("group").to_owned(),
        resource: match text("subresource") {
            "" => text("resource").to_owned(),
            sub => format!("{}/{sub}", text("resource")),
        },
        namespace: text("namespace").to_owned(),
        name: text("name").to_owned(),
        path: String::new(),
    };
    let path = |field: &str| body.str_at(&["spec", "nonResourceAttributes", field]).unwrap_or_default();
    if !path("path").is_empty() {
        asked = crate::authorize::rule::Question {
            verb: path("verb").to_owned(),
            path: path("path").to_owned(),
            ..Default::default()
        };
    }
    let verdict = state.judge(&who, &asked);
    if !verdict.allowed {
        return match verdict.reason.as_str() {
            "" => value!({ "allowed": false }),
            reason => value!({ "allowed": false, "reason": reason }),
        };
    }
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
    question.who = who;
    question.verb = verb;
    question.group = text("group").to_owned();
    question.resource = text("resource").to_owned();
    question.namespace = text("namespace").to_owned();
    question.name = text("name").to_owned();
    let allowed = state.rules.allows(&question);
    match (allowed, verdict.reason.as_str()) {
        (true, reason) if !reason.is_empty() => value!({ "allowed": true, "reason": reason }),
        _ => value!({ "allowed": allowed }),
    }
}

/// Whom a review is about: the user and groups that it names, or whoever asks.
fn asked_for(ask: &Ask, body: &Value) -> crate::caller::Identity {
    if ask.served.gvk().kind == "SelfSubjectAccessReview" {
        return ask.who.clone();
    }
    let user = body.str_at(&["spec", "user"]).unwrap_or_default();
    let groups = body.list_at(&["spec", "groups"]).iter().filter_map(Value::as_str).map(str::to_owned);
    crate::caller::Identity { user: user.to_owned(), groups: groups.collect(), agent: ask.who.agent.clone() }
}

fn evict(state: &mut State, ask: &Ask, body: &Value) -> Result<Answer, Failure> {
    let how = DeleteHow::read(body.get("deleteOptions").unwrap_or(&Value::Null))?;
    state.evict(ask, &how)?;
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

/// A token for a service account, good on this server.
fn token(state: &mut State, ask: &Ask, body: &Value) -> Result<Answer, Failure> {
    let Some(account) = state.find(&ask.served, &ask.namespace, &ask.name) else {
        return Err(Failure::not_found("", "serviceaccounts", &ask.name));
    };
    let seconds = body.i64_at(&["spec", "expirationSeconds"]).unwrap_or(3600);
    let end = state.now() + std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(3600));
    let audiences = body.at(&["spec", "audiences"]).cloned();
    let audiences = audiences.unwrap_or_else(|| value!(["https://kubernetes.default.svc.cluster.local"]));
    let token = state.issue(&account, &audiences, end);
    let mut map: Map = body.as_map().cloned().unwrap_or_default();
    map.insert("kind", "TokenRequest");
    map.insert("apiVersion", "authentication.k8s.io/v1");
    map.insert(
        "status",
        value!({ "token": token, "expirationTimestamp": tautline_grammar::time::seconds(end) }),
    );
    Ok(Answer::Value(201, Value::Map(map), Vec::new()))
}
