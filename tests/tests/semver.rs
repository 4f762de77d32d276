//! Version constraints as Masterminds/semver v3 judges them.

use tautline_tests::{fixtures, semver_cases};

#[test]
fn constraints() {
    let Some(folder) = fixtures::folder("semver") else { return };
    let outcome = semver_cases::run(&folder).expect("the cases can be read");
    assert!(outcome.misses.is_empty(), "{outcome}:\n{}", outcome.misses.join("\n"));
}
