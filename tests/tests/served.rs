//! Recorded requests against the embedded server, over TLS: its answers beside those of a real kube-apiserver.
//!
//! The bounds are what stands; `conformance SUITE --server embedded` shows the misses.

use tautline_tests::fixtures;
use tautline_tests::merge_cases::Outcome;
use tautline_tests::served_cases::{self, Peer};

async fn suite(files: &[&str], at_least: usize) {
    let Some(folder) = fixtures::folder("merge") else { return };
    let mut peer = Peer::embedded();
    let mut all = Outcome::default();
    for file in files {
        all.add(served_cases::run(&folder, file, &mut peer).await.expect("the embedded server answers"));
    }
    println!("{}: {}/{}", files.join(", "), all.passed, all.total);
    assert!(all.passed >= at_least, "{}/{}, at least {at_least} expected", all.passed, all.total);
}

#[tokio::test]
async fn applies() {
    suite(&["ssa.json", "ssa-random.json"], 2609).await;
}

#[tokio::test]
async fn patches() {
    suite(&["smp.json", "smp-random.json"], 360).await;
    suite(&["json.json"], 152).await;
}

#[tokio::test]
async fn what_kubectl_asks() {
    suite(&["apply3.json", "apply3-random.json"], 303).await;
}

#[tokio::test]
async fn defaults_and_refusals() {
    suite(&["defaults.json"], 196).await;
    suite(&["validation.json"], 549).await;
}
