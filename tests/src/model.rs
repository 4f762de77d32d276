//! Random requests to two servers, or to a server and a small reference, with equal answers.
//!
//! A sequence is made from its number alone: requests on two names of a kind, by POST, PUT, GET, DELETE, patches of all
//! types and applies of three managers, at the version that was seen last, at an old one, or at none. What two servers
//! cannot agree on is put out of the way before answers are compared: uids, versions and times are numbered by their first
//! appearance, so that a write that changed nothing shows on both.

mod mutants;
mod reference;
mod sequence;

use std::collections::BTreeMap;

use tautline_core::{Budget, Value};

use crate::served_cases::{Answer, Asked, Peer, PeerError};
pub use mutants::{Nursery, Seed};
pub use reference::Reference;
pub use sequence::{Kind, Request, Version, sequence};

/// One answer, made comparable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The status code.
    pub code: u16,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// The body.
    pub body: String,
}

impl Seen {
    /// Where another answer differs: the fields, with what they hold here and there.
    pub fn differences(&self, there: &Self) -> Vec<String> {
        let mut all = Vec::new();
        let mut note = |what: &str, here: String, there: String| {
            if here != there {
                let short = |text: String| text.chars().take(600).collect::<String>();
                all.push(format!("{what}\n    here  {}\n    there {}", short(here), short(there)));
            }
        };
        note("code", self.code.to_string(), there.code.to_string());
        note("warnings", self.warnings.join(" | "), there.warnings.join(" | "));
        let read = |seen: &Self| Value::from_json(seen.body.as_bytes()).ok();
        match (read(self), read(there)) {
            (Some(a), Some(b)) if self.code == there.code => compare("", Some(&a), Some(&b), &mut note),
            (a, b) => {
                let text = |value: Option<Value>, seen: &Self| {
                    let message = value.as_ref().and_then(|v| v.str_at(&["message"])).map(str::to_owned);
                    message.unwrap_or_else(|| seen.body.clone())
                };
                note("body", text(a, self), text(b, there));
            }
        }
        all
    }
}

fn compare(
    at: &str,
    here: Option<&Value>,
    there: Option<&Value>,
    note: &mut impl FnMut(&str, String, String),
) {
    match (here, there) {
        (Some(Value::Map(a)), Some(Value::Map(b))) => {
            let both: std::collections::BTreeSet<&str> =
                a.keys().chain(b.keys()).map(tautline_core::Key::as_str).collect();
            for key in both {
                compare(&format!("{at}.{key}"), a.get(key), b.get(key), note);
            }
        }
        (Some(Value::List(a)), Some(Value::List(b))) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                compare(&format!("{at}[{i}]"), Some(a), Some(b), note);
            }
        }
        (a, b) => {
            let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_json);
            note(at, text(a), text(b));
        }
    }
}

/// A server, and what its answers said so far.
#[derive(Debug)]
pub struct Side<'a> {
    peer: &'a mut Peer,
    namespace: String,
    /// The versions of each name: the first that was seen, and the last.
    versions: BTreeMap<String, (String, String)>,
    numbers: BTreeMap<String, usize>,
}

impl<'a> Side<'a> {
    /// A fresh namespace on a server.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn begin(peer: &'a mut Peer) -> Result<Self, PeerError> {
        let namespace = peer.begin(std::iter::empty()).await?;
        Ok(Self { peer, namespace, versions: BTreeMap::new(), numbers: BTreeMap::new() })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn ask(&mut self, request: &Request) -> Result<Seen, PeerError> {
        let asked = self.asked(request);
        let answer = self.peer.send(&asked).await?;
        Ok(self.seen(&request.name, &answer))
    }

    /// Sends a request whose answer is numbered by itself: what was answered before does not show in it.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn ask_alone(&mut self, request: &Request) -> Result<Seen, PeerError> {
        self.numbers.clear();
        self.ask(request).await
    }

    fn asked(&self, request: &Request) -> Asked {
        let known = self.versions.get(&request.name);
        let version = match request.version {
            sequence::Version::None => None,
            sequence::Version::First => known.map(|(first, _)| first.clone()),
            sequence::Version::Last => known.map(|(_, last)| last.clone()),
        };
        let mut body = request.body.clone();
        let namespaced = request.path.contains("NAMESPACE");
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_map_mut).filter(|_| namespaced) {
            if !metadata.contains_key("namespace") {
                metadata.insert("namespace", self.namespace.as_str());
            }
            if let Some(version) = version {
                metadata.insert("resourceVersion", version);
            }
        }
        let mut headers = vec![("user-agent".to_owned(), "model/1.0".to_owned())];
        if !request.media.is_empty() {
            let header = if request.method == "GET" { "accept" } else { "content-type" };
            headers.push((header.to_owned(), request.media.to_owned()));
        }
        let path = request.path.replace("NAMESPACE", &self.namespace);
        let body = (!request.body.is_null()).then(|| body.to_json().replace("NAMESPACE", &self.namespace));
        Asked { method: request.method.to_owned(), path, headers, body }
    }

    fn seen(&mut self, name: &str, answer: &Answer) -> Seen {
        let budget = Budget { nodes: usize::MAX, ..Budget::default() };
        let text = answer.body.replace(&self.namespace, "NAMESPACE");
        let Ok(mut body) = Value::from_json_within(text.as_bytes(), &budget) else {
            return Seen { code: answer.code, warnings: answer.warnings.clone(), body: text };
        };
        if let Some(version) = body.str_at(&["metadata", "resourceVersion"]).map(str::to_owned)
            && !name.is_empty()
            && body.str_at(&["kind"]) != Some("Status")
        {
            let known =
                self.versions.entry(name.to_owned()).or_insert_with(|| (version.clone(), version.clone()));
            known.1 = version;
        }
        self.clean(&mut body);
        Seen { code: answer.code, warnings: answer.warnings.clone(), body: body.to_json() }
    }

    /// Numbers what differs from server to server.
    fn clean(&mut self, value: &mut Value) {
        match value {
            Value::Map(map) => {
                if map.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List")) {
                    map.remove("metadata");
                }
                if map.get("kind").and_then(Value::as_str) == Some("FlowSchema") {
                    // The real server's own controller writes beside us.
                    map.remove("status");
                    if let Some(Value::Map(metadata)) = map.get_mut("metadata") {
                        metadata.remove("managedFields");
                    }
                }
                for field in ["uid", "resourceVersion"] {
                    if let Some(text) = map.get(field).and_then(Value::as_str).map(str::to_owned) {
                        let next = self.numbers.len();
                        let number = *self.numbers.entry(format!("{field} {text}")).or_insert(next);
                        map.insert(field, format!("{field} {number}"));
                    }
                }
                for field in ["clusterIP", "nodePort", "healthCheckNodePort"] {
                    let allocated = match map.get(field) {
                        Some(Value::String(ip)) => ip.as_str().starts_with("10."),
                        Some(Value::Int(_)) => true,
                        _ => false,
                    };
                    if allocated && map.contains_key("ports") | map.contains_key("targetPort") {
                        map.insert(field, "allocated");
                        map.remove("clusterIPs");
                    }
                }
                for field in ["creationTimestamp", "deletionTimestamp", "time", "lastPhaseTransitionTime"] {
                    if map.get(field).is_some_and(|time| time.as_str().is_some()) {
                        map.insert(field, "some time");
                    }
                }
                let keys: Vec<String> = map.keys().map(ToString::to_string).collect();
                for key in keys {
                    if let Some(below) = map.get_mut(&key) {
                        self.clean(below);
                    }
                }
                if let Some(Value::List(entries)) = map.get_mut("managedFields") {
                    // Their order depends on seconds.
                    entries.sort_by_cached_key(Value::to_json);
                }
                for field in ["controller-uid", "batch.kubernetes.io/controller-uid"] {
                    if map.get(field).is_some_and(|uid| uid.as_str().is_some_and(|uid| uid.len() == 36)) {
                        map.insert(field, "some uid");
                    }
                }
                if map.contains_key("priority") && map.contains_key("format") {
                    // Columns of built-in kinds are not described: the words are Kubernetes' own.
                    map.remove("description");
                }
                if let Some(Value::List(cells)) = map.get_mut("cells") {
                    cells.iter_mut().for_each(clean_cell);
                }
                if let Some(Value::List(causes)) = map.get_mut("causes") {
                    causes.sort_by_cached_key(Value::to_json);
                }
            }
            Value::List(list) => list.iter_mut().for_each(|item| self.clean(item)),
            _ => {}
        }
    }
}

/// Ages and addresses of a table.
fn clean_cell(cell: &mut Value) {
    let Some(text) = cell.as_str() else { return };
    let is_age = text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "smhdy".contains(c))
        && text.ends_with(|c: char| c.is_ascii_alphabetic());
    let is_time = text.len() == 20 && text.ends_with('Z') && text.contains('T');
    if is_age || is_time {
        *cell = Value::string("some age");
    } else if text.starts_with("batch.kubernetes.io/controller-uid=") {
        *cell = Value::string("some uid");
    } else if text.starts_with("10.") {
        *cell = Value::string("some address");
    }
}
