//! Apps made by chance, and what the cluster holds of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tautline_core::{Value, value};
use tautline_tests::scenario::{key, manifest};
use tautline_tests::simulation::Simulation;
use tautline_tests::stand::{application, set};

pub(crate) const KINDS: [&str; 7] =
    ["ConfigMap", "Secret", "ServiceAccount", "Service", "Deployment", "Role", "Job"];
pub(crate) const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Some objects in the notation of the scenarios, each key once.
pub(crate) fn objects() -> impl Strategy<Value = Vec<String>> {
    let object = (0..KINDS.len(), 0..NAMES.len(), 0..3_u8, -1..3_i8, 0..10_u8);
    prop::collection::vec(object, 0..7).prop_map(|drawn| {
        let mut made: BTreeMap<(usize, usize), String> = BTreeMap::new();
        for (kind, name, v, wave, kind_of) in drawn {
            let more = match (KINDS[kind], kind_of) {
                ("Job", 0..4) => " hook=PreSync",
                ("Job", 4..7) => " hook=PostSync policy=HookSucceeded",
                ("Job", _) => " hook=Sync",
                (_, 0) => " options=Prune=false",
                (_, 1) => " options=PruneLast=true",
                (_, 2) => " options=Replace=true",
                (_, 3) => " keep",
                // What comes in an earlier wave cannot wait for a later one.
                (_, 4) if wave >= 0 => " annotation:tautline.dev/depends-on=/ConfigMap/always",
                _ => "",
            };
            made.insert((kind, name), format!("{} {} v={v} wave={wave}{more}", KINDS[kind], NAMES[name]));
        }
        made.into_values().collect()
    })
}

pub(crate) fn files(objects: &[String]) -> Vec<(String, String)> {
    // One object that always stays: an empty render is another matter.
    let all = objects.iter().map(String::as_str).chain(["ConfigMap always"]);
    (0..)
        .zip(all)
        .map(|(n, object): (u32, _)| (format!("web/{n}.json"), manifest(object).to_json()))
        .collect()
}

pub(crate) fn simulation() -> Simulation {
    let mut app = application("web", "web", "prod");
    set(&mut app, &["metadata", "annotations"], value!({ "tautline.dev/deletion-budget": "off" }));
    Simulation::new(app)
}

/// What the cluster holds of an app, versions and times aside.
pub(crate) fn state(simulation: &Simulation) -> BTreeMap<String, Value> {
    let all = KINDS.iter().flat_map(|kind| NAMES.iter().map(move |name| format!("{kind}/{name}")));
    all.filter_map(|name| {
        let live = simulation.get(&key(&name))?;
        let field = |field: &str| live.get(field).cloned().unwrap_or_default();
        let annotations = live.metadata().and_then(|m| m.get("annotations")).cloned().unwrap_or_default();
        let is_job = live.kind() == "Job";
        let annotations = if is_job || live.kind() == "Deployment" { Value::Null } else { annotations };
        Some((
            name,
            value!({ "data": (field("data")), "rules": (field("rules")), "annotations": annotations }),
        ))
    })
    .collect()
}

/// 256 cases each, 10 000 in a deep run, or as many as `TAUTLINE_CASES` says.
pub(crate) fn config() -> ProptestConfig {
    let said = std::env::var("TAUTLINE_CASES").ok().and_then(|cases| cases.parse().ok());
    let is_deep = std::env::var_os("TAUTLINE_DEEP").is_some();
    let cases = said.unwrap_or(if is_deep { 10_000 } else { 256 });
    // What failed once is kept beside this file and tried first.
    let kept = FileFailurePersistence::Direct("tests/sync_properties/seeds.txt");
    ProptestConfig { cases, failure_persistence: Some(Box::new(kept)), ..ProptestConfig::default() }
}
