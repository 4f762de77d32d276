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

/// What Argo CD's tables say, a row each.
const ROWS: &str = include_str!("../scenarios/rows.txt");

const FILES: [&str; 8] = [
    include_str!("../scenarios/order.txt"),
    include_str!("../scenarios/waves.txt"),
    include_str!("../scenarios/hooks.txt"),
    include_str!("../scenarios/options.txt"),
    include_str!("../scenarios/prunes.txt"),
    include_str!("../scenarios/life.txt"),
    include_str!("../scenarios/tables.txt"),
    include_str!("../scenarios/compared.txt"),
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

#[test]
fn every_row_of_the_tables_has_a_scenario() {
    let lines = ROWS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<&str> =
        lines.map(|line| line.split_once(" | ").expect("a row is `id | what it is`").0).collect();
    let unique: BTreeSet<&str> = rows.iter().copied().collect();
    assert_eq!(unique.len(), rows.len(), "a row stands twice");
    let scenarios = all();
    let covered: BTreeSet<&str> =
        scenarios.iter().flat_map(|scenario| &scenario.covers).map(String::as_str).collect();
    let is_of = |tag: &str, row: &str| {
        tag.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let open: Vec<&&str> = rows.iter().filter(|row| !covered.iter().any(|tag| is_of(tag, row))).collect();
    assert!(open.is_empty(), "{} of {} rows have no scenario: {open:#?}", open.len(), rows.len());
    let of_a_table =
        |tag: &&&str| tag.starts_with("3.4 ") || tag.starts_with("3.5 ") || tag.starts_with("4.");
    let strays: Vec<&&str> =
        covered.iter().filter(of_a_table).filter(|tag| !rows.iter().any(|row| is_of(tag, row))).collect();
    assert!(strays.is_empty(), "these are no rows: {strays:#?}");
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
