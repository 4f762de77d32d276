//! Replays recorded requests against a server over HTTP: the embedded one, or any that a kubeconfig names.
//!
//! Every step of a case is one request (or those that kubectl made), sent as it was recorded; code, warnings and
//! body of the answer are compared by value. What differs from one run to the next (uids, versions, allocated
//! addresses, continue tokens) is held together by `names::Names`: equal in the recording means equal here.

mod compare;
mod names;
mod peer;
mod sent;

use std::path::Path;

use tautline_core::{Budget, Value};

use crate::fixtures;
use crate::merge_cases::Outcome;

use compare::Comparison;
use names::Names;
pub(crate) use peer::{Answer, Asked};
pub use peer::{Peer, PeerError};

/// Replays a file of cases against a server.
///
/// # Errors
/// When the file cannot be read, or the server cannot be reached.
pub async fn run(folder: &Path, file: &str, peer: &mut Peer) -> Result<Outcome, Box<dyn std::error::Error>> {
    let read = |name: &str| -> Result<Value, Box<dyn std::error::Error>> {
        let budget = Budget { nodes: usize::MAX, ..Budget::default() };
        Ok(Value::from_json_within(fixtures::text(folder, name)?.as_bytes(), &budget)?)
    };
    let crds = read("crds.json")?;
    let mut outcome = Outcome::default();
    let sent = sent::read(&fixtures::text(folder, file)?)?;
    for (case, sent) in read(file)?.as_list().into_iter().flatten().zip(&sent) {
        let scratch = peer.begin(crds.as_list().into_iter().flatten()).await?;
        let mut replay = Replay { peer, names: Names::new(scratch) };
        let name = case.str_at(&["case"]).unwrap_or_default();
        for (i, (step, sent)) in case.list_at(&["steps"]).iter().zip(&sent.steps).enumerate() {
            let differences = replay.step(step, sent).await?;
            outcome.total += 1;
            if differences.is_empty() {
                outcome.passed += 1;
            } else {
                let label = format!("{name} step {i} ({})", step.str_at(&["do"]).unwrap_or_default());
                outcome.misses.push(format!("{label}: {}", differences.join("; ")));
            }
        }
    }
    Ok(outcome)
}

/// One case on its way.
struct Replay<'a> {
    peer: &'a mut Peer,
    names: Names,
}

impl Replay<'_> {
    async fn step(&mut self, step: &Value, sent: &sent::Step) -> Result<Vec<String>, PeerError> {
        // The recorder waited too, but where it wanted to see what is not served yet.
        if step.i64_at(&["code"]) != Some(404) && self.peer.await_definitions().await? {
            self.names.note_wait();
        }
        self.peer.wait_for(step.i64_at(&["clock"]).unwrap_or_default()).await;
        if step.get("http").is_some() {
            return self.request(step, sent.body().as_deref(), "recorder/1.0").await;
        }
        let mut differences = Vec::new();
        for (request, sent) in step.list_at(&["requests"]).iter().zip(sent.requests()) {
            differences.extend(self.request(request, sent.body().as_deref(), "kubectl/v1.37.1").await?);
        }
        Ok(differences)
    }

    /// Sends one request, and tells how its answer differs.
    async fn request(
        &mut self,
        step: &Value,
        body: Option<&str>,
        agent: &str,
    ) -> Result<Vec<String>, PeerError> {
        let asked = self.asked(step, body, agent);
        let answer = self.peer.send(&asked).await?;
        if asked.is_definition() && answer.code == 201 {
            self.peer.defined.extend(answer.name());
        }
        let mut differences = self.compare(step, &answer);
        if let Some(stored) = step.get("stored") {
            let path = asked.path.split('?').next().unwrap_or_default().to_owned();
            let read = Asked { method: "GET".to_owned(), path, ..Asked::default() };
            let answer = self.peer.send(&read).await?;
            let mut comparison = Comparison::new(&mut self.names, self.peer.keeps_time());
            comparison.body("stored", stored, &answer.body);
            differences.extend(comparison.differences);
        }
        Ok(differences)
    }

    fn asked(&self, step: &Value, body: Option<&str>, agent: &str) -> Asked {
        let (method, path) = step.str_at(&["http"]).and_then(|http| http.split_once(' ')).unwrap_or_default();
        let mut headers = vec![("user-agent".to_owned(), agent.to_owned())];
        if let Some(media) = step.str_at(&["type"]) {
            headers.push(("content-type".to_owned(), media.to_owned()));
        }
        for (name, value) in step.get("headers").and_then(Value::as_map).into_iter().flatten() {
            let name = name.as_str().to_lowercase();
            headers.retain(|(known, _)| *known != name);
            headers.push((name, self.names.text(value.as_str().unwrap_or_default())));
        }
        let body = match (body, step.str_at(&["sendText"])) {
            (Some(body), _) => Some(self.names.body(body)),
            (None, text) => text.map(|text| self.names.text(text)),
        };
        Asked { method: method.to_owned(), path: self.names.url(path), headers, body }
    }

    fn compare(&mut self, step: &Value, answer: &Answer) -> Vec<String> {
        let mut comparison = Comparison::new(&mut self.names, self.peer.keeps_time());
        let expected = step.i64_at(&["code"]).unwrap_or_default();
        if expected != i64::from(answer.code) {
            let message = answer.body.chars().take(300).collect::<String>();
            comparison.differences.push(format!("code {} for {expected}: {message}", answer.code));
            return comparison.differences;
        }
        comparison.warnings(step.list_at(&["warnings"]), &answer.warnings);
        if let Some(got) = step.get("got") {
            comparison.body("", got, &answer.body);
        } else if let Some(text) = step.str_at(&["gotText"]) {
            comparison.text("body", text, &answer.body);
        } else if step.get("events").is_some() {
            comparison.events(step.list_at(&["events"]), &answer.body);
        }
        comparison.differences
    }
}
