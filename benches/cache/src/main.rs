//! The live cache and health, ours beside client-go's and gopher-lua's, on the same bytes in the same run.
//!
//! ```text
//! (cd benches/peers/cache && go build -o ../../../target/cache-peer .)
//! cargo run --release -p tautline-cache-bench -- run target/cache-peer [COUNT]
//! ```
//! COUNT objects (100 000) are written as the pages of lists that a server sends: Deployments, Services and ConfigMaps
//! that an app owns, and the ReplicaSets, pods and EndpointSlices that controllers make of them. Each row is a process
//! of its own. CPU is user and system time; RSS is what the system says that the process holds; both sides hand back what
//! they do not need before it is read. client-go decodes with
//! its dynamic client's scheme into an informer's indexer, which is what Argo CD's cache stands on before it keeps
//! anything of its own; no HTTP is in either.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, its arguments and files")]

mod health;
mod inputs;
mod lists;
mod process;
mod run;

use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // As the controller does.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["run", peer] => run::run(Path::new(peer), 100_000),
        ["run", peer, count] => count.parse().map_err(drop_error).and_then(|n| run::run(Path::new(peer), n)),
        ["list", which, folder] => lists::list(which, Path::new(folder)),
        ["storm", folder] => lists::storm(Path::new(folder)),
        ["restart", folder] => lists::restart(Path::new(folder)),
        ["tree", folder] => lists::tree(Path::new(folder)),
        ["health", folder] => health::run(Path::new(folder)),
        _ => Err("usage: run PEER [COUNT]".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn drop_error(error: std::num::ParseIntError) -> String {
    error.to_string()
}
