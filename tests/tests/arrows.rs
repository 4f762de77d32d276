//! The arrows between the crates point down, and the pure ones reach no I/O.
#![allow(clippy::disallowed_methods, reason = "the test asks cargo for the workspace's own dependencies")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use tautline_core::Value;

/// Which of our crates each may use directly. ARCHITECTURE.md draws the same table.
const ARROWS: [(&str, &[&str]); 26] = [
    ("core", &[]),
    ("grammar", &["core"]),
    ("yaml", &["core"]),
    ("cel", &["core", "grammar"]),
    ("schema", &["core", "grammar"]),
    ("gotemplate", &["core", "grammar"]),
    ("source", &["core", "grammar"]),
    ("merge", &["core", "schema"]),
    ("ownership", &["core", "schema"]),
    ("health", &["core", "grammar", "schema"]),
    ("diff", &["core", "grammar", "yaml", "schema", "merge"]),
    ("helm", &["core", "grammar", "yaml", "gotemplate"]),
    ("scripts", &["core", "cel", "health"]),
    ("cluster", &["core", "grammar", "schema", "ownership", "health"]),
    ("kustomize", &["core", "grammar", "yaml"]),
    ("render", &["core", "grammar", "yaml", "helm", "kustomize"]),
    ("plan", &["core", "grammar", "schema", "ownership", "diff", "health"]),
    ("git", &["core", "source"]),
    ("kube", &["core", "cluster", "ownership"]),
    ("apiserver", &["core", "grammar", "yaml", "schema", "merge", "cel", "cluster", "ownership"]),
    ("workloads", &["core", "grammar", "cluster"]),
    ("apply", &["core", "ownership", "plan", "cluster"]),
    ("engine", &["core", "ownership", "diff", "plan", "health"]),
    (
        "runtime",
        &[
            "core",
            "schema",
            "ownership",
            "source",
            "render",
            "diff",
            "health",
            "cluster",
            "plan",
            "apply",
            "engine",
        ],
    ),
    (
        "argocd",
        &[
            "core",
            "grammar",
            "yaml",
            "ownership",
            "cluster",
            "diff",
            "health",
            "scripts",
            "plan",
            "engine",
            "render",
            "runtime",
        ],
    ),
    ("web", &["core", "diff", "plan", "health", "cluster", "engine", "runtime"]),
];

/// Crates that must not reach these by normal dependencies, optional features aside.
const PURE: [&str; 16] = [
    "core",
    "grammar",
    "cel",
    "yaml",
    "schema",
    "gotemplate",
    "source",
    "merge",
    "ownership",
    "health",
    "diff",
    "helm",
    "kustomize",
    "render",
    "plan",
    "engine",
];
const IMPURE: [&str; 5] = ["tokio", "kube", "gix", "mlua", "reqwest"];

fn metadata() -> Value {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    // What is built here is here; crates of other platforms may never have been downloaded.
    let platform = host();
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &platform])
        .output()
        .expect("cargo runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Value::from_json(&output.stdout).expect("cargo prints JSON")
}

/// The platform that this compiler builds for.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc built this test");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("rustc names its host").to_owned()
}

fn texts<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.str_at(path).unwrap_or_default()
}

fn normal_dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    package.list_at(&["dependencies"]).iter().filter(|d| d.get("kind").is_none_or(Value::is_null))
}

#[test]
fn arrows_point_down() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    for package in metadata.list_at(&["packages"]) {
        let Some(name) = texts(package, &["name"]).strip_prefix("tautline-") else { continue };
        let Some(allowed) = allowed.get(name) else { continue };
        for dependency in normal_dependencies(package) {
            if let Some(to) = texts(dependency, &["name"]).strip_prefix("tautline-") {
                assert!(allowed.contains(to), "{name} must not use {to}");
            }
        }
    }
}

#[test]
fn pure_crates_reach_no_io() {
    let metadata = metadata();
    let by_name: BTreeMap<&str, &Value> =
        metadata.list_at(&["packages"]).iter().map(|p| (texts(p, &["name"]), p)).collect();
    for name in PURE {
        let mut pending = vec![format!("tautline-{name}")];
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(next) = pending.pop() {
            assert!(!IMPURE.contains(&next.as_str()), "{name} reaches {next}");
            let Some(package) = by_name.get(next.as_str()).filter(|_| seen.insert(next.clone())) else {
                continue;
            };
            let required = normal_dependencies(package)
                .filter(|d| d.get("optional").and_then(Value::as_bool) != Some(true));
            pending.extend(required.map(|d| texts(d, &["name"]).to_owned()));
        }
    }
}

#[test]
fn only_apply_deletes() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates");
    let output = Command::new("grep").args(["-rl", "--include=*.rs", r"\.delete(.*warrant", root]).output();
    let output = output.expect("grep is on every machine that builds this");
    let files = String::from_utf8_lossy(&output.stdout);
    let callers: Vec<&str> = (files.lines().filter_map(|file| file.strip_prefix(root)))
        .filter(|file| !file.starts_with("/apply/") && !file.contains("/tests/"))
        // They hand on what they are asked, with the warrant.
        .filter(|file| !["/cluster/src/counted.rs", "/runtime/src/namespaced.rs"].contains(file))
        .collect();
    assert!(callers.is_empty(), "Cluster::delete is called outside crate apply: {callers:?}");
    assert!(files.contains("/crates/apply/"), "the pattern still finds the one caller");
}
