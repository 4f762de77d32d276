//! Containers of all three sorts: what they have in common, and what only some may have.

use std::collections::BTreeSet;

use super::super::at::At;
use super::probes::{Purpose, lifecycle, probe};
use super::{env, mounts, resources, security};

/// What the pod around a container says.
#[derive(Clone, Copy)]
pub(super) struct Around<'a, 'b> {
    pub(super) spec: At<'a>,
    pub(super) grace: Option<i64>,
    /// Volumes that a StatefulSet's claims bring.
    pub(super) claims: Option<At<'a>>,
    /// Volumes with which nothing is wrong.
    pub(super) sound: &'b BTreeSet<&'a str>,
}

impl<'a, 'b> Around<'a, 'b> {
    pub(super) fn of(spec: At<'a>, claims: Option<At<'a>>, sound: &'b BTreeSet<&'a str>) -> Self {
        Self { spec, grace: spec.number("terminationGracePeriodSeconds"), claims, sound }
    }

    /// `spec.os.name`; `None` without `os`.
    fn os(self) -> Option<&'a str> {
        self.spec.get("os").map(|os| os.str_at(&["name"]).unwrap_or_default())
    }

    /// Whether the pod runs in the host's user namespace.
    fn host_users(self) -> bool {
        self.spec.get("hostUsers").is_none_or(|v| v.as_bool() == Some(true))
    }
}

/// `containers`.
pub(super) fn regular(around: Around<'_, '_>) {
    let all = around.spec.at("containers");
    if all.list().is_empty() {
        return all.required("");
    }
    let mut names = BTreeSet::new();
    for container in all.items() {
        common(container, around);
        if !names.insert(container.text("name")) {
            container.at("name").duplicate_value(container.text("name"));
        }
        lively(container, around);
        restart_rules(container);
    }
    host_ports(all.items(), &mut BTreeSet::new());
}

/// `initContainers`.
pub(super) fn init(around: Around<'_, '_>) {
    let mut names: BTreeSet<&str> = names_of(around.spec, "containers");
    for container in around.spec.at("initContainers").items() {
        common(container, around);
        match container.text("restartPolicy") {
            "" if !container.at("restartPolicyRules").list().is_empty() => {
                let detail = "must specify restartPolicy when restart rules are used";
                container.at("restartPolicy").required(detail);
            }
            "" => {}
            _ => restart_rules(container),
        }
        let name = container.text("name");
        if !name.is_empty() && !names.insert(name) {
            container.at("name").duplicate();
        }
        host_ports(std::iter::once(container), &mut BTreeSet::new());
        let always = container.text("restartPolicy") == "Always";
        if always {
            lively(container, around);
        } else {
            let unfit = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];
            for field in unfit.into_iter().filter(|field| container.has(field)) {
                let detail = "may not be set for init containers without restartPolicy=Always";
                container.at(field).forbidden(detail);
            }
            for policy in container.at("resizePolicy").items() {
                if policy.text("restartPolicy") == "RestartContainer" {
                    let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                    policy.at("restartPolicy").invalid(detail);
                }
            }
        }
    }
}

/// `ephemeralContainers`.
pub(super) fn ephemeral(around: Around<'_, '_>) {
    const UNFIT: [&str; 7] = [
        "ports",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle",
        "resources",
        "resizePolicy",
    ];
    let mut names = names_of(around.spec, "containers");
    names.extend(names_of(around.spec, "initContainers"));
    let others = names.clone();
    let mut seen = BTreeSet::new();
    for container in around.spec.at("ephemeralContainers").items() {
        common(container, around);
        let name = container.text("name");
        if !name.is_empty() && (others.contains(name) || !seen.insert(name)) {
            container.at("name").duplicate();
        }
        let target = container.at("targetContainerName");
        if !target.str().is_empty() && !names_of(around.spec, "containers").contains(target.str()) {
            target.not_found();
        }
        for field in UNFIT.into_iter().filter(|field| !container.at(field).is_empty()) {
            container.at(field).forbidden("cannot be set for an Ephemeral Container");
        }
        for mount in container.at("volumeMounts").items() {
            for field in ["subPath", "subPathExpr"].into_iter().filter(|f| !mount.text(f).is_empty()) {
                mount.at(field).forbidden("cannot be set for an Ephemeral Container");
            }
        }
        if container.has("restartPolicy") {
            container.at("restartPolicy").forbidden("may not be set for non-init containers");
        }
    }
}

/// What only a pod that really runs must hold, not a template.
pub(super) fn only_in_pods(spec: At<'_>) {
    for field in ["containers", "initContainers"] {
        for container in spec.at(field).items() {
            let image = container.at("image");
            if image.str() != image.str().trim() {
                image.invalid("must not have leading or trailing whitespace");
            }
        }
    }
}

fn names_of<'a>(spec: At<'a>, field: &'a str) -> BTreeSet<&'a str> {
    spec.at(field).list().iter().filter_map(|c| c.get("name")?.as_str()).collect()
}

fn common<'a>(container: At<'a>, around: Around<'a, '_>) {
    let name = container.at("name");
    if name.needed() {
        name.dns_label();
    }
    container.at("image").needed();
    let policy = container.at("terminationMessagePolicy");
    if policy.needed() {
        policy.one_of(&["File", "FallbackToLogsOnError"]);
    }
    ports(container.at("ports"));
    env::variables(container.at("env"));
    env::maps(container.at("envFrom"));
    mounts::mounts(container, around.sound, around.claims);
    mounts::devices(container, around);
    let policy = container.at("imagePullPolicy");
    if policy.needed() {
        policy.one_of(&["Always", "IfNotPresent", "Never"]);
    }
    resources::of_container(container.at("resources"), around.spec);
    resources::resize_policy(container.at("resizePolicy"), around.spec.text("restartPolicy"));
    security::of_container(container.at("securityContext"), around.host_users());
}

fn lively(container: At<'_>, around: Around<'_, '_>) {
    if container.has("lifecycle") {
        lifecycle(container.at("lifecycle"), around.grace, around.os());
    }
    probe(container.at("livenessProbe"), Purpose::Liveness, around.grace);
    probe(container.at("readinessProbe"), Purpose::Readiness, around.grace);
    probe(container.at("startupProbe"), Purpose::Startup, around.grace);
}

fn ports(ports: At<'_>) {
    let mut names = BTreeSet::new();
    for port in ports.items() {
        let name = port.at("name");
        if !name.str().is_empty() {
            let problems = super::super::rules::port_name(name.str());
            if problems.is_empty() && !names.insert(name.str()) {
                name.duplicate();
            }
            name.all_invalid(problems);
        }
        match port.number("containerPort").unwrap_or(0) {
            0 => port.at("containerPort").required(""),
            _ => port.at("containerPort").port_number(),
        }
        if port.number("hostPort").unwrap_or(0) != 0 {
            port.at("hostPort").port_number();
        }
        let protocol = port.at("protocol");
        if protocol.needed() {
            protocol.one_of(&["SCTP", "TCP", "UDP"]);
        }
    }
}

/// Each port of the host is taken once.
fn host_ports<'a>(containers: impl Iterator<Item = At<'a>>, taken: &mut BTreeSet<String>) {
    for port in containers.flat_map(|container| container.at("ports").items()) {
        let number = port.number("hostPort").unwrap_or(0);
        if number != 0 {
            let text = format!("{}/{}/{number}", port.text("protocol"), port.text("hostIP"));
            if taken.contains(&text) {
                port.at("hostPort").duplicate_value(text);
            } else {
                taken.insert(text);
            }
        }
    }
}

/// `restartPolicy` and `restartPolicyRules` of a container.
fn restart_rules(container: At<'_>) {
    let (policy, rules) = (container.at("restartPolicy"), container.at("restartPolicyRules"));
    if !policy.is_set() {
        if !rules.list().is_empty() {
            policy.required("must specify restartPolicy when restart rules are used");
        }
        return;
    }
    policy.one_of(&["Always", "Never", "OnFailure"]);
    if rules.list().len() > 20 {
        rules.too_long(20);
    }
    for rule in rules.items() {
        rule.at("action").one_of(&["Restart", "RestartAllContainers"]);
        let codes = rule.at("exitCodes");
        if !codes.is_set() {
            rule.at("exitCodes").required("must be specified");
            continue;
        }
        codes.at("operator").one_of(&["In", "NotIn"]);
        if codes.at("values").list().is_empty() {
            codes.at("values").required("must specify at least one exit code");
        }
    }
}
