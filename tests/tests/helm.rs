//! Charts and templates as helm 4.3.1 and 3.17.2 render them.

use tautline_helm::Dialect;
use tautline_tests::{fixtures, helm_cases};

type Suite = fn(&std::path::Path, Dialect) -> Result<helm_cases::Score, Box<dyn std::error::Error>>;

/// `exact` answers are the same text; the rest of `in_all` are errors in other words.
fn suite(name: &str, run: Suite, dialect: Dialect, exact: usize, in_all: usize) {
    let Some(folder) = fixtures::folder("helm") else { return };
    let score = run(&folder, dialect).expect("the cases can be read");
    println!("{name} {dialect}: {score}");
    for miss in score.misses.iter().take(100) {
        println!("  {}", miss.chars().take(1500).collect::<String>());
    }
    let all = score.passed + score.other_words;
    assert!(
        score.passed >= exact && all >= in_all,
        "{name} {dialect}: {score}, {exact} and {in_all} expected"
    );
}

#[test]
fn probes() {
    suite("probes", helm_cases::probes, Dialect::Helm4, 379, 379);
    suite("probes", helm_cases::probes, Dialect::Helm3, 379, 379);
}

#[test]
fn set_probes() {
    suite("set probes", helm_cases::set_probes, Dialect::Helm4, 114, 114);
    suite("set probes", helm_cases::set_probes, Dialect::Helm3, 114, 114);
}

#[test]
fn charts() {
    suite("charts", helm_cases::charts, Dialect::Helm4, 244, 245);
    suite("charts", helm_cases::charts, Dialect::Helm3, 241, 245);
}
