//! Pod specs.

use tautline_core::Value;
use tautline_grammar::names;

use super::port_problem;
use crate::failure::Wrong;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// Checks a pod's or a template's spec at a path.
pub(super) fn spec(spec: Option<&Value>, path: &str, wrong: &mut Vec<Wrong>) {
    let empty = Value::map();
    let spec = spec.unwrap_or(&empty);
    let mut seen: Vec<&str> = Vec::new();
    for field in ["initContainers", "containers"] {
        let list = spec.list_at(&[field]);
        if list.is_empty() && field == "containers" {
            wrong.push(Wrong::required(format!("{path}.containers"), ""));
        }
        for (i, container) in list.iter().enumerate() {
            let at = format!("{path}.{field}[{i}]");
            let name = container.str_at(&["name"]).unwrap_or_default();
            if seen.contains(&name) && !name.is_empty() {
                wrong.push(Wrong::duplicate(format!("{at}.name"), &name.into()));
            }
            seen.push(name);
            self::container(spec, container, &at, wrong);
        }
    }
}

fn container(spec: &Value, container: &Value, at: &str, wrong: &mut Vec<Wrong>) {
    match container.str_at(&["name"]).unwrap_or_default() {
        "" => wrong.push(Wrong::required(format!("{at}.name"), "")),
        name => wrong.extend(
            names::dns_label(name).iter().map(|p| Wrong::invalid(format!("{at}.name"), &name.into(), p)),
        ),
    }
    match container.str_at(&["image"]).unwrap_or_default() {
        "" => wrong.push(Wrong::required(format!("{at}.image"), "")),
        image if image.trim() != image => {
            let detail = "must not have leading or trailing whitespace";
            wrong.push(Wrong::invalid(format!("{at}.image"), &image.into(), detail));
        }
        _ => {}
    }
    if let Some(policy) = container.get("imagePullPolicy") {
        let known = ["Always", "IfNotPresent", "Never"];
        if !policy.as_str().is_some_and(|p| known.contains(&p)) {
            wrong.push(Wrong::unsupported(format!("{at}.imagePullPolicy"), policy, &known));
        }
    }
    for (i, port) in container.list_at(&["ports"]).iter().enumerate() {
        self::port(port, &format!("{at}.ports[{i}]"), wrong);
    }
    for (i, variable) in container.list_at(&["env"]).iter().enumerate() {
        if variable.str_at(&["name"]).is_none_or(str::is_empty) {
            wrong.push(Wrong::required(format!("{at}.env[{i}].name"), ""));
        }
    }
    let volumes: Vec<&str> = spec.list_at(&["volumes"]).iter().filter_map(|v| v.str_at(&["name"])).collect();
    for (i, mount) in container.list_at(&["volumeMounts"]).iter().enumerate() {
        let name = mount.str_at(&["name"]).unwrap_or_default();
        if !volumes.contains(&name) && !name.is_empty() {
            wrong.push(Wrong::missing(format!("{at}.volumeMounts[{i}].name"), &name.into()));
        }
    }
}

fn port(port: &Value, at: &str, wrong: &mut Vec<Wrong>) {
    let number = port.get("containerPort");
    if number.and_then(Value::as_i64).unwrap_or(0) == 0 {
        wrong.push(Wrong::required(format!("{at}.containerPort"), ""));
    } else if let (Some(problem), Some(value)) = (port_problem(number), number) {
        wrong.push(Wrong::invalid(format!("{at}.containerPort"), value, problem));
    }
    if let Some(protocol) = port.get("protocol")
        && !protocol.as_str().is_some_and(|p| PROTOCOLS.contains(&p))
    {
        wrong.push(Wrong::unsupported(format!("{at}.protocol"), protocol, &PROTOCOLS));
    }
}
