//! Requests to the in-process API server, beside kube-apiserver and etcd in the same run.
//!
//! ```text
//! TAUTLINE_WITHOUT_CONTROLLERS=1 tests/control-plane/run cargo run --release -p tautline-apiserver-bench
//! cargo run --release -p tautline-apiserver-bench -- memory
//! ```
//! The same program asks each server through the same client: ours within the process, ours over TLS, and the real one
//! that `TAUTLINE_E2E_KUBECONFIG` names (left out when it names none). One request after another; times are medians.
//! `memory` fills a server with 100 000 ConfigMaps of 1 KB and tells what the process grew by.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, the environment and /proc")]

mod memory;
mod requests;
mod servers;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// As `#[tokio::test]` does it: with several threads, half of what is measured is their waking each other.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::args().nth(1).as_deref() {
        None => requests::compare(servers::all().await?).await,
        Some("memory") => memory::fill(),
        Some(other) => Err(format!("there is no benchmark {other:?}; leave it out, or use memory").into()),
    }
}
