//! The cells of built-in kinds.

use tautline_core::{Object, Timestamp, Value, value};

use super::pods;
use super::shape::Shape;
use crate::age;
use crate::state::plain;

pub(super) fn row(shape: Shape, object: &Object, now: Timestamp) -> Vec<Value> {
    let age = || Value::from(age::since(object.at(&["metadata", "creationTimestamp"]), now));
    let name = || Value::string(object.name());
    let number = |keys: &[&str]| Value::Int(object.i64_at(keys).unwrap_or(0));
    let text = |keys: &[&str], or: &str| -> Value {
        object.at(keys).map(plain).filter(|t| !t.is_empty()).map_or_else(|| or.into(), Value::String)
    };
    let mut cells = vec![name()];
    match shape {
        Shape::Pod => {
            let pod = pods::cells(object, now);
            cells.extend([pod.ready.into(), pod.status.into(), pod.restarts.into(), age()]);
            cells.extend([text(&["status", "podIP"], "<none>"), text(&["spec", "nodeName"], "<none>")]);
            cells.extend([text(&["status", "nominatedNodeName"], "<none>"), pods::gates(object)]);
        }
        Shape::Deployment => {
            cells.push(ratio(object, &["status", "readyReplicas"], &["spec", "replicas"]));
            cells.extend([
                number(&["status", "updatedReplicas"]),
                number(&["status", "availableReplicas"]),
                age(),
            ]);
            cells.extend(template(object, true));
        }
        Shape::ReplicaSet => {
            cells.extend([number(&["spec", "replicas"]), number(&["status", "replicas"])]);
            cells.extend([number(&["status", "readyReplicas"]), age()]);
            cells.extend(template(object, true));
        }
        Shape::StatefulSet => {
            cells.extend([ratio(object, &["status", "readyReplicas"], &["spec", "replicas"]), age()]);
            cells.extend(template(object, false));
        }
        Shape::DaemonSet => {
            let fields = [
                "desiredNumberScheduled",
                "currentNumberScheduled",
                "numberReady",
                "updatedNumberScheduled",
                "numberAvailable",
            ];
            cells.extend(fields.map(|field| number(&["status", field])));
            cells.extend([labels(object.at(&["spec", "template", "spec", "nodeSelector"])), age()]);
            cells.extend(template(object, true));
        }
        Shape::Job => {
            cells.extend([job_status(object), job_completions(object), job_duration(object, now), age()]);
            cells.extend(template(object, true));
        }
        Shape::CronJob => {
            cells.extend([text(&["spec", "schedule"], ""), text(&["spec", "timeZone"], "<none>")]);
            let suspended = object.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true);
            let active = object.list_at(&["status", "active"]).len();
            cells.extend([if suspended { "True" } else { "False" }.into(), Value::from(active as i64)]);
            cells.push(match object.at(&["status", "lastScheduleTime"]) {
                Some(at) => age::since(Some(at), now).into(),
                None => "<none>".into(),
            });
            cells.push(age());
            let containers =
                object.list_at(&["spec", "jobTemplate", "spec", "template", "spec", "containers"]);
            let all = |field: &str| -> Value {
                containers.iter().filter_map(|c| c.str_at(&[field])).collect::<Vec<_>>().join(",").into()
            };
            cells.extend([all("name"), all("image"), "<none>".into()]);
        }
        Shape::Service => {
            cells.extend([text(&["spec", "type"], ""), text(&["spec", "clusterIP"], "<none>")]);
            cells.extend([external(object), ports(object), age(), labels(object.at(&["spec", "selector"]))]);
        }
        Shape::Ingress => {
            let rules = object.list_at(&["spec", "rules"]);
            let hosts: Vec<&str> = rules.iter().filter_map(|r| r.str_at(&["host"])).collect();
            let hosts = if hosts.is_empty() { "*".to_owned() } else { hosts.join(",") };
            let tls = !object.list_at(&["spec", "tls"]).is_empty();
            cells.extend([
                text(&["spec", "ingressClassName"], "<none>"),
                hosts.into(),
                balancer(object).unwrap_or_default().into(),
            ]);
            cells.extend([if tls { "80, 443" } else { "80" }.into(), age()]);
        }
        Shape::ConfigMap => cells.extend([Value::Int(keys(object, &["data", "binaryData"])), age()]),
        Shape::Secret => cells.extend([text(&["type"], ""), Value::Int(keys(object, &["data"])), age()]),
        Shape::Namespace => cells.extend([text(&["status", "phase"], ""), age()]),
        Shape::Node => {
            let ready = object
                .list_at(&["status", "conditions"])
                .iter()
                .any(|c| c.str_at(&["type"]) == Some("Ready") && c.str_at(&["status"]) == Some("True"));
            cells.extend([if ready { "Ready" } else { "Unknown" }.into(), "<none>".into(), age()]);
            cells.push(text(&["status", "nodeInfo", "kubeletVersion"], ""));
        }
        Shape::Claim => {
            let phase =
                if object.is_terminating() { "Terminating".into() } else { text(&["status", "phase"], "") };
            cells.extend([phase, text(&["spec", "volumeName"], "")]);
            cells.extend([
                match object.str_at(&["spec", "volumeName"]) {
                    Some(name) if !name.is_empty() => text(&["status", "capacity", "storage"], "0"),
                    _ => "".into(),
                },
                modes(object, &["status", "accessModes"]),
            ]);
            cells.extend([text(&["spec", "storageClassName"], ""), "<unset>".into(), age()]);
            cells.push(text(&["spec", "volumeMode"], "<unset>"));
        }
        Shape::Volume => {
            cells.extend([
                text(&["spec", "capacity", "storage"], ""),
                modes(object, &["spec", "accessModes"]),
            ]);
            cells.push(text(&["spec", "persistentVolumeReclaimPolicy"], ""));
            let claim = object.at(&["spec", "claimRef"]).map(|c| {
                format!(
                    "{}/{}",
                    c.str_at(&["namespace"]).unwrap_or_default(),
                    c.str_at(&["name"]).unwrap_or_default()
                )
            });
            cells.extend([text(&["status", "phase"], ""), claim.unwrap_or_default().into()]);
            cells.extend([
                text(&["spec", "storageClassName"], ""),
                "<unset>".into(),
                text(&["status", "reason"], ""),
            ]);
            cells.extend([age(), text(&["spec", "volumeMode"], "<unset>")]);
        }
        Shape::Endpoints => cells.extend([endpoints(object), age()]),
        Shape::EndpointSlice => {
            let port = |p: &Value| p.get("port").map(plain).unwrap_or_default().to_string();
            let ports: Vec<String> = object.list_at(&["ports"]).iter().map(port).collect();
            let all = object.list_at(&["endpoints"]).iter().flat_map(|e| e.list_at(&["addresses"]));
            let all: Vec<&str> = all.filter_map(Value::as_str).collect();
            cells.extend([text(&["addressType"], ""), few(&ports), few(&all), age()]);
        }
        Shape::Event => return event(object, now),
        Shape::Lease => cells.extend([text(&["spec", "holderIdentity"], ""), age()]),
        Shape::Rare(rare) => cells.extend((rare.cells)(object, age())),
        Shape::Other => cells.push(age()),
    }
    cells
}

fn ratio(object: &Object, part: &[&str], whole: &[&str]) -> Value {
    format!("{}/{}", object.i64_at(part).unwrap_or(0), object.i64_at(whole).unwrap_or(0)).into()
}

fn keys(object: &Object, fields: &[&str]) -> i64 {
    let count = |field: &&str| object.get(field).and_then(Value::as_map).map_or(0, |map| map.len());
    i64::try_from(fields.iter().map(count).sum::<usize>()).unwrap_or(i64::MAX)
}

/// Labels as `a=b,c=d`.
pub(super) fn labels(map: Option<&Value>) -> Value {
    let pairs: Vec<String> =
        map.and_then(Value::as_map).into_iter().flatten().map(|(k, v)| format!("{k}={}", plain(v))).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",").into() }
}

/// Containers and images of the template, and the selector.
fn template(object: &Object, with_selector: bool) -> Vec<Value> {
    let containers = object.list_at(&["spec", "template", "spec", "containers"]);
    let all = |field: &str| -> Value {
        containers.iter().filter_map(|c| c.str_at(&[field])).collect::<Vec<_>>().join(",").into()
    };
    let mut cells = vec![all("name"), all("image")];
    if with_selector {
        let selector = object.at(&["spec", "selector"]);
        let text = selector.and_then(|s| tautline_grammar::LabelSelector::from_value(s).ok());
        let text = text.map(|s| s.to_string()).filter(|t| !t.is_empty());
        cells.push(text.map_or_else(|| labels(selector), Value::from));
    }
    cells
}

fn job_status(job: &Object) -> Value {
    let has = |kind: &str| {
        job.list_at(&["status", "conditions"])
            .iter()
            .any(|c| c.str_at(&["type"]) == Some(kind) && c.str_at(&["status"]) == Some("True"))
    };
    let word = match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if job.is_terminating() => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    };
    word.into()
}

fn job_completions(job: &Object) -> Value {
    let done = job.i64_at(&["status", "succeeded"]).unwrap_or(0);
    match job.i64_at(&["spec", "completions"]) {
        Some(all) => format!("{done}/{all}").into(),
        None => match job.i64_at(&["spec", "parallelism"]).filter(|n| *n > 1) {
            Some(parallel) => format!("{done}/1 of {parallel}").into(),
            None => format!("{done}/1").into(),
        },
    }
}

fn job_duration(job: &Object, now: Timestamp) -> Value {
    let Some(start) = job.at(&["status", "startTime"]) else { return "".into() };
    let end = job.str_at(&["status", "completionTime"]).and_then(|t| tautline_grammar::time::parse(t).ok());
    age::since(Some(start), end.unwrap_or(now)).into()
}

fn balancer(object: &Object) -> Option<String> {
    let list = object.list_at(&["status", "loadBalancer", "ingress"]);
    let all: Vec<&str> = list.iter().filter_map(|i| i.str_at(&["ip"]).or(i.str_at(&["hostname"]))).collect();
    (!all.is_empty()).then(|| all.join(","))
}

fn external(service: &Object) -> Value {
    match service.str_at(&["spec", "type"]) {
        Some("ExternalName") => service.at(&["spec", "externalName"]).cloned().unwrap_or_default(),
        kind => {
            let balanced = kind == Some("LoadBalancer");
            let own = service.list_at(&["spec", "externalIPs"]).iter().filter_map(Value::as_str);
            let all: Vec<String> =
                balancer(service).filter(|_| balanced).into_iter().chain(own.map(str::to_owned)).collect();
            match (all.is_empty(), balanced) {
                (true, true) => "<pending>".into(),
                (true, false) => "<none>".into(),
                _ => all.join(",").into(),
            }
        }
    }
}

fn ports(service: &Object) -> Value {
    let port = |p: &Value| {
        let protocol = p.str_at(&["protocol"]).unwrap_or("TCP");
        let number = p.i64_at(&["port"]).unwrap_or(0);
        match p.i64_at(&["nodePort"]).filter(|n| *n > 0) {
            Some(node) => format!("{number}:{node}/{protocol}"),
            None => format!("{number}/{protocol}"),
        }
    };
    let all: Vec<String> = service.list_at(&["spec", "ports"]).iter().map(port).collect();
    if all.is_empty() { "<none>".into() } else { all.join(",").into() }
}

fn modes(object: &Object, keys: &[&str]) -> Value {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    object.list_at(keys).iter().map(short).collect::<Vec<_>>().join(",").into()
}

/// The first three of a list.
fn few<T: AsRef<str>>(all: &[T]) -> Value {
    let shown: Vec<&str> = all.iter().take(3).map(AsRef::as_ref).collect();
    match all.len() {
        0 => "<unset>".into(),
        n if n > 3 => format!("{} + {} more...", shown.join(","), n - 3).into(),
        _ => shown.join(",").into(),
    }
}

fn endpoints(object: &Object) -> Value {
    let mut all = Vec::new();
    for subset in object.list_at(&["subsets"]) {
        let ips = subset.list_at(&["addresses"]).iter().filter_map(|a| a.str_at(&["ip"]));
        for ip in ips {
            match subset.list_at(&["ports"]) {
                [] => all.push(ip.to_owned()),
                ports => {
                    all.extend(ports.iter().map(|p| format!("{ip}:{}", p.i64_at(&["port"]).unwrap_or(0))))
                }
            }
        }
    }
    if all.is_empty() { "<none>".into() } else { few(&all) }
}

fn event(object: &Object, now: Timestamp) -> Vec<Value> {
    let about = if object.get("regarding").is_some() { "regarding" } else { "involvedObject" };
    let text = |keys: &[&str]| object.str_at(keys).unwrap_or_default().to_owned();
    let kind = text(&[about, "kind"]).to_lowercase();
    let last = ["lastTimestamp", "deprecatedLastTimestamp", "eventTime"];
    let seen = last.iter().find_map(|f| object.get(f).filter(|v| !v.is_null()));
    let message = object.str_at(&["message"]).or(object.str_at(&["note"])).unwrap_or_default();
    let first = object.get("firstTimestamp").or(object.get("eventTime"));
    value!([
        age::since(seen, now),
        text(&["type"]),
        text(&["reason"]),
        format!("{kind}/{}", text(&[about, "name"])),
        text(&[about, "fieldPath"]),
        text(&["source", "component"]),
        message.trim(),
        age::since(first, now),
        object.i64_at(&["count"]).unwrap_or(1),
        object.name()
    ])
    .as_list()
    .map(|list| list.to_vec())
    .unwrap_or_default()
}
