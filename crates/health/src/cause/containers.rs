//! Containers: waiting, ended, or running and not ready.

use tautline_core::{Object, Value};

use super::references::Use;
use super::walk::{Links, Walk};
use super::{Link, Relation};

/// Reasons of containers that merely wait for their turn.
const PATIENT: [&str; 2] = ["ContainerCreating", "PodInitializing"];

impl Walk<'_> {
    /// The first container that keeps its pod, those before others (init) first.
    pub(super) fn containers(&mut self, pod: &Object) -> Option<Links> {
        let init = pod.list_at(&["status", "initContainerStatuses"]).iter();
        for status in init.chain(pod.list_at(&["status", "containerStatuses"])) {
            let name = status.str_at(&["name"]).unwrap_or_default();
            let Some((reason, message)) = trouble(pod, status) else { continue };
            let link = Link {
                relation: Relation::Container,
                object: pod.key(),
                container: Some(name.to_owned()),
                status: None,
                reason,
                message,
            };
            return Some(self.behind(pod, link));
        }
        None
    }

    /// A container and what it lacks.
    fn behind(&mut self, pod: &Object, mut link: Link) -> Links {
        let name = link.container.clone().unwrap_or_default();
        let below = match link.reason.as_str() {
            "CreateContainerConfigError" => {
                let own = self.named_by(pod, |used| used.container.as_deref() == Some(name.as_str()));
                own.or_else(|| self.named_by(pod, Use::is_of_pod))
            }
            "ImagePullBackOff" | "ErrImagePull" => self.named_by(pod, |used| used.pulls),
            "Unhealthy" | "StartupUnhealthy" => {
                self.ask_events(pod, &mut link);
                None
            }
            _ => None,
        };
        std::iter::once(link).chain(below.unwrap_or_default()).collect()
    }
}

/// What is wrong with a container: a reason and a sentence.
fn trouble(pod: &Object, status: &Value) -> Option<(String, String)> {
    let text = |path: &[&str]| status.str_at(path).unwrap_or_default().to_owned();
    if let Some(reason) = status.str_at(&["state", "waiting", "reason"]) {
        return match reason {
            _ if PATIENT.contains(&reason) => None,
            "CrashLoopBackOff" => Some(crash(status)),
            _ => Some((reason.to_owned(), text(&["state", "waiting", "message"]))),
        };
    }
    if let Some(ended) = status.at(&["state", "terminated"]) {
        return (ended.i64_at(&["exitCode"]).unwrap_or(0) != 0).then(|| exit(ended));
    }
    status.at(&["state", "running"])?;
    let has = |probe: &str| spec(pod, status).is_some_and(|c| c.get(probe).is_some());
    let is_ready = status.get("ready").and_then(Value::as_bool).unwrap_or(false);
    let is_started = status.get("started").and_then(Value::as_bool).unwrap_or(true);
    match () {
        () if !is_started && has("startupProbe") => {
            Some(("StartupUnhealthy".to_owned(), "its startup probe has not passed yet".to_owned()))
        }
        () if is_ready => None,
        () if status.at(&["lastState", "terminated"]).is_some_and(|e| e.i64_at(&["exitCode"]) != Some(0)) => {
            status.at(&["lastState", "terminated"]).map(exit)
        }
        () if has("readinessProbe") => {
            Some(("Unhealthy".to_owned(), "its readiness probe does not pass".to_owned()))
        }
        () => None,
    }
}

fn spec<'p>(pod: &'p Object, status: &Value) -> Option<&'p Value> {
    let name = status.get("name").and_then(Value::as_str)?;
    let init = pod.list_at(&["spec", "initContainers"]).iter();
    init.chain(pod.list_at(&["spec", "containers"])).find(|c| c.str_at(&["name"]) == Some(name))
}

/// A container that ends again and again: how it ended last tells more than that it is held back.
fn crash(status: &Value) -> (String, String) {
    let restarts = status.i64_at(&["restartCount"]).unwrap_or(0);
    let Some(ended) = status.at(&["lastState", "terminated"]) else {
        let message = status.str_at(&["state", "waiting", "message"]).unwrap_or_default();
        return ("CrashLoopBackOff".to_owned(), message.to_owned());
    };
    let (reason, message) = exit(ended);
    let reason = if reason == "OOMKilled" { reason } else { "CrashLoopBackOff".to_owned() };
    (reason, format!("{message}, restarted {restarts} times"))
}

fn exit(ended: &Value) -> (String, String) {
    let text = |field: &str| ended.get(field).and_then(Value::as_str).unwrap_or_default().trim();
    let code = ended.i64_at(&["exitCode"]).unwrap_or(0);
    let reason = if text("reason").is_empty() { "Error" } else { text("reason") };
    let mut message = match reason {
        "OOMKilled" => format!("it used more memory than its limit (OOMKilled, exit code {code})"),
        "Error" => format!("it ended with exit code {code}"),
        _ => format!("it ended with exit code {code} ({reason})"),
    };
    if !text("message").is_empty() {
        message = format!("{message}: {}", text("message"));
    }
    (reason.to_owned(), message)
}
