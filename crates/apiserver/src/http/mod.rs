//! The HTTP side: a tower [`Service`] over a [`Server`].

mod answer;
mod body;
mod broken;
mod discovery;
mod query;
mod reads;
mod reviews;
mod route;
mod stream;
mod writes;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::BoxBody;
use tower::Service;

use crate::authorize::rule::Question;
use crate::caller::{Ask, Identity, Verb};
use crate::catalog::Served;
use crate::failure::Failure;
use crate::rules::Fault;
use crate::server::Server;

use answer::{Answer, Form};
pub use broken::Broken;
use query::Query;
use route::Route;

/// The body of an answer: whole, or the lines of a watch as they come.
pub type Body = BoxBody<Bytes, Broken>;

/// A tower service that answers as a Kubernetes API server does.
///
/// It trusts its caller: requests are in the name of the user it was made for, or of the one in an
/// `Impersonate-User` header. The TCP side checks a token first.
#[derive(Clone, Debug)]
pub struct HttpService {
    pub(crate) server: Server,
    who: Identity,
}

impl HttpService {
    /// Answers in the name of an admin, a member of `system:masters`.
    pub fn new(server: Server, user: impl Into<String>) -> Self {
        Self { server, who: Identity::new(user, "").within("system:masters") }
    }

    /// The same server for another user, who is no admin.
    #[must_use]
    pub fn with_user(&self, user: impl Into<String>) -> Self {
        self.with_identity(Identity::new(user, ""))
    }

    /// The same server for somebody else; the agent is what each request says.
    #[must_use]
    pub fn with_identity(&self, who: Identity) -> Self {
        Self { server: self.server.clone(), who }
    }
}

/// A request with its body read.
struct Call {
    who: Identity,
    method: http::Method,
    path: String,
    query: Query,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl<B> Service<Request<B>> for HttpService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

impl HttpService {
    async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let body = match body::read(body).await {
            Ok(body) => body,
            Err(failure) => return Answer::Failed(failure).into_response(&Form::json()),
        };
        let text = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let who = match self.impersonate(&parts.headers, text("user-agent")) {
            Ok(who) => who,
            Err(failure) => return Answer::Failed(failure).into_response(&Form::json()),
        };
        let call = Call {
            who,
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            headers: parts.headers.clone(),
            body,
        };
        let form = match Form::of(&call) {
            Ok(form) => form,
            Err(failure) => return answer::not_acceptable(&call, failure),
        };
        let faults = self.faults_of(&call);
        for fault in &faults {
            if let Fault::Latency(time) = fault {
                tokio::time::sleep(*time).await;
            }
        }
        let answer = self.dispatch(&call, &form).unwrap_or_else(Answer::Failed);
        let response = answer::deprecated(&call.path, answer.into_response(&form));
        let reset = faults.iter().find_map(|fault| if let Fault::Reset(n) = fault { Some(*n) } else { None });
        match reset {
            Some(bytes) => broken::cut(response, bytes),
            None => response,
        }
    }

    /// What will be done to the answer of a request on purpose.
    fn faults_of(&self, call: &Call) -> Vec<Fault> {
        let Route::Resource { group, version, namespace, plural, name, subresource } =
            route::parse(&call.path)
        else {
            return Vec::new();
        };
        let Ok(served) = self.find(&group, &version, &plural) else { return Vec::new() };
        let place = Place { served, namespace, name, subresource };
        let Ok(verb) = place.verb(call) else { return Vec::new() };
        let ask = Ask::new(&call.who, verb, &place.served, &place.namespace, &place.name)
            .with_subresource(&place.subresource);
        self.server.lock().rules.faults.of_answer(&ask)
    }

    /// In whose name a request is: the caller's, or of whom he may impersonate.
    ///
    /// # Errors
    /// 403.
    fn impersonate(&self, headers: &HeaderMap, agent: &str) -> Result<Identity, Failure> {
        let all = |name: &str| -> Vec<String> {
            headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect()
        };
        let mut own = self.who.clone();
        own.agent = agent.to_owned();
        let (user, groups) = (all("impersonate-user"), all("impersonate-group"));
        let Some(user) = user.first().filter(|user| !user.is_empty()) else {
            return match groups.is_empty() {
                true => Ok(own),
                false => {
                    let message = "requested [{Group  groups   }] without impersonating a user";
                    Err(Failure::internal(message.replace("groups", &groups.join(" "))))
                }
            };
        };
        let mut who = Identity::new(user.as_str(), agent);
        if !groups.is_empty() {
            who.groups = groups.clone();
            who.groups.push("system:authenticated".to_owned());
        }
        let state = self.server.lock();
        let ask = |resource: &str, namespace: &str, name: &str| Question {
            verb: "impersonate".to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Question::default()
        };
        let account = user.strip_prefix("system:serviceaccount:").and_then(|a| a.split_once(':'));
        state.authorize(
            &own,
            &match account {
                Some((namespace, name)) => ask("serviceaccounts", namespace, name),
                None => ask("users", "", user),
            },
        )?;
        groups.iter().try_for_each(|group| state.authorize(&own, &ask("groups", "", group)))?;
        Ok(who)
    }

    /// What a path asks for is judged before anybody looks whether it is there.
    fn authorize(&self, call: &Call, route: &Route) -> Result<(), Failure> {
        let method = call.method.as_str().to_lowercase();
        let asked = match route {
            Route::Resource { group, namespace, plural, name, subresource, .. } => Question {
                verb: match (method.as_str(), name.is_empty()) {
                    ("get" | "head", _) if call.query.flag("watch") => "watch",
                    ("get" | "head", true) => "list",
                    ("get" | "head", false) => "get",
                    ("post", _) => "create",
                    ("put", _) => "update",
                    ("delete", true) => "deletecollection",
                    (other, _) => other,
                }
                .to_owned(),
                group: group.clone(),
                resource: if subresource.is_empty() {
                    plural.clone()
                } else {
                    format!("{plural}/{subresource}")
                },
                // A namespace is asked for within itself.
                namespace: if plural == "namespaces" && group.is_empty() { name } else { namespace }.clone(),
                name: name.clone(),
                path: String::new(),
            },
            _ => Question { verb: method, path: call.path.clone(), ..Question::default() },
        };
        self.server.lock().authorize(&call.who, &asked)
    }

    fn dispatch(&self, call: &Call, form: &Form) -> Result<Answer, Failure> {
        let route = route::parse(&call.path);
        self.authorize(call, &route)?;
        match route {
            Route::Resource { group, version, namespace, plural, name, subresource } => {
                let served = self.find(&group, &version, &plural)?;
                let place = Place { served, namespace, name, subresource };
                self.resource(call, form, &place)
            }
            Route::Document(path) => discovery::answer(&self.server, call, &path),
            Route::Unknown => Ok(Answer::page_not_found()),
        }
    }

    fn find(&self, group: &str, version: &str, plural: &str) -> Result<Arc<Served>, Failure> {
        let state = self.server.lock();
        match state.catalog.at(group, version, plural) {
            Some(served) => Ok(served.clone()),
            // A resource of a group that nobody serves is a page that is not there, in plain text.
            None if !state.catalog.has_group(group) || !state.catalog.is_builtin(group) => {
                Err(Failure::new(404, "PageNotFound", ""))
            }
            None => Err(Failure::no_such_resource()),
        }
    }

    fn resource(&self, call: &Call, form: &Form, place: &Place) -> Result<Answer, Failure> {
        let verb = place.verb(call)?;
        let ask = Ask::new(&call.who, verb, &place.served, &place.namespace, &place.name)
            .with_subresource(&place.subresource);
        if !place.subresource.is_empty() {
            let known = place.served.kind.subresource(&place.subresource);
            let known = known.ok_or_else(|| self.missing_subresource(&ask))?;
            if !known.verbs.iter().any(|v| v == verb.as_str()) {
                return Err(Failure::method_not_allowed());
            }
        } else if !place.served.kind.can(verb.as_str()) {
            return Err(Failure::method_not_allowed());
        }
        match verb {
            Verb::Get => self.get(call, &ask),
            Verb::List => self.list(call, &ask),
            Verb::Watch => self.watch(call, form, &ask),
            _ => self.write(call, &ask),
        }
    }

    /// A subresource that a custom resource does not have answers as if the object were missing.
    fn missing_subresource(&self, ask: &Ask) -> Failure {
        let known = ["status", "scale"].contains(&ask.subresource.as_str());
        if ask.served.custom.is_some() && known {
            return Failure::not_found(&ask.group, &ask.resource, &ask.name);
        }
        Failure::no_such_resource()
    }
}

/// Where a request goes.
struct Place {
    served: Arc<Served>,
    namespace: String,
    name: String,
    subresource: String,
}

impl Place {
    fn verb(&self, call: &Call) -> Result<Verb, Failure> {
        let collection = self.name.is_empty();
        let across = collection && self.served.is_namespaced() && self.namespace.is_empty();
        match (call.method.as_str(), collection) {
            ("GET", _) if call.query.flag("watch") && self.subresource.is_empty() => Ok(Verb::Watch),
            ("GET" | "HEAD", true) => Ok(Verb::List),
            ("GET" | "HEAD", false) => Ok(Verb::Get),
            ("POST", true) if !across => Ok(Verb::Create),
            ("POST", false) if !self.subresource.is_empty() => Ok(Verb::Create),
            ("PUT", false) => Ok(Verb::Update),
            ("PATCH", false) => Ok(Verb::Patch),
            ("DELETE", true) if !across => Ok(Verb::DeleteCollection),
            ("DELETE", false) => Ok(Verb::Delete),
            _ => Err(Failure::method_not_allowed()),
        }
    }
}

/// A refusal as a response.
#[cfg(feature = "tcp")]
pub(crate) fn failed(failure: Failure) -> Response<Body> {
    Answer::Failed(failure).into_response(&Form::json())
}
