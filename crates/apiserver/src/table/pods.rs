//! The status column of pods, which says more than the phase.

use tautline_core::{Object, Value};

/// What one pod's row shows.
pub(super) struct PodCells {
    pub(super) ready: String,
    pub(super) status: String,
    pub(super) restarts: i64,
}

/// The reason that people look for, as `printPod` of kube-apiserver 1.37 finds it: of the init container that
/// holds the pod up, else of the containers, else the phase.
pub(super) fn cells(pod: &Object) -> PodCells {
    let text = |keys: &[&str]| pod.str_at(keys).filter(|text| !text.is_empty());
    let containers = pod.list_at(&["spec", "containers"]).len();
    let mut status =
        text(&["status", "reason"]).or(text(&["status", "phase"])).unwrap_or("Unknown").to_owned();
    let states = pod.list_at(&["status", "containerStatuses"]);
    let restarts = |list: &[Value]| list.iter().filter_map(|s| s.i64_at(&["restartCount"])).sum::<i64>();
    let mut count = restarts(states);
    let ready = states.iter().filter(|s| is_ready(s)).count();
    let first = pod.list_at(&["status", "initContainerStatuses"]);
    match initializing(pod, first) {
        Some(reason) => {
            status = reason;
            count = restarts(first);
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
                status = "Running".to_owned();
            }
        }
    }
    if pod.is_terminating() {
        let done = matches!(text(&["status", "phase"]), Some("Failed" | "Succeeded"));
        if !done {
            status = "Terminating".to_owned();
        }
    }
    PodCells { ready: format!("{ready}/{containers}"), status, restarts: count }
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
        if state.i64_at(&["state", "terminated", "exitCode"]) == Some(0) {
            continue;
        }
        return match reason(state) {
            Some(reason) if reason != "PodInitializing" => Some(format!("Init:{reason}")),
            _ => Some(format!("Init:{i}/{all}")),
        };
    }
    None
}
