//! `cargo run --release -p tautline-benches -- sync|fleet|raw|plan|execute [COUNT]`: from a commit to a
//! synced cluster, a fleet's objects without a controller, planning alone, or executing alone against a load generator.
//!
//! Runs on the embedded API server, or on the cluster that `TAUTLINE_E2E_KUBECONFIG` names. Prints wall time,
//! CPU seconds and peak memory of this process (the kubelet's share, and the embedded server's, are in them), and the
//! controller's requests by verb.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, the environment and /proc")]

mod bench;
mod executing;
mod planning;
mod process;
mod slow;

use bench::Bench;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), String> {
    // As the controller does.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(run())
}

async fn run() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "sync".to_owned());
    let count = arguments.next().and_then(|count| count.parse().ok());
    if name == "plan" {
        planning::plan(count.unwrap_or(10_000));
        return Ok(());
    }
    if name == "execute" {
        return executing::execute(count.unwrap_or(1000)).await;
    }
    let bench = Bench::start().await?;
    match name.as_str() {
        "sync" => bench.sync(count.unwrap_or(1000)).await,
        "fleet" => bench.fleet(count.unwrap_or(100)).await,
        "raw" => bench.raw_fleet(count.unwrap_or(100)).await,
        other => Err(format!("there is no benchmark {other:?}; use sync, fleet, raw, plan or execute")),
    }
}
