//! `GROUP/KIND/health_test.yaml`: the scripts must say what the tests expect, and the built-in rules the same status, on
//! the tests' objects and on mutants of them, but for what `crates/health/DIFFERENCES.md` lists.

use std::collections::BTreeMap;
use std::path::Path;

use tautline_core::{Map, Object, Timestamp, Value};
use tautline_health::assess;
use tautline_scripts::{Customizations, Limits, health};

use crate::folder::{files, read, root, scripts};

/// Kinds whose mutants may be judged otherwise: the rows of `DIFFERENCES.md`.
const DIFFERENT: &[&str] = &[
    "_.cnrm.cloud.google.com/_",
    "_.crossplane.io/_",
    "apps.kruise.io/AdvancedCronJob",
    "apps.kruise.io/BroadcastJob",
    "argoproj.io/AnalysisRun",
    "argoproj.io/Experiment",
    "camel.apache.org/Integration",
    "capabilities.3scale.net/Backend",
    "ceph.rook.io/CephCluster",
    "cloudfront.aws.crossplane.io/Distribution",
    "cluster.x-k8s.io/MachineHealthCheck",
    "core.spinkube.dev/SpinApp",
    "datadoghq.com/DatadogMetric",
    "db.atlasgo.io/AtlasMigration",
    "db.atlasgo.io/AtlasSchema",
    "flagger.app/Canary",
    "flink.apache.org/FlinkDeployment",
    "grafana.integreatly.org/Grafana",
    "grafana.integreatly.org/GrafanaDatasource",
    "helm.toolkit.fluxcd.io/HelmRelease",
    "image.toolkit.fluxcd.io/ImagePolicy",
    "image.toolkit.fluxcd.io/ImageRepository",
    "image.toolkit.fluxcd.io/ImageUpdateAutomation",
    "k8s.keycloak.org/Keycloak",
    "kubevirt.io/VirtualMachine",
    "kustomize.toolkit.fluxcd.io/Kustomization",
    "notification.toolkit.fluxcd.io/Receiver",
    "opentelemetry.io/OpenTelemetryCollector",
    "operator.knative.dev/KnativeServing",
    "operator.openshift.io/IngressController",
    "rabbitmq.com/Exchange",
    "rabbitmq.com/RabbitmqCluster",
    "rds.aws.crossplane.io/DBCluster",
    "route53.aws.crossplane.io/ResourceRecordSet",
    "source.toolkit.fluxcd.io/Bucket",
    "source.toolkit.fluxcd.io/GitRepository",
    "source.toolkit.fluxcd.io/HelmChart",
    "source.toolkit.fluxcd.io/HelmRepository",
    "source.toolkit.fluxcd.io/OCIRepository",
    "spot.io/SpotDeployment",
    "zookeeper.pravega.io/ZookeeperCluster",
];

struct Case {
    kind: String,
    input: String,
    object: Object,
    script: String,
    status: String,
    message: String,
}

#[test]
fn scripts_say_what_their_tests_expect() {
    let (all, mut wrong) = (cases(), Vec::new());
    for case in &all {
        let found = health(&case.script, &case.object, Timestamp::default(), &Limits::default()).unwrap();
        let (status, message) = found.map_or_else(Default::default, |h| (h.status.as_str(), h.message));
        if (status, &message) != (case.status.as_str(), &case.message) {
            wrong.push(format!(
                "{} {}: {} {:?}, not {status} {message:?}",
                case.kind, case.input, case.status, case.message
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn built_in_rules_say_the_same() {
    let (all, mut wrong) = (cases(), Vec::new());
    for case in all.iter().filter(|case| !is_left_behind(&case.object)) {
        let status = assess(&case.object).map_or("none", |health| health.status.as_str());
        if status != case.status {
            wrong.push(format!("{} {}: {}, not {status}", case.kind, case.input, case.status));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn built_in_rules_judge_mutants_alike() {
    let (mut wrong, mut count) = (BTreeMap::<String, Vec<String>>::new(), 0);
    for case in &cases() {
        for (what, object) in mutants(&case.object) {
            let Ok(found) = health(&case.script, &object, Timestamp::default(), &Limits::default()) else {
                continue;
            };
            let theirs = found.map_or("", |health| health.status.as_str());
            let ours = assess(&object).map_or("none", |health| health.status.as_str());
            count += 1;
            if theirs != ours {
                let line = format!("{} {} {what}: {theirs}, not {ours}", case.kind, case.input);
                wrong.entry(case.kind.clone()).or_default().push(line);
            }
        }
    }
    let total: usize = wrong.values().map(Vec::len).sum();
    eprintln!("{total} of {count} mutants are judged otherwise");
    wrong.retain(|kind, _| !DIFFERENT.contains(&kind.as_str()));
    let lines: Vec<String> = wrong.into_values().flatten().collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert!(total * 50 <= count, "{total} of {count}");
}

/// Being deleted, or not observed yet: never well here.
fn is_left_behind(object: &Object) -> bool {
    let observed = object.i64_at(&["status", "observedGeneration"]);
    let is_behind =
        observed.zip(object.generation()).is_some_and(|(observed, now)| 0 < observed && observed < now);
    let is_left = object.is_terminating() || is_behind;
    assert!(!is_left || assess(object).is_some_and(|health| health.status.as_str() != "Healthy"));
    is_left
}

fn cases() -> Vec<Case> {
    let Some(root) = root() else { return Vec::new() };
    let (files, scripts) = (files(&root), scripts(&root));
    let tests = files.iter().filter(|path| path.ends_with("health_test.yaml"));
    tests.flat_map(|file| cases_of(&root, file, &scripts)).collect()
}

fn cases_of(root: &Path, file: &Path, scripts: &Customizations) -> Vec<Case> {
    let (tests, folder) = (read(file), file.parent().unwrap());
    let case = |test: &Value| {
        // Go's decoder takes names in any case.
        let input = test.str_at(&["inputPath"]).or(test.str_at(&["inputpath"])).unwrap();
        let want = |field: &str| test.str_at(&["healthStatus", field]).unwrap_or_default().to_owned();
        let object = Object::from_map(read(&folder.join(input)).as_map().unwrap().clone());
        let script = scripts.script(&object).unwrap().1.to_owned();
        let (status, message) = (want("status"), want("message"));
        let kind = folder.strip_prefix(root).unwrap().display().to_string();
        Case { kind, input: input.to_owned(), object, script, status, message }
    };
    tests.list_at(&["tests"]).iter().map(case).collect()
}

/// Objects that differ in one thing in their status.
fn mutants(object: &Object) -> Vec<(String, Object)> {
    let Some(status) = object.get("status").and_then(Value::as_map).filter(|_| !object.is_terminating())
    else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let mut with = |what: String, change: &dyn Fn(&mut Map)| {
        let mut object = object.clone();
        change(object.as_map_mut().map_at("status"));
        all.push((what, object));
    };
    with("without status".to_owned(), &|status| *status = Map::new());
    for (key, value) in status.iter() {
        let key = key.as_str();
        with(format!("without {key}"), &|status| drop(status.remove(key)));
        if value.as_str().is_some() {
            with(format!("other {key}"), &|status| drop(status.insert(key, "Other")));
        }
        if let Some(number) = value.as_i64().filter(|_| key != "observedGeneration") {
            for other in [0, number + 1, number - 1] {
                with(format!("{key} {other}"), &|status| drop(status.insert(key, other)));
            }
        }
    }
    for (at, condition) in object.list_at(&["status", "conditions"]).iter().enumerate() {
        let name = condition.str_at(&["type"]).unwrap_or_default();
        for (field, word) in
            [("status", "True"), ("status", "False"), ("status", "Unknown"), ("reason", "Other")]
        {
            with(format!("{name} {field} {word}"), &|status| {
                let list = status.get_mut("conditions").and_then(Value::as_list_mut).unwrap();
                list[at].as_map_mut().unwrap().insert(field, word);
            });
        }
        with(format!("without {name}"), &|status| {
            let mut left = status.get("conditions").and_then(Value::as_list).unwrap().to_vec();
            left.remove(at);
            status.insert("conditions", left);
        });
    }
    all
}
