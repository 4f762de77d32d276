//! The status column of pods, which says more than the phase.

use tautline_core::{Object, Timestamp, Value};

/// What one pod's row shows.
pub(super) struct PodCells {
    pub(super) ready: String,
    pub(super) status: String,
    pub(super) restarts: String,
}

/// The reason that people look for, as `printPod` of kube-apiserver 1.37 finds it: of the init container that
/// holds the pod up, else of the containers, else the phase. Init containers that go on running count as containers.
pub(super) fn cells(pod: &Object, now: Timestamp) -> PodCells {
    let text = |keys: &[&str]| pod.str_at(keys).filter(|text| !text.is_empty());
    let states = pod.list_at(&["status", "containerStatuses"]);
    let first = pod.list_at(&["status", "initContainerStatuses"]);
    let aside: Vec<&Value> = first.iter().filter(|state| goes_on(pod, state)).collect();
    let goes_on = pod.list_at(&["spec", "initContainers"]).iter().filter(|c| is_aside(c)).count();
    let containers = pod.list_at(&["spec", "containers"]).len() + goes_on;
    let mut status =
        text(&["status", "reason"]).or(text(&["status", "phase"])).unwrap_or("Unknown").to_owned();
    if condition(pod, "PodScheduled").is_some_and(|c| c.str_at(&["reason"]) == Some("SchedulingGated")) {
        status = "SchedulingGated".to_owned();
    }
    let up = aside.iter().filter(|state| is_started(state) && is_true(state, "ready")).count();
    let ready = up + states.iter().filter(|state| is_ready(state)).count();
    let restarts = match initializing(pod, first) {
        Some(reason) => {
            status = reason;
            restarts(first.iter(), now)
        }
        None => {
            let mut running = false;
            for state in states.iter().rev() {
                if let Some(reason) = reason(state) {
                    status = reason;
                } else if is_ready(state) {
                    running = true;
                }
            }
            if status == "Completed" && running {
                let is_ready = condition(pod, "Ready").is_some_and(|c| c.str_at(&["status"]) == Some("True"));
                status = if is_ready { "Running" } else { "NotReady" }.to_owned();
            }
            restarts(states.iter().chain(aside), now)
        }
    };
    let done = matches!(text(&["status", "phase"]), Some("Failed" | "Succeeded"));
    match pod.is_terminating() {
        true if text(&["status", "reason"]) == Some("NodeLost") => status = "Unknown".to_owned(),
        true if !done => status = "Terminating".to_owned(),
        _ => {}
    }
    PodCells { ready: format!("{ready}/{containers}"), status, restarts }
}

/// How many of the conditions that others set are true.
pub(super) fn gates(pod: &Object) -> Value {
    let gates = pod.list_at(&["spec", "readinessGates"]);
    if gates.is_empty() {
        return "<none>".into();
    }
    let is_met = |gate: &&Value| {
        let kind = gate.str_at(&["conditionType"]).unwrap_or_default();
        condition(pod, kind).is_some_and(|c| c.str_at(&["status"]) == Some("True"))
    };
    format!("{}/{}", gates.iter().filter(is_met).count(), gates.len()).into()
}

fn condition<'p>(pod: &'p Object, kind: &str) -> Option<&'p Value> {
    pod.list_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == Some(kind))
}

fn is_true(state: &Value, field: &str) -> bool {
    state.get(field).and_then(Value::as_bool) == Some(true)
}

fn is_started(state: &Value) -> bool {
    is_true(state, "started")
}

/// Whether an init container goes on running beside the others.
fn is_aside(container: &Value) -> bool {
    container.str_at(&["restartPolicy"]) == Some("Always")
}

fn goes_on(pod: &Object, state: &Value) -> bool {
    let of = |container: &&Value| container.get("name") == state.get("name");
    pod.list_at(&["spec", "initContainers"]).iter().find(of).is_some_and(is_aside)
}

/// How often containers were started again, and when the last time.
fn restarts<'s>(states: impl Iterator<Item = &'s Value>, now: Timestamp) -> String {
    let (mut count, mut last) = (0, None);
    for state in states {
        count += state.i64_at(&["restartCount"]).unwrap_or(0);
        let ended = state.str_at(&["lastState", "terminated", "finishedAt"]);
        last = last.max(ended.and_then(|text| tautline_grammar::time::parse(text).ok()));
    }
    match last.filter(|_| count > 0) {
        Some(last) => {
            let last = Value::from(tautline_grammar::time::seconds(last));
            format!("{count} ({} ago)", crate::age::since(Some(&last), now))
        }
        None => count.to_string(),
    }
}

fn is_ready(state: &Value) -> bool {
    state.get("ready").and_then(Value::as_bool) == Some(true) && state.at(&["state", "running"]).is_some()
}

fn reason(state: &Value) -> Option<String> {
    let text = |keys: &[&str]| state.str_at(keys).filter(|t| !t.is_empty()).map(str::to_owned);
    text(&["state", "waiting", "reason"]).or_else(|| text(&["state", "terminated", "reason"])).or_else(|| {
        let ended = state.at(&["state", "terminated"])?;
        match ended.i64_at(&["signal"]).filter(|s| *s != 0) {
            Some(signal) => Some(format!("Signal:{signal}")),
            None => Some(format!("ExitCode:{}", ended.i64_at(&["exitCode"]).unwrap_or(0))),
        }
    })
}

fn initializing(pod: &Object, states: &[Value]) -> Option<String> {
    let all = pod.list_at(&["spec", "initContainers"]).len();
    for (i, state) in states.iter().enumerate() {
        let is_over = state.i64_at(&["state", "terminated", "exitCode"]) == Some(0);
        if is_over || goes_on(pod, state) && is_started(state) {
            continue;
        }
        return match reason(state) {
            Some(reason) if reason != "PodInitializing" => Some(format!("Init:{reason}")),
            _ => Some(format!("Init:{i}/{all}")),
        };
    }
    None
}
