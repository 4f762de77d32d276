//! Pods (v1), as Argo CD 3.6 judges them.

use tautline_core::{Object, Value};

use crate::conditions::condition;
use crate::status::{Health, HealthStatus};

pub(crate) fn pod(object: &Object) -> Health {
    let restart = object.str_at(&["spec", "restartPolicy"]).unwrap_or("Always");
    if restart == "Always"
        && let Some((reason, message)) = stuck_container(object)
    {
        return Health::degraded(if message.is_empty() { reason } else { message });
    }
    let message = object.str_at(&["status", "message"]).unwrap_or_default();
    match object.str_at(&["status", "phase"]).unwrap_or_default() {
        "Pending" => Health::progressing(message),
        "Succeeded" => Health::new(HealthStatus::Healthy, message),
        "Failed" => Health::degraded(failure(object, message)),
        "Running" if restart == "Always" => running(object, message),
        "Running" => Health::progressing(message),
        _ => Health::new(HealthStatus::Unknown, message),
    }
}

fn running(object: &Object, message: &str) -> Health {
    if condition(object, "Ready").is_some_and(|c| c.status == "True") {
        return Health::new(HealthStatus::Healthy, message);
    }
    let died = containers(object).find(|status| status.at(&["lastState", "terminated"]).is_some());
    match died {
        Some(status) => Health::degraded(exit_message(status)),
        None => Health::progressing(message),
    }
}

/// A container that waits for a reason which does not pass by itself.
fn stuck_container(object: &Object) -> Option<(String, String)> {
    containers(object).find_map(|status| {
        let waiting = status.at(&["state", "waiting"])?;
        let reason = waiting.get("reason")?.as_str()?;
        let stuck = reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff");
        let message = waiting.get("message").and_then(Value::as_str).unwrap_or_default();
        stuck.then(|| (reason.to_owned(), message.to_owned()))
    })
}

fn failure(object: &Object, message: &str) -> String {
    if !message.is_empty() {
        return message.to_owned();
    }
    containers(object)
        .find(|s| s.i64_at(&["state", "terminated", "exitCode"]).unwrap_or(0) != 0)
        .map(exit_message)
        .unwrap_or_default()
}

fn exit_message(status: &Value) -> String {
    let name = status.str_at(&["name"]).unwrap_or_default();
    let ended = status.at(&["state", "terminated"]).or_else(|| status.at(&["lastState", "terminated"]));
    let text = |field| ended.and_then(|e| e.get(field)).and_then(Value::as_str).unwrap_or_default();
    if !text("message").is_empty() {
        return text("message").to_owned();
    }
    if text("reason") == "OOMKilled" {
        return "OOMKilled".to_owned();
    }
    let code = ended.and_then(|e| e.i64_at(&["exitCode"])).unwrap_or(0);
    format!("container {name:?} failed with exit code {code}")
}

fn containers(object: &Object) -> impl Iterator<Item = &Value> {
    let init = object.list_at(&["status", "initContainerStatuses"]).iter();
    init.chain(object.list_at(&["status", "containerStatuses"]))
}
