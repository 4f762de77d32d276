//! Phases, waves, hooks, options and prunes: every row of Argo CD's tables, told in `scenarios/*.txt`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "helpers fail the test that uses them"
)]

use std::collections::BTreeSet;

use tautline_tests::scenario::{Scenario, play, play_on_stand, read};

const FILES: [&str; 6] = [
    include_str!("../scenarios/order.txt"),
    include_str!("../scenarios/waves.txt"),
    include_str!("../scenarios/hooks.txt"),
    include_str!("../scenarios/options.txt"),
    include_str!("../scenarios/prunes.txt"),
    include_str!("../scenarios/life.txt"),
];

fn all() -> Vec<Scenario> {
    FILES.iter().flat_map(|text| read(text)).collect()
}

#[test]
fn every_scenario_comes_out_as_told() {
    let scenarios = all();
    let failed: Vec<String> = scenarios.iter().filter_map(|scenario| play(scenario).err()).collect();
    let count = scenarios.len();
    assert!(failed.is_empty(), "{} of {count} scenarios failed:\n{}", failed.len(), failed.join("\n"));
    assert!(count >= 150, "there are {count} scenarios");
}

#[test]
fn scenarios_have_names_of_their_own_and_say_what_they_cover() {
    let scenarios = all();
    let names: BTreeSet<&str> = scenarios.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), scenarios.len());
    let silent: Vec<&str> =
        scenarios.iter().filter(|s| s.covers.is_empty()).map(|s| s.name.as_str()).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// `TAUTLINE_SCENARIO` picks those whose names hold its text.
#[tokio::test]
async fn the_marked_ones_come_out_the_same_on_a_whole_installation() {
    let marked: Vec<Scenario> = all().into_iter().filter(|scenario| scenario.on_stand).collect();
    assert!(marked.len() >= 40, "{} are marked", marked.len());
    let picked = std::env::var("TAUTLINE_SCENARIO").unwrap_or_default();
    for scenario in marked.iter().filter(|scenario| scenario.name.contains(&picked)) {
        play_on_stand(scenario).await;
    }
}
