//! YAML scalars as sigs.k8s.io/yaml reads them, and a manifest as kubectl prints it.

use std::path::Path;

use tautline_core::Value;
use tautline_yaml::{Options, read, read_fully, write};

use crate::fixtures;
use crate::merge_cases::Outcome;

/// Reads every scalar on both paths, and writes the one large object.
///
/// # Errors
/// When a file cannot be read.
pub fn run(folder: &Path) -> Result<Outcome, Box<dyn std::error::Error>> {
    let mut outcome = Outcome::default();
    let cases = Value::from_json(fixtures::text(folder, "scalars.json")?.as_bytes())?;
    for case in cases.as_list().into_iter().flatten() {
        let name = case.str_at(&["name"]).unwrap_or_default();
        let text = case.str_at(&["yaml"]).unwrap_or_default();
        outcome.judge(name, scalar(text, case.get("json")));
    }
    if let Ok(recorded) = fixtures::text(folder, "emit.kubectl-1.37.yaml") {
        let mut value = Value::from_json(fixtures::text(folder, "emit.json")?.as_bytes())?;
        // The recorded command was `kubectl annotate --local … zz=b`.
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_map_mut) {
            metadata.map_at("annotations").insert("zz", "b");
        }
        outcome.judge("emit", line_difference(&write(&value), &recorded));
    }
    Ok(outcome)
}

fn scalar(text: &str, expected: Option<&Value>) -> Option<String> {
    // Refusals were recorded below the four lines of a ConfigMap.
    let above =
        if expected.is_none() { "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n" } else { "" };
    [read, read_fully].into_iter().find_map(|reader| {
        let got = reader(&format!("{above}{text}"), &Options::default());
        match (&got, expected) {
            (Ok(got), Some(expected)) if got == expected => None,
            (Err(_), None) => None,
            _ => Some(format!("{text:?} gave {:?}", got.map(|v| v.to_json()))),
        }
    })
}

/// The first lines in which two texts differ; nothing where they are equal.
pub fn line_difference(ours: &str, theirs: &str) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let differ = ours.split('\n').zip(theirs.split('\n')).filter(|(a, b)| a != b);
    let told: Vec<String> = differ.take(20).map(|(a, b)| format!("ours  {a:?}\nreal  {b:?}")).collect();
    Some(format!("{} lines differ:\n{}", told.len(), told.join("\n")))
}
