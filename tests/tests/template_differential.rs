//! Random templates, here and in the real Helm: `TAUTLINE_DEEP=1` for 5000 of them, `TAUTLINE_SEED` for others.
#![allow(clippy::disallowed_methods, reason = "the environment says how many, and where Helm is")]

use tautline_gotemplate::Go;
use tautline_tests::fixtures;
use tautline_tests::template_cases::{self, Generator};

fn agree(tool: &str, go: Go, seed: u64, few: usize) {
    let Some(tool) = fixtures::oracle(tool) else { return };
    let deep = std::env::var_os("TAUTLINE_DEEP").is_some();
    let count = if deep { 5000 } else { few };
    let other = std::env::var("TAUTLINE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0_u64);
    let mut generator = Generator::new(seed + other);
    let templates: Vec<String> = (0..count).map(|_| generator.template()).collect();
    let outcome = template_cases::compare(&tool, go, &templates).expect("Helm runs");
    println!("{}: {outcome}", tool.display());
    for miss in &outcome.misses {
        println!("  {miss}");
    }
    assert!(outcome.misses.is_empty(), "{} of {} templates differ", outcome.misses.len(), outcome.total);
}

/// Helm 3 prints messages in Go's own layout, so they are compared to the letter.
#[test]
fn helm_3_gives_the_same_output_and_messages() {
    agree("helm3", Go::V1_23, 1, 300);
}

/// Helm 4 is built with a newer Go and newer libraries, and breaks messages into lines.
#[test]
fn helm_4_gives_the_same_output_and_messages() {
    agree("helm", Go::V1_27, 2, 300);
}
