//! Probes and lifecycle hooks of containers.

use super::super::at::At;
use super::super::texts::header_name;

/// What a probe is for: each kind has a rule of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Liveness,
    Readiness,
    Startup,
}

pub(super) fn probe(probe: At<'_>, purpose: Purpose, grace: Option<i64>) {
    if !probe.is_set() {
        return;
    }
    handler(probe, grace, &["exec", "httpGet", "tcpSocket", "grpc"]);
    for field in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        probe.at(field).not_negative();
    }
    let patience = probe.at("terminationGracePeriodSeconds");
    patience.positive();
    match purpose {
        Purpose::Readiness if patience.is_set() => patience.invalid("must not be set for readinessProbes"),
        Purpose::Readiness => {}
        Purpose::Liveness | Purpose::Startup => {
            let threshold = probe.at("successThreshold");
            if threshold.int() != Some(1) {
                threshold.invalid_value(threshold.int().unwrap_or(0), "must be 1");
            }
        }
    }
}

pub(super) fn lifecycle(lifecycle: At<'_>, grace: Option<i64>, os: Option<&str>) {
    for hook in ["postStart", "preStop"].into_iter().filter(|hook| lifecycle.has(hook)) {
        handler(lifecycle.at(hook), grace, &["exec", "httpGet", "tcpSocket", "sleep"]);
    }
    if lifecycle.has("stopSignal") {
        stop_signal(lifecycle.at("stopSignal"), os);
    }
}

fn handler(of: At<'_>, grace: Option<i64>, kinds: &[&'static str]) {
    let mut is_first = true;
    for kind in kinds.iter().filter(|kind| of.has(kind)) {
        let action = of.at(kind);
        if !is_first {
            action.forbidden("may not specify more than 1 handler type");
            continue;
        }
        is_first = false;
        match *kind {
            "exec" if action.at("command").list().is_empty() => action.at("command").required(""),
            "exec" => {}
            "httpGet" => http(action),
            "tcpSocket" => action.at("port").port_number_or_name(),
            "grpc" => {
                action.at("port").port_number();
                action.at("mode").one_of_if_set(&["Plaintext", "TLS"]);
            }
            _ => sleep(action, grace),
        }
    }
    if is_first {
        of.required("must specify a handler type");
    }
}

fn http(get: At<'_>) {
    get.at("path").needed();
    get.at("port").port_number_or_name();
    get.at("scheme").one_of(&["HTTP", "HTTPS"]);
    for header in get.at("httpHeaders").items() {
        let name = header.text("name");
        header_name(name).iter().for_each(|p| get.at("httpHeaders").invalid_value(name, p));
    }
    let protocol = get.at("protocol");
    match protocol.str() {
        "" | "HTTP1" => {}
        "HTTP2" if get.text("scheme") != "HTTP" => protocol.invalid("is only supported with HTTP (H2C)"),
        "HTTP2" if get.has("host") => {
            get.at("host").invalid("must be empty when `protocol` is \"HTTP2\"");
        }
        "HTTP2" => {}
        _ => protocol.unsupported(&["HTTP1", "HTTP2"]),
    }
}

fn sleep(sleep: At<'_>, grace: Option<i64>) {
    let seconds = sleep.number("seconds").unwrap_or(0);
    if let Some(grace) = grace.filter(|grace| seconds < 0 || seconds > *grace) {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        sleep.invalid_value(seconds, &detail);
    }
}

fn stop_signal(signal: At<'_>, os: Option<&str>) {
    match os {
        None => signal.forbidden("may not be set for containers with empty `spec.os.name`"),
        Some("windows") => signal.one_of(&["SIGKILL", "SIGTERM"]),
        Some("linux") => {
            let signals = linux_signals();
            let known: Vec<&str> = signals.iter().map(String::as_str).collect();
            signal.one_of(&known);
        }
        Some(_) => {}
    }
}

/// The signals of Linux, sorted.
fn linux_signals() -> Vec<String> {
    let plain = "SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL \
                 SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP \
                 SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN SIGRTMAX";
    let mut all: Vec<String> = plain.split_whitespace().map(str::to_owned).collect();
    all.extend((1..=15).map(|n| format!("SIGRTMIN+{n}")));
    all.extend((1..=14).map(|n| format!("SIGRTMAX-{n}")));
    all.sort();
    all
}
