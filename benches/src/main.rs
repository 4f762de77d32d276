//! `cargo run --release -p tautline-benches -- sync|fleet|plan [COUNT]`: from a commit to a synced cluster, or planning
//! alone.
//!
//! Runs on the embedded API server, or on the cluster that `TAUTLINE_E2E_KUBECONFIG` names. Prints wall time,
//! CPU seconds and peak memory of this process (the kubelet's share, and the embedded server's, are in them), and the
//! controller's requests by verb.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, the environment and /proc")]

mod bench;
mod planning;
mod process;

use bench::Bench;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "sync".to_owned());
    let count = arguments.next().and_then(|count| count.parse().ok());
    if name == "plan" {
        planning::plan(count.unwrap_or(10_000));
        return Ok(());
    }
    let bench = Bench::start().await?;
    match name.as_str() {
        "sync" => bench.sync(count.unwrap_or(1000)).await,
        "fleet" => bench.fleet(count.unwrap_or(100)).await,
        other => Err(format!("there is no benchmark {other:?}; use sync, fleet or plan")),
    }
}
