//! Recorded answers of a real kube-apiserver, replayed through merge and schema.

use tautline_tests::{fixtures, merge_cases};

fn suite(file: &str, at_least: usize) {
    let Some(folder) = fixtures::folder("merge") else { return };
    let outcome = merge_cases::run(&folder, file).expect("the cases can be read");
    println!("{file}: {outcome}");
    for miss in outcome.misses.iter().take(200) {
        println!("  {miss}");
    }
    assert!(outcome.passed >= at_least, "{file}: {outcome}, at least {at_least} expected");
}

#[test]
fn defaults() {
    suite("defaults.json", 193);
}

#[test]
fn structured() {
    suite("ssa.json", 784);
}

#[test]
fn structured_at_random() {
    suite("ssa-random.json", 1575);
}

#[test]
fn json_patches() {
    suite("json.json", 105);
}

#[test]
fn strategic() {
    suite("smp.json", 169);
}

#[test]
fn strategic_at_random() {
    suite("smp-random.json", 130);
}

#[test]
fn three_way() {
    suite("apply3.json", 340);
}

#[test]
fn three_way_at_random() {
    suite("apply3-random.json", 188);
}

#[test]
fn validated_writes() {
    suite("validation.json", 134);
}
